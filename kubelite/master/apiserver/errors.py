"""Answers that are no member of the error family, and those with causes of their own."""

from __future__ import annotations

from typing import Any

from kubelite.apimachinery.apierrors import Conflict, Forbidden, Timeout, TooManyRequests
from kubelite.apimachinery.scheme import Object, Resource


def success(resource: Resource | None = None, name: str = "", uid: str = "", code: int = 0) -> Object:
    """The `Status` that says that all is well; of a deletion it names what is gone."""
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if resource is not None:
        details: Object = {"name": name}
        if resource.group:
            details["group"] = resource.group
        status["details"] = {**details, "kind": resource.plural, "uid": uid}
    if code:
        status["code"] = code
    return status


def namespace_terminating(resource: Resource, name: str, namespace: str) -> Forbidden:
    """Nothing new in a namespace that is being deleted."""
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {namespace} is being terminated",
        "field": "metadata.namespace",
    }
    text = f"unable to create new content in namespace {namespace} because it is being terminated"
    return Forbidden(text, resource=resource, name=name, details={"causes": [cause]})


def too_large_revision(asked: int, current: int) -> Timeout:
    """A read at a version that does not exist yet."""
    message = f"Too large resource version: {asked}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return Timeout(message, details={"causes": [cause], "retryAfterSeconds": 1})


def disruption_budget(why: str, *, retry_after_s: int = 0) -> TooManyRequests:
    """An eviction that would break a PodDisruptionBudget.

    Args:
        why: What the budget has against it.
        retry_after_s: When to try again; 0 if that cannot be told.
    """
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    if retry_after_s:
        details["retryAfterSeconds"] = retry_after_s
    text = "Cannot evict pod as it would violate the pod's disruption budget."
    return TooManyRequests(text, details=details)


def precondition_failed(kind: str, name: str, why: str) -> Conflict:
    """A delete whose preconditions do not hold; of its own kinds Kubernetes names none here."""
    return Conflict(kind, name, f"the {why}")


def no_service_account(resource: Resource, pod: str, namespace: str, account: str) -> Forbidden:
    """A pod whose account does not exist (yet)."""
    text = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
    return Forbidden(text, resource=resource, name=pod)

"""The `scale` subresource: replicas of kinds that have them, in the form that autoscalers know.

Source: k8s.io/kubernetes/pkg/registry/core/replicationcontroller/storage, apps/*/storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.api.resources import DEPLOYMENTS
from kubelite.api.validation.metadata import validate_metadata
from kubelite.api.validation.problems import not_negative
from kubelite.apimachinery.apierrors import Conflict, Invalid
from kubelite.apimachinery.labels import from_label_selector, from_set
from kubelite.apimachinery.scheme import Object, Resource

API_VERSION: Final = "autoscaling/v1"
KIND: Final = "Scale"
_METADATA: Final = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(obj: Object) -> Object:
    """The scale of an object."""
    metadata = {key: obj["metadata"][key] for key in _METADATA if key in obj["metadata"]}
    replicas = obj["spec"].get("replicas", 0)
    status: dict[str, Any] = {"replicas": obj.get("status", {}).get("replicas", 0)}
    selector = _selector(obj["spec"].get("selector"))
    if selector:
        status["selector"] = selector
    return {
        "kind": KIND,
        "apiVersion": API_VERSION,
        "metadata": metadata,
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _selector(selector: Mapping[str, Any] | None) -> str:
    if not selector:
        return ""
    if "matchLabels" in selector or "matchExpressions" in selector:
        return str(from_label_selector(selector))
    return str(from_set(selector))


def scaled(resource: Resource, obj: Object, scale: Object) -> Object:
    """The object with the replicas that a scale asks for, in the version which it names.

    Raises:
        Invalid: That is below zero, or the metadata of the scale is malformed.
        Conflict: It is the scale of another object.
    """
    metadata, given = obj["metadata"], scale.get("metadata") or {}
    replicas = (scale.get("spec") or {}).get("replicas") or 0
    errors = validate_metadata(DEPLOYMENTS, given) + not_negative("spec.replicas", replicas)
    if errors:
        raise Invalid("Scale.autoscaling", metadata["name"], errors)
    if given.get("uid") and given["uid"] != metadata["uid"]:
        of = f"{resource.plural}/scale{f'.{resource.group}' if resource.group else ''}"
        why = f"UID in precondition: {given['uid']}, UID in object meta: {metadata['uid']}"
        raise Conflict(of, metadata["name"], f"Precondition failed: {why}")
    version = given.get("resourceVersion")
    if version:
        metadata = {**metadata, "resourceVersion": version}
    return {**obj, "metadata": metadata, "spec": {**obj["spec"], "replicas": replicas}}

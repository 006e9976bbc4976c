"""Deleting: grace periods, finalizers, what becomes of dependents, preconditions.

A deletion either takes the object out at once, or marks it (`deletionTimestamp`) and leaves it to whoever it
waits
for: the kubelet of a pod in its grace period, the owners of finalizers, the namespace controller.
Source: k8s.io/apiserver/pkg/registry/rest/delete.go, pkg/registry/generic/registry/store.go;
k8s.io/kubernetes/pkg/registry/core/namespace/storage.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import attrs

from kubelite.api.customresources import naming
from kubelite.api.resources import CUSTOMRESOURCEDEFINITIONS, NAMESPACES
from kubelite.api.warnings.workloads import deletion_warnings
from kubelite.apimachinery.apierrors import Conflict, Invalid
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.strategy import Rules, Strategy
from kubelite.apimachinery.timestamps import format_time, parse_time
from kubelite.client.requests import Answer, DeleteOptions, Item
from kubelite.master.apiserver import metadata as meta
from kubelite.master.apiserver.admission import namespaces
from kubelite.master.apiserver.environment import Environment, shown
from kubelite.master.apiserver.errors import precondition_failed, success
from kubelite.master.apiserver.writes import commit_update, remove
from kubelite.master.store.entry import Entry

ORPHAN: Final = "orphan"
FOREGROUND: Final = "foregroundDeletion"
POLICIES: Final = ("Background", "Foreground", "Orphan")


def check_options(options: DeleteOptions) -> None:
    """Judge delete options by themselves.

    Raises:
        Invalid: They contradict each other, or name an unknown policy.
    """
    policy = options.propagation_policy
    errors = []
    if policy is not None and options.orphan_dependents is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(FieldError.invalid("propagationPolicy", policy, detail))
    if policy is not None and policy not in POLICIES:
        errors.append(
            FieldError.not_supported(
                "propagationPolicy", policy, ["Foreground", "Background", "Orphan", "nil"]
            )
        )
    if errors:
        raise Invalid("DeleteOptions", "", errors)


def delete(env: Environment, resource: Resource, namespace: str, name: str, options: DeleteOptions) -> Answer:
    """Delete one object.

    Raises:
        APIError: A refusal, as Kubernetes words it.
    """
    namespaces.admit_delete(resource, name)
    check_options(options)
    entry = env.must_get(resource, namespace, name)
    answer = delete_entry(env, resource, entry, options)
    is_policy_given = options.propagation_policy is not None or options.orphan_dependents is not None
    warnings = deletion_warnings(resource, is_policy_given=is_policy_given)
    remains = "deletionTimestamp" in answer.object.get("metadata", {}) and is_kept(answer.object)
    code = 202 if remains and options.orphan_dependents is False else answer.code
    return attrs.evolve(answer, warnings=warnings, code=code)


def is_kept(obj: Object) -> bool:
    """Whether an object that was marked goes on existing for a while."""
    metadata = obj["metadata"]
    return bool(
        metadata.get("finalizers")
        or metadata.get("deletionGracePeriodSeconds")
        or (obj.get("kind") == "Namespace" and (obj.get("spec") or {}).get("finalizers"))
    )


def delete_entry(env: Environment, resource: Resource, entry: Entry, options: DeleteOptions) -> Answer:
    """Delete the object of which `entry` is the newest version."""
    strategy = env.strategy(resource)
    if resource == NAMESPACES:
        check_namespace_preconditions(entry.object, options)
    check_preconditions(
        entry.object, options, f"{resource.kind}.{resource.group}" if strategy.unstructured else ""
    )
    if resource == NAMESPACES and entry.object["spec"].get("finalizers"):
        return _mark_namespace(env, entry, options)
    if resource == CUSTOMRESOURCEDEFINITIONS and "deletionTimestamp" not in entry.object["metadata"]:
        return _mark_definition(env, entry, options)
    plan = plan_deletion(entry.object, options, strategy.rules, env.clock.now())
    if plan.marked is not None:
        written = plan.marked if options.dry_run else commit_marked(env, strategy, entry, plan.marked)
        if not plan.at_once:
            return Answer(Item(strategy.from_storage(written)))
        if options.dry_run:
            return _gone(strategy, strategy.from_storage(plan.marked))
        entry = env.must_get(
            resource, entry.object["metadata"].get("namespace", ""), entry.object["metadata"]["name"]
        )
    elif not plan.at_once:
        return Answer(shown(strategy, entry))
    if options.dry_run:
        return _gone(strategy, strategy.from_storage(entry.object))
    return _gone(strategy, remove(env, resource, entry))


def commit_marked(env: Environment, strategy: Strategy, entry: Entry, marked: Object) -> Object:
    """Store the mark; a mark that changes nothing keeps the version."""
    if marked == entry.object:
        return entry.object
    return env.store.update(strategy.storage, entry, marked).object


def _gone(strategy: Strategy, obj: Object) -> Answer:
    if strategy.rules.returns_deleted:
        return Answer(Item(obj))
    metadata = obj["metadata"]
    return Answer(Item(success(strategy.resource, metadata["name"], metadata["uid"])))


def check_namespace_preconditions(namespace: Object, options: DeleteOptions) -> None:
    """Judge the preconditions of a namespace's delete, which has its own words for them.

    Raises:
        Conflict: It is another one, or in another version.
    """
    metadata = namespace["metadata"]
    for field, asked in (("UID", options.uid), ("ResourceVersion", options.resource_version)):
        found = metadata["uid" if field == "UID" else "resourceVersion"]
        if asked is not None and asked != found:
            why = f"Precondition failed: {field} in precondition: {asked}, {field} in object meta: {found}"
            raise Conflict(NAMESPACES, metadata["name"], why)


def check_preconditions(obj: Object, options: DeleteOptions, kind: str = "") -> None:
    """Judge the preconditions of a delete.

    Args:
        obj: What is to be deleted.
        options: With the preconditions.
        kind: How the refusal names the kind; Kubernetes does so for custom resources only.

    Raises:
        Conflict: The object is another one, or in another version.
    """
    metadata = obj["metadata"]
    name = metadata["name"]
    if options.uid is not None and options.uid != metadata["uid"]:
        why = (
            f"UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']}). "
            "The object might have been deleted and then recreated"
        )
        raise precondition_failed(kind, name, why)
    if options.resource_version is not None and options.resource_version != metadata["resourceVersion"]:
        why = (
            f"ResourceVersion in the precondition ({options.resource_version}) does not match the "
            f"ResourceVersion in record ({metadata['resourceVersion']}). The object might have been modified"
        )
        raise precondition_failed(kind, name, why)


# --- the decision, pure -------------------------------------------------------------------------------------


class Deletion(NamedTuple):
    """What a deletion does.

    Attributes:
        marked: The object with its marks, to be stored first; None if there is nothing to mark.
        at_once: Whether the object is then taken out.
    """

    marked: Object | None
    at_once: bool


def plan_deletion(obj: Object, options: DeleteOptions, rules: Rules, now: float) -> Deletion:
    """What deleting an object comes to at the time `now`, in Unix seconds."""
    metadata: Object = obj["metadata"]
    finalizers = finalizers_for(metadata.get("finalizers") or [], options, rules)
    refinalized = set(finalizers) != set(metadata.get("finalizers") or ())
    changed = dict(metadata)
    if refinalized:
        changed["finalizers"] = finalizers
        if not finalizers:
            del changed["finalizers"]
    if rules.grace_period_s is not None:
        grace_s = _mark_gracefully(changed, obj, options, rules, now)
        if grace_s is None:
            return Deletion(None, at_once=False)
        return Deletion(_marked(obj, changed), at_once=grace_s == 0 and not finalizers)
    if finalizers:
        _mark_now(changed, now)
        return Deletion(_marked(obj, changed), at_once=False)
    return Deletion(None, at_once=True)


def _marked(obj: Object, metadata: Object) -> Object:
    return meta.with_metadata(obj, meta.ordered(metadata))


def _mark_now(metadata: Object, now: float) -> None:
    """Mark without grace, for kinds that have none but wait for finalizers."""
    if "deletionTimestamp" not in metadata:
        metadata["deletionTimestamp"] = format_time(now)
        if metadata.get("generation"):
            metadata["generation"] += 1
    metadata["deletionGracePeriodSeconds"] = 0


def _mark_gracefully(
    metadata: Object, obj: Object, options: DeleteOptions, rules: Rules, now: float
) -> int | None:
    """Mark with a grace period in seconds; None if a pending deletion is not shortened by this one."""
    assert rules.grace_period_s is not None
    if "deletionTimestamp" in metadata:
        pending_s: int = metadata.get("deletionGracePeriodSeconds") or 0
        if not pending_s:
            return 0
        if options.grace_period_s is None:
            return None
        grace_s = rules.grace_period_s(obj, options.grace_period_s)
        if grace_s >= pending_s:
            return None
        metadata["deletionTimestamp"] = format_time(
            parse_time(metadata["deletionTimestamp"]) - pending_s + grace_s
        )
    else:
        grace_s = rules.grace_period_s(obj, options.grace_period_s)
        metadata["deletionTimestamp"] = format_time(now + grace_s)
        if metadata.get("generation"):
            metadata["generation"] += 1
    metadata["deletionGracePeriodSeconds"] = grace_s
    return grace_s


def finalizers_for(present: list[str], options: DeleteOptions, rules: Rules) -> list[str]:
    """The finalizers with those of the garbage collector as the propagation policy wants them."""
    if rules.deletion == "unsupported":
        return present
    kept = [finalizer for finalizer in present if finalizer not in {ORPHAN, FOREGROUND}]
    if options.orphan_dependents is not None:
        wanted = ORPHAN if options.orphan_dependents else ""
    elif options.propagation_policy is not None:
        wanted = {"Orphan": ORPHAN, "Foreground": FOREGROUND}.get(options.propagation_policy, "")
    elif ORPHAN in present or FOREGROUND in present:
        wanted = ORPHAN if ORPHAN in present else FOREGROUND
    else:
        wanted = ORPHAN if rules.deletion == "orphan" else ""
    return [*kept, wanted] if wanted else kept


def _mark_namespace(env: Environment, entry: Entry, options: DeleteOptions) -> Answer:
    """A namespace is only marked; its controller empties it and then takes it out by way of `finalize`."""
    obj = entry.object
    metadata = dict(obj["metadata"])
    metadata.setdefault("deletionTimestamp", env.now_text())
    rules = env.strategy(NAMESPACES).rules
    finalizers = finalizers_for(metadata.get("finalizers") or [], options, rules)
    if finalizers:
        metadata["finalizers"] = finalizers
    marked = {**_marked(obj, metadata), "status": {**obj["status"], "phase": "Terminating"}}
    if options.dry_run:
        return Answer(Item(marked))
    written = commit_update(env, env.strategy(NAMESPACES), entry, marked)
    return Answer(written.entry or Item(written.object))


def _mark_definition(env: Environment, entry: Entry, options: DeleteOptions) -> Answer:
    """A definition of custom resources is marked, and goes when these are gone.

    Source: k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition/etcd.go.
    """
    metadata = dict(entry.object["metadata"])
    metadata["deletionTimestamp"] = env.now_text()
    finalizers = metadata.get("finalizers") or []
    if naming.FINALIZER not in finalizers:
        metadata["finalizers"] = [*finalizers, naming.FINALIZER]
    marked = naming.with_condition(_marked(entry.object, metadata), naming.DELETION_PENDING, env.clock.now())
    if options.dry_run:
        return Answer(Item(marked))
    written = commit_update(env, env.strategy(CUSTOMRESOURCEDEFINITIONS), entry, marked)
    return Answer(written.entry or Item(written.object))

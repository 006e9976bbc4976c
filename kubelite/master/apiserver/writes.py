"""Creating and replacing objects: the same steps for every kind.

mutate (admission) → default → prepare → validate → admit → store. Nothing here waits, so that a version which
was read
is still the newest when its successor is written.
Source: k8s.io/apiserver/pkg/registry/generic/registry/store.go, pkg/registry/rest (create.go, update.go).
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from kubelite.api import resources as r
from kubelite.api.defaults import apply_defaults
from kubelite.api.strategy import (
    prepare_for_create,
    prepare_for_finalize,
    prepare_for_status_update,
    prepare_for_update,
)
from kubelite.api.validation import validate_create, validate_status_update, validate_update
from kubelite.apimachinery.apierrors import AlreadyExists, BadRequest, Conflict, Invalid
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.requests import Answer, Item
from kubelite.master.apiserver import metadata as meta
from kubelite.master.apiserver.admission import namespaces
from kubelite.master.apiserver.admission import pods as pod_admission
from kubelite.master.apiserver.environment import Environment
from kubelite.master.apiserver.strategy import strategy_of
from kubelite.master.store.entry import Entry
from kubelite.master.store.memory import MODIFIED

Prepare = Callable[[Object, Object], Object]
NOT_READY_TAINT = {"key": pod_admission.NOT_READY, "effect": "NoSchedule"}


@attrs.frozen(eq=False)
class Written:
    """What a write came to.

    Attributes:
        object: As it is stored; of a dry run as it would be.
        entry: The stored version; None of a dry run, or if the object is gone.
        created: Whether it is new.
    """

    object: Object
    entry: Entry | None
    created: bool = False

    def answer(self, warnings: tuple[str, ...] = ()) -> Answer:
        """The answer that tells it."""
        return Answer(self.entry or Item(self.object), 201 if self.created else 200, warnings)


def check_namespace(resource: Resource, obj: Object, namespace: str) -> Object:
    """The object with the namespace of the request.

    Raises:
        BadRequest: It names another one.
    """
    if not resource.namespaced:
        return obj
    given = obj["metadata"].get("namespace")
    if not given:
        return {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}
    if given != namespace:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return obj


# --- create -------------------------------------------------------------------------------------------------


def create(
    env: Environment, resource: Resource, namespace: str, obj: Object, *, dry_run: bool = False
) -> Written:
    """Make a new object.

    Raises:
        APIError: A refusal, as Kubernetes words it.
    """
    obj = check_namespace(resource, obj, namespace)
    given: Object = obj["metadata"]
    prefix = "" if given.get("name") else given.get("generateName") or ""
    name = meta.generated_name(prefix, env.random.suffix()) if prefix else given.get("name") or ""
    if resource.namespaced:
        namespaces.admit_create(env.store, resource, namespace, name)
    for _ in range(env.config.generate_name_tries_max if prefix else 1):
        if not name or env.store.get(resource, namespace, name) is None:
            break
        if prefix:
            name = meta.generated_name(prefix, env.random.suffix())
    filled = meta.new_metadata(
        given, namespace=namespace, name=name, uid=env.random.uuid4(), now=env.now_text()
    )
    obj = apply_defaults(resource, {**obj, "metadata": filled})
    additions = None
    if resource == r.PODS:
        additions = pod_admission.check(env.store, obj, namespace, name)
    elif resource == r.NODES:
        obj = _tainted_node(obj)
    elif resource == r.SERVICES:
        obj = env.numbers.normalised(obj)
    obj = prepare_for_create(resource, obj)
    errors = validate_create(resource, obj)
    if errors:
        raise Invalid(resource, name, errors)
    if additions is not None:
        obj = pod_admission.decorated(obj, additions, env.random)
    obj = {**obj, "metadata": meta.ordered({**obj["metadata"], "resourceVersion": ""})}
    return _store_new(env, resource, namespace, name, obj, dry_run=dry_run)


def _store_new(
    env: Environment, resource: Resource, namespace: str, name: str, obj: Object, *, dry_run: bool
) -> Written:
    if env.store.get(resource, namespace, name) is not None:
        raise AlreadyExists(resource, name)
    taken = None
    if resource == r.SERVICES:
        obj, taken = env.numbers.take(obj, None, dry_run=dry_run)
    if dry_run:
        if taken is not None:
            taken.give_back()
        return Written(_without_version(obj), None, created=True)
    entry = env.store.create(resource, namespace, name, obj)
    return Written(entry.object, entry, created=True)


def _without_version(obj: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
    return {"kind": obj["kind"], "apiVersion": obj["apiVersion"], **obj, "metadata": metadata}


def _tainted_node(node: Object) -> Object:
    """A node that is not known to be ready takes no pods yet."""
    taints = node["spec"].get("taints") or []
    if any(taint.get("key") == pod_admission.NOT_READY for taint in taints):
        return node
    return {**node, "spec": {**node["spec"], "taints": [*taints, NOT_READY_TAINT]}}


# --- update -------------------------------------------------------------------------------------------------

PREPARE: dict[str, Callable[[Resource, Object, Object], Object]] = {
    "": prepare_for_update,
    "status": prepare_for_status_update,
    "finalize": lambda _, new, old: prepare_for_finalize(new, old),
}
"""What each endpoint may change."""


def check_version(resource: Resource, obj: Object, entry: Entry) -> None:
    """Judge the version which an update is based on.

    Raises:
        Conflict: It is not the newest.
        Invalid: None is given, and the kind requires one.
    """
    name = entry.object["metadata"]["name"]
    version = obj["metadata"].get("resourceVersion")
    if version:
        if version != entry.object["metadata"]["resourceVersion"]:
            raise Conflict(resource, name, MODIFIED)
    elif not strategy_of(resource).unconditional_update:
        error = FieldError.invalid("metadata.resourceVersion", "", "must be specified for an update")
        raise Invalid(resource, name, [error])


def update(
    env: Environment,
    resource: Resource,
    entry: Entry,
    obj: Object,
    *,
    subresource: str = "",
    dry_run: bool = False,
) -> Written:
    """Replace a version by what `obj` says, as far as the endpoint may change it.

    A change of nothing keeps the version. An object which is being deleted and loses its last finalizer is
    gone.

    Raises:
        APIError: A refusal, as Kubernetes words it.
    """
    old = entry.object
    name: str = old["metadata"]["name"]
    obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}}
    obj = apply_defaults(resource, obj)
    obj = PREPARE[subresource](resource, obj, old)
    if not subresource:
        obj = _mutated(env, resource, obj)
    if subresource == "status":
        errors = validate_status_update(resource, obj, old)
    else:
        errors = validate_update(resource, obj, old)
    if errors:
        raise Invalid(resource, name, errors)
    obj = {"kind": resource.kind, "apiVersion": resource.api_version, **obj}
    obj["metadata"] = meta.ordered(obj["metadata"])
    return commit_update(env, resource, entry, obj, dry_run=dry_run)


def _mutated(env: Environment, resource: Resource, obj: Object) -> Object:
    """What admission and the registry put right in an update through the main endpoint."""
    if resource == r.SERVICES:
        return env.numbers.normalised(obj)
    if resource == r.PODS:
        return pod_admission.with_tolerations(obj)
    if resource == r.NAMESPACES:
        return namespaces.with_name_label(obj)
    return obj


def commit_update(
    env: Environment, resource: Resource, entry: Entry, obj: Object, *, dry_run: bool = False
) -> Written:
    """Write a new version that is already judged, if it differs; or remove what was only waiting for this."""
    old = entry.object
    if obj == old:
        return Written(old, entry)
    if is_finished_by(resource, obj, old):
        if not dry_run:
            remove(env, resource, entry)
        return Written(obj, None)
    taken = None
    if resource == r.SERVICES:
        obj, taken = env.numbers.take(obj, old, dry_run=dry_run)
    if dry_run:
        if taken is not None:
            taken.give_back()
        return Written(obj, None)
    entry = env.store.update(resource, entry, obj)
    if resource == r.SERVICES:
        env.numbers.release_former(old, entry.object)
    return Written(entry.object, entry)


def is_finished_by(resource: Resource, new: Object, old: Object) -> bool:
    """Whether an update of a marked object takes away the last thing that its deletion was waiting for."""
    if "deletionTimestamp" not in new["metadata"] or new["metadata"].get("finalizers"):
        return False
    if resource == r.NAMESPACES and new["spec"].get("finalizers"):
        return False
    return not old["metadata"].get("deletionGracePeriodSeconds")


def remove(env: Environment, resource: Resource, entry: Entry) -> Object:
    """Take an object out of the store for good; gives its last state."""
    last = env.store.delete(resource, entry)
    if resource == r.SERVICES:
        env.numbers.release_former(entry.object, None)
    return last

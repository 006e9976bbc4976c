"""Creating and replacing objects: the same steps for every kind.

mutate (admission) → default → prepare → validate → admit → store. Nothing here waits, so that a version which
was read
is still the newest when its successor is written.
Source: k8s.io/apiserver/pkg/registry/generic/registry/store.go, pkg/registry/rest (create.go, update.go).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from kubelite.api import certificates
from kubelite.api import resources as r
from kubelite.api.volumestrategy import with_transition_time
from kubelite.apimachinery.apierrors import AlreadyExists, BadRequest, Conflict, Invalid, unexpected
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.managedfields import with_former_times
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.strategy import Strategy
from kubelite.apimachinery.strconv import NumberError, parse_uint
from kubelite.client.requests import SYSTEM_MASTERS, Answer, Item, UserInfo
from kubelite.master.apiserver import metadata as meta
from kubelite.master.apiserver import serviceaddresses
from kubelite.master.apiserver.admission import chain
from kubelite.master.apiserver.admission.attributes import CREATE, UPDATE, Attributes
from kubelite.master.apiserver.environment import Environment
from kubelite.master.store.entry import Entry
from kubelite.master.store.memory import MODIFIED

APISERVER: Final = UserInfo("system:apiserver", (SYSTEM_MASTERS,))
APISERVER_MANAGER: Final = "kube-apiserver"
"""Who writes what the API server itself wants to be there."""


class Written(NamedTuple):
    """What a write came to.

    Attributes:
        object: In the version of the request; of a dry run as it would be.
        entry: The stored version; None of a dry run, or if the object is gone.
        created: Whether it is new.
        warnings: What the client is to be told besides.
    """

    object: Object
    entry: Entry | None
    created: bool = False
    warnings: tuple[str, ...] = ()

    def answer(self, warnings: tuple[str, ...] = ()) -> Answer:
        """The answer that tells it."""
        entry = self.entry
        item = entry if entry is not None and entry.object is self.object else Item(self.object)
        return Answer(item, 201 if self.created else 200, (*warnings, *self.warnings))


def check_namespace(resource: Resource, obj: Object, namespace: str) -> Object:
    """The object with the namespace of the request; without one if its kind has none.

    Raises:
        BadRequest: It names another one.

    Source: k8s.io/apiserver/pkg/registry/rest/meta.go (EnsureObjectNamespaceMatchesRequestNamespace).
    """
    given = obj["metadata"].get("namespace")
    if not resource.namespaced:
        if given is None:
            return obj
        kept = {key: value for key, value in obj["metadata"].items() if key != "namespace"}
        return {**obj, "metadata": kept}
    if not given:
        return {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}
    if given != namespace:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return obj


# --- create -------------------------------------------------------------------------------------------------


def create(
    env: Environment,
    resource: Resource,
    namespace: str,
    obj: Object,
    *,
    user: UserInfo = APISERVER,
    manager: str | None = APISERVER_MANAGER,
    dry_run: bool = False,
) -> Written:
    """Make a new object.

    Args:
        env: The API server's surroundings.
        resource: Its kind.
        namespace: That of the request; empty for kinds without.
        obj: Decoded, its kind checked.
        user: Who asks.
        manager: Who will own its fields; None if that is accounted for already.
        dry_run: Nothing is stored.

    Raises:
        APIError: A refusal, as Kubernetes words it.
    """
    strategy = env.strategy(resource)
    obj = check_namespace(resource, obj, namespace)
    given: Object = obj["metadata"]
    prefix = "" if given.get("name") else given.get("generateName") or ""
    name = meta.generated_name(prefix, env.random.suffix()) if prefix else given.get("name") or ""
    for _ in range(env.config.generate_name_tries_max if prefix else 0):
        if env.get(resource, namespace, name) is None:
            break
        name = meta.generated_name(prefix, env.random.suffix())
    now = env.now_text()
    filled = meta.new_metadata(given, namespace=namespace, name=name, uid=env.random.uuid4(), now=now)
    sent = {**obj, "metadata": filled}
    obj = strategy.default(sent)
    if manager is not None:
        obj = env.field_managers.updated(strategy, None, obj, sent, manager, now)
    plugins = chain.asked(CREATE, resource)
    attributes = Attributes(
        operation=CREATE,
        resource=resource,
        subresource="",
        user=user,
        namespace=namespace,
        name=name,
        old=None,
        dry_run=dry_run,
        warnings=[],
    )
    obj = plugins.admit(env, attributes, obj)
    if resource == r.SERVICES:
        obj = env.numbers.normalised(obj)
    obj = strategy.prepare_for_create(obj)
    name = obj["metadata"].get("name") or ""
    if resource == r.CERTIFICATESIGNINGREQUESTS:
        obj = certificates.asked_by(obj, user.name, user.uid, user.groups, user.extra)
    errors = strategy.validate_create(obj)
    if errors:
        raise Invalid(resource, name, errors)
    attributes.warnings.extend(strategy.warnings_on_create(obj))
    obj = plugins.decorate(env, attributes, obj)
    plugins.validate(env, attributes, obj)
    obj = {**obj, "metadata": meta.ordered({**obj["metadata"], "resourceVersion": ""})}
    written = _store_new(env, strategy, namespace, name, obj, dry_run=dry_run)
    return _with_warnings(written, attributes.warnings)


def _with_warnings(written: Written, warnings: Sequence[str]) -> Written:
    return written._replace(warnings=(*written.warnings, *warnings)) if warnings else written


def _store_new(
    env: Environment, strategy: Strategy, namespace: str, name: str, obj: Object, *, dry_run: bool
) -> Written:
    resource = strategy.resource
    if env.get(resource, namespace, name) is not None:
        raise AlreadyExists(resource, name)
    taken = None
    if resource == r.SERVICES:
        obj, taken = env.numbers.take(obj, None, dry_run=dry_run)
    if dry_run:
        if taken is not None:
            taken.give_back()
        return Written(_without_version(obj), None, created=True)
    if resource == r.SERVICES:
        serviceaddresses.follow(env, None, obj)
    entry = env.store.create(strategy.storage, namespace, name, strategy.to_storage(obj))
    return Written(strategy.from_storage(entry.object), entry, created=True)


def _without_version(obj: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
    return {"kind": obj["kind"], "apiVersion": obj["apiVersion"], **obj, "metadata": metadata}


# --- update -------------------------------------------------------------------------------------------------


def check_version(strategy: Strategy, obj: Object, entry: Entry) -> None:
    """Judge the version which an update is based on.

    Raises:
        Conflict: It is not the newest.
        APIError: It is no version, which Kubernetes answers with 500.
        Invalid: None is given, and the kind requires one.
    """
    given, stored = obj["metadata"].get("resourceVersion"), entry.object["metadata"]
    if given == stored["resourceVersion"]:
        return
    name = stored["name"]
    try:
        version = parse_uint(given or "0")
    except NumberError as problem:
        raise unexpected(str(problem)) from problem
    if version:  # version 0 is none
        if version != entry.revision:
            raise Conflict(strategy.resource, name, MODIFIED)
    elif not strategy.rules.unconditional_update:
        # Kubernetes names the resource where it means the kind.
        error = FieldError.invalid("metadata.resourceVersion", 0, "must be specified for an update")
        raise Invalid(strategy.resource.group_resource, name, [error])


def update(
    env: Environment,
    strategy: Strategy,
    entry: Entry,
    obj: Object,
    *,
    subresource: str = "",
    user: UserInfo = APISERVER,
    manager: str | None = APISERVER_MANAGER,
    dry_run: bool = False,
) -> Written:
    """Replace a version by what `obj` says, as far as the endpoint may change it.

    A change of nothing keeps the version. An object which is being deleted and loses its last finalizer is
    gone.

    Args:
        env: The API server's surroundings.
        strategy: That of its kind.
        entry: The newest version.
        obj: What is to be.
        subresource: The endpoint; empty for the object itself.
        user: Who asks.
        manager: Who will own the fields that change; None if that is accounted for already.
        dry_run: Nothing is stored.

    Raises:
        APIError: A refusal, as Kubernetes words it.
    """
    resource = strategy.resource
    old = strategy.from_storage(entry.object)
    name: str = old["metadata"]["name"]
    version = old["metadata"]["resourceVersion"]
    if obj["metadata"].get("resourceVersion") != version:
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}
    plugins = chain.asked(UPDATE, resource, subresource)
    attributes = Attributes(
        operation=UPDATE,
        resource=resource,
        subresource=subresource,
        user=user,
        namespace=old["metadata"].get("namespace", ""),
        name=name,
        old=old,
        dry_run=dry_run,
        warnings=[],
    )
    sent, obj = obj, strategy.default(obj, old)
    if manager is not None:
        obj = env.field_managers.updated(strategy, old, obj, sent, manager, env.now_text(), subresource)
    obj = plugins.admit(env, attributes, obj)
    obj = strategy.prepare_for_update(obj, old, subresource)
    if resource in _COMPLETED:
        obj = _completed(env, resource, subresource, obj, old)
    errors = strategy.validate_update(obj, old, subresource)
    if errors:
        raise Invalid(resource, name, errors)
    obj = plugins.decorate(env, attributes, obj)
    plugins.validate(env, attributes, obj)
    obj = {"kind": resource.kind, "apiVersion": resource.api_version, **obj}
    obj["metadata"] = meta.ordered(obj["metadata"])
    obj = with_former_times(obj, old)
    written = commit_update(env, strategy, entry, obj, dry_run=dry_run)
    if not subresource and (warnings := strategy.warnings_on_update(obj, old)):
        attributes.warnings.extend(warnings)
    return _with_warnings(written, attributes.warnings)


_COMPLETED: Final = frozenset({r.SERVICES, r.CERTIFICATESIGNINGREQUESTS, r.PERSISTENTVOLUMES})
"""Kinds whose updates the server completes."""


def _completed(env: Environment, resource: Resource, subresource: str, obj: Object, old: Object) -> Object:
    """An update with what depends on what the server holds besides, and on the time."""
    if resource == r.SERVICES:
        return obj if subresource else env.numbers.normalised(obj, old)
    if not subresource:
        return obj
    if resource == r.CERTIFICATESIGNINGREQUESTS:
        return certificates.with_condition_times(obj, old, env.now_text())
    return with_transition_time(obj, old, env.now_text())


def commit_update(
    env: Environment, strategy: Strategy, entry: Entry, obj: Object, *, dry_run: bool = False
) -> Written:
    """Write a new version that is already judged, if it differs; or remove what was only waiting for this."""
    resource = strategy.resource
    old = strategy.from_storage(entry.object)
    if obj == old and (not strategy.converts or strategy.to_storage(obj) == entry.object):
        return Written(old, entry)
    if is_finished_by(resource, obj, old):
        if not dry_run:
            remove(env, resource, entry)
        return Written(obj, None)
    taken = None
    is_service = resource == r.SERVICES
    if is_service:
        obj, taken = env.numbers.take(obj, old, dry_run=dry_run)
    if dry_run:
        if taken is not None:
            taken.give_back()
        return Written(obj, None)
    entry = env.store.update(strategy.storage, entry, strategy.to_storage(obj))
    if is_service:
        env.numbers.release_former(old, entry.object)
        serviceaddresses.follow(env, old, entry.object)
    return Written(strategy.from_storage(entry.object), entry)


def is_finished_by(resource: Resource, new: Object, old: Object) -> bool:
    """Whether an update of a marked object takes away the last thing that its deletion was waiting for."""
    if "deletionTimestamp" not in new["metadata"] or new["metadata"].get("finalizers"):
        return False
    if resource == r.NAMESPACES and new["spec"].get("finalizers"):
        return False
    return not old["metadata"].get("deletionGracePeriodSeconds")


def remove(env: Environment, resource: Resource, entry: Entry) -> Object:
    """Take an object out of the store for good; gives its last state, in the version of `resource`."""
    strategy = env.strategy(resource)
    last = env.store.delete(strategy.storage, entry)
    if resource == r.SERVICES:
        env.numbers.release_former(entry.object, None)
        serviceaddresses.follow(env, entry.object, None)
    return strategy.from_storage(last)

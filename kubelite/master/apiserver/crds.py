"""Custom resources come and go with their definitions: Kubernetes' apiextensions controllers in one place.

Every write of a definition is followed, in the same moment but after its answer, by a look at it: its names
are accepted if no other definition of the group has them, it is established, and the versions that it
serves enter the scheme, which discovery and OpenAPI follow. A definition that is being deleted takes its
objects with it, and goes once they are gone.

Source: k8s.io/apiextensions-apiserver/pkg/controller/{status,establish,apiapproval,finalizer};
pkg/apiserver/customresource_{handler,discovery_controller}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import attrs

from kubelite.api import fresh
from kubelite.api.conditions import get_condition, is_condition_true
from kubelite.api.customresources import naming
from kubelite.api.customresources.approval import approval_condition
from kubelite.api.customresources.kind import Kind, compile_kind
from kubelite.api.customresources.served import version_priority
from kubelite.api.customresources.strategy import CustomResourceStrategy
from kubelite.api.resources import APISERVICES, CUSTOMRESOURCEDEFINITIONS
from kubelite.apimachinery import meta
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.requests import DeleteOptions
from kubelite.client.watcher import Watcher
from kubelite.master.apiserver import deletion, writes
from kubelite.master.apiserver.environment import Environment
from kubelite.master.store.entry import Entry
from kubelite.master.store.selection import EVERYTHING

MANAGER: Final = "kube-apiserver"
"""Who owns the conditions."""

WAITING_MAX_S: Final = 60.0
"""After so many seconds a definition says that its objects do not go."""


@attrs.define(eq=False)
class _Defined:
    """What is known of an established definition.

    Attributes:
        uid: Of the definition; another one of the name defines something else.
        converts: Whether there may be objects from before its schema was changed.
    """

    uid: str
    kind: Kind
    converts: bool


class CustomResources:
    """The custom resources of one API server.

    Args:
        env: The server's surroundings.
        wake: Called, in the stack of a write, when objects are gone that were waited for; it must have
            `look` called soon.
        wake_later: Has `look_at` called with a name after so many seconds.
    """

    def __init__(
        self, env: Environment, wake: Callable[[], None], wake_later: Callable[[float, str], object]
    ) -> None:
        self._env = env
        self._wake = wake
        self._wake_later = wake_later
        self._defined: dict[str, _Defined] = {}
        self._served: list[Resource] = []
        self._built_in: set[str] = set()
        self._registered: Iterable[tuple[str, str]] = ()
        self._leaving: dict[str, tuple[Watcher, float]] = {}
        for resource in env.scheme.resources():
            if isinstance(env.strategy(resource), CustomResourceStrategy):
                env.scheme.unregister(resource)
        self._publish()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self._defined)} kinds, {len(self._leaving)} leaving>"

    def close(self) -> None:
        """Follow nothing more."""
        for watcher, _ in self._leaving.values():
            watcher.end()

    def look(self, names: Iterable[str]) -> None:
        """Look at definitions of which something was written, and at those whose objects are leaving."""
        for name in dict.fromkeys([*names, *self._leaving]):
            self.look_at(name)

    def look_at(self, name: str) -> None:
        """Bring a definition's conditions and what it serves to what it says now."""
        entry = self._env.store.get(CUSTOMRESOURCEDEFINITIONS, "", name)
        known = self._defined.get(name)
        if known is not None and (entry is None or entry.object["metadata"]["uid"] != known.uid):
            self._forget(name)
        if entry is None:
            self._look_at_group(name)
            return
        if _is_leaving(entry.object):
            self._define(entry.object)
            self._publish()
            self._empty(entry)
            return
        before = entry.object["status"]["acceptedNames"]
        entry = self._with_conditions(entry)
        if is_condition_true(entry.object, "Established"):
            self._define(entry.object)
            self._publish()
        if entry.object["status"]["acceptedNames"] != before:
            self._look_at_group(name)

    def _look_at_group(self, name: str) -> None:
        """Others may have, or may no longer have, what they want: names were taken or set free."""
        group = name.partition(".")[2]
        for other in self._definitions(group):
            if other["metadata"]["name"] != name and not is_condition_true(other, "NamesAccepted"):
                self.look_at(other["metadata"]["name"])

    def _definitions(self, group: str) -> list[Object]:
        page = self._env.store.list(CUSTOMRESOURCEDEFINITIONS, EVERYTHING)
        return [entry.object for entry in page.entries if entry.object["spec"]["group"] == group]

    # --- conditions -----------------------------------------------------------------------------------------

    def _with_conditions(self, entry: Entry) -> Entry:
        """Each condition is a write of its own, as each is a controller's."""
        obj, now = entry.object, self._env.clock.now()
        others = [
            each
            for each in self._definitions(obj["spec"]["group"])
            if each["metadata"]["name"] != obj["metadata"]["name"]
        ]
        entry = self._write(entry, naming.named(obj, naming.taken_by(others), now))
        entry = self._write(entry, naming.established(entry.object, now))
        condition = approval_condition(entry.object)
        if condition is None:
            return entry
        return self._write(entry, naming.with_condition(entry.object, condition, now))

    def _write(self, entry: Entry, obj: Object) -> Entry:
        if obj is entry.object:
            return entry
        env = self._env
        strategy = env.strategy(CUSTOMRESOURCEDEFINITIONS)
        manager = env.field_managers.of(strategy, "status")
        obj = manager.update(entry.object, obj, MANAGER, env.now_text())
        written = writes.commit_update(env, strategy, entry, obj)
        return written.entry or entry

    # --- what is served -------------------------------------------------------------------------------------

    def _define(self, definition: Object) -> None:
        metadata = definition["metadata"]
        known = self._defined.get(metadata["name"])
        if known is None and not is_condition_true(definition, "Established"):
            return
        former = None if known is None else known.kind
        kind = compile_kind(definition, former)
        if former is not None and _is_same(kind, former):
            return
        if known is None:
            converts = self._env.store.count(kind.resource(kind.storage)) > 0
        else:
            converts = known.converts or not _reads_the_same(kind, known.kind)
        self._defined[metadata["name"]] = _Defined(metadata["uid"], kind, converts)
        if former is not None and not _reads_the_same(kind, former):
            self._env.store.redefine(former.resource(former.storage))

    def _forget(self, name: str) -> None:
        """A definition is gone, and its objects with it: those who watch them are told so."""
        known = self._defined.pop(name)
        self._publish()
        self._env.store.redefine(known.kind.resource(known.kind.storage))
        leaving = self._leaving.pop(name, None)
        if leaving is not None:
            leaving[0].end()

    def _publish(self) -> None:
        """Put what is served into the scheme: groups by name, versions as Kubernetes prefers them."""
        scheme = self._env.scheme
        wanted: list[tuple[Resource, CustomResourceStrategy]] = []
        for defined in self._defined.values():
            kind = defined.kind
            if self._is_built_in(kind):
                continue
            converts = defined.converts or len(kind.versions) > 1
            for name, version in kind.versions.items():
                if version.spec["served"]:
                    strategy = CustomResourceStrategy(kind, name, converts=converts)
                    wanted.append((strategy.resource, strategy))
        wanted.sort(key=lambda each: (each[0].group, version_priority(each[0].version), each[0].plural))
        for resource in self._served:
            scheme.unregister(resource)
        for resource, strategy in wanted:
            scheme.register(resource, strategy)
        self._served = [resource for resource, _ in wanted]
        self._register_services()

    def _is_built_in(self, kind: Kind) -> bool:
        """Whether the server has a resource of this name itself, which goes before."""
        name = kind.definition["metadata"]["name"]
        built_in = self._built_in
        if not built_in:
            served = set(self._served)
            others = (each for each in self._env.scheme.resources() if each not in served)
            built_in |= {each.group_resource for each in others}
        return name in built_in

    def _register_services(self) -> None:
        """See to it that each version of a group that is served has its APIService, and no other.

        Source: k8s.io/kubernetes/pkg/controlplane/controller/crdregistration/crdregistration_controller.go.
        """
        store = self._env.store
        wanted = dict.fromkeys((each.group, each.version) for each in self._served)
        for group, version in self._registered:
            entry = store.get(APISERVICES, "", f"{version}.{group}")
            if (group, version) not in wanted and entry is not None and fresh.is_managed(entry.object):
                store.delete(APISERVICES, entry)
        for group, version in wanted:
            name = f"{version}.{group}"
            if store.get(APISERVICES, "", name) is None:
                obj = fresh.custom_api_service(group, version)
                made = fresh.completed(obj, uid=self._env.random.uuid4(), now=self._env.now_text())
                store.create(APISERVICES, "", name, made)
        self._registered = wanted

    # --- deletion -------------------------------------------------------------------------------------------

    def _empty(self, entry: Entry) -> None:
        """Delete the objects of a definition that is being deleted, then let it go."""
        obj, now = entry.object, self._env.clock.now()
        name = obj["metadata"]["name"]
        if not is_condition_true(obj, "Established"):
            self._let_go(entry, naming.NEVER_ESTABLISHED)
            return
        reason = (get_condition(obj, "Terminating") or {}).get("reason")
        if reason == naming.DELETION_PENDING["reason"]:
            entry = self._write(entry, naming.with_condition(obj, naming.DELETION_IN_PROGRESS, now))
        kind = self._defined[name].kind
        storage = kind.resource(kind.storage)
        left = self._delete_objects(kind, storage)
        if not left:
            self._let_go(entry, naming.DELETION_COMPLETED)
            return
        leaving = self._leaving.get(name)
        if leaving is None:
            watcher = self._env.store.watch(storage, EVERYTHING, revision=self._env.store.revision)
            watcher.on_ready = self._wake
            self._leaving[name] = (watcher, now)
            self._wake_later(WAITING_MAX_S, name)
            return
        leaving[0].take()
        if now - leaving[1] >= WAITING_MAX_S:
            self._write(entry, naming.with_condition(entry.object, naming.DELETION_WAITING, now))

    def _delete_objects(self, kind: Kind, storage: Resource) -> int:
        """Delete what is not being deleted yet, even if no version is served; gives how many are left."""
        if self._is_built_in(kind):
            return 0
        env, options = self._env, DeleteOptions()
        strategy = CustomResourceStrategy(kind, kind.storage, converts=False)
        for entry in env.store.list(storage, EVERYTHING).entries:
            if "deletionTimestamp" in entry.object["metadata"]:
                continue
            plan = deletion.plan_deletion(entry.object, options, strategy.rules, env.clock.now())
            if plan.marked is not None:
                deletion.commit_marked(env, strategy, entry, plan.marked)
            if plan.at_once:
                namespace, _, name = entry.key.partition("/")
                newest = env.store.get(storage, namespace, name)
                if newest is not None:
                    env.store.delete(storage, newest)
        return env.store.count(storage)

    def _let_go(self, entry: Entry, condition: Object) -> None:
        obj = naming.with_condition(entry.object, condition, self._env.clock.now())
        kept = [each for each in obj["metadata"].get("finalizers") or () if each != naming.FINALIZER]
        self._write(entry, meta.with_metadata(obj, finalizers=kept or None))


def _is_leaving(definition: Object) -> bool:
    metadata = definition["metadata"]
    return "deletionTimestamp" in metadata and naming.FINALIZER in (metadata.get("finalizers") or ())


def _is_same(kind: Kind, other: Kind) -> bool:
    return (
        kind.names == other.names
        and kind.storage == other.storage
        and kind.terminating == other.terminating
        and list(kind.versions.values()) == list(other.versions.values())
    )


def _reads_the_same(kind: Kind, other: Kind) -> bool:
    """Whether objects of the one are objects of the other: versions and schemas are the same."""
    return kind.storage == other.storage and [
        (version.name, version.spec["served"], version.schema) for version in kind.versions.values()
    ] == [(version.name, version.spec["served"], version.schema) for version in other.versions.values()]

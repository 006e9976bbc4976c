"""Garbage collector: deletes what has no living owner, holds owners for their dependents, sets orphans free.

*Background*: the owner is gone; dependents whose owners are all gone are deleted. *Foreground*: the owner
carries the finalizer foregroundDeletion until no dependent with blockOwnerDeletion is left; these are
deleted in the foreground themselves if they have dependents. *Orphan*: the owner carries the finalizer
orphan until no dependent names it. An owner that the informers do not show is read live before anything is
deleted on its account.

Source: k8s.io/kubernetes/pkg/controller/garbagecollector/garbagecollector.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from kubelite.api import facts
from kubelite.api.customresources.served import served_resources
from kubelite.api.resources import COLLECTED, CUSTOMRESOURCEDEFINITIONS
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.controllers.garbagecollector.ownergraph import FOREGROUND, ORPHAN, Node, OwnerGraph, blocks
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import (
    DeleteObject,
    InOrder,
    Intent,
    PatchObject,
    ReadObject,
    RecordEvent,
    Steps,
    Together,
)

GONE_MAX: Final = 500
"""uids of deleted objects that are remembered, so that their dependents need not ask for them."""


class Owners(NamedTuple):
    """An object's owner references, by what became of the owners.

    Attributes:
        solid: Owners that live.
        dangling: Owners that are gone.
        waiting: Owners being deleted in the foreground, whether this object holds them up or not.
    """

    solid: tuple[Object, ...] = ()
    dangling: tuple[Object, ...] = ()
    waiting: tuple[Object, ...] = ()


def _patch(
    node: Node, live: Object, patch: dict[str, Any], patch_type: Literal["merge", "strategic"] = "merge"
) -> Intent:
    assert node.resource is not None
    metadata = {"uid": live["metadata"]["uid"], **patch}
    return PatchObject(
        node.resource, node.namespace or None, node.name, {"metadata": metadata}, patch_type=patch_type
    )


def without_owners(node: Node, live: Object, uids: frozenset[str]) -> Intent:
    """Take references away; guarded by the version that was read."""
    kept = [r for r in live["metadata"].get("ownerReferences") or () if r["uid"] not in uids]
    version = live["metadata"].get("resourceVersion")
    return _patch(node, live, {"resourceVersion": version, "ownerReferences": kept or None})


def without_finalizer(node: Node, live: Object, finalizer: str) -> Intent:
    """Take a finalizer away; guarded by the version that was read."""
    kept = [f for f in live["metadata"].get("finalizers") or () if f != finalizer]
    version = live["metadata"].get("resourceVersion")
    return _patch(node, live, {"resourceVersion": version, "finalizers": kept or None})


def _delete(node: Node, live: Object, policy: str, *, changed: bool = False) -> Intent:
    """Delete the very version that was read, unless our own patch has `changed` it."""
    assert node.resource is not None
    metadata = live["metadata"]
    return DeleteObject(
        node.resource,
        node.namespace or None,
        node.name,
        uid=metadata["uid"],
        resource_version=None if changed else metadata.get("resourceVersion"),
        propagation_policy=policy,
    )


def plan_dependent(
    node: Node, live: Object, owners: Owners, dependents: Sequence[Node]
) -> tuple[Intent, ...]:
    """What becomes of an object, given its owners.

    Args:
        node: The node.
        owners: Its owners, sorted by what became of them.
        live: The object as just read.
        dependents: Its own dependents.
    """
    if owners.solid:
        dead = frozenset(r["uid"] for r in (*owners.dangling, *owners.waiting))
        return (without_owners(node, live, dead),) if dead else ()
    if owners.waiting and dependents:
        if any(dependent.waits_for_dependents for dependent in dependents):
            # A circle: each would wait for the other. Let the owners go.
            references = [
                {**r, "blockOwnerDeletion": False} if r.get("blockOwnerDeletion") else r
                for r in live["metadata"]["ownerReferences"]
            ]
            version = live["metadata"].get("resourceVersion")
            patch = _patch(node, live, {"resourceVersion": version, "ownerReferences": references})
            return (InOrder((patch, _delete(node, live, "Foreground", changed=True))),)
        return (_delete(node, live, "Foreground"),)
    if live["metadata"].get("ownerReferences"):
        finalizers = live["metadata"].get("finalizers") or ()
        policy = (
            "Orphan" if ORPHAN in finalizers else "Foreground" if FOREGROUND in finalizers else "Background"
        )
        return (_delete(node, live, policy),)
    return ()


class GarbageCollector(Reconciler):
    """Keys are uids."""

    name = "garbage-collector-controller"
    component = "garbage-collector-controller"
    workers = 20

    def __init__(self, environment: Environment, resources: Sequence[Resource] = COLLECTED) -> None:
        super().__init__(environment)
        self._resources = tuple(resources)
        self._gone: dict[str, None] = {}
        self._custom: dict[str, Resource] = {}
        self._graph = OwnerGraph({(r.api_version, r.kind): r for r in self._resources})

    def watches(self) -> Sequence[Watch]:
        """All kinds that can own or be owned; Events neither. Custom kinds join when they are defined."""
        return [
            *(Watch(resource, self._changed(resource)) for resource in self._resources),
            Watch(CUSTOMRESOURCEDEFINITIONS, self._defined),
        ]

    def _defined(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """Follow a definition: watch its kind while it is served."""
        definition = new if new is not None else old
        assert definition is not None
        name = definition["metadata"]["name"]
        served = served_resources(new) if new is not None else []
        watched = self._custom.get(name)
        keys: list[str] = []
        if watched is not None and watched not in served:
            if new is None:  # and its objects with it, whether they were seen to go or not
                for node in self._graph.nodes_of(watched):
                    self._note_gone(node.uid)
                    keys += [each.uid for each in self._graph.remove(node.uid) if _needs_look(each)]
            del self._custom[name]
            self.environment.forget(watched)
            self._graph.unlearn(watched)
            watched = None
        if not served:
            return keys
        first = watched or served[0]
        waiting = self._graph.learn(first, [(each.api_version, each.kind) for each in served])
        if watched is None:
            self._custom[name] = first
            self.environment.watch(Watch(first, self._changed(first)))
        return [node.uid for node in waiting]

    def _changed(self, resource: Resource) -> Any:
        def keys(old: Object | None, new: Object | None) -> Iterable[str]:
            if old is not None and (new is None or old["metadata"]["uid"] != new["metadata"]["uid"]):
                self._note_gone(old["metadata"]["uid"])
                gone = [node.uid for node in self._graph.remove(old["metadata"]["uid"]) if _needs_look(node)]
                return gone if new is None else [*gone, *self._seen(resource, None, new)]
            assert new is not None
            return self._seen(resource, old, new)

        return keys

    def _seen(self, resource: Resource, old: Object | None, new: Object) -> Iterable[str]:
        node = self._graph.put(resource, old, new)
        if node is None:
            return ()
        keys = [node.uid] if _needs_look(node) and not self._has_living_owners(node) else []
        if node.waits_for_dependents:
            keys += [dependent.uid for dependent in self._graph.dependents(node.uid)]
        # An owner that waits may go once this one no longer holds it up.
        for reference in (*((old or {}).get("metadata", {}).get("ownerReferences") or ()), *node.owners()):
            owner = self._graph.get(reference["uid"])
            if owner is not None and owner.waits_for_dependents:
                keys.append(owner.uid)
        return dict.fromkeys(keys)

    def _note_gone(self, uid: str) -> None:
        self._gone[uid] = None
        if len(self._gone) > GONE_MAX:
            del self._gone[next(iter(self._gone))]

    def _has_living_owners(self, node: Node) -> bool:
        """True for the ordinary dependent: all its owners are in the graph, near by, and stay."""
        if node.is_deleting:
            return False
        for reference in node.owners():
            owner = self._graph.get(reference["uid"])
            if owner is None or owner.object is None or owner.waits_for_dependents:
                return False
            if owner.namespace not in {"", node.namespace}:
                return False
        return True

    def sync(self, key: str) -> Steps:
        """One object: as a waiting owner, then as a dependent."""
        node = self._graph.get(key)
        if node is None or node.object is None or node.resource is None:
            return
        if node.is_deleting and node.has_finalizer(ORPHAN):
            yield from self._orphan(node)
            return
        if node.waits_for_dependents:
            yield from self._finish_foreground(node)
            return
        if node.is_deleting or not node.owners() or self._has_living_owners(node):
            return
        outcomes = yield (ReadObject(node.resource, node.namespace or None, node.name),)
        live = outcomes[0].object
        if live is None or live["metadata"]["uid"] != node.uid or live["metadata"].get("deletionTimestamp"):
            return
        owners = yield from self._classify(node, live)
        if owners is not None:
            yield plan_dependent(node, live, owners, self._graph.dependents(node.uid))

    def _classify(self, node: Node, live: Object) -> Any:
        solid: list[Object] = []
        dangling: list[Object] = []
        waiting: list[Object] = []
        for reference in live["metadata"].get("ownerReferences") or ():
            if reference["uid"] in self._gone:
                dangling.append(reference)
                continue
            resource = self._graph.kind(reference)
            if resource is None or (resource.namespaced and not node.namespace):
                # An unknown kind, or a namespaced owner of a cluster-scoped object: never collected.
                if resource is not None:
                    yield (_warning(live, reference, node),)
                return None
            owner = self._graph.get(reference["uid"])
            known = owner.object if owner is not None else None
            if known is None or (
                resource.namespaced and known["metadata"].get("namespace") != node.namespace
            ):
                if known is not None:
                    yield (_warning(live, reference, node),)
                space = node.namespace if resource.namespaced else None
                outcomes = yield (ReadObject(resource, space, reference["name"]),)
                if outcomes[0].error is not None:
                    return None
                known = outcomes[0].object
            metadata = (known or {}).get("metadata", {})
            if metadata.get("uid") != reference["uid"]:
                dangling.append(reference)
            elif metadata.get("deletionTimestamp") and FOREGROUND in (metadata.get("finalizers") or ()):
                waiting.append(reference)
            else:
                solid.append(reference)
        return Owners(tuple(solid), tuple(dangling), tuple(waiting))

    def _finish_foreground(self, node: Node) -> Steps:
        """Let the owner go if nothing holds it up any more; else have its dependents looked at."""
        assert node.resource is not None
        holding = [each for each in self._graph.dependents(node.uid) if blocks(each, node.uid)]
        if holding:
            for dependent in holding:
                if not dependent.is_deleting:
                    self.environment.enqueue(dependent.uid)
            return
        outcomes = yield (ReadObject(node.resource, node.namespace or None, node.name),)
        live = outcomes[0].object
        if live is not None and live["metadata"]["uid"] == node.uid:
            yield (without_finalizer(node, live, FOREGROUND),)

    def _orphan(self, node: Node) -> Steps:
        """Take the references from all dependents, then the finalizer from the owner."""
        assert node.resource is not None
        patches = [
            _freed(dependent, dependent.object, node.uid)
            for dependent in self._graph.dependents(node.uid)
            if dependent.object is not None and dependent.resource is not None
        ]
        if patches:
            outcomes = yield (Together(tuple(patches)),)
            if any(outcome.failed for outcome in outcomes):
                return
        outcomes = yield (ReadObject(node.resource, node.namespace or None, node.name),)
        live = outcomes[0].object
        if live is not None and live["metadata"]["uid"] == node.uid:
            yield (without_finalizer(node, live, ORPHAN),)

    def statistics(self) -> Mapping[str, int]:
        """The size of the graph."""
        return self._graph.statistics()


def _freed(node: Node, live: Object, uid: str) -> Intent:
    """Take one reference away; custom kinds do not merge lists, so that all of them are written."""
    assert node.resource is not None
    if facts.type_of(node.resource.api_version, node.resource.kind) is None:
        return without_owners(node, live, frozenset({uid}))
    return _patch(node, live, {"ownerReferences": [{"$patch": "delete", "uid": uid}]}, "strategic")


def _needs_look(node: Node) -> bool:
    if node.object is None:
        return False
    if node.is_deleting:
        return node.has_finalizer(FOREGROUND) or node.has_finalizer(ORPHAN)
    return bool(node.owners())


def _warning(live: Object, reference: Object, node: Node) -> Intent:
    text = (
        f"ownerRef [{reference['apiVersion']}/{reference['kind']}, namespace: {node.namespace}, "
        f'name: {reference["name"]}, uid: {reference["uid"]}] does not exist in namespace "{node.namespace}"'
    )
    return RecordEvent(live, "Warning", "OwnerRefInvalidNamespace", text)

"""Who owns whom: a graph kept from informers, in which the garbage collector looks instead of asking.

Nodes are objects by uid; an owner that is only known from references is *virtual* until it is seen. The
graph never forgets a reference while the dependent lives, so dependents of an owner that was deleted before
it was ever seen are found too.

Source: k8s.io/kubernetes/pkg/controller/garbagecollector/{graph,graph_builder}.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from kubelite.apimachinery.scheme import Object, Resource

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"


@attrs.define(eq=False)
class Node:
    """An object in the graph.

    Attributes:
        resource: Its kind; None for a virtual node of a kind that is not served.
        object: As last seen; None while the node is virtual.
        dependents: uids of those that name it as an owner.
    """

    uid: str
    resource: Resource | None
    namespace: str
    name: str
    object: Object | None = None
    dependents: dict[str, None] = attrs.field(factory=dict)  # a third of a set while empty, as most are

    @property
    def is_deleting(self) -> bool:
        """A deletion has been asked for."""
        return self.object is not None and self.object["metadata"].get("deletionTimestamp") is not None

    @property
    def waits_for_dependents(self) -> bool:
        """It is being deleted in the foreground."""
        return self.is_deleting and self.has_finalizer(FOREGROUND)

    def has_finalizer(self, name: str) -> bool:
        """It carries the finalizer."""
        return self.object is not None and name in (self.object["metadata"].get("finalizers") or ())

    def owners(self) -> list[Object]:
        """Its owner references."""
        return [] if self.object is None else self.object["metadata"].get("ownerReferences") or []

    def __repr__(self) -> str:
        kind = self.resource.kind if self.resource else "?"
        state = "virtual" if self.object is None else "deleting" if self.is_deleting else "alive"
        count = len(self.dependents)
        return f"<{type(self).__name__} {kind} {self.namespace}/{self.name} {state}, {count} dependents>"


def blocks(dependent: Node, owner_uid: str) -> bool:
    """True if the dependent holds up its owner's deletion in the foreground."""
    return any(r["uid"] == owner_uid and r.get("blockOwnerDeletion") for r in dependent.owners())


class OwnerGraph:
    """The nodes, by uid."""

    def __init__(self, resolve: Mapping[tuple[str, str], Resource]) -> None:
        self._resolve = dict(resolve)
        self._nodes: dict[str, Node] = {}

    def get(self, uid: str) -> Node | None:
        """The node of that uid."""
        return self._nodes.get(uid)

    def dependents(self, uid: str) -> list[Node]:
        """The dependents of `uid`, in a stable order."""
        node = self._nodes.get(uid)
        if node is None:
            return []
        return [self._nodes[each] for each in sorted(node.dependents) if each in self._nodes]

    def kind(self, reference: Object) -> Resource | None:
        """The served kind that a reference means."""
        return self._resolve.get((reference["apiVersion"], reference["kind"]))

    def learn(self, resource: Resource, names: Iterable[tuple[str, str]]) -> list[Node]:
        """A kind is served from now on.

        Args:
            resource: In the version that is watched.
            names: Its apiVersions and kind, in all versions.

        Returns:
            The objects which have owners of a kind that was unknown until now.
        """
        known = dict.fromkeys(names, resource)
        self._resolve.update(known)
        waiting = []
        for node in self._nodes.values():
            for reference in node.owners():
                if (reference["apiVersion"], reference["kind"]) not in known:
                    continue
                waiting.append(node)
                owner = self._nodes.get(reference["uid"])
                if owner is not None and owner.resource is None:
                    owner.resource = resource
                    owner.namespace = node.namespace if resource.namespaced else ""
        return waiting

    def nodes_of(self, resource: Resource) -> list[Node]:
        """All objects of a kind, those included that are only known from references."""
        return [node for node in self._nodes.values() if node.resource == resource]

    def unlearn(self, resource: Resource) -> None:
        """A kind is served no more."""
        self._resolve = {name: each for name, each in self._resolve.items() if each != resource}

    def put(self, resource: Resource, old: Object | None, new: Object) -> Node | None:
        """An object was seen.

        Returns:
            Its node if something changed that matters here, else None.
        """
        metadata = new["metadata"]
        node = self._nodes.get(metadata["uid"])
        if node is not None and node.object is not None:
            before = node.object["metadata"]
            if (
                before.get("ownerReferences") == metadata.get("ownerReferences")
                and before.get("deletionTimestamp") == metadata.get("deletionTimestamp")
                and before.get("finalizers") == metadata.get("finalizers")
            ):
                node.object = new
                return None
            self._unlink(node)
        elif node is None:
            if not metadata.get("ownerReferences") and not metadata.get("deletionTimestamp"):
                # Most objects own nothing and are owned by nobody.
                node = Node(metadata["uid"], resource, metadata.get("namespace", ""), metadata["name"], new)
                self._nodes[metadata["uid"]] = node
                return None
            node = Node(metadata["uid"], resource, metadata.get("namespace", ""), metadata["name"])
            self._nodes[metadata["uid"]] = node
        node.resource, node.object = resource, new
        node.namespace, node.name = metadata.get("namespace", ""), metadata["name"]
        for reference in node.owners():
            owner = self._nodes.get(reference["uid"])
            if owner is None:
                resource_of = self.kind(reference)
                space = node.namespace if resource_of is None or resource_of.namespaced else ""
                owner = Node(reference["uid"], resource_of, space, reference["name"])
                self._nodes[reference["uid"]] = owner
            owner.dependents[node.uid] = None
        return node

    def remove(self, uid: str) -> list[Node]:
        """An object is gone.

        Returns:
            Its dependents and its owners, which may have to be looked at.
        """
        node = self._nodes.get(uid)
        if node is None:
            return []
        touched = self.dependents(uid)
        touched += [owner for r in node.owners() if (owner := self._nodes.get(r["uid"])) is not None]
        self._unlink(node)
        node.object = None
        if not node.dependents:
            del self._nodes[uid]
        return touched

    def _unlink(self, node: Node) -> None:
        for reference in node.owners():
            owner = self._nodes.get(reference["uid"])
            if owner is not None:
                owner.dependents.pop(node.uid, None)
                if owner.object is None and not owner.dependents:
                    del self._nodes[owner.uid]

    def statistics(self) -> dict[str, int]:
        """How many nodes there are, and how many of them are virtual."""
        virtual = sum(node.object is None for node in self._nodes.values())
        return {"nodes": len(self._nodes), "virtual": virtual}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self._nodes)} nodes>"

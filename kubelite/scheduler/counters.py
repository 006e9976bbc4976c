"""How many pods of a sort each node has, and each domain of a topology: kept up pod by pod.

What Kubernetes counts anew in every cycle, by going through all pods of all nodes, is counted here once: a
counter is made when a plugin first asks for it, and follows all pods from then on. Of many small workloads,
each asks anew: what a counter begins with is looked for only where pods have a mark that all it counts have,
and only pods with that mark are shown to it later. Of several marks the rarest serves: all may be `app: web`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from kubelite.scheduler.podinfo import PodInfo

if TYPE_CHECKING:
    from kubelite.scheduler.cache import Cache

COUNTERS_MAX: Final = 1024
"""Counters that are kept; the one that was not asked for the longest goes."""
Mark = tuple[str, str, str]
"""What a pod has: its namespace, a label, and the label's value."""


class NodeCounter:
    """A sum per node.

    Args:
        cache: Knows the nodes' labels.
    """

    __slots__ = ("_cache", "_domains", "_version", "by_node")

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.by_node: dict[str, int] = {}
        self._domains: dict[str, dict[str, int]] = {}
        self._version = -1

    def __repr__(self) -> str:
        return f"<NodeCounter {sum(self.by_node.values())} on {len(self.by_node)} nodes>"

    def add(self, node: str, amount: int) -> None:
        """So many more on a node."""
        left = self.by_node.get(node, 0) + amount
        if left:
            self.by_node[node] = left
        else:
            self.by_node.pop(node, None)
        if self._domains and self._version == self._cache.topology_version:
            labels = self._cache.labels(node)
            for key, counts in self._domains.items():
                value = labels.get(key)
                if value is not None:
                    counts[value] = counts.get(value, 0) + amount

    def domains(self, key: str) -> Mapping[str, int]:
        """The sums per value of a label of nodes; do not change them. A domain without any may be absent."""
        if self._version != self._cache.topology_version:
            self._domains.clear()
            self._version = self._cache.topology_version
        counts = self._domains.get(key)
        if counts is None:
            counts = self._domains[key] = {}
            labels = self._cache.labels
            for node, amount in self.by_node.items():
                value = labels(node).get(key)
                if value is not None:
                    counts[value] = counts.get(value, 0) + amount
        return counts


class _PodCounter:
    __slots__ = ("counter", "marks", "matches")

    def __init__(
        self, counter: NodeCounter, matches: Callable[[PodInfo], bool], marks: tuple[Mark, ...] | None
    ) -> None:
        self.counter = counter
        self.matches = matches
        self.marks = marks


class PodCounters:
    """All counters of pods that plugins asked for."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._counters: OrderedDict[Hashable, _PodCounter] = OrderedDict()
        self._marked: dict[Mark, dict[Hashable, _PodCounter]] = {}
        self._unmarked: dict[Hashable, _PodCounter] = {}
        self._nodes_of: dict[Mark, dict[str, int]] = {}

    def __len__(self) -> int:
        return len(self._counters)

    def get(
        self,
        key: Hashable,
        matches: Callable[[PodInfo], bool],
        namespaces: Collection[str],
        labels: Mapping[str, str],
    ) -> NodeCounter:
        """The counter of the pods that match.

        Args:
            key: Names it: the same key is the same question.
            matches: Whether a pod counts.
            namespaces: Every pod which counts is in one of these.
            labels: Every pod which counts has these.
        """
        found = self._counters.get(key)
        if found is not None:
            self._counters.move_to_end(key)
            return found.counter
        made = _PodCounter(NodeCounter(self._cache), matches, self._rarest(namespaces, labels))
        nodes = self._cache.nodes
        for name in nodes if made.marks is None else self._nodes_with(made.marks):
            if count := sum(map(matches, nodes[name].pods.values())):
                made.counter.add(name, count)
        self._counters[key] = made
        for bucket in self._buckets(made.marks):
            bucket[key] = made
        if len(self._counters) > COUNTERS_MAX:
            self._drop(*self._counters.popitem(last=False))
        return made.counter

    def _rarest(self, namespaces: Collection[str], labels: Mapping[str, str]) -> tuple[Mark, ...] | None:
        """The marks with one of the labels that the fewest nodes have; None without labels."""
        ways = [tuple((space, label, value) for space in namespaces) for label, value in labels.items()]
        if not ways:
            return None
        nodes_of = self._nodes_of
        return min(ways, key=lambda marks: sum(len(nodes_of.get(mark, ())) for mark in marks))

    def _nodes_with(self, marks: Iterable[Mark]) -> dict[str, None]:
        """The nodes that have pods with one of the marks, in an order that does not depend on chance."""
        return {name: None for mark in marks for name in self._nodes_of.get(mark, ())}

    def _buckets(self, marks: Iterable[Mark] | None) -> Iterable[dict[Hashable, _PodCounter]]:
        if marks is None:
            return (self._unmarked,)
        return [self._marked.setdefault(mark, {}) for mark in marks]

    def _drop(self, key: Hashable, gone: _PodCounter) -> None:
        for bucket in self._buckets(gone.marks):
            del bucket[key]
        for mark in gone.marks or ():
            if not self._marked[mark]:
                del self._marked[mark]

    def count(self, info: PodInfo, node: str, sign: int) -> None:
        """A pod has come to a node (1) or gone from it (-1)."""
        namespace, marked = info.namespace, self._marked
        for label, value in info.labels.items():
            mark = (namespace, label, value)
            nodes = self._nodes_of.get(mark)
            if nodes is None:
                nodes = self._nodes_of[mark] = {}
            nodes[node] = nodes.get(node, 0) + sign
            if not nodes[node]:
                del nodes[node]
                if not nodes:
                    del self._nodes_of[mark]
            if mark in marked:
                for each in marked[mark].values():
                    if each.matches(info):
                        each.counter.add(node, sign)
        for each in self._unmarked.values():
            if each.matches(info):
                each.counter.add(node, sign)

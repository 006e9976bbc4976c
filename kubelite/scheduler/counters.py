"""How many pods of a sort each node has, and each domain of a topology: kept up pod by pod.

What Kubernetes counts anew in every cycle, by going through all pods of all nodes, is counted here once: a
counter is made when a plugin first asks for it, and follows all pods from then on. What it begins with is
looked for only where pods have the label that all it counts have: of many small workloads, each asks anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from kubelite.scheduler.podinfo import PodInfo

if TYPE_CHECKING:
    from kubelite.scheduler.cache import Cache

COUNTERS_MAX: Final = 1024
"""Counters that are kept; the one that was not asked for the longest goes."""
Pair = tuple[str, str]
"""A label and its value, without which a pod does not count."""


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
    __slots__ = ("counter", "matches", "pair")

    def __init__(self, counter: NodeCounter, matches: Callable[[PodInfo], bool], pair: Pair | None) -> None:
        self.counter = counter
        self.matches = matches
        self.pair = pair


class PodCounters:
    """All counters of pods that plugins asked for."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._counters: OrderedDict[Hashable, _PodCounter] = OrderedDict()
        self._paired: dict[Pair, dict[Hashable, _PodCounter]] = {}
        self._unpaired: dict[Hashable, _PodCounter] = {}
        self._labelled: dict[Pair, dict[str, int]] = {}

    def __len__(self) -> int:
        return len(self._counters)

    def get(self, key: Hashable, matches: Callable[[PodInfo], bool], pair: Pair | None) -> NodeCounter:
        """The counter of the pods that match.

        Args:
            key: Names it: the same key is the same question.
            matches: Whether a pod counts.
            pair: A label that every pod has which counts; None if there is none.
        """
        found = self._counters.get(key)
        if found is not None:
            self._counters.move_to_end(key)
            return found.counter
        made = _PodCounter(NodeCounter(self._cache), matches, pair)
        nodes = self._cache.nodes
        for name in nodes if pair is None else self._labelled.get(pair, ()):
            if count := sum(map(matches, nodes[name].pods.values())):
                made.counter.add(name, count)
        self._counters[key] = made
        self._bucket(pair)[key] = made
        if len(self._counters) > COUNTERS_MAX:
            oldest, gone = self._counters.popitem(last=False)
            bucket = self._bucket(gone.pair)
            del bucket[oldest]
            if not bucket and gone.pair is not None:
                del self._paired[gone.pair]
        return made.counter

    def _bucket(self, pair: Pair | None) -> dict[Hashable, _PodCounter]:
        return self._unpaired if pair is None else self._paired.setdefault(pair, {})

    def count(self, info: PodInfo, node: str, sign: int) -> None:
        """A pod has come to a node (1) or gone from it (-1)."""
        for pair in info.labels.items():
            labelled = self._labelled.setdefault(pair, {})
            labelled[node] = labelled.get(node, 0) + sign
            if not labelled[node]:
                del labelled[node]
                if not labelled:
                    del self._labelled[pair]
        for each in self._of(info):
            if each.matches(info):
                each.counter.add(node, sign)

    def _of(self, info: PodInfo) -> Iterable[_PodCounter]:
        if self._paired:
            paired = self._paired
            for pair in info.labels.items():
                if pair in paired:
                    yield from paired[pair].values()
        yield from self._unpaired.values()

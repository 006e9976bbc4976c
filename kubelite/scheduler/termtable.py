"""What pods say about other pods, found by the labels of those: many workloads have terms of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from kubelite.scheduler.counters import Mark, NodeCounter

if TYPE_CHECKING:
    from kubelite.scheduler.cache import Cache
    from kubelite.scheduler.terms import Term, Weighted

K = TypeVar("K", bound="Term | Weighted")


class TermTable(Generic[K]):
    """How many pods on each node say the same, by terms, or by weights and terms.

    Args:
        cache: Knows the nodes' labels.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._counters: dict[K, NodeCounter] = {}
        self._marks: dict[K, tuple[Mark, ...] | None] = {}
        self._marked: dict[Mark, dict[K, None]] = {}
        self._unmarked: dict[K, None] = {}

    def __len__(self) -> int:
        return len(self._counters)

    def __repr__(self) -> str:
        return f"<TermTable {len(self._counters)} terms>"

    def count(self, key: K, node: str, amount: int) -> None:
        """So many more pods on a node say this."""
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = NodeCounter(self._cache)
            self._marks[key] = marks = self._rarest(_term_of(key))
            for bucket in self._buckets(marks):
                bucket[key] = None
        counter.add(node, amount)
        if not counter.by_node:
            self._drop(key)

    def _rarest(self, term: Term) -> tuple[Mark, ...] | None:
        """Marks of which every pod has one that the term selects; None if there are none."""
        if term.namespace_selector is not None or not term.selector.exact:
            return None
        ways = [
            tuple((space, label, value) for space in sorted(term.namespaces))
            for label, value in term.selector.exact.items()
        ]
        return min(ways, key=lambda marks: sum(len(self._marked.get(mark, ())) for mark in marks))

    def _buckets(self, marks: tuple[Mark, ...] | None) -> list[dict[K, None]]:
        return [self._unmarked] if marks is None else [self._marked.setdefault(mark, {}) for mark in marks]

    def _drop(self, key: K) -> None:
        del self._counters[key]
        marks = self._marks.pop(key)
        for bucket in self._buckets(marks):
            del bucket[key]
        for mark in marks or ():
            if not self._marked[mark]:
                del self._marked[mark]

    def about(
        self, namespace: str, labels: Mapping[str, str], namespace_labels: Mapping[str, str]
    ) -> Iterator[tuple[K, NodeCounter]]:
        """What is said about a pod with these labels, and where.

        Args:
            namespace: Of the pod.
            labels: Of the pod.
            namespace_labels: Of its namespace.
        """
        if not self._counters:
            return
        for bucket in (
            *(self._marked.get((namespace, *pair), {}) for pair in labels.items()),
            self._unmarked,
        ):
            for key in bucket:
                if _term_of(key).selects(namespace, labels, namespace_labels):
                    yield key, self._counters[key]


def _term_of(key: Term | Weighted) -> Term:
    return key[1] if isinstance(key, tuple) else key

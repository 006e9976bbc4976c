"""InterPodAffinity: near some pods, far from others; what pods that run already demand counts too.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity;
pkg/scheduler/framework/plugins/interpodaffinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kubelite.api.resources import NAMESPACES
from kubelite.scheduler.counters import NodeCounter
from kubelite.scheduler.framework import BEST, Filtering, Plugin, Scorer, Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.terms import Term

NAME: Final = "InterPodAffinity"
AFFINITY: Final = Status(NAME, ("node(s) didn't match pod affinity rules",))
ANTI_AFFINITY: Final = Status(NAME, ("node(s) didn't match pod anti-affinity rules",), resolvable=True)
EXISTING: Final = Status(NAME, ("node(s) didn't satisfy existing pods anti-affinity rules",), resolvable=True)
Domain = tuple[str, str]
"""A topology key and a value of it."""
_NONE: Final[Mapping[str, str]] = {}


def resolved(term: Term, namespaces: Iterable[tuple[str, Mapping[str, str]]]) -> Term:
    """The term with the namespaces that it selects by labels called by their names."""
    selector = term.namespace_selector
    if selector is None:
        return term
    chosen = {name for name, labels in namespaces if selector.matches(labels)}
    return Term(term.topology_key, term.selector, term.namespaces | chosen, None)


def selects(term: Term, info: PodInfo) -> bool:
    """Whether a resolved term means a pod."""
    return info.namespace in term.namespaces and term.selector.matches(info.labels)


def _add(counts: dict[Domain, int], domain: Domain, amount: int) -> None:
    left = counts.get(domain, 0) + amount
    if left:
        counts[domain] = left
    else:
        counts.pop(domain, None)


class Affinity(Filtering):
    """The filter for one pod; pods can be added and removed.

    Args:
        info: The pod.
        near: The terms of its affinity, resolved.
        far: Those of its anti-affinity.
        own_namespace: The labels of its namespace.
    """

    __slots__ = ("_existing", "_far", "_far_counts", "_info", "_near", "_near_counts", "_own_namespace")

    def __init__(
        self, info: PodInfo, near: Sequence[Term], far: Sequence[Term], own_namespace: Mapping[str, str]
    ) -> None:
        super().__init__(self._test)
        self._info, self._near, self._far, self._own_namespace = info, near, far, own_namespace
        self._existing: dict[Domain, int] = {}
        self._near_counts: dict[Domain, int] = {}
        self._far_counts: dict[Domain, int] = {}

    def count(self, table: str, key: str, counter: NodeCounter) -> None:
        """Take in what was counted: `existing`, `near` or `far` pods, per value of a label."""
        counts = {"existing": self._existing, "near": self._near_counts, "far": self._far_counts}[table]
        for value, amount in counter.domains(key).items():
            if amount:
                _add(counts, (key, value), amount)

    @property
    def is_idle(self) -> bool:
        """Whether every node will do."""
        return not self._near and not self._far_counts and not self._existing

    def _test(self, node: NodeInfo) -> Status | None:
        labels = node.labels
        if self._near and not self._is_near(labels):
            return AFFINITY
        if self._far_counts:
            for term in self._far:
                value = labels.get(term.topology_key)
                if value is not None and (term.topology_key, value) in self._far_counts:
                    return ANTI_AFFINITY
        if self._existing:
            # A pod keeps others away from a few domains by few keys, a node is in one domain per label.
            for domain in labels.items():
                if domain in self._existing:
                    return EXISTING
        return None

    def _is_near(self, labels: Mapping[str, str]) -> bool:
        is_there = True
        for term in self._near:
            value = labels.get(term.topology_key)
            if value is None:
                return False
            is_there = is_there and (term.topology_key, value) in self._near_counts
        # The first of pods that want to be near each other may go anywhere.
        return is_there or (not self._near_counts and all(selects(term, self._info) for term in self._near))

    def copy(self) -> Affinity:
        """See `Filtering.copy`."""
        made = Affinity(self._info, self._near, self._far, self._own_namespace)
        made._existing.update(self._existing)
        made._near_counts.update(self._near_counts)
        made._far_counts.update(self._far_counts)
        return made

    def add_pod(self, info: PodInfo, node: NodeInfo) -> None:
        """See `Filtering.add_pod`."""
        self._change(info, node, 1)

    def remove_pod(self, info: PodInfo, node: NodeInfo) -> None:
        """See `Filtering.remove_pod`."""
        self._change(info, node, -1)

    def _change(self, info: PodInfo, node: NodeInfo, amount: int) -> None:
        labels = node.labels
        if info.terms is not None:
            mine = self._info
            for term in info.terms.anti_affinity:
                value = labels.get(term.topology_key)
                if value is not None and term.selects(mine.namespace, mine.labels, self._own_namespace):
                    _add(self._existing, (term.topology_key, value), amount)
        if self._near and all(selects(term, info) for term in self._near):
            for term in self._near:
                if term.topology_key in labels:
                    _add(self._near_counts, (term.topology_key, labels[term.topology_key]), amount)
        for term in self._far:
            if term.topology_key in labels and selects(term, info):
                _add(self._far_counts, (term.topology_key, labels[term.topology_key]), amount)


class InterPodAffinity(Plugin):
    """See the module's docstring."""

    name = NAME

    def _namespace_labels(self, info: PodInfo) -> Mapping[str, str]:
        namespace = self.handle.lister(NAMESPACES).get(None, info.namespace)
        return (namespace["metadata"].get("labels") if namespace else None) or _NONE

    def _resolved(self, terms: Iterable[Term]) -> list[Term]:
        if all(term.namespace_selector is None for term in terms):
            return list(terms)
        namespaces = [
            (each["metadata"]["name"], each["metadata"].get("labels") or _NONE)
            for each in self.handle.lister(NAMESPACES).list()
        ]
        return [resolved(term, namespaces) for term in terms]

    def _counter(self, terms: tuple[Term, ...]) -> NodeCounter:
        """The pods that all of the resolved terms mean."""
        key = (NAME, tuple((term.selector, term.namespaces) for term in terms))
        return self.handle.cache.counter(
            key,
            lambda other: all(selects(term, other) for term in terms),
            sorted(frozenset.intersection(*(term.namespaces for term in terms))),
            {label: value for term in terms for label, value in term.selector.exact.items()},
        )

    def pre_filter(self, info: PodInfo) -> Filtering | None:
        """What the demands of the pod and of others leave."""
        terms = info.terms
        near = self._resolved(terms.affinity) if terms else []
        far = self._resolved(terms.anti_affinity) if terms else []
        own = self._namespace_labels(info)
        made = Affinity(info, near, far, own)
        for term, counter in self.handle.cache.anti_affinity.about(info.namespace, info.labels, own):
            made.count("existing", term.topology_key, counter)
        if near:
            counter = self._counter(tuple(near))
            for term in near:
                made.count("near", term.topology_key, counter)
        for term in far:
            made.count("far", term.topology_key, self._counter((term,)))
        return None if made.is_idle and not far else made

    def pre_score(self, info: PodInfo, nodes: Sequence[NodeInfo]) -> Scorer | None:
        """The weights of the preferences that are met, in both directions."""
        cache, own = self.handle.cache, self._namespace_labels(info)
        sums: dict[str, dict[str, int]] = {}

        def add(key: str, counter: NodeCounter, weight: int) -> None:
            values = sums.setdefault(key, {})
            for value, amount in counter.domains(key).items():
                values[value] = values.get(value, 0) + amount * weight

        for weight, term in info.terms.preferred if info.terms else ():
            (named,) = self._resolved((term,))
            add(term.topology_key, self._counter((named,)), weight)
        hard_weight = self.args.get("hardPodAffinityWeight", 1)
        if hard_weight:
            for term, counter in cache.affinity.about(info.namespace, info.labels, own):
                add(term.topology_key, counter, hard_weight)
        if not self.args.get("ignorePreferredTermsOfExistingPods"):
            for (weight, term), counter in cache.preferences.about(info.namespace, info.labels, own):
                add(term.topology_key, counter, weight)
        if not sums:
            return None

        def score(nodes: Sequence[NodeInfo]) -> list[int]:
            totals = [0] * len(nodes)
            for key, values in sums.items():
                for index, node in enumerate(nodes):
                    value = node.labels.get(key)
                    if value is not None:
                        totals[index] += values.get(value, 0)
            return totals

        return score

    def normalize(self, scores: list[int]) -> list[int]:
        """Between the lowest, 0, and the highest, 100."""
        least, most = min(scores, default=0), max(scores, default=0)
        if most == least:
            return [0] * len(scores)
        return [int(BEST * ((score - least) / (most - least))) for score in scores]

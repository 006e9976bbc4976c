"""PodTopologySpread: pods of a sort are spread over the domains of a topology.

A pod without constraints of its own is spread with the others of its Services and its controller: over hosts
(maxSkew 3) and zones (maxSkew 5), which only scores.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/;
pkg/scheduler/framework/plugins/podtopologyspread, plugins/helper/spread.go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from math import log
from typing import Any, Final

import attrs

from kubelite.api.nodeselector import allows_node
from kubelite.apimachinery.labels import Selector, from_label_selector
from kubelite.scheduler.counters import NodeCounter
from kubelite.scheduler.framework import BEST, Filtering, Handle, Plugin, Scorer, Status
from kubelite.scheduler.nodeinfo import HOSTNAME, ZONE, NodeInfo
from kubelite.scheduler.plugins.tainttoleration import tolerates_hard
from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.siblings import sibling_selector
from kubelite.scheduler.terms import with_label_keys

NAME: Final = "PodTopologySpread"
UNEVEN: Final = Status(NAME, ("node(s) didn't match pod topology spread constraints",), resolvable=True)
UNLABELLED: Final = Status(
    NAME, ("node(s) didn't match pod topology spread constraints (missing required label)",)
)
HARD, SOFT = "DoNotSchedule", "ScheduleAnyway"
SYSTEM_DEFAULTS: Final = (
    {"topologyKey": HOSTNAME, "whenUnsatisfiable": SOFT, "maxSkew": 3},
    {"topologyKey": ZONE, "whenUnsatisfiable": SOFT, "maxSkew": 5},
)
_IGNORED: Final = -1


@attrs.frozen(eq=False)
class Constraint:
    """A constraint, for one pod.

    Attributes:
        honors_affinity: Nodes that the pod's selector and affinity exclude do not count.
        honors_taints: Nodes with taints that it does not tolerate do not count.
        is_mine: 1 if the pod itself is one of those counted.
    """

    key: str
    max_skew: int
    min_domains: int
    selector: Selector
    honors_affinity: bool
    honors_taints: bool
    is_mine: int

    @classmethod
    def of(cls, rule: Mapping[str, Any], selector: Selector, info: PodInfo) -> Constraint:
        """As a rule says it."""
        return cls(
            rule["topologyKey"],
            rule["maxSkew"],
            rule.get("minDomains") or 1,
            selector,
            (rule.get("nodeAffinityPolicy") or "Honor") == "Honor",
            (rule.get("nodeTaintsPolicy") or "Ignore") == "Honor",
            int(selector.matches(info.labels)),
        )


class Eligible:
    """Which nodes count for a pod's constraint, by what the pod says and the nodes' labels and taints."""

    def __init__(self, info: PodInfo, constraint: Constraint, keys: Sequence[str]) -> None:
        self._info = info
        self._keys = keys
        spec = info.spec
        affinity = (spec.get("affinity") or {}).get("nodeAffinity")
        self._selects = constraint.honors_affinity and bool(spec.get("nodeSelector") or affinity)
        self._taints = constraint.honors_taints

    def includes(self, node: NodeInfo) -> bool:
        """Whether a node counts."""
        labels = node.labels
        return (
            all(key in labels for key in self._keys)
            and (not self._selects or allows_node(self._info.spec, labels, node.name))
            and (not self._taints or tolerates_hard(node.taints, self._info.tolerations))
        )

    @property
    def signature(self) -> tuple[Any, ...]:
        """Pods with the same signature have the same eligible nodes."""
        spec = self._info.spec
        selects = repr((spec.get("nodeSelector"), spec.get("affinity"))) if self._selects else ""
        taints = repr(self._info.tolerations) if self._taints else ""
        return (tuple(self._keys), selects, taints)

    def is_everything_with(self, key: str) -> bool:
        """Whether the label alone decides."""
        return not self._selects and not self._taints and set(self._keys) <= {key}


class Spread(Filtering):
    """The filter for one pod; pods can be added and removed.

    Args:
        info: The pod.
        constraints: What must hold for it.
        eligible: The nodes that count for each constraint.
        counts: The pods in each domain, for each constraint; domains without any are there, too.
    """

    __slots__ = ("_constraints", "_counts", "_eligible", "_info", "_lowest")

    def __init__(
        self,
        info: PodInfo,
        constraints: Sequence[Constraint],
        eligible: Sequence[frozenset[str]],
        counts: Sequence[dict[str, int]],
    ) -> None:
        super().__init__(self._test)
        self._info, self._constraints = info, constraints
        self._eligible = eligible
        self._counts = counts
        self._lowest: list[int] | None = None

    def _minimum(self, index: int) -> int:
        if self._lowest is None:
            self._lowest = [
                0 if len(counts) < constraint.min_domains else min(counts.values(), default=0)
                for counts, constraint in zip(self._counts, self._constraints, strict=True)
            ]
        return self._lowest[index]

    def _test(self, node: NodeInfo) -> Status | None:
        for index, constraint in enumerate(self._constraints):
            value = node.labels.get(constraint.key)
            if value is None:
                return UNLABELLED
            count = self._counts[index].get(value, 0) + constraint.is_mine
            if count - self._minimum(index) > constraint.max_skew:
                return UNEVEN
        return None

    def copy(self) -> Spread:
        """See `Filtering.copy`."""
        counts = [dict(each) for each in self._counts]
        return Spread(self._info, self._constraints, self._eligible, counts)

    def add_pod(self, info: PodInfo, node: NodeInfo) -> None:
        """See `Filtering.add_pod`."""
        self._change(info, node, 1)

    def remove_pod(self, info: PodInfo, node: NodeInfo) -> None:
        """See `Filtering.remove_pod`."""
        self._change(info, node, -1)

    def _change(self, info: PodInfo, node: NodeInfo, amount: int) -> None:
        for constraint, eligible, counts in zip(self._constraints, self._eligible, self._counts, strict=True):
            if node.name in eligible and counted(info, self._info.namespace, constraint.selector):
                counts[node.labels[constraint.key]] += amount
                self._lowest = None


def counted(info: PodInfo, namespace: str, selector: Selector) -> bool:
    """Whether a pod is one of those that are spread; those being deleted are not."""
    return info.namespace == namespace and not info.terminating and selector.matches(info.labels)


def normalize(scores: Sequence[int]) -> list[int]:
    """The fewer pods, the nearer to 100; nodes outside the topology get nothing.

    Args:
        scores: -1 for a node outside.
    """
    known = [score for score in scores if score != _IGNORED]
    if not known:
        return [0] * len(scores)
    least, most = min(known), max(known)
    if most == 0:
        return [0 if score == _IGNORED else BEST for score in scores]
    return [0 if score == _IGNORED else BEST * (most + least - score) // most for score in scores]


class PodTopologySpread(Plugin):
    """See the module's docstring."""

    name = NAME

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        super().__init__(handle, args)
        kind = args.get("defaultingType") or "System"
        if kind == "System" and args.get("defaultConstraints"):
            raise ValueError("defaultConstraints need defaultingType List")
        self._is_system = kind == "System"
        self._defaults = SYSTEM_DEFAULTS if self._is_system else tuple(args.get("defaultConstraints") or ())

    def _constraints(self, info: PodInfo, action: str) -> list[Constraint]:
        """The pod's own constraints, or the defaults for what it belongs to, which call for an action."""
        rules = info.spec.get("topologySpreadConstraints")
        if rules:
            return [
                Constraint.of(
                    rule,
                    with_label_keys(from_label_selector(rule.get("labelSelector")), info.labels, rule),
                    info,
                )
                for rule in rules
                if rule["whenUnsatisfiable"] == action
            ]
        defaults = [rule for rule in self._defaults if rule["whenUnsatisfiable"] == action]
        if not defaults:
            return []
        selector = sibling_selector(info, self.handle.lister)
        return [] if selector.empty else [Constraint.of(rule, selector, info) for rule in defaults]

    def _counter(self, info: PodInfo, selector: Selector) -> NodeCounter:
        namespace = info.namespace
        return self.handle.cache.counter(
            (NAME, namespace, selector),
            lambda other: counted(other, namespace, selector),
            (namespace,),
            selector.exact,
        )

    def pre_filter(self, info: PodInfo) -> Filtering | None:
        """What the constraints that must hold leave."""
        constraints = self._constraints(info, HARD)
        if not constraints:
            return None
        cache, keys = self.handle.cache, sorted({each.key for each in constraints})
        eligible: list[frozenset[str]] = []
        counts: list[dict[str, int]] = []
        for each in constraints:
            rule = Eligible(info, each, keys)
            names, values = cache.memo((NAME, each.key, *rule.signature), partial(self._look, rule, each.key))
            counter = self._counter(info, each.selector)
            if rule.is_everything_with(each.key):
                known = counter.domains(each.key)
                found = {value: known.get(value, 0) for value in values}
            else:
                found = dict.fromkeys(values, 0)
                for name, amount in counter.by_node.items():
                    if name in names:
                        found[cache.labels(name)[each.key]] += amount
            eligible.append(names)
            counts.append(found)
        return Spread(info, constraints, eligible, counts)

    def _look(self, rule: Eligible, key: str) -> tuple[frozenset[str], tuple[str, ...]]:
        """The nodes that count, and the domains that they form."""
        nodes = [node for node in self.handle.cache.listed() if rule.includes(node)]
        return frozenset(node.name for node in nodes), tuple({node.labels[key]: None for node in nodes})

    def pre_score(self, info: PodInfo, nodes: Sequence[NodeInfo]) -> Scorer | None:
        """What the constraints that should hold prefer."""
        constraints = self._constraints(info, SOFT)
        if not constraints:
            return None
        keys = sorted({each.key for each in constraints})
        needs_all = bool(info.spec.get("topologySpreadConstraints")) or not self._is_system
        required = keys if needs_all else ()
        ignored: set[str] = set()
        if required:
            ignored = {node.name for node in nodes if any(key not in node.labels for key in required)}
        # Where no node has a label, as zones in a cluster without, it adds nothing to any.
        parts = [
            self._part(info, each, required, nodes, ignored)
            for each in constraints
            if required or each.key == HOSTNAME or self._is_used(each.key)
        ]

        def score(nodes: Sequence[NodeInfo]) -> list[int]:
            columns = []
            for key, skew, weight, counts in parts:
                get = counts.get
                if key == HOSTNAME:
                    columns.append(
                        [get(node.name, 0) * weight + skew if key in node.labels else 0.0 for node in nodes]
                    )
                else:
                    # What a domain adds is worked out once for all its nodes; being in none adds nothing.
                    adds = {value: amount * weight + skew for value, amount in counts.items()}
                    columns.append(
                        [
                            0.0 if (value := node.labels.get(key)) is None else adds.get(value, skew)
                            for node in nodes
                        ]
                    )
            totals, *rest = columns
            for column in rest:
                totals = [one + other for one, other in zip(totals, column, strict=True)]
            made = [int(total + 0.5) for total in totals]
            if ignored:
                made = [
                    _IGNORED if node.name in ignored else each for each, node in zip(made, nodes, strict=True)
                ]
            return made

        return score

    def _is_used(self, key: str) -> bool:
        """Whether any node has a label."""
        cache = self.handle.cache
        found: bool = cache.memo((NAME, key), lambda: any(key in node.labels for node in cache.listed()))
        return found

    def _part(
        self,
        info: PodInfo,
        constraint: Constraint,
        required: Sequence[str],
        nodes: Sequence[NodeInfo],
        ignored: Collection[str],
    ) -> tuple[str, int, float, Mapping[str, int]]:
        """What one constraint adds to scores: its key, skew, weight, and counts by domain (or host)."""
        counter, key = self._counter(info, constraint.selector), constraint.key
        if key == HOSTNAME:
            size = len(nodes) - len(ignored)
            return key, constraint.max_skew - 1, log(size + 2), counter.by_node
        counted_nodes = [node for node in nodes if node.name not in ignored] if ignored else nodes
        values = {node.labels.get(key, "") for node in counted_nodes}
        rule = Eligible(info, constraint, required)
        if rule.is_everything_with(key):
            return key, constraint.max_skew - 1, log(len(values) + 2), counter.domains(key)
        counts: dict[str, int] = {}
        for name, amount in counter.by_node.items():
            node = self.handle.cache.existing(name)
            if node is not None and key in node.labels and rule.includes(node):
                counts[node.labels[key]] = counts.get(node.labels[key], 0) + amount
        return key, constraint.max_skew - 1, log(len(values) + 2), counts

    def normalize(self, scores: list[int]) -> list[int]:
        """See `normalize`."""
        return normalize(scores)

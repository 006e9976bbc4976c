"""One scheduling cycle: which node a pod goes to, or why none will do. Pure, and never waits.

PreFilter gives the filters that this pod needs, these leave the feasible nodes, scores decide among them,
chance (from the cluster's seed) among equals. With many nodes only as many feasible ones are looked for as
kube-scheduler would, beginning where the last cycle ended.

Source: pkg/scheduler/schedule_one.go;
https://kubernetes.io/docs/concepts/scheduling-eviction/scheduler-perf-tuning/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from itertools import chain
from typing import Final

import attrs

from kubelite.apimachinery.scheme import Resource
from kubelite.scheduler.framework import Filtering, Handle, Plugin, Status, Test, merged_names
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.plugins import PLUGINS
from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.profiles import Profile

FEASIBLE_MIN: Final = 100
PERCENTAGE_MIN: Final = 5
NO_NODES: Final = "no nodes available to schedule pods"


def feasible_wanted(nodes: int, percentage: int | None = None) -> int:
    """How many feasible nodes suffice: 50 % less 1 % per 125 nodes, at least 5 % and 100 nodes."""
    if nodes < FEASIBLE_MIN:
        return nodes
    share = percentage or max(PERCENTAGE_MIN, 50 - nodes // 125)
    return max(FEASIBLE_MIN, nodes * share // 100)


@attrs.define(eq=False, repr=False)
class Verdict:
    """What a cycle decided.

    Attributes:
        node: Where the pod goes; None if it fits nowhere.
        statuses: Why not, by node name, as far as nodes were looked at.
        absent: Why not those that were not.
        pre_filter: Why the pod can go nowhere, whatever the nodes.
        rejected_by: The plugins that rejected the pod or a node.
        filterings: What the filters found out, for preemption.
        looked_at: How many nodes were looked at: the next cycle begins behind them.
        is_nominated: Only the node was looked at on which room was made for the pod.
    """

    node: str | None = None
    statuses: dict[str, Status] = attrs.field(factory=dict)
    absent: Status | None = None
    pre_filter: Status | None = None
    rejected_by: frozenset[str] = frozenset()
    filterings: tuple[Filtering, ...] = ()
    looked_at: int = 0
    is_nominated: bool = False

    def status_of(self, node: str) -> Status | None:
        """Why a node will not do."""
        return self.statuses.get(node, self.absent)


class Framework:
    """The plugins of a profile; each is imported and made when a pod first needs it."""

    def __init__(self, profile: Profile, handle: Handle) -> None:
        self.profile = profile
        self.handle = handle
        self._plugins: dict[str, Plugin] = {}
        # What a profile gives arguments may mean every pod.
        self._always = frozenset(name for name, args in profile.args.items() if args)
        self._filters = [
            (name, PLUGINS[name].filters, name in self._always)
            for name in (*profile.filters, *profile.narrowing)
        ]
        self._scores = [
            (name, weight, PLUGINS[name].scores, name in self._always) for name, weight in profile.scores
        ]

    def plugin(self, name: str) -> Plugin:
        """A plugin by its name."""
        found = self._plugins.get(name)
        if found is None:
            module = import_module(f"kubelite.scheduler.plugins.{PLUGINS[name].module}")
            found = getattr(module, name)(self.handle, self.profile.args.get(name) or {})
            assert isinstance(found, Plugin)
            self._plugins[name] = found
        return found

    def filters_of(self, info: PodInfo) -> list[str]:
        """The plugins whose PreFilter has to be asked about a pod."""
        cache = self.handle.cache
        return [name for name, needed, always in self._filters if always or (needed and needed(info, cache))]

    def scores_of(self, info: PodInfo) -> list[tuple[str, int]]:
        """The plugins whose PreScore has to be asked about a pod, with their weights."""
        cache = self.handle.cache
        return [
            (name, weight)
            for name, weight, needed, always in self._scores
            if always or (needed and needed(info, cache))
        ]

    def resources_of(self, info: PodInfo) -> Iterable[Resource]:
        """The kinds that have to be known before a pod is scheduled, beside pods and nodes."""
        found: dict[Resource, None] = {}
        for name in (*self.filters_of(info), *(name for name, _ in self.scores_of(info))):
            resources = PLUGINS[name].resources
            if resources is not None:
                found |= dict.fromkeys(resources(info))
        return found

    # -- one pod

    def pre_filter(self, info: PodInfo, verdict: Verdict) -> tuple[Filtering, ...]:
        """The filters for a pod; `verdict` is told if there is no node for it."""
        found: list[Filtering] = []
        narrowing: list[str] = []
        for name in self.filters_of(info):
            answer = self.plugin(name).pre_filter(info)
            if isinstance(answer, Status):
                verdict.pre_filter = verdict.absent = answer
                verdict.rejected_by = frozenset({name})
                return ()
            if answer is not None:
                if name in self.profile.narrowing:
                    answer = Filtering(lambda _: None, answer.names)
                found.append(answer)
                if answer.names is not None:
                    narrowing.append(name)
        if narrowing:
            plugins = " ".join(sorted(narrowing))
            verdict.absent = Status(narrowing[0], (f"node(s) didn't satisfy plugin(s) [{plugins}]",))
            verdict.rejected_by = frozenset(narrowing)
        verdict.filterings = tuple(found)
        return verdict.filterings

    def run_filters(self, info: PodInfo, node: NodeInfo, filterings: Sequence[Filtering]) -> Status | None:
        """Why a node will not do, with the pods in mind for which room was made there."""
        nominated = self.handle.cache.nominated.get(node.name)
        if nominated:
            others = [
                other
                for other in nominated.values()
                if other.uid != info.uid and other.priority >= info.priority
            ]
            if others:
                crowded, copies = node.copy(), [each.copy() for each in filterings]
                for other in others:
                    crowded.add(other)
                    for each in copies:
                        each.add_pod(other, crowded)
                status = first_refusal(crowded, [each.test for each in copies])
                if status is not None:
                    return status
        return first_refusal(node, [each.test for each in filterings])

    def schedule(self, info: PodInfo, start: int) -> Verdict:
        """Where a pod goes.

        Args:
            info: The pod.
            start: The index among all nodes to begin with.
        """
        verdict, feasible = self.find(info, start, is_compared=bool(self.profile.scores))
        return self.choose(info, feasible, verdict)

    def find(
        self, info: PodInfo, start: int, *, is_compared: bool, ignore_nomination: bool = False
    ) -> tuple[Verdict, list[NodeInfo]]:
        """The nodes that a pod may go to, and why not to others.

        Args:
            info: The pod.
            start: The index among all nodes to begin with.
            is_compared: Whether nodes are compared; if not, the first will do.
            ignore_nomination: Look at all nodes also if room was made on one.
        """
        cache = self.handle.cache
        nodes = cache.listed()
        verdict = Verdict()
        if not nodes:
            return verdict, []
        filterings = self.pre_filter(info, verdict)
        if verdict.pre_filter is not None:
            return verdict, []
        nominated = None
        if not ignore_nomination:
            nominated = cache.existing(cache.nomination(info.uid) or info.nominated)
        if nominated is not None and self.run_filters(info, nominated, filterings) is None:
            verdict.is_nominated = True
            return verdict, [nominated]
        names = merged_names(filterings)
        if names is not None:
            nodes = [node for node in map(cache.existing, sorted(names)) if node is not None]
        return verdict, self._feasible(info, nodes, start, verdict, is_compared=is_compared)

    def choose(
        self,
        info: PodInfo,
        feasible: Sequence[NodeInfo],
        verdict: Verdict,
        extra: Sequence[int] | None = None,
    ) -> Verdict:
        """The best of the nodes that are left, by chance among equals.

        Args:
            info: The pod.
            feasible: The nodes.
            verdict: Is told which it is, or who rejected the pod.
            extra: What others than the plugins add to the score of each node.
        """
        if not feasible:
            rejecting = {status.plugin for status in verdict.statuses.values()}
            verdict.rejected_by = verdict.rejected_by | rejecting
        elif len(feasible) == 1:
            verdict.node = feasible[0].name
        else:
            totals = self.prioritize(info, feasible)
            if extra is not None:
                totals = [a + b for a, b in zip(totals, extra, strict=True)]
            best = max(totals)
            winners = [index for index, total in enumerate(totals) if total == best]
            chosen = winners[0] if len(winners) == 1 else winners[self.handle.random(len(winners))]
            verdict.node = feasible[chosen].name
        return verdict

    def _feasible(
        self, info: PodInfo, nodes: Sequence[NodeInfo], start: int, verdict: Verdict, *, is_compared: bool
    ) -> list[NodeInfo]:
        """As many nodes as are wanted which pass all filters."""
        count = len(nodes)
        if not count:
            return []
        start %= count
        wanted = feasible_wanted(count, self.profile.percentage) if is_compared else 1
        filterings, statuses = verdict.filterings, verdict.statuses
        crowded = self.handle.cache.nominated
        feasible: list[NodeInfo] = []
        tests = [each.test for each in filterings]
        alone = tests[0] if len(tests) == 1 and not crowded else None
        for index in chain(range(start, count), range(start)):
            node = nodes[index]
            if alone is not None:
                status = alone(node)
            elif node.name in crowded:
                status = self.run_filters(info, node, filterings)
            else:
                status = first_refusal(node, tests)
            if status is not None:
                statuses[node.name] = status
                continue
            feasible.append(node)
            if len(feasible) >= wanted:
                break
        verdict.looked_at = len(feasible) + len(statuses)
        return feasible

    def prioritize(
        self,
        info: PodInfo,
        nodes: Sequence[NodeInfo],
        told: dict[str, list[int]] | None = None,
    ) -> list[int]:
        """The weighted sum of the scores of each node.

        Args:
            info: The pod.
            nodes: The feasible ones: what is relative is so among these.
            told: Takes down what each plugin gave, weighted.
        """
        totals: list[int] | None = None
        for name, weight in self.scores_of(info):
            plugin = self.plugin(name)
            scorer = plugin.pre_score(info, nodes)
            if scorer is None:
                continue
            scores = plugin.normalize(scorer(nodes))
            if weight != 1:
                scores = [score * weight for score in scores]
            if told is not None:
                told[name] = scores
            totals = scores if totals is None else [a + b for a, b in zip(totals, scores, strict=True)]
        return [0] * len(nodes) if totals is None else totals


def first_refusal(node: NodeInfo, tests: Iterable[Test]) -> Status | None:
    """What the first filter says that refuses a node."""
    for test in tests:
        status = test(node)
        if status is not None:
            return status
    return None


def fit_error(
    nodes: int, statuses: Mapping[str, Status], absent: Status | None, pre_filter: Status | None = None
) -> str:
    """Why a pod fits nowhere, as kube-scheduler says it, without what came of preemption.

    Args:
        nodes: How many there are.
        statuses: By node name.
        absent: Of the nodes that have none.
        pre_filter: Of the pod itself.

    Source: pkg/scheduler/framework/types.go (FitError).
    """
    text = f"0/{nodes} nodes are available:"
    if pre_filter is not None:
        return f"{text} {', '.join(pre_filter.reasons)}."
    counts: dict[str, int] = {}
    for status in statuses.values():
        for reason in status.reasons:
            counts[reason] = counts.get(reason, 0) + 1
    if absent is not None and nodes > len(statuses):
        for reason in absent.reasons:
            counts[reason] = counts.get(reason, 0) + nodes - len(statuses)
    if not counts:
        return text
    return f"{text} {', '.join(sorted(f'{count} {reason}' for reason, count in counts.items()))}."

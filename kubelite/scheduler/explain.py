"""What every plugin says of a pod on every node: why it is where it is, or why it is nowhere.

All nodes are looked at, all filters are asked, and nothing is changed. Extenders are not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from kubelite.api.resources import PODDISRUPTIONBUDGETS
from kubelite.scheduler.cache import Cache
from kubelite.scheduler.cycle import NO_NODES, Framework, Verdict, fit_error
from kubelite.scheduler.framework import Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.preemption import preempt

_INDENT: Final = "  "


@attrs.frozen
class NodeVerdict:
    """What the plugins say of a pod on one node.

    Attributes:
        node: Its name.
        refusals: The reasons of each filter plugin which refuses it; empty if none does.
        scores: What each score plugin gives it, times its weight; empty if it is refused.
        score: Their sum.
    """

    node: str
    refusals: Mapping[str, tuple[str, ...]]
    scores: Mapping[str, int]
    score: int

    @property
    def is_feasible(self) -> bool:
        """Whether the pod may run there."""
        return not self.refusals

    def __str__(self) -> str:
        if self.refusals:
            why = "; ".join(f"{plugin}: {', '.join(reasons)}" for plugin, reasons in self.refusals.items())
            return f"{self.node}: no, {why}"
        given = ", ".join(f"{plugin} {score}" for plugin, score in self.scores.items())
        return f"{self.node}: {self.score}" + (f" ({given})" if given else "")


@attrs.frozen
class PreemptionCandidate:
    """A node on which room could be made.

    Attributes:
        node: Its name.
        victims: The pods, as `namespace/name`, which would have to go: the most important first.
        violations: How many of them a PodDisruptionBudget protects.
    """

    node: str
    victims: tuple[str, ...]
    violations: int

    def __str__(self) -> str:
        broken = f", against {self.violations} disruption budgets" if self.violations else ""
        return f"{self.node}: {', '.join(self.victims)} would have to go{broken}"


@attrs.frozen(repr=False)
class Explanation:
    """What every plugin says of a pod; prompts show it as the text that `print` gives.

    Attributes:
        pod: As `namespace/name`.
        scheduler: The profile that the pod names.
        node: Where the pod is now; "" if it has no node.
        chosen: Where it would go now, once nothing holds it back; "" if it fits nowhere. Of equal nodes this
            is the first, while the scheduler takes any.
        rejected: The plugin that holds the pod back whatever the node, and why; None if none does.
        nodes: The verdict on each node.
        preemption: Nodes on which room could be made for it, the best first.
        message: What the scheduler says of a pod that fits nowhere; "" for others.
    """

    pod: str
    scheduler: str
    node: str = ""
    chosen: str = ""
    rejected: tuple[str, tuple[str, ...]] | None = None
    nodes: tuple[NodeVerdict, ...] = ()
    preemption: tuple[PreemptionCandidate, ...] = ()
    message: str = ""

    def on(self, node: str) -> NodeVerdict:
        """The verdict on a node.

        Raises:
            KeyError: There is no such node.
        """
        for each in self.nodes:
            if each.node == node:
                return each
        raise KeyError(node)

    def __str__(self) -> str:
        lines = [f"pod {self.pod} ({self.scheduler})"]
        if self.node:
            lines.append(f"{_INDENT}runs on {self.node}")
        if self.chosen and self.chosen != self.node:
            lines.append(f"{_INDENT}would go to {self.chosen}{' now' if self.node else ''}")
        if self.rejected is not None:
            plugin, reasons = self.rejected
            lines.append(f"{_INDENT}held back by {plugin}: {', '.join(reasons)}")
        lines += [f"{_INDENT}{each}" for each in sorted(self.nodes, key=lambda each: -each.score)]
        lines += [f"{_INDENT}preemption on {each}" for each in self.preemption]
        if self.message:
            lines.append(f"{_INDENT}{self.message}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def explain(
    framework: Framework | None,
    info: PodInfo,
    cache: Cache,
    lister: Callable[[Any], Any],
    now: float,
) -> Explanation:
    """What every plugin says of a pod.

    Args:
        framework: The profile that the pod names; None if this scheduler has none of that name.
        info: The pod.
        cache: All nodes; it is as before afterwards.
        lister: For PodDisruptionBudgets.
        now: Unix seconds.
    """
    scheduler = info.spec.get("schedulerName") or ""
    if framework is None:
        return Explanation(
            info.key, scheduler, message=f"no profile of this scheduler is called {scheduler!r}"
        )
    here = cache.node_of(info.uid)
    known = cache.forget(info.uid) if here else None
    try:
        # A pod that has its node is judged as if it still had none.
        free = {key: value for key, value in info.spec.items() if key != "nodeName"}
        judged = PodInfo.of({**info.pod, "spec": free}) if here else info
        return _explain(framework, judged, here or "", lister, now)
    finally:
        if known is not None and here:
            cache.place(known, here)


def _explain(
    framework: Framework, info: PodInfo, here: str, lister: Callable[[Any], Any], now: float
) -> Explanation:
    name, nodes = framework.profile.name, framework.handle.cache.listed()
    rejected = _gates(framework, info)
    if not nodes:
        return Explanation(info.key, name, here, rejected=rejected, message=NO_NODES)
    verdict = Verdict()
    filterings = framework.pre_filter(info, verdict)
    if verdict.pre_filter is not None:
        rejected = verdict.pre_filter.plugin, verdict.pre_filter.reasons
        message = _message(framework, info, verdict, lister, now)[0]
        return Explanation(info.key, name, here, rejected=rejected, message=message)
    refusals = {node.name: _refusals(framework, info, node, verdict) for node in nodes}
    feasible = [node for node in nodes if not refusals[node.name]]
    for node in nodes:
        status = framework.run_filters(info, node, filterings)
        if status is not None and node.name in refusals:
            verdict.statuses[node.name] = status
    told: dict[str, list[int]] = {}
    totals = framework.prioritize(info, feasible, told) if feasible else []
    scored = {
        node.name: ({plugin: scores[index] for plugin, scores in told.items()}, totals[index])
        for index, node in enumerate(feasible)
    }
    verdicts = tuple(
        NodeVerdict(node.name, refusals[node.name], *scored.get(node.name, ({}, 0))) for node in nodes
    )
    if feasible:
        chosen = feasible[totals.index(max(totals))].name
        return Explanation(info.key, name, here, chosen, rejected, verdicts)
    message, candidates = _message(framework, info, verdict, lister, now)
    return Explanation(info.key, name, here, "", rejected, verdicts, candidates, message)


def _gates(framework: Framework, info: PodInfo) -> tuple[str, tuple[str, ...]] | None:
    """What holds a pod back before it is scheduled at all."""
    gates = info.spec.get("schedulingGates")
    if not gates or not framework.profile.has("preEnqueue", "SchedulingGates"):
        return None
    names = ", ".join(each["name"] for each in gates)
    return "SchedulingGates", (f"waiting for scheduling gates: {names}",)


def _refusals(
    framework: Framework, info: PodInfo, node: NodeInfo, verdict: Verdict
) -> dict[str, tuple[str, ...]]:
    """The reasons of all filters that refuse a node."""
    found: dict[str, tuple[str, ...]] = {}
    for each in verdict.filterings:
        if each.names is not None and node.name not in each.names and verdict.absent is not None:
            found[verdict.absent.plugin] = verdict.absent.reasons
            continue
        status: Status | None = framework.run_filters(info, node, (each,))
        if status is not None:
            found[status.plugin] = status.reasons
    return found


def _message(
    framework: Framework, info: PodInfo, verdict: Verdict, lister: Callable[[Any], Any], now: float
) -> tuple[str, tuple[PreemptionCandidate, ...]]:
    """What the scheduler says of a pod that fits nowhere, and where room could be made."""
    nodes = len(framework.handle.cache.listed())
    message = fit_error(nodes, verdict.statuses, verdict.absent, verdict.pre_filter)
    if not framework.profile.has("postFilter", "DefaultPreemption"):
        return message, ()
    found = preempt(framework, info, verdict, lister(PODDISRUPTIONBUDGETS).list(), now)
    candidates = [
        PreemptionCandidate(each.node, tuple(victim.key for victim in each.victims), each.violations)
        for each in sorted(found.candidates, key=lambda each: each is not found.chosen)
    ]
    return f"{message} {found.message}".rstrip(), tuple(candidates)

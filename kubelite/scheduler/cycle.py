"""One scheduling cycle: pure.

Filters, then scores; equal scores are decided by chance, from the cluster's seed.

With many nodes only as many feasible ones are looked for as kube-scheduler would, beginning where the last
cycle ended.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/scheduler-perf-tuning/;
https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from kubelite.runtime import Randomness
from kubelite.runtime.values import Value
from kubelite.scheduler.nodeinfo import NodeInfo, PodInfo
from kubelite.scheduler.plugins.filters import FILTERS, Refusal
from kubelite.scheduler.plugins.scores import score

FEASIBLE_MIN: Final = 100
PERCENTAGE_MIN: Final = 5


@attrs.frozen(eq=False, repr=False)
class Verdict(Value):
    """What a cycle decided.

    Attributes:
        node: Where the pod goes; None if it fits nowhere.
        refusals: Why not, by node name, as far as nodes were looked at.
        looked_at: How many nodes were looked at: the next cycle begins behind them.
    """

    node: str | None
    refusals: Mapping[str, Refusal]
    looked_at: int


def feasible_wanted(nodes: int) -> int:
    """How many feasible nodes suffice: 50 % less 1 % per 125 nodes, at least 5 % and 100 nodes."""
    if nodes <= FEASIBLE_MIN:
        return nodes
    percentage = max(PERCENTAGE_MIN, 50 - nodes // 125)
    return max(FEASIBLE_MIN, nodes * percentage // 100)


def find_node(info: PodInfo, nodes: Sequence[NodeInfo], start: int, random: Randomness) -> Verdict:
    """The node for a pod.

    Args:
        info: The pod.
        nodes: All nodes, in a fixed order.
        start: The index to begin with.
        random: Decides between equals.
    """
    wanted, count = feasible_wanted(len(nodes)), len(nodes)
    filters = tuple(FILTERS.values())
    feasible: list[NodeInfo] = []
    refusals: dict[str, Refusal] = {}
    looked_at = 0
    for offset in range(count):
        node = nodes[(start + offset) % count]
        looked_at += 1
        for test in filters:
            refusal = test(info, node)
            if refusal is not None:
                refusals[node.name] = refusal
                break
        else:
            feasible.append(node)
            if len(feasible) >= wanted:
                break
    if not feasible:
        return Verdict(None, refusals, looked_at)
    if len(feasible) == 1:
        return Verdict(feasible[0].name, refusals, looked_at)
    scores = score(info, feasible)
    best = max(scores)
    winners = [node.name for node, value in zip(feasible, scores, strict=True) if value >= best - 1e-9]
    return Verdict(winners[0] if len(winners) == 1 else random.choice(winners), refusals, looked_at)


def explain(refusals: Mapping[str, Refusal], nodes: int, *, preempts: bool = True) -> str:
    """Why a pod fits nowhere, as kube-scheduler says it.

    Args:
        refusals: By node name.
        nodes: How many there are.
        preempts: Whether the pod's preemptionPolicy lets it.
    """
    if nodes == 0:
        return "no nodes available to schedule pods"
    counts = Counter(reason for refusal in refusals.values() for reason in refusal.reasons)
    listed = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    if not preempts:
        ineligible = "preemption: not eligible due to preemptionPolicy=Never."
        return f"0/{nodes} nodes are available: {listed}. {ineligible}"
    helpful = sum(refusal.resolvable for refusal in refusals.values())
    hopeless = len(refusals) - helpful
    parts = []
    if helpful:
        parts.append(f"{helpful} No preemption victims found for incoming pod")
    if hopeless:
        parts.append(f"{hopeless} Preemption is not helpful for scheduling")
    preemption = f"preemption: 0/{nodes} nodes are available: {', '.join(sorted(parts))}."
    return f"0/{nodes} nodes are available: {listed}. no new claims to deallocate, {preemption}"

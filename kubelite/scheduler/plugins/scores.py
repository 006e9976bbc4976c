"""Scores: how good is a node for a pod, from 0 to 100?

Source: https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins; weights are
kube-scheduler's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kubelite.api.nodeselector import matches_terms
from kubelite.api.tolerations import tolerates
from kubelite.scheduler.nodeinfo import NodeInfo, PodInfo

BEST: Final = 100.0
WEIGHT_SPREAD, WEIGHT_TAINTS, WEIGHT_AFFINITY, WEIGHT_FIT, WEIGHT_BALANCE = 2.0, 3.0, 2.0, 1.0, 1.0


def _shares(info: PodInfo, node: NodeInfo) -> tuple[float, float]:
    """The used shares of cpu and memory with the pod on the node."""
    cpu = node.assumed_cpu_milli + info.assumed_cpu_milli
    memory = node.assumed_memory_bytes + info.assumed_memory_bytes
    return min(1.0, cpu / max(1, node.allocatable.get("cpu", 1))), min(
        1.0, memory / max(1, node.allocatable.get("memory", 1))
    )


def least_allocated(cpu: float, memory: float) -> float:
    """The emptier, the better."""
    return BEST * (2.0 - cpu - memory) / 2.0


def balanced(cpu: float, memory: float) -> float:
    """The more alike the shares of cpu and memory, the better."""
    return BEST * (1.0 - abs(cpu - memory) / 2.0)


def node_affinity(info: PodInfo, node: NodeInfo) -> float:
    """The sum of the weights of the preferences that are met."""
    affinity = (info.pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    total = 0.0
    for each in affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
        if matches_terms((each.get("preference") or {},), node.labels, node.name):
            total += each["weight"]
    return total


def soft_taints(info: PodInfo, node: NodeInfo) -> int:
    """PreferNoSchedule taints that the pod does not tolerate."""
    return sum(
        each["effect"] == "PreferNoSchedule" and not tolerates(each, info.tolerations) for each in node.taints
    )


def score(info: PodInfo, nodes: Sequence[NodeInfo]) -> list[float]:
    """The weighted sum for each node; what is counted is normalised over the nodes given."""
    group = info.group
    counts = [node.groups.get(group, 0) for node in nodes] if group else None
    most = max(counts) if counts else 0
    has_taints = any(node.taints for node in nodes)
    taints = [soft_taints(info, node) for node in nodes] if has_taints else None
    worst = max(taints) if taints else 0
    preferences = [node_affinity(info, node) for node in nodes] if info.pod["spec"].get("affinity") else None
    top = max(preferences) if preferences else 0
    made = []
    for index, node in enumerate(nodes):
        cpu, memory = _shares(info, node)
        total = WEIGHT_FIT * least_allocated(cpu, memory) + WEIGHT_BALANCE * balanced(cpu, memory)
        if counts is not None:
            total += WEIGHT_SPREAD * BEST * ((most - counts[index]) / most if most else 1.0)
        if taints is not None:
            total += WEIGHT_TAINTS * BEST * ((worst - taints[index]) / worst if worst else 1.0)
        if preferences is not None and top:
            total += WEIGHT_AFFINITY * BEST * preferences[index] / top
        made.append(total)
    return made

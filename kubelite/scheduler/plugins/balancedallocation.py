"""NodeResourcesBalancedAllocation: the more alike the used shares of a node's resources, the better.

Pods that request none of these resources are not told from each other by it.

Source: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Final

from kubelite.scheduler.framework import BEST, Handle, Plugin, Scorer
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

DEFAULT_RESOURCES: Final = ("cpu", "memory")


def balance(shares: Sequence[float]) -> int:
    """100 less the standard deviation of the shares, in per cent."""
    if len(shares) < 2:
        return BEST
    mean = sum(shares) / len(shares)
    deviation = sqrt(sum((share - mean) ** 2 for share in shares) / len(shares))
    return int((1 - deviation) * BEST)


def _requested_by(info: PodInfo, name: str) -> int:
    if name == "cpu":
        return info.cpu
    if name == "memory":
        return info.memory
    if name == "ephemeral-storage":
        return info.ephemeral
    return dict(info.scalars).get(name, 0)


def _used_and_there(node: NodeInfo, name: str) -> tuple[int, int]:
    if name == "cpu":
        return node.cpu - node.free_cpu, node.cpu
    if name == "memory":
        return node.memory - node.free_memory, node.memory
    if name == "ephemeral-storage":
        return node.ephemeral - node.free_ephemeral, node.ephemeral
    return node.used_scalars.get(name, 0), node.allocatable.get(name, 0)


class NodeResourcesBalancedAllocation(Plugin):
    """See the module's docstring."""

    name = "NodeResourcesBalancedAllocation"

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        super().__init__(handle, args)
        self._resources = tuple(each["name"] for each in args.get("resources") or ()) or DEFAULT_RESOURCES

    def pre_score(self, info: PodInfo, nodes: Sequence[NodeInfo]) -> Scorer | None:
        """See the module's docstring."""
        requested = [(name, _requested_by(info, name)) for name in self._resources]
        if not any(amount for _, amount in requested):
            return None
        if self._resources == DEFAULT_RESOURCES:
            return lambda nodes: _balance_of_cpu_and_memory(info.cpu, info.memory, nodes)

        def score(node: NodeInfo) -> int:
            shares = []
            for name, amount in requested:
                used, there_is = _used_and_there(node, name)
                if there_is and (amount or name in DEFAULT_RESOURCES):
                    shares.append(min(1.0, (used + amount) / there_is))
            return balance(shares)

        return lambda nodes: [score(node) for node in nodes]


def _balance_of_cpu_and_memory(cpu: int, memory: int, nodes: Sequence[NodeInfo]) -> list[int]:
    """As `balance` has it for two shares: their deviation is half their difference."""
    scores = []
    for node in nodes:
        cpus, bytes_ = node.cpu, node.memory
        if not cpus or not bytes_:
            scores.append(BEST)
            continue
        of_cpu = (cpus - node.free_cpu + cpu) / cpus
        of_memory = (bytes_ - node.free_memory + memory) / bytes_
        # More than everything counts as everything.
        difference = (of_cpu if of_cpu < 1.0 else 1.0) - (of_memory if of_memory < 1.0 else 1.0)  # noqa: FURB136
        scores.append(int((1 - abs(difference / 2)) * 100))
    return scores

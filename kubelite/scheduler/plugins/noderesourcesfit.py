"""NodeResourcesFit: what a pod requests must be left; and by default the emptier node is the better one.

Scores are those of `scoringStrategy`: LeastAllocated, MostAllocated or RequestedToCapacityRatio.

Source: pkg/scheduler/framework/plugins/noderesources/{fit,least_allocated,most_allocated,
requested_to_capacity_ratio,resource_allocation}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Final

from kubelite.scheduler.framework import BEST, Filtering, Handle, Plugin, Scorer, Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

NAME: Final = "NodeResourcesFit"
TOO_MANY: Final = "Too many pods"
DEFAULT_RESOURCES: Final = ({"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1})
UTILIZATION_MAX: Final = 100
_SHAPE_SCORE_MAX: Final = 10
Rate = Callable[[int, int], int]
"""A score for one resource, of what is requested with the pod and what there is."""


def insufficient(info: PodInfo, node: NodeInfo, scalars: Sequence[tuple[str, int]]) -> Status | None:
    """What is missing on a node; None if nothing is."""
    reasons, resolvable = [], True
    if node.free_pods < 1:
        reasons.append(TOO_MANY)
    for name, amount, free, there_is in (
        ("cpu", info.cpu, node.free_cpu, node.cpu),
        ("memory", info.memory, node.free_memory, node.memory),
        ("ephemeral-storage", info.ephemeral, node.free_ephemeral, node.ephemeral),
        *(
            (
                name,
                amount,
                node.allocatable.get(name, 0) - node.used_scalars.get(name, 0),
                node.allocatable.get(name, 0),
            )
            for name, amount in scalars
        ),
    ):
        if amount > 0 and amount > free:
            reasons.append(f"Insufficient {name}")
            resolvable = resolvable and amount <= there_is
    return Status(NAME, tuple(reasons), resolvable) if reasons else None


def least_allocated(requested: int, there_is: int) -> int:
    """The emptier, the better."""
    return 0 if not there_is or requested > there_is else (there_is - requested) * BEST // there_is


def most_allocated(requested: int, there_is: int) -> int:
    """The fuller, the better."""
    return 0 if not there_is else min(requested, there_is) * BEST // there_is


def shaped(shape: Sequence[tuple[int, int]], requested: int, there_is: int) -> int:
    """As a broken line says.

    Args:
        shape: Utilization in per cent and score, ascending.
        requested: With the pod.
        there_is: On the node.
    """
    if not there_is or requested > there_is:
        return shape[-1][1]
    used = requested * UTILIZATION_MAX // there_is
    if used <= shape[0][0]:
        return shape[0][1]
    for (left, low), (right, high) in pairwise(shape):
        if used <= right:
            return low + (high - low) * (used - left) // (right - left)
    return shape[-1][1]


def rate_of(strategy: Mapping[str, Any]) -> Rate:
    """The score function of a `scoringStrategy`."""
    match strategy.get("type"):
        case "MostAllocated":
            return most_allocated
        case "RequestedToCapacityRatio":
            points = strategy["requestedToCapacityRatio"]["shape"]
            shape = [
                (each.get("utilization") or 0, (each.get("score") or 0) * BEST // _SHAPE_SCORE_MAX)
                for each in points
            ]
            return partial(shaped, shape)
        case _:
            return least_allocated


def requested_of(info: PodInfo, node: NodeInfo, name: str) -> tuple[int, int]:
    """What is requested of a resource on a node with the pod (by silent containers too); what there is."""
    if name == "cpu":
        return node.nonzero_cpu + info.nonzero_cpu, node.cpu
    if name == "memory":
        return node.nonzero_memory + info.nonzero_memory, node.memory
    if name == "ephemeral-storage":
        return node.ephemeral - node.free_ephemeral + info.ephemeral, node.ephemeral
    mine = dict(info.scalars).get(name, 0)
    if not mine:
        return 0, 0  # a resource that the pod does not ask for says nothing
    return node.used_scalars.get(name, 0) + mine, node.allocatable.get(name, 0)


class NodeResourcesFit(Plugin):
    """See the module's docstring."""

    name = NAME

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        super().__init__(handle, args)
        strategy: Mapping[str, Any] = args.get("scoringStrategy") or {}
        self._rate = rate_of(strategy)
        resources: Sequence[Mapping[str, Any]] = strategy.get("resources") or DEFAULT_RESOURCES
        self._resources = [(each["name"], each.get("weight") or 1) for each in resources]
        self._is_ratio = strategy.get("type") == "RequestedToCapacityRatio"
        self._is_default = self._rate is least_allocated and self._resources == [("cpu", 1), ("memory", 1)]
        self._ignored = frozenset(args.get("ignoredResources") or ())
        self._ignored_groups = frozenset(args.get("ignoredResourceGroups") or ())

    def pre_filter(self, info: PodInfo) -> Filtering:
        """Nodes on which all is left that the pod requests."""
        scalars = info.scalars
        if self._ignored or self._ignored_groups:
            scalars = tuple(
                (name, amount)
                for name, amount in scalars
                if name not in self._ignored and name.partition("/")[0] not in self._ignored_groups
            )
        # Who requests nothing of a resource is not kept away by its being overcommitted.
        cpu, memory = info.cpu or -(1 << 62), info.memory or -(1 << 62)
        ephemeral = info.ephemeral
        if not scalars and not ephemeral:

            def test(node: NodeInfo) -> Status | None:
                if cpu <= node.free_cpu and memory <= node.free_memory and node.free_pods > 0:
                    return None
                return insufficient(info, node, ())
        else:

            def test(node: NodeInfo) -> Status | None:
                return insufficient(info, node, scalars)

        return Filtering(test)

    def pre_score(self, info: PodInfo, nodes: Sequence[NodeInfo]) -> Scorer:
        """See the module's docstring."""
        if self._is_default:
            return partial(_least_allocated_cpu_and_memory, info.nonzero_cpu, info.nonzero_memory)
        rate, resources, is_ratio = self._rate, self._resources, self._is_ratio

        def score(node: NodeInfo) -> int:
            total = weights = 0
            for name, weight in resources:
                requested, there_is = requested_of(info, node, name)
                if there_is:
                    one = rate(requested, there_is)
                    # Of a ratio only counts what gives points at all, and the mean is rounded.
                    if one > 0 or not is_ratio:
                        total += one * weight
                        weights += weight
            if is_ratio and weights:
                return (2 * total + weights) // (2 * weights)
            return total // weights if weights else 0

        return lambda nodes: [score(node) for node in nodes]


def _least_allocated_cpu_and_memory(cpu: int, memory: int, nodes: Sequence[NodeInfo]) -> list[int]:
    """As the general formula gives it for the default strategy, in one pass: every pod comes by here."""
    scores = []
    for node in nodes:
        cpus, bytes_ = node.cpu, node.memory
        free_cpu = cpus - node.nonzero_cpu - cpu
        free_memory = bytes_ - node.nonzero_memory - memory
        score = 0
        if free_cpu > 0:
            score = free_cpu * 100 // cpus
        if free_memory > 0:
            score += free_memory * 100 // bytes_
        scores.append(score // 2 if cpus and bytes_ else score)
    return scores

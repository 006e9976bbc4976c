"""How far an autoscaler goes at once: bounds, stabilisation windows and the policies of its behaviour. Pure.

What metrics ask for is first steadied by what they asked for lately, then held within the steps that are
allowed in a time, then within the bounds. A controller that starts afresh remembers nothing.

Source: k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go (normalizeDesiredReplicas,
normalizeDesiredReplicasWithBehaviors).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import attrs

STABILIZATION_S: Final = 300.0
"""How long a scale down waits unless the behaviour says otherwise."""
REMEMBERED_S: Final = 3600.0
"""The longest window and the longest period there may be."""
_FACTOR, _STEP_MIN = 2.0, 4.0
"""Without a behaviour replicas at most double, or become four."""

_UP_STABILIZED: Final = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
_DOWN_STABILIZED: Final = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
_READY: Final = ("ReadyForNewScale", "recommended size matches current size")
_WITHIN: Final = ("DesiredWithinRange", "the desired count is within the acceptable range")
_TOO_MANY: Final = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW: Final = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
_UP_LIMIT: Final = (
    "ScaleUpLimit",
    "the desired replica count is increasing faster than the maximum scale rate",
)
_DOWN_LIMIT: Final = (
    "ScaleDownLimit",
    "the desired replica count is decreasing faster than the maximum scale rate",
)

Words = tuple[str, str]
"""Reason and message of a condition."""


@attrs.frozen
class Mark:
    """A recommendation, or a change of the number of replicas, and when that was."""

    replicas: int
    time: float


@attrs.frozen
class Memory:
    """What an autoscaler remembers, oldest first.

    Attributes:
        recommendations: What metrics asked for.
        ups: By how many replicas it has scaled up.
        downs: The same for down; positive as well.
    """

    recommendations: tuple[Mark, ...] = ()
    ups: tuple[Mark, ...] = ()
    downs: tuple[Mark, ...] = ()

    def recommended(self, replicas: int, now: float) -> Memory:
        """With one more recommendation."""
        return attrs.evolve(self, recommendations=(*_recent(self.recommendations, now), Mark(replicas, now)))

    def scaled(self, before: int, after: int, now: float) -> Memory:
        """With one more change."""
        ups, downs = _recent(self.ups, now), _recent(self.downs, now)
        if after > before:
            return attrs.evolve(self, ups=(*ups, Mark(after - before, now)), downs=downs)
        return attrs.evolve(self, ups=ups, downs=(*downs, Mark(before - after, now)))


@attrs.frozen
class Limited:
    """How many replicas there are to be, and what is said of it.

    Attributes:
        replicas: How many.
        memory: The memory with this recommendation.
        able: For the condition AbleToScale.
        limited: For the condition ScalingLimited.
        is_limited: Whether another number would have been right.
    """

    replicas: int
    memory: Memory
    able: Words
    limited: Words
    is_limited: bool


def limit(
    spec: Mapping[str, Any],
    memory: Memory,
    current: int,
    desired: int,
    now: float,
    *,
    stabilization_s: float = STABILIZATION_S,
) -> Limited:
    """How many replicas an autoscaler may go to.

    Args:
        spec: Of the autoscaler.
        memory: What it remembers.
        current: How many replicas its target has.
        desired: How many its metrics ask for.
        now: Unix seconds.
        stabilization_s: The window of scale downs where the behaviour names none.
    """
    behavior = spec.get("behavior")
    low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
    if behavior is None:
        stable = max([desired, *_since(memory, now - stabilization_s)])
        able = _READY if stable == desired else _DOWN_STABILIZED
        replicas, words = _within_rules(current, stable, low, high)
    else:
        stable = _stabilize(behavior, memory, current, desired, now, stabilization_s)
        stabilized = _UP_STABILIZED if desired >= current else _DOWN_STABILIZED
        able = _READY if stable == desired else stabilized
        replicas, words = _within_policies(behavior, memory, current, stable, (low, high), now)
    return Limited(replicas, memory.recommended(desired, now), able, words, replicas != stable)


def _recent(marks: tuple[Mark, ...], now: float) -> tuple[Mark, ...]:
    return tuple(mark for mark in marks if mark.time >= now - REMEMBERED_S)


def _since(memory: Memory, cutoff: float) -> list[int]:
    return [mark.replicas for mark in memory.recommendations if mark.time >= cutoff]


def _stabilize(
    behavior: Mapping[str, Any], memory: Memory, current: int, desired: int, now: float, default_s: float
) -> int:
    """As near to the current number as the recommendations of both windows allow."""
    up_s = behavior["scaleUp"].get("stabilizationWindowSeconds", 0)
    down_s = behavior["scaleDown"].get("stabilizationWindowSeconds", default_s)
    marks = memory.recommendations
    lowest = min([desired, *(mark.replicas for mark in marks if mark.time > now - up_s)])
    highest = max([desired, *(mark.replicas for mark in marks if mark.time > now - down_s)])
    return min(max(current, lowest), highest)


def _within_rules(current: int, desired: int, low: int, high: int) -> tuple[int, Words]:
    """Within the bounds, and no more than twice as many."""
    fastest = int(max(_FACTOR * current, _STEP_MIN))
    if desired < low:
        return low, _TOO_FEW
    if desired > min(high, fastest):
        return min(high, fastest), _UP_LIMIT if high > fastest else _TOO_MANY
    return desired, _WITHIN


def _within_policies(
    behavior: Mapping[str, Any],
    memory: Memory,
    current: int,
    desired: int,
    bounds: tuple[int, int],
    now: float,
) -> tuple[int, Words]:
    """Within the bounds, and no faster than the policies allow."""
    low, high = bounds
    if desired > current:
        fastest = max(current, _up_limit(behavior["scaleUp"], memory, current, now))
        if desired > min(high, fastest):
            return min(high, fastest), _UP_LIMIT if high > fastest else _TOO_MANY
    elif desired < current:
        fastest = min(current, _down_limit(behavior["scaleDown"], memory, current, now))
        if desired < max(low, fastest):
            return max(low, fastest), _DOWN_LIMIT if low < fastest else _TOO_FEW
    return desired, _WITHIN


def _up_limit(rules: Mapping[str, Any], memory: Memory, current: int, now: float) -> int:
    select = rules.get("selectPolicy")
    if select == "Disabled":
        return current
    limits: list[int] = []
    for policy in rules["policies"]:
        start, value = _at_start(policy, memory, current, now), policy["value"]
        is_pods = policy["type"] == "Pods"
        limits.append(start + value if is_pods else math.ceil(start * (1 + value / 100)))
    return min(limits) if select == "Min" else max(limits)


def _down_limit(rules: Mapping[str, Any], memory: Memory, current: int, now: float) -> int:
    select = rules.get("selectPolicy")
    if select == "Disabled":
        return current
    limits: list[int] = []
    for policy in rules["policies"]:
        start, value = _at_start(policy, memory, current, now), policy["value"]
        limits.append(start - value if policy["type"] == "Pods" else int(start * (1 - value / 100)))
    return max(limits) if select == "Min" else min(limits)


def _at_start(policy: Mapping[str, Any], memory: Memory, current: int, now: float) -> int:
    """How many replicas there were when the period of a policy began."""
    cutoff: float = now - policy["periodSeconds"]
    added = sum(mark.replicas for mark in memory.ups if mark.time > cutoff)
    removed = sum(mark.replicas for mark in memory.downs if mark.time > cutoff)
    return current - added + removed

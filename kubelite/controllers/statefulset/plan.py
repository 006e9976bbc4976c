"""What a StatefulSet does next: members made in order and removed from the last, one step at a time. Pure.

With OrderedReady every step waits for all members before it to be available; with Parallel members come and
go together. An update removes the last member that is not of the new revision and waits for its successor,
under either policy; with `maxUnavailable` (a feature that is off unless asked for), several at once. What
scaling wants comes before what an update wants.

Source: k8s.io/kubernetes/pkg/controller/statefulset/stateful_set_control.go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from kubelite.api import podutil
from kubelite.apimachinery.intorstring import scaled
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.history.revisions import template_of
from kubelite.controllers.statefulset import pods as members


@attrs.frozen
class Plan:
    """One step.

    Attributes:
        create: Pods to be made, each after its claims.
        delete: Pods that have to go.
        claims: Pods that may be waiting for a claim which is not there.
        settled: Pods whose labels and whose claims' owners are to be looked at.
    """

    create: tuple[Object, ...] = ()
    delete: tuple[Object, ...] = ()
    claims: tuple[Object, ...] = ()
    settled: tuple[Object, ...] = ()


@attrs.frozen
class Situation:
    """A StatefulSet and its members, as they are.

    Attributes:
        current: The revision that members had before an update.
        update: The revision of the present template.
        pods: The members' pods.
        is_stale: Whether the member of that name has to wait for old claims to go.
        now: Unix seconds.
        limits_unavailable: Whether an update replaces several members at once, as `maxUnavailable` says.
    """

    stateful_set: Object
    current: Object
    update: Object
    pods: tuple[Object, ...]
    is_stale: Callable[[str], bool]
    now: float
    limits_unavailable: bool = False

    def is_available(self, pod: Object) -> bool:
        """Whether the others need not wait for a member."""
        return not podutil.is_terminating(pod) and members.is_available(self.stateful_set, pod, self.now)


def is_rolling(stateful_set: Object) -> bool:
    """Whether members of old revisions are replaced."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    return bool(strategy.get("type", "RollingUpdate") == "RollingUpdate")


def partition_of(stateful_set: Object) -> int:
    """How many members, from the first, keep the old revision."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    return int((strategy.get("rollingUpdate") or {}).get("partition") or 0)


def _new_member(situation: Situation, ordinal: int) -> Object:
    """A member as it is to be made: before the partition, of the old revision."""
    stateful_set = situation.stateful_set
    before = members.first_ordinal(stateful_set) + partition_of(stateful_set)
    revision = situation.current if is_rolling(stateful_set) and ordinal < before else situation.update
    return members.make_member(stateful_set, template_of(revision), revision["metadata"]["name"], ordinal)


def plan(situation: Situation) -> Plan:
    """The next step."""
    stateful_set = situation.stateful_set
    present: dict[int, Object] = {}
    for pod in situation.pods:
        ordinal = members.ordinal_of(stateful_set, pod["metadata"]["name"])
        if ordinal is not None:
            present[ordinal] = pod
    first = members.first_ordinal(stateful_set)
    wanted = range(first, first + members.replicas_of(stateful_set))
    replicas = [present.get(ordinal) for ordinal in wanted]
    condemned = [present[ordinal] for ordinal in sorted(present, reverse=True) if ordinal not in wanted]
    if stateful_set["spec"].get("podManagementPolicy") == "Parallel":
        return _plan_parallel(situation, wanted, replicas, condemned)
    return _plan_ordered(situation, wanted, replicas, condemned)


def _plan_ordered(
    situation: Situation, wanted: range, replicas: Sequence[Object | None], condemned: Sequence[Object]
) -> Plan:
    settled: list[Object] = []
    for ordinal, pod in zip(wanted, replicas, strict=True):
        done = tuple(settled)
        if pod is None:
            return Plan(create=_makeable(situation, [ordinal]), settled=done)
        if podutil.is_terminal(pod):
            return Plan(delete=() if podutil.is_terminating(pod) else (pod,), settled=done)
        if not situation.is_available(pod):
            return Plan(claims=_pending([pod]), settled=done)
        settled.append(pod)
    settled += condemned
    if condemned:
        last = condemned[0]
        first_broken = next((pod for pod in reversed(condemned) if not situation.is_available(pod)), None)
        waits = podutil.is_terminating(last) or (
            not situation.is_available(last) and last is not first_broken
        )
        return Plan(delete=() if waits else (last,), settled=tuple(settled))
    return Plan(delete=_outdated(situation, replicas), settled=tuple(settled))


def _plan_parallel(
    situation: Situation, wanted: range, replicas: Sequence[Object | None], condemned: Sequence[Object]
) -> Plan:
    here = [pod for pod in replicas if pod is not None]
    missing = [ordinal for ordinal, pod in zip(wanted, replicas, strict=True) if pod is None]
    ended = [pod for pod in here if podutil.is_terminal(pod)]
    gone = [pod for pod in (*ended, *condemned) if not podutil.is_terminating(pod)]
    outdated = [pod for pod in _outdated(situation, replicas) if pod not in gone]
    return Plan(
        create=_makeable(situation, missing),
        delete=(*gone, *outdated),
        claims=_pending(here),
        settled=(*(pod for pod in here if not podutil.is_terminal(pod)), *condemned),
    )


def _makeable(situation: Situation, ordinals: Sequence[int]) -> tuple[Object, ...]:
    made = [_new_member(situation, ordinal) for ordinal in ordinals]
    return tuple(pod for pod in made if not situation.is_stale(pod["metadata"]["name"]))


def _pending(pods: Sequence[Object]) -> tuple[Object, ...]:
    return tuple(pod for pod in pods if podutil.phase(pod) == podutil.PENDING)


def _outdated(situation: Situation, replicas: Sequence[Object | None]) -> tuple[Object, ...]:
    """What an update replaces next: the last member that is not new, once those after it are available."""
    if not is_rolling(situation.stateful_set):
        return ()
    if situation.limits_unavailable:
        return _several_outdated(situation, replicas)
    new = situation.update["metadata"]["name"]
    for pod in reversed(replicas[partition_of(situation.stateful_set) :]):
        if pod is None:
            return ()
        if members.revision_of(pod) != new and not podutil.is_terminating(pod):
            return (pod,)
        if not situation.is_available(pod):
            return ()
    return ()


def max_unavailable_of(stateful_set: Object) -> int:
    """How many members may be missing during an update: a number, or a share of them, rounded down."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    most = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1)
    return max(1, scaled(most, members.replicas_of(stateful_set), up=False))


def _several_outdated(situation: Situation, replicas: Sequence[Object | None]) -> tuple[Object, ...]:
    """The last members that are not new, as many as may be missing beside those that are so already."""
    missing = sum(pod is None or not situation.is_available(pod) for pod in replicas)
    room = max(0, max_unavailable_of(situation.stateful_set) - missing)
    new = situation.update["metadata"]["name"]
    old = [
        pod
        for pod in reversed(replicas[partition_of(situation.stateful_set) :])
        if pod is not None and members.revision_of(pod) != new and not podutil.is_terminating(pod)
    ]
    return tuple(old[:room])


# --- status -----------------------------------------------------------------------------------------------


def make_status(situation: Situation, collisions: int) -> Object:
    """The status that the set should have. The update is over once every member is new and ready.

    Args:
        situation: The set, and its members.
        collisions: How often the name of a revision was taken.
    """
    stateful_set, pods = situation.stateful_set, situation.pods
    ready = [pod for pod in pods if members.is_running_and_ready(pod)]
    available = sum(members.is_available(stateful_set, pod, situation.now) for pod in ready)
    revisions = [members.revision_of(pod) for pod in pods if not podutil.is_terminating(pod)]
    current, update = (each["metadata"]["name"] for each in (situation.current, situation.update))
    updated, wanted = revisions.count(update), members.replicas_of(stateful_set)
    if is_rolling(stateful_set) and updated == len(ready) == len(pods) == wanted:
        current = update
    counts = {
        "observedGeneration": stateful_set["metadata"].get("generation", 0),
        "readyReplicas": len(ready),
        "currentReplicas": revisions.count(current),
        "updatedReplicas": updated,
    }
    status: dict[str, Any] = {field: number for field, number in counts.items() if number}
    return {
        **status,
        "replicas": len(pods),
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": collisions,
        "availableReplicas": available,
    }


def next_available_s(situation: Situation) -> float | None:
    """Seconds until the next ready member becomes available; None if none is on its way."""
    wait_s = members.min_ready_s(situation.stateful_set)
    if not wait_s:
        return None
    since = [
        podutil.ready_since(pod)
        for pod in situation.pods
        if members.is_running_and_ready(pod)
        and not members.is_available(situation.stateful_set, pod, situation.now)
    ]
    left = [each + wait_s - situation.now for each in since if each is not None]
    return max(0.0, min(left)) if left else None

"""Which pods a controller deletes first when it has too many.

In this order, the first difference decides: unassigned before assigned; Pending before Unknown before
Running; not ready before ready; lower deletion cost first; more of the related pods on the same node first;
ready for a shorter time first; more restarts first; newer first. Times are compared by the logarithm of
their age, so that of pods that are about as old the victim is drawn (by uid), not always the youngest.

Source: k8s.io/kubernetes/pkg/controller/controller_utils.go (ActivePodsWithRanks.Less).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cmp_to_key
from typing import Final

import attrs

from kubelite.api import podutil
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time

_PHASE_ORDER: Final = {podutil.PENDING: 0, podutil.UNKNOWN: 1, podutil.RUNNING: 2}
_NANOSECONDS: Final = 1e9


@attrs.frozen(eq=False)
class Ranked:
    """A pod and what it is compared by; `coarse` decides first, smaller goes first."""

    pod: Object
    uid: str
    coarse: tuple[int, int, int, int, int]
    ready_since: float | None
    restarts: tuple[int, int]
    created: float


def age_class(since: float, now: float) -> int:
    """The binary logarithm of an age in nanoseconds, rounded down; -1 for none."""
    age = (now - since) * _NANOSECONDS
    return int(math.log2(age)) if age > 0 else -1


def _by_age(since_a: float, since_b: float, a: Ranked, b: Ranked, now: float) -> int:
    difference = age_class(since_a, now) - age_class(since_b, now)
    if difference:
        return difference
    return -1 if a.uid < b.uid else 1


def compare(a: Ranked, b: Ranked, now: float) -> int:
    """Negative if `a` is deleted before `b`."""
    if a.coarse != b.coarse:
        return -1 if a.coarse < b.coarse else 1
    if a.ready_since is not None and b.ready_since is not None and a.ready_since != b.ready_since:
        return _by_age(a.ready_since, b.ready_since, a, b, now)
    if a.restarts != b.restarts:
        return -1 if a.restarts > b.restarts else 1
    if a.created != b.created:
        return _by_age(a.created, b.created, a, b, now)
    return 0


def ranked(pod: Object, on_its_node: int) -> Ranked:
    """What `pod` is compared by.

    Args:
        pod: The pod.
        on_its_node: How many related pods are on its node.
    """
    metadata = pod["metadata"]
    ready = podutil.is_ready(pod)
    return Ranked(
        pod,
        metadata.get("uid", ""),
        (
            1 if pod["spec"].get("nodeName") else 0,
            _PHASE_ORDER.get(podutil.phase(pod), 0),
            1 if ready else 0,
            podutil.deletion_cost(pod),
            -on_its_node,
        ),
        podutil.ready_since(pod) if ready else None,
        _restarts(pod),
        parse_time(metadata["creationTimestamp"]) if metadata.get("creationTimestamp") else 0.0,
    )


def _restarts(pod: Object) -> tuple[int, int]:
    """The most restarts of a container and of a sidecar."""
    sidecars = {c["name"] for c in pod["spec"].get("initContainers") or () if podutil.is_sidecar(c)}
    statuses = pod.get("status", {}).get("initContainerStatuses") or () if sidecars else ()
    return (
        podutil.restarts(pod),
        max((s.get("restartCount", 0) for s in statuses if s["name"] in sidecars), default=0),
    )


def sort_for_deletion(pods: Sequence[Object], related: Iterable[Object], now: float) -> list[Object]:
    """`pods` with the first to be deleted first.

    Args:
        pods: Active pods of the owner.
        related: Active pods that count for "doubled up on a node": all of the owner's controller.
        now: Unix seconds.
    """
    on_node = Counter(pod["spec"].get("nodeName") or "" for pod in related if podutil.is_active(pod))
    entries = [ranked(pod, on_node[pod["spec"].get("nodeName") or ""]) for pod in pods]
    entries.sort(key=cmp_to_key(lambda a, b: compare(a, b, now)))
    return [entry.pod for entry in entries]

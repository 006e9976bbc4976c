"""The next step of a DaemonSet's rolling update. Pure.

Either old pods are deleted, and new ones come when their place is free (maxUnavailable); or new pods come
first, beside old ones that go once the new ones are available (maxSurge). Pods that are broken anyway are not
waited for.

Source: k8s.io/kubernetes/pkg/controller/daemon/update.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kubelite.api import podutil
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.daemonset.pods import (
    ByNode,
    Placing,
    is_available,
    is_updated,
    should_run,
    surge_and_unavailable,
)

Pair = tuple[Object | None, Object | None]
"""The new and the old pod of a node."""
Pairs = Mapping[str, Pair | None]


def plan_update(
    daemon_set: Object, nodes: Sequence[Object], by_node: ByNode, hash_: str, now: float
) -> Placing:
    """The next step, once every pod is where it should be; arguments as for `plan_placing`."""
    wanted = [node["metadata"]["name"] for node in nodes if should_run(daemon_set, node)[0]]
    surge, unavailable = surge_and_unavailable(daemon_set, len(wanted))
    pairs = {
        name: _new_and_old(daemon_set, by_node.get(name) or (), hash_)
        for name in {**dict.fromkeys(by_node), **dict.fromkeys(wanted)}
    }
    if surge:
        return _plan_surge(daemon_set, pairs, wanted, surge, now)
    return _plan_replacement(daemon_set, pairs, unavailable, now)


def _new_and_old(daemon_set: Object, pods: Sequence[Object], hash_: str) -> Pair | None:
    """The new and the old pod of a node; None if there are several of a sort."""
    sorts: dict[bool, list[Object]] = {True: [], False: []}
    for pod in pods:
        if not podutil.is_terminating(pod):
            sorts[is_updated(daemon_set, pod, hash_)].append(pod)
    if max(map(len, sorts.values())) > 1:
        return None
    return next(iter(sorts[True]), None), next(iter(sorts[False]), None)


def _plan_replacement(daemon_set: Object, pairs: Pairs, unavailable_max: int, now: float) -> Placing:
    """Delete old pods: broken ones at once, others as far as enough pods stay available."""
    unavailable = 0
    broken: list[Object] = []
    candidates: list[Object] = []
    for pair in pairs.values():
        if pair is None or (pair[0] is None) == (pair[1] is None):
            unavailable += 1
            continue
        new, old = pair
        if old is None:
            assert new is not None
            unavailable += not is_available(daemon_set, new, now)
        elif is_available(daemon_set, old, now):
            candidates.append(old)
        else:
            broken.append(old)
            unavailable += 1
    room = max(0, unavailable_max - unavailable)
    return Placing(delete=(*broken, *candidates[:room]))


def _plan_surge(
    daemon_set: Object, pairs: Pairs, wanted: Sequence[str], surge_max: int, now: float
) -> Placing:
    """Create new pods: beside broken ones at once, beside others as far as the surge allows.

    An available pod of a node that should run none any more goes once there is one more than enough.
    """
    surging = available = 0
    gone: list[Object] = []
    displaced: list[Object] = []
    broken: list[str] = []
    candidates: list[str] = []
    for name, pair in pairs.items():
        if pair is None:
            surging += 1
            continue
        new, old = pair
        counted = old if old is not None else new
        works = counted is not None and is_available(daemon_set, counted, now)
        available += works
        if old is None:
            continue
        if new is not None:
            if is_available(daemon_set, new, now):
                gone.append(old)
            else:
                surging += 1
        elif name in wanted:
            (candidates if works else broken).append(name)
        else:
            (displaced if works else gone).append(old)
    room = max(0, surge_max - surging)
    spare = max(0, available - len(wanted))
    return Placing(create=(*broken, *candidates[:room]), delete=(*gone, *displaced[:spare]))

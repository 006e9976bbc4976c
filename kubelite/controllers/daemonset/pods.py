"""Where a DaemonSet wants pods, which of its pods have to go, and how many are where. Pure.

A pod belongs to the node that it is on or, before it is scheduled, to the one that its affinity names.

Source: k8s.io/kubernetes/pkg/controller/daemon/daemon_controller.go and util/daemonset_util.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from kubelite.api import podutil
from kubelite.api.nodeselector import allows_node
from kubelite.api.tolerations import tolerates
from kubelite.apimachinery.intorstring import scaled
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.controllers.history.revisions import REVISION_HASH
from kubelite.controllers.replicas import make_pod

TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"
GENERATION_LABEL: Final = "pod-template-generation"
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_HARD: Final = frozenset({"NoSchedule", "NoExecute"})
_TOLERATED: Final = (
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
)
"""Taints of nodes (under node.kubernetes.io) in spite of which daemons run."""

_ALWAYS_TOLD: Final = frozenset(
    {"currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"}
)

ByNode = Mapping[str, Sequence[Object]]


@attrs.frozen
class Placing:
    """What to change about a DaemonSet's pods.

    Attributes:
        create: Names of nodes that need a pod.
        delete: Pods that have to go.
        failed: Pods that have failed: they go as well, but not in quick succession on the same node.
        succeeded: Pods that have ended, which a daemon should not.
    """

    create: tuple[str, ...] = ()
    delete: tuple[Object, ...] = ()
    failed: tuple[tuple[str, Object], ...] = ()
    succeeded: tuple[tuple[str, Object], ...] = ()


# --- the pod ----------------------------------------------------------------------------------------------


def tolerations(pod_spec: Object) -> list[Object]:
    """The template's tolerations and those of all daemons."""
    wanted = [
        {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}
        for name, effect in _TOLERATED
    ]
    if pod_spec.get("hostNetwork"):
        wanted.append(
            {"key": "node.kubernetes.io/network-unavailable", "operator": "Exists", "effect": "NoSchedule"}
        )

    def identity(each: Object) -> tuple[Any, ...]:
        return tuple([each.get(field) or "" for field in ("key", "effect", "operator", "value")])

    found = list(pod_spec.get("tolerations") or ())
    for each in wanted:
        position = next((index for index, one in enumerate(found) if identity(one) == identity(each)), None)
        if position is None:
            found.append(each)
        else:
            found[position] = each
    return found


def make_daemon_pod(daemon_set: Object, resource: Resource, hash_: str) -> Object:
    """The pod that the template asks for, before it is pinned to a node."""
    pod = make_pod(daemon_set, resource)
    labels = dict(pod["metadata"].get("labels") or {})
    generation = _template_generation(daemon_set)
    if generation is not None:
        labels[GENERATION_LABEL] = generation
    labels[REVISION_HASH] = hash_
    return {
        **pod,
        "metadata": {**pod["metadata"], "labels": labels},
        "spec": {**pod["spec"], "tolerations": tolerations(pod["spec"])},
    }


def pinned(pod: Object, node: str) -> Object:
    """The pod, to be scheduled to one node; what else its affinity requires of nodes is known to be met."""
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    affinity = pod["spec"].get("affinity") or {}
    to_nodes = {**(affinity.get("nodeAffinity") or {}), _REQUIRED: {"nodeSelectorTerms": [term]}}
    return {**pod, "spec": {**pod["spec"], "affinity": {**affinity, "nodeAffinity": to_nodes}}}


def target_node(pod: Object) -> str:
    """The node that the pod is on, or is pinned to; "" if neither."""
    spec = pod["spec"]
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED) or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            values = field.get("values") or []
            if field["key"] == "metadata.name" and field["operator"] == "In" and len(values) == 1:
                return str(values[0])
    return ""


def pods_by_node(pods: Sequence[Object]) -> dict[str, list[Object]]:
    """The pods by their node, those on it before those on their way, the oldest first."""
    found: dict[str, list[Object]] = {}
    for pod in sorted(pods, key=_seniority):
        node = target_node(pod)
        if node and not (podutil.is_terminal(pod) and podutil.is_terminating(pod)):
            found.setdefault(node, []).append(pod)
    return found


def _seniority(pod: Object) -> tuple[bool, str, str]:
    metadata = pod["metadata"]
    return not podutil.is_scheduled(pod), metadata.get("creationTimestamp") or "", metadata["name"]


def _template_generation(daemon_set: Object) -> str | None:
    text = (daemon_set["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION)
    return text if text is not None and text.isdecimal() else None


def is_updated(daemon_set: Object, pod: Object, hash_: str) -> bool:
    """Whether a pod is of the present template."""
    labels = pod["metadata"].get("labels") or {}
    generation = _template_generation(daemon_set)
    return labels.get(REVISION_HASH) == hash_ or (
        generation is not None and labels.get(GENERATION_LABEL) == generation
    )


# --- nodes ------------------------------------------------------------------------------------------------


def should_run(daemon_set: Object, node: Object) -> tuple[bool, bool]:
    """Whether a pod should come to a node, and whether one that is there may stay."""
    spec, metadata = daemon_set["spec"]["template"].get("spec") or {}, node["metadata"]
    name = metadata["name"]
    if spec.get("nodeName") and spec["nodeName"] != name:
        return False, False
    if not allows_node(spec, metadata.get("labels") or {}, name):
        return False, False
    taints = [taint for taint in (node.get("spec") or {}).get("taints") or () if taint["effect"] in _HARD]
    if not taints:
        return True, True
    tolerated = tolerations(spec)
    refused = {taint["effect"] for taint in taints if not tolerates(taint, tolerated)}
    return not refused, "NoExecute" not in refused


def node_matters(old: Object, new: Object) -> bool:
    """Whether the change of a node can change where daemons run."""
    return bool(
        old["metadata"].get("labels") != new["metadata"].get("labels")
        or (old.get("spec") or {}).get("taints") != (new.get("spec") or {}).get("taints")
    )


# --- placing ----------------------------------------------------------------------------------------------


def plan_placing(
    daemon_set: Object, nodes: Sequence[Object], by_node: ByNode, hash_: str, now: float
) -> Placing:
    """Which nodes need a pod, and which pods have to go.

    Args:
        daemon_set: Whose pods they are.
        nodes: All nodes.
        by_node: As `pods_by_node` says.
        hash_: The present revision's.
        now: Unix seconds.
    """
    create: list[str] = []
    delete: list[Object] = []
    failed: list[tuple[str, Object]] = []
    succeeded: list[tuple[str, Object]] = []
    surging = surge_and_unavailable(daemon_set, len(nodes))[0] > 0
    for node in nodes:
        name = node["metadata"]["name"]
        comes, stays = should_run(daemon_set, node)
        pods = by_node.get(name) or ()
        if comes and not pods:
            create.append(name)
        elif stays:
            living = [pod for pod in pods if not podutil.is_terminating(pod)]
            failed += [(name, pod) for pod in living if podutil.phase(pod) == podutil.FAILED]
            succeeded += [(name, pod) for pod in living if podutil.phase(pod) == podutil.SUCCEEDED]
            running = [pod for pod in living if not podutil.is_terminal(pod)]
            if surging and comes and not running:
                create.append(name)
            delete += _surplus(daemon_set, running, hash_, now) if surging else running[1:]
        else:
            delete += [pod for pod in pods if not podutil.is_terminating(pod)]
    known = {node["metadata"]["name"] for node in nodes}
    delete += [
        pod
        for name, pods in by_node.items()
        if name not in known
        for pod in pods
        if not podutil.is_scheduled(pod) and not podutil.is_terminating(pod)
    ]
    return Placing(tuple(create), tuple(delete), tuple(failed), tuple(succeeded))


def _surplus(daemon_set: Object, running: Sequence[Object], hash_: str, now: float) -> list[Object]:
    """With surge a node keeps two pods while the old one is ready and the new one not available."""
    if len(running) <= 1:
        return []
    new: Object | None = None
    old: Object | None = None
    gone: list[Object] = []
    for pod in running:
        is_new = (pod["metadata"].get("labels") or {}).get(REVISION_HASH) == hash_
        if is_new and new is None:
            new = pod
        elif not is_new and old is None:
            old = pod
        else:
            gone.append(pod)
    if (
        new is not None
        and old is not None
        and (not podutil.is_ready(old) or is_available(daemon_set, new, now))
    ):
        gone.append(old)
    return gone


def is_available(daemon_set: Object, pod: Object, now: float) -> bool:
    """Whether the pod has been ready as long as the DaemonSet asks for."""
    return podutil.is_available(pod, daemon_set["spec"].get("minReadySeconds") or 0, now)


def next_available_s(daemon_set: Object, pods: Sequence[Object], now: float) -> float | None:
    """Seconds until the next ready pod becomes available; None if none is on its way."""
    wait_s = daemon_set["spec"].get("minReadySeconds") or 0
    if not wait_s:
        return None
    since = [podutil.ready_since(pod) for pod in pods if not is_available(daemon_set, pod, now)]
    left = [each + wait_s - now for each in since if each is not None]
    return max(0.0, min(left)) if left else None


# --- strategy ---------------------------------------------------------------------------------------------


def surge_and_unavailable(daemon_set: Object, desired: int) -> tuple[int, int]:
    """How many nodes may have a second pod, and on how many none may run; both round up.

    Args:
        daemon_set: Whose strategy it is.
        desired: Nodes that should run a pod.
    """
    strategy = daemon_set["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return 0, 0
    rolling = strategy.get("rollingUpdate") or {}
    surge = scaled(rolling.get("maxSurge"), desired, up=True)
    unavailable = scaled(rolling.get("maxUnavailable"), desired, up=True)
    return surge, 1 if not surge and not unavailable else unavailable


# --- status -----------------------------------------------------------------------------------------------


def count_nodes(
    daemon_set: Object, nodes: Sequence[Object], by_node: ByNode, hash_: str, now: float
) -> dict[str, int]:
    """The numbers of the status: nodes by what runs there; arguments as for `plan_placing`."""
    desired = current = misplaced = ready = updated = available = 0
    for node in nodes:
        pods = by_node.get(node["metadata"]["name"]) or ()
        if not should_run(daemon_set, node)[0]:
            misplaced += bool(pods)
            continue
        desired += 1
        if not pods:
            continue
        current += 1
        oldest = pods[0]
        ready += podutil.is_ready(oldest)
        available += is_available(daemon_set, oldest, now)
        updated += is_updated(daemon_set, oldest, hash_)
    return {
        "currentNumberScheduled": current,
        "numberMisscheduled": misplaced,
        "desiredNumberScheduled": desired,
        "numberReady": ready,
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
        "numberUnavailable": desired - available,
    }


def make_status(
    daemon_set: Object, counts: Mapping[str, int], *, collisions: int | None, observed: bool
) -> Object:
    """The status that a DaemonSet should have.

    Args:
        daemon_set: Whose it is.
        counts: As `count_nodes` says.
        collisions: How often the name of a revision was taken; None if never.
        observed: Whether this generation was acted on.
    """
    before = daemon_set.get("status") or {}
    generation = (daemon_set["metadata"] if observed else before).get(
        "generation" if observed else "observedGeneration"
    )
    status: dict[str, Any] = {
        field: number for field, number in counts.items() if number or field in _ALWAYS_TOLD
    }
    if generation:
        status["observedGeneration"] = generation
    if collisions is not None:
        status["collisionCount"] = collisions
    if before.get("conditions"):
        status["conditions"] = before["conditions"]
    return status

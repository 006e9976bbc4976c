"""What the silence or the conditions of a node mean: pure rules of node lifecycle.

Source: k8s.io/kubernetes/pkg/controller/nodelifecycle/node_lifecycle_controller.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from kubelite.api.conditions import get_condition, set_condition
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time, parse_time

NOT_READY: Final = "node.kubernetes.io/not-ready"
UNREACHABLE: Final = "node.kubernetes.io/unreachable"
UNSCHEDULABLE: Final = "node.kubernetes.io/unschedulable"
NO_SCHEDULE: Final = "NoSchedule"
EXCLUDE_DISRUPTION: Final = "node.kubernetes.io/exclude-disruption"
NO_EXECUTE: Final = "NoExecute"
_BY_CONDITION: Final[Mapping[tuple[str, str], str]] = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}
_OWN_NO_SCHEDULE: Final = frozenset(_BY_CONDITION.values()) | {UNSCHEDULABLE}
_OWN_NO_EXECUTE: Final = frozenset({NOT_READY, UNREACHABLE})
_HEALTH_CONDITIONS: Final = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
STARTUP_GRACE_S: Final = 60.0
"""Silence that a node may keep before its first status, in seconds."""

EVICTION_RATE: Final = 0.1
"""Nodes tainted NoExecute per second in a healthy zone."""
SECONDARY_RATE: Final = 0.01
"""The same in a zone of which `UNHEALTHY_SHARE` is down, if the zone is large; else none."""
UNHEALTHY_SHARE: Final = 0.55
LARGE_ZONE: Final = 50
_MANY: Final = 2


class Health(NamedTuple):
    """What was last heard of a node.

    Attributes:
        heartbeat: The kubelet's own time in the Ready condition and in the Lease, to see whether they move.
        heard: When that last moved, by our clock, in Unix seconds.
    """

    heartbeat: tuple[str, str]
    heard: float


def ready_status(node: Object) -> str:
    """The status of the Ready condition; `Unknown` if there is none."""
    condition = get_condition(node, "Ready")
    status: str = "Unknown" if condition is None else condition.get("status", "Unknown")
    return status


def observe(node: Object, lease: Object | None, known: Health | None, now: float) -> Health:
    """What is known of a node after a look at it and its Lease."""
    ready = get_condition(node, "Ready")
    heartbeat = (
        (ready or {}).get("lastHeartbeatTime") or "",
        ((lease or {}).get("spec") or {}).get("renewTime") or "",
    )
    if known is None:
        created = node["metadata"].get("creationTimestamp")
        return Health(heartbeat, now if ready is not None or not created else parse_time(created))
    return known if known.heartbeat == heartbeat else Health(heartbeat, now)


def is_silent(node: Object, health: Health, grace_s: float, now: float) -> bool:
    """True if the node was silent for longer than the grace (a longer one before its first status)."""
    never = get_condition(node, "Ready") is None
    return now - health.heard > (max(grace_s, STARTUP_GRACE_S) if never else grace_s)


def silent_conditions(node: Object, now: float) -> list[Object]:
    """The conditions of a node that is silent: all that the kubelet reports is Unknown."""
    conditions = list(node.get("status", {}).get("conditions") or ())
    for name in _HEALTH_CONDITIONS:
        known = get_condition(node, name)
        if known is not None and known.get("status") == "Unknown":
            continue
        reason, text = ("NodeStatusUnknown", "Kubelet stopped posting node status.")
        if known is None:
            reason, text = ("NodeStatusNeverUpdated", "Kubelet never posted node status.")
        heartbeat = (known or {}).get("lastHeartbeatTime") or node["metadata"].get("creationTimestamp")
        condition = {
            "type": name,
            "status": "Unknown",
            "lastHeartbeatTime": heartbeat,
            "lastTransitionTime": None,
            "reason": reason,
            "message": text,
        }
        conditions = set_condition(conditions, condition, now)
    return conditions


def plan_taints(node: Object, execute: str | None, now: float) -> list[Object] | None:
    """The taints that the node should have.

    Args:
        node: The node.
        now: Unix seconds.
        execute: The NoExecute taint it should carry: a key, "" for none, None to leave what there is.

    Returns:
        The new list, or None if nothing changes.
    """
    current = list((node.get("spec") or {}).get("taints") or ())
    wanted = {
        (key, NO_SCHEDULE)
        for condition in node.get("status", {}).get("conditions") or ()
        if (key := _BY_CONDITION.get((condition["type"], condition.get("status", ""))))
    }
    if (node.get("spec") or {}).get("unschedulable"):
        wanted.add((UNSCHEDULABLE, NO_SCHEDULE))
    if execute:
        wanted.add((execute, NO_EXECUTE))
    kept = [
        taint for taint in current if _is_foreign(taint, execute) or (taint["key"], taint["effect"]) in wanted
    ]
    have = {(taint["key"], taint["effect"]) for taint in kept}
    added = [
        {"key": key, "effect": effect, "timeAdded": format_time(now)} for key, effect in sorted(wanted - have)
    ]
    if not added and len(kept) == len(current):
        return None
    return kept + added


def _is_foreign(taint: Object, execute: str | None) -> bool:
    """True for a taint that these rules do not decide."""
    if taint["effect"] == NO_SCHEDULE:
        return taint["key"] not in _OWN_NO_SCHEDULE
    if taint["effect"] == NO_EXECUTE:
        return execute is None or taint["key"] not in _OWN_NO_EXECUTE
    return True


def has_execute_taint(node: Object) -> str:
    """The key of the node's own NoExecute taint; "" if it has none."""
    for taint in (node.get("spec") or {}).get("taints") or ():
        if taint["effect"] == NO_EXECUTE and taint["key"] in _OWN_NO_EXECUTE:
            key: str = taint["key"]
            return key
    return ""


def needs_look(node: Object) -> bool:
    """Whether a node is not ready, or has a taint that it may lose."""
    return ready_status(node) != "True" or bool(has_execute_taint(node))


def counts_for_its_zone(node: Object) -> bool:
    """Whether a node says something about the health of its zone; a label takes it out."""
    return EXCLUDE_DISRUPTION not in (node["metadata"].get("labels") or {})


def missing_labels(node: Object) -> dict[str, str]:
    """The old names of labels for what a node runs, where they do not say the same as the new ones.

    Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go (reconcileNodeLabels).
    """
    labels = node["metadata"].get("labels") or {}
    pairs = (("kubernetes.io/os", "beta.kubernetes.io/os"), ("kubernetes.io/arch", "beta.kubernetes.io/arch"))
    return {old: labels[new] for new, old in pairs if new in labels and labels.get(old) != labels[new]}


def zone_of(node: Object) -> str:
    """Region and zone of a node, as one text."""
    labels = node["metadata"].get("labels") or {}
    region = labels.get("topology.kubernetes.io/region", "")
    return f"{region}:\x00:{labels.get('topology.kubernetes.io/zone', '')}"


def zone_rate(ready: int, not_ready: int, *, rate: float = EVICTION_RATE) -> float:
    """Nodes a second that may be tainted NoExecute in a zone, given how many of its nodes are ready."""
    total = ready + not_ready
    if not_ready > _MANY and not_ready / total >= UNHEALTHY_SHARE and ready:
        return SECONDARY_RATE if total > LARGE_ZONE else 0.0
    return rate


def is_all_down(nodes: Sequence[Object]) -> bool:
    """True if no node is ready: then rather the control plane is cut off, and nothing is evicted."""
    counted = [node for node in nodes if counts_for_its_zone(node)]
    return bool(counted) and all(ready_status(node) != "True" for node in counted)

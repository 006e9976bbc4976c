"""Which events of the cluster could make a pod fit that some plugin rejected: the queueing hints. Pure.

An event is a kind of object and what happened to it; a hint looks at the waiting pod and at the object before
and after, and says whether another try is worth while.

Source: EventsToRegister of each plugin in pkg/scheduler/framework/plugins; pkg/scheduler/framework/events.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from kubelite.api import podutil
from kubelite.api.nodeselector import allows_node
from kubelite.api.podresize import given, spec_with_given
from kubelite.api.resourcelist import amounts_of
from kubelite.api.tolerations import tolerates
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.scheme import Object
from kubelite.scheduler.nodeinfo import HARD_EFFECTS
from kubelite.scheduler.podinfo import PodInfo

NODE_ADD, NODE_DELETE = "Node/Add", "Node/Delete"
NODE_LABEL, NODE_TAINT, NODE_ALLOCATABLE = "Node/Label", "Node/Taint", "Node/Allocatable"
POD_ADD, POD_DELETE = "AssignedPod/Add", "AssignedPod/Delete"
POD_LABEL, POD_SCALE_DOWN = "AssignedPod/Label", "AssignedPod/ScaleDown"
OWN_LABEL, OWN_TOLERATION, OWN_GATES = "TargetPod/Label", "TargetPod/Toleration", "TargetPod/Gates"
OWN_SCALE_DOWN, OWN_UPDATE = "TargetPod/ScaleDown", "TargetPod/Update"
OWN_EVENTS: Final = frozenset({OWN_LABEL, OWN_TOLERATION, OWN_GATES, OWN_SCALE_DOWN, OWN_UPDATE})
CLAIM_ADD, CLAIM_UPDATE = "PersistentVolumeClaim/Add", "PersistentVolumeClaim/Update"
VOLUME_ADD, VOLUME_UPDATE = "PersistentVolume/Add", "PersistentVolume/Update"
CLASS_ADD, CLASS_UPDATE = "StorageClass/Add", "StorageClass/Update"
CSI_NODE_ADD, CSI_NODE_UPDATE = "CSINode/Add", "CSINode/Update"
DRIVER_ADD, DRIVER_UPDATE = "CSIDriver/Add", "CSIDriver/Update"
CAPACITY_ADD, CAPACITY_UPDATE = "CSIStorageCapacity/Add", "CSIStorageCapacity/Update"

EXTENDER: Final = "Extender"
"""What stands for all extenders among the plugins that rejected a pod."""
_ANY_EVENT: Final = (
    *(NODE_ADD, NODE_LABEL, NODE_TAINT, NODE_ALLOCATABLE, NODE_DELETE),
    *(POD_ADD, POD_DELETE, POD_LABEL, POD_SCALE_DOWN),
    *sorted(OWN_EVENTS),
    *(CLAIM_ADD, CLAIM_UPDATE, VOLUME_ADD, VOLUME_UPDATE, CLASS_ADD, CLASS_UPDATE),
    *(CSI_NODE_ADD, CSI_NODE_UPDATE, DRIVER_ADD, DRIVER_UPDATE, CAPACITY_ADD, CAPACITY_UPDATE),
)

Hint = Callable[[PodInfo, "Object | None", "Object | None"], bool]
_UNSCHEDULABLE: Final = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


# --- what happened


def node_events(old: Object | None, new: Object | None) -> Iterator[str]:
    """What a change of a node means to a scheduler."""
    if new is None:
        yield NODE_DELETE
        return
    if old is None:
        yield NODE_ADD
        return
    if (old.get("status") or {}).get("allocatable") != (new.get("status") or {}).get("allocatable"):
        yield NODE_ALLOCATABLE
    if old["metadata"].get("labels") != new["metadata"].get("labels"):
        yield NODE_LABEL
    if old["spec"] is not new["spec"] and (
        old["spec"].get("taints") != new["spec"].get("taints")
        or (old["spec"].get("unschedulable") and not new["spec"].get("unschedulable"))
    ):
        yield NODE_TAINT


def _scales_down(old: Object, new: Object) -> bool:
    before, after = podutil.requests(spec_with_given(old)), podutil.requests(spec_with_given(new))
    return any(after.get(name, 0) < amount for name, amount in before.items())


def pod_events(old: Object, new: Object) -> Iterator[str]:
    """What a change of a pod with a node means to other pods."""
    if old["metadata"].get("labels") != new["metadata"].get("labels"):
        yield POD_LABEL
    if (old["spec"] is not new["spec"] or given(old) != given(new)) and _scales_down(old, new):
        yield POD_SCALE_DOWN


def own_events(old: Object, new: Object) -> Iterator[str]:
    """What a change of a pod that waits means to itself; nothing if only its status has changed."""
    if old["metadata"].get("labels") != new["metadata"].get("labels"):
        yield OWN_LABEL
    if old["spec"] is new["spec"] or old["spec"] == new["spec"]:
        return
    count = 0
    if old["spec"].get("schedulingGates") and not new["spec"].get("schedulingGates"):
        count += 1
        yield OWN_GATES
    if len(old["spec"].get("tolerations") or ()) != len(new["spec"].get("tolerations") or ()):
        count += 1
        yield OWN_TOLERATION
    if _scales_down(old, new):
        count += 1
        yield OWN_SCALE_DOWN
    if not count:
        yield OWN_UPDATE


# --- whether it helps


def _always(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    return True


def _node_is_open(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    return new is not None and (
        not new["spec"].get("unschedulable") or tolerates(_UNSCHEDULABLE, info.tolerations)
    )


def _node_is_named(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    return new is not None and info.spec.get("nodeName") == new["metadata"]["name"]


def _is_tolerated(node: Object, info: PodInfo) -> bool:
    return all(
        each["effect"] not in HARD_EFFECTS or tolerates(each, info.tolerations)
        for each in node["spec"].get("taints") or ()
    )


def _taints_are_tolerated(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    return new is not None and _is_tolerated(new, info) and (old is None or not _is_tolerated(old, info))


def _node_is_selected(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    def selects(node: Object) -> bool:
        metadata = node["metadata"]
        return allows_node(info.spec, metadata.get("labels") or {}, metadata["name"])

    return new is not None and selects(new) and (old is None or not selects(old))


def _ports_are_free(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    if old is None:
        return False
    wanted = {(protocol, port) for _, protocol, port in info.ports}
    return any((protocol, port) in wanted for _, protocol, port in podutil.host_ports(old["spec"]))


def _node_is_large_enough(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    if new is None:
        return False
    amounts = amounts_of((new.get("status") or {}).get("allocatable"))
    wanted = {
        "cpu": info.cpu,
        "memory": info.memory,
        "ephemeral-storage": info.ephemeral,
        "pods": 1,
        **dict(info.scalars),
    }
    if any(amount > amounts.get(name, 0) for name, amount in wanted.items()):
        return False
    if old is None:
        return True
    before = amounts_of((old.get("status") or {}).get("allocatable"))
    return any(amounts.get(name, 0) > before.get(name, 0) for name, amount in wanted.items() if amount)


def _claim_is_mine(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    claim = new or old
    return (
        claim is not None
        and claim["metadata"]["namespace"] == info.namespace
        and claim["metadata"]["name"] in info.claims
    )


def _has_volumes(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    pod = new or old
    return pod is not None and any(
        "persistentVolumeClaim" in volume or "ephemeral" in volume
        for volume in pod["spec"].get("volumes") or ()
    )


def _shares_volumes(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    return info.has_disks or _has_volumes(info, old, new)


def _is_spread_with(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    rules = info.spec.get("topologySpreadConstraints")
    for pod in (old, new):
        if pod is None or pod["metadata"].get("namespace") != info.namespace:
            continue
        labels = pod["metadata"].get("labels") or {}
        if not rules or any(from_label_selector(rule.get("labelSelector")).matches(labels) for rule in rules):
            return True
    return False


def _has_topology(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    rules = info.spec.get("topologySpreadConstraints") or ()
    return any(
        all(rule["topologyKey"] in (node["metadata"].get("labels") or {}) for rule in rules)
        for node in (old, new)
        if node is not None
    )


def _affects_affinity(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    """Another pod that the waiting one wants near came, or one that kept it away went."""
    for pod, is_here in ((old, False), (new, True)):
        if pod is None:
            continue
        namespace, labels = pod["metadata"].get("namespace") or "", pod["metadata"].get("labels") or {}
        terms = () if info.terms is None else info.terms.affinity if is_here else info.terms.anti_affinity
        if any(
            (namespace in term.namespaces or term.namespace_selector is not None)
            and term.selector.matches(labels)
            for term in terms
        ):
            return True
        if not is_here and "podAntiAffinity" in (pod["spec"].get("affinity") or {}):
            return True
    return False


def _has_affinity_topology(info: PodInfo, old: Object | None, new: Object | None) -> bool:
    terms = (*info.terms.affinity, *info.terms.anti_affinity) if info.terms is not None else ()
    if not terms or new is None:
        return new is not None
    labels = new["metadata"].get("labels") or {}
    return any(term.topology_key in labels for term in terms)


_CLAIMS: Final[Mapping[str, Hint]] = {CLAIM_ADD: _claim_is_mine, CLAIM_UPDATE: _claim_is_mine}
_VOLUMES: Final[Mapping[str, Hint]] = dict.fromkeys(
    (VOLUME_ADD, VOLUME_UPDATE, CLASS_ADD, CLASS_UPDATE), _always
)

HINTS: Final[Mapping[str, Mapping[str, Hint]]] = {
    "SchedulingGates": {OWN_GATES: _always},
    "NodeUnschedulable": {NODE_ADD: _node_is_open, NODE_TAINT: _node_is_open, OWN_TOLERATION: _always},
    "NodeName": {NODE_ADD: _node_is_named},
    "TaintToleration": {
        NODE_ADD: _taints_are_tolerated,
        NODE_TAINT: _taints_are_tolerated,
        OWN_TOLERATION: _always,
    },
    "NodeAffinity": {NODE_ADD: _node_is_selected, NODE_LABEL: _node_is_selected, OWN_UPDATE: _always},
    "NodePorts": {NODE_ADD: _always, POD_DELETE: _ports_are_free},
    "NodeResourcesFit": {
        NODE_ADD: _node_is_large_enough,
        NODE_ALLOCATABLE: _node_is_large_enough,
        POD_DELETE: _always,
        POD_SCALE_DOWN: _always,
        OWN_SCALE_DOWN: _always,
    },
    "VolumeRestrictions": {POD_DELETE: _shares_volumes, **_CLAIMS},
    "NodeVolumeLimits": {
        POD_DELETE: _has_volumes,
        CSI_NODE_ADD: _always,
        CSI_NODE_UPDATE: _always,
        **_CLAIMS,
    },
    "VolumeBinding": {
        NODE_ADD: _always,
        NODE_LABEL: _always,
        CSI_NODE_ADD: _always,
        CSI_NODE_UPDATE: _always,
        DRIVER_ADD: _always,
        DRIVER_UPDATE: _always,
        CAPACITY_ADD: _always,
        CAPACITY_UPDATE: _always,
        **_CLAIMS,
        **_VOLUMES,
    },
    "VolumeZone": {NODE_ADD: _always, NODE_LABEL: _always, **_CLAIMS, **_VOLUMES},
    "PodTopologySpread": {
        NODE_ADD: _has_topology,
        NODE_DELETE: _has_topology,
        NODE_LABEL: _has_topology,
        NODE_TAINT: _has_topology,
        POD_ADD: _is_spread_with,
        POD_DELETE: _is_spread_with,
        POD_LABEL: _is_spread_with,
        OWN_LABEL: _always,
    },
    "InterPodAffinity": {
        NODE_ADD: _has_affinity_topology,
        NODE_LABEL: _has_affinity_topology,
        POD_ADD: _affects_affinity,
        POD_DELETE: _affects_affinity,
        POD_LABEL: _affects_affinity,
        OWN_LABEL: _always,
    },
    EXTENDER: dict.fromkeys(_ANY_EVENT, _always),  # nobody knows what helps
}
"""What each plugin wants to know of after it rejected a pod."""


def helps(plugins: frozenset[str], event: str, info: PodInfo, old: Object | None, new: Object | None) -> bool:
    """Whether a pod that these plugins rejected is worth another try; one that none rejected always is."""
    if not plugins:
        return True
    for plugin in plugins:
        hint = HINTS.get(plugin, {}).get(event)
        if hint is not None and hint(info, old, new):
            return True
    return False

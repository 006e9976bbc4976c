"""Filters: may a pod run on a node? None means it may, else why not.

Source: https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins; the reasons are
kube-scheduler's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from kubelite.api.nodeselector import allows_node
from kubelite.api.tolerations import tolerates
from kubelite.runtime.values import Value
from kubelite.scheduler.nodeinfo import NodeInfo, PodInfo

HARD_EFFECTS = frozenset({"NoSchedule", "NoExecute"})
_UNSCHEDULABLE_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_ANY_ADDRESS = frozenset({"", "0.0.0.0"})  # noqa: S104 - the wildcard that is compared with


@attrs.frozen(eq=False, repr=False)
class Refusal(Value):
    """Why a node is out of the question.

    Attributes:
        reasons: As kube-scheduler words them.
        resolvable: Whether deleting pods from the node could help.
    """

    reasons: tuple[str, ...]
    resolvable: bool = False


Filter = Callable[[PodInfo, NodeInfo], Refusal | None]


def node_unschedulable(info: PodInfo, node: NodeInfo) -> Refusal | None:
    """A cordoned node takes only pods that tolerate it."""
    if node.unschedulable and not tolerates(_UNSCHEDULABLE_TAINT, info.tolerations):
        return Refusal(("node(s) were unschedulable",))
    return None


def node_name(info: PodInfo, node: NodeInfo) -> Refusal | None:
    """A pod may name its node."""
    wanted = info.pod["spec"].get("nodeName")
    return (
        Refusal(("node(s) didn't match the requested node name",)) if wanted and wanted != node.name else None
    )


def taint_toleration(info: PodInfo, node: NodeInfo) -> Refusal | None:
    """Every hard taint must be tolerated."""
    for taint in node.taints:
        if taint["effect"] in HARD_EFFECTS and not tolerates(taint, info.tolerations):
            return Refusal(("node(s) had untolerated taint(s)",))
    return None


def node_affinity(info: PodInfo, node: NodeInfo) -> Refusal | None:
    """NodeSelector and the required node affinity."""
    if allows_node(info.pod["spec"], node.labels, node.name):
        return None
    return Refusal(("node(s) didn't match Pod's node affinity/selector",))


def node_ports(info: PodInfo, node: NodeInfo) -> Refusal | None:
    """Host ports must be free; the wildcard address conflicts with every address."""
    for address, protocol, port in info.ports:
        for other, other_protocol, other_port in node.ports:
            if (protocol, port) == (other_protocol, other_port) and (
                address == other or address in _ANY_ADDRESS or other in _ANY_ADDRESS
            ):
                return Refusal(
                    ("node(s) didn't have free ports for the requested pod ports",), resolvable=True
                )
    return None


def node_resources_fit(info: PodInfo, node: NodeInfo) -> Refusal | None:
    """All that the pod requests must be left."""
    used, allocatable = node.used, node.allocatable
    reasons, resolvable = None, True
    for name, amount in info.requests.items():
        if amount and used.get(name, 0) + amount > allocatable.get(name, 0):
            reasons = [] if reasons is None else reasons
            reasons.append("Too many pods" if name == "pods" else f"Insufficient {name}")
            resolvable = resolvable and amount <= allocatable.get(name, 0)
    return None if reasons is None else Refusal(tuple(reasons), resolvable)


FILTERS: Mapping[str, Filter] = {
    "NodeUnschedulable": node_unschedulable,
    "NodeName": node_name,
    "TaintToleration": taint_toleration,
    "NodeAffinity": node_affinity,
    "NodePorts": node_ports,
    "NodeResourcesFit": node_resources_fit,
}
"""In kube-scheduler's order: the first refusal counts."""

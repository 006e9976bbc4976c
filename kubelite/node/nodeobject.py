"""The Node object and the Lease of a kubelet, and what its admission asks of a pod. Pure.

Source: pkg/kubelet/kubelet_node_status.go, pkg/kubelet/lifecycle/predicate.go.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence

from kubelite.api import podutil
from kubelite.api.resourcelist import Amounts, amount
from kubelite.apimachinery import quantity
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_micro_time, format_time
from kubelite.node.config import VERSION, KubeletConfig

LEASE_NAMESPACE = "kube-node-lease"
NODE_AFFINITY = "NodeAffinity"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "AMD64": "amd64"}
_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


_NEWS = {
    ("MemoryPressure", "False"): "NodeHasSufficientMemory",
    ("DiskPressure", "False"): "NodeHasNoDiskPressure",
    ("PIDPressure", "False"): "NodeHasSufficientPID",
    ("Ready", "True"): "NodeReady",
}


def news_of_conditions(old: Sequence[Object], new: Sequence[Object]) -> list[str]:
    """The reasons of the Events by which a kubelet tells that conditions have changed.

    Source: pkg/kubelet/nodestatus/setters.go.
    """
    before = {each["type"]: each.get("status") for each in old}
    return [
        _NEWS[each["type"], each["status"]]
        for each in new
        if (each["type"], each["status"]) in _NEWS and before.get(each["type"]) != each["status"]
    ]


def node_reference(name: str) -> Object:
    """How a kubelet calls its node in Events: the name is the uid, since it may not be registered yet."""
    return {"kind": "Node", "apiVersion": "v1", "name": name, "uid": name}


def architecture() -> str:
    """The machine's architecture in Go's words."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def node_object(name: str, address: str, boot_id: str, config: KubeletConfig, now: float) -> Object:
    """The Node as it is registered."""
    arch = architecture()
    labels = {
        "beta.kubernetes.io/arch": arch,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": arch,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        **config.labels,
    }
    spec: Object = {}
    if config.pod_cidr:
        spec = {"podCIDR": config.pod_cidr, "podCIDRs": [config.pod_cidr]}
    if config.taints:
        spec["taints"] = [dict(taint) for taint in config.taints]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": node_status(name, address, boot_id, config, (), now),
    }


def capacity(config: KubeletConfig) -> dict[str, str]:
    """What the node has, as quantities by resource."""
    return {
        "cpu": config.cpu,
        "ephemeral-storage": config.ephemeral_storage,
        "memory": config.memory,
        "pods": str(config.max_pods),
    }


def node_status(
    name: str, address: str, boot_id: str, config: KubeletConfig, old: Sequence[Object], now: float
) -> Object:
    """The status of a Node that is well; transition times are kept from the `old` conditions."""
    known = {condition["type"]: condition for condition in old}
    conditions = []
    for type_, status, reason, message in _CONDITIONS:
        before = known.get(type_)
        same = before is not None and before.get("status") == status
        since = before.get("lastTransitionTime") if before is not None and same else None
        conditions.append(
            {
                "type": type_,
                "status": status,
                "lastHeartbeatTime": format_time(now),
                "lastTransitionTime": since or format_time(now),
                "reason": reason,
                "message": message,
            }
        )
    machine_id = f"{name}-kubelite"
    return {
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "allocatable": capacity(config),
        "capacity": capacity(config),
        "conditions": conditions,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": config.port}},
        "nodeInfo": {
            "architecture": architecture(),
            "bootID": boot_id,
            "containerRuntimeVersion": "containerd://2.1.0-kubelite",
            "kernelVersion": platform.release() or "0",
            "kubeProxyVersion": "",
            "kubeletVersion": VERSION,
            "machineID": machine_id,
            "operatingSystem": "linux",
            "osImage": "kubelite",
            "systemUUID": machine_id,
        },
    }


def status_patch(told: Object, status: Object) -> Object:
    """What of a status is to be written: what differs, and of conditions that were told their fields that do.

    Source: k8s.io/component-helpers/node/util/status (PatchNodeStatus).
    """
    known = {condition["type"]: condition for condition in told.get("conditions") or ()}
    patch = {name: value for name, value in status.items() if told.get(name) != value}
    patch["conditions"] = [
        {name: value for name, value in each.items() if name == "type" or before.get(name) != value}
        for each in status["conditions"]
        for before in (known.get(each["type"], {}),)
    ]
    return patch


def resources_patch(config: KubeletConfig, node: Object) -> dict[str, dict[str, str | None]]:
    """What the status must say of resources: its own, and of what others put into capacity is allocatable.

    Extended resources that are not in capacity are taken out of what is allocatable (None).

    Source: pkg/kubelet/nodestatus/setters.go (MachineInfo).
    """
    told = node.get("status") or {}
    has = {**(told.get("capacity") or {}), **capacity(config)}
    gone = (name for name in told.get("allocatable") or () if _is_extended(name) and name not in has)
    return {"capacity": capacity(config), "allocatable": {**has, **dict.fromkeys(gone)}}


def is_told_right(node: Object, config: KubeletConfig) -> bool:
    """Whether a Node's conditions are those of one that is well, and its resources what they must be."""
    status = node.get("status") or {}
    told = {each.get("type"): each.get("status") for each in status.get("conditions") or ()}
    if any(told.get(type_) != wanted for type_, wanted, _, _ in _CONDITIONS):
        return False
    return all(
        _is_as_much((status.get(field) or {}).get(name), wanted)
        for field, amounts in resources_patch(config, node).items()
        for name, wanted in amounts.items()
    )


def _is_as_much(told: str | None, wanted: str | None) -> bool:
    """Whether two quantities are the same amount, however they are written."""
    if told is None or wanted is None:
        return told is wanted
    return told == wanted or quantity.parse(told) == quantity.parse(wanted)


def lease_object(node: Object, config: KubeletConfig, now: float) -> Object:
    """The Lease by which the control plane sees that the node lives."""
    name = node["metadata"]["name"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": config.lease_duration_s,
            "renewTime": format_micro_time(now),
        },
    }


def renewed(lease: Object, now: float) -> Object:
    """The Lease with a new time."""
    return {**lease, "spec": {**lease["spec"], "renewTime": format_micro_time(now)}}


def refusal(
    pod: Object, requests: Amounts, used: Mapping[str, int], config: KubeletConfig, labels: Mapping[str, str]
) -> tuple[str, str] | None:
    """Why the kubelet does not take a pod: (reason, message); None if it does.

    Extended resources which others have put in the Node's status are not the kubelet's to count.

    Args:
        pod: The pod.
        requests: What it asks for.
        used: What the pods that were taken ask for together; "pods" is their number.
        config: What the node has.
        labels: Those of the Node.
    """
    if not _fits_node(pod["spec"], pod["spec"].get("nodeName") or "", labels):
        return (
            NODE_AFFINITY,
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        )
    has = capacity(config)
    for resource, wanted in {**requests, "pods": 1}.items():
        if not wanted or (_is_extended(resource) and resource not in has):
            continue
        total = amount(resource, has.get(resource, "0"))
        taken = used.get(resource, 0)
        if taken + wanted > total:
            numbers = f"requested: {wanted}, used: {taken}, capacity: {total}"
            return f"OutOf{resource}", f"Node didn't have enough resource: {resource}, {numbers}"
    return None


def ports_refusal(pod: Object, others: Iterable[Object]) -> tuple[str, str] | None:
    """As `refusal`, for the host ports that the pods which were taken have already."""
    wanted = podutil.host_ports(pod["spec"])
    if not wanted:
        return None
    taken = [port for other in others for port in podutil.host_ports(other["spec"])]
    if not podutil.ports_conflict(wanted, taken):
        return None
    return (
        "NodePorts",
        "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    )


def _is_extended(resource: str) -> bool:
    domain, slash, _ = resource.rpartition("/")
    return bool(slash) and domain != "kubernetes.io" and not domain.endswith(".kubernetes.io")


def _fits_node(spec: Object, node: str, labels: Mapping[str, str]) -> bool:
    selector = spec.get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    fields = {"metadata.name": node}
    return any(
        (term.get("matchExpressions") or term.get("matchFields"))
        and all(_matches(rule, labels) for rule in term.get("matchExpressions") or ())
        and all(_matches(rule, fields) for rule in term.get("matchFields") or ())
        for term in required.get("nodeSelectorTerms") or ()
    )


def _matches(rule: Object, values: Mapping[str, str]) -> bool:
    value, wanted = values.get(rule["key"]), rule.get("values") or []
    match rule["operator"]:
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and value.isdigit() and int(value) > int(wanted[0])
        case "Lt":
            return value is not None and value.isdigit() and int(value) < int(wanted[0])
        case _:
            return False

"""The columns of the kinds other than pods.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from typing import Any, Final

from kubelite.api.columns.text import (
    AGE,
    LIST_MAX,
    NAME,
    NONE,
    UNKNOWN,
    UNSET,
    Column,
    labels,
    since,
    spec_of,
    status_of,
    with_more,
)
from kubelite.apimachinery.scheme import Object

_ROLE_PREFIX: Final = "node-role.kubernetes.io/"
_ROLE_LABEL: Final = "kubernetes.io/role"


def _spec(obj: Object) -> Object:
    spec: Object = obj.get("spec") or {}
    return spec


def _status(obj: Object) -> Object:
    status: Object = obj.get("status") or {}
    return status


# Nodes


def _node_status(node: Object, _: float) -> str:
    words = [
        "Ready" if condition.get("status") == "True" else "NotReady"
        for condition in _status(node).get("conditions") or ()
        if condition.get("type") == "Ready"
    ] or ["Unknown"]
    if _spec(node).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _node_roles(node: Object, _: float) -> str:
    roles = set()
    for key, value in (node["metadata"].get("labels") or {}).items():
        if key.startswith(_ROLE_PREFIX) and key != _ROLE_PREFIX:
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE_LABEL and value:
            roles.add(value)
    return ",".join(sorted(roles)) or NONE


def _node_address(type_: str) -> Any:
    def cell(node: Object, _: float) -> str:
        addresses = _status(node).get("addresses") or ()
        return next((entry["address"] for entry in addresses if entry.get("type") == type_), NONE)

    return cell


def _node_info(field: str, default: str) -> Any:
    return lambda node, _: (_status(node).get("nodeInfo") or {}).get(field) or default


NODE_COLUMNS: Final = (
    NAME,
    Column("Status", _node_status, "Whether the node is ready and takes pods."),
    Column("Roles", _node_roles, "The roles that the node's labels name."),
    AGE,
    Column("Version", _node_info("kubeletVersion", ""), "The version of the node's kubelet."),
    Column("Internal-IP", _node_address("InternalIP"), "The node's address in the cluster.", priority=1),
    Column("External-IP", _node_address("ExternalIP"), "The node's address outside.", priority=1),
    Column("OS-Image", _node_info("osImage", UNKNOWN), "The operating system of the node.", priority=1),
    Column("Kernel-Version", _node_info("kernelVersion", UNKNOWN), "The kernel of the node.", priority=1),
    Column(
        "Container-Runtime",
        _node_info("containerRuntimeVersion", UNKNOWN),
        "What runs containers on the node.",
        priority=1,
    ),
)

# Services


def _service_external(service: Object, _: float) -> str:
    spec = _spec(service)
    external: list[str] = spec.get("externalIPs") or []
    if spec.get("type") == "ExternalName":
        return spec.get("externalName") or ""
    if spec.get("type") != "LoadBalancer":
        return ",".join(external) or NONE
    ingress = (_status(service).get("loadBalancer") or {}).get("ingress") or ()
    given = sorted({entry.get("ip") or entry.get("hostname") or "" for entry in ingress} - {""})
    return ",".join([*given, *external]) or "<pending>"


def _service_ports(service: Object, _: float) -> str:
    texts = []
    for port in _spec(service).get("ports") or ():
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        texts.append(f"{port.get('port', 0)}{node_port}/{port.get('protocol', '')}")
    return ",".join(texts) or NONE


SERVICE_COLUMNS: Final = (
    NAME,
    Column("Type", lambda service, _: _spec(service).get("type") or "", "How the Service is reached."),
    Column(
        "Cluster-IP",
        lambda service, _: (_spec(service).get("clusterIPs") or [_spec(service).get("clusterIP") or NONE])[0],
        "The Service's address in the cluster.",
    ),
    Column("External-IP", _service_external, "Where the Service is reached from outside."),
    Column("Port(s)", _service_ports, "Port, node port and protocol of each port."),
    AGE,
    Column(
        "Selector",
        lambda service, _: labels(_spec(service).get("selector")),
        "The labels of the pods behind the Service.",
        priority=1,
    ),
)

# Replication controllers


def _template_containers(field: str) -> Any:
    def cell(obj: Object, _: float) -> str:
        template = _spec(obj).get("template") or {}
        containers = (template.get("spec") or {}).get("containers") or ()
        return ",".join(container.get(field, "") for container in containers)

    return cell


REPLICATION_CONTROLLER_COLUMNS: Final = (
    NAME,
    Column("Desired", spec_of("replicas"), "How many pods are wanted.", type="integer"),
    Column("Current", status_of("replicas"), "How many pods there are.", type="integer"),
    Column("Ready", status_of("readyReplicas"), "How many pods are ready.", type="integer"),
    AGE,
    Column("Containers", _template_containers("name"), "The containers of each pod.", priority=1),
    Column("Images", _template_containers("image"), "The images of those containers.", priority=1),
    Column(
        "Selector",
        lambda controller, _: labels(_spec(controller).get("selector")),
        "The labels of the pods that are counted.",
        priority=1,
    ),
)

SCALE_COLUMNS: Final = (
    Column("Name", NAME.cell, NAME.description),
    Column("Desired", spec_of("replicas"), "How many pods are wanted.", type="integer"),
    Column("Available", status_of("replicas"), "How many pods there are.", type="integer"),
    AGE,
)

# Endpoints and their slices


def _host_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _endpoints(endpoints: Object, _: float) -> str:
    subsets = endpoints.get("subsets") or []
    if not subsets:
        return NONE
    texts: list[str] = []
    for subset in subsets:
        addresses = [address["ip"] for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or []
        texts += [_host_port(ip, port["port"]) for port in ports for ip in addresses] if ports else addresses
    return with_more(texts[:LIST_MAX], len(texts), "")


def _slice_ports(endpoint_slice: Object, _: float) -> str:
    ports = endpoint_slice.get("ports") or []
    texts = [str(port["port"]) if port.get("port") is not None else port.get("name") or "*" for port in ports]
    return with_more(texts[:LIST_MAX], len(texts), UNSET)


def _slice_endpoints(endpoint_slice: Object, _: float) -> str:
    endpoints = endpoint_slice.get("endpoints") or ()
    texts = [address for endpoint in endpoints for address in endpoint.get("addresses") or ()]
    return with_more(texts[:LIST_MAX], len(texts), UNSET)


ENDPOINTS_COLUMNS: Final = (NAME, Column("Endpoints", _endpoints, "Addresses and ports that are ready."), AGE)
ENDPOINT_SLICE_COLUMNS: Final = (
    NAME,
    Column("AddressType", lambda obj, _: obj.get("addressType") or "", "What sort of addresses it holds."),
    Column("Ports", _slice_ports, "The ports of every endpoint."),
    Column("Endpoints", _slice_endpoints, "The addresses of the endpoints."),
    AGE,
)

# Events


def _first_seen(event: Object, now: float) -> str:
    return since(event.get("firstTimestamp") or event.get("eventTime"), now)


def _last_seen(event: Object, now: float) -> str:
    series = event.get("series")
    if series:
        return since(series.get("lastObservedTime"), now)
    return since(event["lastTimestamp"], now) if event.get("lastTimestamp") else _first_seen(event, now)


def _event_object(event: Object, _: float) -> str:
    about = event.get("involvedObject") or {}
    kind = (about.get("kind") or "").lower()
    return f"{kind}/{about['name']}" if about.get("name") else kind


def _event_source(event: Object, _: float) -> str:
    source = event.get("source") or {}
    parts = [source.get("component") or "", source.get("host") or ""]
    if not any(parts):
        parts = [event.get("reportingComponent") or "", event.get("reportingInstance") or ""]
    return f"{parts[0]}, {parts[1]}" if parts[1] else parts[0]


def _event_count(event: Object, _: float) -> int:
    series = event.get("series")
    count: int = (series.get("count") if series else event.get("count")) or 1
    return count


EVENT_COLUMNS: Final = (
    Column("Last Seen", _last_seen, "How long ago it happened last."),
    Column("Type", lambda event, _: event.get("type") or "", "Normal or Warning."),
    Column("Reason", lambda event, _: event.get("reason") or "", "One word for what happened."),
    Column("Object", _event_object, "What it happened to."),
    Column(
        "Subobject",
        lambda event, _: (event.get("involvedObject") or {}).get("fieldPath") or "",
        "The part of the object that it is about.",
        priority=1,
    ),
    Column("Source", _event_source, "Who reported it.", priority=1),
    Column("Message", lambda event, _: (event.get("message") or "").strip(), "What happened."),
    Column("First Seen", _first_seen, "How long ago it happened first.", priority=1),
    Column("Count", _event_count, "How often it happened.", priority=1),
    Column("Name", NAME.cell, NAME.description, format="name", priority=1),
)

# Configuration and the rest

NAMESPACE_COLUMNS: Final = (
    NAME,
    Column("Status", lambda obj, _: _status(obj).get("phase") or "", "Active, or Terminating."),
    AGE,
)
CONFIG_MAP_COLUMNS: Final = (
    NAME,
    Column(
        "Data",
        lambda obj, _: len(obj.get("data") or ()) + len(obj.get("binaryData") or ()),
        "How many keys there are.",
    ),
    AGE,
)
SECRET_COLUMNS: Final = (
    NAME,
    Column("Type", lambda obj, _: obj.get("type") or "", "What the Secret is for."),
    Column("Data", lambda obj, _: len(obj.get("data") or ()), "How many keys there are."),
    AGE,
)
SERVICE_ACCOUNT_COLUMNS: Final = (NAME, AGE)


def _health(field: str) -> Any:
    def cell(component: Object, _: float) -> str:
        conditions = component.get("conditions") or ()
        found = next((each for each in conditions if each.get("type") == "Healthy"), None)
        if field != "status":
            return "" if found is None else found.get(field) or ""
        if found is None:
            return "Unknown"
        return "Healthy" if found.get("status") == "True" else "Unhealthy"

    return cell


COMPONENT_STATUS_COLUMNS: Final = (
    NAME,
    Column("Status", _health("status"), "Whether it is well."),
    Column("Message", _health("message"), "What it says of itself."),
    Column("Error", _health("error"), "What is wrong."),
)
LEASE_COLUMNS: Final = (
    NAME,
    Column("Holder", lambda obj, _: _spec(obj).get("holderIdentity") or "", "Who holds the lease."),
    AGE,
)


def _bound(field: str) -> Any:
    def cell(budget: Object, _: float) -> str:
        value = _spec(budget).get(field)
        return "N/A" if value is None else str(value)

    return cell


POD_DISRUPTION_BUDGET_COLUMNS: Final = (
    NAME,
    Column("Min Available", _bound("minAvailable"), "How many pods must stay."),
    Column("Max Unavailable", _bound("maxUnavailable"), "How many pods may be missing."),
    Column(
        "Allowed Disruptions",
        status_of("disruptionsAllowed"),
        "How many pods may be evicted now.",
        type="integer",
    ),
    AGE,
)
GENERIC_COLUMNS: Final = (
    NAME,
    Column(
        "Created At",
        lambda obj, _: obj["metadata"].get("creationTimestamp") or "",
        "When the object was created.",
        type="date",
    ),
)

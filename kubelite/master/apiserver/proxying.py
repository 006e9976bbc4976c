"""Where a request through the API server's proxy goes: which address and port of which pod.

Names are `[SCHEME:]NAME[:PORT]`. A node's port is by default that of its kubelet.
A pod's port is a number, or else its first container port; a Service's is
the number or the name of one of its ports, and one of its ready endpoints is taken by chance.

Source: k8s.io/kubernetes/pkg/registry/core/pod/strategy.go and core/service/storage/storage.go
(ResourceLocation); apimachinery/pkg/util/net/port_split.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import ENDPOINTSLICES, NODES, PODS
from kubelite.apimachinery.apierrors import BadRequest, ServiceUnavailable
from kubelite.apimachinery.scheme import Object
from kubelite.client.requests import Connect, ConnectInfo
from kubelite.master.apiserver import reads
from kubelite.master.apiserver.environment import Environment

KUBELET_PORT: Final = 10250
SCHEMES: Final = frozenset({"", "http", "https"})
_DEFAULT_PORT: Final = {"http": 80, "https": 443}
SERVICE_NAME_LABEL: Final = "kubernetes.io/service-name"
_NAME_AND_PORT, _ALL_PARTS = 2, 3


def split_name(text: str) -> tuple[str, str, str] | None:
    """Scheme, name and port of `[scheme:]name[:port]`, empty where not given; None if it is none."""
    parts = text.split(":")
    if len(parts) > _ALL_PARTS:
        return None
    scheme = parts[0] if len(parts) == _ALL_PARTS else ""
    name = parts[1] if len(parts) == _ALL_PARTS else parts[0]
    port = parts[-1] if len(parts) >= _NAME_AND_PORT else ""
    return (scheme, name, port) if name and scheme in SCHEMES else None


def target(env: Environment, request: Connect) -> ConnectInfo:
    """Where a request for a pod or Service goes.

    Raises:
        BadRequest: The name makes no sense, or the pod has no address.
        NotFound: There is no such object.
        ServiceUnavailable: The Service has no such port, or nobody behind it.
    """
    found = split_name(request.name)
    what = request.resource.kind.lower()
    if found is None:
        raise BadRequest(f'invalid {what} request "{request.name}"')
    scheme, name, port = found
    scheme = scheme or "http"
    obj = env.must_get(request.resource, request.namespace, name).object
    if request.resource == NODES:
        host, number = _node_end(obj, port)
        if number == kubelet_port(obj):
            scheme = "http"  # kubelets are reached through wires that nobody taps
        return ConnectInfo(obj, "", "", host, number, "", scheme)
    host, number = _pod_end(obj, port) if request.resource == PODS else _service_end(env, request, obj, port)
    return ConnectInfo(obj, "", "", host, number or _DEFAULT_PORT[scheme], "", scheme)


def _pod_end(pod: Object, port: str) -> tuple[str, int]:
    """A pod's address and the port that is meant; 0 for the scheme's own."""
    host = (pod.get("status") or {}).get("podIP") or ""
    if not host:
        raise BadRequest("address not allowed")
    if port:
        if not port.isdigit():
            raise ServiceUnavailable(
                f"error trying to reach service: dial tcp: lookup tcp/{port}: unknown port"
            )
        return host, int(port)
    ports = (each["containerPort"] for c in pod["spec"]["containers"] for each in c.get("ports") or ())
    return host, next(ports, 0)


def _node_end(node: Object, port: str) -> tuple[str, int]:
    """A node's address and the port that is meant, if none is said that of its kubelet."""
    if port and not port.isdigit():
        raise BadRequest(f'invalid node request "{node["metadata"]["name"]}:{port}"')
    return node_address(node), int(port) if port else kubelet_port(node)


def node_address(node: Object) -> str:
    """Where a node is reached; "" if it does not say."""
    addresses = (node.get("status") or {}).get("addresses") or ()
    for kind in ("InternalIP", "ExternalIP", "Hostname"):
        for address in addresses:
            if address.get("type") == kind:
                return str(address["address"])
    return ""


def kubelet_port(node: Object) -> int:
    """The port of a node's kubelet."""
    endpoints = (node.get("status") or {}).get("daemonEndpoints") or {}
    return int((endpoints.get("kubeletEndpoint") or {}).get("Port") or KUBELET_PORT)


def _service_end(env: Environment, request: Connect, service: Object, port: str) -> tuple[str, int]:
    """The address and port of one of a Service's ready endpoints."""
    name = service["metadata"]["name"]
    if port.isdigit():
        known = {str(each["port"]): each.get("name", "") for each in service["spec"].get("ports") or ()}
        if port not in known:
            raise ServiceUnavailable(f'no service port {port} found for service "{name}"')
        port = known[port]
    strategy = env.strategy(ENDPOINTSLICES)
    selection = reads.select(strategy, request.namespace, f"{SERVICE_NAME_LABEL}={name}", "")
    ends = [
        (endpoint["addresses"][0], each["port"])
        for entry in env.store.list(ENDPOINTSLICES, selection).entries
        for each in entry.object.get("ports") or ()
        if (each.get("name") or "") == port and each.get("port")
        for endpoint in entry.object["endpoints"] or ()
        if (endpoint.get("conditions") or {}).get("ready", True) is not False
    ]
    if not ends:
        raise ServiceUnavailable(f'no endpoints available for service "{request.name}"')
    return env.random.choice(ends)

"""The endpoints that slices hold: what stands for a pod of a Service, with which ports and hints. Pure.

Source: k8s.io/endpointslice/{utils,reconciler}.go, k8s.io/endpointslice/trafficdist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from kubelite.api import podutil
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.endpoint import topologyhints
from kubelite.controllers.endpoint.serviceparts import (
    belongs,
    pod_addresses,
    published_hostname,
    resolved_ports,
    target_ref,
)
from kubelite.controllers.endpoint.slicepacking import endpoint_key
from kubelite.reconcile.ownership import key_of

SAME_ZONE: Final = frozenset({"PreferClose", "PreferSameZone"})
SAME_NODE: Final = "PreferSameNode"

PortKey = tuple[tuple[str, str, int, str], ...]


class Desired(NamedTuple):
    """The endpoints of one address family and one set of ports, by `endpoint_key`."""

    ports: list[Object]
    endpoints: dict[str, Object]


def make_ports(service: Object, pod: Object) -> list[Object]:
    """The slice's ports for a pod, by name."""
    ports: list[Object] = []
    for port, number in resolved_ports(service, pod):
        entry: dict[str, Any] = {
            "name": port.get("name") or "",
            "protocol": port.get("protocol") or "TCP",
            "port": number,
        }
        if port.get("appProtocol"):
            entry["appProtocol"] = port["appProtocol"]
        ports.append(entry)
    return sorted(ports, key=lambda entry: (entry["name"], entry["protocol"], entry["port"]))


def port_key(ports: Sequence[Object] | None) -> PortKey:
    """A key that is equal for equal ports."""
    return tuple(
        sorted(
            (p.get("name") or "", p.get("protocol") or "TCP", p.get("port") or 0, p.get("appProtocol") or "")
            for p in ports or ()
        )
    )


def make_endpoint(pod: Object, service: Object, addresses: list[str], zone: str) -> Object:
    """The endpoint that stands for a pod."""
    serving = podutil.is_ready(pod)
    terminating = podutil.is_terminating(pod)
    published = bool(service["spec"].get("publishNotReadyAddresses"))
    endpoint: dict[str, Any] = {
        "addresses": addresses,
        "conditions": {
            "ready": published or (serving and not terminating),
            "serving": serving,
            "terminating": terminating,
        },
    }
    hostname = published_hostname(pod, service)
    if hostname:
        endpoint["hostname"] = hostname
    endpoint["targetRef"] = target_ref(pod)
    if pod["spec"].get("nodeName"):
        endpoint["nodeName"] = pod["spec"]["nodeName"]
    if zone:
        endpoint["zone"] = zone
    hints = make_hints(service, endpoint)
    if hints:
        endpoint["hints"] = hints
    return endpoint


def make_hints(service: Object, endpoint: Object) -> Object:
    """For clients of which zone and node a ready endpoint is meant, where the Service prefers what is near.

    Source: k8s.io/endpointslice/trafficdist.
    """
    preferred = service["spec"].get("trafficDistribution")
    if (
        topologyhints.is_wanted(service)
        or preferred not in {*SAME_ZONE, SAME_NODE}
        or not endpoint["conditions"]["ready"]
    ):
        return {}
    hints: dict[str, Any] = {}
    if endpoint.get("zone"):
        hints["forZones"] = [{"name": endpoint["zone"]}]
    if preferred == SAME_NODE and endpoint.get("nodeName"):
        hints["forNodes"] = [{"name": endpoint["nodeName"]}]
    return hints


class Found(NamedTuple):
    """The endpoint of a pod in an address family."""

    ports: list[Object]
    port_key: PortKey
    key: str
    endpoint: Object


def endpoint_of(service: Object, pod: Object, family: str, zone: str | None) -> Found | str | None:
    """The endpoint of a pod; None if it has none, or what is to be told of one that is left out.

    Args:
        service: The Service.
        pod: The pod.
        family: `IPv4` or `IPv6`.
        zone: That of its node; empty if it has none, None if there is no such node.
    """
    addresses = pod_addresses(pod, family)
    if not addresses or not belongs(pod, terminating_too=True):
        return None
    if zone is None and not service["spec"].get("publishNotReadyAddresses"):
        name, node = pod["metadata"]["name"], pod["spec"]["nodeName"]
        return f"skipping Pod {name} for Service {key_of(service)}: Node {node} Not Found"
    ports = make_ports(service, pod)
    endpoint = make_endpoint(pod, service, addresses, zone or "")
    return Found(ports, port_key(ports), endpoint_key(endpoint), endpoint)


def desired_endpoints(found: Iterable[Found | str | None]) -> tuple[dict[PortKey, Desired], list[str]]:
    """The endpoints of a family by their ports, and what is to be told of pods that were left out."""
    groups: dict[PortKey, Desired] = {}
    left_out: list[str] = []
    for each in found:
        if isinstance(each, str):
            left_out.append(each)
        elif each is not None:
            group = groups.get(each.port_key)
            if group is None:
                group = groups[each.port_key] = Desired(each.ports, {})
            group.endpoints[each.key] = each.endpoint
    return groups, left_out

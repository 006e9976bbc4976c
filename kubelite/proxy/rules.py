"""Services and EndpointSlices into translation rules: pure.

Traffic goes to ready endpoints; if there are none, to those which are still serving while they terminate;
with none at all a connection is refused. Policy `Local` leaves only the endpoints of the node itself; packets
are dropped if these are none, though there are others elsewhere. The external policy means clients outside:
for those inside it is as if they came back by a load balancer. Under policy `Cluster` hints narrow ready
endpoints down to those for the node, or else for its zone, if all of them have hints and some are for it. An
address leads to endpoints of its own family only.

Source: https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-policies;
pkg/proxy/topology.go, pkg/proxy/iptables/proxier.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kubelite.apimachinery.scheme import Object
from kubelite.network import Endpoint
from kubelite.network.translate import Destination
from kubelite.proxy.endpoints import ServiceEndpoints

AFFINITY_TIMEOUT_S: Final = 10_800
SERVICE_NAME_LABEL: Final = "kubernetes.io/service-name"
PROXY_NAME_LABEL: Final = "service.kubernetes.io/service-proxy-name"
"""On Services which some other proxy serves."""
HEADLESS_LABEL: Final = "service.kubernetes.io/headless"
"""On Services which are to be treated as if they had no address."""
_LEFT_ALONE: Final = frozenset({PROXY_NAME_LABEL, HEADLESS_LABEL})


class Rule(NamedTuple):
    """One destination and where its connections go.

    Attributes:
        affinity_s: For how long a client keeps its endpoint; None for no affinity.
        inside: Where those of clients inside the cluster go, if elsewhere.
        drops: Whether there are endpoints elsewhere, if there are none here: nobody answers then.
        port: The Service's port, by name and protocol: a client has one endpoint for all its destinations.
        sources: From which networks clients may come; empty for any.
    """

    destination: Destination
    endpoints: tuple[Endpoint, ...]
    affinity_s: float | None = None
    inside: tuple[Endpoint, ...] | None = None
    drops: bool = False
    port: tuple[str, str] = ("", "TCP")
    sources: tuple[str, ...] = ()


class NodePort(NamedTuple):
    """A port that every node listens on for a Service port."""

    port: int
    protocol: str
    rule: Rule


class HealthCheck(NamedTuple):
    """What load balancers can ask a node about a Service.

    Attributes:
        port: Where they ask.
        namespace: The Service's.
        name: The Service's.
        local_endpoints: How many ready endpoints the node has. Those that only serve on while they terminate
            get connections that still arrive, but no load balancer should send more.
    """

    port: int
    namespace: str
    name: str
    local_endpoints: int


class ServiceRules(NamedTuple):
    """All that one Service asks of a node.

    Attributes:
        rules: For its cluster IPs, external IPs and load balancer addresses.
        node_ports: What the node has to listen on.
        cluster_ips: The Service's own addresses.
        health_check: What the node has to answer to load balancers.
    """

    rules: tuple[Rule, ...] = ()
    node_ports: tuple[NodePort, ...] = ()
    cluster_ips: tuple[str, ...] = ()
    health_check: HealthCheck | None = None


def cluster_ips(service: Object) -> tuple[str, ...]:
    """The Service's own addresses; none for headless ones."""
    spec = service["spec"]
    found = spec.get("clusterIPs") or [spec.get("clusterIP") or ""]
    return tuple(each for each in found if each and each != "None")


def ingress_ips(service: Object) -> tuple[str, ...]:
    """The addresses of its load balancer which are translated on the nodes."""
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    return tuple(each["ip"] for each in ingress if each.get("ip") and each.get("ipMode", "VIP") == "VIP")


def plan_service(
    service: Object, endpoints: ServiceEndpoints, node_name: str, node_address: str, zone: str = ""
) -> ServiceRules:
    """The rules of one Service on one node.

    Args:
        service: The Service.
        endpoints: What its EndpointSlices say.
        node_name: For policy `Local`; "" is the control plane, where load balancers come in: they know the
            nodes that have endpoints.
        node_address: Where node ports are.
        zone: The node's zone; "" if it has none.
    """
    addresses = cluster_ips(service)
    if not addresses or not _LEFT_ALONE.isdisjoint(service["metadata"].get("labels") or ()):
        return ServiceRules()
    rules: list[Rule] = []
    node_ports: list[NodePort] = []
    ready_here: set[str] = set()
    policies = service["spec"].get("internalTrafficPolicy"), service["spec"].get("externalTrafficPolicy")
    uses_local = "Local" in policies
    for family in dict.fromkeys(map(_family, addresses)):
        for port in service["spec"].get("ports") or ():
            found = endpoints.port(family, port.get("name", ""), port.get("protocol", "TCP"))
            near = found.near(node_name, zone)
            local: tuple[Endpoint, ...] = ()
            if uses_local:
                local = found.local(node_name)
                ready_here.update(found.ready_addresses(node_name))
            for rule in _port_rules(service, port, near, local, node_name, node_address):
                if _family(rule.destination[0]) == family:
                    rules.append(rule)
                    if rule.destination[:2] == (node_address, port.get("nodePort")):
                        node_ports.append(NodePort(rule.destination[1], rule.destination[2], rule))
    return ServiceRules(tuple(rules), tuple(node_ports), addresses, _health_check(service, len(ready_here)))


def _family(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"


def _port_rules(
    service: Object,
    port: Object,
    near: tuple[Endpoint, ...],
    local: tuple[Endpoint, ...],
    node_name: str,
    node_address: str,
) -> Iterator[Rule]:
    """The rules of one port.

    Args:
        service: The Service.
        port: The port.
        near: Endpoints for policy `Cluster`.
        local: Endpoints for policy `Local`.
        node_name: As for `plan_service`.
        node_address: As for `plan_service`.
    """
    spec = service["spec"]
    number, protocol = port["port"], port.get("protocol", "TCP")
    identity, affinity_s = (port.get("name", ""), protocol), _affinity_s(spec)
    inside = local if spec.get("internalTrafficPolicy") == "Local" else near
    for address in cluster_ips(service):
        drops = bool(node_name and near) and not inside
        yield Rule((address, number, protocol), inside, affinity_s, None, drops, identity)
    is_local = spec.get("externalTrafficPolicy") == "Local" and bool(node_name)
    outside, within = (local, near) if is_local else (near, None)
    drops = bool(near) and not outside
    for address in spec.get("externalIPs") or ():
        yield Rule((address, number, protocol), outside, affinity_s, within, drops, identity)
    for address in ingress_ips(service):
        sources = tuple(each.strip() for each in spec.get("loadBalancerSourceRanges") or ())
        yield Rule((address, number, protocol), outside, affinity_s, within, drops, identity, sources)
    if port.get("nodePort"):
        yield Rule((node_address, port["nodePort"], protocol), outside, affinity_s, within, drops, identity)


def _affinity_s(spec: Object) -> float | None:
    if spec.get("sessionAffinity") != "ClientIP":
        return None
    config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    return float(config.get("timeoutSeconds", AFFINITY_TIMEOUT_S))


def _health_check(service: Object, local_endpoints: int) -> HealthCheck | None:
    spec, metadata = service["spec"], service["metadata"]
    port = spec.get("healthCheckNodePort")
    if not port or spec.get("type") != "LoadBalancer" or spec.get("externalTrafficPolicy") != "Local":
        return None
    return HealthCheck(port, metadata["namespace"], metadata["name"], local_endpoints)

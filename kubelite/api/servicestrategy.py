"""What of a Service follows from its type, and what an update that does not mention it keeps.

Source: k8s.io/kubernetes/pkg/registry/core/service/strategy.go, storage.go (patchAllocatedValues).
"""

from __future__ import annotations

from typing import Final

from kubelite.apimachinery.scheme import Object

CLUSTER_TYPES: Final = frozenset({"ClusterIP", "NodePort", "LoadBalancer"})


def needs_cluster_ip(spec: Object) -> bool:
    """True for the types that have an address in the cluster (or say None)."""
    return spec.get("type", "ClusterIP") in CLUSTER_TYPES


def needs_node_port(spec: Object) -> bool:
    """True for a Service whose ports are open on every node."""
    type_ = spec.get("type")
    return type_ == "NodePort" or (
        type_ == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    )


def _is_external(spec: Object) -> bool:
    type_ = spec.get("type")
    return type_ in {"NodePort", "LoadBalancer"} or (type_ == "ClusterIP" and bool(spec.get("externalIPs")))


def prepare_for_create(service: Object) -> Object:
    """`clusterIPs` says what `clusterIP` says."""
    spec = service.get("spec") or {}
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec = {**spec, "clusterIPs": [spec["clusterIP"]]}
    return {**service, "spec": spec}


def prepare_for_update(new: Object, old: Object) -> Object:
    """Allocated values stay unless changed on purpose; those of a type that it no longer has go."""
    before: Object = old.get("spec") or {}
    spec = _keep_allocated(new.get("spec") or {}, before)
    spec = _agree_on_cluster_ip(spec, before)
    spec = _drop_dependents(spec, before)
    return new if spec is new.get("spec") else {**new, "spec": spec}


def _keep_allocated(spec: Object, before: Object) -> Object:
    if needs_cluster_ip(before) and needs_cluster_ip(spec):
        if not spec.get("clusterIP") and before.get("clusterIP"):
            spec = {**spec, "clusterIP": before["clusterIP"]}
        same = spec.get("clusterIP") == before.get("clusterIP")
        if same and not spec.get("clusterIPs") and before.get("clusterIPs"):
            spec = {**spec, "clusterIPs": before["clusterIPs"]}
        for field in ("ipFamilies", "ipFamilyPolicy"):
            if not spec.get(field) and before.get(field):
                spec = {**spec, field: before[field]}
    if needs_node_port(before) and needs_node_port(spec):
        spec = _keep_node_ports(spec, before)
    if before.get("healthCheckNodePort") and not spec.get("healthCheckNodePort") and _has_health_check(spec):
        spec = {**spec, "healthCheckNodePort": before["healthCheckNodePort"]}
    return spec


def _has_health_check(spec: Object) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _keep_node_ports(spec: Object, before: Object) -> Object:
    allocated = {
        (port.get("protocol"), port.get("port")): port["nodePort"]
        for port in before.get("ports") or ()
        if port.get("nodePort")
    }
    asked = {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}
    ports = []
    for port in spec.get("ports") or ():
        kept = allocated.get((port.get("protocol"), port.get("port")))
        if port.get("nodePort") or kept is None or kept in asked:
            ports.append(port)
        else:
            ports.append({**port, "nodePort": kept})
    return spec if ports == (spec.get("ports") or []) else {**spec, "ports": ports}


def _agree_on_cluster_ip(spec: Object, before: Object) -> Object:
    """A client which changes `clusterIP` alone means both fields."""
    if spec.get("clusterIP") == before.get("clusterIP"):
        return spec
    if spec.get("clusterIPs") and spec["clusterIPs"] != before.get("clusterIPs"):
        return spec
    if spec.get("clusterIP"):
        return {**spec, "clusterIPs": [spec["clusterIP"]]}
    return {key: value for key, value in spec.items() if key != "clusterIPs"}


def _drop_dependents(spec: Object, before: Object) -> Object:
    gone: set[str] = set()
    if needs_cluster_ip(before) and not needs_cluster_ip(spec):
        gone |= {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"}
    if _is_external(before) and not _is_external(spec):
        gone.add("externalTrafficPolicy")
    if before.get("type") == "LoadBalancer" != spec.get("type"):
        gone |= {"allocateLoadBalancerNodePorts", "loadBalancerClass"}
    if before.get("type") == "ExternalName" != spec.get("type"):
        gone.add("externalName")
    if _has_health_check(before) and not _has_health_check(spec):
        gone.add("healthCheckNodePort")
    unsaid = {field for field in gone if field in spec and spec[field] == before.get(field)}
    if unsaid:
        spec = {key: value for key, value in spec.items() if key not in unsaid}
    if needs_node_port(before) and not needs_node_port(spec):
        spec = _drop_node_ports(spec, before)
    return spec


def _drop_node_ports(spec: Object, before: Object) -> Object:
    old = [port.get("nodePort") for port in before.get("ports") or ()]
    new = [port.get("nodePort") for port in spec.get("ports") or ()]
    if new != old:
        return spec
    ports = [
        {key: value for key, value in port.items() if key != "nodePort"} for port in spec.get("ports") or ()
    ]
    return {**spec, "ports": ports}

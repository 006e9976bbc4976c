"""Defaults of the kinds other than pods.

Source: k8s.io/kubernetes/pkg/apis/core/v1/defaults.go, pkg/apis/discovery/v1/defaults.go.
"""

from __future__ import annotations

import base64
from typing import Final

from kubelite.api.defaults.podspec import changed, default_pod_template, each, with_defaults
from kubelite.apimachinery.scheme import Object

NAMESPACE_NAME_LABEL: Final = "kubernetes.io/metadata.name"
CLIENT_IP_TIMEOUT_S: Final = 10800
_EXTERNAL_TYPES: Final = frozenset({"NodePort", "LoadBalancer"})
_CLUSTER_TYPES: Final = frozenset({"ClusterIP", "NodePort", "LoadBalancer"})


def default_namespace(namespace: Object) -> Object:
    """The label with its own name, by which selectors may name a namespace; phase Active."""
    metadata = namespace.get("metadata") or {}
    labels = metadata.get("labels") or {}
    name = metadata.get("name")
    if name and labels.get(NAMESPACE_NAME_LABEL) is None:
        metadata = {**metadata, "labels": {**labels, NAMESPACE_NAME_LABEL: name}}
    status = with_defaults(namespace.get("status") or {}, {"phase": "Active"})
    return {**namespace, "metadata": metadata, "status": status}


def default_node(node: Object) -> Object:
    """What can be allocated is the capacity unless said otherwise; its network is the first of several."""
    spec = node.get("spec") or {}
    networks = spec.get("podCIDRs") or ([spec["podCIDR"]] if spec.get("podCIDR") else [])
    if networks and (spec.get("podCIDRs"), spec.get("podCIDR")) != (networks, networks[0]):
        node = {**node, "spec": {**spec, "podCIDR": networks[0], "podCIDRs": networks}}
    status = node.get("status")
    if not status or not status.get("capacity") or status.get("allocatable"):
        return node
    return {**node, "status": {**status, "allocatable": status["capacity"]}}


def default_replication_controller(controller: Object) -> Object:
    """Selector and labels from the template, one replica."""
    spec = changed(controller.get("spec") or {}, "template", default_pod_template)
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    metadata = controller.get("metadata") or {}
    if labels:
        spec = with_defaults(spec, {"selector": labels})
        metadata = with_defaults(metadata, {"labels": labels})
    return {**controller, "metadata": metadata, "spec": with_defaults(spec, {"replicas": 1})}


def default_service(service: Object) -> Object:
    """Type, affinity, traffic policies and ports; addresses are given out by the API server later."""
    spec = with_defaults(service.get("spec") or {}, {"sessionAffinity": "None", "type": "ClusterIP"})
    if spec["sessionAffinity"] == "None" and "sessionAffinityConfig" in spec:
        spec = {key: value for key, value in spec.items() if key != "sessionAffinityConfig"}
    elif spec["sessionAffinity"] == "ClientIP":
        spec = _client_ip_timeout(spec)
    spec = changed(spec, "ports", each(_service_port))
    type_ = spec["type"]
    if type_ in _EXTERNAL_TYPES or (type_ == "ClusterIP" and spec.get("externalIPs")):
        spec = with_defaults(spec, {"externalTrafficPolicy": "Cluster"})
    if type_ in _CLUSTER_TYPES:
        spec = with_defaults(spec, {"internalTrafficPolicy": "Cluster"})
    if type_ == "LoadBalancer":
        spec = with_defaults(spec, {"allocateLoadBalancerNodePorts": True})
    service = {**service, "spec": spec}
    return changed(service, "status", _load_balancer_status) if type_ == "LoadBalancer" else service


def _client_ip_timeout(spec: Object) -> Object:
    config = spec.get("sessionAffinityConfig") or {}
    client_ip = with_defaults(config.get("clientIP") or {}, {"timeoutSeconds": CLIENT_IP_TIMEOUT_S})
    return {**spec, "sessionAffinityConfig": {**config, "clientIP": client_ip}}


def _service_port(port: Object) -> Object:
    if not port.get("targetPort"):
        port = {**port, "targetPort": port.get("port", 0)}
    return _tcp(port)


def _load_balancer_status(status: Object) -> Object:
    def ingress(entry: Object) -> Object:
        return with_defaults(entry, {"ipMode": "VIP"}) if entry.get("ip") else entry

    return changed(status, "loadBalancer", lambda balancer: changed(balancer, "ingress", each(ingress)))


def default_secret(secret: Object) -> Object:
    """Type Opaque; what `stringData` says in plain text goes to `data`."""
    plain = secret.get("stringData")
    if plain:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
        secret = {**secret, "data": {**(secret.get("data") or {}), **encoded}}
    if "stringData" in secret:
        secret = {key: value for key, value in secret.items() if key != "stringData"}
    return with_defaults(secret, {"type": "Opaque"})


def default_endpoints(endpoints: Object) -> Object:
    """Ports speak TCP."""
    return changed(endpoints, "subsets", each(lambda subset: changed(subset, "ports", each(_tcp))))


def _tcp(port: Object) -> Object:
    return with_defaults(port, {"protocol": "TCP"})


def default_endpoint_slice(endpoint_slice: Object) -> Object:
    """Ports are called "" and speak TCP."""
    return changed(endpoint_slice, "ports", each(_slice_port))


def _slice_port(port: Object) -> Object:
    return with_defaults(port, {"name": "", "protocol": "TCP"})

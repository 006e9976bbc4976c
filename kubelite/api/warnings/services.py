"""Warnings about Services and the endpoints of Services.

Source: k8s.io/kubernetes/pkg/api/service/warnings.go, pkg/registry/core/endpoint/strategy.go,
pkg/registry/discovery/endpointslice/strategy.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.warnings.addresses import cidr_warnings, ip_warnings
from kubelite.apimachinery.scheme import Object

TOPOLOGY_HINTS: Final = "service.kubernetes.io/topology-aware-hints"
TOPOLOGY_MODE: Final = "service.kubernetes.io/topology-mode"
EXTERNAL_NAME: Final = "ExternalName"
NONE: Final = "None"
MANAGED_BY: Final = "endpoints.kubernetes.io/managed-by"


def service_warnings(service: Object) -> list[str]:
    """The warnings about a Service."""
    spec: Object = service.get("spec") or {}
    warnings = []
    if TOPOLOGY_HINTS in (service["metadata"].get("annotations") or {}):
        warnings.append(f"annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead")
    kind, cluster_ip = spec.get("type"), spec.get("clusterIP") or ""
    if kind != EXTERNAL_NAME and cluster_ip not in {"", NONE}:
        for index, address in enumerate(spec.get("clusterIPs") or ()):
            warnings += ip_warnings(f"spec.clusterIPs[{index}]", address)
    balancer, outside = spec.get("loadBalancerIP") or "", spec.get("externalIPs") or []
    if kind == "ClusterIP" and cluster_ip == NONE:
        if balancer:
            warnings.append("spec.loadBalancerIP is ignored for headless services")
        if outside:
            warnings.append("spec.externalIPs is ignored for headless services")
        if spec.get("sessionAffinity") != NONE:
            warnings.append("spec.SessionAffinity is ignored for headless services")
    for index, address in enumerate(outside):
        warnings += ip_warnings(f"spec.externalIPs[{index}]", address)
    if balancer:
        warnings += ip_warnings("spec.loadBalancerIP", balancer)
    for index, network in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        warnings += cidr_warnings(f"spec.loadBalancerSourceRanges[{index}]", network)
    if kind == EXTERNAL_NAME and outside:
        warnings.append(f'spec.externalIPs is ignored when spec.type is "{EXTERNAL_NAME}"')
    if kind != EXTERNAL_NAME and spec.get("externalName"):
        warnings.append(f'spec.externalName is ignored when spec.type is not "{EXTERNAL_NAME}"')
    if spec.get("trafficDistribution") == "PreferClose":
        warnings.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return warnings


def endpoints_warnings(endpoints: Object) -> list[str]:
    """The warnings about Endpoints that no controller has made."""
    if MANAGED_BY in (endpoints["metadata"].get("labels") or {}):
        return []
    return [
        warning
        for index, subset in enumerate(endpoints.get("subsets") or ())
        for field in ("addresses", "notReadyAddresses")
        for position, address in enumerate(subset.get(field) or ())
        for warning in ip_warnings(f"subsets[{index}].{field}[{position}].ip", address.get("ip") or "")
    ]


def endpoint_slice_warnings(endpoint_slice: Object) -> list[str]:
    """The warnings about a slice."""
    warnings = []
    kind = endpoint_slice.get("addressType")
    if kind == "FQDN":
        warnings.append("addressType: FQDN endpoints are deprecated")
        return warnings
    for index, endpoint in enumerate(endpoint_slice.get("endpoints") or ()):
        for position, address in enumerate(endpoint.get("addresses") or ()):
            warnings += ip_warnings(f"endpoints[{index}].addresses[{position}]", address)
    return warnings

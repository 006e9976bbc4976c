"""What a Service must be, and what of it may change later. Addresses and node ports are allocated elsewhere.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (ValidateService, ValidateServiceUpdate).
"""

from __future__ import annotations

from typing import Final

from kubelite.api.validation import names
from kubelite.api.validation.containers import PROTOCOLS, validate_port_or_name
from kubelite.api.validation.metadata import validate_labels
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    one_of,
    required,
)
from kubelite.apimachinery.scheme import Object

TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
AFFINITIES: Final = ("ClientIP", "None")
FAMILIES: Final = ("IPv4", "IPv6")
FAMILY_POLICIES: Final = ("PreferDualStack", "RequireDualStack", "SingleStack")
TRAFFIC_POLICIES: Final = ("Cluster", "Local")
AFFINITY_TIMEOUT_MAX_S: Final = 86400
_EXTERNAL_TYPES: Final = frozenset({"LoadBalancer", "NodePort"})


def is_headless(spec: Object) -> bool:
    """True for a Service that has no address on purpose."""
    return bool(spec.get("clusterIP") == "None" or (spec.get("clusterIPs") or [""])[0] == "None")


def validate_service(service: Object) -> Errors:
    """The errors in a Service with defaults; its metadata is checked for all kinds alike."""
    spec = service.get("spec") or {}
    type_ = spec.get("type") or ""
    ports = spec.get("ports") or []
    errors: Errors = []
    if not ports and not is_headless(spec) and type_ != "ExternalName":
        errors.append(required("spec.ports", ""))
    errors += _validate_type(spec, type_)
    errors += _validate_ports(ports)
    errors += validate_labels(spec.get("selector"), "spec.selector")
    errors += _validate_affinity(spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        errors += invalid_each(f"spec.externalIPs[{index}]", address, names.ip_address(address))
    errors += one_of("spec.type", type_, TYPES)
    errors += _validate_duplicates(ports, type_)
    errors += _validate_load_balancer(spec, type_)
    errors += _validate_traffic_policies(spec, type_)
    return errors + _validate_addresses(spec, type_)


def _validate_type(spec: Object, type_: str) -> Errors:
    if type_ in _EXTERNAL_TYPES and is_headless(spec):
        detail = f"may not be set to 'None' for {type_} services"
        return [invalid("spec.clusterIPs[0]", "None", detail)]
    if type_ != "ExternalName":
        return []
    errors: Errors = []
    for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(field):
            errors.append(forbidden(f"spec.{field}", "may not be set for ExternalName services"))
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        return [*errors, required("spec.externalName", "")]
    return errors + invalid_each("spec.externalName", name, names.dns_subdomain(name))


def _validate_ports(ports: list[Object]) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        here = f"spec.ports[{index}]"
        name = port.get("name") or ""
        if name:
            errors += invalid_each(f"{here}.name", name, names.dns_label(name))
            if name in seen:
                errors.append(duplicate(f"{here}.name", name))
            seen.add(name)
        elif len(ports) > 1:
            errors.append(required(f"{here}.name", ""))
        number = port.get("port") or 0
        errors += invalid_each(f"{here}.port", number, names.port_number(number))
        errors += one_of(f"{here}.protocol", port.get("protocol"), PROTOCOLS)
        errors += validate_port_or_name(port.get("targetPort", 0), f"{here}.targetPort")
        protocol = port.get("appProtocol")
        if protocol:
            errors += invalid_each(f"{here}.appProtocol", protocol, names.qualified_name(protocol))
    return errors


def _validate_affinity(spec: Object) -> Errors:
    affinity = spec.get("sessionAffinity") or ""
    config = spec.get("sessionAffinityConfig")
    errors = one_of("spec.sessionAffinity", affinity, AFFINITIES)
    if affinity == "ClientIP":
        timeout_s = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
        here = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
        if timeout_s is None:
            errors.append(required(here, "when session affinity type is ClientIP"))
        elif not 0 < timeout_s <= AFFINITY_TIMEOUT_MAX_S:
            detail = f"must be greater than 0 and less than {AFFINITY_TIMEOUT_MAX_S}"
            errors.append(invalid(here, timeout_s, detail))
    elif affinity == "None" and config is not None:
        detail = "must not be set when session affinity is None"
        errors.append(forbidden("spec.sessionAffinityConfig", detail))
    return errors


def _internal(port: Object) -> Object:
    """The part of a port that tells it from others, in the words of Kubernetes' internal type."""
    return {
        "Name": "",
        "Protocol": port.get("protocol") or "",
        "AppProtocol": None,
        "Port": port.get("port") or 0,
        "TargetPort": 0,
        "NodePort": 0,
    }


def _validate_duplicates(ports: list[Object], type_: str) -> Errors:
    errors: Errors = []
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("port", 0))
        if key in seen:
            errors.append(duplicate(f"spec.ports[{index}]", _internal(port)))
        seen.add(key)
    taken: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        number = port.get("nodePort")
        if not number:
            continue
        here = f"spec.ports[{index}].nodePort"
        if type_ not in _EXTERNAL_TYPES:
            errors.append(forbidden(here, f"may not be used when `type` is '{type_}'"))
            continue
        key = (port.get("protocol", ""), number)
        if key in taken:
            errors.append(duplicate(here, number))
        taken.add(key)
    return errors


def _validate_load_balancer(spec: Object, type_: str) -> Errors:
    errors: Errors = []
    is_balancer = type_ == "LoadBalancer"
    detail = "may only be used when `type` is 'LoadBalancer'"
    if spec.get("loadBalancerSourceRanges") and not is_balancer:
        errors.append(forbidden("spec.LoadBalancerSourceRanges", detail))
    if is_balancer and spec.get("allocateLoadBalancerNodePorts") is None:
        errors.append(required("spec.allocateLoadBalancerNodePorts", ""))
    if not is_balancer and spec.get("allocateLoadBalancerNodePorts") is not None:
        errors.append(forbidden("spec.allocateLoadBalancerNodePorts", detail))
    balancer = spec.get("loadBalancerClass")
    if balancer is not None and not is_balancer:
        errors.append(forbidden("spec.loadBalancerClass", detail))
    elif balancer is not None:
        errors += invalid_each("spec.loadBalancerClass", balancer, names.qualified_name(balancer))
    return errors


def _validate_traffic_policies(spec: Object, type_: str) -> Errors:
    errors: Errors = []
    policy = spec.get("externalTrafficPolicy") or ""
    is_external = type_ in _EXTERNAL_TYPES or (type_ == "ClusterIP" and bool(spec.get("externalIPs")))
    if policy and not is_external:
        detail = "may only be set for externally-accessible services"
        errors.append(invalid("spec.externalTrafficPolicy", policy, detail))
    elif policy and policy not in TRAFFIC_POLICIES:
        errors.append(not_supported("spec.externalTrafficPolicy", policy, TRAFFIC_POLICIES))
    needs_health_check = type_ == "LoadBalancer" and policy == "Local"
    if spec.get("healthCheckNodePort") and not needs_health_check:
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        errors.append(invalid("spec.healthCheckNodePort", spec["healthCheckNodePort"], detail))
    internal = spec.get("internalTrafficPolicy")
    if internal is not None and internal not in TRAFFIC_POLICIES:
        errors.append(not_supported("spec.internalTrafficPolicy", internal, TRAFFIC_POLICIES))
    return errors


def _validate_addresses(spec: Object, type_: str) -> Errors:
    if type_ == "ExternalName":
        return []
    errors: Errors = []
    families = spec.get("ipFamilies") or []
    for index, family in enumerate(families):
        if family not in FAMILIES:
            errors.append(not_supported(f"spec.ipFamilies[{index}]", family, FAMILIES))
        elif family in families[:index]:
            errors.append(duplicate(f"spec.ipFamilies[{index}]", family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in FAMILY_POLICIES:
        errors.append(not_supported("spec.ipFamilyPolicy", policy, FAMILY_POLICIES))
    addresses = spec.get("clusterIPs") or []
    if spec.get("clusterIP") and addresses and addresses[0] != spec["clusterIP"]:
        detail = "first value must match `clusterIP`"
        errors.append(invalid("spec.clusterIPs[0]", addresses, detail))
    if len(addresses) > len(FAMILIES):
        errors.append(invalid("spec.clusterIPs", addresses, "may only hold up to 2 values"))
    for index, address in enumerate(addresses):
        if address == "None":
            if index:
                errors.append(invalid(f"spec.clusterIPs[{index}]", address, "may not be 'None'"))
        elif address:
            errors += invalid_each(f"spec.clusterIPs[{index}]", address, names.ip_address(address))
    return errors


def validate_service_update(new: Object, old: Object) -> Errors:
    """The errors in an update: a Service keeps its address for as long as it has one."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors: Errors = []
    if "ExternalName" not in {spec.get("type"), before.get("type")}:
        errors += _validate_address_kept(spec, before)
    if before.get("type") == spec.get("type") == "LoadBalancer":
        balancer = spec.get("loadBalancerClass")
        if balancer != before.get("loadBalancerClass"):
            detail = "may not change once set"
            errors.append(invalid("spec.loadBalancerClass", balancer, detail))
    return errors + validate_service(new)


def _validate_address_kept(spec: Object, before: Object) -> Errors:
    old_addresses = before.get("clusterIPs") or []
    addresses = spec.get("clusterIPs") or []
    if not old_addresses or not old_addresses[0]:
        return []
    if not addresses:
        return [invalid("spec.clusterIPs[0]", addresses, "primary clusterIP can not be unset")]
    if addresses[0] != old_addresses[0]:
        return [invalid("spec.clusterIPs[0]", addresses, "may not change once set")]
    return []


def validate_service_status(service: Object) -> Errors:
    """Only a LoadBalancer may have an address in its status."""
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    here = "status.loadBalancer.ingress"
    errors: Errors = []
    if ingress and (service.get("spec") or {}).get("type") != "LoadBalancer":
        errors.append(forbidden(here, 'may only be used when `spec.type` is "LoadBalancer"'))
    for index, entry in enumerate(ingress):
        if entry.get("ip"):
            errors += invalid_each(f"{here}[{index}].ip", entry["ip"], names.ip_address(entry["ip"]))
        if entry.get("hostname"):
            name = entry["hostname"]
            errors += invalid_each(f"{here}[{index}].hostname", name, names.dns_subdomain(name))
    return errors

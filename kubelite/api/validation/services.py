"""What a Service must be, and what of it may change later. Addresses and node ports are allocated elsewhere.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (ValidateService, ValidateServiceUpdate).
"""

from __future__ import annotations

from typing import Final

from kubelite.api.validation import names
from kubelite.api.validation.addresses import parse_address, validate_address, validate_cidr
from kubelite.api.validation.containers import PROTOCOLS
from kubelite.api.validation.endpoints import validate_usable_address
from kubelite.api.validation.metadata import validate_labels
from kubelite.api.validation.probes import validate_port_or_name
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
from kubelite.api.validation.serviceaddresses import (
    is_headless,
    validate_addresses_kept,
    validate_cluster_addresses,
)
from kubelite.apimachinery.scheme import Object

TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
AFFINITIES: Final = ("ClientIP", "None")
ADDRESS_MODES: Final = ("Proxy", "VIP")
TRAFFIC_POLICIES: Final = ("Cluster", "Local")
DISTRIBUTIONS: Final = ("PreferClose", "PreferSameNode", "PreferSameZone")
AFFINITY_TIMEOUT_MAX_S: Final = 86400
ONLY_BALANCERS: Final = "may only be used when `type` is 'LoadBalancer'"
SOURCE_RANGES: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
_EXTERNAL_TYPES: Final = frozenset({"LoadBalancer", "NodePort"})


def validate_service(service: Object, old: Object | None = None) -> Errors:
    """The errors in a Service with defaults; its metadata is checked for all kinds alike."""
    before = {} if old is None else old.get("spec") or {}
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
    errors += validate_cluster_addresses(service, old)
    errors += _validate_external_addresses(spec, before)
    errors += one_of("spec.type", type_, TYPES)
    errors += _validate_duplicates(ports, type_)
    errors += _validate_source_ranges(service, {} if old is None else old)
    errors += _validate_load_balancer(spec, type_)
    return errors + _validate_traffic_policies(spec, type_)


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
    if type_ == "ClusterIP":
        detail = "may not be used when `type` is 'ClusterIP'"
        errors += [
            forbidden(f"spec.ports[{index}].nodePort", detail)
            for index, port in enumerate(ports)
            if port.get("nodePort")
        ]
    taken: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        number = port.get("nodePort")
        if number and (port.get("protocol", ""), number) in taken:
            errors.append(duplicate(f"spec.ports[{index}].nodePort", number))
        taken.add((port.get("protocol", ""), number or 0))
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("port", 0))
        if key in seen:
            errors.append(duplicate(f"spec.ports[{index}]", _internal(port)))
        seen.add(key)
    return errors


def _validate_external_addresses(spec: Object, before: Object) -> Errors:
    errors: Errors = []
    for index, address in enumerate(spec.get("externalIPs") or ()):
        here = f"spec.externalIPs[{index}]"
        bad = validate_address(here, address, before.get("externalIPs") or ())
        errors += bad or validate_usable_address(str(parse_address(address)), here)
    return errors


def _validate_source_ranges(service: Object, old: Object) -> Errors:
    """Who may come in: by a field or, as of old, by an annotation."""
    spec = service.get("spec") or {}
    ranges = spec.get("loadBalancerSourceRanges") or ()
    annotations = service["metadata"].get("annotations") or {}
    errors: Errors = []
    if ranges:
        here = "spec.LoadBalancerSourceRanges"
        before = (old.get("spec") or {}).get("loadBalancerSourceRanges") or ()
        former = {text.strip() for text in before}
        paths = [(f"{here}[{index}]", text.strip()) for index, text in enumerate(ranges)]
    elif SOURCE_RANGES in annotations:
        here = f"metadata.annotations[{SOURCE_RANGES}]"
        former = set()
        text = annotations[SOURCE_RANGES].strip()
        same = ((old.get("metadata") or {}).get("annotations") or {}).get(SOURCE_RANGES) == text
        paths = [] if same or not text else [(here, part.strip()) for part in text.split(",")]
    else:
        return []
    if spec.get("type") != "LoadBalancer":
        errors.append(forbidden(here, ONLY_BALANCERS))
    for path, text in paths:
        errors += validate_cidr(path, text, former)
    return errors


def _validate_load_balancer(spec: Object, type_: str) -> Errors:
    errors: Errors = []
    is_balancer = type_ == "LoadBalancer"
    if is_balancer and spec.get("allocateLoadBalancerNodePorts") is None:
        errors.append(required("allocateLoadBalancerNodePorts", ""))
    if not is_balancer and spec.get("allocateLoadBalancerNodePorts") is not None:
        errors.append(forbidden("spec.allocateLoadBalancerNodePorts", ONLY_BALANCERS))
    balancer = spec.get("loadBalancerClass")
    if balancer is not None and not is_balancer:
        errors.append(forbidden("spec.loadBalancerClass", ONLY_BALANCERS))
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
    if spec.get("healthCheckNodePort") and not needs_health_check(spec):
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        errors.append(invalid("spec.healthCheckNodePort", spec["healthCheckNodePort"], detail))
    internal = spec.get("internalTrafficPolicy")
    if internal is not None and internal not in TRAFFIC_POLICIES:
        errors.append(not_supported("spec.internalTrafficPolicy", internal, TRAFFIC_POLICIES))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in DISTRIBUTIONS:
        errors.append(not_supported("spec.trafficDistribution", distribution, DISTRIBUTIONS))
    return errors


def validate_service_update(new: Object, old: Object) -> Errors:
    """The errors in an update: a Service keeps its address for as long as it has one."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors = validate_addresses_kept(new, old)
    if before.get("type") == spec.get("type") == "LoadBalancer":
        balancer = spec.get("loadBalancerClass")
        if balancer != before.get("loadBalancerClass"):
            detail = "may not change once set"
            errors.append(invalid("spec.loadBalancerClass", balancer, detail))
    numbers = (spec.get("healthCheckNodePort"), before.get("healthCheckNodePort"))
    if needs_health_check(spec) and needs_health_check(before) and numbers[0] != numbers[1]:
        errors.append(forbidden("spec.healthCheckNodePort", "field is immutable"))
    return errors + validate_service(new, old)


def needs_health_check(spec: Object) -> bool:
    """True for a Service that load balancers ask each node about."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def validate_service_status(service: Object, old: Object) -> Errors:
    """Only a LoadBalancer may have an address in its status."""

    def ingress_of(any_: Object) -> list[Object]:
        return ((any_.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []

    ingress = ingress_of(service)
    here = "status.loadBalancer.ingress"
    if ingress and (service.get("spec") or {}).get("type") != "LoadBalancer":
        return [forbidden(here, "may only be used when `spec.type` is 'LoadBalancer'")]
    former = {entry["ip"] for entry in ingress_of(old) if entry.get("ip")}
    errors: Errors = []
    for index, entry in enumerate(ingress):
        errors += _validate_ingress(entry, former, f"{here}[{index}]")
    return errors


def _validate_ingress(entry: Object, former: set[str], here: str) -> Errors:
    errors: Errors = []
    address, mode, hostname = entry.get("ip") or "", entry.get("ipMode"), entry.get("hostname") or ""
    if address:
        errors += validate_address(f"{here}.ip", address, former)
    if mode is None:
        if address:
            errors.append(required(f"{here}.ipMode", "must be specified when `ip` is set"))
    elif not address:
        errors.append(forbidden(f"{here}.ipMode", "may not be specified when `ip` is not set"))
    elif mode not in ADDRESS_MODES:
        errors.append(not_supported(f"{here}.ipMode", mode, ADDRESS_MODES))
    if hostname:
        errors += invalid_each(f"{here}.hostname", hostname, names.dns_subdomain(hostname))
        if parse_address(hostname) is not None:
            errors.append(invalid(f"{here}.hostname", hostname, "must be a DNS name, not an IP address"))
    return errors

"""What Endpoints and EndpointSlices must be.

Kubernetes refuses loopback addresses. Here a cluster lives on some of them: a block of 127.0.0.0/8 other
than its first /16, which alone stays refused.

Source: k8s.io/kubernetes/pkg/apis/core/validation (ValidateEndpoints), pkg/apis/discovery/validation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Set as AbstractSet
from typing import Final

from kubelite.api.validation import names
from kubelite.api.validation.addresses import parse_address, validate_address
from kubelite.api.validation.containers import PROTOCOLS
from kubelite.api.validation.dnsnames import validate_fully_qualified_domain
from kubelite.api.validation.metadata import validate_labels
from kubelite.api.validation.problems import (
    Errors,
    checked,
    duplicate,
    invalid,
    invalid_each,
    not_supported,
    one_of,
    required,
    too_many,
    unchanged,
)
from kubelite.apimachinery.scheme import Object

ADDRESS_TYPES: Final = ("FQDN", "IPv4", "IPv6")
ENDPOINTS_MAX: Final = 1000
ADDRESSES_MAX: Final = 100
PORTS_MAX: Final = 20000
TOPOLOGY_LABELS_MAX: Final = 16
HINTS_MAX: Final = 8
_LOCAL_MULTICAST: Final = (ipaddress.ip_network("224.0.0.0/24"), ipaddress.ip_network("ff02::/16"))
_REFUSED_LOOPBACK: Final = (ipaddress.ip_network("127.0.0.0/16"), ipaddress.ip_network("::1/128"))


def validate_endpoints(endpoints: Object, judged: AbstractSet[int] = frozenset()) -> Errors:
    """The errors in Endpoints.

    Args:
        endpoints: The object.
        judged: Identities of addresses that are known to be right.
    """
    errors: Errors = []
    for index, subset in enumerate(endpoints.get("subsets") or ()):
        here = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errors.append(required(here, "must specify `addresses` or `notReadyAddresses`"))
        for field in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(field) or ()):
                if id(address) not in judged:
                    errors += _validate_address(address, f"{here}.{field}[{number}]")
        ports = subset.get("ports") or []
        for number, port in enumerate(ports):
            errors += _validate_port(port, len(ports) > 1, f"{here}.ports[{number}]")
    return errors


def validate_endpoints_update(new: Object, old: Object) -> Errors:
    """The errors in Endpoints; what stands in the former ones is not judged again."""
    judged = {
        id(address)
        for subset in old.get("subsets") or ()
        for field in ("addresses", "notReadyAddresses")
        for address in subset.get(field) or ()
    }
    return validate_endpoints(new, judged)


def _validate_address(address: Object, path: str) -> Errors:
    ip = address.get("ip") or ""
    errors = validate_address(f"{path}.ip", ip)
    if address.get("hostname"):
        errors += invalid_each(f"{path}.hostname", address["hostname"], names.dns_label(address["hostname"]))
    if address.get("nodeName"):
        node = address["nodeName"]
        errors += invalid_each(f"{path}.nodeName", node, names.dns_subdomain(node))
    return errors + validate_usable_address(ip, f"{path}.ip")


def validate_usable_address(text: str, path: str) -> Errors:
    """An address that a packet can be sent to: refuse those with a special meaning."""
    ip = parse_address(text)
    if ip is None:
        return []
    details = []
    if ip.is_unspecified:
        details.append(f"may not be unspecified ({text})")
    if any(ip in network for network in _REFUSED_LOOPBACK if network.version == ip.version):
        details.append("may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if ip.is_link_local:
        details.append("may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if any(ip in network for network in _LOCAL_MULTICAST if network.version == ip.version):
        details.append("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
    return [invalid(path, text, detail) for detail in details]


def _validate_port(port: Object, needs_name: bool, path: str) -> Errors:
    errors: Errors = []
    name = port.get("name") or ""
    if name:
        errors += invalid_each(f"{path}.name", name, names.dns_label(name))
    elif needs_name:
        errors.append(required(f"{path}.name", ""))
    number = port.get("port") or 0
    errors += invalid_each(f"{path}.port", number, names.port_number(number))
    errors += one_of(f"{path}.protocol", port.get("protocol"), PROTOCOLS)
    return errors + _validate_app_protocol(port, path)


def _validate_app_protocol(port: Object, path: str) -> Errors:
    protocol = port.get("appProtocol")
    if protocol is None:
        return []
    return invalid_each(f"{path}.appProtocol", protocol, names.qualified_name(protocol))


def validate_endpoint_slice(endpoint_slice: Object, judged: AbstractSet[int] = frozenset()) -> Errors:
    """The errors in an EndpointSlice.

    Args:
        endpoint_slice: The object.
        judged: Identities of endpoints that are known to be right.
    """
    address_type = endpoint_slice.get("addressType") or ""
    errors = one_of("addressType", address_type, ADDRESS_TYPES)
    endpoints = endpoint_slice.get("endpoints") or []
    if len(endpoints) > ENDPOINTS_MAX:
        errors.append(too_many("endpoints", len(endpoints), ENDPOINTS_MAX))
        return errors
    for index, endpoint in enumerate(endpoints):
        if id(endpoint) not in judged:
            errors += _validate_endpoint(endpoint, address_type, f"endpoints[{index}]")
    return errors + _validate_slice_ports(endpoint_slice.get("ports") or [])


def _validate_endpoint(endpoint: Object, address_type: str, path: str) -> Errors:
    addresses = endpoint.get("addresses") or []
    errors: Errors = []
    if not addresses:
        errors.append(required(f"{path}.addresses", "must contain at least 1 address"))
    elif len(addresses) > ADDRESSES_MAX:
        errors.append(too_many(f"{path}.addresses", len(addresses), ADDRESSES_MAX))
    for index, address in enumerate(addresses):
        errors += _validate_slice_address(address, address_type, f"{path}.addresses", index)
    node = endpoint.get("nodeName")
    if node is not None:
        errors += invalid_each(f"{path}.nodeName", node, names.dns_subdomain(node))
    topology = endpoint.get("deprecatedTopology") or {}
    here = f"{path}.deprecatedTopology"
    if len(topology) > TOPOLOGY_LABELS_MAX:
        errors.append(too_many(here, len(topology), TOPOLOGY_LABELS_MAX))
    errors += validate_labels(topology, here)
    hostname = endpoint.get("hostname")
    if hostname is not None:
        errors += invalid_each(f"{path}.hostname", hostname, names.dns_label(hostname))
    return errors + _validate_hints(endpoint.get("hints") or {}, f"{path}.hints")


def _validate_hints(hints: Object, path: str) -> Errors:
    errors: Errors = []
    for field, check in (("forZones", names.label_value), ("forNodes", names.dns_subdomain)):
        given = hints.get(field) or []
        if len(given) > HINTS_MAX:
            return [*errors, too_many(f"{path}.{field}", len(given), HINTS_MAX)]
        seen: set[str] = set()
        for index, hint in enumerate(given):
            here, name = f"{path}.{field}[{index}].name", hint.get("name") or ""
            if name in seen:
                errors.append(duplicate(here, name))
            seen.add(name)
            errors += invalid_each(here, name, check(name))
    return errors


def _validate_slice_address(address: str, address_type: str, path: str, index: int) -> Errors:
    here = f"{path}[{index}]"
    if address_type == "FQDN":
        return validate_fully_qualified_domain(here, address)
    if address_type not in ADDRESS_TYPES:
        return []
    errors = validate_address(here, address)
    ip = parse_address(address)
    if errors or ip is None:
        return errors
    if f"IPv{ip.version}" != address_type:
        errors.append(invalid(path, address, f"must be an {address_type} address"))
    return errors + validate_usable_address(address, here)


def _validate_slice_ports(ports: list[Object]) -> Errors:
    if len(ports) > PORTS_MAX:
        return [too_many("ports", len(ports), PORTS_MAX)]
    errors: Errors = []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        here = f"ports[{index}]"
        name = port.get("name") or ""
        if name:
            errors += checked(f"{here}.name", name, names.dns_label)
        if name in seen:
            errors.append(duplicate(f"{here}.name", name))
        seen.add(name)
        protocol = port.get("protocol")
        if protocol is None:
            errors.append(required(f"{here}.protocol", ""))
        elif protocol not in PROTOCOLS:
            errors.append(not_supported(f"{here}.protocol", protocol, PROTOCOLS))
        errors += _validate_app_protocol(port, here)
    return errors


def validate_endpoint_slice_update(new: Object, old: Object) -> Errors:
    """The sort of its addresses is for ever; endpoints of the former slice are not judged again."""
    moved = unchanged("addressType", new.get("addressType"), old.get("addressType"))
    judged = frozenset() if moved else {id(endpoint) for endpoint in old.get("endpoints") or ()}
    return validate_endpoint_slice(new, judged) + moved

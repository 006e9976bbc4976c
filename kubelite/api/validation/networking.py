"""What NetworkPolicies, IPAddresses and ServiceCIDRs must be.

Source: k8s.io/kubernetes/pkg/apis/networking/validation.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.validation import ingress, names
from kubelite.api.validation.addresses import parse_cidr, validate_canonical_cidr, validate_cidr
from kubelite.api.validation.metadata import validate_label_selector
from kubelite.api.validation.problems import (
    Errors,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
    unchanged,
)
from kubelite.api.validation.rules import KindRules, with_create
from kubelite.apimachinery.scheme import Object

_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_POLICY_TYPES: Final = ("Ingress", "Egress")
_ONE_PER_FAMILY: Final = (
    "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
)


def validate_network_policy(policy: Object, old_cidrs: Collection[str] = ()) -> Errors:
    """Selectors, ports and peers; CIDRs that were there may stay as they are."""
    spec = policy.get("spec") or {}
    errors = validate_label_selector(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            here = f"spec.{direction}[{index}]"
            for number, port in enumerate(rule.get("ports") or ()):
                errors += _validate_port(port, f"{here}.ports[{number}]")
            for number, peer in enumerate(rule.get(peers) or ()):
                errors += _validate_peer(peer, f"{here}.{peers}[{number}]", old_cidrs)
    types = spec.get("policyTypes") or []
    if len(types) > len(_POLICY_TYPES):
        return [*errors, invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
    for index, type_ in enumerate(types):
        if type_ not in _POLICY_TYPES:
            errors.append(not_supported(f"spec.policyTypes[{index}]", type_, _POLICY_TYPES))
    return errors


def _validate_port(port: Object, path: str) -> Errors:
    errors: Errors = []
    protocol = port.get("protocol")
    if protocol is not None and protocol not in _PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    first, last = port.get("port"), port.get("endPort")
    if first is None:
        if last is not None:
            detail = "may not be specified when `port` is not specified"
            errors.append(invalid(f"{path}.endPort", last, detail))
    elif isinstance(first, int):
        errors += invalid_each(f"{path}.port", first, names.port_number(first))
        if last is not None:
            if last < first:
                errors.append(invalid(f"{path}.endPort", last, "must be greater than or equal to `port`"))
            errors += invalid_each(f"{path}.endPort", last, names.port_number(last))
    else:
        if last is not None:
            errors.append(invalid(f"{path}.endPort", last, "may not be specified when `port` is non-numeric"))
        errors += invalid_each(f"{path}.port", first, names.port_name(first))
    return errors


def _validate_network_policy_update(new: Object, old: Object) -> Errors:
    spec = old.get("spec") or {}
    peers = [
        *(peer for rule in spec.get("ingress") or () for peer in rule.get("from") or ()),
        *(peer for rule in spec.get("egress") or () for peer in rule.get("to") or ()),
    ]
    blocks = [peer["ipBlock"] for peer in peers if peer.get("ipBlock")]
    cidrs = [cidr for block in blocks for cidr in (block.get("cidr"), *(block.get("except") or ()))]
    return validate_network_policy(new, cidrs)


def _validate_peer(peer: Object, path: str, old_cidrs: Collection[str]) -> Errors:
    errors: Errors = []
    selectors = [field for field in ("podSelector", "namespaceSelector") if peer.get(field) is not None]
    for field in selectors:
        errors += validate_label_selector(peer[field], f"{path}.{field}")
    block = peer.get("ipBlock")
    if block is not None:
        errors += _validate_ip_block(block, f"{path}.ipBlock", old_cidrs)
        if selectors:
            errors.append(forbidden(path, "may not specify both ipBlock and another peer"))
    elif not selectors:
        errors.append(required(path, "must specify a peer"))
    return errors


def _validate_ip_block(block: Object, path: str, old_cidrs: Collection[str]) -> Errors:
    cidr = block.get("cidr")
    if not cidr:
        return [required(f"{path}.cidr", "")]
    errors = validate_cidr(f"{path}.cidr", cidr, old_cidrs)
    whole = parse_cidr(cidr)
    if whole is None:
        return errors
    for index, text in enumerate(block.get("except") or ()):
        here = f"{path}.except[{index}]"
        errors += validate_cidr(here, text, old_cidrs)
        part = parse_cidr(text)
        if part is None:
            continue
        is_within = part[1].network_address in whole[1]
        if not is_within or whole[1].prefixlen >= part[1].prefixlen:
            errors.append(invalid(here, text, "must be a strict subset of `cidr`"))
    return errors


def validate_ip_address(address: Object) -> Errors:
    """A reference to what has the address."""
    parent = (address.get("spec") or {}).get("parentRef")
    path = "spec.parentRef"
    if parent is None:
        return [required(path, "")]
    errors: Errors = []
    if parent.get("group"):
        errors += invalid_each(f"{path}.group", parent["group"], names.dns_subdomain(parent["group"]))
    for field in ("resource", "name"):
        value = parent.get(field)
        if value:
            errors += invalid_each(f"{path}.{field}", value, names.path_segment(value))
        else:
            errors.append(required(f"{path}.{field}", ""))
    if parent.get("namespace"):
        namespace = parent["namespace"]
        errors += invalid_each(f"{path}.namespace", namespace, names.path_segment(namespace))
    return errors


def _validate_ip_address_update(new: Object, old: Object) -> Errors:
    before = (old.get("spec") or {}).get("parentRef")
    after = (new.get("spec") or {}).get("parentRef")
    if after == before:
        return []
    return [invalid("spec.parentRef", "null" if after is None else _go_parent(after), names.IMMUTABLE)]


def _go_parent(parent: Object) -> Object:
    """As Go's internal struct reads in an error."""
    return {
        field.capitalize(): parent.get(field) or "" for field in ("group", "resource", "namespace", "name")
    }


def validate_service_cidr(service_cidr: Object) -> Errors:
    """One CIDR, or one of each family."""
    return _validate_cidrs((service_cidr.get("spec") or {}).get("cidrs") or [])


def _validate_cidrs(cidrs: list[str]) -> Errors:
    path = "spec.cidrs"
    if not cidrs:
        return [required(path, "at least one CIDR required")]
    if len(cidrs) > 2:
        return [invalid(path, {"CIDRs": cidrs}, "may only hold up to 2 values")]
    errors: Errors = []
    families: list[Any] = []
    for index, cidr in enumerate(cidrs):
        errors += validate_canonical_cidr(f"{path}[{index}]", cidr)
        parsed = parse_cidr(cidr)
        families.append(None if parsed is None else parsed[0].version)
    if len(cidrs) == 2 and families[0] == families[1] and families[0] is not None:
        errors.append(invalid(path, cidrs, _ONE_PER_FAMILY))
    return errors


def _validate_service_cidr_update(new: Object, old: Object) -> Errors:
    path = "spec.cidrs"
    before = (old.get("spec") or {}).get("cidrs") or []
    after = (new.get("spec") or {}).get("cidrs") or []
    errors: Errors = []
    if len(before) == len(after):
        for index, cidr in enumerate(before):
            errors += unchanged(f"{path}[{index}]", after[index], cidr)
        return errors
    if len(before) == 1 and len(after) == 2:
        return unchanged(f"{path}[0]", after[0], before[0]) + _validate_cidrs(after)
    return [invalid(path, after or None, names.IMMUTABLE)]


RULES: Final = {
    r.INGRESSES: ingress.INGRESS_RULES,
    r.INGRESSCLASSES: ingress.INGRESS_CLASS_RULES,
    r.NETWORKPOLICIES: KindRules(validate_network_policy, _validate_network_policy_update),
    r.IPADDRESSES: KindRules(
        validate_ip_address,
        with_create(validate_ip_address, _validate_ip_address_update),
        update_metadata="both",
    ),
    r.SERVICECIDRS: KindRules(
        validate_service_cidr,
        with_create(validate_service_cidr, _validate_service_cidr_update),
        update_metadata="both",
    ),
}

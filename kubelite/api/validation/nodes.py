"""What Nodes must be.

The errors of taints stand below `metadata`, as those of Kubernetes do.

Source: k8s.io/kubernetes/pkg/apis/core/validation (ValidateNode, ValidateNodeUpdate),
pkg/registry/core/node/strategy.go.
"""

from __future__ import annotations

import re
from typing import Final

import attrs

from kubelite.api.internalform import internal_form
from kubelite.api.validation import names
from kubelite.api.validation.addresses import parse_cidr, validate_cidr
from kubelite.api.validation.placement import TAINT_EFFECTS
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from kubelite.api.validation.resourcenames import validate_quantity
from kubelite.apimachinery.field import INTERNAL, FieldError
from kubelite.apimachinery.scheme import Object

FAMILIES: Final = 2
"""Networks of its pods that a node may have: one for each family of addresses."""
_FEATURE: Final = re.compile("[A-Z][a-zA-Z0-9]*(/[a-zA-Z0-9]+)*")
_FEATURE_TEXT: Final = (
    "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature "
    "or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
)


def validate_node(node: Object) -> Errors:
    """The errors of a new node."""
    spec = node.get("spec") or {}
    errors = _validate_taints(spec.get("taints") or ()) + _validate_amounts(node)
    swap = ((_status(node).get("nodeInfo") or {}).get("swap") or {}).get("capacity")
    if swap is not None and swap <= 0:
        errors.append(invalid("metadata.nodeSwapStatus.capacity", swap, "must be greater than zero"))
    errors += _validate_features(_status(node).get("declaredFeatures") or [])
    return errors + _validate_pod_networks(spec.get("podCIDRs") or [])


def _status(node: Object) -> Object:
    return node.get("status") or {}


def _validate_taints(taints: tuple[Object, ...] | list[Object]) -> Errors:
    errors: Errors = []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        here = f"metadata.taints[{index}]"
        key, value, effect = taint.get("key") or "", taint.get("value") or "", taint.get("effect") or ""
        errors += invalid_each(f"{here}.key", key, names.label_key(key))
        if messages := names.label_value(value):
            errors.append(invalid(f"{here}.value", value, ";".join(messages)))
        if not effect:
            errors.append(required(f"{here}.effect", ""))
        elif effect not in TAINT_EFFECTS:
            errors.append(not_supported(f"{here}.effect", effect, TAINT_EFFECTS))
        if (key, effect) in seen:
            error = duplicate(here, internal_form("api.core.v1.Taint", taint))
            errors.append(attrs.evolve(error, detail="taints must be unique by key and effect pair"))
        seen.add((key, effect))
    return errors


def _validate_amounts(node: Object) -> Errors:
    errors: Errors = []
    for field in ("capacity", "allocatable"):
        for name, value in (_status(node).get(field) or {}).items():
            errors += validate_quantity(name, value, f"status.{field}.{name}")
    return errors


def _validate_features(features: list[str]) -> Errors:
    errors: Errors = []
    for index, feature in enumerate(features):
        here = f"status.declaredFeatures[{index}]"
        shown = f'invalid feature name "{feature}"'
        if len(feature) > names.SUBDOMAIN_LENGTH_MAX:
            detail = f"{shown}: must be no more than {names.SUBDOMAIN_LENGTH_MAX} characters"
            errors.append(invalid(here, feature, detail))
        elif not _FEATURE.fullmatch(feature):
            errors.append(invalid(here, feature, f"{shown}: {_FEATURE_TEXT}"))
        if index and features[index - 1] == feature:
            errors.append(duplicate(here, feature))
        elif index and features[index - 1] > feature:
            errors.append(invalid(here, feature, "list must be sorted alphabetically"))
    return errors


def _validate_pod_networks(networks: list[str]) -> Errors:
    errors: Errors = []
    for index, network in enumerate(networks):
        errors += validate_cidr(f"spec.podCIDRs[{index}]", network)
    if len(networks) > 1:
        parsed = [parse_cidr(network) for network in networks]
        families = {each[0].version for each in parsed if each is not None}
        if None in parsed:
            bad = parsed.index(None)
            why = (
                "invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR"
                f"[{bad}]: <nil> (invalid CIDR address: {networks[bad]})"
            )
            errors.append(FieldError(INTERNAL, "spec.podCIDRs", None, why))
        if None in parsed or len(families) != FAMILIES or len(networks) > FAMILIES:
            detail = "may specify no more than one CIDR for each IP family"
            errors.append(invalid("spec.podCIDRs", networks, detail))
        errors += [
            duplicate(f"spec.podCIDRs[{index}]", network)
            for index, network in enumerate(networks)
            if network in networks[:index]
        ]
    return errors


def validate_node_change(new: Object, old: Object) -> Errors:
    """What every update of a node must keep; all that is judged when it writes its status."""
    status = _status(new)
    errors = _validate_amounts(new) + _validate_features(status.get("declaredFeatures") or [])
    seen: set[tuple[str, str]] = set()
    for index, address in enumerate(status.get("addresses") or ()):
        pair = (address.get("type") or "", address.get("address") or "")
        if pair in seen:
            shown = internal_form("api.core.v1.NodeAddress", address)
            errors.append(duplicate(f"status.addresses[{index}]", shown))
        seen.add(pair)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    former, networks = before.get("podCIDRs") or [], spec.get("podCIDRs") or []
    if former and former != networks:
        detail = 'node updates may not change podCIDR except from "" to valid'
        same_length = len(former) == len(networks)
        changes = sum(a != b for a, b in zip(former, networks, strict=False)) if same_length else 1
        errors += [forbidden("spec.podCIDRs", detail)] * changes
    if before.get("providerID") and before["providerID"] != spec.get("providerID"):
        detail = 'node updates may not change providerID except from "" to valid'
        errors.append(forbidden("spec.providerID", detail))
    errors += _validate_taints(spec.get("taints") or ())
    if (spec.get("externalID") or "") != (before.get("externalID") or ""):
        errors.append(forbidden("spec.externalID", "may not be updated"))
    return errors


def validate_node_update(new: Object, old: Object) -> Errors:
    """The errors of an update: those of a new node, then those of the change."""
    return validate_node(new) + validate_node_change(new, old)

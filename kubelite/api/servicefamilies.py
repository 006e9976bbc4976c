"""Which address families a Service gets in a cluster that has one, before addresses are given out.

Source: k8s.io/kubernetes/pkg/registry/core/service/storage/alloc.go (initIPFamilyFields), storage.go
(normalizeClusterIPs).
"""

from __future__ import annotations

from typing import Final

from kubelite.api.servicestrategy import CLUSTER_TYPES
from kubelite.api.validation.problems import Errors, invalid
from kubelite.api.validation.serviceaddresses import NONE, family_of, validate_cluster_addresses
from kubelite.apimachinery.scheme import Object

CLUSTER_FAMILY: Final = "IPv4"
SINGLE: Final = "SingleStack"
BOTH: Final = ("IPv4", "IPv6")


def settled(service: Object, old: Object | None = None) -> tuple[Object, Errors]:
    """The Service with its policy and its families, or what is wrong with those that it asks for.

    Args:
        service: The Service, with defaults; an update has taken over what it does not mention.
        old: What is stored of it, if anything.
    """
    spec: Object = service["spec"]
    if spec.get("type") not in CLUSTER_TYPES:
        return service, []
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec = {**spec, "clusterIPs": [spec["clusterIP"]]}
    anything = spec.get("clusterIP") == NONE and not spec.get("selector")
    if spec.get("ipFamilyPolicy") is None:
        spec = {**spec, "ipFamilyPolicy": "RequireDualStack" if anything else SINGLE}
    errors = validate_cluster_addresses({**service, "spec": spec}, old)
    if errors:
        return service, errors
    before = {} if old is None else old.get("spec") or {}
    spec, errors = _reduced(spec, before)
    families, inferred = _inferred(spec)
    errors += _validate_policy(spec) + inferred
    if errors:
        return service, errors
    if anything:
        # Its endpoints may be anything, whatever the cluster has.
        families = families or [CLUSTER_FAMILY]
        if len(families) == 1 and spec["ipFamilyPolicy"] != SINGLE:
            families = [*families, *(family for family in BOTH if family not in families)]
    else:
        errors = _validate_available(spec, families)
        if errors:
            return service, errors
        families = families or [CLUSTER_FAMILY]
    return {**service, "spec": {**spec, "ipFamilies": families}}, []


def _reduced(spec: Object, before: Object) -> tuple[Object, Errors]:
    """Asking for a single family is enough to lose the second; losing it takes asking."""
    errors: Errors = []
    words = {"clusterIPs": "secondary cluster IP", "ipFamilies": "secondary IP family"}
    for field, what in words.items():
        now, then = spec.get(field) or [], before.get(field) or []
        if spec["ipFamilyPolicy"] == SINGLE:
            if now == then and len(now) > 1:
                spec = {**spec, field: now[:1]}
        elif now and len(now) < len(then):
            detail = f"must be 'SingleStack' to release the {what}"
            errors.append(invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], detail))
    return spec, errors


def _validate_policy(spec: Object) -> Errors:
    if spec["ipFamilyPolicy"] != SINGLE:
        return []
    errors: Errors = []
    must = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
    if len(spec.get("clusterIPs") or ()) == len(BOTH):
        errors.append(invalid("spec.ipFamilyPolicy", SINGLE, f"{must} cluster IPs are specified"))
    if len(spec.get("ipFamilies") or ()) == len(BOTH):
        errors.append(invalid("spec.ipFamilyPolicy", SINGLE, f"{must} IP families are specified"))
    return errors


def _inferred(spec: Object) -> tuple[list[str], Errors]:
    """The families asked for; an address beyond them says which family it is of."""
    families: list[str] = list(spec.get("ipFamilies") or ())
    addresses: list[str] = spec.get("clusterIPs") or []
    errors: Errors = []
    for index, address in enumerate(addresses):
        if address == NONE:
            break
        if index < len(families):
            continue
        family = family_of(address)
        if family == CLUSTER_FAMILY:
            families.append(family)
        else:
            detail = f"{family} is not configured on this cluster"
            errors.append(invalid(f"spec.clusterIPs[{index}]", addresses, detail))
    return families, errors


def _validate_available(spec: Object, families: list[str]) -> Errors:
    errors: Errors = []
    if spec["ipFamilyPolicy"] == "RequireDualStack":
        detail = "this cluster is not configured for dual-stack services"
        errors.append(invalid("spec.ipFamilyPolicy", "RequireDualStack", detail))
    for index, family in enumerate(families):
        if family != CLUSTER_FAMILY:
            errors.append(invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster"))
    return errors

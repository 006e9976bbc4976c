"""What the cluster addresses and the address families of a Service must be, and what of them may change.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (ValidateServiceClusterIPsRelatedFields,
validateUpgradeDowngradeClusterIPs, validateUpgradeDowngradeIPFamilies).
"""

from __future__ import annotations

from typing import Final

from kubelite.api.validation.addresses import parse_address, validate_address
from kubelite.api.validation.problems import Errors, duplicate, invalid, not_supported, required
from kubelite.apimachinery.scheme import Object

NONE: Final = "None"
FAMILIES: Final = ("IPv4", "IPv6")
FAMILY_POLICIES: Final = ("PreferDualStack", "RequireDualStack", "SingleStack")
KEPT: Final = "may not change once set"


def is_headless(spec: Object) -> bool:
    """True for a Service that has no address on purpose."""
    return bool(spec.get("clusterIP") == NONE or (spec.get("clusterIPs") or [""])[0] == NONE)


def family_of(address: str) -> str:
    """The family of a valid address."""
    parsed = parse_address(address)
    return "IPv6" if parsed is not None and parsed.version == 6 else "IPv4"


def validate_cluster_addresses(service: Object, old: Object | None = None) -> Errors:
    """The errors in `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`."""
    spec = service.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return []
    addresses: list[str] = spec.get("clusterIPs") or []
    errors = _validate_agreement(spec.get("clusterIP") or "", addresses)
    errors += _validate_families(spec)
    before = () if old is None else (old.get("spec") or {}).get("clusterIPs") or ()
    bad = _validate_each(addresses, before)
    errors += bad
    if len(addresses) > len(FAMILIES):
        errors.append(invalid("spec.clusterIPs", addresses, "may only hold up to 2 values"))
    if bad:
        return errors
    families = [family_of(address) for address in addresses]
    if len(addresses) > 1 and len(set(families)) == 1:
        detail = "may specify no more than one IP for each IP family"
        errors.append(invalid("spec.clusterIPs", addresses, detail))
    if not is_headless(spec):
        asked = spec.get("ipFamilies") or []
        for index, (address, found, wanted) in enumerate(zip(addresses, families, asked, strict=False)):
            if found != wanted and wanted in FAMILIES:
                detail = f"expected an {wanted} value as indicated by `ipFamilies[{index}]`"
                errors.append(invalid(f"spec.clusterIPs[{index}]", address, detail))
    return errors


def _validate_agreement(address: str, addresses: list[str]) -> Errors:
    if not address:
        detail = "must be empty when `clusterIP` is not specified"
        return [invalid("spec.clusterIPs", addresses, detail)] if addresses else []
    if not addresses:
        return [required("spec.clusterIPs", "")]
    if addresses[0] != address:
        return [invalid("spec.clusterIPs", addresses, "first value must match `clusterIP`")]
    return []


def _validate_families(spec: Object) -> Errors:
    errors: Errors = []
    families = spec.get("ipFamilies") or []
    for index, family in enumerate(families):
        if family not in FAMILIES:
            errors.append(not_supported(f"spec.ipFamilies[{index}]", family, FAMILIES))
        if family in families[:index]:
            errors.append(duplicate(f"spec.ipFamilies[{index}]", family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in FAMILY_POLICIES:
        errors.append(not_supported("spec.ipFamilyPolicy", policy, FAMILY_POLICIES))
    return errors


def _validate_each(addresses: list[str], before: list[str] | tuple[str, ...]) -> Errors:
    errors: Errors = []
    for index, address in enumerate(addresses):
        if index or address != NONE:
            errors += validate_address(f"spec.clusterIPs[{index}]", address, before)
        elif len(addresses) > 1:
            errors.append(invalid("spec.clusterIPs", addresses, "'None' must be the first and only value"))
    return errors


def validate_addresses_kept(new: Object, old: Object) -> Errors:
    """A Service keeps its first address and its first family; a second one may come and go."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    if "ExternalName" in {spec.get("type"), before.get("type")}:
        return []
    if is_headless(spec) and is_headless(before):
        return []
    errors = _validate_list_kept(spec, before, "clusterIPs", "primary clusterIP can not be unset")
    if not is_headless(spec) and not is_headless(before):
        errors += _validate_list_kept(spec, before, "ipFamilies", "primary ipFamily can not be unset")
    return errors


def _validate_list_kept(spec: Object, before: Object, field: str, unset: str) -> Errors:
    now: list[str] = spec.get(field) or []
    then: list[str] = before.get(field) or []
    if len(now) == len(then):
        # Of addresses the place is named, of families the first one.
        return [
            invalid(f"spec.{field}[{index if field == 'clusterIPs' else 0}]", now, KEPT)
            for index, (ours, theirs) in enumerate(zip(now, then, strict=True))
            if ours != theirs
        ]
    errors: Errors = []
    if len(now) < len(then) and not spec.get("clusterIPs"):
        errors.append(invalid(f"spec.{field}[0]", now, unset))
    if now and then and now[0] != then[0]:
        errors.append(invalid(f"spec.{field}[0]", spec.get("clusterIPs") or [], KEPT))
    if len(now) < len(then) and len(now) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
        what = "clusterIP" if field == "clusterIPs" else "ipFamily"
        detail = f"must be set to 'SingleStack' when releasing the secondary {what}"
        errors.append(invalid("spec.ipFamilyPolicy", spec.get("ipFamilyPolicy"), detail))
    return errors

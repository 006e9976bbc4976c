"""What containers, and pods as a whole, may ask for of a node, and limit themselves to.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (validateResourceRequirements,
validatePodResources, validatePodResourceClaims, validateResourceClaimNames).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from kubelite.api import podutil
from kubelite.api.internalform import internal_form
from kubelite.api.resourcelist import amount
from kubelite.api.validation import names
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from kubelite.api.validation.resourcenames import (
    HUGE_PAGES,
    is_overcommitted,
    validate_container_resource_name,
    validate_quantity,
    validate_resource_name,
)
from kubelite.apimachinery.field import NOT_FOUND, FieldError
from kubelite.apimachinery.quantity import Quantity, parse
from kubelite.apimachinery.scheme import Object

NameRule: TypeAlias = Callable[[str, str], Errors]
_POD_RESOURCES: Final = ("cpu", "memory")
"""Besides huge pages, what a pod as a whole may ask for."""


def validate_resources(
    resources: Object | None, path: str, name_rule: NameRule = validate_container_resource_name
) -> Errors:
    """The errors in requests and limits, each by itself and against the other.

    Args:
        resources: None for none.
        path: Of them.
        name_rule: The errors of a resource's name.
    """
    if not resources:
        return []
    errors: Errors = []
    limits: Mapping[str, str] = resources.get("limits") or {}
    requests: Mapping[str, str] = resources.get("requests") or {}
    for name, value in limits.items():
        errors += _validate_amount(name, value, f"{path}.limits[{name}]", name_rule)
    for name, value in requests.items():
        errors += _validate_amount(name, value, f"{path}.requests[{name}]", name_rule)
        limit = limits.get(name)
        if limit is None:
            if not is_overcommitted(name):
                detail = "Limit must be set for non overcommitable resources"
                errors.append(required(f"{path}.limits", detail))
        elif not is_overcommitted(name) and amount(name, value) != amount(name, limit):
            errors.append(invalid(f"{path}.requests", value, f"must be equal to {name} limit of {limit}"))
        elif amount(name, value) > amount(name, limit):
            detail = f"must be less than or equal to {name} limit of {limit}"
            errors.append(invalid(f"{path}.requests", value, detail))
    asked = {*limits, *requests}
    if any(name.startswith(HUGE_PAGES) for name in asked) and not asked & {"cpu", "memory"}:
        errors.append(forbidden(path, "HugePages require cpu or memory"))
    return errors


def _validate_amount(name: str, value: str, path: str, name_rule: NameRule) -> Errors:
    errors = name_rule(name, path) + validate_quantity(name, value, path)
    if name.startswith(HUGE_PAGES) and not _is_whole_pages(name, value):
        errors.append(invalid(path, value, f"{value} is not positive integer multiple of {name}"))
    return errors


def _is_whole_pages(name: str, value: str) -> bool:
    """Whether an amount of huge pages is so many of them."""
    try:
        size = parse(name.removeprefix(HUGE_PAGES)).milli()
    except ValueError:
        return False
    return size > 0 and parse(value).milli() % size == 0


# --- of a pod as a whole ------------------------------------------------------------------------------------


def validate_pod_resources(spec: Object, path: str) -> Errors:
    """The errors in what a pod asks for as a whole: enough for its containers, no less than their limits."""
    resources = spec.get("resources")
    if resources is None:
        return []
    errors: Errors = []
    if resources.get("claims"):
        errors.append(forbidden(f"{path}.claims", "claims cannot be set for Resources at pod-level"))
    errors += validate_resources(resources, path, _validate_name)
    return errors + _validate_consistency(spec, path)


def _validate_name(name: str, path: str) -> Errors:
    errors = validate_resource_name(name, path)
    if errors or name in _POD_RESOURCES or name.startswith(HUGE_PAGES):
        return errors
    return [not_supported(path, name, _POD_RESOURCES)]


def _validate_consistency(spec: Object, path: str) -> Errors:
    own: Mapping[str, str] = spec["resources"].get("requests") or {}
    limits: Mapping[str, str] = spec["resources"].get("limits") or {}
    bare = {field: value for field, value in spec.items() if field not in {"resources", "overhead"}}
    errors: Errors = []
    for name, total in sorted(podutil.requests(bare).items()):
        if total > (amount(name, own[name]) if name in own else 0):
            asked = _shown(name, total, spec)
            detail = f"must be greater than or equal to aggregate container requests of {asked}"
            errors.append(invalid(f"{path}.requests[{name}]", str(parse(own.get(name, "0"))), detail))
    for index, container in enumerate(spec.get("containers") or ()):
        for name, limit in ((container.get("resources") or {}).get("limits") or {}).items():
            if name in limits and amount(name, limit) > amount(name, limits[name]):
                where = f"{path}.containers[{index}][{name}].limits"
                detail = f"must be less than or equal to pod limits of {parse(limits[name])}"
                errors.append(invalid(where, str(parse(limit)), detail))
    return errors


def _shown(name: str, total: int, spec: Object) -> Quantity:
    """An amount in the form in which the first container gives it."""
    given = [
        (container.get("resources") or {}).get("requests") or {} for container in spec.get("containers") or ()
    ]
    form = next((parse(each[name]).form for each in given if name in each), "decimal")
    return Quantity(Decimal(total) / 1000 if name == "cpu" else Decimal(total), form)


# --- claims of devices --------------------------------------------------------------------------------------


def validate_pod_claims(claims: list[Object] | None, path: str) -> Errors:
    """The errors in a pod's claims of devices, by which its containers name them."""
    errors: Errors = []
    seen: set[str] = set()
    sources = ("resourceClaimName", "resourceClaimTemplateName")
    for index, claim in enumerate(claims or ()):
        here, name = f"{path}[{index}]", claim.get("name") or ""
        if not name:
            errors.append(required(f"{here}.name", ""))
        elif name in seen:
            errors.append(duplicate(f"{here}.name", name))
        else:
            errors += invalid_each(f"{here}.name", name, names.dns_label(name))
            seen.add(name)
        given = [field for field in sources if claim.get(field) is not None]
        shown = internal_form("api.core.v1.PodResourceClaim", claim)
        if len(given) > 1:
            detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            errors.append(invalid(here, shown, detail))
        if not given:
            detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            errors.append(invalid(here, shown, detail))
        for field in given:
            errors += invalid_each(f"{here}.{field}", claim[field], names.dns_subdomain(claim[field]))
    return errors


def validate_claim_names(container: Object, spec: Object, path: str) -> Errors:
    """The errors in which of the pod's claims a container uses."""
    errors: Errors = []
    known = sorted(each["name"] for each in spec.get("resourceClaims") or () if each.get("name"))
    seen: set[str] = set()
    for index, claim in enumerate((container.get("resources") or {}).get("claims") or ()):
        here, name = f"{path}[{index}]", claim.get("name") or ""
        if not name:
            errors.append(required(here, ""))
            continue
        key = "/".join(filter(None, (name, claim.get("request"))))
        if key in seen:
            errors.append(duplicate(here, key))
        seen.add(key)
        if name not in known:
            among = f": {', '.join(known)}" if known else " which is empty"
            detail = f"must be one of the names in pod.spec.resourceClaims{among}"
            errors.append(FieldError(NOT_FOUND, here, name, detail))
    return errors

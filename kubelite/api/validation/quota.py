"""What LimitRanges and ResourceQuotas must be.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (ValidateLimitRange, ValidateResourceQuota),
pkg/apis/core/helper/helpers.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kubelite.api.internalform import internal_form
from kubelite.api.validation import names
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    required,
)
from kubelite.api.validation.resourcenames import (
    is_overcommitted,
    is_standard_quota,
    validate_container_resource_name,
    validate_quantity,
    validate_resource_name,
)
from kubelite.apimachinery.quantity import Quantity, parse
from kubelite.apimachinery.scheme import Object

_LIMIT_TYPES: Final = ("Pod", "Container", "PersistentVolumeClaim")
_SCOPES: Final = frozenset(
    {
        "Terminating",
        "NotTerminating",
        "BestEffort",
        "NotBestEffort",
        "PriorityClass",
        "CrossNamespacePodAffinity",
        "VolumeAttributesClass",
    }
)
_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")
_UNIT_SCOPES: Final = frozenset(
    {"BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"}
)
"""Scopes that a resource is either in or not: they are selected by being there."""

_POD_RESOURCES: Final = frozenset(
    {
        "pods",
        "cpu",
        "memory",
        "limits.cpu",
        "limits.memory",
        "requests.cpu",
        "requests.memory",
    }
)
_CONFLICTING: Final = (
    frozenset({"BestEffort", "NotBestEffort"}),
    frozenset({"Terminating", "NotTerminating"}),
)


# --- LimitRange ---------------------------------------------------------------------------------------------


def validate_limit_range(limit_range: Object) -> Errors:
    """Types that exist, each once; amounts that fit together."""
    errors: Errors = []
    seen: set[str] = set()
    for index, limit in enumerate((limit_range.get("spec") or {}).get("limits") or ()):
        path, type_ = f"spec.limits[{index}]", limit.get("type") or ""
        errors += _validate_limit_type(type_, f"{path}.type")
        if type_ in seen:
            errors.append(duplicate(f"{path}.type", type_))
        seen.add(type_)
        errors += _validate_limit(limit, type_, path)
    return errors


def _validate_limit_type(type_: str, path: str) -> Errors:
    errors = invalid_each(path, type_, names.qualified_name(type_))
    if not errors and "/" not in type_ and type_ not in _LIMIT_TYPES:
        return [invalid(path, type_, "must be a standard limit type or fully qualified")]
    return errors


def _validate_limit(limit: Object, type_: str, path: str) -> Errors:
    check = validate_container_resource_name if type_ in {"Pod", "Container"} else validate_resource_name
    errors: Errors = []
    amounts: dict[str, Mapping[str, Quantity]] = {}

    def take(field: str) -> Errors:
        given: Mapping[str, str] = limit.get(field) or {}
        amounts[field] = {name: parse(text) for name, text in given.items()}
        return [error for name in sorted(given) for error in check(name, f"{path}.{field}[{name}]")]

    errors += take("max") + take("min")
    if type_ == "Pod":
        for field in ("default", "defaultRequest"):
            if limit.get(field):
                errors.append(forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'"))
    else:
        errors += take("default") + take("defaultRequest")
    if type_ == "PersistentVolumeClaim" and "storage" not in {*amounts["min"], *amounts["max"]}:
        detail = "either minimum or maximum storage value is required, but neither was provided"
        errors.append(required(f"{path}.limits", detail))
    errors += take("maxLimitRequestRatio")
    for name in sorted({name for given in amounts.values() for name in given}):
        of = {field: given[name] for field, given in amounts.items() if name in given}
        errors += _validate_amounts(of, name, path)
    return errors


def _validate_amounts(of: Mapping[str, Quantity], name: str, path: str) -> Errors:
    """The errors of the amounts of one resource, each against the others."""
    errors: Errors = []
    for low, high, shown, field, text in (
        ("min", "max", "min", "min", "min value {low} is greater than max value {high}"),
        (
            "min",
            "defaultRequest",
            "defaultRequest",
            "defaultRequest",
            "min value {low} is greater than default request value {high}",
        ),
        (
            "defaultRequest",
            "max",
            "defaultRequest",
            "defaultRequest",
            "default request value {low} is greater than max value {high}",
        ),
        (
            "defaultRequest",
            "default",
            "defaultRequest",
            "defaultRequest",
            "default request value {low} is greater than default limit value {high}",
        ),
        ("min", "default", "min", "default", "min value {low} is greater than default value {high}"),
        ("default", "max", "max", "default", "default value {low} is greater than max value {high}"),
    ):
        if low in of and high in of and of[low] > of[high]:
            detail = text.format(low=of[low], high=of[high])
            errors.append(invalid(f"{path}.{field}[{name}]", str(of[shown]), detail))
    errors += _validate_ratio(of, f"{path}.maxLimitRequestRatio[{name}]")
    default, request = of.get("default"), of.get("defaultRequest")
    if default is not None and request is not None and default != request and not is_overcommitted(name):
        detail = f"default value {default} must equal to defaultRequest value {request} in {name}"
        errors.append(invalid(f"{path}.defaultRequest[{name}]", str(request), detail))
    return errors


def _validate_ratio(of: Mapping[str, Quantity], path: str) -> Errors:
    ratio, low, high = of.get("maxLimitRequestRatio"), of.get("min"), of.get("max")
    if ratio is None:
        return []
    errors: Errors = []
    if ratio.value < 1:
        errors.append(invalid(path, str(ratio), f"ratio {ratio} is less than 1"))
    if low is not None and high is not None:
        bound = float("inf") if not low.value else high.to_float() / low.to_float()
        if ratio.to_float() > bound:
            detail = f"ratio {ratio} is greater than max/min = {bound:f}"
            errors.append(invalid(path, str(ratio), detail))
    return errors


# --- ResourceQuota ------------------------------------------------------------------------------------------


def validate_resource_quota(quota: Object) -> Errors:
    """Names that a quota may limit, amounts, and scopes that fit them."""
    return _validate_spec(quota.get("spec") or {}) + _validate_lists(quota.get("status") or {})


def _validate_spec(spec: Object) -> Errors:
    errors = _validate_amounts_of(spec.get("hard"), "spec.hard")
    errors += _validate_scopes(spec)
    return errors + _validate_scope_selector(spec)


def _validate_lists(status: Object) -> Errors:
    errors = _validate_amounts_of(status.get("hard"), "status.hard")
    return errors + _validate_amounts_of(status.get("used"), "status.used")


def _validate_amounts_of(amounts: Mapping[str, str] | None, path: str) -> Errors:
    errors: Errors = []
    for name in sorted(amounts or ()):
        here = f"{path}[{name}]"
        errors += validate_resource_name(name, here)
        if "/" not in name and not is_standard_quota(name):
            errors.append(invalid(here, name, "must be a standard resource for quota"))
        errors += validate_quantity(name, (amounts or {})[name], here)
    return errors


def _fits(scope: str, name: str) -> bool:
    """Whether what a quota limits can be in a scope at all."""
    if scope == "BestEffort":
        return name == "pods"
    if scope == "VolumeAttributesClass":
        return name in {"requests.storage", "persistentvolumeclaims"}
    return name in _POD_RESOURCES if scope in _SCOPES else True


def _misfits(scope: str, spec: Object, path: str, shown: object) -> Errors:
    return [
        invalid(path, shown, "unsupported scope applied to resource")
        for name in sorted(spec.get("hard") or ())
        if is_standard_quota(name) and not _fits(scope, name)
    ]


def _validate_scopes(spec: Object) -> Errors:
    path, scopes = "spec.scopes", spec.get("scopes") or []
    errors: Errors = []
    for scope in scopes:
        if scope not in _SCOPES:
            errors.append(invalid(path, scopes, "unsupported scope"))
        errors += _misfits(scope, spec, path, scopes)
    for pair in _CONFLICTING:
        if pair <= set(scopes):
            errors.append(invalid(path, scopes, "conflicting scopes"))
    return errors


def _validate_scope_selector(spec: Object) -> Errors:
    selector = spec.get("scopeSelector")
    if selector is None:
        return []
    path = "spec.scopeSelector.matchExpressions"
    requirements = selector.get("matchExpressions") or []
    errors: Errors = []
    scopes: set[str] = set()
    for requirement in requirements:
        scope, operator = requirement.get("scopeName") or "", requirement.get("operator") or ""
        values = requirement.get("values") or []
        if scope not in _SCOPES:
            errors.append(invalid(f"{path}.scopeName", scope, "unsupported scope"))
        errors += _misfits(scope, spec, path, internal_form("api.core.v1.ScopeSelector", selector))
        if scope in _UNIT_SCOPES and operator != "Exists":
            detail = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
            detail += "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
            detail += "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
            errors.append(invalid(f"{path}.operator", operator, detail))
        judge = _OPERATOR_VALUES.get(operator)
        if judge is None:
            errors.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
        else:
            errors += judge(values, f"{path}.values")
        scopes.add(scope)
    for pair in _CONFLICTING:
        if pair <= scopes:
            errors.append(invalid(path, spec.get("scopes"), "conflicting scopes"))
    return errors


def _needs_values(values: list[str], path: str) -> Errors:
    if values:
        return []
    return [
        required(path, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
    ]


def _needs_none(values: list[str], path: str) -> Errors:
    if not values:
        return []
    return [
        invalid(
            path, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
        )
    ]


_OPERATOR_VALUES: Final[Mapping[str, Callable[[list[str], str], Errors]]] = {
    "In": _needs_values,
    "NotIn": _needs_values,
    "Exists": _needs_none,
    "DoesNotExist": _needs_none,
}


def validate_resource_quota_update(new: Object, old: Object) -> Errors:
    """The scopes are for ever."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors = _validate_spec(spec)
    scopes = spec.get("scopes")
    if set(scopes or ()) != set(before.get("scopes") or ()):
        errors.append(invalid("spec.scopes", scopes, names.IMMUTABLE))
    return errors


def validate_resource_quota_status(new: Object, _: Object) -> Errors:
    """Names and amounts as in the spec."""
    return _validate_lists(new.get("status") or {})

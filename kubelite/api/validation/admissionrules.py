"""What webhooks and admission policies have in common: rules about requests, matches, conditions.

CEL expressions are stored as they are; only that they are not empty is judged.

Source: k8s.io/kubernetes/pkg/apis/admissionregistration/validation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from kubelite.api.validation import names
from kubelite.api.validation.metadata import validate_label_selector
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    invalid,
    invalid_each,
    not_supported,
    required,
    too_many,
)
from kubelite.apimachinery.scheme import Object

CONDITIONS_MAX: Final = 64
FAILURE_POLICIES: Final = ("Fail", "Ignore")
MATCH_POLICIES: Final = ("Equivalent", "Exact")
REINVOCATION_POLICIES: Final = ("IfNeeded", "Never")
OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES: Final = ("*", "Cluster", "Namespaced")


def validate_choice(value: Any, choices: Sequence[str], path: str) -> Errors:
    """One of the choices, or absent."""
    if value is None or value in choices:
        return []
    return [not_supported(path, value, choices)]


def needed(value: Any, choices: Sequence[str], path: str) -> Errors:
    """One of the choices."""
    return [required(path, "")] if value is None else validate_choice(value, choices, path)


def validate_rule(rule: Object, path: str) -> Errors:
    """Operations, groups, versions and resources that a rule names."""
    errors: Errors = []
    operations = rule.get("operations") or []
    errors += _validate_list(rule, "operations", "operations", path)
    for index, operation in enumerate(operations):
        if operation not in OPERATIONS:
            errors.append(not_supported(f"{path}.operations[{index}]", operation, OPERATIONS))
    errors += _validate_list(rule, "apiGroups", "API groups", path)
    errors += _validate_list(rule, "apiVersions", "API versions", path)
    for index, version in enumerate(rule.get("apiVersions") or ()):
        if not version:
            errors.append(required(f"{path}.apiVersions[{index}]", ""))
    errors += _validate_resources(rule.get("resources") or [], f"{path}.resources")
    return errors + validate_choice(rule.get("scope"), _SCOPES, f"{path}.scope")


def _validate_list(rule: Object, field: str, what: str, path: str) -> Errors:
    values = rule.get(field) or []
    if not values:
        return [required(f"{path}.{field}", "")]
    if len(values) > 1 and "*" in values:
        return [invalid(f"{path}.{field}", values, f"if '*' is present, must not specify other {what}")]
    return []


def _validate_resources(resources: list[str], path: str) -> Errors:
    errors: Errors = [] if resources else [required(path, "")]
    all_of: set[str] = set()
    everywhere: set[str] = set()
    is_plain = False
    for index, text in enumerate(resources):
        here = f"{path}[{index}]"
        if not text:
            errors.append(required(here, ""))
            continue
        resource, slash, subresource = text.partition("/")
        if not slash:
            is_plain = text != "*"
            continue
        if resource in all_of:
            errors.append(invalid(here, text, f"if '{resource}/*' is present, must not specify {text}"))
        if subresource in everywhere:
            errors.append(invalid(here, text, f"if '*/{subresource}' is present, must not specify {text}"))
        if subresource == "*":
            all_of.add(resource)
        if resource == "*":
            everywhere.add(subresource)
    if len(resources) > 1 and "*/*" in resources:
        errors.append(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    if "*" in resources and is_plain:
        detail = "if '*' is present, must not specify other resources without subresources"
        errors.append(invalid(path, resources, detail))
    return errors


def validate_match_conditions(conditions: list[Object] | None, path: str) -> Errors:
    """Conditions with names of their own."""
    conditions = conditions or []
    errors: Errors = []
    if len(conditions) > CONDITIONS_MAX:
        errors.append(too_many(path, len(conditions), CONDITIONS_MAX))
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        here = f"{path}[{index}]"
        name = condition.get("name") or ""
        if not (condition.get("expression") or "").strip():
            errors.append(required(f"{here}.expression", ""))
        if not name:
            errors.append(required(f"{here}.name", ""))
            continue
        errors += invalid_each(f"{here}.name", name, names.qualified_name(name))
        if name in seen:
            errors.append(duplicate(f"{here}.name", name))
        seen.add(name)
    return errors


def validate_match_resources(match: Object | None, path: str) -> Errors:
    """Which requests a policy is about; with defaults."""
    if match is None:
        return []
    errors = needed(match.get("matchPolicy"), MATCH_POLICIES, f"{path}.matchPolicy")
    for field in ("namespaceSelector", "objectSelector"):
        selector = match.get(field)
        if selector is None:
            errors.append(required(f"{path}.{field}", ""))
        else:
            errors += validate_label_selector(selector, f"{path}.{field}")
    for field in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(match.get(field) or ()):
            here = f"{path}.{field}[{index}]"
            errors += _validate_resource_names(rule.get("resourceNames") or [], f"{here}.resourceNames")
            errors += validate_rule(rule, here)
    return errors


def _validate_resource_names(resource_names: list[str], path: str) -> Errors:
    errors: Errors = []
    for index, name in enumerate(resource_names):
        errors += invalid_each(f"{path}[{index}]", name, names.path_segment(name))
        if name in resource_names[:index]:
            errors.append(duplicate(f"{path}[{index}]", name))
    return errors


def each(items: list[Object] | None, path: str, validate: Callable[[Object, str], Errors]) -> Errors:
    """The errors of every item."""
    return [error for index, item in enumerate(items or ()) for error in validate(item, f"{path}[{index}]")]

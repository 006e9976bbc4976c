"""What claims and slices say of devices alike: names, taints, tolerations, parameters.

Source: k8s.io/kubernetes/pkg/apis/resource/validation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, TypeVar

import orjson

from kubelite.api.validation import names
from kubelite.api.validation.dnsnames import c_identifier
from kubelite.api.validation.placement import validate_node_term
from kubelite.api.validation.problems import (
    Errors,
    checked,
    duplicate,
    invalid,
    invalid_each,
    not_supported,
    required,
    too_long,
    too_many,
)
from kubelite.api.validation.storage import validate_csi_driver_name
from kubelite.apimachinery.scheme import Object

T = TypeVar("T")

POOL_NAME_SIZE_MAX: Final = 253
IDENTIFIER_LENGTH_MAX: Final = 32
CONDITIONS_MAX: Final = 4
PARAMETERS_SIZE_MAX: Final = 10 * 1024
SELECTORS_MAX: Final = 32
EXPRESSION_SIZE_MAX: Final = 10 * 1024
TAINT_EFFECTS: Final = ("NoExecute", "NoSchedule", "None")
_UID: Final = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

validate_driver_name = validate_csi_driver_name


def validate_each(
    items: Sequence[T] | None, most: int, path: str, validate: Callable[[T, str], Errors]
) -> Errors:
    """Not too many items, and the errors of each; a negative `most` is no bound."""
    items = items or ()
    if 0 <= most < len(items):
        return [too_many(path, len(items), most)]
    return [error for index, item in enumerate(items) for error in validate(item, f"{path}[{index}]")]


def validate_set(
    items: Sequence[T] | None,
    most: int,
    path: str,
    validate: Callable[[T, str], Errors],
    key: Callable[[T], Hashable],
) -> Errors:
    """As above, each only once."""
    items = items or ()
    errors = validate_each(items, most, path, validate)
    if 0 <= most < len(items):
        return errors
    seen: set[Hashable] = set()
    for index, item in enumerate(items):
        if key(item) in seen:
            errors.append(duplicate(f"{path}[{index}]", key(item)))
        seen.add(key(item))
    return errors


def name_of(item: Object) -> str:
    """The key of named items."""
    name: str = item.get("name") or ""
    return name


def validate_label_name(name: str | None, path: str) -> Errors:
    """A DNS label."""
    return checked(path, name, names.dns_label)


def validate_pool_name(name: str | None, path: str) -> Errors:
    """Subdomains between slashes."""
    if not name:
        return [required(path, "")]
    errors: Errors = [too_long(path, "", POOL_NAME_SIZE_MAX)] if len(name) > POOL_NAME_SIZE_MAX else []
    for part in name.split("/"):
        errors += checked(path, part, names.dns_subdomain)
    return errors


def validate_uid(uid: str, path: str) -> Errors:
    """A UID as RFC 4122 writes it."""
    if _UID.fullmatch(uid):
        return []
    if _UID.fullmatch(uid.lower()):
        detail = (
            "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase "
            "hexadecimal characters"
        )
        return [invalid(path, uid, detail)]
    problem = "invalid UUID format" if len(uid) == 36 else f"invalid UUID length: {len(uid)}"
    return [invalid(path, uid, f"error validating uid: {problem}")]


def validate_qualified_name(name: str, path: str) -> Errors:
    """A C identifier, with a driver's domain before it or not."""
    domain, slash, identifier = name.partition("/")
    if not slash:
        return _validate_identifier(name, path)
    if "/" in identifier:
        return [invalid(path, name, "must not contain more than one slash")]
    errors: Errors = []
    if domain:
        errors += validate_driver_name(domain, path)
    else:
        errors.append(invalid(path, "", "the domain must not be empty"))
    if identifier:
        return errors + _validate_identifier(identifier, path)
    return [*errors, invalid(path, "", "the name must not be empty")]


def validate_fully_qualified_name(name: str, path: str) -> Errors:
    """As above, with the domain."""
    errors = validate_qualified_name(name, path)
    if "/" not in name:
        detail = "a fully qualified name must be a domain and a name separated by a slash"
        errors.append(invalid(path, name, detail))
    return errors


def _validate_identifier(text: str, path: str) -> Errors:
    errors: Errors = []
    if len(text) > IDENTIFIER_LENGTH_MAX:
        errors.append(too_long(path, "", IDENTIFIER_LENGTH_MAX))
    return errors + invalid_each(path, text, c_identifier(text))


def validate_selectors(selectors: list[Object] | None, path: str) -> Errors:
    """CEL expressions about devices, not too long; they are not compiled."""

    def validate(selector: Object, here: str) -> Errors:
        cel = selector.get("cel")
        if cel is None:
            return [required(f"{here}.cel", "")]
        if len((cel.get("expression") or "").encode()) > EXPRESSION_SIZE_MAX:
            return [too_long(f"{here}.cel.expression", "", EXPRESSION_SIZE_MAX)]
        return []

    return validate_each(selectors, SELECTORS_MAX, path, validate)


def validate_configuration(configuration: Object, path: str) -> Errors:
    """Parameters for a driver."""
    opaque = configuration.get("opaque")
    if opaque is None:
        return [required(f"{path}.opaque", "")]
    here = f"{path}.opaque"
    errors = validate_driver_name(opaque.get("driver") or "", f"{here}.driver")
    return errors + validate_raw(opaque.get("parameters"), f"{here}.parameters", PARAMETERS_SIZE_MAX)


def validate_raw(value: Any, path: str, size_max: int) -> Errors:
    """A JSON object of a bounded size."""
    if value is None:
        return [required(path, "")]
    if len(orjson.dumps(value)) > size_max:
        return [too_long(path, "", size_max)]
    if not isinstance(value, dict):
        return [invalid(path, "<value omitted>", "must be a valid JSON object")]
    return []


def validate_taint(taint: Object, path: str) -> Errors:
    """A label and an effect."""
    key, value, effect = (taint.get(field) or "" for field in ("key", "value", "effect"))
    errors = invalid_each(f"{path}.key", key, names.label_key(key))
    errors += invalid_each(f"{path}.value", value, names.label_value(value))
    if not effect:
        errors.append(required(f"{path}.effect", ""))
    elif effect not in TAINT_EFFECTS:
        errors.append(not_supported(f"{path}.effect", effect, TAINT_EFFECTS))
    return errors


def validate_toleration(toleration: Object, path: str) -> Errors:
    """What taints do not matter."""
    key, value, operator, effect = (
        toleration.get(field) or "" for field in ("key", "value", "operator", "effect")
    )
    errors = invalid_each(f"{path}.key", key, names.label_key(key)) if key else []
    if operator == "Exists":
        if value:
            errors.append(invalid(f"{path}.value", value, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        errors += invalid_each(f"{path}.value", value, names.label_value(value))
    elif not operator:
        errors.append(required(f"{path}.operator", ""))
    else:
        errors.append(not_supported(f"{path}.operator", operator, ["Equal", "Exists"]))
    if effect and effect not in TAINT_EFFECTS:
        errors.append(not_supported(f"{path}.effect", effect, TAINT_EFFECTS))
    return errors


def validate_binding_conditions(device: Object, path: str) -> Errors:
    """Conditions for binding and against it, some of both or none."""
    wanted, failures = "bindingConditions", "bindingFailureConditions"

    def validate(name: str, here: str) -> Errors:
        return invalid_each(here, name, names.label_key(name))

    errors: Errors = []
    for field in (wanted, failures):
        errors += validate_each(device.get(field), CONDITIONS_MAX, f"{path}.{field}", validate)
    binding, failing = device.get(wanted) or [], device.get(failures) or []
    for index, name in enumerate(binding):
        if name in binding[:index]:
            errors.append(duplicate(f"{path}.{wanted}[{index}]", name))
    for index, name in enumerate(failing):
        here = f"{path}.{failures}[{index}]"
        if name in failing[:index]:
            errors.append(duplicate(here, name))
        if name in binding:
            errors.append(invalid(here, name, f"{failures} must not overlap with {wanted}"))
    if failing and not binding:
        errors.append(invalid(f"{path}.{wanted}", None, f"{wanted} are required to use {failures}"))
    if binding and not failing:
        errors.append(invalid(f"{path}.{failures}", None, f"{failures} are required to use {wanted}"))
    return errors


def validate_node_selector(selector: Object, path: str) -> Errors:
    """Terms of which one must hold."""
    here = f"{path}.nodeSelectorTerms"
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        return [required(here, "must have at least one node selector term")]
    return validate_each(terms, -1, here, validate_node_term)

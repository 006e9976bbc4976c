"""What ResourceSlices must be: where the devices of a driver are, and what they are.

Source: k8s.io/kubernetes/pkg/apis/resource/validation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from kubelite.api.validation import names
from kubelite.api.validation.devicecapacity import validate_request_policy
from kubelite.api.validation.devices import (
    name_of,
    validate_binding_conditions,
    validate_driver_name,
    validate_each,
    validate_label_name,
    validate_node_selector,
    validate_pool_name,
    validate_qualified_name,
    validate_set,
    validate_taint,
)
from kubelite.api.validation.problems import (
    Errors,
    forbidden,
    invalid,
    invalid_each,
    required,
    too_long,
    too_many,
    unchanged,
)
from kubelite.api.validation.rules import KindRules, with_create
from kubelite.apimachinery.scheme import Object

DEVICES_MAX: Final = 128
ADVANCED_DEVICES_MAX: Final = 64
"""If any of them has taints, consumes counters or has attributes that are lists."""
COUNTER_SETS_MAX: Final = 8
COUNTERS_MAX: Final = 32
CONSUMPTIONS_MAX: Final = 2
ATTRIBUTES_AND_CAPACITIES_MAX: Final = 32
TAINTS_MAX: Final = 16
VALUE_SIZE_MAX: Final = 64
_VALUES: Final = ("bool", "int", "string", "version", "bools", "ints", "strings", "versions")
_PLACES: Final = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
_ONE_PLACE: Final = (
    "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
)
_ONE_PLACE_EACH: Final = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is "
    "set to true in the ResourceSlice spec"
)
_NO_PLACE_EACH: Final = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in "
    "the ResourceSlice spec"
)
_NUMBER: Final = r"(0|[1-9]\d*)"
_PRERELEASE: Final = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_BUILD: Final = "[0-9a-zA-Z-]+"
_SEMVER: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PRERELEASE}(\.{_PRERELEASE})*)?(\+{_BUILD}(\.{_BUILD})*)?",
    re.ASCII,
)


def validate_resource_slice(resource_slice: Object) -> Errors:
    """A driver, a pool, a place, and devices or counters."""
    spec = resource_slice.get("spec") or {}
    errors = validate_driver_name(spec.get("driver") or "", "spec.driver")
    errors += _validate_pool(spec.get("pool") or {}, "spec.pool")
    errors += _validate_place(spec, "spec")
    devices, counters = spec.get("devices"), spec.get("sharedCounters")
    if devices and counters:
        errors.append(invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"))
    errors += validate_set(
        devices,
        ADVANCED_DEVICES_MAX if any(map(_is_advanced, devices or ())) else DEVICES_MAX,
        "spec.devices",
        lambda device, here: _validate_device(device, bool(spec.get("perDeviceNodeSelection")), here),
        name_of,
    )
    return errors + validate_set(
        counters, COUNTER_SETS_MAX, "spec.sharedCounters", _validate_counter_set, name_of
    )


def _is_advanced(device: Object) -> bool:
    if device.get("taints") or device.get("consumesCounters"):
        return True
    attributes = (device.get("attributes") or {}).values()
    return any(attribute.get(field) for attribute in attributes for field in _VALUES[4:])


def _validate_pool(pool: Object, path: str) -> Errors:
    errors = validate_pool_name(pool.get("name"), f"{path}.name")
    count, generation = pool.get("resourceSliceCount") or 0, pool.get("generation") or 0
    if count <= 0:
        errors.append(invalid(f"{path}.resourceSliceCount", count, "must be greater than zero"))
    if generation < 0:
        errors.append(invalid(f"{path}.generation", generation, "must be greater than or equal to zero"))
    return errors


def _validate_place(spec: Object, path: str) -> Errors:
    errors: Errors = []
    given: list[str] = []
    node, selector = spec.get("nodeName"), spec.get("nodeSelector")
    if node:
        given.append("nodeName")
        errors += invalid_each(f"{path}.nodeName", node, names.dns_subdomain(node))
    elif node is not None:
        errors.append(invalid(f"{path}.nodeName", node, "must be either unset or set to a non-empty string"))
    if selector is not None:
        given.append("nodeSelector")
        errors += validate_node_selector(selector, f"{path}.nodeSelector")
        terms = selector.get("nodeSelectorTerms") or []
        if len(terms) != 1:
            here = f"{path}.nodeSelector.nodeSelectorTerms"
            errors.append(invalid(here, terms, "must have exactly one node selector term"))
    for field in _PLACES[2:]:
        if spec.get(field):
            given.append(field)
        elif spec.get(field) is not None:
            errors.append(invalid(f"{path}.{field}", False, "must be either unset or set to true"))
    if not given:
        errors.append(required(path, _ONE_PLACE))
    elif len(given) > 1:
        errors.append(invalid(path, _listed(given), f"{_ONE_PLACE}, but multiple fields are set"))
    return errors


def _listed(fields: list[str]) -> str:
    return "{" + ", ".join(f"`{field}`" for field in fields) + "}"


def _validate_device(device: Object, has_place: bool, path: str) -> Errors:
    errors = validate_label_name(device.get("name"), f"{path}.name")
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    count = len(attributes) + len(capacity)
    if count > ATTRIBUTES_AND_CAPACITIES_MAX:
        detail = (
            f"the total number of attributes and capacities must not exceed {ATTRIBUTES_AND_CAPACITIES_MAX}"
        )
        errors.append(invalid(path, count, detail))
    errors += _validate_map(attributes, f"{path}.attributes", validate_qualified_name, _validate_attribute)
    is_shared = bool(device.get("allowMultipleAllocations"))
    errors += _validate_map(
        capacity,
        f"{path}.capacity",
        validate_qualified_name,
        lambda entry, here: _validate_capacity(entry, is_shared, here),
    )
    errors += validate_each(device.get("taints"), TAINTS_MAX, f"{path}.taints", validate_taint)
    errors += validate_set(
        device.get("consumesCounters"),
        CONSUMPTIONS_MAX,
        f"{path}.consumesCounters",
        lambda consumption, here: _validate_counters(consumption, "counterSet", here),
        lambda consumption: consumption.get("counterSet") or "",
    )
    errors += _validate_device_place(device, path) if has_place else _validate_no_place(device, path)
    return errors + validate_binding_conditions(device, path)


def _validate_no_place(device: Object, path: str) -> Errors:
    if all(device.get(field) is None for field in _PLACES[:3]):
        return []
    return [invalid(path, None, _NO_PLACE_EACH)]


def _validate_device_place(device: Object, path: str) -> Errors:
    errors: Errors = []
    given: list[str] = []
    node, selector, everywhere = (device.get(field) for field in _PLACES[:3])
    if node:
        given.append("nodeName")
        errors += invalid_each(f"{path}.nodeName", node, names.dns_subdomain(node))
    elif node is not None:
        errors.append(invalid(f"{path}.nodeName", node, "must not be empty"))
    if selector is not None:
        given.append("nodeSelector")
        errors += validate_node_selector(selector, f"{path}.nodeSelector")
    if everywhere:
        given.append("allNodes")
    elif everywhere is not None:
        errors.append(invalid(f"{path}.allNodes", False, "must be either unset or set to true"))
    if not given:
        errors.append(required(path, _ONE_PLACE_EACH))
    elif len(given) > 1:
        errors.append(invalid(path, _listed(given), _ONE_PLACE_EACH))
    return errors


def _validate_map(
    entries: Mapping[str, Any],
    path: str,
    validate_key: Callable[[str, str], Errors],
    validate: Callable[[Any, str], Errors],
) -> Errors:
    errors: Errors = []
    for key, entry in entries.items():
        errors += validate_key(key, path) + validate(entry, f"{path}[{key}]")
    return errors


def _validate_attribute(attribute: Object, path: str) -> Errors:
    errors: Errors = []
    given = [field for field in _VALUES if attribute.get(field) is not None]
    texts: list[tuple[str, str, str]] = []
    for single in ("string", "version"):
        if single in given:
            texts.append((f"{path}.{single}", attribute[single], single))
        items = enumerate(attribute.get(f"{single}s") or ())
        texts += [(f"{path}.{single}s[{index}]", item, single) for index, item in items]
    for here, text, field in texts:
        if field == "version" and not _SEMVER.fullmatch(text):
            errors.append(invalid(here, text, "must be a string compatible with semver.org spec 2.0.0"))
        if len(text.encode()) > VALUE_SIZE_MAX:
            errors.append(too_long(here, "", VALUE_SIZE_MAX))
    if len(given) != 1:
        errors.append(invalid(path, attribute if given else "", "exactly one value must be specified"))
    return errors


def _validate_capacity(capacity: Object, is_shared: bool, path: str) -> Errors:
    policy = capacity.get("requestPolicy")
    if policy is None:
        return []
    here = f"{path}.requestPolicy"
    if not is_shared:
        return [forbidden(here, "allowMultipleAllocations must be true")]
    return validate_request_policy(capacity.get("value") or "0", policy, here)


def _validate_counter_set(counter_set: Object, path: str) -> Errors:
    return _validate_counters(counter_set, "name", path)


def _validate_counters(owner: Object, name_field: str, path: str) -> Errors:
    errors = validate_label_name(owner.get(name_field), f"{path}.{name_field}")
    counters, here = owner.get("counters") or {}, f"{path}.counters"
    if not counters:
        return [*errors, required(here, "")]
    if len(counters) > COUNTERS_MAX:
        return [*errors, too_many(here, len(counters), COUNTERS_MAX)]
    return errors + _validate_map(counters, here, validate_label_name, lambda _, __: [])


def _validate_update(new: Object, old: Object) -> Errors:
    after, before = new.get("spec") or {}, old.get("spec") or {}
    names_of = [(spec.get("pool") or {}).get("name") or "" for spec in (after, before)]
    errors = unchanged("spec.pool.name", *names_of)
    errors += unchanged("spec.driver", after.get("driver") or "", before.get("driver") or "")
    return errors + unchanged("spec.nodeName", after.get("nodeName"), before.get("nodeName"))


RESOURCE_SLICE_RULES: Final = KindRules(
    validate_resource_slice, with_create(validate_resource_slice, _validate_update), update_metadata="both"
)

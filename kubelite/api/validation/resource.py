"""What device classes, claims and their templates must be.

Source: k8s.io/kubernetes/pkg/apis/resource/validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.internalform import internal_form
from kubelite.api.validation import names, resourceslices
from kubelite.api.validation.addresses import parse_cidr
from kubelite.api.validation.conditions import validate_conditions
from kubelite.api.validation.devices import (
    name_of,
    validate_binding_conditions,
    validate_configuration,
    validate_driver_name,
    validate_each,
    validate_fully_qualified_name,
    validate_label_name,
    validate_node_selector,
    validate_pool_name,
    validate_raw,
    validate_selectors,
    validate_set,
    validate_toleration,
    validate_uid,
)
from kubelite.api.validation.metadata import validate_annotations, validate_labels
from kubelite.api.validation.problems import (
    Errors,
    checked,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
    too_long,
    too_many,
)
from kubelite.api.validation.rules import KindRules, Update, with_create
from kubelite.apimachinery.scheme import Object

REQUESTS_MAX: Final = 32
FIRST_AVAILABLE_MAX: Final = 8
CONSTRAINTS_MAX: Final = 32
CONFIG_MAX: Final = 32
RESERVED_FOR_MAX: Final = 256
STATUS_CONDITIONS_MAX: Final = 8
STATUS_DATA_SIZE_MAX: Final = 10 * 1024
INTERFACE_NAME_SIZE_MAX: Final = 256
HARDWARE_ADDRESS_SIZE_MAX: Final = 128
DEVICE_IPS_MAX: Final = 16
_MODES: Final = ("All", "ExactCount")
_NOT_A_REQUEST: Final = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)

_Names = Mapping[str, frozenset[str] | None]
"""Requests and, of those with alternatives, these."""


def validate_device_class(device_class: Object) -> Errors:
    """Selectors, parameters, and the extended resource that it stands for."""
    spec = device_class.get("spec") or {}
    errors = validate_selectors(spec.get("selectors"), "spec.selectors")
    errors += validate_each(spec.get("config"), CONFIG_MAX, "spec.config", validate_configuration)
    name = spec.get("extendedResourceName")
    if name is not None and not _is_extended_resource(name):
        errors.append(invalid("spec.extendedResourceName", name, "must be a valid extended resource name"))
    return errors


def _is_extended_resource(name: str) -> bool:
    domain, slash, _ = name.partition("/")
    is_native = not slash or domain == "kubernetes.io" or domain.endswith(".kubernetes.io")
    is_request = name.startswith("requests.")
    return not is_native and not is_request and not names.qualified_name(f"requests.{name}")


def validate_claim(claim: Object) -> Errors:
    """Requests, what binds them together, parameters."""
    return _validate_spec(claim.get("spec") or {}, "spec")


def _validate_spec(spec: Object, path: str) -> Errors:
    devices, here = spec.get("devices") or {}, f"{path}.devices"
    known = _request_names(devices)
    errors = validate_set(
        devices.get("requests"), REQUESTS_MAX, f"{here}.requests", _validate_request, name_of
    )
    errors += validate_each(
        devices.get("constraints"),
        CONSTRAINTS_MAX,
        f"{here}.constraints",
        lambda constraint, at: _validate_constraint(constraint, known, at),
    )

    def configuration(config: Object, at: str) -> Errors:
        return _validate_references(config, known, at) + validate_configuration(config, at)

    return errors + validate_each(devices.get("config"), CONFIG_MAX, f"{here}.config", configuration)


def _request_names(devices: Object) -> _Names:
    known: dict[str, frozenset[str] | None] = {}
    for request in devices.get("requests") or ():
        alternatives = request.get("firstAvailable")
        known[name_of(request)] = frozenset(map(name_of, alternatives)) if alternatives else None
    return known


def _validate_request(request: Object, path: str) -> Errors:
    errors = validate_label_name(request.get("name"), f"{path}.name")
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable")
    one = "exactly one of `exactly` or `firstAvailable` is required"
    if exactly is None and not alternatives:
        return [*errors, required(path, one)]
    if exactly is not None and alternatives:
        return [*errors, invalid(path, None, f"{one}, but multiple fields are set")]
    if exactly is not None:
        return errors + _validate_details(exactly, f"{path}.exactly")

    def alternative(details: Object, here: str) -> Errors:
        return validate_label_name(details.get("name"), f"{here}.name") + _validate_details(details, here)

    here = f"{path}.firstAvailable"
    return errors + validate_set(alternatives, FIRST_AVAILABLE_MAX, here, alternative, name_of)


def _validate_details(details: Object, path: str) -> Errors:
    errors = checked(f"{path}.deviceClassName", details.get("deviceClassName"), names.dns_subdomain)
    errors += validate_selectors(details.get("selectors"), f"{path}.selectors")
    mode, count = details.get("allocationMode") or "", details.get("count") or 0
    if mode not in _MODES:
        errors.append(not_supported(f"{path}.allocationMode", mode, _MODES))
    elif mode == "All" and count:
        detail = "must not be specified when allocationMode is 'All'"
        errors.append(invalid(f"{path}.count", count, detail))
    elif mode == "ExactCount" and count <= 0:
        errors.append(invalid(f"{path}.count", count, "must be greater than zero"))
    return errors + validate_each(details.get("tolerations"), -1, f"{path}.tolerations", validate_toleration)


def _validate_constraint(constraint: Object, known: _Names, path: str) -> Errors:
    errors = _validate_references(constraint, known, path)
    for field in ("matchAttribute", "distinctAttribute"):
        if constraint.get(field) is not None:
            return errors + validate_fully_qualified_name(constraint[field], f"{path}.{field}")
    detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    return [*errors, required(path, detail)]


def _validate_references(owner: Object, known: _Names, path: str) -> Errors:
    return validate_set(
        owner.get("requests"),
        REQUESTS_MAX,
        f"{path}.requests",
        lambda name, here: _validate_reference(name, known, here),
        str,
    )


def _validate_reference(name: str, known: _Names, path: str) -> Errors:
    segments = name.split("/")
    if len(segments) > 2:
        return [invalid(path, name, _NOT_A_REQUEST)]
    errors = [error for segment in segments for error in validate_label_name(segment, path)]
    is_known = segments[0] in known
    if is_known and len(segments) == 2:
        is_known = segments[1] in (known[segments[0]] or ())
    return errors if is_known else [*errors, invalid(path, name, _NOT_A_REQUEST)]


def _fixed_spec(type_name: str) -> Update:
    def fixed(new: Object, old: Object) -> Errors:
        if new.get("spec") == old.get("spec"):
            return []
        shown = internal_form(f"api.resource.v1.{type_name}", new.get("spec") or {})
        return [invalid("spec", shown, names.IMMUTABLE)]

    return fixed


def validate_claim_template(template: Object) -> Errors:
    """The metadata and the spec of the claims that are made from it."""
    spec = template.get("spec") or {}
    metadata = spec.get("metadata") or {}
    errors = validate_annotations(metadata.get("annotations"), "spec.metadata.annotations")
    errors += validate_labels(metadata.get("labels"), "spec.metadata.labels")
    return errors + _validate_spec(spec.get("spec") or {}, "spec.spec")


# the status of a claim


def validate_claim_status(new: Object, old: Object) -> Errors:
    """What was allocated, for whom, and in what state it is."""
    status, before = new.get("status") or {}, old.get("status") or {}
    allocation = status.get("allocation")
    reserved = status.get("reservedFor") or []
    path = "status.reservedFor"
    errors = validate_set(
        reserved, RESERVED_FOR_MAX, path, _validate_consumer, lambda consumer: consumer.get("uid") or ""
    )
    allocated = {
        _device_id(result) for result in ((allocation or {}).get("devices") or {}).get("results") or ()
    }
    errors += validate_set(
        status.get("devices"),
        -1,
        "status.devices",
        lambda device, here: _validate_device_status(device, allocated, here),
        _device_id,
    )
    if reserved and allocation is None:
        errors.append(forbidden(path, "may not be specified when `allocated` is not set"))
    elif new["metadata"].get("deletionTimestamp"):
        known = before.get("reservedFor") or []
        if any(consumer not in known for consumer in reserved):
            detail = (
                "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
            )
            errors.append(forbidden(path, detail))
    if allocation is None:
        return errors
    if before.get("allocation") is not None:
        if allocation != before["allocation"]:
            shown = internal_form("api.resource.v1.AllocationResult", allocation)
            errors.append(invalid("status.allocation", shown, names.IMMUTABLE))
        return errors
    known_names = _request_names((new.get("spec") or {}).get("devices") or {})
    return errors + _validate_allocation(allocation, known_names, "status.allocation")


def _device_id(device: Object) -> tuple[Any, ...]:
    return tuple(device.get(field) or "" for field in ("driver", "pool", "device", "shareID"))


def _validate_consumer(consumer: Object, path: str) -> Errors:
    return [
        required(f"{path}.{field}", "") for field in ("resource", "name", "uid") if not consumer.get(field)
    ]


def _validate_allocation(allocation: Object, known: _Names, path: str) -> Errors:
    devices, here = allocation.get("devices") or {}, f"{path}.devices"

    def result(result: Object, at: str) -> Errors:
        errors = _validate_reference(result.get("request") or "", known, f"{at}.request")
        errors += _validate_device_name(result, at)
        errors += validate_binding_conditions(result, at)
        errors += validate_each(result.get("tolerations"), -1, f"{at}.tolerations", validate_toleration)
        share = result.get("shareID")
        return errors if share is None else errors + validate_uid(share, f"{at}.shareID")

    def configuration(config: Object, at: str) -> Errors:
        source = config.get("source") or ""
        errors: Errors = []
        if not source:
            errors.append(required(f"{at}.source", ""))
        elif source not in {"FromClaim", "FromClass"}:
            errors.append(not_supported(f"{at}.source", source, ["FromClaim", "FromClass"]))
        return errors + _validate_references(config, known, at) + validate_configuration(config, at)

    errors = validate_each(devices.get("results"), REQUESTS_MAX, f"{here}.results", result)
    errors += validate_each(devices.get("config"), 2 * CONFIG_MAX, f"{here}.config", configuration)
    selector = allocation.get("nodeSelector")
    return errors if selector is None else errors + validate_node_selector(selector, f"{path}.nodeSelector")


def _validate_device_name(device: Object, path: str) -> Errors:
    errors = validate_driver_name(device.get("driver") or "", f"{path}.driver")
    errors += validate_pool_name(device.get("pool"), f"{path}.pool")
    return errors + validate_label_name(device.get("device"), f"{path}.device")


def _validate_device_status(device: Object, allocated: set[tuple[Any, ...]], path: str) -> Errors:
    errors = _validate_device_name(device, path)
    if device.get("shareID") is not None:
        errors += validate_uid(device["shareID"], f"{path}.shareID")
    if _device_id(device) not in allocated:
        shown = "/".join(part for part in _device_id(device) if part)
        errors.append(invalid(path, shown, "must be an allocated device in the claim"))
    conditions = device.get("conditions") or []
    if len(conditions) > STATUS_CONDITIONS_MAX:
        errors.append(too_many(f"{path}.conditions", len(conditions), STATUS_CONDITIONS_MAX))
    errors += validate_conditions(conditions, f"{path}.conditions")
    if device.get("data") is not None:
        errors += validate_raw(device["data"], f"{path}.data", STATUS_DATA_SIZE_MAX)
    network = device.get("networkData")
    return errors if network is None else errors + _validate_network(network, f"{path}.networkData")


def _validate_network(network: Object, path: str) -> Errors:
    errors: Errors = []
    for field, most in (
        ("interfaceName", INTERFACE_NAME_SIZE_MAX),
        ("hardwareAddress", HARDWARE_ADDRESS_SIZE_MAX),
    ):
        if len((network.get(field) or "").encode()) > most:
            errors.append(too_long(f"{path}.{field}", "", most))
    return errors + validate_set(network.get("ips"), DEVICE_IPS_MAX, f"{path}.ips", _validate_interface, str)


def _validate_interface(text: str, path: str) -> Errors:
    parsed = parse_cidr(text)
    if parsed is None:
        detail = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
        return [invalid(path, text, detail)]
    canonical = f"{parsed[0]}/{parsed[1].prefixlen}"
    return invalid_each(
        path, text, [] if canonical == text else [f'must be in canonical form ("{canonical}")']
    )


RULES: Final = {
    r.DEVICECLASSES: KindRules(validate_device_class, update_metadata="both"),
    r.RESOURCECLAIMS: KindRules(
        validate_claim, _fixed_spec("ResourceClaimSpec"), validate_claim_status, update_metadata="both"
    ),
    r.RESOURCECLAIMTEMPLATES: KindRules(
        validate_claim_template,
        with_create(validate_claim_template, _fixed_spec("ResourceClaimTemplateSpec")),
        update_metadata="both",
    ),
    r.RESOURCESLICES: resourceslices.RESOURCE_SLICE_RULES,
}

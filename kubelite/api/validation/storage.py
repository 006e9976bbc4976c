"""What StorageClasses, VolumeAttachments, CSI objects and VolumeAttributesClasses must be.

Source: k8s.io/kubernetes/pkg/apis/storage/validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.resourcelist import amount
from kubelite.api.validation import names
from kubelite.api.validation.metadata import validate_label_selector
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_negative,
    not_supported,
    required,
    too_long,
    unchanged,
)
from kubelite.api.validation.rules import KindRules, with_create
from kubelite.apimachinery.scheme import Object

PARAMETERS_MAX: Final = 512
PARAMETERS_SIZE_MAX: Final = 256 * 1024
"""Bytes of all keys and values together."""
ATTACHMENT_METADATA_SIZE_MAX: Final = 256 * 1024
ERROR_MESSAGE_SIZE_MAX: Final = 1024
CSI_NAME_LENGTH_MAX: Final = 63
NODE_ID_LENGTH_MAX: Final = 256
TOKEN_EXPIRATION_MIN_S: Final = 600
TOKEN_EXPIRATION_MAX_S: Final = 1 << 32
ALLOCATABLE_PERIOD_MIN_S: Final = 10
_RECLAIM_POLICIES: Final = ("Delete", "Retain")
_BINDING_MODES: Final = ("Immediate", "WaitForFirstConsumer")
_FS_GROUP_POLICIES: Final = ("File", "None", "ReadWriteOnceWithFSType")
_LIFECYCLE_MODES: Final = ("Persistent", "Ephemeral")
_ONE_SOURCE: Final = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
_INT32_MAX: Final = 2**31 - 1


# StorageClass and VolumeAttributesClass


def validate_storage_class(storage_class: Object) -> Errors:
    """A provisioner and how it makes volumes."""
    errors = _validate_provisioner(storage_class.get("provisioner") or "", "provisioner")
    errors += _validate_parameters(storage_class.get("parameters") or {})
    policy = storage_class.get("reclaimPolicy")
    if policy and policy not in _RECLAIM_POLICIES:
        errors.append(not_supported("reclaimPolicy", policy, _RECLAIM_POLICIES))
    mode = storage_class.get("volumeBindingMode")
    if mode is None:
        errors.append(required("volumeBindingMode", ""))
    elif mode not in _BINDING_MODES:
        errors.append(not_supported("volumeBindingMode", mode, _BINDING_MODES))
    return errors + _validate_topologies(storage_class.get("allowedTopologies") or [])


def _validate_provisioner(name: str, path: str) -> Errors:
    if not name:
        return [required(path, "")]
    return invalid_each(path, name.lower(), names.qualified_name(name.lower()))


def _validate_parameters(parameters: Mapping[str, str]) -> Errors:
    if len(parameters) > PARAMETERS_MAX:
        return [too_long("parameters", "", PARAMETERS_MAX)]
    errors: Errors = [invalid("parameters", key, "field can not be empty.") for key in parameters if not key]
    if _size(parameters) > PARAMETERS_SIZE_MAX:
        errors.append(too_long("parameters", "", PARAMETERS_SIZE_MAX))
    return errors


def _size(pairs: Mapping[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in pairs.items())


def _validate_topologies(terms: list[Object]) -> Errors:
    errors: Errors = []
    seen: list[dict[str, frozenset[str]]] = []
    for index, term in enumerate(terms):
        here = f"allowedTopologies[{index}].matchLabelExpressions"
        known: dict[str, frozenset[str]] = {}
        for number, expression in enumerate(term.get("matchLabelExpressions") or ()):
            errors += _validate_topology_expression(expression, known, f"{here}[{number}]")
        if known in seen:
            errors.append(duplicate(here, ""))
        seen.append(known)
    return errors


def _validate_topology_expression(expression: Object, known: dict[str, frozenset[str]], path: str) -> Errors:
    key, values = expression.get("key") or "", expression.get("values") or []
    errors: Errors = []
    if not values:
        errors.append(required(f"{path}.values", ""))
    errors += [
        duplicate(f"{path}.values[{index}]", value)
        for index, value in enumerate(values)
        if value in values[:index]
    ]
    errors += invalid_each(f"{path}.key", key, names.label_key(key))
    if key in known:
        errors.append(duplicate(f"{path}.key", key))
    known[key] = frozenset(values)
    return errors


def _validate_storage_class_update(new: Object, old: Object) -> Errors:
    errors: Errors = []
    for field, empty in (("parameters", {}), ("provisioner", ""), ("reclaimPolicy", "")):
        if (new.get(field) or empty) != (old.get(field) or empty):
            errors.append(forbidden(field, f"updates to {field} are forbidden."))
    return errors + unchanged("volumeBindingMode", new.get("volumeBindingMode"), old.get("volumeBindingMode"))


def validate_volume_attributes_class(attributes_class: Object) -> Errors:
    """A driver and what it is told."""
    errors = _validate_provisioner(attributes_class.get("driverName") or "", "driverName")
    parameters = attributes_class.get("parameters") or {}
    errors += _validate_parameters(parameters)
    if not parameters:
        errors.append(required("parameters", "must contain at least one key/value pair"))
    return errors


def _validate_volume_attributes_class_update(new: Object, old: Object) -> Errors:
    errors: Errors = []
    for field, empty in (("driverName", ""), ("parameters", {})):
        if (new.get(field) or empty) != (old.get(field) or empty):
            errors.append(forbidden(field, f"updates to {field} are forbidden."))
    return errors + validate_volume_attributes_class(new)


# VolumeAttachment


def validate_volume_attachment(attachment: Object) -> Errors:
    """A driver, a volume and a node."""
    errors = _validate_attachment(attachment)
    spec = attachment.get("spec") or {}
    errors += validate_csi_driver_name(spec.get("attacher") or "", "spec.attacher")
    volume = (spec.get("source") or {}).get("persistentVolumeName")
    if volume is not None:
        errors += invalid_each("spec.source.persistentVolumeName", volume, names.dns_subdomain(volume))
    return errors


def _validate_attachment(attachment: Object) -> Errors:
    spec = attachment.get("spec") or {}
    errors: Errors = [] if spec.get("attacher") else [required("spec.attacher", "")]
    errors += _validate_attachment_source(spec.get("source") or {}, "spec.source")
    node = spec.get("nodeName") or ""
    errors += invalid_each("spec.nodeName", node, names.dns_subdomain(node))
    return errors + _validate_attachment_status(attachment.get("status") or {})


def _validate_attachment_source(source: Object, path: str) -> Errors:
    volume, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    if volume is None and inline is None:
        return [required(path, _ONE_SOURCE)]
    if volume is not None and inline is not None:
        return [forbidden(path, _ONE_SOURCE)]
    if volume == "":
        return [required(f"{path}.persistentVolumeName", "must specify non empty persistentVolumeName")]
    return []


def _validate_attachment_status(status: Object) -> Errors:
    errors: Errors = []
    if _size(status.get("attachmentMetadata") or {}) > ATTACHMENT_METADATA_SIZE_MAX:
        errors.append(too_long("status.attachmentMetadata", "", ATTACHMENT_METADATA_SIZE_MAX))
    for field in ("attachError", "detachError"):
        error = status.get(field) or {}
        if len((error.get("message") or "").encode()) > ERROR_MESSAGE_SIZE_MAX:
            errors.append(too_long(f"status.{field}.message", "", ATTACHMENT_METADATA_SIZE_MAX))
        code = error.get("errorCode")
        if code is not None and code < 0:
            detail = f"must be between 0 and {_INT32_MAX}, inclusive"
            errors.append(invalid(f"status.{field}.errorCode", code, detail))
    return errors


def _validate_attachment_update(new: Object, old: Object) -> Errors:
    errors = _validate_attachment(new)
    before, after = old.get("spec") or {}, new.get("spec") or {}
    return errors if before == after else [*errors, invalid("spec", _go_attachment(after), names.IMMUTABLE)]


def _go_attachment(spec: Object) -> Object:
    """As Go's internal struct reads in an error."""
    source = spec.get("source") or {}
    return {
        "Attacher": spec.get("attacher") or "",
        "Source": {
            "PersistentVolumeName": source.get("persistentVolumeName"),
            "InlineVolumeSpec": source.get("inlineVolumeSpec"),
        },
        "NodeName": spec.get("nodeName") or "",
    }


# CSI


def validate_csi_driver_name(name: str, path: str) -> Errors:
    """A domain of a label's length."""
    if not name:
        return [required(path, "")]
    errors: Errors = []
    if len(name) > CSI_NAME_LENGTH_MAX:
        errors.append(too_long(path, "", CSI_NAME_LENGTH_MAX))
    return errors + invalid_each(path, name, names.dns_subdomain(name.lower()))


def validate_csi_driver(driver: Object) -> Errors:
    """What the driver is able to do."""
    spec = driver.get("spec") or {}
    errors: Errors = []
    for field, shown in (
        ("attachRequired", "attachedRequired"),
        ("podInfoOnMount", "podInfoOnMount"),
        ("storageCapacity", "storageCapacity"),
    ):
        if spec.get(field) is None:
            errors.append(required(f"spec.{shown}", ""))
    policy = spec.get("fsGroupPolicy")
    if policy is not None and policy not in _FS_GROUP_POLICIES:
        errors.append(not_supported("spec.fsGroupPolicy", policy, _FS_GROUP_POLICIES))
    requests = spec.get("tokenRequests") or []
    errors += _validate_token_requests(requests)
    for mode in spec.get("volumeLifecycleModes") or ():
        if mode not in _LIFECYCLE_MODES:
            errors.append(not_supported("spec.volumeLifecycleModes", mode, _LIFECYCLE_MODES))
    if spec.get("seLinuxMount") is None:
        errors.append(required("spec.seLinuxMount", ""))
    period_s = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if period_s is not None and period_s < ALLOCATABLE_PERIOD_MIN_S:
        detail = "must be greater than or equal to 10 seconds"
        errors.append(invalid("spec.nodeAllocatableUpdatePeriodSeconds", period_s, detail))
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not requests:
        detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        errors.append(invalid("spec.serviceAccountTokenInSecrets", in_secrets, detail))
    return errors


def _validate_token_requests(requests: list[Object]) -> Errors:
    errors: Errors = []
    audiences: set[str] = set()
    for index, request in enumerate(requests):
        here = f"spec.tokenRequests[{index}]"
        audience, seconds = request.get("audience") or "", request.get("expirationSeconds")
        if audience in audiences:
            errors.append(duplicate(f"{here}.audience", audience))
            continue
        audiences.add(audience)
        if seconds is None:
            continue
        if seconds < TOKEN_EXPIRATION_MIN_S:
            detail = "may not specify a duration less than 10 minutes"
            errors.append(invalid(f"{here}.expirationSeconds", seconds, detail))
        if seconds > TOKEN_EXPIRATION_MAX_S:
            detail = "may not specify a duration larger than 2^32 seconds"
            errors.append(invalid(f"{here}.expirationSeconds", seconds, detail))
    return errors


def _validate_csi_driver_update(new: Object, old: Object) -> Errors:
    errors = validate_csi_driver(new)
    before, after = old.get("spec") or {}, new.get("spec") or {}
    errors += unchanged("spec.attachedRequired", after.get("attachRequired"), before.get("attachRequired"))
    modes = "volumeLifecycleModes"
    return errors + unchanged(f"spec.{modes}", after.get(modes), before.get(modes))


def validate_csi_node(node: Object) -> Errors:
    """Drivers on a node, each once."""
    errors: Errors = []
    seen: set[str] = set()
    for index, driver in enumerate((node.get("spec") or {}).get("drivers") or ()):
        here = f"spec.drivers[{index}]"
        name = driver.get("name") or ""
        errors += validate_csi_driver_name(name, f"{here}.name")
        errors += _validate_node_id(driver.get("nodeID") or "", f"{here}.nodeID")
        count = (driver.get("allocatable") or {}).get("count")
        errors += not_negative(f"{here}.allocatable.count", count)
        if name in seen:
            errors.append(duplicate(f"{here}.name", name))
        seen.add(name)
        errors += _validate_topology_keys(driver.get("topologyKeys") or [], here)
    return errors


def _validate_node_id(node_id: str, path: str) -> Errors:
    if not node_id:
        return [required(path, "")]
    if len(node_id.encode()) > NODE_ID_LENGTH_MAX:
        return [invalid(path, node_id, f"must be {NODE_ID_LENGTH_MAX} characters or less")]
    return []


def _validate_topology_keys(keys: list[str], path: str) -> Errors:
    errors: Errors = []
    for index, key in enumerate(keys):
        if not key:
            errors.append(required(path, ""))
        if key in keys[:index]:
            errors.append(duplicate(path, key))
        errors += invalid_each(path, key, names.qualified_name(key))
    return errors


def _validate_csi_node_update(new: Object, old: Object) -> Errors:
    errors = validate_csi_node(new)
    after = (new.get("spec") or {}).get("drivers") or []
    for before in (old.get("spec") or {}).get("drivers") or ():
        for driver in after:
            if driver.get("name") == before.get("name") and _fixed(driver) != _fixed(before):
                errors.append(invalid("spec.drivers", _fixed(driver), names.IMMUTABLE))
    return errors


def _fixed(driver: Object) -> Object:
    """What does not change in a driver on a node, as Go's internal struct reads in an error."""
    return {
        "Name": driver.get("name") or "",
        "NodeID": driver.get("nodeID") or "",
        "TopologyKeys": driver.get("topologyKeys"),
        "Allocatable": None,
    }


def validate_csi_storage_capacity(capacity: Object) -> Errors:
    """How much room a class has in a part of the cluster."""
    errors = validate_label_selector(capacity.get("nodeTopology"), "nodeTopology")
    name = capacity.get("storageClassName") or ""
    errors += invalid_each("storageClassName", name, names.dns_subdomain(name))
    room = capacity.get("capacity")
    if room is not None and amount("storage", room) < 0:
        errors.append(invalid("capacity", room, names.NOT_NEGATIVE))
    return errors


def _validate_csi_storage_capacity_update(new: Object, old: Object) -> Errors:
    def topology(capacity: Object) -> Any:
        return capacity.get("nodeTopology")

    errors = unchanged("nodeTopology", topology(new), topology(old))
    name = "storageClassName"
    return errors + unchanged(name, new.get(name) or "", old.get(name) or "")


RULES: Final = {
    r.STORAGECLASSES: KindRules(
        validate_storage_class,
        with_create(validate_storage_class, _validate_storage_class_update),
        update_metadata="both",
    ),
    r.VOLUMEATTRIBUTESCLASSES: KindRules(
        validate_volume_attributes_class,
        with_create(validate_volume_attributes_class, _validate_volume_attributes_class_update),
        update_metadata="both",
    ),
    r.VOLUMEATTACHMENTS: KindRules(
        validate_volume_attachment,
        _validate_attachment_update,
        _validate_attachment_update,
        update_metadata="create",
    ),
    r.CSIDRIVERS: KindRules(validate_csi_driver, _validate_csi_driver_update),
    r.CSINODES: KindRules(validate_csi_node, _validate_csi_node_update, update_metadata="create"),
    r.CSISTORAGECAPACITIES: KindRules(
        validate_csi_storage_capacity,
        with_create(validate_csi_storage_capacity, _validate_csi_storage_capacity_update),
        update_metadata="both",
    ),
}

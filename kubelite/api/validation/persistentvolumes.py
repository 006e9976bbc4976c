"""What PersistentVolumes and claims for them must be, and what of them may change.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (from ValidatePersistentVolumeSpec on).
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any, Final

from kubelite.api.internalform import internal_form
from kubelite.api.validation import names
from kubelite.api.validation.metadata import validate_label_selector
from kubelite.api.validation.placement import validate_node_term
from kubelite.api.validation.problems import (
    Errors,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
    too_long,
)
from kubelite.api.validation.resourcenames import is_native, validate_positive, validate_quantity
from kubelite.api.validation.volumes import validate_host_path, validate_nfs
from kubelite.apimachinery.quantity import parse
from kubelite.apimachinery.scheme import Object

ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
RECLAIM_POLICIES: Final = ("Delete", "Recycle", "Retain")
VOLUME_MODES: Final = ("Block", "Filesystem")
BETA_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
DRIVER_LENGTH_MAX: Final = 63

_RESIZE_STATUSES: Final = (
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizePending",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
)
_CSI_SECRETS: Final = (
    "controllerPublishSecretRef",
    "controllerExpandSecretRef",
    "nodePublishSecretRef",
    "nodeExpandSecretRef",
)
_MULTIPLE: Final = "may not specify more than 1 volume type"


# --- volumes ------------------------------------------------------------------------------------------------


def validate_persistent_volume(volume: Object) -> Errors:
    """A size, access modes, and one source."""
    spec = volume["spec"]
    errors = _validate_access_modes(spec, required("spec.accessModes", ""))
    errors += _validate_capacity(spec.get("capacity") or {})
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in RECLAIM_POLICIES:
        errors.append(not_supported("spec.persistentVolumeReclaimPolicy", policy, RECLAIM_POLICIES))
    errors += _validate_node_affinity(spec.get("nodeAffinity"))
    errors += _validate_source(spec)
    host_path = (spec.get("hostPath") or {}).get("path") or ""
    if host_path and posixpath.normpath(host_path) in {"/", "//"} and policy == "Recycle":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        errors.append(forbidden("spec.persistentVolumeReclaimPolicy", detail))
    errors += _validate_class_and_mode(spec)
    attributes = spec.get("volumeAttributesClassName")
    if attributes is not None:
        if not attributes:
            errors.append(required("spec.volumeAttributesClassName", "an empty string is disallowed"))
        else:
            errors += _validate_class(attributes, "spec.volumeAttributesClassName")
        if spec.get("csi") is None:
            detail = "has to be specified when using volumeAttributesClassName"
            errors.append(required("spec.csi", detail))
    return errors


def _validate_access_modes(spec: Object, missing: Any) -> Errors:
    path, modes = "spec.accessModes", spec.get("accessModes") or []
    errors: Errors = [] if modes else [missing]
    errors += [not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    known = set(modes) & set(ACCESS_MODES)
    if "ReadWriteOncePod" in known and len(known) > 1:
        errors.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))
    return errors


def _validate_capacity(capacity: Mapping[str, str]) -> Errors:
    path = "spec.capacity"
    errors: Errors = [] if capacity else [required(path, "")]
    if set(capacity) != {"storage"}:
        errors.append(not_supported(path, dict(capacity) or None, ["storage"]))
    for name, value in sorted(capacity.items()):
        errors += _validate_amount(value, f"{path}[{name}]") + validate_positive(value, f"{path}[{name}]")
    return errors


def _validate_amount(value: str, path: str) -> Errors:
    """An amount below zero is no valid resource quantity."""
    if parse(value).value >= 0:
        return []
    return [invalid(path, parse(value).integer(), "must be a valid resource quantity")]


def _validate_node_affinity(affinity: Object | None) -> Errors:
    if affinity is None:
        return []
    needed, path = affinity.get("required"), "spec.nodeAffinity.required"
    if needed is None:
        return [required(path, "must specify required node constraints")]
    terms = needed.get("nodeSelectorTerms") or []
    here = f"{path}.nodeSelectorTerms"
    errors = [] if terms else [required(here, "must have at least one node selector term")]
    for index, term in enumerate(terms):
        errors += validate_node_term(term, f"{here}[{index}]")
    return errors


def _validate_source(spec: Object) -> Errors:
    """One source of a kind that there is."""
    errors: Errors = []
    found = 0
    for kind, validate in _SOURCES.items():
        source = spec.get(kind)
        if source is None:
            continue
        if found and kind != "flexVolume":
            errors.append(forbidden(f"spec.{_SHOWN_AS.get(kind, kind)}", _MULTIPLE))
            continue
        found += 1
        errors += validate(source, f"spec.{_JUDGED_AS.get(kind, kind)}")
        if kind == "local" and spec.get("nodeAffinity") is None:
            errors.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
    return errors if found else [*errors, required("spec", "must specify a volume type")]


def _needs(*fields: str) -> Callable[[Object, str], Errors]:
    def validate(source: Object, path: str) -> Errors:
        return [required(f"{path}.{field}", "") for field in fields if not source.get(field)]

    return validate


def _validate_local(source: Object, path: str) -> Errors:
    text = source.get("path") or ""
    if not text:
        return [required(f"{path}.path", "")]
    return [invalid(f"{path}.path", text, "must not contain '..'")] if ".." in text.split("/") else []


def _validate_disk(name: str, most: int) -> Callable[[Object, str], Errors]:
    def validate(source: Object, path: str) -> Errors:
        errors = _needs(name)(source, path)
        partition = source.get("partition") or 0
        if not 0 <= partition <= most:
            detail = f"must be between 1 and {most}, inclusive"
            errors.append(invalid(f"{path}.partition", partition, detail))
        return errors

    return validate


def _validate_csi(source: Object, path: str) -> Errors:
    driver = source.get("driver") or ""
    errors: Errors = []
    if not driver:
        errors.append(required(f"{path}.driver", ""))
    elif len(driver) > DRIVER_LENGTH_MAX:
        errors.append(too_long(f"{path}.driver", driver, DRIVER_LENGTH_MAX))
    if driver:
        errors += invalid_each(f"{path}.driver", driver, names.dns_subdomain(driver.lower()))
    errors += _needs("volumeHandle")(source, path)
    for field in _CSI_SECRETS:
        if source.get(field) is not None:
            errors += _needs("name", "namespace")(source[field], f"{path}.{field}")
    return errors


def _validate_secret(source: Object, path: str) -> Errors:
    secret = source.get("secretRef")
    return [] if secret is None else _needs("name", "namespace")(secret, f"{path}.secretRef")


def _with_secret(*fields: str) -> Callable[[Object, str], Errors]:
    needs = _needs(*fields)
    return lambda source, path: needs(source, path) + _validate_secret(source, path)


def _validate_iscsi(source: Object, path: str) -> Errors:
    errors = _needs("targetPortal")(source, path)
    iqn = source.get("iqn") or ""
    if not iqn:
        errors.append(required(f"{path}.iqn", ""))
    elif not iqn.startswith(("iqn", "eui", "naa")):
        errors.append(invalid(f"{path}.iqn", iqn, "must be valid format starting with iqn, eui, or naa"))
    lun = source.get("lun") or 0
    if not 0 <= lun <= 255:
        errors.append(invalid(f"{path}.lun", lun, "must be between 0 and 255, inclusive"))
    chap = source.get("chapAuthDiscovery") or source.get("chapAuthSession")
    if chap and source.get("secretRef") is None:
        errors.append(required(f"{path}.secretRef", ""))
    return errors


def _validate_fc(source: Object, path: str) -> Errors:
    names_given, ids = source.get("targetWWNs") or [], source.get("wwids") or []
    if not names_given and not ids:
        detail = "must specify either targetWWNs or wwids, but not both"
        return [required(f"{path}.targetWWNs", detail)]
    if names_given and ids:
        return [
            invalid(
                f"{path}.targetWWNs", names_given, "targetWWNs and wwids can not be specified simultaneously"
            )
        ]
    if not names_given:
        return []
    lun = source.get("lun")
    if lun is None:
        return [required(f"{path}.lun", "lun is required if targetWWNs is specified")]
    return [] if 0 <= lun <= 255 else [invalid(f"{path}.lun", lun, "must be between 0 and 255, inclusive")]


_SOURCES: Final[Mapping[str, Callable[[Object, str], Errors]]] = {
    "hostPath": validate_host_path,
    "gcePersistentDisk": _validate_disk("pdName", 255),
    "awsElasticBlockStore": _validate_disk("volumeID", 255),
    "glusterfs": _needs("endpoints", "path"),
    "flocker": _needs(),
    "nfs": validate_nfs,
    "rbd": _needs("monitors", "image"),
    "quobyte": _needs("registry", "volume"),
    "cephfs": _needs("monitors"),
    "iscsi": _validate_iscsi,
    "cinder": _with_secret("volumeID"),
    "fc": _validate_fc,
    "flexVolume": _needs("driver"),
    "azureFile": _needs("secretName", "shareName"),
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _needs("diskName", "diskURI"),
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "local": _validate_local,
    "storageos": _needs("volumeName"),
    "csi": _validate_csi,
}
"""Kinds of sources, in the order in which they are judged."""

_SHOWN_AS: Final = {"cephfs": "cephFS"}
_JUDGED_AS: Final = {"gcePersistentDisk": "persistentDisk"}
"""Where an error's path says something else than the field's name."""


def _validate_class(name: str, path: str) -> Errors:
    return invalid_each(path, name, names.dns_subdomain(name))


def _validate_class_and_mode(spec: Object) -> Errors:
    errors: Errors = []
    if spec.get("storageClassName"):
        errors += _validate_class(spec["storageClassName"], "spec.storageClassName")
    mode = spec.get("volumeMode")
    if mode is not None and mode not in VOLUME_MODES:
        errors.append(not_supported("spec.volumeMode", mode, VOLUME_MODES))
    return errors


def validate_persistent_volume_update(new: Object, old: Object) -> Errors:
    """Source, mode and a given node affinity are for ever. The rest is judged twice, as Kubernetes does."""
    spec, before = new["spec"], old["spec"]
    errors = validate_persistent_volume(new)
    errors += errors
    if any(_source(spec, kind, before) != before.get(kind) for kind in _SOURCES):
        detail = "spec.persistentvolumesource is immutable after creation\n"
        errors.append(forbidden("spec.persistentvolumesource", detail))
    errors += _same_mode(spec, before)
    affinity = before.get("nodeAffinity")
    if affinity is not None and spec.get("nodeAffinity") != affinity:
        shown = internal_form("api.core.v1.VolumeNodeAffinity", spec.get("nodeAffinity"))
        errors.append(invalid("nodeAffinity", shown, names.IMMUTABLE))
    return errors + _attributes_kept(spec, before, emptied=False)


def _source(spec: Object, kind: str, before: Object) -> Object | None:
    """A source, without a secret that may be given later."""
    source: Object | None = spec.get(kind)
    secret = "controllerExpandSecretRef"  # noqa: S105 - a field's name
    if kind != "csi" or source is None or (before.get(kind) or {secret: ""}).get(secret) is not None:
        return source
    return {key: value for key, value in source.items() if key != secret}


def _same_mode(spec: Object, before: Object) -> Errors:
    mode = spec.get("volumeMode")
    return [] if mode == before.get("volumeMode") else [invalid("volumeMode", mode, names.IMMUTABLE)]


def _attributes_kept(spec: Object, before: Object, *, emptied: bool) -> Errors:
    path = "spec.volumeAttributesClassName"
    if before.get("volumeAttributesClassName") is None:
        return []
    name = spec.get("volumeAttributesClassName")
    if name is None:
        return [forbidden(path, "update from non-nil value to nil is forbidden")]
    if emptied and not name and before["volumeAttributesClassName"]:
        return [forbidden(path, "update from non-nil value to an empty string is forbidden")]
    return []


# --- claims -------------------------------------------------------------------------------------------------


def validate_claim(claim: Object) -> Errors:
    """A size, access modes, and a source of data that is named once."""
    return validate_claim_spec(claim["spec"], "spec")


def validate_claim_spec(spec: Object, path: str) -> Errors:
    """The errors in the spec of a claim."""
    missing = required("spec.accessModes", "at least 1 access mode is required")
    errors = _validate_access_modes(spec, missing)
    errors += validate_label_selector(spec.get("selector"), "spec.selector")
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    here = "spec.resources[storage]"
    if size is None:
        errors.append(required(here, ""))
    else:
        errors += validate_positive(size, here) or validate_quantity("storage", size, here)
    errors += _validate_class_and_mode(spec)
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None:
        errors += _validate_data_source(source, "spec.dataSource")
    if reference is not None:
        errors += _validate_data_source(reference, "spec.dataSourceRef")
        if reference.get("namespace"):
            namespace = reference["namespace"]
            errors += invalid_each("spec.dataSourceRef.namespace", namespace, names.dns_label(namespace))
    if source is not None and reference is not None:
        errors += _validate_same_source(source, reference)
    if spec.get("volumeAttributesClassName"):
        errors += _validate_class(spec["volumeAttributesClassName"], "spec.volumeAttributesClassName")
    return _moved(errors, path)


def _moved(errors: Errors, path: str) -> Errors:
    """The errors of a spec that stands elsewhere than under "spec"."""
    if path == "spec":
        return errors
    return [
        type(error)(error.type, f"{path}{error.field.removeprefix('spec')}", error.bad_value, error.detail)
        for error in errors
    ]


def _validate_data_source(source: Object, path: str) -> Errors:
    errors = [required(f"{path}.{field}", "") for field in ("name", "kind") if not source.get(field)]
    group, kind = source.get("apiGroup") or "", source.get("kind") or ""
    if not group and kind != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(invalid(path, kind, detail))
    if group:
        errors += invalid_each(f"{path}.apiGroup", group, names.dns_subdomain(group))
    return errors


def _validate_same_source(source: Object, reference: Object) -> Errors:
    if reference.get("namespace"):
        detail = "may not be specified when dataSourceRef.namespace is specified"
        return [invalid("spec", "spec.dataSource", detail)]
    fields = ("apiGroup", "kind", "name")
    if any(source.get(field) != reference.get(field) for field in fields):
        return [invalid("spec", "spec.dataSource", "must match dataSourceRef")]
    return []


def validate_claim_update(new: Object, old: Object) -> Errors:
    """Of a claim only its size and class of attributes change, once it is bound.

    The rest is judged twice, as Kubernetes does.
    """
    spec, before = new["spec"], old["spec"]
    errors = validate_claim(new)
    errors += errors
    compared, kept = dict(spec), dict(before)
    if not before.get("volumeName") and spec.get("volumeName"):
        kept["volumeName"] = spec["volumeName"]
    errors += _validate_class_update(new, old, compared, kept)
    size, former = _size(spec), _size(before)
    is_bound = (new.get("status") or {}).get("phase") == "Bound"
    if is_bound and size is not None and former is not None:
        resources = spec["resources"]
        compared["resources"] = {**resources, "requests": {**resources["requests"], "storage": former}}
    if is_bound and spec.get("volumeAttributesClassName") is not None:
        for fields in (compared, kept):
            fields.pop("volumeAttributesClassName", None)
    if compared != kept:
        detail = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for "
            "bound claims\n"
        )
        errors.append(forbidden("spec", detail))
    errors += _validate_shrinking(size, former, old)
    return errors + _same_mode(spec, before) + _attributes_kept(spec, before, emptied=True)


def _size(spec: Object) -> str | None:
    size: str | None = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    return size


def _validate_class_update(
    new: Object, old: Object, compared: dict[str, Any], kept: dict[str, Any]
) -> Errors:
    """A class may be given where none was, and may move from the annotation of old to its field."""
    annotations = new["metadata"].get("annotations") or {}
    former = (old["metadata"].get("annotations") or {}).get(BETA_CLASS)
    name, before = new["spec"].get("storageClassName"), old["spec"].get("storageClassName")
    if (
        former is not None
        and before is None
        and name == former
        and annotations.get(BETA_CLASS, former) == former
    ):
        compared.pop("storageClassName", None)
        return []
    errors: Errors = []
    if annotations.get(BETA_CLASS, "") != (former or ""):
        path = f"metadata.annotations[{BETA_CLASS}]"
        errors.append(invalid(path, annotations.get(BETA_CLASS, ""), names.IMMUTABLE))
    if name is not None and before is None and former in {None, name}:
        compared.pop("storageClassName", None)
        kept.pop("storageClassName", None)
    return errors


def _validate_shrinking(size: str | None, former: str | None, old: Object) -> Errors:
    """A claim may ask for less only while it has not got that much yet."""
    if size is None or former is None or parse(size) >= parse(former):
        return []
    capacity = ((old.get("status") or {}).get("capacity") or {}).get("storage", "0")
    if parse(size) > parse(capacity):
        return []
    return [forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")]


def validate_claim_status(new: Object, _: Object) -> Errors:
    """Amounts of storage; states of a change of size that there are."""
    status = new.get("status") or {}
    errors: Errors = []
    if not new["spec"].get("accessModes"):
        errors.append(required("Spec.accessModes", ""))
    for name, value in sorted((status.get("capacity") or {}).items()):
        errors += _validate_amount(value, f"status.capacity[{name}]")
    path = "status.allocatedResourceStatus"
    for name, state in sorted((status.get("allocatedResourceStatuses") or {}).items()):
        errors += _validate_claim_resource(name, path)
        if state not in _RESIZE_STATUSES:
            errors.append(not_supported(path, name, sorted(_RESIZE_STATUSES)))
    path = "status.allocatedResources"
    for name, value in sorted((status.get("allocatedResources") or {}).items()):
        here = f"{path}[{name}]"
        errors += (
            _validate_claim_resource(name, path)
            or _validate_amount(value, here)
            or validate_quantity("storage", value, here)
        )
    return errors


def _validate_claim_resource(name: str, path: str) -> Errors:
    errors = invalid_each(path, name, names.qualified_name(name))
    if not errors and is_native(name) and name != "storage":
        return [not_supported(path, name, ["storage"])]
    return errors

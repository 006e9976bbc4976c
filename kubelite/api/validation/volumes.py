"""What the volumes of a pod must be.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (ValidateVolumes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kubelite.api.resourcelist import amount
from kubelite.api.validation import names
from kubelite.api.validation.containers import validate_field_ref, validate_resource_field_ref
from kubelite.api.validation.paths import validate_descending_path
from kubelite.api.validation.problems import (
    Errors,
    checked,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from kubelite.apimachinery.scheme import Object

MODE_MAX: Final = 0o777
TOKEN_EXPIRATION_MIN_S: Final = 600
TOKEN_EXPIRATION_MAX_S: Final = 1 << 32
_HOST_PATH_TYPES: Final = (
    "",
    "DirectoryOrCreate",
    "Directory",
    "FileOrCreate",
    "File",
    "Socket",
    "CharDevice",
    "BlockDevice",
)
_DOWNWARD_FIELDS: Final = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_PROJECTIONS: Final = (
    "secret", "downwardAPI", "configMap", "serviceAccountToken", "clusterTrustBundle", "podCertificate",
)  # fmt: skip
_MODE_TEXT: Final = "must be a number between 0 and 0777 (octal), both inclusive"


def validate_volumes(volumes: list[Object] | None, path: str) -> Errors:
    """The errors in `spec.volumes`, with defaults."""
    errors: Errors = []
    seen: set[str] = set()
    for index, volume in enumerate(volumes or ()):
        here = f"{path}[{index}]"
        errors += _validate_source(volume, here)
        name = volume.get("name") or ""
        bad = checked(f"{here}.name", name, names.dns_label)
        errors += bad
        if name in seen:
            errors.append(duplicate(f"{here}.name", name))
        elif not bad:
            seen.add(name)
    return errors


def _validate_source(volume: Object, path: str) -> Errors:
    kinds = [key for key, value in volume.items() if key != "name" and value is not None]
    if not kinds:
        return [required(path, "must specify a volume type")]
    first, *others = kinds
    validate = _SOURCES.get(first)
    errors = validate(volume[first], f"{path}.{first}") if validate is not None else []
    for kind in others:
        errors.append(forbidden(f"{path}.{kind}", "may not specify more than 1 volume type"))
    return errors


def _validate_empty_dir(source: Object, path: str) -> Errors:
    limit = source.get("sizeLimit")
    if limit is not None and amount("cpu", limit) < 0:
        detail = "SizeLimit field must be a valid resource quantity"
        return [forbidden(f"{path}.sizeLimit", detail)]
    return []


def validate_host_path(source: Object, path: str) -> Errors:
    """The errors in a path on the node."""
    text = source.get("path") or ""
    if not text:
        return [required(f"{path}.path", "")]
    if ".." in text.split("/"):
        return [invalid(f"{path}.path", text, "must not contain '..'")]
    type_ = source.get("type") or ""
    return [] if type_ in _HOST_PATH_TYPES else [not_supported(f"{path}.type", type_, _HOST_PATH_TYPES)]


def _validate_named(field: str) -> Callable[[Object, str], Errors]:
    def validate(source: Object, path: str) -> Errors:
        errors = [] if source.get(field) else [required(f"{path}.{field}", "")]
        errors += _validate_mode(source, "defaultMode", path)
        return errors + _validate_items(source.get("items"), f"{path}.items")

    return validate


def _validate_mode(source: Object, field: str, path: str) -> Errors:
    mode = source.get(field)
    if mode is not None and not 0 <= mode <= MODE_MAX:
        return [invalid(f"{path}.{field}", mode, _MODE_TEXT)]
    return []


def _validate_items(items: list[Object] | None, path: str) -> Errors:
    errors: Errors = []
    for index, item in enumerate(items or ()):
        here = f"{path}[{index}]"
        if not item.get("key"):
            errors.append(required(f"{here}.key", ""))
        errors += _validate_file_path(item, here)
        errors += _validate_mode(item, "mode", here)
    return errors


def _validate_file_path(item: Object, path: str) -> Errors:
    text = item.get("path") or ""
    if not text:
        return [required(f"{path}.path", "")]
    errors = validate_descending_path(text, f"{path}.path")
    if not errors and text.startswith(".."):
        errors.append(invalid(f"{path}.path", text, "must not start with '..'"))
    return errors


def _validate_claim(source: Object, path: str) -> Errors:
    return [] if source.get("claimName") else [required(f"{path}.claimName", "")]


def _validate_downward(source: Object, path: str) -> Errors:
    errors = _validate_mode(source, "defaultMode", path)
    for index, item in enumerate(source.get("items") or ()):
        here = f"{path}[{index}]"
        errors += _validate_file_path(item, path)
        field_ref, resource_ref = item.get("fieldRef"), item.get("resourceFieldRef")
        if field_ref is not None:
            errors += validate_field_ref(field_ref, _DOWNWARD_FIELDS, f"{path}.fieldRef")
            if resource_ref is not None:
                detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
                errors.append(invalid(path, "resource", detail))
        elif resource_ref is not None:
            errors += validate_resource_field_ref(resource_ref, f"{path}.resourceFieldRef", is_in_volume=True)
        else:
            errors.append(required(path, "one of fieldRef and resourceFieldRef is required"))
        errors += _validate_mode(item, "mode", here)
    return errors


def _validate_projected(source: Object, path: str) -> Errors:
    errors = _validate_mode(source, "defaultMode", path)
    taken: set[str] = set()
    for index, projection in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        given = [kind for kind in _PROJECTIONS if projection.get(kind) is not None]
        for kind in given:
            errors += _validate_projection(kind, projection[kind], f"{here}.{kind}", path)
            errors += _validate_projected_paths(kind, projection[kind], taken, path)
        if len(given) > 1:
            errors.append(forbidden(here, "may not specify more than 1 volume type per source"))
    return errors


def _validate_projection(kind: str, source: Object, path: str, volume_path: str) -> Errors:
    if kind == "downwardAPI":
        return _validate_downward(source, path)
    if kind in {"secret", "configMap"}:
        errors = [] if source.get("name") else [required(f"{path}.name", "")]
        return errors + _validate_items(source.get("items"), f"{path}.items")
    if kind != "serviceAccountToken":
        return []
    errors = []
    expiration_s = source.get("expirationSeconds") or 0
    if expiration_s < TOKEN_EXPIRATION_MIN_S:
        detail = "may not specify a duration less than 10 minutes"
        errors.append(invalid(f"{path}.expirationSeconds", expiration_s, detail))
    elif expiration_s > TOKEN_EXPIRATION_MAX_S:
        detail = "may not specify a duration larger than 2^32 seconds"
        errors.append(invalid(f"{path}.expirationSeconds", expiration_s, detail))
    return errors + _validate_file_path(source, volume_path)


def _validate_projected_paths(kind: str, source: Object, taken: set[str], path: str) -> Errors:
    """No two items go to one file; `taken` is what the sources before have, and gets those of this one."""
    errors: Errors = []
    for item in source.get("items") or ():
        file = item.get("path") or ""
        if file and file in taken:
            shown = file if kind == "downwardAPI" else source.get("name") or ""
            errors.append(invalid(path, shown, "conflicting duplicate paths"))
        taken.add(file)
    return errors


def validate_nfs(source: Object, path: str) -> Errors:
    """The errors in an NFS share."""
    errors = [required(f"{path}.{field}", "") for field in ("server", "path") if not source.get(field)]
    if not (source.get("path") or "").startswith("/"):
        errors.append(invalid(f"{path}.path", source.get("path") or "", "must be an absolute path"))
    return errors


def _validate_required(*fields: str) -> Callable[[Object, str], Errors]:
    def validate(source: Object, path: str) -> Errors:
        return [required(f"{path}.{field}", "") for field in fields if not source.get(field)]

    return validate


def _validate_ephemeral(source: Object, path: str) -> Errors:
    here = f"{path}.volumeClaimTemplate"
    template = source.get("volumeClaimTemplate")
    if template is None:
        return [required(here, "")]
    spec = template.get("spec") or {}
    errors: Errors = []
    if not spec.get("accessModes"):
        errors.append(required(f"{here}.spec.accessModes", "at least 1 access mode is required"))
    if not ((spec.get("resources") or {}).get("requests") or {}).get("storage"):
        errors.append(required(f"{here}.spec.resources[storage]", ""))
    return errors


def _validate_image(source: Object, path: str) -> Errors:
    policy = source.get("pullPolicy")
    choices = ("Always", "IfNotPresent", "Never")
    return (
        [] if policy is None or policy in choices else [not_supported(f"{path}.pullPolicy", policy, choices)]
    )


_SOURCES: Final[Mapping[str, Callable[[Object, str], Errors]]] = {
    "emptyDir": _validate_empty_dir,
    "hostPath": validate_host_path,
    "secret": _validate_named("secretName"),
    "configMap": _validate_named("name"),
    "downwardAPI": _validate_downward,
    "projected": _validate_projected,
    "persistentVolumeClaim": _validate_claim,
    "nfs": validate_nfs,
    "ephemeral": _validate_ephemeral,
    "image": _validate_image,
    "csi": _validate_required("driver"),
    "gitRepo": _validate_required("repository"),
    "awsElasticBlockStore": _validate_required("volumeID"),
    "gcePersistentDisk": _validate_required("pdName"),
    "glusterfs": _validate_required("endpoints", "path"),
    "rbd": _validate_required("monitors", "image"),
    "cinder": _validate_required("volumeID"),
    "cephfs": _validate_required("monitors"),
    "azureFile": _validate_required("secretName", "shareName"),
    "azureDisk": _validate_required("diskName", "diskURI"),
    "vsphereVolume": _validate_required("volumePath"),
    "photonPersistentDisk": _validate_required("pdID"),
    "portworxVolume": _validate_required("volumeID"),
    "scaleIO": _validate_required("gateway", "system", "volumeName"),
}

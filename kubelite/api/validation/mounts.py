"""Where a container finds the volumes of its pod: mounts of file systems, and raw block devices.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (ValidateVolumeMounts,
ValidateVolumeDevices). Some of its paths leave out which mount is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.api.validation.paths import validate_descending_path
from kubelite.api.validation.problems import Errors, forbidden, invalid, not_found, not_supported, required
from kubelite.apimachinery.scheme import Object

_PROPAGATIONS: Final = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE: Final = ("Disabled", "Enabled", "IfPossible")


def volumes_of(spec: Object) -> Mapping[str, Object]:
    """The volumes of a pod by their names."""
    return {volume.get("name") or "": volume for volume in spec.get("volumes") or ()}


def validate_mounts(container: Object, volumes: Mapping[str, Object], path: str) -> Errors:
    """The errors in a container's mounts.

    Args:
        container: With its devices, beside which mounts must not stand.
        volumes: Of the pod.
        path: Of the mounts.
    """
    errors: Errors = []
    seen: set[str] = set()
    devices = container.get("volumeDevices") or ()
    device_names = {device.get("name") for device in devices}
    device_paths = {device.get("devicePath") for device in devices}
    is_privileged = bool((container.get("securityContext") or {}).get("privileged"))
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        here = f"{path}[{index}]"
        name, mount_path = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            errors.append(required(f"{here}.name", ""))
        if name not in volumes:
            errors.append(not_found(f"{here}.name", name))
        if not mount_path:
            errors.append(required(f"{here}.mountPath", ""))
        if mount_path in seen:
            errors.append(invalid(f"{here}.mountPath", mount_path, "must be unique"))
        seen.add(mount_path)
        if name in device_names:
            errors.append(invalid(f"{here}.name", name, "must not already exist in volumeDevices"))
        if mount_path in device_paths:
            detail = "must not already exist as a path in volumeDevices"
            errors.append(invalid(f"{here}.mountPath", mount_path, detail))
        if mount.get("subPath"):
            errors += validate_descending_path(mount["subPath"], f"{path}.subPath")
        if mount.get("subPathExpr"):
            if mount.get("subPath"):
                detail = "subPathExpr and subPath are mutually exclusive"
                errors.append(invalid(f"{here}.subPathExpr", mount["subPathExpr"], detail))
            errors += validate_descending_path(mount["subPathExpr"], f"{path}.subPathExpr")
        errors += _validate_propagation(mount, f"{path}.mountPropagation", is_privileged=is_privileged)
        errors += _validate_recursive(mount, f"{path}.recursiveReadOnly")
    return errors


def _validate_propagation(mount: Object, path: str, *, is_privileged: bool) -> Errors:
    propagation = mount.get("mountPropagation")
    if propagation is not None and propagation not in _PROPAGATIONS:
        return [not_supported(path, propagation, _PROPAGATIONS)]
    if propagation == "Bidirectional" and not is_privileged:
        detail = "Bidirectional mount propagation is available only to privileged containers"
        return [forbidden(path, detail)]
    return []


def _validate_recursive(mount: Object, path: str) -> Errors:
    recursive = mount.get("recursiveReadOnly")
    if recursive in {None, "Disabled"}:
        return []
    if recursive not in _RECURSIVE:
        return [not_supported(path, recursive, _RECURSIVE)]
    errors: Errors = []
    if not mount.get("readOnly"):
        errors.append(forbidden(path, "may only be specified when readOnly is true"))
    if mount.get("mountPropagation") not in {None, "None"}:
        detail = "may only be specified when mountPropagation is None or not specified"
        errors.append(forbidden(path, detail))
    return errors


def validate_devices(container: Object, volumes: Mapping[str, Object], path: str) -> Errors:
    """The errors in a container's raw block devices; the arguments are as above."""
    errors: Errors = []
    names_seen: set[str] = set()
    paths_seen: set[str] = set()
    mounts = container.get("volumeMounts") or ()
    mount_names = {mount.get("name") for mount in mounts}
    mount_paths = {mount.get("mountPath") for mount in mounts}
    for index, device in enumerate(container.get("volumeDevices") or ()):
        here = f"{path}[{index}]"
        name, device_path = device.get("name") or "", device.get("devicePath") or ""
        volume = volumes.get(name)
        if not name:
            errors.append(required(f"{here}.name", ""))
        if name in names_seen:
            errors.append(invalid(f"{here}.name", name, "must be unique"))
        if volume is None:
            errors.append(not_found(f"{here}.name", name))
        elif not ("persistentVolumeClaim" in volume or "ephemeral" in volume):
            detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            errors.append(invalid(f"{here}.name", name, detail))
        if not device_path:
            errors.append(required(f"{here}.devicePath", ""))
        if device_path in paths_seen:
            errors.append(invalid(f"{here}.devicePath", device_path, "must be unique"))
        if ".." in device_path.split("/"):
            errors.append(invalid(f"{here}.devicePath", device_path, "can not contain backsteps ('..')"))
        else:
            paths_seen.add(device_path)
        if name in mount_names:
            errors.append(invalid(f"{here}.name", name, "must not already exist in volumeMounts"))
        if device_path in mount_paths:
            detail = "must not already exist as a path in volumeMounts"
            errors.append(invalid(f"{here}.devicePath", device_path, detail))
        if name:
            names_seen.add(name)
    return errors

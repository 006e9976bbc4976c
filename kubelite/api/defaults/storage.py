"""Defaults of storage classes and CSI drivers.

Source: k8s.io/kubernetes/pkg/apis/storage/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.defaults.podspec import with_defaults
from kubelite.apimachinery.scheme import Object

_CLASS: Final[Mapping[str, Any]] = {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}
_DRIVER: Final[Mapping[str, Any]] = {
    "attachRequired": True,
    "podInfoOnMount": False,
    "storageCapacity": False,
    "fsGroupPolicy": "ReadWriteOnceWithFSType",
    "volumeLifecycleModes": ["Persistent"],
    "requiresRepublish": False,
    "seLinuxMount": False,
}


def default_storage_class(storage_class: Object) -> Object:
    """Volumes are made at once, and deleted with their claim."""
    return with_defaults(storage_class, _CLASS)


def default_csi_driver(driver: Object) -> Object:
    """Volumes are attached and last; the driver wants to know nothing of pods."""
    return {**driver, "spec": with_defaults(driver.get("spec") or {}, _DRIVER)}


DEFAULTS: Final = {r.STORAGECLASSES: default_storage_class, r.CSIDRIVERS: default_csi_driver}

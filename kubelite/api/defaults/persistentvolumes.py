"""Defaults of volumes and of claims for them.

Source: k8s.io/kubernetes/pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.api.defaults.podspec import default_sources, with_defaults
from kubelite.apimachinery.scheme import Object

_PENDING: Final[Mapping[str, Any]] = {"phase": "Pending"}
_VOLUME: Final[Mapping[str, Any]] = {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"}


def default_persistent_volume(volume: Object) -> Object:
    """A file system that is kept when its claim is gone."""
    spec = default_sources(with_defaults(volume["spec"], _VOLUME))
    return {**volume, "spec": spec, "status": with_defaults(volume["status"], _PENDING)}


def default_claim(claim: Object) -> Object:
    """A file system, not bound yet."""
    spec = with_defaults(claim["spec"], {"volumeMode": "Filesystem"})
    return {**claim, "spec": spec, "status": with_defaults(claim["status"], _PENDING)}

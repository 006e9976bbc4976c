"""The columns of storage classes, attachments and CSI objects.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.columns.text import AGE, NAME, NONE, UNSET, Column
from kubelite.apimachinery.scheme import Object

_DEFAULT_CLASS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_DEFAULT_ATTRIBUTES: Final = ("volumeattributesclass.alpha.kubernetes.io/is-default-class",)


def _spec(obj: Object) -> Object:
    return obj.get("spec") or {}


def _named(defaults: tuple[str, ...]) -> Column:
    def cell(obj: Object, _: float) -> str:
        annotations = obj["metadata"].get("annotations") or {}
        is_default = any(annotations.get(key) == "true" for key in defaults)
        return f"{obj['metadata'].get('name', '')}{' (default)' if is_default else ''}"

    return Column("Name", cell, NAME.description, format="name")


def _field(field: str, default: Any) -> Callable[[Object, float], Any]:
    def cell(obj: Object, _: float) -> Any:
        value = obj.get(field)
        return default if value is None else value

    return cell


def _spec_field(field: str, default: Any) -> Callable[[Object, float], Any]:
    def cell(obj: Object, _: float) -> Any:
        value = _spec(obj).get(field)
        return default if value is None else value

    return cell


def _audiences(driver: Object, _: float) -> str:
    requests = _spec(driver).get("tokenRequests")
    return UNSET if requests is None else ",".join(request.get("audience", "") for request in requests)


COLUMNS: Final[dict[object, tuple[Column, ...]]] = {
    r.STORAGECLASSES: (
        _named(_DEFAULT_CLASS),
        Column("Provisioner", _field("provisioner", ""), "Who makes the volumes."),
        Column("ReclaimPolicy", _field("reclaimPolicy", "Delete"), "What becomes of a volume without claim."),
        Column("VolumeBindingMode", _field("volumeBindingMode", "Immediate"), "When a volume is made."),
        Column("AllowVolumeExpansion", _field("allowVolumeExpansion", False), "Whether volumes may grow."),
        AGE,
    ),
    r.VOLUMEATTRIBUTESCLASSES: (
        _named(_DEFAULT_ATTRIBUTES),
        Column("DriverName", _field("driverName", ""), "The driver that is told."),
        AGE,
    ),
    r.VOLUMEATTACHMENTS: (
        NAME,
        Column("Attacher", _spec_field("attacher", ""), "Who attaches it.", format="name"),
        Column(
            "PV",
            lambda obj, _: (_spec(obj).get("source") or {}).get("persistentVolumeName") or "",
            "The volume.",
        ),
        Column("Node", _spec_field("nodeName", ""), "Where it is attached."),
        Column(
            "Attached",
            lambda obj, _: bool((obj.get("status") or {}).get("attached")),
            "Whether it is there.",
            type="boolean",
        ),
        AGE,
    ),
    r.CSIDRIVERS: (
        NAME,
        Column("AttachRequired", _spec_field("attachRequired", True), "Whether it attaches.", type="boolean"),
        Column(
            "PodInfoOnMount",
            _spec_field("podInfoOnMount", False),
            "Whether it asks for the pod.",
            type="boolean",
        ),
        Column(
            "StorageCapacity",
            _spec_field("storageCapacity", False),
            "Whether it tells its room.",
            type="boolean",
        ),
        Column("TokenRequests", _audiences, "The tokens that it asks for."),
        Column(
            "RequiresRepublish",
            _spec_field("requiresRepublish", False),
            "Whether it mounts again and again.",
            type="boolean",
        ),
        Column(
            "Modes",
            lambda obj, _: ",".join(_spec(obj).get("volumeLifecycleModes") or ()) or NONE,
            "How long its volumes live.",
        ),
        AGE,
    ),
    r.CSINODES: (
        NAME,
        Column(
            "Drivers",
            lambda obj, _: len(_spec(obj).get("drivers") or ()),
            "How many there are.",
            type="integer",
        ),
        AGE,
    ),
}

"""The columns of volumes, claims and quotas.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.columns.text import AGE, NAME, UNSET, Column
from kubelite.apimachinery.scheme import Object

BETA_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
"""Access modes in the order in which they are shown."""


def _spec(obj: Object) -> Object:
    spec: Object = obj.get("spec") or {}
    return spec


def _status(obj: Object) -> Object:
    status: Object = obj.get("status") or {}
    return status


def _access_modes(modes: list[str] | None) -> str:
    return ",".join(short for mode, short in _MODES.items() if mode in (modes or ()))


def _class(obj: Object) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    return annotations.get(BETA_CLASS) or _spec(obj).get("storageClassName") or ""


def _attributes_class(obj: Object, _: float) -> str:
    return _spec(obj).get("volumeAttributesClassName") or UNSET


def _volume_mode(obj: Object, _: float) -> str:
    return _spec(obj).get("volumeMode") or UNSET


def _phase(obj: Object, _: float) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return _status(obj).get("phase") or ""


def _claim(volume: Object, _: float) -> str:
    reference = _spec(volume).get("claimRef")
    return f"{reference.get('namespace', '')}/{reference.get('name', '')}" if reference else ""


_CLASS: Final = Column("StorageClass", lambda obj, _: _class(obj), "The class that it belongs to.")
_ATTRIBUTES: Final = Column("VolumeAttributesClass", _attributes_class, "The class of its attributes.")
_VOLUME_MODE: Final = Column("VolumeMode", _volume_mode, "A file system, or a block device.", priority=1)

VOLUME_COLUMNS: Final = (
    NAME,
    Column(
        "Capacity",
        lambda volume, _: (_spec(volume).get("capacity") or {}).get("storage") or "0",
        "How much it holds.",
    ),
    Column(
        "Access Modes",
        lambda volume, _: _access_modes(_spec(volume).get("accessModes")),
        "By how many nodes it may be used, and how.",
    ),
    Column(
        "Reclaim Policy",
        lambda volume, _: _spec(volume).get("persistentVolumeReclaimPolicy") or "",
        "What becomes of it when its claim is gone.",
    ),
    Column("Status", _phase, "Whether it is bound."),
    Column("Claim", _claim, "The claim that it is bound to."),
    _CLASS,
    _ATTRIBUTES,
    Column("Reason", lambda volume, _: _status(volume).get("reason") or "", "Why it is in that state."),
    AGE,
    _VOLUME_MODE,
)


def _bound(field: str) -> Column:
    """What a claim has got, once it is bound."""

    def cell(claim: Object, _: float) -> str:
        if not _spec(claim).get("volumeName"):
            return ""
        if field == "Capacity":
            return (_status(claim).get("capacity") or {}).get("storage") or "0"
        return _access_modes(_status(claim).get("accessModes"))

    return Column(field, cell, "What it has got of that.")


CLAIM_COLUMNS: Final = (
    NAME,
    Column("Status", _phase, "Whether it is bound."),
    Column("Volume", lambda claim, _: _spec(claim).get("volumeName") or "", "The volume it is bound to."),
    _bound("Capacity"),
    _bound("Access Modes"),
    _CLASS,
    _ATTRIBUTES,
    AGE,
    _VOLUME_MODE,
)


def _used(quota: Object, *, limits: bool) -> str:
    """What of a quota is used, resource by resource: of the limits, or of the rest."""
    status = _status(quota)
    used, hard = status.get("used") or {}, status.get("hard") or {}
    names = sorted(name for name in hard if name.startswith("limits.") == limits)
    return ", ".join(f"{name}: {used.get(name) or '0'}/{hard[name]}" for name in names)


QUOTA_COLUMNS: Final = (
    NAME,
    Column("Request", lambda quota, _: _used(quota, limits=False), "What is asked for, of what may be."),
    Column("Limit", lambda quota, _: _used(quota, limits=True), "What is limited, of what may be."),
    AGE,
)

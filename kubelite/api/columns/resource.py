"""The columns of devices and claims on them.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.columns.text import AGE, NAME, Column
from kubelite.apimachinery.scheme import Object


def _spec(obj: Object) -> Object:
    return obj.get("spec") or {}


def _state(claim: Object, _: float) -> str:
    status = claim.get("status") or {}
    is_deleted = bool(claim["metadata"].get("deletionTimestamp"))
    states = ["deleted"] if is_deleted else []
    if status.get("allocation") is None:
        states += [] if is_deleted else ["pending"]
    else:
        states.append("allocated")
        if status.get("reservedFor"):
            states.append("reserved")
    return ",".join(states)


COLUMNS: Final[dict[object, tuple[Column, ...]]] = {
    r.DEVICECLASSES: (NAME, AGE),
    r.RESOURCECLAIMS: (NAME, Column("State", _state, "Whether it has its devices."), AGE),
    r.RESOURCECLAIMTEMPLATES: (NAME, AGE),
    r.RESOURCESLICES: (
        NAME,
        Column("Node", lambda obj, _: _spec(obj).get("nodeName") or "", "Where the devices are."),
        Column("Driver", lambda obj, _: _spec(obj).get("driver") or "", "Who looks after them."),
        Column(
            "Pool",
            lambda obj, _: (_spec(obj).get("pool") or {}).get("name") or "",
            "The pool they belong to.",
        ),
        AGE,
    ),
}

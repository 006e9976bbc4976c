"""The columns of priority classes.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.columns.text import AGE, NAME, Column

COLUMNS: Final[dict[object, tuple[Column, ...]]] = {
    r.PRIORITYCLASSES: (
        NAME,
        Column("Value", lambda obj, _: obj.get("value") or 0, "The priority of its pods.", type="integer"),
        Column(
            "Global-Default",
            lambda obj, _: bool(obj.get("globalDefault")),
            "Whether pods without a class have it.",
            type="boolean",
        ),
        AGE,
        Column(
            "PreemptionPolicy",
            lambda obj, _: obj.get("preemptionPolicy") or "",
            "Whether its pods evict others.",
        ),
    ),
}

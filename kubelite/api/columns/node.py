"""The columns of runtime classes.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.columns.text import AGE, NAME, Column

COLUMNS: Final[dict[object, tuple[Column, ...]]] = {
    r.RUNTIMECLASSES: (
        NAME,
        Column("Handler", lambda obj, _: obj.get("handler") or "", ""),
        AGE,
    )
}

"""The columns of `events.k8s.io/v1`: those of the core group's Events, which are the same objects."""

from __future__ import annotations

from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.columns.core import EVENT_COLUMNS
from kubelite.api.columns.text import Column
from kubelite.api.conversion.events import to_core
from kubelite.apimachinery.scheme import Object


def _of_either(column: Column) -> Column:
    def cell(event: Object, now: float) -> Any:
        return column.cell(to_core(event), now)

    return column._replace(cell=cell)


COLUMNS: Final[dict[object, tuple[Column, ...]]] = {r.EVENTS_V1: tuple(map(_of_either, EVENT_COLUMNS))}

"""How values read in a table: ages, lists cut short, labels.

Source: k8s.io/apimachinery/pkg/util/duration, k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time

NONE: Final = "<none>"
UNKNOWN: Final = "<unknown>"
UNSET: Final = "<unset>"
LIST_MAX: Final = 3
"""How many items of a list a cell shows."""

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_H: Final = 24
_YEAR_H: Final = 24 * 365

Cell = Callable[[Object, float], Any]


class Column(NamedTuple):
    """A column of a Table: its definition, and the cell of an object at a time (Unix seconds)."""

    name: str
    cell: Cell
    description: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    """0 is always shown, 1 with `-o wide`."""


def human_duration(seconds: float) -> str:
    """A duration in two figures at most, the smaller one only where it still says something."""
    total = int(seconds)
    if total < -1:
        return "<invalid>"
    total = max(total, 0)
    if total < 2 * _MINUTE_S:
        return f"{total}s"
    minutes = total // _MINUTE_S
    if minutes < 10:
        return _two(minutes, "m", total % _MINUTE_S, "s")
    if minutes < 3 * 60:
        return f"{minutes}m"
    hours = total // _HOUR_S
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 2 * _DAY_H:
        return f"{hours}h"
    if hours < 8 * _DAY_H:
        return _two(hours // _DAY_H, "d", hours % _DAY_H, "h")
    if hours < 2 * _YEAR_H:
        return f"{hours // _DAY_H}d"
    years, days = hours // _YEAR_H, hours // _DAY_H % 365
    return _two(years, "y", days, "d") if hours < 8 * _YEAR_H else f"{years}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def since(timestamp: str | None, now: float) -> str:
    """How long ago; "<unknown>" without a time."""
    return human_duration(now - parse_time(timestamp)) if timestamp else UNKNOWN


def age(obj: Object, now: float) -> str:
    """How long ago the object was created."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def name(obj: Object, _: float) -> str:
    """The object's name."""
    text: str = obj["metadata"].get("name", "")
    return text


def status_of(field: str) -> Cell:
    """A number in the status, 0 if absent."""
    return lambda obj, _: (obj.get("status") or {}).get(field) or 0


def spec_of(field: str) -> Cell:
    """A number in the spec, 0 if absent."""
    return lambda obj, _: (obj.get("spec") or {}).get(field) or 0


def labels(pairs: Mapping[str, str] | None) -> str:
    """`a=b,c=d` in the order of keys."""
    return ",".join(f"{key}={value}" for key, value in sorted((pairs or {}).items())) or NONE


def with_more(shown: Sequence[str], total: int, empty: str) -> str:
    """The items shown, and how many there are besides."""
    text = ",".join(shown)
    if total > len(shown):
        return f"{text} + {total - len(shown)} more..."
    return text or empty


NAME: Final = Column("Name", name, "The name, unique among its kind in a namespace.", format="name")
AGE: Final = Column("Age", age, "How long ago the object was created.")

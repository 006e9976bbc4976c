"""The columns of custom resources.

Source: k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kubelite.api.columns.text import UNKNOWN, Column, human_duration
from kubelite.apimachinery import jsonpath
from kubelite.apimachinery.field import format_float
from kubelite.apimachinery.fieldset import go_json
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time

NAME: Final = Column(
    "Name", lambda obj, _: obj["metadata"]["name"], "The name, unique within a namespace.", format="name"
)
AGE: Final[Mapping[str, Any]] = {
    "name": "Age",
    "type": "date",
    "description": "How long ago the server made the object.",
    "jsonPath": ".metadata.creationTimestamp",
}
"""What is shown besides the name if a definition says nothing."""

INVALID: Final = "<invalid>"
_NULL: Final = "<no value>"


def columns_of(definitions: Sequence[Mapping[str, Any]] | None) -> tuple[Column, ...]:
    """The columns of a version; only the name if one of its paths cannot be read."""
    try:
        return (NAME, *(_column(each) for each in definitions or (AGE,)))
    except ValueError:
        return (NAME,)


def _column(definition: Mapping[str, Any]) -> Column:
    text, type_ = definition["jsonPath"], definition["type"]
    path = jsonpath.parse(text)
    convert = _TEXT if type_ == "string" else _CONVERSIONS.get(type_, _nothing)

    def cell(obj: Object, now: float) -> Any:
        found = path.find(obj)
        return convert(found[0], now) if found else None

    return Column(
        definition["name"],
        cell,
        definition.get("description") or f"Custom resource definition column (in JSONPath format): {text}",
        type_,
        definition.get("format", ""),
        definition.get("priority", 0),
    )


def _nothing(value: Any, now: float) -> Any:
    return None


def _text(value: Any, now: float) -> str:
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format_float(value)
    return value if isinstance(value, str) else go_json(value)


def _integer(value: Any, now: float) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _number(value: Any, now: float) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _boolean(value: Any, now: float) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: Any, now: float) -> str | None:
    if not isinstance(value, str):
        return None
    if not value or value == "null":
        return UNKNOWN
    try:
        return human_duration(now - parse_time(value))
    except ValueError:
        return INVALID


_TEXT: Final[Callable[[Any, float], Any]] = _text
_CONVERSIONS: Final[Mapping[str, Callable[[Any, float], Any]]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
}

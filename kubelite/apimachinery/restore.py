"""Why a strategic merge made something that does not fit its type, in the words of Go's converter.

What a strategic merge makes is not read from JSON, and errors have words of their own.
Source: k8s.io/apimachinery/pkg/runtime/converter.go (fromUnstructured).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.apimachinery.schema import SchemaField, SchemaType

_INTEGERS: Final = frozenset({"int", "int32", "int64", "uint32", "uint64"})
_FLOATS: Final = frozenset({"float64"})
_SIMPLE: Final = _INTEGERS | _FLOATS | {"string", "bool"}


def mismatch(value: Any, schema: SchemaType) -> str:
    """Why a value does not fit; empty if it does, as far as its shape goes."""
    if not isinstance(value, dict):
        return f"cannot restore struct from: {_kind(value)}"
    for name, field in schema.fields.items():
        inner = value.get(name)
        if inner is not None and (why := _field(inner, field)):
            return why
    return ""


def _field(value: Any, field: SchemaField) -> str:
    match field.shape:
        case "list":
            if not isinstance(value, list):
                return f"cannot restore slice from {_kind(value)}"
            return _first(value, field)
        case "map":
            if not isinstance(value, Mapping):
                return f"cannot restore map from {_kind(value)}"
            return _first(value.values(), field)
        case _:
            return _item(value, field)


def _first(values: Any, field: SchemaField) -> str:
    return next((why for each in values if each is not None and (why := _item(each, field))), "")


def _item(value: Any, field: SchemaField) -> str:
    if field.struct is not None:
        return mismatch(value, field.struct)
    type_ = field.type
    if type_ == "[]byte":
        return "" if isinstance(value, str) else f"cannot restore slice from {_kind(value)}"
    if type_ not in _SIMPLE:
        return ""
    given = _type(value)
    if not given:
        return f"unrecognized type: {type_}"
    if given == type_ or (given == "int64" and type_ in _INTEGERS | _FLOATS):
        return ""
    if given == "float64" and type_ in _INTEGERS and float(value).is_integer():
        return ""
    convertible = {given, type_} <= _INTEGERS | _FLOATS or (given == "int64" and type_ == "string")
    return f"cannot convert {given} to {type_}" if convertible else f"unrecognized type: {type_}"


def _type(value: Any) -> str:
    """The Go type of a scalar out of JSON; empty for what is none."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
        case str():
            return "string"
        case _:
            return ""


def _kind(value: Any) -> str:
    match value:
        case dict():
            return "map"
        case list():
            return "slice"
        case _:
            return _type(value)

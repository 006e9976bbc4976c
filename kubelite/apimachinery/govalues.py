"""JSON values in the words of Go, which errors of Kubernetes show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def go_value(value: Any) -> str:
    """A value as Go prints it with %v."""
    match value:
        case Mapping():
            return "map[" + " ".join(f"{key}:{go_value(value[key])}" for key in sorted(value)) + "]"
        case list():
            return "[" + " ".join(map(go_value, value)) + "]"
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def go_type(value: Any) -> str:
    """The name of a value's type, as Go prints it with %T."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
        case str():
            return "string"
        case list():
            return "[]interface {}"
        case _:
            return "map[string]interface {}"


def json_word(value: Any) -> str:
    """What Go's JSON decoder calls a value that does not fit."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "array"
        case Mapping():
            return "object"
        case _:
            return "number"

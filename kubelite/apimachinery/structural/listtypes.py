"""Lists that are sets or maps: no item twice.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.structural.schema import Structural


def validate_lists(value: Any, schema: Structural | None, path: str = "") -> list[FieldError]:
    """The errors of all lists inside of a value."""
    return [] if schema is None or not holds_unique_lists(schema) else list(_walk(value, schema, path))


def holds_unique_lists(schema: Structural) -> bool:
    """Whether there is any list of type "set" or "map" in the schema."""
    if schema.list_type in {"set", "map"}:
        return True
    inner = [*schema.properties.values(), schema.items, schema.additional_node]
    return any(each is not None and holds_unique_lists(each) for each in inner)


def _walk(value: Any, schema: Structural, path: str) -> Iterator[FieldError]:
    if isinstance(value, dict):
        for name in sorted(value):
            found = schema.properties.get(name)
            if found is not None:
                yield from _walk(value[name], found, f"{path}.{name}" if path else name)
            elif schema.additional_node is not None:
                yield from _walk(value[name], schema.additional_node, f"{path}[{name}]")
    elif isinstance(value, list):
        if schema.list_type == "set":
            yield from (FieldError.duplicate(f"{path}[{index}]", value[index]) for index in repeated(value))
        elif schema.list_type == "map":
            yield from _map(value, schema.list_map_keys, path)
        if schema.items is not None:
            for index, item in enumerate(value):
                yield from _walk(item, schema.items, f"{path}[{index}]")


def _map(items: Sequence[Any], keys: Sequence[str], path: str) -> Iterator[FieldError]:
    for index, item in enumerate(items):
        if item is not None and not isinstance(item, dict):
            detail = "must be an object for an array of list-type map"
            yield FieldError.invalid(f"{path}[{index}]", item, detail)
            return
    named = [{key: item[key] for key in keys if key in item} if item else {} for item in items]
    yield from (FieldError.duplicate(f"{path}[{index}]", named[index]) for index in repeated(named))


def repeated(items: Sequence[Any]) -> list[int]:
    """The places of items that stand there for the second time."""
    times: dict[bytes, int] = {}
    found = []
    for index, item in enumerate(items):
        key = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
        times[key] = times.get(key, 0) + 1
        if times[key] == 2:
            found.append(index)
    return found

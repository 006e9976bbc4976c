"""Pruning: fields that a schema does not specify are taken out, and told.

Trees are rebuilt only along what changes.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubelite.apimachinery.structural.schema import META_FIELDS, Structural

Report = Callable[[str], None]


def prune(value: Any, schema: Structural | None, *, is_resource: bool) -> tuple[Any, list[str]]:
    """The value without what the schema does not specify, and the paths of what that was.

    Args:
        value: A JSON tree.
        schema: Its node; with None nothing is specified.
        is_resource: Whether it is a whole object, whose apiVersion, kind and metadata stay.

    Returns:
        The same tree if nothing was taken out; the paths in their order.
    """
    unknown: list[str] = []
    node = (schema or Structural()).as_resource() if is_resource else schema
    pruned = _prune(value, node, "", unknown.append, keeps=False)
    return pruned, sorted(unknown)


def _prune(value: Any, schema: Structural | None, path: str, report: Report, *, keeps: bool) -> Any:
    """`keeps` holds what a preserving list hands down to its items."""
    if isinstance(value, dict):
        return _object(value, schema, path, report, keeps=keeps)
    if isinstance(value, list):
        items = None if schema is None else schema.items
        keeps = keeps or (schema is not None and schema.preserve_unknown)
        if keeps and items is None:
            return value
        made = [
            _prune(each, items, f"{path}[{index}]", report, keeps=keeps) for index, each in enumerate(value)
        ]
        return value if all(new is old for new, old in zip(made, value, strict=True)) else made
    return value


def _object(
    value: dict[str, Any], schema: Structural | None, path: str, report: Report, *, keeps: bool
) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    dropped: set[str] = set()
    for key, inner in value.items():
        where = f"{path}.{key}" if path else key
        if schema is not None and schema.embedded and key in META_FIELDS:
            continue
        found = None if schema is None else schema.properties.get(key)
        if found is not None:
            made = _prune(inner, found, where, report, keeps=False)
        elif schema is not None and schema.additional is not None:
            made = _prune(inner, schema.additional_node, where, report, keeps=False)
        elif schema is not None and (keeps or schema.preserve_unknown):
            continue
        else:
            dropped.add(key)
            report(where)
            continue
        if made is not inner:
            changed[key] = made
    if not changed and not dropped:
        return value
    return {key: changed.get(key, inner) for key, inner in value.items() if key not in dropped}

"""Defaulting: absent fields get what the schema says; nulls that may not be there go.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting (algorithm.go, prunenulls.go,
    prune.go).
"""

from __future__ import annotations

from typing import Any

from kubelite.apimachinery.structural.schema import Structural


def apply(value: Any, schema: Structural | None) -> Any:
    """The value with defaults; the same tree if none was missing.

    A null where none may be gives way to the default. Defaults are themselves defaulted inside.
    """
    if schema is None:
        return value
    if isinstance(value, dict):
        return _object(value, schema)
    if isinstance(value, list):
        items = schema.items
        made = [apply(_or_default(each, items), items) for each in value]
        return value if all(new is old for new, old in zip(made, value, strict=True)) else made
    return value


def _object(value: dict[str, Any], schema: Structural) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name, child in schema.properties.items():
        if child.has_default and (name not in value or (value[name] is None and not child.nullable)):
            changed[name] = child.default
    merged = {**value, **changed} if changed else value
    for key, inner in merged.items():
        found = schema.properties.get(key)
        if found is None:
            found = schema.additional_node
            made = apply(_or_default(inner, found), found)
        else:
            made = apply(inner, found)
        if made is not value.get(key):
            changed[key] = made
    return {**value, **changed} if changed else value


def _or_default(value: Any, schema: Structural | None) -> Any:
    """The default in place of a null that may not be there; without a default the null stays."""
    if value is not None or schema is None or schema.nullable or not schema.has_default:
        return value
    return schema.default


def prune_nulls(value: Any, schema: Structural | None) -> Any:
    """The value without fields that are null, may not be, and have no default to become."""
    if isinstance(value, dict):
        changed: dict[str, Any] = {}
        dropped: set[str] = set()
        for key, inner in value.items():
            child = None if schema is None else schema.child(key)
            if inner is None:
                if child is not None and not child.nullable and not child.has_default:
                    dropped.add(key)
                continue
            made = prune_nulls(inner, child)
            if made is not inner:
                changed[key] = made
        if not changed and not dropped:
            return value
        return {key: changed.get(key, inner) for key, inner in value.items() if key not in dropped}
    if isinstance(value, list):
        items = None if schema is None else schema.items
        made_list = [prune_nulls(each, items) for each in value]
        return value if all(new is old for new, old in zip(made_list, value, strict=True)) else made_list
    return value


def has_defaults(schema: Structural) -> bool:
    """Whether the schema gives any default."""
    if schema.has_default:
        return True
    inner = [*schema.properties.values(), schema.items, schema.additional_node]
    return any(each is not None and has_defaults(each) for each in inner)

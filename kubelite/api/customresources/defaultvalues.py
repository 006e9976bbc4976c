"""Whether the defaults in a schema are themselves what the schema asks for.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kubelite.api.customresources import embedded
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.structural import Structural
from kubelite.apimachinery.structural.pruning import prune
from kubelite.apimachinery.structural.schema import META_FIELDS
from kubelite.apimachinery.structural.values import Validator

_TYPE_META = {"apiVersion": "validation/v1", "kind": "Validation"}


def validate_defaults(schema: Structural, path: str, *, pruned: bool = True) -> list[FieldError]:
    """The errors of all defaults.

    Args:
        schema: Of a whole object.
        path: Where it stands.
        pruned: Whether a default may have no fields that the schema does not know.
    """
    return list(_walk(schema.as_resource(), path, None, (), pruned=pruned))


def _walk(
    schema: Structural, path: str, around: Structural | None, inside: Sequence[str], *, pruned: bool
) -> Iterator[FieldError]:
    """`around` is the whole object whose metadata this is part of, `inside` the way to here from it."""
    if schema.embedded:
        around, inside = None, ()
    if schema.has_default:
        where = f"{path}.default"
        yield from (
            _plain(schema, where, pruned=pruned)
            if around is None
            else _metadata(schema, where, around, inside)
        )
    if schema.items is not None:
        yield from _walk(schema.items, f"{path}.items", around, (*inside, "[]"), pruned=pruned)
    for name, child in sorted(schema.properties.items()):
        outer = schema if schema.embedded and name in META_FIELDS else around
        way = (name,) if outer is schema else (*inside, name)
        yield from _walk(child, f"{path}.properties[{name}]", outer, way, pruned=pruned)


def _plain(schema: Structural, where: str, *, pruned: bool) -> Iterator[FieldError]:
    value = schema.default
    if pruned and prune(value, schema, is_resource=schema.embedded)[1]:
        yield FieldError.invalid(where, value, "must not have unknown fields")
    try:
        embedded.coerce(value, schema, where)
    except embedded.CoercionError as error:
        yield error.error
        return
    errors = embedded.validate(value, schema, where)
    yield from errors or Validator(schema.raw).validate(value, path=where)


def _metadata(
    schema: Structural, where: str, around: Structural, inside: Sequence[str]
) -> Iterator[FieldError]:
    value: Any = schema.default
    for name in reversed(inside):
        value = [value] if name == "[]" else {name: value}
    whole = {**_TYPE_META, **value}
    try:
        embedded.coerce(whole, around)
    except embedded.CoercionError as error:
        yield FieldError.invalid(where, schema.default, f"must result in valid metadata: {error}")
        return
    errors = embedded.validate(whole, around)
    if errors:
        shown = str(errors[0]) if len(errors) == 1 else f"[{', '.join(map(str, errors))}]"
        yield FieldError.invalid(where, schema.default, f"must result in valid metadata: {shown}")
        return
    yield from Validator(schema.raw).validate(schema.default, path=where)

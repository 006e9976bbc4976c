"""The nodes of a structural schema, and how they are read out of an `openAPIV3Schema`.

A node holds what pruning, defaulting and the uniqueness of lists need; what is asked of values stays in `raw`
and is compiled by `values`.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema (structural.go, convert.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from kubelite.apimachinery.scheme import Object

ABSENT: Final = object()
"""Stands for a default that is not given; `null` is none either."""

META_FIELDS: Final = frozenset({"apiVersion", "kind", "metadata"})
"""What every resource has, embedded ones included, whether its schema says so or not."""

JUNCTORS: Final = ("allOf", "anyOf", "oneOf")
_UNSUPPORTED: Final = (
    "id",
    "$schema",
    "$ref",
    "patternProperties",
    "dependencies",
    "additionalItems",
    "definitions",
)


class UnsupportedSchema(ValueError):  # noqa: N818 - what it is, not what went wrong
    """A part of the schema is none that structural schemas know; the text names it."""


@attrs.frozen(eq=False, kw_only=True)
class Structural:
    """One node.

    Attributes:
        type: "" if not said.
        default: `ABSENT` if there is none.
        additional: The node of `additionalProperties`; True or False if that is what it says, None if
            nothing.
        preserve_unknown: x-kubernetes-preserve-unknown-fields.
        embedded: x-kubernetes-embedded-resource: the value is a whole object with apiVersion, kind, metadata.
        int_or_string: x-kubernetes-int-or-string.
        list_type: "atomic", "set", "map" or "".
        list_map_keys: By which fields the items of a list of type "map" are told apart.
        map_type: "granular", "atomic" or "".
        raw: The schema that the node was made of.
    """

    type: str = ""
    nullable: bool = False
    default: Any = ABSENT
    properties: Mapping[str, Structural] = attrs.field(factory=lambda: MappingProxyType({}))
    items: Structural | None = None
    additional: Structural | bool | None = None
    preserve_unknown: bool = False
    embedded: bool = False
    int_or_string: bool = False
    list_type: str = ""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    raw: Object = attrs.field(factory=dict, repr=False)

    @property
    def has_default(self) -> bool:
        """Whether a default is given."""
        return self.default is not ABSENT

    @property
    def additional_node(self) -> Structural | None:
        """The node for values under names that `properties` does not list, if that is a schema."""
        return self.additional if isinstance(self.additional, Structural) else None

    def child(self, name: str) -> Structural | None:
        """The node for the value under a name."""
        return self.properties.get(name) or self.additional_node

    def as_resource(self) -> Structural:
        """The same node, of a whole object: pruning leaves apiVersion, kind and metadata alone."""
        return self if self.embedded else attrs.evolve(self, embedded=True)


ANYTHING: Final = Structural(preserve_unknown=True)
"""The node of a version without a schema, which old objects may still have."""


def parse(schema: Mapping[str, Any]) -> Structural:
    """The nodes of a schema.

    Raises:
        UnsupportedSchema: It has a part that structural schemas do not know.
    """
    check_supported(schema)
    for name in JUNCTORS:
        for clause in schema.get(name) or ():
            _check_nested(clause)
    if schema.get("not"):
        _check_nested(schema["not"])
    default = schema.get("default")
    return Structural(
        type=schema.get("type") or "",
        nullable=bool(schema.get("nullable")),
        default=ABSENT if default is None else default,
        properties=MappingProxyType(
            {name: parse(each) for name, each in (schema.get("properties") or {}).items()}
        ),
        items=_items(schema),
        additional=_additional(schema.get("additionalProperties")),
        preserve_unknown=_preserve(schema),
        embedded=bool(schema.get("x-kubernetes-embedded-resource")),
        int_or_string=bool(schema.get("x-kubernetes-int-or-string")),
        list_type=schema.get("x-kubernetes-list-type") or "",
        list_map_keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()),
        map_type=schema.get("x-kubernetes-map-type") or "",
        raw=dict(schema),
    )


def check_supported(schema: Mapping[str, Any]) -> None:
    """Refuse the parts of OpenAPI that structural schemas lack.

    Raises:
        UnsupportedSchema: There is one.
    """
    for name in _UNSUPPORTED:
        if schema.get(name):
            raise UnsupportedSchema(
                f"OpenAPIV3Schema '{'schema' if name == '$schema' else name}' is not supported"
            )


def _check_nested(schema: Mapping[str, Any]) -> None:
    check_supported(schema)
    _preserve(schema)
    _items_schema(schema)
    for each in subschemas(schema):
        _check_nested(each)


def _preserve(schema: Mapping[str, Any]) -> bool:
    value = schema.get("x-kubernetes-preserve-unknown-fields")
    if value is False:
        raise UnsupportedSchema(
            "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
        )
    return bool(value)


def _items_schema(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    items = schema.get("items")
    if isinstance(items, list):
        raise UnsupportedSchema("OpenAPIV3Schema 'items' must be a schema, but is an array")
    return items if isinstance(items, Mapping) else None


def _items(schema: Mapping[str, Any]) -> Structural | None:
    items = _items_schema(schema)
    return None if items is None else parse(items)


def _additional(value: Any) -> Structural | bool | None:
    if value is None or isinstance(value, bool):
        return value
    return parse(value)


def subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schemas directly inside of one, whatever it uses them for."""
    for name in ("properties", "patternProperties", "definitions"):
        yield from (schema.get(name) or {}).values()
    items = schema.get("items")
    yield from items if isinstance(items, list) else (items,) if isinstance(items, Mapping) else ()
    for name in ("additionalProperties", "additionalItems", "not"):
        value = schema.get(name)
        if isinstance(value, Mapping):
            yield value
    for name in JUNCTORS:
        yield from schema.get(name) or ()
    for value in (schema.get("dependencies") or {}).values():
        if isinstance(value, Mapping):
            yield value


def every_schema(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema and all inside of it."""
    yield schema
    for each in subschemas(schema):
        yield from every_schema(each)

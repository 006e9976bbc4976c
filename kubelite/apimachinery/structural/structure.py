"""Whether a schema is structural.

Then every field it speaks of has a type outside of `allOf`, `anyOf`, `oneOf` and `not`.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema (validation.go, complete.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.regexp import PatternError, compile_pattern
from kubelite.apimachinery.structural.schema import JUNCTORS, Structural

Level: TypeAlias = Literal["root", "item", "field"]

_EMPTY_TYPE: Final[Mapping[Level, str]] = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
_NESTED_FORBIDDEN: Final = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)
_ROOT_METADATA: Final = frozenset({"name", "generateName"})
_STRING_FIELDS: Final = (("kind", "string"), ("apiVersion", "string"), ("metadata", "object"))


def validate_structure(schema: Structural, path: str) -> list[FieldError]:
    """What keeps a schema from being structural, sorted by its text."""
    found = [*_invariants(schema, "root", path), *_completeness(schema, path)]
    return sorted(found, key=str)


# --- every node by itself -----------------------------------------------------------------------------------


def _invariants(schema: Structural, level: Level, path: str) -> Iterator[FieldError]:
    if schema.type == "array" and schema.items is None:
        yield FieldError.required(f"{path}.items", "must be specified")
    if schema.items is not None:
        yield from _invariants(schema.items, "item", f"{path}.items")
    for name, child in schema.properties.items():
        yield from _invariants(child, "field", f"{path}.properties[{name}]")
    if schema.additional is not None and level == "root":
        yield FieldError.forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if schema.additional_node is not None:
        yield from _invariants(schema.additional_node, "field", f"{path}.additionalProperties")
    yield from _extensions(schema, path)
    yield from _value_validation(
        schema.raw,
        level,
        path,
        skip_any_of=schema.raw.get("anyOf") == _INT_OR_STRING,
        skip_first=_first_all_of(schema.raw),
    )
    yield from _types(schema, level, path)
    yield from _metadata(schema, level, path)


def _first_all_of(raw: Mapping[str, Any]) -> bool:
    first = (raw.get("allOf") or [{}])[0]
    return bool(first.get("anyOf") == _INT_OR_STRING)


def _extensions(schema: Structural, path: str) -> Iterator[FieldError]:
    if not schema.int_or_string:
        return
    detail = "must be false if x-kubernetes-int-or-string is true"
    if schema.preserve_unknown:
        yield FieldError.invalid(f"{path}.x-kubernetes-preserve-unknown-fields", True, detail)
    if schema.embedded:
        yield FieldError.invalid(f"{path}.x-kubernetes-embedded-resource", True, detail)


def _types(schema: Structural, level: Level, path: str) -> Iterator[FieldError]:
    where = f"{path}.type"
    if schema.embedded and schema.type != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        if schema.type:
            yield FieldError.invalid(where, schema.type, detail)
        else:
            yield FieldError.required(where, detail)
    elif not schema.type and not schema.int_or_string and not schema.preserve_unknown:
        yield FieldError.required(where, _EMPTY_TYPE[level])
    if schema.embedded and schema.additional is not None:
        detail = "must not be used if x-kubernetes-embedded-resource is set"
        yield FieldError.forbidden(f"{path}.additionalProperties", detail)
    if level == "root" and schema.type and schema.type != "object":
        yield FieldError.invalid(where, schema.type, "must be object at the root")
    if schema.embedded and not schema.preserve_unknown and not schema.properties:
        detail = (
            "must not be empty if x-kubernetes-embedded-resource is true without "
            "x-kubernetes-preserve-unknown-fields"
        )
        yield FieldError.required(f"{path}.properties", detail)


def _metadata(schema: Structural, level: Level, path: str) -> Iterator[FieldError]:
    """What may be said of apiVersion, kind and metadata, which every object has anyway."""
    if level != "root" and not schema.embedded:
        return
    for name, type_ in _STRING_FIELDS:
        child = schema.properties.get(name)
        if child is not None and child.type != type_:
            where = f"{path}.properties[{name}].type"
            yield FieldError.invalid(where, child.type, f"must be {type_}")
    metadata = schema.properties.get("metadata")
    if level != "root" or metadata is None:
        return
    said = {key for key, value in metadata.raw.items() if value not in (None, False, "", [], {})}
    if metadata.properties and set(metadata.properties) <= _ROOT_METADATA:
        said.discard("properties")
    if said - {"type", "default", "x-kubernetes-validations"}:
        detail = (
            "must not specify anything other than name and generateName, but metadata is implicitly specified"
        )
        yield FieldError.forbidden(f"{path}.properties[metadata]", detail)


# --- what stands inside of junctors -------------------------------------------------------------------------


def _value_validation(
    raw: Mapping[str, Any], level: Level, path: str, *, skip_any_of: bool, skip_first: bool
) -> Iterator[FieldError]:
    for junctor in JUNCTORS:
        if junctor == "anyOf" and skip_any_of:
            continue
        for index, clause in enumerate(raw.get(junctor) or ()):
            skips = junctor == "allOf" and skip_first and index == 0
            yield from _nested(clause, level, f"{path}.{junctor}[{index}]", skip_any_of=skips)
    negation = raw.get("not")
    if isinstance(negation, Mapping):
        yield from _nested(negation, level, f"{path}.not", skip_any_of=False)
    pattern = raw.get("pattern")
    if pattern:
        try:
            compile_pattern(pattern)
        except PatternError as error:
            detail = f"must be a valid regular expression, but isn't: {error}"
            yield FieldError.invalid(f"{path}.pattern", pattern, detail)


def _nested(raw: Mapping[str, Any], level: Level, path: str, *, skip_any_of: bool) -> Iterator[FieldError]:
    yield from _value_validation(raw, level, path, skip_any_of=skip_any_of, skip_first=False)
    items = raw.get("items")
    if isinstance(items, Mapping):
        yield from _nested(items, level, f"{path}.items", skip_any_of=False)
    properties: Mapping[str, Any] = raw.get("properties") or {}
    for name, child in properties.items():
        yield from _nested(child, "field", f"{path}.properties[{name}]", skip_any_of=False)
    for name, detail in _NESTED_FORBIDDEN:
        value = raw.get(name)
        if value or (value is not None and name in {"additionalProperties", "default"}):
            yield FieldError.forbidden(f"{path}.{name}", detail)
    if "metadata" in properties:
        detail = "must not be specified in a nested context"
        yield FieldError.forbidden(f"{path}.properties[metadata]", detail)


def _completeness(schema: Structural, path: str) -> Iterator[FieldError]:
    """Every field and item that a junctor at the root speaks of has to be specified outside of it as well."""
    raw = schema.raw
    clauses = [
        (clause, f"{path}.{junctor}[{index}]")
        for junctor in JUNCTORS
        for index, clause in enumerate(raw.get(junctor) or ())
    ]
    if isinstance(raw.get("not"), Mapping):
        clauses.append((raw["not"], f"{path}.not"))
    for clause, where in clauses:
        yield from _skeleton(clause, schema, where, path)


def _skeleton(
    clause: Mapping[str, Any], schema: Structural | None, where: str, path: str
) -> Iterator[FieldError]:
    """`where` is the place of the clause, `path` that of what it speaks of."""
    items = clause.get("items")
    if isinstance(items, Mapping):
        inner = None if schema is None else schema.items
        if inner is None:
            detail = f"because it is defined in {where}.items"
            yield FieldError.required(f"{path}.items", detail)
        else:
            yield from _skeleton(items, inner, f"{where}.items", f"{path}.items")
    for name, child in (clause.get("properties") or {}).items():
        inner = None if schema is None else schema.properties.get(name)
        if inner is None:
            detail = f"because it is defined in {where}.properties[{name}]"
            yield FieldError.required(f"{path}.properties[{name}]", detail)
        else:
            yield from _skeleton(child, inner, f"{where}.properties[{name}]", f"{path}.properties[{name}]")
    for junctor in JUNCTORS:
        for index, each in enumerate(clause.get(junctor) or ()):
            yield from _skeleton(each, schema, f"{where}.{junctor}[{index}]", path)
    if isinstance(clause.get("not"), Mapping):
        yield from _skeleton(clause["not"], schema, f"{where}.not", path)

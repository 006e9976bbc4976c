"""Objects inside of custom resources (x-kubernetes-embedded-resource): their apiVersion, kind and metadata.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from kubelite.api import facts, goform
from kubelite.api.validation import names
from kubelite.api.validation.metadata import validate_object_meta
from kubelite.apimachinery.decode import DecodeError, decode
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.schema import SchemaType
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.structural import Structural


class CoercionError(ValueError):
    """Metadata that cannot be read as such."""

    def __init__(self, error: FieldError) -> None:
        super().__init__(str(error))
        self.error = error


@cache
def _metadata_type() -> SchemaType:
    found = facts.type_of("v1", "ConfigMap")
    assert found is not None
    struct = found.fields["metadata"].struct
    assert struct is not None
    return struct


def read_metadata(metadata: Any) -> tuple[Object, list[str]]:
    """An object's metadata in Go's form, and the paths of its unknown fields.

    Raises:
        DecodeError: A value has another type than its field.
    """
    made, unknown = decode(metadata, _metadata_type())
    return goform.metadata_form(made), unknown


def holds_resources(schema: Structural | None) -> bool:
    """Whether the schema speaks of embedded objects."""
    if schema is None:
        return False
    inner = [*schema.properties.values(), schema.items, schema.additional_node]
    return schema.embedded or any(holds_resources(each) for each in inner)


def coerce(value: Any, schema: Structural | None, path: str = "") -> tuple[Any, list[str]]:
    """The value with the metadata of embedded objects read, and the paths of unknown fields in them.

    Raises:
        CoercionError: Some cannot be read.
    """
    unknown: list[str] = []
    return (_coerce(value, schema, path, unknown) if holds_resources(schema) else value), unknown


def _coerce(value: Any, schema: Structural | None, path: str, unknown: list[str]) -> Any:
    if schema is None:
        return value
    if isinstance(value, list):
        made = [_coerce(each, schema.items, f"{path}[{index}]", unknown) for index, each in enumerate(value)]
        return value if all(new is old for new, old in zip(made, value, strict=True)) else made
    if not isinstance(value, dict):
        return value
    changed: dict[str, Any] = {}
    for key, inner in value.items():
        where = f"{path}.{key}" if path else key
        new = inner
        if schema.embedded and key in {"apiVersion", "kind"} and not isinstance(inner, str):
            raise CoercionError(FieldError.invalid(where, inner, "must be a string"))
        if schema.embedded and key == "metadata":
            try:
                new, found = read_metadata(inner if inner is not None else {})
            except DecodeError as error:
                raise CoercionError(FieldError.invalid(where, inner, str(error))) from error
            unknown += [f"{where}.{each}" for each in found]
        else:
            new = _coerce(inner, schema.child(key), where, unknown)
        if new is not inner:
            changed[key] = new
    return {**value, **changed} if changed else value


def validate(value: Any, schema: Structural | None, path: str = "") -> list[FieldError]:
    """The errors of embedded objects."""
    return list(_validate(value, schema, path)) if holds_resources(schema) else []


def _validate(value: Any, schema: Structural | None, path: str) -> Iterator[FieldError]:
    if schema is None:
        return
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _validate(each, schema.items, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    if schema.embedded:
        yield from _resource(value, f"{path}." if path else "")
    for key in sorted(value):
        found = schema.properties.get(key)
        if found is not None:
            yield from _validate(value[key], found, f"{path}.{key}" if path else key)
        elif schema.additional_node is not None:
            yield from _validate(value[key], schema.additional_node, f"{path}[{key}]")


def _resource(value: Object, prefix: str) -> Iterator[FieldError]:
    for name in ("apiVersion", "kind"):
        if name not in value:
            yield FieldError.required(f"{prefix}{name}")
    for name in ("apiVersion", "kind"):
        if name not in value:
            continue
        text, where = value[name], f"{prefix}{name}"
        if not isinstance(text, str):
            yield FieldError.invalid(where, text, "must be a string")
        elif not text:
            yield FieldError.invalid(where, text, "must not be empty")
        elif name == "apiVersion" and text.count("/") > 1:
            yield FieldError.invalid(where, text, f"unexpected GroupVersion string: {text}")
        elif name == "kind" and (messages := names.dns_1035_label(text.lower())):
            detail = "may have mixed case, but should otherwise match: " + ",".join(messages)
            yield FieldError.invalid(where, text, detail)
    if "metadata" not in value:
        return
    where = f"{prefix}metadata"
    try:
        metadata, _ = read_metadata(value["metadata"] or {})
    except DecodeError as error:
        yield FieldError.invalid(where, value["metadata"], str(error))
        return
    named = {**metadata, "name": metadata.get("name") or "fakename"}
    yield from validate_object_meta(
        named, where, rule=names.path_segment, namespaced=bool(metadata.get("namespace"))
    )

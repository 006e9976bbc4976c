"""Whether the schema in a definition is one that Kubernetes takes.

What CEL rules say is not judged here, only that they are there and whole.

Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from kubelite.api.customresources.defaultvalues import validate_defaults
from kubelite.api.customresources.fieldpaths import FieldPathError, resolve
from kubelite.api.customresources.form import go_name, go_schema
from kubelite.api.validation.problems import Errors, not_supported
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.structural import UnsupportedSchema, parse
from kubelite.apimachinery.structural.schema import JUNCTORS, META_FIELDS
from kubelite.apimachinery.structural.structure import validate_structure

TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
REASONS: Final = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
ROOT_FIELDS: Final = (
    "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum",
    "MaxLength", "MinLength", "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required",
    "Items", "Properties", "ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations",
)  # fmt: skip
"""What may stand at the root of a schema whose status is validated by itself."""

_UNSUPPORTED: Final = (
    ("id", "id is not supported"),
    ("additionalItems", "additionalItems is not supported"),
    ("patternProperties", "patternProperties is not supported"),
    ("definitions", "definitions is not supported"),
    ("dependencies", "dependencies is not supported"),
    ("$ref", "$ref is not supported"),
)
_LINE_BREAK: Final = re.compile(r"[\n\r]")


@attrs.frozen
class Place:
    """Where in a schema a node stands, as far as that changes what it may say.

    Attributes:
        no_defaults: Why there may be no defaults here; "" if there may.
        in_metadata: Whether it is part of an object's apiVersion, kind or metadata.
    """

    no_defaults: str = ""
    in_metadata: bool = False


def validate_schema(
    validation: Mapping[str, Any] | None, path: str, *, has_status: bool, structural: bool = True
) -> Errors:
    """The errors of a schema.

    Args:
        validation: The object that holds `openAPIV3Schema`; None for none.
        path: Where it stands.
        has_status: Whether the version has the status subresource.
        structural: Whether it has to be structural, which old ones need not be.
    """
    schema = (validation or {}).get("openAPIV3Schema")
    if schema is None:
        return []
    path = f"{path}.openAPIV3Schema"
    errors: Errors = _root(schema, path) if has_status else []
    if schema.get("nullable"):
        errors.append(FieldError.forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    late: Errors = []
    if structural:
        try:
            parsed = parse(schema)
        except UnsupportedSchema as error:
            late = [FieldError.invalid(path, "", str(error))]
        else:
            errors += validate_structure(parsed, path) or validate_defaults(parsed, path)
    errors += _node(schema, path, Place(), is_root=True)
    return errors or late


def _root(schema: Mapping[str, Any], path: str) -> Errors:
    if schema.get("type") and schema["type"] != "object":
        detail = (
            'only "object" is allowed as the type at the root of the schema if the status subresource is '
            "enabled"
        )
        return [FieldError.invalid(f"{path}.type", schema["type"], detail)]
    if all(go_name(name) in ROOT_FIELDS for name in schema):
        return []
    detail = (
        f"only [{' '.join(ROOT_FIELDS)}] fields are allowed at the root of the schema if the status "
        "subresource is enabled"
    )
    return [FieldError.invalid(path, go_schema(schema), detail)]


def _node(
    schema: Mapping[str, Any], path: str, place: Place, *, is_root: bool = False
) -> Iterator[FieldError]:
    yield from _supported(schema, path, place)
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield FieldError.forbidden(f"{path}.uniqueItems", detail)
    yield from _inner(schema, path, place, is_root=is_root)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        where = f"{path}.x-kubernetes-preserve-unknown-fields"
        yield FieldError.invalid(where, False, "must be true or undefined")
    yield from _map_type(schema, path)
    yield from _list_type(schema, path)
    yield from _list_map(schema, path)
    yield from _unique_items(schema, path)
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        yield from _rule(schema, rule, f"{path}.x-kubernetes-validations[{index}]")


def _supported(schema: Mapping[str, Any], path: str, place: Place) -> Iterator[FieldError]:
    type_ = schema.get("type") or ""
    if type_ and type_ not in TYPES:
        yield not_supported(f"{path}.type", type_, TYPES)
    if schema.get("default") is not None and place.no_defaults:
        yield FieldError.forbidden(f"{path}.default", f"must not be set {place.no_defaults}")
    for name, detail in _UNSUPPORTED:
        if schema.get(name) or (name in {"additionalItems", "$ref"} and schema.get(name) is not None):
            yield FieldError.forbidden(f"{path}.{name}", detail)
    if type_ == "null":
        detail = "type cannot be set to null, use nullable as an alternative"
        yield FieldError.forbidden(f"{path}.type", detail)
    if isinstance(schema.get("items"), list):
        yield FieldError.forbidden(f"{path}.items", "items must be a schema object and not an array")
    if place.in_metadata and schema.get("x-kubernetes-embedded-resource"):
        where = f"{path}.x-kubernetes-embedded-resource"
        yield FieldError.forbidden(where, "must not be used inside of resource meta")


def _inner(schema: Mapping[str, Any], path: str, place: Place, *, is_root: bool) -> Iterator[FieldError]:
    additional, properties = schema.get("additionalProperties"), schema.get("properties") or {}
    if additional is not None:
        if properties and additional is not True:
            detail = "additionalProperties and properties are mutual exclusive"
            yield FieldError.forbidden(f"{path}.additionalProperties", detail)
        if isinstance(additional, Mapping):
            reason = "inside additionalProperties applying to object metadata"
            inside = attrs.evolve(place, no_defaults=reason) if place.in_metadata else place
            yield from _node(additional, f"{path}.additionalProperties", inside)
    for name in sorted(properties):
        inside = place
        if (is_root or schema.get("x-kubernetes-embedded-resource")) and name in META_FIELDS:
            inside = attrs.evolve(inside, in_metadata=True)
            if is_root:
                inside = attrs.evolve(inside, no_defaults=f"in top-level {name}")
        yield from _node(properties[name], f"{path}.properties[{name}]", inside)
    if isinstance(schema.get("not"), Mapping):
        yield from _node(schema["not"], f"{path}.not", place)
    for junctor in JUNCTORS:
        for index, each in enumerate(schema.get(junctor) or ()):
            yield from _node(each, f"{path}.{junctor}[{index}]", place)
    for name, each in (schema.get("definitions") or {}).items():
        yield from _node(each, f"{path}.definitions[{name}]", place)
    items = schema.get("items")
    if isinstance(items, Mapping):
        yield from _node(items, f"{path}.items", place)


# --- lists and maps -----------------------------------------------------------------------------------------


def _map_type(schema: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    value, type_ = schema.get("x-kubernetes-map-type"), schema.get("type") or ""
    if value is None:
        return
    if type_ != "object":
        yield _other_type(f"{path}.type", type_, "must be object if x-kubernetes-map-type is specified")
    if value not in {"atomic", "granular"}:
        yield not_supported(f"{path}.x-kubernetes-map-type", value, ["atomic", "granular"])


def _other_type(path: str, type_: str, detail: str) -> FieldError:
    return FieldError.invalid(path, type_, detail) if type_ else FieldError.required(path, detail)


def _list_type(schema: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    value, type_ = schema.get("x-kubernetes-list-type"), schema.get("type") or ""
    if value is None:
        return
    items = schema.get("items")
    if type_ != "array":
        yield _other_type(f"{path}.type", type_, "must be array if x-kubernetes-list-type is specified")
    elif value == "set" and isinstance(items, Mapping):
        detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
        inner = items.get("x-kubernetes-list-type")
        if items.get("type") == "array" and inner not in {None, "atomic"}:
            yield FieldError.invalid(f"{path}.items.x-kubernetes-list-type", inner, detail)
        if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
            yield FieldError.invalid(f"{path}.items.x-kubernetes-map-type", inner, detail)
    if value not in {"atomic", "set", "map"}:
        yield not_supported(f"{path}.x-kubernetes-list-type", value, ["atomic", "set", "map"])


def _list_map(schema: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    keys, value = schema.get("x-kubernetes-list-map-keys") or (), schema.get("x-kubernetes-list-type")
    if keys and value != "map":
        where, detail = (
            f"{path}.x-kubernetes-list-type",
            "must be map if x-kubernetes-list-map-keys is non-empty",
        )
        yield _other_type(where, value or "", detail)
    if value != "map":
        return
    where = f"{path}.x-kubernetes-list-map-keys"
    if not keys:
        yield FieldError.required(where, "must not be empty if x-kubernetes-list-type is map")
    items = schema.get("items")
    if items is None:
        yield FieldError.required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
    elif not isinstance(items, Mapping):
        detail = "must only have a single schema if x-kubernetes-list-type is map"
        yield FieldError.invalid(f"{path}.items", items, detail)
    elif items.get("type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield FieldError.invalid(f"{path}.items.type", items.get("type") or "", detail)
    else:
        yield from _map_keys(keys, items, where, path)


def _map_keys(keys: Any, items: Mapping[str, Any], where: str, path: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for key in keys:
        found = (items.get("properties") or {}).get(key)
        if found is None:
            yield FieldError.invalid(where, keys, "entries must all be names of item properties")
        elif found.get("type") in {"array", "object"}:
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield FieldError.invalid(f"{path}.items.properties[{key}].type", items["type"], detail)
        if key in seen:
            yield FieldError.invalid(where, keys, "must not contain duplicate entries")
        seen.add(key)


def _unique_items(schema: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """What the items of sets and maps must be so that they can be told apart."""
    value, items = schema.get("x-kubernetes-list-type"), schema.get("items")
    if value not in {"set", "map"} or not isinstance(items, Mapping):
        return
    if items.get("nullable"):
        detail = f"cannot be nullable when x-kubernetes-list-type is {value}"
        yield FieldError.forbidden(f"{path}.items.nullable", detail)
    for key in schema.get("x-kubernetes-list-map-keys") or () if value == "map" else ():
        found = (items.get("properties") or {}).get(key)
        if found is None:
            continue
        where = f"{path}.items.properties[{key}]"
        if key not in (items.get("required") or ()) and found.get("default") is None:
            detail = (
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required "
                "property"
            )
            yield FieldError.required(f"{where}.default", detail)
        if found.get("nullable"):
            detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
            yield FieldError.forbidden(f"{where}.nullable", detail)


# --- CEL rules ----------------------------------------------------------------------------------------------


def _rule(schema: Mapping[str, Any], rule: Object, path: str) -> Iterator[FieldError]:
    text, message = (rule.get("rule") or "").strip(), rule.get("message") or ""
    if not text:
        yield FieldError.required(f"{path}.rule", "rule is not specified")
    elif message and not message.strip():
        yield FieldError.invalid(f"{path}.message", message, "message must be non-empty if specified")
    elif _LINE_BREAK.search(message.strip()):
        yield FieldError.invalid(f"{path}.message", message, "message must not contain line breaks")
    elif _LINE_BREAK.search(text) and not message.strip():
        yield FieldError.required(f"{path}.message", "message must be specified if rule contains line breaks")
    expression = rule.get("messageExpression") or ""
    if expression and not expression.strip():
        where = f"{path}.messageExpression"
        yield FieldError.required(where, "messageExpression must be non-empty if specified")
    reason = rule.get("reason")
    if reason is not None and reason not in REASONS:
        yield not_supported(f"{path}.reason", reason, REASONS)
    field = rule.get("fieldPath") or ""
    if not field:
        return
    if not field.strip():
        yield FieldError.invalid(f"{path}.fieldPath", field, "fieldPath must be non-empty if specified")
    if _LINE_BREAK.search(field):
        yield FieldError.invalid(f"{path}.fieldPath", field, "fieldPath must not contain line breaks")
    try:
        resolve(field, parse(schema))
    except FieldPathError:
        yield FieldError.invalid(f"{path}.fieldPath", field, "fieldPath must be a valid path")
    except UnsupportedSchema:
        return

"""A definition as Kubernetes holds it after reading it, and in the form on which its validation works.

Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1 (types.go, types_jsonschema.go, marshal.go,
defaults.go, conversion.go).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from kubelite.api import facts
from kubelite.api import resources as r
from kubelite.apimachinery.decode import decode
from kubelite.apimachinery.schema import SchemaType
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.structural.schema import JUNCTORS

WEBHOOK_PORT: Final = 443
MAPS: Final = ("properties", "patternProperties", "definitions")
OPTIONAL: Final = frozenset(
    {
        "maximum", "minimum", "maxLength", "minLength", "maxItems", "minItems", "multipleOf",
        "maxProperties", "minProperties", "default", "example", "$ref", "x-kubernetes-list-type",
        "x-kubernetes-map-type", "x-kubernetes-preserve-unknown-fields",
    }
)  # fmt: skip
"""Fields of a schema that keep a zero value: pointers in Go, or any JSON."""

SCHEMA_FIELDS: Final = (
    "id", "$schema", "$ref", "description", "type", "format", "title", "default", "maximum",
    "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems",
    "minItems", "uniqueItems", "multipleOf", "enum", "maxProperties", "minProperties", "required", "items",
    "allOf", "oneOf", "anyOf", "not", "properties", "additionalProperties", "patternProperties",
    "dependencies", "additionalItems", "definitions", "externalDocs", "example", "nullable",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type",
    "x-kubernetes-map-type", "x-kubernetes-validations",
)  # fmt: skip
"""In the order of the struct."""
_PLACES: Final = {name: place for place, name in enumerate(SCHEMA_FIELDS)}

_MOVED: Final = (
    ("validation", "schema"),
    ("subresources", "subresources"),
    ("additionalPrinterColumns", "additionalPrinterColumns"),
    ("selectableFields", "selectableFields"),
)
"""What stands at the top in the internal form if all versions have the same."""


@cache
def _schema_type() -> SchemaType:
    found = facts.type_of("apiextensions.k8s.io/v1", r.CUSTOMRESOURCEDEFINITIONS.kind)
    assert found is not None
    version = found.fields["spec"].struct
    for name in ("versions", "schema", "openAPIV3Schema"):
        assert version is not None
        version = version.fields[name].struct
    assert version is not None
    return version


# --- Go's form ----------------------------------------------------------------------------------------------


def definition_form(obj: Object) -> Object:
    """The spec and status of a definition in Go's form, with defaults; metadata is left as it is.

    Raises:
        DecodeError: A schema inside of a schema has a value of another type than its field.
    """
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    return {**obj, "spec": _spec(spec), "status": _status(status, spec)}


def _texts(obj: Mapping[str, Any], names: Sequence[str]) -> Object:
    return {name: obj[name] for name in names if obj.get(name)}


def _names(names: Mapping[str, Any], *, defaults: bool) -> Object:
    kind = names.get("kind") or ""
    made: Object = {"plural": names.get("plural") or ""}
    singular = names.get("singular") or (kind.lower() if defaults else "")
    if singular:
        made["singular"] = singular
    made |= _texts(names, ["shortNames"])
    made["kind"] = kind
    list_kind = names.get("listKind") or (kind + "List" if defaults and kind else "")
    if list_kind:
        made["listKind"] = list_kind
    return made | _texts(names, ["categories"])


def _spec(spec: Mapping[str, Any]) -> Object:
    made: Object = {
        "group": spec.get("group") or "",
        "names": _names(spec.get("names") or {}, defaults=True),
        "scope": spec.get("scope") or "",
        "versions": None if spec.get("versions") is None else [_version(each) for each in spec["versions"]],
        "conversion": _conversion(spec.get("conversion")),
    }
    return made | _texts(spec, ["preserveUnknownFields"])


def _conversion(conversion: Mapping[str, Any] | None) -> Object:
    if conversion is None:
        return {"strategy": "None"}
    made: Object = {"strategy": conversion.get("strategy") or ""}
    webhook = conversion.get("webhook")
    if webhook is not None:
        config = webhook.get("clientConfig")
        if config is not None and config.get("service") is not None:
            service = config["service"]
            filled = {**service, "port": WEBHOOK_PORT if service.get("port") is None else service["port"]}
            webhook = {**webhook, "clientConfig": {**config, "service": filled}}
        made["webhook"] = {**webhook, "conversionReviewVersions": webhook.get("conversionReviewVersions")}
    return made


def _version(version: Mapping[str, Any]) -> Object:
    made: Object = {
        "name": version.get("name") or "",
        "served": bool(version.get("served")),
        "storage": bool(version.get("storage")),
    }
    made |= _texts(version, ["deprecated"])
    if version.get("deprecationWarning") is not None:
        made["deprecationWarning"] = version["deprecationWarning"]
    schema = version.get("schema")
    if schema is not None:
        inner = schema.get("openAPIV3Schema")
        made["schema"] = {} if inner is None else {"openAPIV3Schema": schema_form(inner)}
    if version.get("subresources") is not None:
        made["subresources"] = dict(version["subresources"])
    columns = [_column(each) for each in version.get("additionalPrinterColumns") or ()]
    if columns:
        made["additionalPrinterColumns"] = columns
    fields = [{"jsonPath": each.get("jsonPath") or ""} for each in version.get("selectableFields") or ()]
    if fields:
        made["selectableFields"] = fields
    return made


def _column(column: Mapping[str, Any]) -> Object:
    made: Object = {"name": column.get("name") or "", "type": column.get("type") or ""}
    made |= _texts(column, ["format", "description", "priority"])
    return {**made, "jsonPath": column.get("jsonPath") or ""}


def _status(status: Mapping[str, Any], spec: Mapping[str, Any]) -> Object:
    stored = (
        status.get("storedVersions")
        or [each.get("name") or "" for each in spec.get("versions") or () if each.get("storage")][:1]
    )
    made: Object = {
        "conditions": status.get("conditions") or None,
        "acceptedNames": _names(status.get("acceptedNames") or {}, defaults=False),
        "storedVersions": stored or None,
    }
    return made | _texts(status, ["observedGeneration"])


def schema_form(schema: Mapping[str, Any]) -> Object:
    """A schema in Go's form: known fields in their order, without those that are empty.

    Raises:
        DecodeError: A value has another type than its field.
    """
    made: Object = {}
    for name in sorted((each for each in schema if each in _PLACES), key=_PLACES.__getitem__):
        value = schema[name]
        if value is None:
            continue
        value = _field_form(name, value)
        if (
            name in OPTIONAL
            or value
            or (value is False and name in {"additionalProperties", "additionalItems"})
        ):
            made[name] = value
    return made


def _field_form(name: str, value: Any) -> Any:
    if name in MAPS:
        return {key: schema_form(value[key] or {}) for key in sorted(value)}
    if name in JUNCTORS:
        return [schema_form(each or {}) for each in value]
    if name == "not":
        return schema_form(value)
    if name in {"items", "additionalProperties", "additionalItems"}:
        if isinstance(value, Mapping):
            return schema_form(_decoded(value))
        return [schema_form(_decoded(each)) for each in value] if isinstance(value, list) else value
    if name == "dependencies":
        return {key: schema_form(each) if isinstance(each, Mapping) else each for key, each in value.items()}
    if name == "x-kubernetes-validations":
        return [{"rule": each.get("rule") or "", **_rule(each)} for each in value]
    return value


def _decoded(schema: Mapping[str, Any]) -> Object:
    """A schema which the facts take for any JSON."""
    return decode(schema, _schema_type())[0]


def _rule(rule: Mapping[str, Any]) -> Object:
    kept = ("message", "messageExpression", "reason", "fieldPath", "optionalOldSelf")
    return {
        name: rule[name]
        for name in kept
        if rule.get(name) or (name in {"reason", "optionalOldSelf"} and name in rule)
    }


# --- the internal form --------------------------------------------------------------------------------------


def internal_spec(spec: Object) -> Object:
    """The spec as validation sees it: what all versions have in common stands at the top, and only there."""
    made = {**spec, "version": "", "versions": spec.get("versions"), "preserveUnknownFields": False}
    made["preserveUnknownFields"] = bool(spec.get("preserveUnknownFields"))
    versions: list[Object] = list(spec.get("versions") or ())
    for top, name in _MOVED:
        made[top] = None
        if versions and all(each.get(name) == versions[0].get(name) for each in versions):
            made[top] = versions[0].get(name)
            versions = [{key: value for key, value in each.items() if key != name} for each in versions]
    if versions:
        made["version"] = versions[0]["name"]
        made["versions"] = versions
    return made


_GO_NAMES: Final[Mapping[str, str]] = {
    "id": "ID",
    "$schema": "Schema",
    "$ref": "Ref",
    "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields",
    "x-kubernetes-embedded-resource": "XEmbeddedResource",
    "x-kubernetes-int-or-string": "XIntOrString",
    "x-kubernetes-list-map-keys": "XListMapKeys",
    "x-kubernetes-list-type": "XListType",
    "x-kubernetes-map-type": "XMapType",
    "x-kubernetes-validations": "XValidations",
}
_GO_EMPTY: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("id", "$schema", "description", "type", "format", "title", "pattern"), ""),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "uniqueItems", "nullable"), False),
    **dict.fromkeys(("x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"), False),
}
_GO_ORDER: Final = tuple(
    sorted(
        SCHEMA_FIELDS,
        key=lambda name: (
            SCHEMA_FIELDS.index("type") + 0.5 if name == "nullable" else SCHEMA_FIELDS.index(name)
        ),
    )
)


def go_name(name: str) -> str:
    """A schema field's name in Go."""
    return _GO_NAMES.get(name) or name[0].upper() + name[1:]


def go_schema(schema: Mapping[str, Any] | None) -> Object | None:
    """A schema as an error message shows it: the Go struct, written as JSON."""
    if schema is None:
        return None
    return {go_name(name): _go_field(name, schema.get(name, _GO_EMPTY.get(name))) for name in _GO_ORDER}


def _go_field(name: str, value: Any) -> Any:
    if name in MAPS and value:
        return {key: go_schema(each) for key, each in value.items()}
    if name in JUNCTORS and value:
        return [go_schema(each) for each in value]
    if name in {"items", "additionalProperties", "additionalItems", "not"} and isinstance(value, Mapping):
        return go_schema(value)
    return value


def go_versions(versions: Sequence[Mapping[str, Any]] | None) -> list[Object] | None:
    """Versions in the internal form as an error message shows them."""
    if versions is None:
        return None
    return [
        {
            "Name": each["name"],
            "Served": each["served"],
            "Storage": each["storage"],
            "Deprecated": bool(each.get("deprecated")),
            "DeprecationWarning": each.get("deprecationWarning"),
            "Schema": _go_validation(each.get("schema")),
            "Subresources": _go_struct(each.get("subresources"), ("status", "scale")),
            "AdditionalPrinterColumns": _go_columns(each.get("additionalPrinterColumns")),
            "SelectableFields": [
                {"JSONPath": field["jsonPath"]} for field in each.get("selectableFields") or ()
            ]
            or None,
        }
        for each in versions
    ]


def _go_validation(validation: Mapping[str, Any] | None) -> Object | None:
    return None if validation is None else {"OpenAPIV3Schema": go_schema(validation.get("openAPIV3Schema"))}


def _go_struct(value: Mapping[str, Any] | None, names: Sequence[str]) -> Object | None:
    if value is None:
        return None
    made: Object = {}
    for name in names:
        inner = value.get(name)
        if isinstance(inner, Mapping):
            inner = {go_name(key): each for key, each in inner.items()}
        made[go_name(name)] = inner
    return made


def _go_columns(columns: Sequence[Mapping[str, Any]] | None) -> list[Object] | None:
    if not columns:
        return None
    show: Callable[[Mapping[str, Any]], Object] = lambda each: {  # noqa: E731 - one expression
        "Name": each["name"],
        "Type": each["type"],
        "Format": each.get("format", ""),
        "Description": each.get("description", ""),
        "Priority": each.get("priority", 0),
        "JSONPath": each["jsonPath"],
    }
    return [show(each) for each in columns]

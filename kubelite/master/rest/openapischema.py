"""OpenAPI of the served kinds, made of the schema facts: version 3 by group version, version 2 for all.

What clients look for is there: the types with their merge keys, and per kind the operations with their
`fieldValidation` parameter and patch types. Descriptions are not: the facts hold no prose. Pure.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from kubelite.api import facts
from kubelite.apimachinery.scheme import Object, Resource

GVK: Final = "x-kubernetes-group-version-kind"
PATCH_TYPES: Final = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
BODY_TYPES: Final = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
V3_PREFIX: Final = "#/components/schemas/"
V2_PREFIX: Final = "#/definitions/"

_METHODS: Final = {"create": "post", "get": "get", "list": "get", "update": "put", "patch": "patch"}
_WRITES: Final = frozenset({"post", "put", "patch"})
_SCALARS: Final[dict[str, Object]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "int": {"type": "integer", "format": "int64"},
    "uint32": {"type": "integer", "format": "int64"},
    "uint64": {"type": "integer", "format": "int64"},
    "float64": {"type": "number", "format": "double"},
    "[]byte": {"type": "string", "format": "byte"},
    "Time": {"type": "string", "format": "date-time"},
    "MicroTime": {"type": "string", "format": "date-time"},
    "Duration": {"type": "string"},
    "Quantity": {"type": "string"},
    "IntOrString": {"type": "string", "format": "int-or-string"},
}
_UNIONS: Final[dict[str, Object]] = {
    "Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "IntOrString": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
}
"""Where version 3 can say more than version 2."""


def definitions(kinds: Iterable[tuple[str, str]], *, version: int) -> dict[str, Object]:
    """The types of some kinds and all that they are made of, by definition name.

    Args:
        kinds: Pairs of apiVersion and kind; those without facts are left out.
        version: Of OpenAPI, 2 or 3.
    """
    made: dict[str, Object] = {}
    roots: dict[str, list[Object]] = {}
    waiting: list[facts.Type] = []
    for api_version, kind in kinds:
        found = facts.type_of(api_version, kind)
        if found is not None:
            group, _, short = api_version.rpartition("/")
            roots.setdefault(found.definition, []).append({"group": group, "version": short, "kind": kind})
            waiting.append(found)
    while waiting:
        one = waiting.pop()
        if one.definition in made:
            continue
        schema: Object = {"type": "object"}
        properties = {name: _property(field, version) for name, field in one.fields.items()}
        if properties:
            schema["properties"] = properties
        required = [name for name, field in one.fields.items() if field.required]
        if required:
            schema["required"] = required
        if one.map_type:
            schema["x-kubernetes-map-type"] = one.map_type
        if one.definition in roots:
            schema[GVK] = roots[one.definition]
        made[one.definition] = schema
        waiting += [field.struct for field in one.fields.values() if field.struct is not None]
    return dict(sorted(made.items()))


def _property(field: facts.Field, version: int) -> Object:
    """A field as a schema."""
    schema: Object
    match field.shape:
        case "list":
            schema = {"type": "array", "items": _item(field, version)}
        case "map":
            schema = {"type": "object", "additionalProperties": _item(field, version)}
        case "object":
            schema = {"type": "object"}
        case "any":
            schema = {}
        case _:
            schema = dict(_item(field, version))
    if field.list_map_keys:
        schema["x-kubernetes-list-map-keys"] = list(field.list_map_keys)
    if field.list_type:
        schema["x-kubernetes-list-type"] = field.list_type
    if field.map_type:
        schema["x-kubernetes-map-type"] = field.map_type
    if field.merge_key:
        schema["x-kubernetes-patch-merge-key"] = field.merge_key
    strategies = [name for name, on in (("merge", field.merges), ("retainKeys", field.retains_keys)) if on]
    if strategies:
        schema["x-kubernetes-patch-strategy"] = ",".join(strategies)
    return schema


def _item(field: facts.Field, version: int) -> Object:
    """What a field holds: a reference to a type, or a scalar."""
    struct = field.struct
    if struct is not None:
        if version == 2:
            return {"$ref": V2_PREFIX + struct.definition}
        return {"allOf": [{"$ref": V3_PREFIX + struct.definition}], "default": {}}
    found = _UNIONS.get(field.type) if version != 2 else None
    return dict(found or _SCALARS.get(field.type) or {"type": "object"})


def paths(resources: Sequence[Resource], *, version: int) -> dict[str, Object]:
    """The paths of some resources with their operations."""
    made: dict[str, Object] = {}
    for resource in resources:
        found = facts.type_of(resource.api_version, resource.kind)
        definition = found.definition if found is not None else ""
        for path, verbs in _verbs_by_path(resource):
            item: Object = {"parameters": [_parameter(name, "path", version) for name in _placeholders(path)]}
            for verb in verbs:
                method = _METHODS.get(verb, "delete")
                item[method] = _operation(resource, verb, method, definition, path, version)
            made[path] = item
    return dict(sorted(made.items()))


def _verbs_by_path(resource: Resource) -> Iterator[tuple[str, list[str]]]:
    """The paths of a resource and what can be done at each."""
    verbs = set(resource.verbs)
    namespaces = ("{namespace}",) if resource.namespaced else (None,)
    for namespace in namespaces:
        yield resource.path(namespace), sorted(verbs & {"create", "list", "deletecollection"})
        yield resource.path(namespace, "{name}"), sorted(verbs & {"get", "update", "patch", "delete"})
        if "status" in resource.subresources:
            yield resource.path(namespace, "{name}", "status"), sorted(verbs & {"get", "update", "patch"})
    if resource.namespaced and "list" in verbs:
        yield resource.path(), ["list"]


def _placeholders(path: str) -> list[str]:
    """The parameters in a path."""
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _operation(
    resource: Resource, verb: str, method: str, definition: str, path: str, version: int
) -> Object:
    """One operation."""
    action = {"create": "post", "update": "put"}.get(verb, verb)
    operation: Object = {
        "operationId": f"{action}{resource.kind}{'At' if verb == 'list' else ''}{_camel(path)}",
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        GVK: {"group": resource.group, "version": resource.version, "kind": resource.kind},
    }
    parameters = []
    if method in _WRITES:
        names = ["dryRun", "fieldManager", "fieldValidation", *(["force"] if method == "patch" else [])]
        parameters = [_parameter(name, "query", version) for name in names]
        body_types = PATCH_TYPES if method == "patch" else BODY_TYPES
        schema: Object = (
            {"$ref": (V2_PREFIX if version == 2 else V3_PREFIX) + definition} if definition else {}
        )
        if method == "patch" or not schema:
            schema = {"type": "object"}
        if version == 2:
            operation["consumes"] = list(body_types)
            parameters.append({"name": "body", "in": "body", "required": True, "schema": schema})
        else:
            content = {body_type: {"schema": schema} for body_type in body_types}
            operation["requestBody"] = {"content": content, "required": True}
    if parameters:
        operation["parameters"] = parameters
    return operation


def _camel(path: str) -> str:
    """A path as a name, so that operations can be told apart."""
    return "".join(part.strip("{}").capitalize() for part in path.replace(".", "/").split("/") if part)


def _parameter(name: str, where: str, version: int) -> Object:
    """A parameter of a path or a query."""
    type_ = "boolean" if name == "force" else "string"
    made: dict[str, Any] = {"name": name, "in": where}
    if where == "path":
        made["required"] = True
    if version == 2:
        return {**made, "type": type_, "uniqueItems": True}
    return {**made, "schema": {"type": type_, "uniqueItems": True}}


def info() -> Object:
    """The document's head."""
    return {"title": "Kubernetes", "version": "v1.36.3"}


def document_v3(resources: Sequence[Resource]) -> Object:
    """The document of one group version."""
    kinds = [(resource.api_version, resource.kind) for resource in resources]
    return {
        "openapi": "3.0.0",
        "info": info(),
        "paths": paths(resources, version=3),
        "components": {"schemas": definitions(kinds, version=3)},
    }


def document_v2(resources: Sequence[Resource]) -> Object:
    """The document of everything."""
    kinds = [(resource.api_version, resource.kind) for resource in resources]
    return {
        "swagger": "2.0",
        "info": info(),
        "paths": paths(resources, version=2),
        "definitions": definitions(kinds, version=2),
    }

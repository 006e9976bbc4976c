"""The types of an OpenAPI document: what a server's kinds are made of, in the words of version 2 or 3.

Only what can be reached from the kinds that are asked for is written. The facts are handed in
(`Knowledge`), so that this package knows no kind by itself.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition;
k8s.io/kube-openapi (names of definitions, extensions); k8s.io/apiextensions-apiserver (custom kinds).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import attrs

from kubelite.apimachinery.schema import SchemaField, SchemaType
from kubelite.apimachinery.scheme import Object, Resource

GVK: Final = "x-kubernetes-group-version-kind"
SELECTABLE: Final = "x-kubernetes-selectable-fields"
PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_MORE: Final = (
    " More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
)
_HEADS: Final = {
    "apiVersion": "APIVersion defines the version of the schema that this object follows.",
    "kind": "Kind says what this object is.",
    "metadata": "Standard object's metadata.",
}
"""What is said of what every custom object has, where nothing better is known."""
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
PATCH: Final = _META + "Patch"
QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING: Final = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
ANY_JSON: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON"
_DATE: Final[Object] = {"type": "string", "format": "date-time"}

_SCALARS: Final[Mapping[str, Object]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer", "format": "int64"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "uint32": {"type": "integer", "format": "int64"},
    "uint64": {"type": "integer", "format": "int64"},
    "float64": {"type": "number", "format": "double"},
    "[]byte": {"type": "string", "format": "byte"},
    "object": {"type": "object"},
    "RawExtension": {"type": "object"},
}
"""Words of the facts for what is written in place."""

_LISTS_OF_TEXTS: Final = frozenset({"extra"})
"""Maps of which the facts do not say that they hold lists of texts."""

_NAMED: Final[Mapping[str, str]] = {
    "Quantity": QUANTITY,
    "IntOrString": INT_OR_STRING,
    "Time": _META + "Time",
    "MicroTime": _META + "MicroTime",
    "Duration": _META + "Duration",
    "any": ANY_JSON,
}
"""Words of the facts for scalars that have a definition of their own."""


class OpenAPIField(SchemaField, Protocol):
    """One field of a type, with what apply and OpenAPI need besides.

    Attributes:
        required: Whether it is listed as required.
        list_type: "atomic", "set" or "map"; "" if not said.
        list_map_keys: The fields that tell the items of a list of type "map" apart.
        map_type: "atomic" for what an apply takes as a whole.
    """

    @property
    def required(self) -> bool: ...  # noqa: D102
    @property
    def list_type(self) -> str: ...  # noqa: D102
    @property
    def list_map_keys(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def map_type(self) -> str: ...  # noqa: D102
    @property
    def struct(self) -> OpenAPIType | None:
        """The type of a struct, or of the items of a list or map of structs."""


class OpenAPIType(SchemaType, Protocol):
    """A type with its full name, "io.k8s.api.core.v1.Pod", and its fields by JSON name."""

    @property
    def definition(self) -> str: ...  # noqa: D102
    @property
    def fields(self) -> Mapping[str, OpenAPIField]: ...  # noqa: D102
    @property
    def map_type(self) -> str:
        """`atomic` if an apply takes it as a whole."""


class SubresourceFacts(Protocol):
    """What discovery says of a subresource; an empty kind stands for the kind that it belongs to."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def verbs(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def group(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> str: ...  # noqa: D102


def _nothing(_: Resource) -> Object | None:
    return None


def _unsaid(_definition: str, _field: str) -> str:
    return ""


@attrs.frozen
class Knowledge:
    """Where the facts are asked for.

    Attributes:
        type_of: The type of an apiVersion and kind; None for a kind without facts.
        subresource_of: What is known of a resource's subresource; None leaves `status` and `scale` as usual.
        schema_of: The `openAPIV3Schema` of a custom resource, empty if there is none, with its selectable
            fields; None for others.
        description_of: What is said of a type (by its full name) or of a field of it; "" for nothing.
    """

    type_of: Callable[[str, str], OpenAPIType | None]
    subresource_of: Callable[[Resource, str], SubresourceFacts | None]
    schema_of: Callable[[Resource], Object | None] = _nothing
    description_of: Callable[[str, str], str] = _unsaid


@attrs.frozen
class Dialect:
    """How a version of OpenAPI writes what the versions share.

    Attributes:
        version: 2 or 3.
        prefix: Of references to definitions.
        scalars: The definitions of scalars that have a name.
    """

    version: int
    prefix: str
    scalars: Mapping[str, Object]

    def reference(self, definition: str) -> Object:
        """A reference to a definition."""
        return {"$ref": self.prefix + definition}

    def property_reference(self, definition: str) -> Object:
        """A reference that may stand beside extensions: version 3 has to wrap it."""
        reference = self.reference(definition)
        return reference if self.version == 2 else {"allOf": [reference]}


V2: Final = Dialect(
    2,
    "#/definitions/",
    {
        QUANTITY: {"type": "string"},
        INT_OR_STRING: {"type": "string", "format": "int-or-string"},
        _NAMED["Time"]: _DATE,
        _NAMED["MicroTime"]: _DATE,
        _NAMED["Duration"]: {"type": "string"},
        PATCH: {"type": "object"},
        ANY_JSON: {"description": "Any JSON value."},
    },
)
V3: Final = Dialect(
    3,
    "#/components/schemas/",
    {
        **V2.scalars,
        QUANTITY: {"oneOf": [{"type": "string"}, {"type": "number"}]},
        INT_OR_STRING: {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    },
)


class Definitions:
    """The definitions of one document: those that were asked for, and all that these refer to."""

    def __init__(self, dialect: Dialect, knowledge: Knowledge) -> None:
        self.dialect = dialect
        self.knowledge = knowledge
        self._made: dict[str, Object] = {}
        self._kinds: dict[str, list[Object]] = {}

    def __repr__(self) -> str:
        return f"<Definitions version {self.dialect.version}, {len(self._made)} types>"

    def as_dict(self) -> dict[str, Object]:
        """All definitions by name, sorted, each kind with its group, version and kind."""
        return {
            name: {**self._made[name], GVK: self._kinds[name]} if name in self._kinds else self._made[name]
            for name in sorted(self._made)
        }

    def kind(self, api_version: str, kind: str) -> str:
        """Adds a kind of which there are facts, and returns its definition's name; "" without facts."""
        found = self.knowledge.type_of(api_version, kind)
        if found is None:
            return ""
        self._add(found)
        self._mark(found.definition, api_version, kind)
        return found.definition

    def resource(self, resource: Resource) -> str:
        """Adds a resource's kind, built-in or custom, and returns its definition's name; "" if unknown."""
        return self.kind(resource.api_version, resource.kind) or self._custom(resource, resource.kind)

    def list_of(self, resource: Resource) -> str:
        """Adds the kind of a resource's lists, and returns its definition's name; "" if unknown."""
        return self.kind(resource.api_version, resource.list_kind) or self._custom(
            resource, resource.list_kind
        )

    def named(self, definition: str) -> str:
        """Adds a named scalar (or `PATCH`), and returns its name."""
        self._made[definition] = self.dialect.scalars[definition]
        return definition

    def _mark(self, definition: str, api_version: str, kind: str) -> None:
        group, _, version = api_version.rpartition("/")
        mark: Object = {"group": group, "kind": kind, "version": version}
        marks = self._kinds.setdefault(definition, [])
        if mark not in marks:
            marks.append(mark)

    def _add(self, root: OpenAPIType) -> None:
        """Adds a type and all that it is made of."""
        waiting = [root]
        while waiting:
            one = waiting.pop()
            if one.definition in self._made:
                continue
            fields = sorted(one.fields.items())
            schema: Object = {**self._described(one.definition, ""), "type": "object"}
            if fields:
                schema["properties"] = {
                    name: {**self._described(one.definition, name), **self._property(name, field)}
                    for name, field in fields
                }
            if required := [name for name, field in fields if field.required]:
                schema["required"] = required
            if one.map_type:
                schema["x-kubernetes-map-type"] = one.map_type
            self._made[one.definition] = schema
            waiting += [field.struct for _, field in fields if field.struct is not None]

    def _described(self, definition: str, field: str) -> Object:
        """The description of a type or field as a schema holds it."""
        text = self.knowledge.description_of(definition, field)
        return {"description": text} if text else {}

    def _property(self, name: str, field: OpenAPIField) -> Object:
        """A field as a schema, with what a patch needs to know of it."""
        schema = self._shape(name, field)
        if field.list_map_keys:
            schema["x-kubernetes-list-map-keys"] = list(field.list_map_keys)
        if field.list_type:
            schema["x-kubernetes-list-type"] = field.list_type
        if field.map_type:
            schema["x-kubernetes-map-type"] = field.map_type
        if field.merge_key:
            schema["x-kubernetes-patch-merge-key"] = field.merge_key
        if strategy := _strategy(field):
            schema["x-kubernetes-patch-strategy"] = strategy
        return schema

    def _shape(self, name: str, field: OpenAPIField) -> Object:
        match field.shape:
            case "list":
                return {"type": "array", "items": self._item(name, field, self.dialect.reference)}
            case "map":
                return {
                    "type": "object",
                    "additionalProperties": self._item(name, field, self.dialect.reference),
                }
            case _:
                return self._item(name, field, self.dialect.property_reference)

    def _item(self, name: str, field: OpenAPIField, refer: Callable[[str], Object]) -> Object:
        """What a field holds, or its items: a new object each time."""
        if field.struct is not None:
            return refer(field.struct.definition)
        if field.type == "any" and name in _LISTS_OF_TEXTS:
            return {"type": "array", "items": {"type": "string"}}
        if field.type in _NAMED:
            return refer(self.named(_NAMED[field.type]))
        return dict(_SCALARS[field.type])

    def _custom(self, resource: Resource, kind: str) -> str:
        """Adds a custom kind or its list."""
        schema = self.knowledge.schema_of(resource)
        if schema is None:
            return ""
        name = custom_definition(resource.group, resource.version, kind)
        if name in self._made:
            return name
        is_list = kind == resource.list_kind
        self._add_metadata(is_list)
        self._mark(name, resource.api_version, kind)
        if is_list:
            made = self._custom_list(resource)
        elif self._is_open(schema):
            made = {"type": "object"}
        else:
            told = lower_schema(schema) if self.dialect.version == 2 else schema
            made = self._with_heads({"type": "object", **told})
        if selectable := schema.get(SELECTABLE):
            made[SELECTABLE] = selectable
        self._made[name] = made
        return name

    def _custom_list(self, resource: Resource) -> Object:
        items = self.dialect.reference(self._custom(resource, resource.kind))
        properties = {
            **self._heads("PodList"),
            "items": {"description": f"List of {resource.plural}.{_MORE}", "type": "array", "items": items},
        }
        return {
            "description": f"{resource.list_kind} is a list of {resource.kind}",
            "type": "object",
            "required": ["items"],
            "properties": dict(sorted(properties.items())),
        }

    def _is_open(self, schema: Object) -> bool:
        """Whether nothing is said of a kind: what is not told would count as forbidden, to kubectl."""
        return not schema or (self.dialect.version == 2 and bool(schema.get(PRESERVE)))

    def _with_heads(self, schema: Object) -> Object:
        """The schema of objects with what every object has, at the top and in embedded objects."""
        made = self._with_embedded(schema)
        properties = {**made.get("properties", {}), **self._heads("Pod")}
        return {**made, "properties": dict(sorted(properties.items()))}

    def _with_embedded(self, schema: Object) -> Object:
        made = dict(schema)
        if "properties" in schema:
            made["properties"] = {
                name: self._embedded(each) for name, each in sorted(schema["properties"].items())
            }
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), Mapping):
                made[key] = self._embedded(schema[key])
        return made

    def _embedded(self, schema: Object) -> Object:
        if not schema.get("x-kubernetes-embedded-resource") or self._is_open(schema):
            return self._with_embedded(schema)
        required = schema.get("required", [])
        missing = [name for name in ("kind", "apiVersion") if name not in required]
        return {**self._with_heads(schema), "required": [*required, *missing]}

    def _heads(self, kind: str) -> Object:
        """What every object, or every list, has."""
        example = f"io.k8s.api.core.v1.{kind}"
        meta = _META + ("ListMeta" if kind.endswith("List") else "ObjectMeta")
        told = {name: self._described(example, name) or {"description": _HEADS[name]} for name in _HEADS}
        return {
            "apiVersion": {**told["apiVersion"], "type": "string"},
            "kind": {**told["kind"], "type": "string"},
            "metadata": {**told["metadata"], **self.dialect.property_reference(meta)},
        }

    def _add_metadata(self, is_list: bool) -> None:
        """Adds the type of `metadata`, for which any built-in kind is asked."""
        found = self.knowledge.type_of("v1", "ConfigMapList" if is_list else "ConfigMap")
        if found is not None and (struct := found.fields["metadata"].struct) is not None:
            self._add(struct)


def _strategy(field: OpenAPIField) -> str:
    """The value of x-kubernetes-patch-strategy; "" if a patch replaces."""
    return ",".join(name for name, on in (("merge", field.merges), ("retainKeys", field.retains_keys)) if on)


def custom_definition(group: str, version: str, kind: str) -> str:
    """The name of a custom kind's definition: "com.example.stable.v1.CronTab"."""
    return ".".join((*reversed(group.split(".")), version, kind))


_LOWERED: Final = frozenset(
    {
        "$ref", "additionalProperties", "default", "description", "enum", "exclusiveMaximum",
        "exclusiveMinimum", "format", "items", "maxItems", "maxLength", "maxProperties", "maximum",
        "minItems", "minLength", "minProperties", "minimum", "multipleOf", "pattern", "properties",
        "required", "title", "type", "uniqueItems",
    }
)  # fmt: skip
"""What version 2 can say, besides extensions; unions and `nullable` it cannot."""


def lower_schema(schema: Mapping[str, Any]) -> Object:
    """A version 3 schema as version 2 can say it: what it cannot is left open.

    Source: k8s.io/apiextensions-apiserver, `ToStructuralOpenAPIV2`.
    """
    open_shape = bool(schema.get(PRESERVE) or schema.get("nullable"))
    dropped = set()
    if open_shape:
        dropped = {"type", "items", "properties", "additionalProperties", "required"}
    elif schema.get("x-kubernetes-int-or-string"):
        dropped = {"type"}
    made: Object = {}
    for key, value in schema.items():
        if key in dropped or not (key in _LOWERED or key.startswith("x-")):
            continue
        if key == "properties":
            made[key] = {name: lower_schema(each) for name, each in value.items()}
        elif key in {"items", "additionalProperties"} and isinstance(value, Mapping):
            made[key] = lower_schema(value)
        else:
            made[key] = value
    return made


def gvk(group: str, version: str, kind: str) -> Object:
    """The value of an operation's x-kubernetes-group-version-kind."""
    return {"group": group, "kind": kind, "version": version}

"""What apply has to know of a type: how its parts merge, and by what items of lists are told apart.

An `Atom` is a scalar, a list, a map (or struct), or, where the type is only known from the value, any of the
three. Two makers give them: one from the facts of built-in types, one from the schema of a custom resource.
Atoms are made when first met, so that types may refer to themselves.
Source: sigs.k8s.io/structured-merge-diff/schema (elements.go); k8s.io/kube-openapi/pkg/schemaconv.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol

from kubelite.apimachinery.fieldset import EMPTY, MEMBER, SELF, FieldSet

NUMERIC: Final = "numeric"
STRING: Final = "string"
BOOLEAN: Final = "boolean"
UNTYPED: Final = "untyped"

ATOMIC: Final = "atomic"
SET: Final = "set"
MAP: Final = "map"

_SHARED_MAX: Final = 64
_FLAT_MAX: Final = 64


Nodes = tuple[FieldSet | None, FieldSet | None, FieldSet | None]
"""Nodes of sets of what is removed, modified and added between two values."""


class Atom:
    """A type.

    Attributes:
        scalar: `numeric`, `string`, `boolean`, `untyped`; "" if it cannot be a scalar.
        list: How its items merge; None if it cannot be a list.
        map: How its fields merge; None if it cannot be a map.
        single: It can be one of the three only.
        leaf: It is taken as a whole, whatever it holds.
    """

    __slots__ = ("leaf", "list", "map", "scalar", "single")

    def __init__(
        self, *, scalar: str = "", list_: ListAtom | None = None, map_: MapAtom | None = None
    ) -> None:
        self.scalar = scalar
        self.list = list_
        self.map = map_
        self.single = bool(scalar) + (list_ is not None) + (map_ is not None) == 1
        self.leaf = (list_ is None or list_.relationship == ATOMIC) and (map_ is None or map_.atomic)

    def __repr__(self) -> str:
        kinds = [self.scalar, "list" if self.list else "", "map" if self.map else ""]
        return f"<Atom {'|'.join(filter(None, kinds))}>"


class ListAtom:
    """A list.

    Attributes:
        relationship: `atomic` (taken as a whole), `set` (of scalars), `map` (of structs told apart by
            `keys`).
        defaults: What a key is if an item does not have it.
    """

    __slots__ = ("_element", "_make", "defaults", "keys", "relationship")

    def __init__(
        self,
        make: Callable[[], Atom],
        relationship: str = ATOMIC,
        keys: tuple[str, ...] = (),
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        self._make = make
        self._element: Atom | None = None
        self.relationship = relationship
        self.keys = tuple(sorted(keys))
        self.defaults = defaults or {}

    @property
    def element(self) -> Atom:
        """The type of its items."""
        found = self._element
        if found is None:
            found = self._element = self._make()
        return found


class MapAtom:
    """A struct (fields of given names), a map (any names), or both.

    Attributes:
        atomic: It is taken as a whole.
        names: The fields of a struct.
        shared: Many objects hold the very same value: what is found out about one is remembered by identity.
        pairs: The same for what differs between two values.
    """

    __slots__ = (
        "_element",
        "_fields",
        "_flat",
        "_make",
        "_make_element",
        "atomic",
        "names",
        "pairs",
        "shared",
    )

    def __init__(
        self,
        names: Mapping[str, Any] | None = None,
        make: Callable[[str], Atom] | None = None,
        *,
        element: Callable[[], Atom] | None = None,
        atomic: bool = False,
        shared: bool = False,
    ) -> None:
        self.names = names or {}
        self._make = make
        self._make_element = element
        self._element: Atom | None = None
        self._fields: dict[str, tuple[str, Atom]] = {}
        self._flat: dict[tuple[str, ...], FieldSet | None] = {}
        self.atomic = atomic
        self.shared: dict[int, tuple[Any, FieldSet]] | None = {} if shared else None
        self.pairs: dict[tuple[int, int], tuple[Any, Any, Nodes]] | None = {} if shared else None

    @property
    def element(self) -> Atom | None:
        """The type of what has another name than a field; None if there may be nothing else."""
        if self._element is None and self._make_element is not None:
            self._element = self._make_element()
        return self._element

    def field(self, name: str) -> tuple[str, Atom]:
        """The path element of a field, and its type; of an unknown one that of a deduced type."""
        found = self._fields.get(name)
        if found is not None:
            return found
        if self._make is not None and name in self.names:
            found = self._fields[name] = (f"f:{name}", self._make(name))
            return found
        return field_element(name), self.element or DEDUCED

    def all_leaves(self, names: tuple[str, ...]) -> FieldSet | None:
        """The set of a value with fields of these names, itself included, if all are leaves; else None.

        The same set each time.
        """
        found = self._flat.get(names, EMPTY)
        if found is EMPTY:
            elements = [self.field(name) for name in sorted(names)]
            found = None
            if all(atom.leaf for _, atom in elements):
                found = {SELF: MEMBER, **dict.fromkeys((element for element, _ in elements), MEMBER)}
            if len(self._flat) >= _FLAT_MAX:
                del self._flat[next(iter(self._flat))]
            self._flat[names] = found
        return found

    def knows(self, name: str) -> bool:
        """Whether a field of this name may be there."""
        return name in self.names or self._make_element is not None

    def remember(self, value: Any, fields: FieldSet) -> FieldSet:
        """Keep what was found out about a value which many objects share."""
        shared = self.shared
        if shared is not None:
            if len(shared) >= _SHARED_MAX:
                del shared[next(iter(shared))]
            shared[id(value)] = (value, fields)
        return fields

    def remember_pair(self, old: Any, new: Any, nodes: Nodes) -> Nodes:
        """Keep what differs between two values which many objects share."""
        pairs = self.pairs
        if pairs is not None:
            if len(pairs) >= _SHARED_MAX:
                del pairs[next(iter(pairs))]
            pairs[id(old), id(new)] = (old, new, nodes)
        return nodes


@lru_cache(4096)
def field_element(name: str) -> str:
    """The path element of a field; the same text each time."""
    return f"f:{name}"


_UNTYPED_ATOMIC: Final[Atom] = Atom(
    scalar=UNTYPED,
    list_=ListAtom(lambda: _UNTYPED_ATOMIC),
    map_=MapAtom(element=lambda: _UNTYPED_ATOMIC, atomic=True),
)
DEDUCED: Final[Atom] = Atom(
    scalar=UNTYPED,
    list_=ListAtom(lambda: _UNTYPED_ATOMIC),
    map_=MapAtom(element=lambda: DEDUCED),
)
"""A type of which nothing is known: maps merge, lists are taken as a whole."""

SCALARS: Final = {kind: Atom(scalar=kind) for kind in (NUMERIC, STRING, BOOLEAN, UNTYPED)}


# --- built-in types -----------------------------------------------------------------------------------------


class MergeField(Protocol):
    """A field of a built-in type, as the facts have it."""

    @property
    def shape(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def merge_key(self) -> str: ...  # noqa: D102
    @property
    def merges(self) -> bool: ...  # noqa: D102
    @property
    def list_type(self) -> str: ...  # noqa: D102
    @property
    def list_map_keys(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def map_type(self) -> str: ...  # noqa: D102
    @property
    def struct(self) -> MergeType | None: ...  # noqa: D102


class MergeType(Protocol):
    """A built-in type, as the facts have it."""

    @property
    def definition(self) -> str: ...  # noqa: D102
    @property
    def map_type(self) -> str: ...  # noqa: D102
    @property
    def fields(self) -> Mapping[str, MergeField]: ...  # noqa: D102


_WORDS: Final = {
    "string": STRING,
    "[]byte": STRING,
    "bool": BOOLEAN,
    "int32": NUMERIC,
    "int64": NUMERIC,
    "float64": NUMERIC,
}
_KEY_DEFAULTS: Final = {"protocol": "TCP"}
_KEY_DEFAULTS_OF: Final = {"io.k8s.api.core.v1.LocalObjectReference": {"name": ""}}
_SHARED_TYPES: Final = frozenset({"io.k8s.api.core.v1.PodSpec"})

_structs: dict[str, tuple[MergeType, Atom]] = {}


def of_type(type_: MergeType) -> Atom:
    """The atom of a built-in struct."""
    found = _structs.get(type_.definition)
    if found is None:
        found = _structs[type_.definition] = (type_, _struct(type_, type_.map_type))
    return found[1]


def _struct(type_: MergeType, map_type: str) -> Atom:
    return Atom(
        map_=MapAtom(
            type_.fields,
            lambda name: _of_field(type_.fields[name]),
            atomic=map_type == ATOMIC,
            shared=type_.definition in _SHARED_TYPES,
        )
    )


def _of_field(field: MergeField) -> Atom:
    match field.shape:
        case "list":
            return Atom(list_=_list_of(field))
        case "map":
            return Atom(map_=MapAtom(element=lambda: _item(field), atomic=field.map_type == ATOMIC))
        case "struct" if field.map_type == ATOMIC and field.struct is not None:
            return _struct(field.struct, ATOMIC)
        case _:
            return _item(field)


def _list_of(field: MergeField) -> ListAtom:
    def make() -> Atom:
        return _item(field)

    if field.list_type == MAP or (not field.list_type and field.merges and field.merge_key):
        keys = field.list_map_keys or (field.merge_key,)
        struct = field.struct
        defaults = _KEY_DEFAULTS_OF.get(struct.definition if struct is not None else "", _KEY_DEFAULTS)
        return ListAtom(make, MAP, keys, {key: defaults[key] for key in keys if key in defaults})
    if field.list_type == SET or (not field.list_type and field.merges):
        return ListAtom(make, SET)
    return ListAtom(make)


def _item(field: MergeField) -> Atom:
    if field.struct is not None:
        return of_type(field.struct)
    if field.type == "RawExtension":
        return _UNTYPED_ATOMIC
    if field.type == "object":
        return Atom(map_=MapAtom(element=lambda: DEDUCED))
    if field.type == "any":
        return DEDUCED
    return SCALARS[_WORDS.get(field.type, UNTYPED)]


# --- custom resources ---------------------------------------------------------------------------------------

PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"


def of_schema(schema: Mapping[str, Any], metadata: Atom, *, preserve: bool = False) -> Atom:
    """The atom of a custom resource.

    Args:
        schema: Its structural schema.
        metadata: The atom of ObjectMeta.
        preserve: Unknown fields are kept everywhere.
    """
    return _with_type_meta(_of_schema(schema, metadata, preserve=preserve), metadata)


def _with_type_meta(atom: Atom, metadata: Atom) -> Atom:
    """The atom of a whole object: with apiVersion, kind and metadata."""
    inner = atom.map or MapAtom()
    heads = {"apiVersion": SCALARS[STRING], "kind": SCALARS[STRING], "metadata": metadata}
    names = {**inner.names, **heads}

    def make(name: str) -> Atom:
        return heads.get(name) or inner.field(name)[1]

    element = inner.element
    return Atom(
        map_=MapAtom(names, make, element=None if element is None else lambda: element, atomic=inner.atomic)
    )


def _of_schema(schema: Mapping[str, Any], metadata: Atom, *, preserve: bool) -> Atom:
    preserve = preserve or schema.get(PRESERVE) is True
    match schema.get("type") or "":
        case "object":
            atom = _map_of(schema, metadata, preserve=preserve)
        case "array":
            atom = Atom(list_=_list_of_schema(schema, metadata, preserve=preserve))
        case "integer" | "number":
            return SCALARS[NUMERIC]
        case "boolean":
            return SCALARS[BOOLEAN]
        case "string":
            return SCALARS[STRING if schema.get("format", "") in {"", "byte"} else UNTYPED]
        case _ if schema.get("properties"):
            atom = _map_of(schema, metadata, preserve=preserve)
        case _:
            return DEDUCED
    return _with_type_meta(atom, metadata) if schema.get("x-kubernetes-embedded-resource") else atom


def _map_of(schema: Mapping[str, Any], metadata: Atom, *, preserve: bool) -> Atom:
    properties: Mapping[str, Any] = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    element: Callable[[], Atom] | None = None
    if isinstance(additional, Mapping):
        given = additional

        def of_additional() -> Atom:
            return _of_schema(given, metadata, preserve=preserve)

        element = of_additional
    elif additional or (additional is None and (preserve or not properties)):
        element = lambda: DEDUCED  # noqa: E731
    return Atom(
        map_=MapAtom(
            properties,
            lambda name: _of_schema(properties[name], metadata, preserve=preserve),
            element=element,
            atomic=schema.get("x-kubernetes-map-type") == ATOMIC,
        )
    )


def _list_of_schema(schema: Mapping[str, Any], metadata: Atom, *, preserve: bool) -> ListAtom:
    items: Mapping[str, Any] = schema.get("items") or {}

    def make() -> Atom:
        return _of_schema(items, metadata, preserve=preserve)

    relationship = schema.get("x-kubernetes-list-type") or ATOMIC
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
    properties = items.get("properties") or {}
    defaults = {
        key: properties[key]["default"]
        for key in keys
        if key in properties and properties[key].get("default") is not None
    }
    return ListAtom(make, relationship, keys, defaults)

"""What Kubernetes' OpenAPI says of its types: fields, formats, what a patch merges by.

It is loaded when first asked for.

The packaged file (written by `generate`) is one gzipped JSON document:

    names   definition names without "io.k8s.", sorted
    types   one text for each name: its fields, or "=" and a letter for a type without fields
    kinds   "apps/v1 Deployment" -> index
    maps    indices of types that an apply takes as a whole (x-kubernetes-map-type: atomic)

A field reads `name[!]:shape[|option=value]…`, fields are joined by ";" in the order of the Go struct, "!"
marks a required one. A shape is a letter (s string, y base64, i int32, l int64, d double, b boolean, o any
object) or the index of a type, after "[" for a list or "{" for a map from text. Options are `strategy` and
`key` (strategic merge), `list` (atomic, set, map), `keys` (of a list of type map) and `map`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import attrs

VERSION: Final = "1.36"
"""The minor version of Kubernetes whose facts are packaged."""


RAW_EXTENSION: Final = "RawExtension"
"""The type of objects of any kind, which apply takes as a whole; other free-form objects merge."""


def schema_file_name(version: str, what: str = "schema") -> str:
    """The name of the packaged file that holds `what` ("schema", "protobuf")."""
    return f"{what}-{version}.json.gz"


def split_fields(text: str) -> Iterator[tuple[str, bool, str, str]]:
    """(name, is required, shape, options) of each field of an encoded type."""
    for part in text.split(";") if text else ():
        declaration, _, options = part.partition("|")
        name, _, shape = declaration.partition(":")
        yield name.removesuffix("!"), name.endswith("!"), shape, options


def read_packaged(what: str) -> Any:
    """The packaged document `what`.

    Raises:
        FileNotFoundError: this installation lacks it.
    """
    body = Path(__file__).with_name(schema_file_name(VERSION, what)).read_bytes()
    return json.loads(gzip.decompress(body))


@cache
def _document() -> Mapping[str, Any]:
    return MappingProxyType(read_packaged("schema"))


@cache
def protobuf() -> Mapping[str, Sequence[Sequence[Any]]]:
    """Protobuf messages by full name ("k8s.io.api.core.v1.Pod"): rows of [number, field, type, label?].

    The type is a scalar, a message's full name, `map<string,TYPE>`; the label "repeated" or "inline" (JSON
    has the message's fields in place of it). The messages of `openapi.v2` are there too.
    """
    return MappingProxyType(read_packaged("protobuf"))


def index_of(api_version: str, kind: str) -> int | None:
    """The index of a kind's type; None for a kind without facts."""
    index: int | None = _document()["kinds"].get(f"{api_version} {kind}")
    return index


def type_count() -> int:
    """How many types there are."""
    return len(_document()["names"])


@cache
def index_of_type(name: str) -> int:
    """The index of a type by its name, for example "api.core.v1.PodSpec"."""
    index: int = _document()["names"].index(name)
    return index


def type_name(index: int) -> str:
    """The definition's name without "io.k8s.", for example "api.core.v1.Pod"."""
    name: str = _document()["names"][index]
    return name


def type_text(index: int) -> str:
    """The encoded type; see the top of this file."""
    text: str = _document()["types"][index]
    return text


_GO_SCALARS: Final = {
    "s": "string",
    "y": "[]byte",
    "i": "int32",
    "l": "int64",
    "d": "float64",
    "b": "bool",
    "=Q": "Quantity",
    "=I": "IntOrString",
    "=T": "Time",
}


class Field(NamedTuple):
    """One field of a type: a `SchemaField` of `apimachinery.schema`, and what openapi and apply need besides.

    Attributes:
        shape: "scalar", "object" (any JSON object), "any" (any JSON), "struct", "list" or "map".
        type: Go's word for a scalar, or for the scalar items of a list or map; a struct's name otherwise.
        required: True if Kubernetes lists it as required.
        merge_key: the field by which a strategic merge tells items apart; "" if it does not.
        merges: True for a list that a strategic merge merges.
        retains_keys: True for a struct of which a patch keeps only the keys that it names.
        list_type: "atomic", "set" or "map", for apply; "" if not said.
        list_map_keys: the fields that tell the items of a list of type "map" apart.
        map_type: "atomic" for a map or struct that apply takes as a whole.
        target: index of the type of a struct, or of the items; -1 for scalars.
    """

    shape: str
    type: str
    required: bool = False
    merge_key: str = ""
    merges: bool = False
    retains_keys: bool = False
    list_type: str = ""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    target: int = -1

    @property
    def struct(self) -> Type | None:
        """The type of a struct, or of the items of a list or map of structs."""
        return None if self.target < 0 else type_at(self.target)


@attrs.frozen(eq=False, repr=False)
class Type:
    """A type with fields, in the order of the Go struct.

    Attributes:
        index: its place among the facts.
        definition: the full name, "io.k8s.api.core.v1.Pod".
        name: as Go says it, without its package: "Pod".
        fields: by JSON name.
        map_type: "atomic" if apply takes it as a whole.
    """

    index: int
    definition: str
    name: str
    fields: Mapping[str, Field]
    map_type: str = ""


def type_of(api_version: str, kind: str) -> Type | None:
    """The type of a kind; None for a kind without facts."""
    index = index_of(api_version, kind)
    return None if index is None else type_at(index)


@cache
def type_at(index: int) -> Type:
    """The type at an index; read out of its text when first asked for."""
    name = type_name(index)
    text = type_text(index)
    fields = {} if text.startswith("=") else dict(_read_fields(text))
    map_type = "atomic" if index in _document()["maps"] else ""
    return Type(index, f"io.k8s.{name}", name.rpartition(".")[2], MappingProxyType(fields), map_type)


def _read_fields(text: str) -> Iterator[tuple[str, Field]]:
    for name, required, shape, options_text in split_fields(text):
        options = dict(option.partition("=")[::2] for option in options_text.split("|") if option)
        strategies = options.get("strategy", "").split(",")
        kind, type_, target = _read_shape(shape)
        yield (
            name,
            Field(
                shape=kind,
                type=type_,
                required=required,
                merge_key=options.get("key", ""),
                merges="merge" in strategies and kind == "list",
                retains_keys="retainKeys" in strategies,
                list_type=options.get("list", ""),
                list_map_keys=tuple(key for key in options.get("keys", "").split(",") if key),
                map_type=options.get("map", ""),
                target=target,
            ),
        )


def _read_shape(shape: str) -> tuple[str, str, int]:
    """(shape, type, index of the struct or -1) of an encoded shape."""
    if shape[0] in "[{":
        inner, type_, target = _read_shape(shape[1:])
        if inner in {"list", "map"}:
            type_, target = "any", -1
        return "list" if shape[0] == "[" else "map", type_, target
    if not shape.isdigit():
        return ("object", "object", -1) if shape == "o" else ("scalar", _GO_SCALARS[shape], -1)
    index = int(shape)
    text, name = type_text(index), type_name(index).rpartition(".")[2]
    if not text.startswith("="):
        return "struct", name, index
    if text == "=T":
        return "scalar", name, -1
    if text in _GO_SCALARS:
        return "scalar", _GO_SCALARS[text], -1
    if text == "=o":
        return "object", RAW_EXTENSION if name == RAW_EXTENSION else "object", -1
    return "any", "any", -1

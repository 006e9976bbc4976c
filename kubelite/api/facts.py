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
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

VERSION: Final = "1.36"
"""The minor version of Kubernetes whose facts are packaged."""


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
    body = (files(__package__) / schema_file_name(VERSION, what)).read_bytes()
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


def type_name(index: int) -> str:
    """The definition's name without "io.k8s.", for example "api.core.v1.Pod"."""
    name: str = _document()["names"][index]
    return name


def type_text(index: int) -> str:
    """The encoded type; see the top of this file."""
    text: str = _document()["types"][index]
    return text

"""`python -m kubelite.api.generate 1.36`: reduce Kubernetes' published facts to what kubelite packages.

Reads the OpenAPI definitions in the PyPI package `kubernetes-validate` and, where it is given, a table of
protobuf fields; writes `schema-VERSION.json.gz` and `types.py` (and `protobuf-VERSION.json.gz`) beside this
module. No prose goes in. The format of the schema file is described in `facts`, which reads it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from kubelite.api.descriptions import Definitions, read_definitions
from kubelite.api.facts import protobuf as packaged_protobuf
from kubelite.api.facts import schema_file_name
from kubelite.api.typeddicts import render_types

ProtobufFields = Mapping[str, Sequence[Sequence[Any]]]

PREFIX: Final = "io.k8s."
PRIMITIVES: Final = {
    ("string", None): "s",
    ("string", "byte"): "y",
    ("string", "date-time"): "s",
    ("integer", "int32"): "i",
    ("integer", "int64"): "l",
    ("integer", None): "l",
    ("number", "double"): "d",
    ("number", None): "d",
    ("boolean", None): "b",
    ("object", None): "o",
}
_OPTIONS: Final = {
    "x-kubernetes-patch-strategy": "strategy",
    "x-kubernetes-patch-merge-key": "key",
    "x-kubernetes-list-type": "list",
    "x-kubernetes-map-type": "map",
}
_OPTIONS_META_KINDS: Final = frozenset({"DeleteOptions", "WatchEvent", "Status"})


def reduce_schema(version: str, definitions: Definitions, protobuf: ProtobufFields) -> dict[str, Any]:
    """The document that `facts` reads.

    Args:
        version: goes in as it is.
        definitions: OpenAPI definitions by name.
        protobuf: message -> [number, name, type, label?]; gives fields the order of the Go structs. May be
        empty.
    """
    names = sorted(definitions)
    index = {name: number for number, name in enumerate(names)}
    types = [_encode_type(definitions[name], _field_order(name, protobuf), index) for name in names]
    return {
        "version": version,
        "names": [name.removeprefix(PREFIX) for name in names],
        "types": types,
        "kinds": dict(sorted(_kinds(definitions, index))),
        "maps": sorted(
            index[name] for name in names if definitions[name].get("x-kubernetes-map-type") == "atomic"
        ),
    }


def _kinds(definitions: Definitions, index: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Pairs of "apps/v1 Deployment" and index; options kinds, which every group has, only once, in v1."""
    for name, definition in definitions.items():
        for gvk in definition.get("x-kubernetes-group-version-kind", ()):
            api_version = f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"]
            if gvk["kind"] not in _OPTIONS_META_KINDS or api_version == "v1":
                yield f"{api_version} {gvk['kind']}", index[name]


def _number(row: Sequence[Any]) -> int:
    number: int = row[0]
    return number


def _field_order(name: str, protobuf: ProtobufFields) -> dict[str, int]:
    message = name.replace(PREFIX, "k8s.io.", 1).replace("-", "_")
    order: dict[str, int] = {}
    for field in sorted(protobuf.get(message, ()), key=_number):
        if field[-1] == "inline":
            for inner in sorted(protobuf[field[2]], key=_number):
                order.setdefault(inner[1], len(order))
        order.setdefault(field[1], len(order))
    return order


def _encode_type(definition: dict[str, Any], order: Mapping[str, int], index: Mapping[str, int]) -> str:
    properties: Mapping[str, dict[str, Any]] = definition.get("properties") or {}
    if not properties:
        return _special(definition)
    required = set(definition.get("required", ()))
    head = ("kind", "apiVersion", "metadata")
    last = len(order)
    names = sorted(
        properties, key=lambda name: (head.index(name) if name in head else 3, order.get(name, last), name)
    )
    return ";".join(_encode_field(name, properties[name], name in required, index) for name in names)


def _special(definition: dict[str, Any]) -> str:
    """What stands for a type without fields: "=" and what its JSON may be."""
    if "oneOf" in definition:
        kinds = {kind for choice in definition["oneOf"] for kind in choice["type"]}
        return "=Q" if "number" in kinds else "=I"
    if definition.get("format") == "date-time":
        return "=T"
    return "=o" if "type" in definition else "=j"


def _encode_field(name: str, field: dict[str, Any], required: bool, index: Mapping[str, int]) -> str:
    text = f"{name}{'!' if required else ''}:{_encode_shape(field, index)}"
    for key, option in _OPTIONS.items():
        if key in field:
            text += f"|{option}={field[key]}"
    if "x-kubernetes-list-map-keys" in field:
        text += "|keys=" + ",".join(field["x-kubernetes-list-map-keys"])
    return text


def _encode_shape(field: dict[str, Any], index: Mapping[str, int]) -> str:
    if "$ref" in field:
        return str(index[field["$ref"].removeprefix("#/$defs/")])
    declared = field["type"]
    kind = next(t for t in declared if t != "null") if isinstance(declared, list) else declared
    if kind == "array":
        return "[" + _encode_shape(field["items"], index)
    if "additionalProperties" in field:
        return "{" + _encode_shape(field["additionalProperties"], index)
    return PRIMITIVES[kind, field.get("format")]


def write_gzip(path: Path, document: Any) -> int:
    """Write compact JSON, compressed; the same facts give the same bytes.

    Returns:
        The size of the file in bytes.
    """
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    packed = gzip.compress(body, compresslevel=9, mtime=0)
    path.write_bytes(packed)
    return len(packed)


def main(argv: Sequence[str] | None = None) -> int:
    """Generate; the exit status is 2 if the facts are not there."""
    parser = argparse.ArgumentParser(prog="python -m kubelite.api.generate", description=__doc__)
    parser.add_argument("version", help="Kubernetes minor version, for example 1.36")
    parser.add_argument("--protobuf", type=Path, help="JSON: message -> [[number, field, type, label?], ...]")
    parser.add_argument("--openapi-protobuf", type=Path, help="the same for the openapi.v2 messages")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent, help="folder to write to")
    options = parser.parse_args(argv)
    try:
        definitions = read_definitions(options.version)
    except FileNotFoundError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    protobuf: dict[str, Any] = {} if options.protobuf else dict(packaged_protobuf())
    for source in (options.protobuf, options.openapi_protobuf):
        if source is not None:
            protobuf |= json.loads(source.read_bytes())
    schema = reduce_schema(options.version, definitions, protobuf)
    size = write_gzip(options.into / schema_file_name(options.version), schema)
    sys.stdout.write(f"{len(schema['types'])} types, {len(schema['kinds'])} kinds, {size} bytes\n")
    if options.protobuf:
        size = write_gzip(options.into / schema_file_name(options.version, "protobuf"), protobuf)
        sys.stdout.write(f"{len(protobuf)} protobuf messages, {size} bytes\n")
    (options.into / "types.py").write_text(render_types(schema), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Kubernetes' protobuf, driven by facts: no generated code.

A body is `k8s` and a zero byte and a `runtime.Unknown` whose `raw` holds the object and whose `typeMeta`
names it.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding;
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from kubelite.apimachinery import codec, timestamps
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.utf8 import text_of

MAGIC: Final = b"k8s\x00"
Facts: TypeAlias = Mapping[str, Sequence[Sequence[Any]]]
"""Messages by full name: rows of number, field, type and perhaps `repeated` or `inline`."""

_DEPTH_MAX: Final = 100
_META: Final = "k8s.io.apimachinery.pkg.apis.meta.v1."
_PACKAGES: Final = {
    "": "k8s.io.api.core",
    "apiextensions.k8s.io": "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions",
    "apiregistration.k8s.io": "k8s.io.kube_aggregator.pkg.apis.apiregistration",
    "authorization.k8s.io": "k8s.io.api.authorization",
    "rbac.authorization.k8s.io": "k8s.io.api.rbac",
}
"""Packages which are not named by the first part of their group."""
_OPTIONS: Final = frozenset(
    {"CreateOptions", "DeleteOptions", "GetOptions", "ListOptions", "PatchOptions", "UpdateOptions"}
)
"""Kinds of requests, which every group version knows."""
_MAP: Final = re.compile(r"map<(\w+),\s*([\w.]+)>")
_INTEGERS: Final = frozenset({"int32", "int64", "uint32", "uint64"})
_WIRE_VARINT, _WIRE_64, _WIRE_BYTES, _WIRE_32 = 0, 1, 2, 5


class ProtobufError(ValueError):
    """The bytes are no message of the type."""


def is_protobuf(body: bytes) -> bool:
    """Whether a body begins as Kubernetes' protobuf does."""
    return body.startswith(MAGIC)


# --- the wire ---------------------------------------------------------------------------------------------


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ProtobufError("proto: unexpected EOF")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            raise ProtobufError("proto: integer overflow")


def _write_varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def read_fields(data: bytes) -> list[tuple[int, int, Any]]:
    """(number, wire type, value) of each field: an integer, or bytes.

    Raises:
        ProtobufError: The bytes are no message.
    """
    if not isinstance(data, bytes):
        raise ProtobufError("proto: wrong wireType = 0 for a message")
    found, at = [], 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, wire = key >> 3, key & 7
        value: Any
        if number == 0:
            raise ProtobufError(f"proto: illegal tag {number}")
        if wire == _WIRE_VARINT:
            value, at = _read_varint(data, at)
        elif wire == _WIRE_BYTES:
            size, at = _read_varint(data, at)
            value, at = data[at : at + size], at + size
        elif wire in {_WIRE_64, _WIRE_32}:
            size = 8 if wire == _WIRE_64 else 4
            value, at = data[at : at + size], at + size
        else:
            raise ProtobufError(f"proto: illegal wireType {wire}")
        if at > len(data):
            raise ProtobufError("proto: unexpected EOF")
        found.append((number, wire, value))
    return found


def _tag(number: int, wire: int) -> bytes:
    return _write_varint(number << 3 | wire)


def length_delimited(number: int, data: bytes) -> bytes:
    """A field of bytes: its tag, its length and the data."""
    return _tag(number, _WIRE_BYTES) + _write_varint(len(data)) + data


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


# --- messages whose JSON is not an object ----------------------------------------------------------------


def _fields_of(data: bytes) -> dict[int, Any]:
    return {number: value for number, _, value in read_fields(data)}


def _decode_time(data: bytes) -> Any:
    fields = _fields_of(data)
    return timestamps.format_time(_signed(fields.get(1, 0))) if fields else None


def _decode_micro_time(data: bytes) -> Any:
    fields = _fields_of(data)
    return (
        timestamps.format_micro_time(_signed(fields.get(1, 0)) + fields.get(2, 0) / 1e9) if fields else None
    )


def _encode_time(value: Any) -> bytes:
    seconds = timestamps.parse_time(value)
    whole = int(seconds // 1)
    nanos = round((seconds - whole) * 1e6) * 1000
    return _tag(1, 0) + _write_varint(whole) + (_tag(2, 0) + _write_varint(nanos) if nanos else b"")


def _decode_int_or_string(data: bytes) -> Any:
    fields = _fields_of(data)
    return _text(fields.get(3, b"")) if fields.get(1, 0) == 1 else _signed(fields.get(2, 0))


def _encode_int_or_string(value: Any) -> bytes:
    if isinstance(value, str):
        return _tag(1, 0) + b"\x01" + _tag(2, 0) + b"\x00" + length_delimited(3, value.encode())
    return _tag(1, 0) + b"\x00" + _tag(2, 0) + _write_varint(value) + length_delimited(3, b"")


_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNIT_NS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


def _decode_duration(data: bytes) -> Any:
    nanos = _signed(_fields_of(data).get(1, 0))
    sign, nanos = ("-", -nanos) if nanos < 0 else ("", nanos)
    hours, rest = divmod(nanos, _UNIT_NS["h"])
    minutes, rest = divmod(rest, _UNIT_NS["m"])
    seconds = f"{rest / 1e9:.9f}".rstrip("0").rstrip(".")
    text = f"{seconds}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return sign + (f"{hours}h{text}" if hours else text)


def _encode_duration(value: Any) -> bytes:
    nanos = sum(round(float(number) * _UNIT_NS[unit]) for number, unit in _DURATION.findall(value))
    return _tag(1, 0) + _write_varint(-nanos if value.startswith("-") else nanos)


def _decode_raw(data: bytes) -> Any:
    raw = _fields_of(data).get(1, b"")
    return codec.parse_json(raw).value if raw else None


def _encode_raw(value: Any) -> bytes:
    return length_delimited(1, orjson.dumps(value))


def _decode_items(data: bytes) -> Any:
    return [_text(value) for number, _, value in read_fields(data) if number == 1]


def _encode_items(value: Any) -> bytes:
    return b"".join(length_delimited(1, each.encode()) for each in value)


def _decode_quantity(data: bytes) -> Any:
    return _text(_fields_of(data).get(1, b""))


def _encode_quantity(value: Any) -> bytes:
    return length_delimited(1, (value if isinstance(value, str) else repr(value)).encode())


Special = tuple[Callable[[bytes], Any], Callable[[Any], bytes]]
_SPECIAL: Final[Mapping[str, Special]] = {
    "Time": (_decode_time, _encode_time),
    "MicroTime": (_decode_micro_time, _encode_time),
    "Duration": (_decode_duration, _encode_duration),
    "Quantity": (_decode_quantity, _encode_quantity),
    "IntOrString": (_decode_int_or_string, _encode_int_or_string),
    "RawExtension": (_decode_raw, _encode_raw),
    "FieldsV1": (_decode_raw, _encode_raw),
    "JSON": (_decode_raw, _encode_raw),
    "Verbs": (_decode_items, _encode_items),
    "ExtraValue": (_decode_items, _encode_items),
}


def _special(type_: str) -> Special | None:
    name = type_.rpartition(".")[2]
    if name == "JSON" and "apiextensions" not in type_:
        return None
    return _SPECIAL.get(name) if "." in type_ else None


# --- messages ---------------------------------------------------------------------------------------------


def decode_message(data: bytes, type_: str, facts: Facts, depth: int = 0) -> Object:
    """The JSON object of a message.

    Scalars that were sent although they are zero are there: whether they say anything depends on the field
    being a pointer in Go, which whoever brings the object into Go's form knows.

    Raises:
        ProtobufError: The bytes are no such message, or the type is not known.
    """
    if depth > _DEPTH_MAX:
        raise ProtobufError("proto: nesting is too deep")
    rows = facts.get(type_)
    if rows is None:
        raise ProtobufError(f"proto: unknown message {type_}")
    by_number = {row[0]: row for row in rows}
    made: Object = {}
    for number, wire, value in read_fields(data):
        row = by_number.get(number)
        if row is None:
            continue
        name, field_type, flags = row[1], row[2], row[3:]
        if "inline" in flags:
            made.update(decode_message(value, field_type, facts, depth + 1))
        elif mapping := _MAP.fullmatch(field_type):
            if not _is_known(_qualified(mapping[2], type_), facts):
                continue
            entry = _fields_of(value)
            key = _text(entry.get(1, b""))
            made.setdefault(name, {})[key] = _map_value(
                entry.get(2), _qualified(mapping[2], type_), facts, depth
            )
        elif "repeated" in flags:
            items = made.setdefault(name, [])
            if wire == _WIRE_BYTES and field_type in _INTEGERS:
                at = 0
                while at < len(value):
                    one, at = _read_varint(value, at)
                    items.append(_signed(one))
            else:
                items.append(_decode_value(value, wire, field_type, facts, depth))
        else:
            one = _decode_value(value, wire, field_type, facts, depth)
            if one is not None:
                made[name] = one
    return {row[1]: made[row[1]] for row in rows if row[1] in made} | made


def _qualified(type_: str, owner: str) -> str:
    """The full name of a map's values: a message is named without its package if it is the owner's."""
    scalar = "." in type_ or type_ in _INTEGERS or type_ in {"string", "bool", "double", "bytes"}
    return type_ if scalar else f"{owner.rpartition('.')[0]}.{type_}"


def _is_known(type_: str, facts: Facts) -> bool:
    """Whether values of a map can be read; the facts lack messages of fields that are switched off."""
    return "." not in type_ or type_ in facts or _special(type_) is not None


def _map_value(value: Any, type_: str, facts: Facts, depth: int) -> Any:
    if value is None:
        return "" if type_ in {"string", "bytes"} else {} if "." in type_ else 0
    return _decode_value(
        value, _WIRE_BYTES if isinstance(value, bytes) else _WIRE_VARINT, type_, facts, depth
    )


def _decode_value(value: Any, wire: int, type_: str, facts: Facts, depth: int) -> Any:
    if type_ in _INTEGERS:
        _expect(wire, _WIRE_VARINT, type_)
        return _signed(value)
    if type_ == "bool":
        _expect(wire, _WIRE_VARINT, type_)
        return bool(value)
    if type_ == "double":
        _expect(wire, _WIRE_64, type_)
        return struct.unpack("<d", value)[0]
    _expect(wire, _WIRE_BYTES, type_)
    if type_ == "string":
        return _text(value)
    if type_ == "bytes":
        return base64.b64encode(value).decode()
    special = _special(type_)
    if special is not None:
        try:
            return special[0](value)
        except (ValueError, AttributeError, TypeError, OverflowError) as error:
            raise ProtobufError(f"proto: {type_}: {error}") from error
    return decode_message(value, type_, facts, depth + 1)


def _text(value: Any) -> str:
    if not isinstance(value, bytes):
        raise ProtobufError("proto: wrong wireType = 0 for string")
    return text_of(value)  # Go takes any bytes for a text


def _expect(wire: int, wanted: int, type_: str) -> None:
    if wire != wanted:
        raise ProtobufError(f"proto: wrong wireType = {wire} for {type_}")


def encode_message(obj: Mapping[str, Any], type_: str, facts: Facts) -> bytes:
    """The bytes of a JSON object; fields that the message does not know are left out.

    Raises:
        ProtobufError: The type is not known, or a value does not fit its field.
    """
    rows = facts.get(type_)
    if rows is None:
        raise ProtobufError(f"proto: unknown message {type_}")
    made = bytearray()
    for row in sorted(rows, key=lambda each: each[0]):
        number, name, field_type, flags = row[0], row[1], row[2], row[3:]
        if "inline" in flags:
            made += length_delimited(number, encode_message(obj, field_type, facts))
            continue
        value = obj.get(name)
        if value is None:
            continue
        try:
            if mapping := _MAP.fullmatch(field_type):
                value_type = _qualified(mapping[2], type_)
                if not _is_known(value_type, facts):
                    continue
                for key in sorted(value):
                    entry = length_delimited(1, key.encode()) + _encode_field(
                        2, value[key], value_type, facts
                    )
                    made += length_delimited(number, entry)
            elif "repeated" in flags:
                for each in value:
                    made += _encode_field(number, each, field_type, facts)
            else:
                made += _encode_field(number, value, field_type, facts)
        except (TypeError, AttributeError, struct.error) as error:
            raise ProtobufError(f"{type_}.{name}: {error}") from error
    return bytes(made)


def _encode_field(number: int, value: Any, type_: str, facts: Facts) -> bytes:
    if type_ in _INTEGERS:
        return _tag(number, _WIRE_VARINT) + _write_varint(value)
    if type_ == "bool":
        return _tag(number, _WIRE_VARINT) + (b"\x01" if value else b"\x00")
    if type_ == "double":
        return _tag(number, _WIRE_64) + struct.pack("<d", value)
    if type_ == "string":
        return length_delimited(number, value.encode())
    if type_ == "bytes":
        return length_delimited(number, base64.b64decode(value))
    special = _special(type_)
    if special is not None:
        return length_delimited(number, special[1](value))
    return length_delimited(number, encode_message(value, type_, facts))


# --- bodies -----------------------------------------------------------------------------------------------


def knows(resource: Resource, facts: Facts) -> bool:
    """Whether objects of a resource can be had in protobuf: those of custom kinds cannot."""
    return message_name(resource.api_version, resource.kind, facts) is not None


def message_name(api_version: str, kind: str, facts: Facts) -> str | None:
    """The message for a kind; None if there is none."""
    group, slash, version = api_version.partition("/")
    if not slash:
        group, version = "", group
    package = _PACKAGES.get(group)
    if package is None:
        name = group.removesuffix(".k8s.io").removesuffix(".authorization").removesuffix(".apiserver")
        package = f"k8s.io.api.{name}" if "." not in name else None
    candidates = () if package is None else (f"{package}.{version}.{kind}",)
    if not group or group == "meta.k8s.io" or kind in _OPTIONS:
        candidates = (*candidates, _META + kind)
    return next((each for each in candidates if each in facts), None)


def decode(body: bytes, facts: Facts) -> tuple[str, str, Object]:
    """apiVersion, kind and object of a body.

    Raises:
        ProtobufError: It is no such body, or its kind is not known.
    """
    if not is_protobuf(body):
        raise ProtobufError(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    unknown = _fields_of(body[len(MAGIC) :])
    meta = _fields_of(unknown.get(1, b""))
    api_version, kind = _text(meta.get(1, b"")), _text(meta.get(2, b""))
    type_ = message_name(api_version, kind, facts)
    if type_ is None:
        raise ProtobufError(f'no kind "{kind}" is registered for version "{api_version}"')
    obj = decode_message(unknown.get(2, b""), type_, facts)
    return api_version, kind, {"kind": kind, "apiVersion": api_version, **obj}


def encode(obj: Mapping[str, Any], facts: Facts) -> bytes:
    """The body of an object.

    Raises:
        ProtobufError: Its kind is not known, or a value does not fit.
    """
    api_version, kind = obj.get("apiVersion", ""), obj.get("kind", "")
    type_ = message_name(api_version, kind, facts)
    if type_ is None:
        raise ProtobufError(f'no kind "{kind}" is registered for version "{api_version}"')
    meta = length_delimited(1, api_version.encode()) + length_delimited(2, kind.encode())
    return (
        MAGIC
        + length_delimited(1, meta)
        + length_delimited(2, encode_message(obj, type_, facts))
        + length_delimited(3, b"")
        + length_delimited(4, b"")
    )


class ListParts(NamedTuple):
    """The body of a list in parts, so that nobody has to make it at one go.

    Attributes:
        head: What comes before the items, by how many bytes they take together.
        item: The bytes of one.
        tail: What comes behind them.
    """

    head: Callable[[int], bytes]
    item: Callable[[Mapping[str, Any]], bytes]
    tail: bytes


def list_parts(shell: Mapping[str, Any], facts: Facts) -> ListParts:
    """A list of which `shell` is all but the items.

    Raises:
        ProtobufError: Its kind is not known, or is none of lists, or a value does not fit.
    """
    api_version, kind = shell.get("apiVersion", ""), shell.get("kind", "")
    type_ = message_name(api_version, kind, facts)
    if type_ is None:
        raise ProtobufError(f'no kind "{kind}" is registered for version "{api_version}"')
    number, _, item_type = next(row for row in facts[type_] if row[1] == "items")[:3]
    assert number == max(row[0] for row in facts[type_]), "items come last in all lists"
    meta = length_delimited(1, api_version.encode()) + length_delimited(2, kind.encode())
    fields = encode_message(shell, type_, facts)

    def head(size: int) -> bytes:
        start = MAGIC + length_delimited(1, meta) + _tag(2, _WIRE_BYTES)
        return start + _write_varint(len(fields) + size) + fields

    def item(obj: Mapping[str, Any]) -> bytes:
        return _encode_field(number, obj, item_type, facts)

    return ListParts(head, item, length_delimited(3, b"") + length_delimited(4, b""))


def watch_event(type_: str, body: bytes) -> bytes:
    """The message of a watch event around the body of its object; without the magic and `Unknown`.

    Source: apimachinery pkg/apis/meta/v1, `WatchEvent`; pkg/runtime/serializer/protobuf, `RawSerializer`.
    """
    return length_delimited(1, type_.encode()) + length_delimited(2, length_delimited(1, body))

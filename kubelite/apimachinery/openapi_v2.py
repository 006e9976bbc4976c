"""The OpenAPI version 2 document as protobuf: the form in which kubectl up to 1.28 wants it.

The message is gnostic's `openapi.v2.Document`. Its shape is not that of the JSON: maps are lists of named
values, what may be one of several things is wrapped in a message with one field each, and extensions and
other free values are YAML texts (for which JSON serves). The rows of the facts say which message has which
field; the rules here say how its JSON is found.

Source: github.com/google/gnostic-models, `openapiv2/OpenAPIv2.proto` and `OpenAPIv2.go`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import attrs
import orjson

from kubelite.apimachinery.protobuf import Facts

MEDIA_TYPE: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""What clients ask for has an @ before `v1.0`, which no media type may have."""
_PACKAGE: Final = "openapi.v2."
_NON_BODY: Final = {
    "header": "header_parameter_sub_schema",
    "formData": "form_data_parameter_sub_schema",
    "query": "query_parameter_sub_schema",
    "path": "path_parameter_sub_schema",
}
_SECURITY: Final = {
    "basic": "basic_authentication_security",
    "apiKey": "api_key_security",
    "implicit": "oauth2_implicit_security",
    "password": "oauth2_password_security",
    "application": "oauth2_application_security",
    "accessCode": "oauth2_access_code_security",
}
_INTEGERS: Final = frozenset({"int32", "int64", "uint32", "uint64"})

_CHOICES: Final[Mapping[str, Callable[[Any], str]]] = {
    "ParametersItem": lambda value: "json_reference" if "$ref" in value else "parameter",
    "Parameter": lambda value: "body_parameter" if value["in"] == "body" else "non_body_parameter",
    "NonBodyParameter": lambda value: _NON_BODY[value["in"]],
    "ResponseValue": lambda value: "json_reference" if "$ref" in value else "response",
    "SchemaItem": lambda value: "file_schema" if value.get("type") == "file" else "schema",
    "AdditionalPropertiesItem": lambda value: "boolean" if isinstance(value, bool) else "schema",
    "SecurityDefinitionsItem": lambda value: _SECURITY[value.get("flow", value["type"])],
}
"""Of a message that wraps one of several: which field a value goes to."""
_WHOLE: Final = {"TypeItem": "value", "StringArray": "value", "ItemsItem": "schema"}
"""Messages that hold a value, or each of a list of values, in one field."""
_KEYED: Final = {"Paths": "path", "Responses": "response_code"}
"""Messages that hold a map in this field; extensions stand beside."""


@attrs.frozen
class _Row:
    """A field of a message: its encoded tag, its type without the package, and the key of its JSON."""

    tag: bytes
    name: str
    type: str
    key: str
    repeated: bool


_Rows: TypeAlias = Mapping[str, _Row]


def encode_v2(document: Mapping[str, Any], facts: Facts) -> bytes:
    """The message `openapi.v2.Document` of a version 2 document.

    Args:
        document: As JSON.
        facts: Of which the messages of `openapi.v2` are used.

    Raises:
        KeyError: The document is none, or the facts lack its messages.
    """
    return _Encoder(facts).message("Document", document)


class _Encoder:
    """Encodes one document. Parts that stand in it more than once (the same object) are encoded once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._rows: dict[str, _Rows] = {}
        self._done: dict[tuple[str, int], bytes] = {}

    def message(self, type_: str, value: Any) -> bytes:
        """A value as a message of a type."""
        key = type_, id(value)
        found = self._done.get(key)
        if found is None:
            found = self._done[key] = b"".join(self._parts(type_, value))
        return found

    def _parts(self, type_: str, value: Any) -> Iterator[bytes]:
        rows = self._rows_of(type_)
        if type_ == "Any":
            yield _delimited(rows["yaml"].tag, _yaml(value))
        elif type_ in _CHOICES:
            row = rows[_CHOICES[type_](value)]
            yield self._field(row, value, keep_zero=True)
        elif type_ in _WHOLE:
            for each in value if isinstance(value, list | tuple) else (value,):
                yield self._field(rows[_WHOLE[type_]], each)
        else:
            yield from self._object(type_, rows, value)

    def _object(self, type_: str, rows: _Rows, value: Mapping[str, Any]) -> Iterator[bytes]:
        """A message whose JSON is an object."""
        entries = rows.get(_KEYED.get(type_, "additional_properties"))
        is_map = entries is not None and entries.repeated
        extensions = rows.get("vendor_extension")
        for row in rows.values():
            if row is entries and is_map:
                for key, each in value.items():
                    if extensions is None or not key.startswith("x-"):
                        yield self._named(row, key, each)
            elif row is extensions:
                for key, each in value.items():
                    if key.startswith("x-"):
                        yield self._named(row, key, each)
            elif row.key in value:
                field = value[row.key]
                for each in field if row.repeated else (field,):
                    yield self._field(row, each)

    def _named(self, row: _Row, key: str, value: Any) -> bytes:
        """An entry of a map: a message of a name and a value."""
        inner = self._rows_of(row.type)
        name = _delimited(inner["name"].tag, key.encode())
        return _delimited(row.tag, name + self._field(inner["value"], value))

    def _field(self, row: _Row, value: Any, *, keep_zero: bool = False) -> bytes:
        """One value of a field; a zero is left out, except in a choice, where it says what was chosen."""
        match row.type:
            case "string":
                return _delimited(row.tag, value.encode()) if value or row.repeated else b""
            case "bool":
                return row.tag + (b"\x01" if value else b"\x00") if value or keep_zero else b""
            case "double":
                return row.tag + struct.pack("<d", value) if value else b""
            case type_ if type_ in _INTEGERS:
                return row.tag + _varint(value) if value else b""
            case type_:
                return _delimited(row.tag, self.message(type_, value))

    def _rows_of(self, type_: str) -> _Rows:
        found = self._rows.get(type_)
        if found is None:
            made = (_row(*row[:3], repeated="repeated" in row[3:]) for row in self._facts[_PACKAGE + type_])
            found = self._rows[type_] = {row.name: row for row in made}
        return found


def _row(number: int, name: str, type_: str, *, repeated: bool) -> _Row:
    type_ = type_.removeprefix(_PACKAGE)
    wire = 1 if type_ == "double" else 0 if type_ == "bool" or type_ in _INTEGERS else 2
    return _Row(_varint(number << 3 | wire), name, type_, _json_key(name), repeated)


def _json_key(name: str) -> str:
    """The key of a field's JSON: `$ref` of `_ref`, `operationId` of `operation_id`."""
    if name == "_ref":
        return "$ref"
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _yaml(value: Any) -> bytes:
    """A free value as text."""
    return orjson.dumps(value) + b"\n"


def _delimited(tag: bytes, data: bytes) -> bytes:
    return tag + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    """A number in groups of seven bits; a negative one as 64 bits."""
    value &= 0xFFFFFFFFFFFFFFFF
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)

"""The OpenAPI version 2 document as protobuf, the form in which old kubectls want it. Pure.

Only what the documents of this server hold is encoded. Extensions are YAML texts, for which JSON will do.

Source: github.com/google/gnostic-models, `openapiv2/OpenAPIv2.proto` (the field numbers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from kubelite.apimachinery.scheme import Object

_METHOD_FIELDS: Final = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}


def encode(document: Object) -> bytes:
    """The message `openapi.v2.Document` of a document."""
    info = document["info"]
    return b"".join(
        (
            _text(1, document["swagger"]),
            _message(2, _text(1, info["title"]) + _text(2, info["version"])),
            _message(
                8,
                b"".join(_message(2, _named(path, _path(item))) for path, item in document["paths"].items()),
            ),
            _message(9, _schemas(document["definitions"])),
        )
    )


def _schemas(schemas: Mapping[str, Object]) -> bytes:
    """The messages `Definitions` and `Properties`: schemas by name."""
    return b"".join(_message(1, _named(name, _schema(each))) for name, each in schemas.items())


def _schema(schema: Object) -> bytes:
    """The message `Schema`."""
    parts = [
        _text(1, schema.get("$ref", "")),
        _text(2, schema.get("format", "")),
        _texts(19, schema.get("required", ())),
    ]
    if isinstance(schema.get("additionalProperties"), dict):
        parts.append(_message(21, _message(1, _schema(schema["additionalProperties"]))))
    if "type" in schema:
        parts.append(_message(22, _text(1, schema["type"])))
    if "items" in schema:
        parts.append(_message(23, _message(1, _schema(schema["items"]))))
    if "properties" in schema:
        parts.append(_message(25, _schemas(schema["properties"])))
    parts.append(_extensions(31, schema))
    return b"".join(parts)


def _path(item: Object) -> bytes:
    """The message `PathItem`."""
    parts = [
        _message(number, _operation(item[method]))
        for method, number in _METHOD_FIELDS.items()
        if method in item
    ]
    parts += [_message(9, _parameter(each)) for each in item.get("parameters", ())]
    return b"".join(parts)


def _operation(operation: Object) -> bytes:
    """The message `Operation`."""
    responses = b"".join(
        _message(1, _named(code, _message(1, _text(1, each["description"]))))
        for code, each in operation["responses"].items()
    )
    return b"".join(
        (
            _text(5, operation["operationId"]),
            _texts(7, operation.get("consumes", ())),
            *(_message(8, _parameter(each)) for each in operation.get("parameters", ())),
            _message(9, responses),
            _extensions(13, operation),
        )
    )


def _parameter(parameter: Object) -> bytes:
    """The message `ParametersItem`."""
    name, where = _text(4, parameter["name"]), _text(2, parameter["in"])
    required = _flag(1, on=parameter.get("required", False))
    if parameter["in"] == "body":
        name, where = _text(2, parameter["name"]), _text(3, "body")
        body = name + where + _flag(4, on=True) + _message(5, _schema(parameter["schema"]))
        return _message(1, _message(1, body))
    if parameter["in"] == "query":
        return _message(1, _message(2, _message(3, required + where + name + _text(6, parameter["type"]))))
    return _message(1, _message(2, _message(4, required + where + name + _text(5, parameter["type"]))))


def _extensions(number: int, holder: Object) -> bytes:
    """The extensions of an object, each a `NamedAny`."""
    return b"".join(
        _message(number, _named(name, _text(2, orjson.dumps(value).decode() + "\n")))
        for name, value in holder.items()
        if name.startswith("x-")
    )


def _named(name: str, value: bytes) -> bytes:
    """A `Named…` message: a name and a message."""
    return _text(1, name) + _message(2, value)


def _text(number: int, text: str) -> bytes:
    """A text; an empty one is left out."""
    return _message(number, text.encode()) if text else b""


def _texts(number: int, texts: Iterable[Any]) -> bytes:
    """Several texts."""
    return b"".join(_message(number, text.encode()) for text in texts)


def _flag(number: int, *, on: bool) -> bytes:
    """A boolean; false is left out."""
    return _varint(number << 3) + b"\x01" if on else b""


def _message(number: int, value: bytes) -> bytes:
    """Anything with a length."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """A number in groups of seven bits."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)

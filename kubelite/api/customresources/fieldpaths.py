"""Paths to fields that a schema specifies: of selectable fields, and of what a CEL rule blames.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go (ValidFieldPath).
"""

from __future__ import annotations

import re
from typing import Final

from kubelite.apimachinery.structural import Structural

_TOKEN: Final = re.compile(r"'(?:[^'\\]|\\.)*'|[.\[\]]|[^.\[\]]+")
_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "'": "'",
    "\\": "\\",
}


class FieldPathError(ValueError):
    """The path is none, or leads to nothing; the text says why."""


def resolve(path: str, schema: Structural, *, with_keys: bool = True) -> tuple[str, Structural]:
    """The path as field errors write it, and the node that it leads to.

    Args:
        path: `.spec.host` or `.spec.labels['a.b']`.
        schema: Where it begins.
        with_keys: Whether there may be brackets.

    Raises:
        FieldPathError: It does not lead to a field.
    """
    tokens = iter(_TOKEN.findall(path))
    made = ""
    node = schema
    for token in tokens:
        if token == ".":  # noqa: S105 - a token of a grammar
            name = next(tokens, None)
            if name is None:
                raise FieldPathError("unexpected end of JSON path")
        elif token == "[":  # noqa: S105
            if not with_keys:
                raise FieldPathError("array notation is not allowed")
            name = _key(next(tokens, None))
            closing = next(tokens, None)
            if closing is None:
                raise FieldPathError("unexpected end of JSON path")
            if closing != "]":
                raise FieldPathError(f"expected ] but got {closing}")
        else:
            raise FieldPathError(f"expected [ or . but got: {token}")
        made, node = _step(made, node, name)
    return made, node


def _key(token: str | None) -> str:
    if token is None:
        raise FieldPathError("unexpected end of JSON path")
    if len(token) < 2 or token[0] != "'" or token[-1] != "'":
        raise FieldPathError(f"expected single quoted string but got {token}")

    def unescaped(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise FieldPathError(f"invalid string literal: invalid escape char {match[0]}")
        return _ESCAPES[match[1]]

    return re.sub(r"\\(.)", unescaped, token[1:-1])


def _step(made: str, node: Structural, name: str) -> tuple[str, Structural]:
    if node.properties:
        found = node.properties.get(name)
        if found is not None:
            return f"{made}.{name}" if made else name, found
    elif node.additional_node is not None:
        return f"{made}[{name}]", node.additional_node
    raise FieldPathError("does not refer to a valid field")

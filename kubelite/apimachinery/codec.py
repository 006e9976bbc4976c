"""Bodies of requests into JSON trees: JSON, YAML 1.1 as Go reads it, with limits against bombs.

Source: sigs.k8s.io/yaml (YAML by way of JSON), sigs.k8s.io/json (duplicate fields).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import orjson

from kubelite.apimachinery.depth import DEPTH_MAX, TOO_DEEP, TooDeepError, shallow
from kubelite.apimachinery.utf8 import text_of

JSON_TYPE: Final = "application/json"
YAML_TYPE: Final = "application/yaml"
PROTOBUF_TYPE: Final = "application/vnd.kubernetes.protobuf"
NODES_MAX: Final = 1_000_000
"""Nodes of a YAML document with its aliases followed: what a bomb would exceed."""


_YAML_TOO_DEEP: Final = f"yaml: {TOO_DEEP} of {DEPTH_MAX}"
_INTEGER_END: Final = 1 << 64
_INTEGER_DIGITS_MAX: Final = 40
"""Longer ones are no integers in any base."""
_SHOWN_MAX: Final = 60
_NUMBER: Final = re.compile(
    r"^(?:[-+]?(?:0[bB][01_]+|0[oO]?[0-7_]+|0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)"
    r"(?:[eE][-+]?[0-9]+)?)|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)


class CodecError(ValueError):
    """The body does not parse; the text is that of Go's decoders."""


class Parsed(NamedTuple):
    """A body as a tree.

    Attributes:
        value: Usually an object.
        duplicates: Paths of keys which stand twice; the last one counts.
    """

    value: Any
    duplicates: tuple[str, ...] = ()


def parse_json(body: bytes, *, duplicates: bool = False) -> Parsed:
    """A JSON body.

    Args:
        body: UTF-8.
        duplicates: Also look for keys that stand twice, which takes longer.

    Raises:
        CodecError: It does not parse, or is nested too deeply.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        mended = _mended(body)
        if mended != body:
            return parse_json(mended, duplicates=duplicates)
        raise CodecError(_json_problem(body, error)) from error
    if body.count(b"[") + body.count(b"{") > DEPTH_MAX:
        try:
            shallow(value)
        except TooDeepError as error:
            raise CodecError(str(error)) from error
    if not duplicates or not isinstance(value, dict | list) or _has_no_duplicates(body, value):
        return Parsed(value)
    marked = json.loads(body, object_pairs_hook=_Marked.of)
    return Parsed(value, tuple(_duplicates(marked, "")))


def _mended(body: bytes) -> bytes:
    """The body with U+FFFD for what is no UTF-8, and for halves of surrogate pairs, as Go reads it."""
    text = _ESCAPE.sub(lambda found: "\\ufffd" if found[1] else found[0], text_of(body))
    return text.encode()


_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""An escape in a string; the group is half of a surrogate pair without the other half."""


def _has_no_duplicates(body: bytes, value: Any) -> bool:
    """Whether no key can stand twice, told quickly by counting colons.

    Each member has one behind its key, and those inside of strings are the same before and after parsing,
    as long as none is written as an escape. A key that stands twice has lost at least one of them.
    """
    if b"\\u003" in body:
        return False
    return body.count(b":") == orjson.dumps(value).count(b":")


class _Marked(dict[str, Any]):
    """An object that remembers which of its keys stood twice."""

    twice: tuple[str, ...] = ()

    @classmethod
    def of(cls, pairs: list[tuple[str, Any]]) -> _Marked:
        made = cls(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            made.twice = tuple(dict.fromkeys(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
        return made


def _duplicates(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Marked):
        for key in value.twice:
            yield f"{path}.{key}" if path else key
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                yield from _duplicates(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if isinstance(inner, dict | list):
                yield from _duplicates(inner, f"{path}[{index}]")


_DECIMAL: Final = re.compile(r"[-+.0-9eE]+")
_JSON_PROBLEMS: Final = {
    "unexpected content after document": "after top-level value",
    "unexpected character, expected ':' after key": "after object key",
    "unexpected character, expected ',' or ']'": "after array element",
    "unexpected character, expected ',' or '}'": "after object key:value pair",
    "unexpected character, expected a string key": "looking for beginning of object key string",
    "unexpected control character in string": "in string literal",
    "invalid escaped sequence in string": "in string escape code",
}
"""What orjson says, and where Go says that the character stands."""


def _json_problem(body: bytes, error: orjson.JSONDecodeError) -> str:
    """What Go says of the same body, as near as it can be told."""
    text, at = body.decode(errors="replace"), error.pos
    if "recursion" in error.msg.lower() or "depth" in error.msg:
        return TOO_DEEP
    if error.msg.startswith("number is infinity"):
        number = _DECIMAL.match(text, at)
        return f"json: cannot unmarshal number {number[0] if number else ''} into Go value of type float64"
    if at >= len(text.rstrip()):
        return "unexpected end of JSON input"
    where = next(
        (go for said, go in _JSON_PROBLEMS.items() if error.msg.startswith(said)),
        "looking for beginning of value",
    )
    if error.msg.startswith("trailing comma"):
        at += 1 + len(text[at + 1 :]) - len(text[at + 1 :].lstrip())
        if text[at : at + 1] == "}":
            where = "looking for beginning of object key string"
    elif error.msg.startswith("invalid escaped") and text[at] == "\\":
        at += 1
    elif error.msg.startswith("invalid literal"):
        at, where = _wrong_literal(text, at)
    if at >= len(text):
        return "unexpected end of JSON input"
    shown = {"'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}.get(text[at], text[at])
    return f"invalid character '{shown}' {where}"


def _wrong_literal(text: str, at: int) -> tuple[int, str]:
    """Where `true`, `false` or `null` goes wrong, and how."""
    literal = {"t": "true", "f": "false", "n": "null"}.get(text[at], "")
    for index, wanted in enumerate(literal):
        if text[at + index : at + index + 1] != wanted:
            return at + index, f"in literal {literal} (expecting '{wanted}')"
    return at, "looking for beginning of value"


@cache
def _loader() -> Any:
    """A YAML loader with the booleans and numbers of Go's YAML 1.1, and limits."""
    import yaml  # noqa: PLC0415 - YAML is loaded when first used

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """See above."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            if not isinstance(node, yaml.MappingNode):
                return super().construct_mapping(node, deep)
            self.flatten_mapping(node)
            made: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = _key_text(self.construct_object(key_node, deep=True))
                if key in made:
                    line = key_node.start_mark.line + 1
                    self.repeated.append(f'  line {line}: key "{key}" already set in map')
                made[key] = self.construct_object(value_node, deep=True)
            return made

        repeated: list[str]

    replaced = {f"tag:yaml.org,2002:{name}" for name in ("timestamp", "int", "float", "value")}
    Loader.yaml_implicit_resolvers = {
        char: [(tag, pattern) for tag, pattern in found if tag not in replaced]
        for char, found in base.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:y|Y|n|N)$"), list("yYnN"))
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", _NUMBER, list("-+.0123456789"))
    Loader.bool_values = {**base.bool_values, "y": True, "n": False}
    for name in ("int", "float"):
        Loader.add_constructor(f"tag:yaml.org,2002:{name}", _constructed_number)
    binary = Loader.yaml_constructors["tag:yaml.org,2002:binary"]
    Loader.add_constructor(
        "tag:yaml.org,2002:binary", lambda loader, node: binary(loader, node).decode(errors="replace")
    )
    for name in ("timestamp", "set", "omap", "pairs"):
        Loader.add_constructor(f"tag:yaml.org,2002:{name}", _untagged)
    Loader.add_constructor(None, _untagged)
    return Loader


def _constructed_number(_loader: Any, node: Any) -> int | float | str:
    try:
        return _number(node.value)
    except ValueError as error:
        if isinstance(error, CodecError):
            raise
        tag = node.tag.rpartition(":")[2]
        raise CodecError(f"yaml: cannot decode !!str `{_shortened(node.value)}` as a !!{tag}") from error


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def _number(text: str) -> int | float | str:
    """A number as Go's YAML reads it: no sexagesimals, exponents without a dot, whole floats as integers.

    What looks like one and is too large stays a text.

    Raises:
        CodecError: JSON has no such number.
        ValueError: It is none, although its tag says so.
    """
    plain = text.replace("_", "")
    digits = plain.lstrip("+-")
    if digits[1:].lower() in {"inf", "nan"}:
        shown = "NaN" if digits[1:].lower() == "nan" else "-Inf" if plain[0] == "-" else "+Inf"
        raise CodecError(f"json: unsupported value: {shown}")
    base = {"0x": 16, "0b": 2, "0o": 8}.get(digits[:2].lower(), 10)
    if base != 10:
        value: int | float = int(digits[2:], base)
        if value >= _INTEGER_END:
            return text
    elif digits.isdecimal() and len(digits) <= _INTEGER_DIGITS_MAX:
        octal = len(digits) > 1 and digits[0] == "0" and not set(digits) & {"8", "9"}
        value = int(digits, 8 if octal else 10)
    else:
        value = float(digits)
        if math.isinf(value):
            return text
    value = -value if plain.startswith("-") else value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _INTEGER_END else value
    return value if -(_INTEGER_END >> 1) <= value < _INTEGER_END else float(value)


def _untagged(loader: Any, node: Any) -> Any:
    """What a tag that JSON has no form for is put on, as if it were not there."""
    match node.id:
        case "scalar":
            return node.value
        case "sequence":
            return [loader.construct_object(each, deep=True) for each in node.value]
        case _:
            return loader.construct_mapping(node, deep=True)


def _key_text(key: Any) -> str:
    if isinstance(key, dict | list):
        raise CodecError(f"yaml: invalid map key: {orjson.dumps(key).decode()}")
    if isinstance(key, bool):
        return "true" if key else "false"
    if key is None:
        return "null"
    return str(key)


def _load_documents(text: str) -> Iterator[tuple[Any, list[str]]]:
    import yaml  # noqa: PLC0415 - as above

    try:
        loader = _loader()(text)
    except yaml.YAMLError as error:
        raise CodecError(_yaml_problem(error)) from error
    loader.repeated = []
    try:
        while loader.check_node():
            node = loader.get_node()
            _measure(node)
            loader.repeated = []
            value = loader.construct_document(node)
            yield value, list(loader.repeated)
    except yaml.YAMLError as error:
        raise CodecError(_yaml_problem(error)) from error
    except CodecError:
        raise
    except RecursionError as error:
        raise CodecError(_YAML_TOO_DEEP) from error
    except ValueError as error:
        raise CodecError(f"yaml: {error}") from error
    finally:
        loader.dispose()


def _measure(root: Any) -> None:
    """Refuses a document which its aliases blow up, or which is nested too deeply.

    Raises:
        CodecError: It is such a document.
    """
    sizes: dict[int, int] = {}
    depths: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(root, False)]
    open_nodes: set[int] = set()
    while stack:
        node, done = stack.pop()
        key, children = id(node), _children(node)
        if done:
            open_nodes.discard(key)
            sizes[key] = 1 + sum(sizes[id(child)] for child in children)
            if sizes[key] > NODES_MAX:
                raise CodecError("yaml: document contains excessive aliasing")
            depths[key] = 1 + max((depths[id(child)] for child in children), default=0)
            if depths[key] > DEPTH_MAX:
                raise CodecError(_YAML_TOO_DEEP)
        elif not isinstance(node.value, list):
            sizes[key], depths[key] = 1, 0
        elif key in open_nodes:
            raise CodecError("yaml: anchor value contains itself")
        elif key not in sizes:
            open_nodes.add(key)
            stack.append((node, True))
            stack += [(child, False) for child in children]


def _children(node: Any) -> list[Any]:
    if not isinstance(node.value, list):
        return []
    return [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]


def _yaml_problem(error: Any) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or str(error)
    if "nesting depth" in problem:  # libyaml has a limit of its own
        return _YAML_TOO_DEEP
    where = f"line {mark.line + 1}: " if mark is not None and mark.line else ""
    problem = problem.replace("values are not allowed here", "values are not allowed in this context")
    return f"yaml: {where}{problem}"


def parse_yaml(body: bytes) -> Parsed:
    """A YAML body with one document.

    Raises:
        CodecError: It does not parse.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise CodecError("yaml: invalid leading UTF-8 octet") from error
    for value, repeated in _load_documents(text):
        return Parsed(value, tuple(repeated))
    return Parsed(None)


def parse_yaml_documents(text: str) -> list[Any]:
    """All documents of a YAML (or JSON) text, empty ones left out.

    Raises:
        CodecError: It does not parse.
    """
    return [value for value, _ in _load_documents(text) if value is not None]


@cache
def _dumper() -> Any:
    import yaml  # noqa: PLC0415 - as above

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        """Trees that objects share are written out wherever they stand: Kubernetes knows no anchors."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    return Dumper


def to_yaml(value: Any) -> bytes:
    """A tree as YAML, as the API server writes it: keys sorted."""
    import yaml  # noqa: PLC0415 - as above

    text = yaml.dump(
        value, Dumper=_dumper(), default_flow_style=False, allow_unicode=True, sort_keys=True, width=10_000
    )
    return str(text).encode()

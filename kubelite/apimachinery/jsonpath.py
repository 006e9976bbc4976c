"""The part of kubectl's JSONPath that conditions need: names, indices, `[*]` and filters.

Source: https://kubernetes.io/docs/reference/kubectl/jsonpath/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import attrs
import orjson

_STEP = re.compile(
    r"\.?(?P<name>(?:[A-Za-z0-9_\-$/]|\\.)+)|\[(?P<index>-?\d+)\]|(?P<all>\[\*\]|\.\*)"
    r"|\['(?P<quoted>(?:[^'\\]|\\.)+)'\]|\[\?\(@(?P<path>[^=!<>)]*)(?:(?P<operator>==|!=)(?P<value>[^)]*))?\)\]|(?P<root>\.)"
)


@attrs.frozen
class Filter:
    """`[?(@.a=="b")]`: items whose field is (or is not) a value, or is there at all."""

    path: Path
    operator: str
    value: Any


Step: TypeAlias = str | int | Filter | None
"""A name, an index, None for all items, or a filter."""


@attrs.frozen
class Path:
    """A parsed expression."""

    steps: tuple[Step, ...]

    def find(self, obj: Any) -> list[Any]:
        """All values that the expression leads to."""
        found = [obj]
        for step in self.steps:
            found = [value for each in found for value in _follow(each, step)]
        return found


def _follow(value: Any, step: Step) -> Iterator[Any]:
    match step:
        case None:
            yield from value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        case Filter():
            for item in value if isinstance(value, list) else ():
                if _holds(step, item):
                    yield item
        case int():
            if isinstance(value, list) and -len(value) <= step < len(value):
                yield value[step]
        case _:
            if isinstance(value, dict) and step in value:
                yield value[step]


def _holds(test: Filter, item: Any) -> bool:
    found = test.path.find(item)
    if not test.operator:
        return bool(found)
    return any((each == test.value) == (test.operator == "==") for each in found)


def parse(expression: str) -> Path:
    """The path of an expression; braces and the leading `$` or dot may be left out.

    Raises:
        ValueError: The expression does not parse.
    """
    text = expression.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    text = text.removeprefix("$")
    steps: list[Step] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None or match.end() == at or text.startswith("..", at):
            raise ValueError(f"JSONPath {expression!r} does not parse at {text[at:]!r}")
        at = match.end()
        if match["name"] is not None:
            steps.append(re.sub(r"\\(.)", r"\1", match["name"]))
        elif match["quoted"] is not None:
            steps.append(re.sub(r"\\(.)", r"\1", match["quoted"]))
        elif match["index"] is not None:
            steps.append(int(match["index"]))
        elif match["all"] is not None:
            steps.append(None)
        elif match["path"] is not None:
            value = (match["value"] or "").strip()
            steps.append(Filter(parse(match["path"].strip()), match["operator"] or "", _literal(value)))
    return Path(tuple(steps))


def _literal(text: str) -> Any:
    if text[:1] in {"'", '"'}:
        return text[1:-1]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def format_value(value: Any) -> str:
    """A value as kubectl prints it: texts bare, the rest as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()

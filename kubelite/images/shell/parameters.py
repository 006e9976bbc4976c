"""What the operators of `${name<operator>word}` make of a value. Pure.

Source: POSIX.1-2017, Shell Command Language, 2.6.2 Parameter Expansion; the Bash Reference Manual, 3.5.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from kubelite.images.shell.ansi import unescape_ansi
from kubelite.images.shell.pattern import GROUP, matches, translate

_CASES: Mapping[str, Callable[[str], str]] = {
    "^": str.upper,
    "^^": str.upper,
    ",": str.lower,
    ",,": str.lower,
}


def transformed(value: str, operator: str, pattern: str, replacement: str) -> str:
    """The value after `#`, `##`, `%`, `%%`, `/`, `//`, `^`, `^^`, `,`, `,,` or `@`.

    Args:
        value: Of the parameter.
        operator: As written.
        pattern: Behind it; of `@` the letter.
        replacement: Of `/` and `//`.
    """
    if operator in _CASES:
        return _changed(value, pattern, operator)
    if operator == "@":
        return _rewritten(value, pattern)
    if operator in {"/", "//"}:
        return _replaced(value, pattern, replacement, count=1 if operator == "/" else 0)
    return _trimmed(value, pattern, operator)


def cut(value: str, offset: int, length: int | None) -> str:
    """`${value:offset:length}`; what is negative counts from the end."""
    start = max(0, len(value) + offset) if offset < 0 else offset
    if length is None:
        return value[start:]
    return value[start : start + length] if length >= 0 else value[start:length]


def cut_list(values: Sequence[str], offset: int, length: int | None) -> list[str]:
    """`${values[@]:offset:length}`."""
    start = len(values) + offset if offset < 0 else offset
    if start < 0:
        return []
    return list(values[start:] if length is None else values[start : start + max(0, length)])


def quoted(text: str) -> str:
    """A word that the shell reads as exactly `text`."""
    return "'" + text.replace("'", "'\\''") + "'"


def _changed(value: str, pattern: str, operator: str) -> str:
    """`^` and `,` change the first letter, `^^` and `,,` all that the pattern matches (any without one)."""
    change = _CASES[operator]
    length = len(value) if len(operator) > 1 else 1
    head = "".join(change(each) if matches(each, pattern or "?") else each for each in value[:length])
    return head + value[length:]


def _rewritten(value: str, letter: str) -> str:
    match letter:
        case "Q" | "K" | "k":
            return quoted(value)
        case "U":
            return value.upper()
        case "L":
            return value.lower()
        case "u":
            return value[:1].upper() + value[1:]
        case "E":
            return unescape_ansi(value.replace("'", "\\'") + "'", 0)[0]
        case _:
            return value


def _trimmed(value: str, pattern: str, operator: str) -> str:
    """The value without its shortest (or longest: the sign twice) beginning or end that matches."""
    longest = len(operator) > 1
    if operator.startswith("#"):
        if GROUP.search(pattern):  # of alternatives a regular expression finds the first, not the longest
            places = range(len(value), -1, -1) if longest else range(len(value) + 1)
            return next((value[at:] for at in places if matches(value[:at], pattern)), value)
        found = re.match(translate(pattern, lazy=not longest), value, re.DOTALL)
        return value[found.end() :] if found is not None else value
    head = ".*?" if longest else ".*"
    found = re.match(f"({head})(?:{translate(pattern)})\\Z", value, re.DOTALL)
    return found[1] if found is not None else value


def _replaced(value: str, pattern: str, replacement: str, *, count: int) -> str:
    if not pattern:
        return value
    if pattern[0] == "#" and count:
        expression = f"\\A(?:{translate(pattern[1:])})"
    elif pattern[0] == "%" and count:
        expression = f"(?:{translate(pattern[1:])})\\Z"
    else:
        expression = f"(?:{translate(pattern)})"
    return re.sub(expression, lambda _: replacement, value, count=count, flags=re.DOTALL)

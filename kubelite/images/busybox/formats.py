"""Backslash escapes and `printf` formats.

Source: POSIX.1-2017, File Format Notation; Utilities, printf.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ESCAPE = re.compile(r"\\(c|[abefnrtv\\\"']|0[0-7]{0,3}|x[0-9a-fA-F]{1,2}|[1-7][0-7]{0,2})")
_NAMED = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
}
_FORMAT = re.compile(r"%([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+))?([diouxXfeEgGcsbq%])")


def escape(text: str) -> tuple[str, bool]:
    r"""Text with its backslash escapes replaced, and whether `\c` ended it early."""
    stop = text.find("\\c")
    while stop > 0 and text[stop - 1] == "\\":
        stop = text.find("\\c", stop + 1)
    stopped = stop >= 0
    return _ESCAPE.sub(_character, text[:stop] if stopped else text), stopped


def _character(match: re.Match[str]) -> str:
    code = match.group(1)
    if code in _NAMED:
        return _NAMED[code]
    return chr(int(code[1:], 16)) if code[0] == "x" else chr(int(code, 8))


def format_printf(layout: str, args: Sequence[str]) -> str:
    """What `printf` prints: the format is used again while arguments are left."""
    rest, made = list(args), ""
    while True:
        before = len(rest)
        made += _once(layout, rest)
        if not rest or len(rest) == before:
            return made


def _once(layout: str, rest: list[str]) -> str:
    def one(match: re.Match[str]) -> str:
        flags, width, precision, kind = match.groups()
        if kind == "%":
            return "%"
        width = rest.pop(0) if width == "*" and rest else width
        precision = rest.pop(0) if precision == "*" and rest else precision
        value = rest.pop(0) if rest else ""
        spec = "%" + flags + (width or "") + (f".{precision}" if precision is not None else "")
        if kind in "diouxX":
            return (spec + ("d" if kind in "iu" else kind)) % _integer(value)
        if kind in "feEgG":
            return (spec + kind) % float(value or 0)
        if kind == "c":
            value = value[:1]
        elif kind == "b":
            value = escape(value)[0]
        return (spec + "s") % value

    pieces, at = [], 0
    for match in _FORMAT.finditer(layout):
        pieces += [escape(layout[at : match.start()])[0], one(match)]
        at = match.end()
    return "".join([*pieces, escape(layout[at:])[0]])


def _integer(text: str) -> int:
    try:
        return ord(text[1]) if text[:1] in {"'", '"'} and len(text) > 1 else int(text or "0", 0)
    except ValueError:
        match = re.match(r"\s*[-+]?\d+", text)
        return int(match.group(0)) if match else 0

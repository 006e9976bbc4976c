"""The built-in functions of awk that only calculate.

Source: POSIX.1-2017, Utilities, awk, Functions; strftime and systime as in BusyBox.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from kubelite.images.busybox.awk.values import Input, Value, number_of, text_of
from kubelite.images.busybox.regex import compile_regex

_BLANKS: Final = " \t\n"
_DIRECTIVE: Final = re.compile(r"%([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+))?([diouxXfeEgGcs%])")
_STRFTIME: Final = "%a %b %e %H:%M:%S UTC %Y"


def regex(pattern: str) -> re.Pattern[str]:
    """An extended regular expression; one that is none matches itself."""
    try:
        return compile_regex(pattern, extended=True)
    except re.error:
        return re.compile(re.escape(pattern))


def fields_of(record: str, separator: str) -> list[str]:
    """Cuts a record: a blank separates by runs of blanks, one character by itself, more are an expression."""
    if separator == " ":
        return [each for each in re.split(f"[{_BLANKS}]+", record) if each]
    if not record:
        return []
    if not separator:
        return list(record)
    if len(separator) == 1 and separator != "\\":
        return record.split(separator)
    return split_by(separator, record)


def split_by(pattern: str, text: str) -> list[str]:
    """Cuts a text where an expression matches; an empty match does not separate."""
    if not text:
        return []
    pieces, at = [], 0
    for match in regex(pattern).finditer(text):
        if match.end() > match.start():
            pieces.append(text[at : match.start()])
            at = match.end()
    return [*pieces, text[at:]]


def substitute(pattern: str, replacement: str, text: str, *, everywhere: bool) -> tuple[str, int]:
    r"""What `sub` and `gsub` make of a text, and how often; `&` is what matched, `\&` an ampersand."""
    parts = re.split(r"(\\\\|\\&|&)", replacement)

    def made(match: re.Match[str]) -> str:
        known = {"&": match[0], "\\&": "&", "\\\\": "\\"}
        return "".join(known.get(part, part) for part in parts)

    return regex(pattern).subn(made, text, count=0 if everywhere else 1)


def substring(text: str, start: float, length: float | None) -> str:
    """`substr`: from the character `start`, counted from 1; what lies outside of the text is not there."""
    first = _rounded(start)
    last = len(text) + 1 if length is None else first + _rounded(length)
    return text[max(first, 1) - 1 : max(last, 1) - 1]


def _rounded(number: float) -> int:
    if math.isinf(number) or math.isnan(number):
        return 2**31 if number > 0 else -(2**31)
    return math.floor(number + 0.5)


def formatted(layout: str, values: Sequence[Value]) -> str:
    """`sprintf`: numbers are cut to what the format asks; what is missing is 0 or empty."""
    rest = list(values)

    def one(match: re.Match[str]) -> str:
        flags, width, precision, kind = match.groups()
        if kind == "%":
            return "%"
        width, precision = (
            str(int(number_of(rest.pop(0)))) if each == "*" and rest else each for each in (width, precision)
        )
        spec = f"%{flags}{width or ''}{'' if precision is None else '.' + precision}"
        value = rest.pop(0) if rest else None
        if kind in "diouxX":
            number = number_of(value)
            whole = int(number) if math.isfinite(number) else 0
            return (spec + ("d" if kind in "iu" else kind)) % (whole if kind in "di" else whole % 2**64)
        if kind in "feEgG":
            return (spec + kind) % number_of(value)
        if kind == "c":
            code = int(number_of(value)) if isinstance(value, float) else 0
            return (spec + "s") % (chr(code % 0x110000) if isinstance(value, float) else text_of(value)[:1])
        return (spec + "s") % text_of(value)

    return _DIRECTIVE.sub(one, layout)


def strftime(args: Sequence[Value], now: float) -> str:
    """`strftime([format [, seconds]])`, in UTC."""
    layout = text_of(args[0]) if args else _STRFTIME
    return time.strftime(layout, time.gmtime(number_of(args[1]) if len(args) > 1 else now))


Builtin = Callable[[Sequence[Value]], Value]


def _of_number(calculate: Callable[[float], float]) -> Builtin:
    def function(args: Sequence[Value]) -> Value:
        try:
            return float(calculate(number_of(args[0] if args else None)))
        except (ValueError, OverflowError):
            return math.nan

    return function


def _substr(args: Sequence[Value]) -> Value:
    return substring(text_of(args[0]), number_of(args[1]), None if len(args) < 3 else number_of(args[2]))


CALCULATING: Final[Mapping[str, Builtin]] = {
    "int": _of_number(math.trunc),
    "sqrt": _of_number(math.sqrt),
    "exp": _of_number(math.exp),
    "log": _of_number(math.log),
    "sin": _of_number(math.sin),
    "cos": _of_number(math.cos),
    "atan2": lambda args: math.atan2(number_of(args[0]), number_of(args[1])),
    "index": lambda args: float(text_of(args[0]).find(text_of(args[1])) + 1),
    "substr": _substr,
    "tolower": lambda args: text_of(args[0]).lower(),
    "toupper": lambda args: text_of(args[0]).upper(),
    "sprintf": lambda args: formatted(text_of(args[0]), args[1:]) if args else "",
    "and": lambda args: float(int(number_of(args[0])) & int(number_of(args[1]))),
    "or": lambda args: float(int(number_of(args[0])) | int(number_of(args[1]))),
    "xor": lambda args: float(int(number_of(args[0])) ^ int(number_of(args[1]))),
    "lshift": lambda args: float(int(number_of(args[0])) << int(number_of(args[1]))),
    "rshift": lambda args: float(int(number_of(args[0])) >> int(number_of(args[1]))),
}
"""By name: what their values are follows from their arguments alone."""


def array_of(texts: Sequence[str]) -> dict[str, Value]:
    """An array of texts, numbered from 1."""
    return {str(number): Input(text) for number, text in enumerate(texts, 1)}

"""`expr`: integers, comparisons, and what matches at the start of a string.

Source: POSIX.1-2017, Utilities, expr.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kubelite.images.busybox.regex import compile_regex
from kubelite.images.shell.process import Applet, Process

_LEVELS = (("|",), ("&",), ("=", "==", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"), (":",))


class ExprError(Exception):
    """The expression cannot be calculated; the text is what `expr` prints."""


class _Expression:
    def __init__(self, rest: list[str]) -> None:
        self.rest = rest

    def whole(self) -> str:
        """The value of all of it."""
        value = self.level(0)
        if self.rest:
            raise ExprError("syntax error")
        return value

    def _next(self) -> str:
        if not self.rest:
            raise ExprError("syntax error")
        return self.rest.pop(0)

    def level(self, number: int) -> str:
        if number == len(_LEVELS):
            return self._primary()
        value = self.level(number + 1)
        while self.rest and self.rest[0] in _LEVELS[number]:
            operator = self.rest.pop(0)
            value = _apply(operator, value, self.level(number + 1))
        return value

    def _primary(self) -> str:
        word = self._next()
        match word:
            case "(":
                value = self.level(0)
                if self._next() != ")":
                    raise ExprError("syntax error")
                return value
            case "length" if self.rest:
                return str(len(self._primary()))
            case "match" if len(self.rest) > 1:
                return _matched(self._primary(), self._primary())
            case "substr" if len(self.rest) > 2:
                text, start, length = self._primary(), _integer(self._primary()), _integer(self._primary())
                return text[start - 1 : start - 1 + length] if start > 0 and length > 0 else ""
            case "index" if len(self.rest) > 1:
                text, characters = self._primary(), self._primary()
                return str(next((at for at, char in enumerate(text, 1) if char in characters), 0))
        return word


def _true(text: str) -> bool:
    return text not in {"", "0"}


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise ExprError("non-numeric argument")
    return int(text)


def _matched(text: str, pattern: str) -> str:
    match = compile_regex(pattern, extended=False).match(text)
    if match is None:
        return "" if "\\(" in pattern else "0"
    return (match.group(1) or "") if match.re.groups else str(match.end())


def _apply(operator: str, left: str, right: str) -> str:
    match operator:
        case "|":
            return left if _true(left) else right if _true(right) else "0"
        case "&":
            return left if _true(left) and _true(right) else "0"
        case ":":
            return _matched(left, right)
        case "+" | "-" | "*" | "/" | "%":
            return str(_calculated(operator, _integer(left), _integer(right)))
    numeric = all(re.fullmatch(r"-?\d+", each) for each in (left, right))
    a, b = (int(left), int(right)) if numeric else (left, right)
    order = (a > b) - (a < b)  # type: ignore[operator]
    holds = {"=": order == 0, "==": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0}
    return str(int((holds | {">": order > 0, ">=": order >= 0})[operator]))


def _calculated(operator: str, left: int, right: int) -> int:
    if operator in {"/", "%"}:
        if right == 0:
            raise ExprError("division by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if operator == "/" else left - quotient * right
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


async def expr(process: Process) -> int:
    """`expr EXPRESSION`: 1 if the value is empty or 0, 2 if there is none."""
    expression = _Expression(list(process.argv[1:]))
    try:
        value = expression.whole()
    except (ExprError, re.error) as error:
        return await process.fail(str(error), 2)
    await process.out(value + "\n")
    return int(not _true(value))


APPLETS: Mapping[str, Applet] = {"expr": expr}

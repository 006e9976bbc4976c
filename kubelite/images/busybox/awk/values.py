"""What awk calculates with: numbers, strings, and input that is a number if it looks like one.

Source: POSIX.1-2017, Utilities, awk, Expressions in awk.
"""

from __future__ import annotations

import math
import re
from typing import Final, TypeAlias

SUBSEP: Final = "\x1c"
NUMBER_FORMAT: Final = "%.6g"
_LEADING: Final = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_WHOLE: Final = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*\Z")
_EXACT_MAX: Final = 2**53


class Input(str):
    """A string that came from outside: compared as a number if it looks like one."""

    __slots__ = ()


Value: TypeAlias = float | str | None
"""None is what has not been set: 0 and the empty string at once."""


def number_of(value: Value) -> float:
    """The value as a number: of a string what it begins with, else 0."""
    if isinstance(value, float):
        return value
    match = _LEADING.match(value) if value else None
    return float(match[1]) if match else 0.0


def text_of(value: Value, layout: str = NUMBER_FORMAT) -> str:
    """The value as a string; whole numbers as such, others by a format (CONVFMT or OFMT)."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < _EXACT_MAX:
        return str(int(value))
    return layout % value


def is_true(value: Value) -> bool:
    """Whether a condition of this value holds."""
    if isinstance(value, Input) and _WHOLE.match(value):
        return float(value) != 0
    return bool(value)


def _is_numeric(value: Value) -> bool:
    return not isinstance(value, str) or (isinstance(value, Input) and _WHOLE.match(value) is not None)


def compare(operator: str, left: Value, right: Value) -> bool:
    """Compares as numbers if both are numbers or look like ones, else as strings."""
    if _is_numeric(left) and _is_numeric(right):
        first, second = number_of(left), number_of(right)
        order = (first > second) - (first < second)
    else:
        one, two = text_of(left), text_of(right)
        order = (one > two) - (one < two)
    match operator:
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case "==":
            return order == 0
        case "!=":
            return order != 0
        case ">":
            return order > 0
        case _:
            return order >= 0


class DivisionByZeroError(Exception):
    """Something is divided by zero."""


def calculate(operator: str, left: float, right: float) -> float:
    """An arithmetic operation.

    Raises:
        DivisionByZeroError: The right side of a division is zero.
    """
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "^":
            try:
                return float(left**right)
            except (OverflowError, ZeroDivisionError):
                return math.inf
            except TypeError:
                return math.nan
        case _ if right == 0:
            raise DivisionByZeroError("division by zero")
        case "/":
            return left / right
        case _:
            return math.fmod(left, right)

"""Whole numbers out of texts, in the words of Go when they are none. Pure.

Source: Go's strconv (ParseInt, ParseUint), with the base 10.
"""

from __future__ import annotations

import re
from typing import Final

_SIGNED: Final = re.compile(r"[+-]?[0-9]+")
_UNSIGNED: Final = re.compile(r"[0-9]+")
_DIGITS_MAX: Final = 20
"""Of a number of 64 bits, leading zeros aside."""


class NumberError(ValueError):
    """A text is no number; says what Go says."""


def parse_int(text: str) -> int:
    """A signed number of 64 bits.

    Raises:
        NumberError: It is none.
    """
    return _parse("ParseInt", _SIGNED, text, -(1 << 63), 1 << 63)


def parse_uint(text: str) -> int:
    """A number of 64 bits without a sign.

    Raises:
        NumberError: It is none.
    """
    return _parse("ParseUint", _UNSIGNED, text, 0, 1 << 64)


def _parse(function: str, pattern: re.Pattern[str], text: str, least: int, end: int) -> int:
    if not pattern.fullmatch(text):
        raise NumberError(f'strconv.{function}: parsing "{text}": invalid syntax')
    digits = text.lstrip("+-").lstrip("0")
    size = int(digits or "0") if len(digits) <= _DIGITS_MAX else end
    number = -size if text.startswith("-") else size
    if not least <= number < end:
        raise NumberError(f'strconv.{function}: parsing "{text}": value out of range')
    return number

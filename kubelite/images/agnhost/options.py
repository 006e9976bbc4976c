"""Flags and durations as Go's programs read them."""

from __future__ import annotations

import re
from typing import Final

_UNITS_S: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_TERM: Final = re.compile(r"([\d.]+)(h|ms|m|s|us|ns)")
_FALSE: Final = frozenset({"0", "f", "F", "false", "False", "FALSE"})


def flag(args: list[str], name: str, default: str, short: str = "") -> str:
    """The value of `--name=value` or `--name value` (one dash does too), or `-n value`; the last counts."""
    found = default
    for index, arg in enumerate(args):
        key, equals, value = arg.partition("=")
        if arg.startswith("-") and key.lstrip("-") in {name, short} - {""}:
            found = value if equals else next(iter(args[index + 1 :]), "")
    return found


def is_set(args: list[str], name: str, *, default: bool = False) -> bool:
    """Whether a flag is on: `--name`, `--name=true`; `--name=false` turns it off."""
    found = default
    for arg in args:
        key, equals, value = arg.partition("=")
        if arg.startswith("-") and key.lstrip("-") == name:
            found = not equals or value not in _FALSE
    return found


def duration_s(text: str) -> float:
    """Seconds of a duration: `1m30s`, `20s`, `0`.

    Raises:
        ValueError: It is none.
    """
    if text.lstrip("+-") == "0":
        return 0.0
    terms = _TERM.findall(text)
    if not terms or "".join(number + unit for number, unit in terms) != text.lstrip("+-"):
        raise ValueError(f'time: invalid duration "{text}"')
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in terms)
    return -seconds if text.startswith("-") else seconds

"""Durations as Go writes them (`1h15m30.918s`) into seconds, with Go's words for what is wrong. Pure.

Source: Go's time.ParseDuration.
"""

from __future__ import annotations

import re
from typing import Final

_UNIT_S: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,  # the micro sign
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_NUMBER: Final = re.compile(r"[0-9]*(?:\.[0-9]*)?")
_UNIT: Final = re.compile(r"[^0-9.]*")
_SECONDS_MAX: Final = (1 << 63) / 1e9


class DurationError(ValueError):
    """The text is no duration."""


def parse_duration(text: str) -> float:
    """The seconds of a duration.

    Raises:
        DurationError: It is none.
    """
    invalid = DurationError(f'time: invalid duration "{text}"')
    negative, rest = text.startswith("-"), text[1:] if text[:1] in {"-", "+"} else text
    if rest == "0":
        return 0.0
    if not rest:
        raise invalid
    seconds = 0.0
    while rest:
        number = _NUMBER.match(rest)
        if number is None or number[0] in {"", "."}:
            raise invalid
        rest = rest[number.end() :]
        unit = _UNIT.match(rest)
        name = unit[0] if unit is not None else ""
        if not name:
            raise DurationError(f'time: missing unit in duration "{text}"')
        if name not in _UNIT_S:
            raise DurationError(f'time: unknown unit "{name}" in duration "{text}"')
        seconds += float(number[0]) * _UNIT_S[name]
        rest = rest[len(name) :]
    if seconds > _SECONDS_MAX:
        raise invalid
    return -seconds if negative else seconds

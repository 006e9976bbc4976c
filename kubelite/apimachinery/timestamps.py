"""Times as text, in Kubernetes' two precisions.

Source: RFC 3339; k8s.io/apimachinery/pkg/apis/meta/v1 (Time, MicroTime).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
"""Go's word for the form of a time, in the text of errors."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NAIVE_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - whose text has no zone
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)


@lru_cache(maxsize=256)
def _format_seconds(seconds: int) -> str:
    return f"{(_NAIVE_EPOCH + dt.timedelta(seconds=seconds)).isoformat()}Z"


def format_time(unix_s: float) -> str:
    """Whole seconds, cut off: `2026-01-02T03:04:05Z`.

    Raises:
        OverflowError: It is not within the years 1 to 9999.
    """
    return _format_seconds(math.floor(unix_s))


def format_micro_time(unix_s: float) -> str:
    """Microseconds: `2026-01-02T03:04:05.000000Z`."""
    whole, micro = divmod(round(unix_s * 1_000_000), 1_000_000)
    return f"{_format_seconds(whole)[:-1]}.{micro:06d}Z"


def _out_of_range(parts: Sequence[str]) -> str:
    """Which part of a time that does not exist is to blame, in Go's order."""
    _, month, _, hour, minute, second = map(int, parts)
    if not 1 <= month <= 12:
        return "month"
    for name, value, bound in (("hour", hour, 24), ("minute", minute, 60), ("second", second, 60)):
        if value >= bound:
            return name
    return "day"


def parse_time(text: str) -> float:
    """Unix seconds of an RFC 3339 time, with any fraction and offset.

    Raises:
        ValueError: The text is no such time.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f'parsing time "{text}" as "{LAYOUT}": cannot parse "{text}" as "2006"')
    *parts, fraction, zone = match.groups()
    try:
        moment = dt.datetime(*map(int, parts), tzinfo=dt.UTC)  # type: ignore[misc, arg-type]
    except ValueError as error:
        raise ValueError(f'parsing time "{text}": {_out_of_range(parts)} out of range') from error
    seconds = (moment - _EPOCH).total_seconds()
    if zone != "Z":
        sign = 1 if zone[0] == "+" else -1
        seconds -= sign * (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60)
    return seconds + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)

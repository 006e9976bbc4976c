"""Times as text, in Kubernetes' two precisions.

Source: RFC 3339; k8s.io/apimachinery/pkg/apis/meta/v1 (Time, MicroTime).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from functools import lru_cache

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|z|[+-]\d\d:\d\d)")


@lru_cache(maxsize=256)
def _format_seconds(seconds: int) -> str:
    return (_EPOCH + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_time(unix_s: float) -> str:
    """Whole seconds, cut off: `2026-01-02T03:04:05Z`."""
    return _format_seconds(math.floor(unix_s))


def format_micro_time(unix_s: float) -> str:
    """Microseconds: `2026-01-02T03:04:05.000000Z`."""
    whole, micro = divmod(round(unix_s * 1_000_000), 1_000_000)
    return f"{_format_seconds(whole)[:-1]}.{micro:06d}Z"


def parse_time(text: str) -> float:
    """Unix seconds of an RFC 3339 time, with any fraction and offset.

    Raises:
        ValueError: The text is no such time.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(
            f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"'
        )
    *parts, fraction, zone = match.groups()
    year, month, day, hour, minute, second = map(int, parts)
    moment = dt.datetime(year, month, day, hour, minute, min(second, 59), tzinfo=dt.UTC)
    seconds = (moment - _EPOCH).total_seconds() + (second - min(second, 59))
    if zone not in "Zz":
        sign = 1 if zone[0] == "+" else -1
        seconds -= sign * (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60)
    return seconds + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)

"""Which time zones there are.

Where the system has no database of them, that of the package `tzdata` serves.
"""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=128)
def is_time_zone(name: str) -> bool:
    """Whether a name is that of a time zone, such as "Europe/Rome"."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - few ever need it

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return False
    return True

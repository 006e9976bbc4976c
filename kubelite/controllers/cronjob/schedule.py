"""When a schedule runs next. Pure.

A schedule by fields runs at every whole minute whose wall time in its zone has these fields: at hours that a
change of the clocks leaves out it does not run, at those that come twice it runs twice.

Source: github.com/robfig/cron/v3 (spec.go, SpecSchedule.Next; constantdelay.go).
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Final

from kubelite.api.cron import Schedule

_YEARS_MAX: Final = 5
"""Schedules that find no time within so many years never run."""


def zone_of(name: str) -> dt.tzinfo:
    """The time zone of that name; UTC for none."""
    if name in ("", "UTC"):
        return dt.UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few ever need it

    return ZoneInfo(name)


def next_run(schedule: Schedule, after: float, zone: str = "") -> float | None:
    """The first time after `after`, both in Unix seconds; None if there is none for years.

    Args:
        schedule: With a zone of its own it is read in that.
        zone: Else in this one.
        after: Not this time itself.
    """
    if schedule.every_s is not None:
        return math.floor(after) + schedule.every_s
    info = zone_of(schedule.zone or zone)
    time = (math.floor(after) // 60 + 1) * 60
    last_year = dt.datetime.fromtimestamp(time, info).year + _YEARS_MAX
    while True:
        local = dt.datetime.fromtimestamp(time, info)
        if local.year > last_year:
            return None
        if local.month not in schedule.months:
            later = _midnight(local.year + local.month // 12, local.month % 12 + 1, 1, info)
        elif not _is_day(schedule, local):
            tomorrow = local.date() + dt.timedelta(days=1)
            later = _midnight(tomorrow.year, tomorrow.month, tomorrow.day, info)
        elif local.hour not in schedule.hours:
            later = time + (60 - local.minute) * 60
        elif local.minute not in schedule.minutes:
            minute = min((each for each in schedule.minutes if each > local.minute), default=60)
            later = time + (minute - local.minute) * 60
        else:
            return float(time)
        time = max(later, time + 60)


def _midnight(year: int, month: int, day: int, info: dt.tzinfo) -> int:
    return int(dt.datetime(year, month, day, tzinfo=info).timestamp())


def _is_day(schedule: Schedule, local: dt.datetime) -> bool:
    """By the day of the month and of the week: both, if one is any day; else either."""
    of_month = local.day in schedule.days
    of_week = local.isoweekday() % 7 in schedule.weekdays
    return (of_month and of_week) if any(schedule.starred) else (of_month or of_week)

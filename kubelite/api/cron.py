"""Schedules as CronJobs write them: five fields, or a descriptor such as `@daily`.

Source: github.com/robfig/cron/v3 (parser.go, ParseStandard), whose words the errors are in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import attrs

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_INTEGER_MAX: Final = 1 << 63
_EVERY: Final = "@every "
_DESCRIPTORS: Final[Mapping[str, str]] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DURATION: Final = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([^0-9.]*)", re.ASCII)
_UNITS_S: Final[Mapping[str, float]] = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}


class CronError(ValueError):
    """The text is no schedule; the message says why."""


@attrs.frozen
class _Bounds:
    lowest: int
    highest: int
    names: Mapping[str, int] = attrs.field(factory=dict)


_FIELDS: Final = (
    _Bounds(0, 59),
    _Bounds(0, 23),
    _Bounds(1, 31),
    _Bounds(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Bounds(0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


class Schedule(NamedTuple):
    """When to run.

    Attributes:
        minutes: Of the hour; the others likewise. Empty if `every_s` is given.
        starred: Whether days of the month and of the week are given as any day.
        every_s: Seconds between runs; None for a schedule by fields.
        zone: The time zone that the schedule names; "" if none.
    """

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    starred: tuple[bool, bool] = (False, False)
    every_s: float | None = None
    zone: str = ""


def parse_schedule(text: str, is_zone: Callable[[str], bool]) -> Schedule:
    """The schedule that a text stands for.

    Args:
        text: Such as "*/5 * * * *".
        is_zone: Whether a name is that of a time zone.

    Raises:
        CronError: It is none.
    """
    if not text:
        raise CronError("empty spec string")
    zone = ""
    if text.startswith(("TZ=", "CRON_TZ=")):
        first, _, text = text.partition(" ")
        zone = first.partition("=")[2]
        if not is_zone(zone):
            raise CronError(f"provided bad location {zone}: unknown time zone {zone}")
        text = text.strip()
    if text.startswith(_EVERY):
        return Schedule(every_s=_every(text), zone=zone)
    if text.startswith("@"):
        if text not in _DESCRIPTORS:
            raise CronError(f"unrecognized descriptor: {text}")
        text = _DESCRIPTORS[text]
    parts = text.split()
    if len(parts) != len(_FIELDS):
        listed = " ".join(parts)
        raise CronError(f"expected exactly {len(_FIELDS)} fields, found {len(parts)}: [{listed}]")
    values = [_field(part, bounds) for part, bounds in zip(parts, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = (numbers for numbers, _ in values)
    return Schedule(minutes, hours, days, months, weekdays, (values[2][1], values[4][1]), zone=zone)


def _every(text: str) -> float:
    try:
        return max(1.0, float(int(parse_duration(text.removeprefix(_EVERY)))))
    except ValueError as error:
        raise CronError(f"failed to parse duration {text}: {error}") from error


def _field(text: str, bounds: _Bounds) -> tuple[frozenset[int], bool]:
    """The numbers of a field, and whether it is a plain star."""
    numbers: set[int] = set()
    starred = False
    for part in text.split(","):
        if part:
            these, star = _range(part, bounds)
            numbers.update(these)
            starred |= star
    return frozenset(numbers), starred


def _range(text: str, bounds: _Bounds) -> tuple[range, bool]:
    whole, *steps = text.split("/")
    low, *highs = whole.split("-")
    starred = low in {"*", "?"}
    if starred:
        start, end = bounds.lowest, bounds.highest
    else:
        start = end = _number(low, bounds.names)
        if len(highs) == 1:
            end = _number(highs[0], bounds.names)
        elif highs:
            raise CronError(f"too many hyphens: {text}")
    step = 1
    if len(steps) == 1:
        step = _number(steps[0])
        if not highs:
            end = bounds.highest
    elif steps:
        raise CronError(f"too many slashes: {text}")
    if start < bounds.lowest:
        raise CronError(f"beginning of range ({start}) below minimum ({bounds.lowest}): {text}")
    if end > bounds.highest:
        raise CronError(f"end of range ({end}) above maximum ({bounds.highest}): {text}")
    if start > end:
        raise CronError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise CronError(f"step of range should be a positive number: {text}")
    return range(start, end + 1, step), starred and step == 1


def _number(text: str, names: Mapping[str, int] | None = None) -> int:
    named = (names or {}).get(text.lower())
    if named is not None:
        return named
    why = "" if _INTEGER.fullmatch(text) else "invalid syntax"
    if not why and not -_INTEGER_MAX <= int(text) < _INTEGER_MAX:
        why = "value out of range"
    if why:
        raise CronError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": {why}')
    if int(text) < 0:
        raise CronError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)


def parse_duration(text: str) -> float:
    """Seconds of a duration as Go writes it, such as "1h30m".

    Raises:
        ValueError: It is none; the text is Go's.
    """
    sign, rest = 1.0, text
    if rest[:1] in {"+", "-"}:
        sign, rest = (-1.0 if rest[0] == "-" else 1.0), rest[1:]
    if rest == "0":
        return 0.0
    total = 0.0
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    while rest:
        match = _DURATION.match(rest)
        if match is None:
            raise ValueError(f'time: invalid duration "{text}"')
        number, unit = match.groups()
        if not unit:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if unit not in _UNITS_S:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
        total += float(number) * _UNITS_S[unit]
        rest = rest[match.end() :]
    return sign * total

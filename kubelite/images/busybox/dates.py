"""`date`, and the times that applets are given as text.

Source: POSIX.1-2017, Utilities, date; BusyBox 1.36's help text; GNU coreutils' manual, 29 Date input formats.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Mapping
from typing import Any

from kubelite.images.shell.process import Applet, Process

_LAYOUTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S")
_STAMPS = ("%Y%m%d%H%M.%S", "%Y%m%d%H%M", "%Y%m%d")
_OF_TODAY = ("%H:%M:%S", "%H:%M")
_UNITS_S = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_RELATIVE = re.compile(r"([-+]?\s*\d+)\s*([a-z]+?)s?(\s+ago)?(?=\s|[-+]|\Z)")
_DAYS = {"now": 0, "today": 0, "tomorrow": 1, "yesterday": -1}


async def date(process: Process) -> int:
    """`date [-u] [-IR] [-d TIME] [-r FILE] [-D LAYOUT] [+LAYOUT]`, in UTC, by the cluster's clock."""
    now, layout, rest = process.container.clock.now(), "%a %b %e %H:%M:%S UTC %Y", list(process.argv[1:])
    given: str | None = None
    hint = ""
    while rest:
        arg = rest.pop(0)
        if arg.startswith("+"):
            layout = arg[1:]
        elif arg.startswith("--date"):
            given = arg.partition("=")[2] or (rest.pop(0) if rest else "")
        elif re.match(r"-u*d", arg):
            given = arg.partition("d")[2] or (rest.pop(0) if rest else "")
        elif arg.startswith("-D"):
            hint = arg[2:] or (rest.pop(0) if rest else "")
        elif arg.startswith(("-r", "--reference")):
            name = arg.partition("=")[2] or arg.removeprefix("--reference").removeprefix("-r")
            name = name or (rest.pop(0) if rest else "")
            try:
                now = process.container.files.stat(process.path(name)).mtime
            except OSError as error:
                return await process.fail(f"{name}: {error.strerror}")
        elif arg.startswith("-I"):
            layout = "%Y-%m-%dT%H:%M:%S+00:00" if "s" in arg else "%Y-%m-%d"
        elif arg in {"-R", "--rfc-2822"}:
            layout = "%a, %d %b %Y %H:%M:%S +0000"
        elif not arg.startswith("-"):
            settable = re.fullmatch(r"\d{8,12}(\.\d\d)?", arg)
            return await process.fail(
                "can't set date: Operation not permitted" if settable else f"invalid date '{arg}'"
            )
    if given is not None:
        found = _by_layout(given, hint) if hint else moment(given, now)
        if found is None:
            return await process.fail(f"invalid date '{given}'")
        now = found
    await process.out(_formatted(now, layout) + "\n")
    return 0


def _formatted(now: float, layout: str) -> str:
    own = {
        "%s": str(int(now)),
        "%N": f"{int(now * 1e9) % 10**9:09d}",
        "%3N": f"{int(now * 1e3) % 1000:03d}",
        "%Z": "UTC",
        "%z": "+0000",
        "%:z": "+00:00",
        "%P": "am" if time.gmtime(now).tm_hour < 12 else "pm",
    }
    layout = re.sub("%(?:3N|:z|.)", lambda match: own.get(match[0], match[0]), layout)
    return time.strftime(re.sub("%-([dmHMSIjl])", _unpadded(now), layout), time.gmtime(now))


def _unpadded(now: float) -> Any:
    """`%-d`: a number without zeros before it."""

    def number(match: re.Match[str]) -> str:
        return time.strftime(f"%{match[1]}", time.gmtime(now)).strip().lstrip("0") or "0"

    return number


def _by_layout(text: str, layout: str) -> float | None:
    try:
        return float(calendar.timegm(time.strptime(text, layout)))
    except ValueError:
        return None


def moment(text: str, now: float) -> float | None:
    """What `date -d` and `touch -d` are given, in Unix seconds; None if it cannot be read."""
    text = text.strip()
    if re.fullmatch(r"@-?\d+(\.\d+)?", text):
        return float(text[1:])
    today = time.strftime("%Y-%m-%d ", time.gmtime(now))
    tries = [
        *((text, each) for each in (*_LAYOUTS, *_STAMPS)),
        *((today + text, f"%Y-%m-%d {each}") for each in _OF_TODAY),
    ]
    found = next((time_ for each in tries if (time_ := _by_layout(*each)) is not None), None)
    return _relative(text, now) if found is None else found


def _relative(text: str, now: float) -> float | None:
    """`yesterday`, `2 hours ago`, `2024-01-02 +1 day`."""
    changes = list(_RELATIVE.finditer(text))
    start = _RELATIVE.sub("", text).strip() if changes else text
    if changes and start:
        base = moment(start, now)
    else:
        base = now if changes or not text else now + _DAYS[text] * _UNITS_S["day"] if text in _DAYS else None
    for change in changes:
        if base is None or change[2] not in _UNITS_S:
            return None
        sign = -1 if change[3] else 1
        base += sign * int(change[1].replace(" ", "")) * _UNITS_S[change[2]]
    return base


APPLETS: Mapping[str, Applet] = {"date": date}

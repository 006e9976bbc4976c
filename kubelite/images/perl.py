"""perl, as far as manifests use it: one-liners that print, as the digits of pi in the tutorial about Jobs.

Source: perldoc perlrun, and bigint's `bpi`: as many digits as are asked, rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kubelite.images.busybox import APPLETS, run_applets
from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.container import Container
from kubelite.images.registry import Image
from kubelite.images.shell.process import Applet, Process

DIGITS_MAX: Final = 100_000
"""More digits of pi would keep the process busy for too long."""

_GUARD: Final = 10
_PRINT: Final = re.compile(r"\s*(?:print|say)\s*\(?(.*?)\)?\s*;?\s*", re.DOTALL)
_PI: Final = re.compile(r"bpi\s*\(\s*(\d+)\s*")
_TEXT: Final = re.compile(r"\"([^\"$@\\]*(?:\\n)?)\"|'([^']*)'|(-?\d+(?:\.\d+)?)")


def pi(digits: int) -> str:
    """Pi with this many significant digits, the last one rounded; by Machin's formula in whole numbers."""
    unit = 10 ** (max(digits, 1) + _GUARD)
    scaled = 4 * (4 * _arccot(5, unit) - _arccot(239, unit))
    rounded = str((scaled // 10**_GUARD + 5) // 10)
    return rounded if len(rounded) == 1 else f"{rounded[0]}.{rounded[1:]}"


def _arccot(number: int, unit: int) -> int:
    """The arcus cotangent of a whole number, times `unit`."""
    term = total = unit // number
    divisor, sign = 3, -1
    while term:
        term //= number * number
        total += sign * (term // divisor)
        divisor, sign = divisor + 2, -sign
    return total


def evaluate(code: str) -> str | None:
    """What a one-liner prints; None if it is more than that."""
    found = _PRINT.fullmatch(code)
    if found is None:
        return None
    if (wanted := _PI.fullmatch(found[1])) and int(wanted[1]) <= DIGITS_MAX:
        return pi(int(wanted[1]))
    text = _TEXT.fullmatch(found[1].strip())
    return None if text is None else "".join(part or "" for part in text.groups()).replace("\\n", "\n")


async def perl(process: Process) -> int:
    """`perl [-MMODULE] [-wlE] -e CODE`."""
    try:
        options, _ = parse_options(process.argv[1:], "wlnpisTtW", "MmeEI")
    except UsageError as error:
        return await process.fail(str(error), 29)
    printed = evaluate(options.get("e", options.get("E", "")))
    if printed is None:
        return await process.fail("only one-liners that print a text, a number or bpi(N) run here", 255)
    await process.out(printed + ("\n" if {"l", "E"} & options.keys() else ""))
    return 0


_APPLETS: Final[Mapping[str, Applet]] = {**APPLETS, "perl": perl}


async def main(container: Container) -> int:
    """Runs a command of the image."""
    return await run_applets(container, _APPLETS)


IMAGE: Final = Image(program=main, kind="main", default_args=("bash",), exec=main, size=336_000_000)

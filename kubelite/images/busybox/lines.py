"""Applets that change how lines look or stand: shuf, strings, expand, unexpand, dos2unix, less.

Source: POSIX.1-2017, Utilities; BusyBox 1.36's help texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from kubelite.images.busybox.inputs import Absent, applet, each_line, open_inputs, read_lines
from kubelite.images.busybox.text import cat
from kubelite.images.shell.process import Applet, Process, decode, encode

_TAB = 8
_STRING_LEAST = 4


@applet("erz", "nio")
async def shuf(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`shuf [-n COUNT] [-e WORD... | -i LOW-HIGH | FILE]`, by the container's randomness."""
    status = 0
    if "e" in options:
        lines = list(names)
    elif "i" in options:
        low, _, high = options["i"].partition("-")
        lines = [str(number) for number in range(int(low), int(high) + 1)]
    else:
        lines, status = await read_lines(process, names[:1])
    process.container.random.shuffle(lines)
    await process.out("".join(line + "\n" for line in lines[: int(options.get("n", len(lines)))]))
    return status


@applet("afo", "nt")
async def strings(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`strings [-n LENGTH] [FILE]...`: what can be read of other bytes."""
    least, status = int(options.get("n", _STRING_LEAST)), 0
    async for _, source in open_inputs(process, names):
        status |= isinstance(source, Absent)
        for found in re.findall(rb"[\t\x20-\x7e]{%d,}" % least, await source.read()):
            await process.out(found + b"\n")
    return status


async def _changed(process: Process, names: list[str], change: Callable[[str], str]) -> int:
    absent: list[str] = []
    async for line in each_line(process, names, absent):
        await process.out(change(line))
    return int(bool(absent))


@applet("i", "t")
async def expand(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`expand [-t WIDTH] [FILE]...`: blanks instead of tabs."""
    width = int(options.get("t", _TAB))
    return await _changed(process, names, lambda line: line.expandtabs(width))


@applet("fa", "t")
async def unexpand(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`unexpand [-a] [-t WIDTH] [FILE]...`: tabs instead of blanks, at the beginning of lines or all."""
    width = int(options.get("t", _TAB))

    def change(line: str) -> str:
        text = line.expandtabs(width)
        blanks = len(text) - len(text.lstrip(" "))
        if "a" not in options:
            return "\t" * (blanks // width) + " " * (blanks % width) + text[blanks:]
        cells = [text[at : at + width] for at in range(0, len(text), width)]
        return "".join(
            re.sub(r" {2,}\Z", "\t", cell) if len(cell) == width and "\n" not in cell else cell
            for cell in cells
        )

    return await _changed(process, names, change)


async def _line_ends(process: Process, names: list[str], change: Callable[[str], str]) -> int:
    """Files are changed where they are; standard input is written to standard output."""
    files = process.container.files
    if not names:
        await process.out(change(decode(await process.stdin.read())))
    for name in names:
        path = process.path(name)
        try:
            files.write(path, encode(change(decode(files.read(path)))))
        except OSError as error:
            return await process.fail(f"{name}: {error.strerror}")
    return 0


@applet("ud")
async def dos2unix(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`dos2unix [FILE]...`."""
    return await _line_ends(process, names, lambda text: text.replace("\r\n", "\n"))


@applet("ud")
async def unix2dos(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`unix2dos [FILE]...`."""
    return await _line_ends(process, names, lambda text: re.sub("\r?\n", "\r\n", text))


APPLETS: Mapping[str, Applet] = {
    "shuf": shuf,
    "strings": strings,
    "expand": expand,
    "unexpand": unexpand,
    "dos2unix": dos2unix,
    "unix2dos": unix2dos,
    "less": cat,  # without a terminal there is nothing to wait for
    "more": cat,
}

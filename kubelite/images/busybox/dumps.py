"""Applets that show bytes: od, hexdump, xxd.

Source: POSIX.1-2017, Utilities, od; BusyBox 1.36's help texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from kubelite.images.busybox.inputs import applet, open_inputs
from kubelite.images.busybox.options import UsageError
from kubelite.images.shell.process import Applet, Process

_ROW = 16
_NAMED = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
_SHOWN = range(32, 127)
_WIDTHS = {
    ("o", 1): 3,
    ("o", 2): 6,
    ("o", 4): 11,
    ("o", 8): 22,
    ("x", 1): 2,
    ("x", 2): 4,
    ("x", 4): 8,
    ("x", 8): 16,
    ("d", 1): 4,
    ("d", 2): 6,
    ("d", 4): 11,
    ("d", 8): 20,
    ("u", 1): 3,
    ("u", 2): 5,
    ("u", 4): 10,
    ("u", 8): 20,
}
_SHORT = {"b": "o1", "c": "c", "d": "u2", "o": "o2", "x": "x2", "s": "d2", "i": "d4", "l": "d8"}


async def _content(process: Process, names: list[str], skipped: str, count: str | None) -> bytes:
    data = b""
    async for _, source in open_inputs(process, names):
        data += await source.read()
    data = data[int(skipped or "0", 0) :]
    return data if count is None else data[: int(count, 0)]


@applet("vbcdoxsilB", "ANjtw")
async def od(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`od [-v] [-A d|o|x|n] [-t TYPE] [-j SKIPPED] [-N COUNT] [-bcdox] [FILE]...`."""
    data = await _content(process, names, options.get("j", ""), options.get("N"))
    chosen = options.get("t") or next((text for letter, text in _SHORT.items() if letter in options), "o2")
    radix = options.get("A", "o")[:1]
    width, before, starred = int(options.get("w") or _ROW), None, False
    for at in range(0, len(data), width):
        row = data[at : at + width]
        if row == before and len(row) == width and "v" not in options:
            if not starred:
                await process.out("*\n")
            starred = True
            continue
        before, starred = row, False
        await process.out(_address(at, radix) + _shown(row, chosen) + "\n")
    if radix != "n" and (data or "N" not in options):
        await process.out(_address(len(data), radix) + "\n")
    return 0


def _address(at: int, radix: str) -> str:
    return {"d": f"{at:07d}", "x": f"{at:06x}", "n": ""}.get(radix, f"{at:07o}")


def _shown(row: bytes, chosen: str) -> str:
    if chosen[0] in "ac":
        return "".join(f"{_NAMED.get(byte) or _character(byte):>4}" for byte in row)
    match = re.fullmatch(r"([oxdu])([1248CSIL]?)z?", chosen)
    if match is None:
        raise UsageError(f"invalid character in type string '{chosen}'")
    size = {"C": 1, "S": 2, "I": 4, "L": 8, "": 4}.get(match[2]) or int(match[2])
    width, texts = _WIDTHS[match[1], size], []
    for at in range(0, len(row), size):
        piece = row[at : at + size].ljust(size, b"\0")
        number = int.from_bytes(piece, "little", signed=match[1] == "d")
        texts.append(f" {number:{width}d}" if match[1] in "du" else f" {number:0{width}{match[1]}}")
    return "".join(texts)


def _character(byte: int) -> str:
    return chr(byte) if byte in _SHOWN else f"{byte:03o}"


def _text(row: bytes) -> str:
    return "".join(chr(byte) if byte in _SHOWN else "." for byte in row)


@applet("Cvxdobc", "ns")
async def hexdump(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`hexdump [-C] [-n COUNT] [-s SKIPPED] [FILE]...`."""
    data = await _content(process, names, options.get("s", ""), options.get("n"))
    row_of = _canonical if "C" in options else _words
    for at in range(0, len(data), _ROW):
        await process.out(row_of(at, data[at : at + _ROW]) + "\n")
    if data:
        await process.out(f"{len(data):08x}\n" if "C" in options else f"{len(data):07x}\n")
    return 0


def _canonical(at: int, row: bytes) -> str:
    left, right = row[:8].hex(" "), row[8:].hex(" ")
    return f"{at:08x}  {left:23}  {right:23}  |{_text(row)}|"


def _words(at: int, row: bytes) -> str:
    words = [row[each : each + 2].ljust(2, b"\0")[::-1].hex() for each in range(0, len(row), 2)]
    return f"{at:07x} {' '.join(words)}"


@applet("pur", "cgls")
async def xxd(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`xxd [-pr] [-c COLUMNS] [-g GROUP] [-l COUNT] [-s SKIPPED] [FILE]`."""
    data = await _content(process, names, options.get("s", ""), options.get("l"))
    if "r" in options:
        await process.out(_reversed(data.decode(errors="replace"), plain="p" in options))
        return 0
    change: Callable[[str], str] = str.upper if "u" in options else str
    width = int(options.get("c") or (30 if "p" in options else _ROW))
    group = int(options.get("g", 2)) or width
    for at in range(0, len(data), width):
        row = data[at : at + width]
        if "p" in options:
            await process.out(change(row.hex()) + "\n")
            continue
        shown = " ".join(change(row[each : each + group].hex()) for each in range(0, len(row), group))
        columns = 2 * width + (width + group - 1) // group - 1
        await process.out(f"{at:08x}: {shown:{columns}}  {_text(row)}\n")
    return 0


def _reversed(text: str, *, plain: bool) -> bytes:
    rows = (
        text.splitlines()
        if plain
        else [row.partition(": ")[2].partition("  ")[0] for row in text.splitlines()]
    )
    digits = re.sub(r"[^0-9a-fA-F]", "", "".join(rows))
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


APPLETS: Mapping[str, Applet] = {"od": od, "hexdump": hexdump, "xxd": xxd}

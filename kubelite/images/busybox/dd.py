"""The applet that copies in blocks: dd.

Source: POSIX.1-2017, Utilities, dd; the messages are BusyBox's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import attrs

from kubelite.images.busybox.options import UsageError
from kubelite.images.shell.process import Applet, Process
from kubelite.images.shell.streams import Input, open_file

OUTPUT_BYTES_MAX = 1 << 30
"""More than this has no room in a file, which is in memory."""

_UNITS = {
    "": 1,
    "c": 1,
    "w": 2,
    "b": 512,
    "kB": 1000,
    "k": 1024,
    "K": 1024,
    "MB": 1000**2,
    "M": 1024**2,
    "GB": 1000**3,
    "G": 1024**3,
}
_SIZED = {"bs": "512", "ibs": "", "obs": "", "count": "", "skip": "0", "seek": "0"}
_NAMED = {"if": "", "of": "", "conv": "", "status": "", "iflag": "", "oflag": ""}


@attrs.define
class _Copied:
    """What was read: whole blocks, cut ones, and bytes."""

    whole: int = 0
    cut: int = 0
    size: int = 0

    def count(self, block: bytes, size: int) -> None:
        self.whole += len(block) == size
        self.cut += 0 < len(block) < size
        self.size += len(block)


def parse_operands(args: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` of every operand, with what is the default of others.

    Raises:
        UsageError: An operand is none of dd's.
    """
    operands = {**_SIZED, **_NAMED}
    for arg in args:
        name, equals, value = arg.partition("=")
        if not equals or name not in operands:
            raise UsageError(f"invalid argument '{arg}'")
        operands[name] = value
    return operands


def parse_size(text: str, *, least: int = 0) -> int:
    """A number of bytes or blocks, with a unit.

    Raises:
        UsageError: It is no number, or a smaller one than `least`.
    """
    match = re.fullmatch(r"(\d+)(\D*)", text)
    if match is None or match[2] not in _UNITS or int(match[1]) < least:
        raise UsageError(f"invalid number '{text}'")
    return int(match[1]) * _UNITS[match[2]]


async def dd(process: Process) -> int:
    """`dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N] [conv=notrunc,sync] [status=none]`."""
    try:
        operands = parse_operands(process.argv[1:])
        size = parse_size(operands["ibs"] or operands["bs"], least=1)
        counted = _Copied()
        await _copy(process, operands, size, counted)
    except UsageError as error:
        return await process.fail(str(error))
    except OSError as error:
        name = operands["if"] if error.filename == process.path(operands["if"]) else operands["of"]
        return await process.fail(f"can't open '{name}': {error.strerror}" if name else str(error.strerror))
    if operands["status"] != "none":
        records = f"{counted.whole}+{counted.cut} records"
        total = f"{counted.size} bytes copied\n" if operands["status"] != "noxfer" else ""
        await process.err(f"{records} in\n{records} out\n{total}")
    return 0


async def _copy(process: Process, operands: Mapping[str, str], size: int, counted: _Copied) -> None:
    """Copies block by block; a file is written at its end, in one go.

    Raises:
        OSError: A file cannot be read or written.
        UsageError: A number is none.
    """
    files = process.container.files
    source: Input = open_file(files, process.path(operands["if"])) if operands["if"] else process.stdin
    target, conversions = operands["of"] and process.path(operands["of"]), operands["conv"].split(",")
    blocks = parse_size(operands["count"]) if operands["count"] else None
    await _take(source, size * parse_size(operands["skip"]))
    kept = bytearray()
    while blocks is None or counted.whole + counted.cut < blocks:
        block = await _take(source, size)
        if not block:
            break
        counted.count(block, size)
        if "sync" in conversions:
            block = block.ljust(size, b"\0")
        if not target:
            await process.out(block)
            continue
        kept += block
        if len(kept) > OUTPUT_BYTES_MAX:
            raise OSError(None, "No space left on device", target)
        await process.container.clock.sleep(0)
    if target:
        at = parse_size(operands["obs"] or operands["bs"]) * parse_size(operands["seek"])
        old = files.read(target) if files.is_file(target) and not files.endless(target) else b""
        tail = old[at + len(kept) :] if "notrunc" in conversions else b""
        files.write(target, old[:at].ljust(at, b"\0") + bytes(kept) + tail)


async def _take(source: Input, size: int) -> bytes:
    """`size` bytes, fewer at the end."""
    block = b""
    while len(block) < size and (part := await source.read(size - len(block))):
        block += part
    return block


APPLETS: Mapping[str, Applet] = {"dd": dd}

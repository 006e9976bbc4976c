"""Applets that encode or digest: base64, md5sum and its like, cksum.

Source: POSIX.1-2017, Utilities, cksum; BusyBox 1.36's help texts.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from kubelite.images.busybox.inputs import Absent, applet, open_inputs, read_lines
from kubelite.images.shell.process import Applet, Process


@applet("dw", "w")
async def base64_applet(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`base64 [-d] [FILE]`."""
    async for _, source in open_inputs(process, names):
        data = await source.read()
        if "d" in options:
            await process.out(base64.b64decode(data))
        else:
            text, width = base64.b64encode(data).decode(), int(options.get("w", "76"))
            end = "\n" if width else ""
            width = width or len(text) or 1
            await process.out("".join(text[at : at + width] + end for at in range(0, len(text), width)))
    return 0


def _digest(algorithm: str) -> Applet:
    async def one(process: Process, name: str) -> str | None:
        async for _, source in open_inputs(process, [name]):
            if not isinstance(source, Absent):
                return hashlib.new(algorithm, await source.read(), usedforsecurity=False).hexdigest()
        return None

    @applet("csbtw")
    async def run(process: Process, options: dict[str, str], names: list[str]) -> int:
        status = 0
        if "c" not in options:
            for name in names or ["-"]:
                digest = await one(process, name)
                if digest is not None:
                    await process.out(f"{digest}  {name}\n")
                status |= digest is None
            return status
        lines, status = await read_lines(process, names)
        for line in lines:
            digest, _, name = line.partition("  ")
            good = await one(process, name) == digest
            status |= not good
            if "s" not in options:
                await process.out(f"{name}: {'OK' if good else 'FAILED'}\n")
        return status

    return run


@applet("")
async def cksum(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`cksum [FILE]...`: the checksum of POSIX and the length."""
    status = 0
    async for name, source in open_inputs(process, names):
        status |= isinstance(source, Absent)
        data = await source.read()
        length = len(data).to_bytes((len(data).bit_length() + 7) // 8, "little")
        checksum = 0
        for byte in data + length:
            checksum = ((checksum << 8) & 0xFFFFFFFF) ^ _CRC[(checksum >> 24) ^ byte]
        await process.out(f"{checksum ^ 0xFFFFFFFF} {len(data)}" + ("\n" if name == "-" else f" {name}\n"))
    return status


def _crc(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


_CRC = tuple(map(_crc, range(256)))


APPLETS: Mapping[str, Applet] = {
    "base64": base64_applet,
    "md5sum": _digest("md5"),
    "sha1sum": _digest("sha1"),
    "sha256sum": _digest("sha256"),
    "sha512sum": _digest("sha512"),
    "cksum": cksum,
}

"""What commands read from and write to: pipes between commands, files, buffers.

Invariant: a write to a pipe whose reader has gone raises `BrokenPipeError`, as SIGPIPE would end the writer.
"""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Protocol

from kubelite.images.container import DrainedStream
from kubelite.runtime.tasks import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubelite.images.container import OutputStream
    from kubelite.images.files import FileSystem

PIPE_BYTES_MAX = 65_536


class Input(Protocol):
    """Where a command reads."""

    async def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, at least one unless at the end; all that is left if `size` is negative."""


class Output(Protocol):
    """Where a command writes."""

    async def write(self, data: bytes) -> None:
        """Takes all of `data`; may wait for a slow reader."""


class Null:
    """`/dev/null`."""

    async def read(self, size: int = -1) -> bytes:  # noqa: D102 - see Input
        return b""

    async def write(self, data: bytes) -> None:  # noqa: D102 - see Output
        return

    def append(self, data: bytes) -> None:
        """As `write`, for those who cannot wait."""


class Buffer:
    """Output gathered in memory, or input from memory."""

    def __init__(self, data: bytes = b"") -> None:
        self._data = bytearray(data)

    async def write(self, data: bytes) -> None:  # noqa: D102 - see Output
        self._data += data

    def append(self, data: bytes) -> None:
        """As `write`, for those who cannot wait."""
        self._data += data

    async def read(self, size: int = -1) -> bytes:  # noqa: D102 - see Input
        end = len(self._data) if size < 0 else size
        taken = bytes(self._data[:end])
        del self._data[:end]
        return taken

    def line_end(self) -> int:
        """How many bytes the first line has with its newline; 0 if it has none."""
        return self._data.find(b"\n") + 1

    @property
    def value(self) -> bytes:
        """What was written and not read yet."""
        return bytes(self._data)


class Endless:
    """Input from a device that never ends."""

    def __init__(self, give: Callable[[int], bytes]) -> None:
        self._give = give

    async def read(self, size: int = -1) -> bytes:
        """Any number of bytes.

        Raises:
            OSError: All are wanted (ENOMEM).
        """
        if size < 0:
            raise OSError(errno.ENOMEM, "out of memory")
        await checkpoint()
        return self._give(size)


def open_file(files: FileSystem, path: str) -> Input:
    """The content of a file or device.

    Raises:
        OSError: It cannot be read.
    """
    give = files.endless(path)
    return Buffer(files.read(path)) if give is None else Endless(give)


class Pipe:
    """A bounded pipe: one side writes, the other reads."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._changed = asyncio.Event()
        self._ended = False
        self._broken = False

    async def write(self, data: bytes) -> None:
        """Takes all of `data`, waiting while the pipe is full.

        Raises:
            BrokenPipeError: The reader has gone.
        """
        while len(self._data) >= PIPE_BYTES_MAX and not self._broken:
            await self._wait()
        if self._broken:
            raise BrokenPipeError
        self._data += data
        self._wake()

    def append(self, data: bytes) -> None:
        """As `write`, for those who cannot wait, nor hear that the reader has gone."""
        if not self._broken:
            self._data += data
            self._wake()

    async def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; waits for the end of the writer if `size` is negative."""
        while not self._ended and (size < 0 or not self._data):
            if size < 0 and len(self._data) >= PIPE_BYTES_MAX:
                break
            await self._wait()
        if size < 0 and not self._ended:
            head = bytes(self._data)
            self._data.clear()
            self._wake()
            return head + await self.read()
        end = len(self._data) if size < 0 else size
        taken = bytes(self._data[:end])
        del self._data[:end]
        self._wake()
        return taken

    def line_end(self) -> int:
        """How many bytes the first line has with its newline; 0 if it has none yet."""
        return self._data.find(b"\n") + 1

    def close_write(self) -> None:
        """The writer has ended."""
        self._ended = True
        self._wake()

    def close_read(self) -> None:
        """The reader has ended."""
        self._broken = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait(self) -> None:
        await self._changed.wait()


async def read_line(stream: Input, delimiter: bytes = b"\n") -> bytes:
    """One line with its newline, or what is left; empty at the end. What follows the line is not read."""
    if isinstance(stream, Buffer | Pipe) and delimiter == b"\n" and (end := stream.line_end()):
        return await stream.read(end)
    line = bytearray()
    while not line.endswith(delimiter):
        char = await stream.read(1)
        if not char:
            break
        line += char
    return bytes(line)


class FileOutput:
    """Writes to a file of the container's file system, truncating it first unless appending."""

    def __init__(self, files: FileSystem, path: str, *, append: bool) -> None:
        self._files, self._path = files, path
        files.write(path, b"", append=append)

    async def write(self, data: bytes) -> None:  # noqa: D102 - see Output
        self.append(data)

    def append(self, data: bytes) -> None:
        """As `write`, for those who cannot wait."""
        self._files.write(self._path, data, append=True)


class Standard:
    """A container's own output stream, whose writes wait only for who reads it elsewhere."""

    def __init__(self, stream: OutputStream) -> None:
        self.stream = stream
        self._drain = stream.drain if isinstance(stream, DrainedStream) else None

    def append(self, data: bytes) -> None:
        """As `write`, for those who cannot wait."""
        self.stream.write(data)

    async def write(self, data: bytes) -> None:  # noqa: D102 - see Output
        self.stream.write(data)
        if self._drain is not None:
            await self._drain()

"""What clients are attached to: the standard streams of a container's main process.

Output goes to the log and to everybody who is attached; input comes from them, and has an end only if the
container says so (`stdinOnce`).

Source: the Container Runtime Interface (Attach), pkg/kubelet/cri/streaming.
"""

from __future__ import annotations

import asyncio
from typing import Final

from kubelite.images.container import DrainedStream, OutputStream

INPUT_WAITING_MAX: Final = 1024 * 1024
"""How much may wait to be read before who feeds waits, in bytes."""


class Input:
    """A standard input that is fed from outside."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._ended = False
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Input {len(self._data)} bytes, {'ended' if self._ended else 'open'}>"

    def feed(self, data: bytes) -> None:
        """More has come."""
        self._data += data
        self._changed.set()

    async def room(self) -> None:
        """Wait while more waits than should."""
        while len(self._data) > INPUT_WAITING_MAX:
            self._taken.clear()
            await self._taken.wait()

    def end(self) -> None:
        """No more comes."""
        self._ended = True
        self._changed.set()

    async def read(self, n: int = -1) -> bytes:
        """Up to `n` bytes as soon as there are any; all until the end if negative."""
        taken = bytearray()
        while not self._ended and (n < 0 or not self._data):
            if n < 0:  # it is to be taken whole, however long: let it come
                taken += self._take(len(self._data))
            self._changed.clear()
            await self._changed.wait()
        return bytes(taken + self._take(len(self._data) if n < 0 else n))

    def _take(self, size: int) -> bytes:
        piece = bytes(self._data[:size])
        del self._data[:size]
        self._taken.set()
        return piece


class Attachments:
    """Who gets what the main process writes, besides its log."""

    def __init__(self) -> None:
        self._outputs: dict[OutputStream, str] = {}

    def __repr__(self) -> str:
        return f"<Attachments {len(self._outputs)}>"

    def add(self, stream: str, output: OutputStream) -> None:
        """Attach to a stream ("stdout" or "stderr")."""
        self._outputs[output] = stream

    def remove(self, output: OutputStream) -> None:
        """Detach."""
        self._outputs.pop(output, None)

    def write(self, stream: str, data: bytes) -> None:
        """Pass on what was written to a stream."""
        for output, wanted in tuple(self._outputs.items()):
            if wanted == stream:
                output.write(data)

    async def drain(self) -> None:
        """Wait for those that are slow."""
        for output in tuple(self._outputs):
            if isinstance(output, DrainedStream):
                await output.drain()

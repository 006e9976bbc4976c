"""`nc -l`: waits for clients, and talks with them or lets a command talk.

Source: BusyBox 1.36's help of nc; nc(1) of OpenBSD.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import attrs

from kubelite.images.busybox.netcat import Connection, talk
from kubelite.images.shell.process import Process


class _Arrivals:
    """The connections that come to a port of the pod, one after the other."""

    def __init__(self) -> None:
        self._waiting: deque[Connection] = deque()
        self._any = asyncio.Event()

    def protocol(self) -> asyncio.StreamReaderProtocol:
        """For one more connection."""
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._arrive)

    def _arrive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._waiting.append((reader, writer))
        self._any.set()

    async def next(self) -> Connection:
        """The next of them."""
        while not self._waiting:
            self._any.clear()
            await self._any.wait()
        return self._waiting.popleft()


@attrs.frozen
class _Peer:
    """A connection as the streams of a program."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read(self, size: int = -1) -> bytes:
        """What the other side sends."""
        return await self.reader.read(size)

    async def write(self, data: bytes) -> None:
        """To the other side."""
        self.writer.write(data)
        await self.writer.drain()


async def listen(
    process: Process, port: int, command: Sequence[str], *, again: bool, tells_end: bool
) -> None:
    """Talk with the first client that comes, or with one after the other.

    Args:
        process: Whose input and output, if there is no command.
        port: Of the pod.
        command: Talks with each client in its place.
        again: Go on with the next client.
        tells_end: See `talk`.

    Raises:
        OSError: The port is taken.
    """
    arrivals = _Arrivals()
    listener = process.container.network.fabric.listen(process.container.ip, port, arrivals.protocol)
    try:
        while True:
            peer = await arrivals.next()
            if not again:
                listener.close()
            try:
                if command:
                    await _run_for(process, command, _Peer(*peer))
                else:
                    await talk(process, peer, tells_end=tells_end)
            finally:
                peer[1].close()
            if not again:
                return
    finally:
        listener.close()


async def _run_for(process: Process, command: Sequence[str], peer: _Peer) -> None:
    from kubelite.images.shell.programs import run_program  # noqa: PLC0415 - it knows all applets

    streams = {**process.streams, 0: peer, 1: peer}
    try:
        await run_program(attrs.evolve(process, argv=tuple(command), streams=streams))
    except ConnectionError:
        return

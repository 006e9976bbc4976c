"""Watches on the wire: one chunk of lines per turn of the event loop, straight into the transport.

The watcher calls when its first event comes; all events that come until the loop turns are then written at
once. A client that does not read is given room up to a limit in bytes and then cut off, as Kubernetes does: a
watch is either complete or ended, nothing is dropped or merged.

Invariant: bytes go to the transport in the order of events, whether from the callback or after a drain.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from aiohttp.abc import AbstractStreamWriter

from kubelite.client.watcher import Watcher, WatchEvent

WRITE_BUFFER_HIGH_BYTES: Final = 1024 * 1024
"""Above this the transport is given time to drain."""
BACKLOG_BYTES_MAX: Final = 64 * 1024 * 1024
"""What may wait for one slow client, beyond the state that it asked to begin with."""

Encoder = Callable[[WatchEvent], bytes]


class WatchStream:
    """One watch connection.

    Args:
        watcher: Where events come from.
        writer: Of the prepared response.
        transport: Its connection.
        encode: An event to a line.
        chunked: Whether the response is chunked (HTTP/1.1).
        backlog_bytes_max: See `BACKLOG_BYTES_MAX`.
    """

    def __init__(
        self,
        watcher: Watcher,
        writer: AbstractStreamWriter,
        transport: asyncio.Transport,
        encode: Encoder,
        *,
        chunked: bool = True,
        backlog_bytes_max: int = BACKLOG_BYTES_MAX,
    ) -> None:
        self._watcher = watcher
        self._writer = writer
        self._transport = transport
        self._encode = encode
        self._chunked = chunked
        self._backlog_bytes_max = backlog_bytes_max
        self._loop = asyncio.get_running_loop()
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._draining = False
        self._scheduled = False
        self._waiter: asyncio.Future[None] | None = None
        self._cut_off = False
        self._finished = False
        self.events_sent = 0

    def __repr__(self) -> str:
        return (
            f"<WatchStream of {self._watcher!r}, {self.events_sent} sent, {self._backlog_bytes} bytes behind>"
        )

    async def run(self) -> None:
        """Send events until the watch ends or the client is cut off."""
        watcher = self._watcher
        watcher.on_ready = self._ready
        try:
            self._take(initial=True)
            while True:
                await self._drain()
                if self._cut_off or self._finished:
                    return
                if watcher.ended and not self._more():
                    return
                if self._backlog:
                    continue
                self._waiter = self._loop.create_future()
                await self._waiter
        finally:
            watcher.on_ready = None
            watcher.stop()

    def finish(self) -> None:
        """End the watch in good order: what has come is still sent."""
        self._take()
        self._finished = True
        self._wake()

    def _more(self) -> bool:
        """Take what is there; whether that was anything."""
        before = self.events_sent
        self._take()
        return self.events_sent != before or bool(self._backlog)

    def _ready(self) -> None:
        """The watcher has its first event, or has ended."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """End of the turn: write what has come."""
        self._scheduled = False
        self._take()
        if self._draining or self._backlog or self._watcher.ended or self._cut_off:
            self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _take(self, *, initial: bool = False) -> None:
        """Take all events; write them at once if nothing waits before them, else keep them."""
        events = self._watcher.take()
        if not events or self._cut_off:
            return
        encode = self._encode
        frames = [encode(event) for event in events]
        self.events_sent += len(frames)
        if not self._draining and not self._backlog and (len(frames) == 1 or not initial):
            self._write(b"".join(frames))
            if not self._cut_off:
                self._draining = self._transport.get_write_buffer_size() > WRITE_BUFFER_HIGH_BYTES
            return
        self._backlog.extend(frames)
        if not initial:
            self._backlog_bytes += sum(map(len, frames))
            if self._backlog_bytes > self._backlog_bytes_max:
                self._cut_off = True
                self._backlog.clear()
                self._transport.abort()

    async def _drain(self) -> None:
        """Write what waits, in portions, as fast as the client reads."""
        while (self._draining or self._backlog) and not self._cut_off:
            self._draining = True
            await self._writer.drain()
            portion: list[bytes] = []
            size = 0
            while self._backlog and size < WRITE_BUFFER_HIGH_BYTES:
                portion.append(self._backlog.popleft())
                size += len(portion[-1])
            self._backlog_bytes = max(0, self._backlog_bytes - size)
            if portion:
                self._write(b"".join(portion))
            self._draining = bool(self._backlog)

    def _write(self, data: bytes) -> None:
        """One write: the data as one chunk."""
        if self._transport.is_closing():
            self._cut_off = True
            return
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

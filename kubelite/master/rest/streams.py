"""Watches on the wire: one chunk of lines per turn of the event loop, straight into the transport.

All events that come until the loop turns are written at once, and what several watches are to write alike is
encoded and joined once: a `Turn` is what the watches of a server do at the end of a turn. A client that does
not read is given room up to a limit in bytes and then cut off, as Kubernetes does: a watch is either complete
or ended, nothing is dropped or merged.

Invariant: bytes go to the transport in the order of events, whether at the end of a turn or after a drain.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp.abc import AbstractStreamWriter

from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.runtime import tasks
from kubelite.runtime.logs import get_logger

WRITE_BUFFER_HIGH_BYTES: Final = 1024 * 1024
"""Above this the transport is given time to drain."""
WRITE_UNCHECKED_BYTES: Final = 256 * 1024
"""So much may be written before the transport is asked how much of it still waits."""
CROWD: Final = 16
"""From so many streams on that write at the end of one turn, they write in smaller pieces."""
CROWD_WRITE_BYTES: Final = 48 * 1024
BACKLOG_BYTES_MAX: Final = 64 * 1024 * 1024
"""What may wait for one slow client, beyond the state that it asked to begin with."""

Encoder = Callable[[WatchEvent], bytes]

log = get_logger(component="apiserver")


class Turn:
    """What the watches of one server write at the end of a turn of the event loop.

    Streams with the same encoder that have the same events to write share the bytes, which are let go of when
    all are written.
    """

    def __init__(self) -> None:
        self._waiting: list[WatchStream] = []
        self._chunks: dict[tuple[Encoder, bool, int, int, int], tuple[list[WatchEvent], list[bytes]]] = {}
        self._latest: tuple[Encoder, bool, list[WatchEvent], list[bytes]] | None = None
        self._is_crowded = False
        self._frames: dict[tuple[Encoder, int], tuple[WatchEvent, bytes]] = {}

    def __repr__(self) -> str:
        return f"<Turn {len(self._waiting)} streams>"

    def add(self, stream: WatchStream) -> None:
        """A stream has something to write."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._end)
        self._waiting.append(stream)

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._is_crowded = len(waiting) >= CROWD
        for stream in waiting:
            try:
                stream.flush()
            except Exception:
                log.exception("watch failed", watch=repr(stream))
                stream.cut_off()
        self._latest = None
        self._chunks.clear()
        self._frames.clear()

    def chunk(self, encode: Encoder, events: list[WatchEvent], chunked: bool) -> list[bytes]:
        """The bytes of events that are written now, made once for all streams that write just these.

        For many streams they come in pieces of a size of which encryption keeps all copies in the
        processor's cache.
        """
        latest = self._latest
        if latest is not None and latest[0] is encode and latest[1] is chunked and latest[2] == events:
            return latest[3]
        # An id is good for as long as the object lives, which the value sees to.
        key = (encode, chunked, id(events[0]), id(events[-1]), len(events))
        found = self._chunks.get(key)
        if found is not None and found[0] == events:
            self._latest = (encode, chunked, *found)
            return found[1]
        if encode is WatchEvent.frame:  # as most are: joined without a copy of each
            data = b"".join([part for event in events for part in event.frame_parts()])
        else:
            data = b"".join([encode(event) for event in events])
        data = as_chunk(data, chunked=chunked)
        size = CROWD_WRITE_BYTES if self._is_crowded else len(data) or 1
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        self._chunks[key] = (events, pieces)
        self._latest = (encode, chunked, events, pieces)
        return pieces

    def frame(self, encode: Encoder, event: WatchEvent) -> bytes:
        """The bytes of one event, made once for all streams that keep it until their clients read."""
        key = (encode, id(event))
        found = self._frames.get(key)
        if found is None:
            found = self._frames[key] = (event, encode(event))
        return found[1]


def as_chunk(data: bytes, *, chunked: bool = True) -> bytes:
    """Data as one chunk of a chunked answer."""
    return b"%x\r\n%b\r\n" % (len(data), data) if chunked else data


class WatchStream:
    """One watch connection.

    Args:
        watcher: Where events come from.
        writer: Of the prepared response.
        transport: Its connection.
        encode: An event to a line. Streams with the very same encoder share what it makes.
        turn: Of the server; None if this stream shares with no other.
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
        turn: Turn | None = None,
        chunked: bool = True,
        backlog_bytes_max: int = BACKLOG_BYTES_MAX,
    ) -> None:
        self._watcher = watcher
        self._writer = writer
        self._transport = transport
        self._encode = encode
        self._turn = turn or Turn()
        self._chunked = chunked
        self._backlog_bytes_max = backlog_bytes_max
        self._backlog: deque[WatchEvent | bytes] = deque()
        self._backlog_bytes = 0
        self._unchecked_bytes = 0
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
            self._more()  # to be encoded as the client reads: it may be all that there is
            while True:
                await self._drain()
                if self._cut_off or self._finished:
                    return
                if watcher.ended and not self._more():
                    if watcher.severed:
                        self.cut_off()
                    return
                if self._backlog:
                    continue
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
        finally:
            watcher.on_ready = None
            watcher.stop()

    def finish(self) -> None:
        """End the watch in good order: what has come is still sent."""
        self._more()
        self._finished = True
        self._wake()

    def cut_off(self) -> None:
        """Hang up."""
        self._cut_off = True
        self._backlog.clear()
        self._transport.abort()
        self._wake()

    def flush(self) -> None:
        """End of the turn: write what has come, or keep it behind what waits already."""
        self._scheduled = False
        events = self._watcher.take()
        if events and not self._cut_off:
            self.events_sent += len(events)
            if self._draining or self._backlog:
                self._keep(events)
            else:
                self._write(self._turn.chunk(self._encode, events, self._chunked))
        if self._draining or self._backlog or self._watcher.ended or self._cut_off:
            self._wake()

    def _more(self) -> bool:
        """Take what is there; whether that was anything."""
        events = self._watcher.take()
        self.events_sent += len(events)
        self._backlog.extend(events)
        return bool(events)

    def _ready(self) -> None:
        """The watcher has its first event, or has ended."""
        if not self._scheduled:
            self._scheduled = True
            self._turn.add(self)

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _keep(self, events: list[WatchEvent]) -> None:
        """Let events wait for a client that does not read fast enough, if there is room."""
        frame, encode = self._turn.frame, self._encode
        frames = [frame(encode, event) for event in events]
        self._backlog.extend(frames)
        self._backlog_bytes += sum(map(len, frames))
        if self._backlog_bytes > self._backlog_bytes_max:
            self.cut_off()

    async def _drain(self) -> None:
        """Write what waits, in portions, as fast as the client reads."""
        while (self._draining or self._backlog) and not self._cut_off:
            self._draining = True
            await self._writer.drain()
            self._draining = False
            if portion := self._portion():
                self._write([as_chunk(portion, chunked=self._chunked)])
            if self._backlog:
                await tasks.checkpoint()

    def _portion(self) -> bytes:
        """The next of what waits."""
        backlog, encode = self._backlog, self._encode
        portion: list[bytes] = []
        size = 0
        while backlog and size < WRITE_BUFFER_HIGH_BYTES:
            kept = backlog.popleft()
            portion.append(kept if isinstance(kept, bytes) else encode(kept))
            size += len(portion[-1])
        self._backlog_bytes = max(0, self._backlog_bytes - size)
        return b"".join(portion)

    def _write(self, pieces: Sequence[bytes]) -> None:
        """Bytes that belong together, after which the transport may need time."""
        transport = self._transport
        if transport.is_closing():
            self._cut_off = True
            return
        for data in pieces:
            transport.write(data)
            self._unchecked_bytes += len(data)
        if self._unchecked_bytes > WRITE_UNCHECKED_BYTES:
            self._unchecked_bytes = 0
            self._draining = transport.get_write_buffer_size() > WRITE_BUFFER_HIGH_BYTES

"""Clients that speak SPDY/3.1: exec and attach of older kubectls, port-forward of all of them.

The streams of a client become the channels of a websocket to the kubelet, so that the kubelet knows one
protocol only. SPDY comes over an upgraded connection, or in the messages of a websocket (`SPDY/3.1+…`).

Source: k8s.io/apimachinery/pkg/util/{httpstream,remotecommand}; KEP-4006 (tunnelling).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from kubelite.network import spdy
from kubelite.runtime import tasks

UPGRADE: Final = "SPDY/3.1"
PROTOCOL_HEADER: Final = "X-Stream-Protocol-Version"


class Stream:
    """One stream of a session: what the client sends is read, what it is to get is written."""

    def __init__(self, session: Session, opened: spdy.StreamOpened) -> None:
        self.headers = opened.headers
        self._session = session
        self._id = opened.stream_id
        self._data: deque[bytes] = deque()
        self._ended = opened.fin
        self._closed = False
        self._changed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Stream {self._id} {self.headers.get('streamtype', '')}>"

    def feed(self, data: bytes) -> None:
        """More has come."""
        self._data.append(data)
        self._changed.set()

    def end(self) -> None:
        """No more comes."""
        self._ended = True
        self._changed.set()

    @property
    def is_cut(self) -> bool:
        """Whether the whole connection has ended."""
        return self._session.ended

    async def changed(self) -> None:
        """Wait until something happens to this stream."""
        self._changed.clear()
        await self._changed.wait()

    async def read(self) -> bytes:
        """What has come; empty at the end."""
        while not self._data:
            if self._ended:
                return b""
            self._changed.clear()
            await self._changed.wait()
        return self._data.popleft()

    def write(self, data: bytes) -> None:
        """Send."""
        for start in range(0, len(data), spdy.FRAME_BYTES_MAX):
            self._session.send(spdy.data_frame(self._id, data[start : start + spdy.FRAME_BYTES_MAX]))

    def close(self) -> None:
        """Nothing more is sent. Again is harmless."""
        if not self._closed:
            self._closed = True
            self._session.send(spdy.data_frame(self._id, b"", fin=True))


class Session:
    """One SPDY connection of a client.

    Args:
        write: Sends bytes.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._framer = spdy.Framer()
        self._streams: dict[int, Stream] = {}
        self._opened: deque[Stream] = deque()
        self._changed = asyncio.Event()
        self._last_id = 0
        self.ended = False

    def __repr__(self) -> str:
        return f"<Session {len(self._streams)} streams, {'ended' if self.ended else 'open'}>"

    def send(self, frame: bytes) -> None:
        """Send a frame; nothing happens once the client is gone."""
        if not self.ended:
            self._write(frame)

    def receive(self, data: bytes) -> None:
        """Bytes of the client.

        Raises:
            SPDYError: They are no SPDY.
        """
        for frame in self._framer.receive(data):
            match frame:
                case spdy.StreamOpened():
                    self._last_id = frame.stream_id
                    stream = self._streams[frame.stream_id] = Stream(self, frame)
                    self._opened.append(stream)
                    self.send(self._framer.syn_reply(frame.stream_id))
                    self._changed.set()
                case spdy.DataReceived(stream_id=stream_id):
                    if (found := self._streams.get(stream_id)) is not None:
                        if frame.data:
                            found.feed(frame.data)
                        if frame.fin:
                            found.end()
                case spdy.StreamReset(stream_id=stream_id):
                    if (found := self._streams.pop(stream_id, None)) is not None:
                        found.end()
                case spdy.PingReceived(number=number):
                    self.send(spdy.ping_frame(number))
                case spdy.GoneAway():
                    self._changed.set()

    async def accept(self) -> Stream | None:
        """The next stream that the client opens; None once it is gone."""
        while not self._opened:
            if self.ended:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._opened.popleft()

    def end(self) -> None:
        """The client is gone."""
        self.ended = True
        self._changed.set()
        for stream in self._streams.values():
            stream.end()

    def close(self) -> None:
        """End in good order."""
        for stream in self._streams.values():
            stream.close()
        self.send(spdy.goaway_frame(self._last_id))


def is_spdy(request: web.BaseRequest) -> bool:
    """Whether a request asks for an upgrade to SPDY."""
    return request.headers.get("Upgrade", "").lower().startswith("spdy")


def chosen_protocol(request: web.BaseRequest, supported: Sequence[str]) -> str | None:
    """The first protocol that the client offers and we know; None if there is none such."""
    offered = [
        name.strip() for text in request.headers.getall(PROTOCOL_HEADER, []) for name in text.split(",")
    ]
    return next((name for name in offered if name in supported), None)


class Upgraded(web.StreamResponse):
    """What a handler answers after the connection has been taken over: there is nothing left to send."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Nothing."""
        return None

    async def write_eof(self, data: Any = b"") -> None:
        """Nothing."""


class _Connection(asyncio.Protocol):
    """The client's connection, once it speaks SPDY; the HTTP protocol learns of its end."""

    def __init__(self, session: Session, before: asyncio.Protocol) -> None:
        self._session = session
        self._before = before
        self._transport: asyncio.Transport | None = None

    def attach(self, transport: asyncio.Transport) -> None:
        """Take over."""
        self._transport = transport
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        """Frames."""
        try:
            self._session.receive(data)
        except spdy.SPDYError:
            assert self._transport is not None
            self._transport.abort()

    def pause_writing(self) -> None:
        """The HTTP protocol is not told: it writes nothing any more."""

    def resume_writing(self) -> None:
        """As above."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._session.end()
        self._before.connection_lost(exc)


def upgrade(request: web.BaseRequest, protocol: str) -> tuple[Session, Upgraded]:
    """Take a connection over; gives its session, and what the handler answers in the end.

    Args:
        request: Asks for the upgrade.
        protocol: The chosen protocol; empty for none.

    Raises:
        ConnectionError: The client is gone.
    """
    transport, before = request.transport, request.protocol
    if transport is None:
        raise ConnectionResetError("the client is gone")
    head = [
        f"HTTP/1.1 101 {HTTPStatus.SWITCHING_PROTOCOLS.phrase}",
        "Connection: Upgrade",
        f"Upgrade: {UPGRADE}",
        *([f"{PROTOCOL_HEADER}: {protocol}"] if protocol else []),
    ]
    session = Session(transport.write)
    connection = _Connection(session, before)
    transport.write(("\r\n".join(head) + "\r\n\r\n").encode())
    connection.attach(transport)
    answer = Upgraded()
    answer.force_close()
    return session, answer


async def tunnel(
    request: web.BaseRequest, subprotocol: str, serve: Callable[[Session], Any]
) -> web.StreamResponse:
    """Serve a session whose bytes come in the binary messages of a websocket."""
    socket = web.WebSocketResponse(
        protocols=(subprotocol,), max_msg_size=spdy.FRAME_BYTES_MAX, compress=False
    )
    await socket.prepare(request)
    waiting: deque[bytes] = deque()
    changed = asyncio.Event()

    def write(data: bytes) -> None:
        waiting.append(data)
        changed.set()

    async def send() -> None:
        while not socket.closed:
            while waiting:
                await socket.send_bytes(waiting.popleft())
            changed.clear()
            await changed.wait()

    session = Session(write)
    sending = tasks.start(send(), name="tunnel sender")
    serving = tasks.start(serve(session), name="tunnel")
    try:
        async for message in socket:
            if isinstance(message.data, bytes):
                session.receive(message.data)
    except spdy.SPDYError:
        await socket.close(code=1002)
    finally:
        session.end()
        await tasks.cancel(sending)
        await tasks.cancel(serving)
    return socket

"""What the API server is measured against: the least that Python, aiohttp and TLS need for the same bytes.

All listen with a certificate of the same kind as the API server's, and with the same settings of TLS.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import attrs
from aiohttp import web

from benchmarks.macro.loadgen import Target
from kubelite.master.auth.certificates import make_cluster_certificates, server_context

CLOSE_TIMEOUT_S: Final = 1.0
PIECE_BYTES: Final = 256 * 1024
"""A bare transport is given this much at a time: more at once costs asyncio's TLS more copies."""


@attrs.frozen
class Secured:
    """Server settings and what a client needs to trust them; None and empty for plain connections."""

    context: ssl.SSLContext | None
    authority: str

    @classmethod
    def make(cls, *, tls: bool) -> Secured:
        """As a cluster makes them."""
        if not tls:
            return cls(None, "")
        certificates = make_cluster_certificates()
        return cls(server_context(certificates), certificates.authority.certificate_pem.decode())


class ConstantServer:
    """A bare aiohttp server that reads what is sent, and answers a constant."""

    def __init__(self) -> None:
        self.body = b"{}"
        self.status = 200

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.body_exists:
            await request.read()
        return web.Response(status=self.status, body=self.body, content_type="application/json")

    @asynccontextmanager
    async def serve(self, secured: Secured) -> AsyncIterator[Target]:
        """Listen for as long as the context lasts."""
        server = web.Server(self._handle, access_log=None)
        async with listening(server, secured) as target:
            yield target
        server.pre_shutdown()
        await server.shutdown(CLOSE_TIMEOUT_S)


@asynccontextmanager
async def listening(factory: Callable[[], asyncio.Protocol], secured: Secured) -> AsyncIterator[Target]:
    """A listener on a free port for as long as the context lasts."""
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(factory, "127.0.0.1", 0, ssl=secured.context, backlog=1024)
    try:
        yield Target(listener.sockets[0].getsockname()[1], secured.authority)
    finally:
        listener.close()


class BareWriter(asyncio.Protocol):
    """Answers any request with the same bytes, straight through the transport, as fast as that takes them.

    Args:
        pieces: What is written, one after the other.
    """

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._next = 0
        self._paused = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A request; it fits into one packet."""
        assert data.endswith(b"\r\n\r\n")
        self._next = 0
        self._go_on()

    def pause_writing(self) -> None:
        """The transport has enough for now."""
        self._paused = True

    def resume_writing(self) -> None:
        """The transport takes more."""
        self._paused = False
        self._go_on()

    def _go_on(self) -> None:
        assert self._transport is not None
        while self._next < len(self._pieces) and not self._paused:
            piece = self._pieces[self._next]
            self._next += 1
            self._transport.write(piece)


def http_answer(body: bytes, piece_bytes: int) -> list[bytes]:
    """An HTTP answer in pieces; its head goes along with the first."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    text = head + body
    return [text[at : at + piece_bytes] for at in range(0, len(text), piece_bytes)]

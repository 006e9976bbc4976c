"""The server's side of TLS, with Go's words for whoever speaks plain HTTP to it.

Source: Go's net/http (conn.serve: `Client sent an HTTP request to an HTTPS server`).
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio import sslproto
from collections.abc import Callable
from typing import Any, Final

NO_TLS: Final = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
_PLAIN_HTTP: Final = "HTTP_REQUEST"
"""OpenSSL's reason for a handshake that begins with an HTTP method."""


class _ServerSide(sslproto.SSLProtocol):
    def _do_read__copied(self) -> None:
        """As asyncio's, but it asks OpenSSL for more only if more has come: to hear no takes an exception."""
        sslobj, parts, chunk = self._sslobj, [], b"1"  # type: ignore[attr-defined]
        try:
            while chunk := sslobj.read(self.max_size):
                parts.append(chunk)
                if not self._incoming.pending and not sslobj.pending():  # type: ignore[attr-defined]
                    break
        except (ssl.SSLWantReadError, ssl.SSLSyscallError):
            pass
        if parts:
            protocol: Any = self._app_protocol
            protocol.data_received(parts[0] if len(parts) == 1 else b"".join(parts))
        if not chunk:  # the other side has said good-bye
            self._call_eof_received()  # type: ignore[attr-defined]
            self._start_shutdown()

    def _process_outgoing(self) -> None:
        """As asyncio's, but only if there is anything to send, or to tell the application."""
        if self._outgoing.pending or self._write_buffer_size or self._app_writing_paused:  # type: ignore[attr-defined]
            super()._process_outgoing()  # type: ignore[misc]

    def _on_handshake_complete(self, handshake_exc: BaseException | None) -> None:
        transport: Any = self._transport
        is_plain = isinstance(handshake_exc, ssl.SSLError) and handshake_exc.reason == _PLAIN_HTTP
        if is_plain and transport is not None:
            transport.write(NO_TLS)
        super()._on_handshake_complete(handshake_exc)


def serve_tls(
    factory: Callable[[], asyncio.Protocol], context: ssl.SSLContext
) -> Callable[[], asyncio.BaseProtocol]:
    """A factory whose connections speak TLS first, for servers on sockets and pipes."""

    def make() -> asyncio.BaseProtocol:
        waiter: Any = None  # nobody waits for the handshake: a failed one only ends the connection
        return _ServerSide(asyncio.get_running_loop(), factory(), context, waiter, server_side=True)

    return make

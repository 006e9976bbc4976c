"""The HTTP server around the router: connections over sockets (TLS) and over pipes, and their end.

Source: k8s.io/apiserver/pkg/server/secure_serving.go.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from aiohttp import web

from kubelite.apimachinery.scheme import Scheme
from kubelite.client.requests import Message
from kubelite.master.apiserver.faultpoint import FaultPoint
from kubelite.master.audit import AuditLog
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.rest.connections import Connection, HTTPServer
from kubelite.master.rest.limits import DEFAULT_LIMITS, RESTLimits
from kubelite.master.rest.prompt import Prompt
from kubelite.master.rest.reply import Reply
from kubelite.network.sockets import listen_on_socket
from kubelite.network.tls import serve_tls
from kubelite.runtime import Clock, Randomness, Ref

if TYPE_CHECKING:
    from kubelite.master.rest.app import App, Unfinished
    from kubelite.master.rest.connect import KubeletDialer

_LOOPBACK: Final = ("127.", "::1", "localhost")


class RESTServer:
    """The REST door of the API server.

    Args:
        apiserver: Where resource requests go.
        scheme: What is served.
        clock: The cluster's clock.
        random: The cluster's generator; a stream of its own is taken from it.
        authenticator: Who asks.
        dialer: The way to kubelets; None if there are none.
        limits: Bounds.
        audit: Where requests are recorded.
        faults: Where fault plans take hold; nowhere if not given.
    """

    def __init__(
        self,
        *,
        apiserver: Ref[Message],
        scheme: Scheme,
        clock: Clock,
        random: Randomness,
        authenticator: Authenticator,
        dialer: KubeletDialer | None = None,
        limits: RESTLimits = DEFAULT_LIMITS,
        audit: AuditLog | None = None,
        faults: FaultPoint | None = None,
    ) -> None:
        self._faults = faults or FaultPoint()
        self._limits = limits
        self.audit = AuditLog() if audit is None else audit
        self._apiserver = apiserver
        self._scheme = scheme
        self._clock = clock
        self._random = random.fork("rest")
        self._authenticator = authenticator
        self._dialer = dialer
        self._server: web.Server | None = None
        self._listeners: list[asyncio.Server] = []

    def __repr__(self) -> str:
        connections = len(self._server.connections) if self._server is not None else 0
        watches = self._app.streams_open if self._is_asked else 0
        return f"<RESTServer {len(self._listeners)} sockets, {connections} connections, {watches} watches>"

    @cached_property
    def _app(self) -> App:
        """The router, imported and made for the first request: many clusters are never asked over HTTP."""
        from kubelite.master.rest.app import App  # noqa: PLC0415 - it brings discovery, documents and tables

        return App(
            apiserver=self._apiserver,
            scheme=self._scheme,
            clock=self._clock,
            random=self._random,
            authenticator=self._authenticator,
            dialer=self._dialer,
            audit=self.audit,
            faults=self._faults,
            limits=self._limits,
        )

    @property
    def _is_asked(self) -> bool:
        return "_app" in self.__dict__

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, Connection)
        begun = connection.take_begun()
        answer = await (self._app.handle(request) if begun is None else begun.finish(request))
        return answer.to_response() if isinstance(answer, Reply) else answer

    def _begin(self, request: Prompt) -> Reply | Unfinished | None:
        return self._app.begin(request)

    def protocol_factory(self) -> Callable[[], asyncio.Protocol]:
        """What makes the protocol of a new connection, be it a socket or a pipe."""
        return self._running()

    def _running(self) -> web.Server:
        """The HTTP server, made in the loop that serves."""
        if self._server is None:
            self._server = HTTPServer(
                self._handle,
                begin=self._begin,
                handler_cancellation=True,
                access_log=None,
                logger=logging.getLogger("kubelite.http"),
                head_bytes_max=self._limits.head_bytes_max,
                max_headers=self._limits.headers_max,
                lingering_time=1.0,
                head_timeout_s=self._limits.head_timeout_s,
                auto_decompress=False,  # bodies are read as they are sent: nobody can send a bomb
            )
        return self._server

    async def serve_socket(self, host: str, port: int = 0, ssl_context: ssl.SSLContext | None = None) -> int:
        """Listen on a socket.

        Args:
            host: An address of this machine; without TLS only a loopback address.
            port: 0 takes a free one.
            ssl_context: None for plain HTTP.

        Returns:
            The port.

        Raises:
            ValueError: Plain HTTP on an address that others can reach.
            OSError: The address cannot be had.
        """
        if ssl_context is None and not host.startswith(_LOOPBACK):
            raise ValueError(f"plain HTTP is served on loopback addresses only, not on {host}: use HTTPS")
        connection: Callable[[], asyncio.BaseProtocol] = self._running()
        if ssl_context is not None:
            connection = serve_tls(self._running(), ssl_context)
        listener = await listen_on_socket(connection, host, port, backlog=self._limits.backlog)
        self._listeners.append(listener)
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening, end watches in good order, let requests finish for a moment, then hang up."""
        for listener in self._listeners:
            listener.close()
        if self._is_asked:
            self._app.end_streams()
        if self._server is not None:
            self._server.pre_shutdown()
            transports = [connection.transport for connection in self._server.connections]
            await self._server.shutdown(self._limits.shutdown_timeout_s)
            for transport in transports:  # TLS would wait for the client to say good-bye as well
                if transport is not None:
                    transport.abort()
        if self._is_asked:
            self._app.close()
        self._listeners.clear()
        self._server = None

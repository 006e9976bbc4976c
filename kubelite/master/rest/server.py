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

import attrs
from aiohttp import web

from kubelite.apimachinery.scheme import Scheme
from kubelite.client.requests import Message
from kubelite.master.auth.authenticator import Authenticator
from kubelite.runtime import Clock, Randomness, Ref

if TYPE_CHECKING:
    from kubelite.master.rest.app import App
    from kubelite.master.rest.connect import KubeletDialer

_LOOPBACK: Final = ("127.", "::1", "localhost")


@attrs.frozen
class RESTConfig:
    """Bounds of the HTTP server.

    Attributes:
        line_bytes_max: Of the request line: selectors can be long.
        shutdown_timeout_s: How long running requests may take at the end.
        backlog: Connections that wait to be accepted.
    """

    line_bytes_max: int = 64 * 1024
    shutdown_timeout_s: float = 2.0
    backlog: int = 1024


DEFAULT_CONFIG: Final = RESTConfig()


class RESTServer:
    """The REST door of the API server.

    Args:
        apiserver: Where resource requests go.
        scheme: What is served.
        clock: The cluster's clock.
        random: The cluster's generator; a stream of its own is taken from it.
        authenticator: Who asks.
        dialer: The way to kubelets; None if there are none.
        config: Bounds.
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
        config: RESTConfig = DEFAULT_CONFIG,
    ) -> None:
        self._config = config
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
        )

    @property
    def _is_asked(self) -> bool:
        return "_app" in self.__dict__

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._app.handle(request)

    def protocol_factory(self) -> Callable[[], asyncio.Protocol]:
        """What makes the protocol of a new connection, be it a socket or a pipe."""
        return self._running()

    def _running(self) -> web.Server:
        """The HTTP server, made in the loop that serves."""
        if self._server is None:
            self._server = web.Server(
                self._handle,
                handler_cancellation=True,
                access_log=None,
                logger=logging.getLogger("kubelite.http"),
                max_line_size=self._config.line_bytes_max,
                max_field_size=self._config.line_bytes_max,
                lingering_time=1.0,
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
        listener = await asyncio.get_running_loop().create_server(
            self._running(), host, port, ssl=ssl_context, backlog=self._config.backlog
        )
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
            await self._server.shutdown(self._config.shutdown_timeout_s)
            for transport in transports:  # TLS would wait for the client to say good-bye as well
                if transport is not None:
                    transport.abort()
        self._listeners.clear()
        self._server = None

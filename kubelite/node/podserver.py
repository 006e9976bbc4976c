"""The HTTP server of an application in a pod."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from kubelite.images import programs
from kubelite.network.tls import serve_tls

if TYPE_CHECKING:
    import ssl

    from kubelite.node.box import Box


class _PodHandler(RequestHandler):
    """Its task is made in the context of the pod that listens, not of whoever connects."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        server = self._manager
        assert isinstance(server, PodServer)
        server.context.copy().run(super().connection_made, transport)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # the base class returns nothing
        """A client that sends no more, as `nc`, still gets the answers to what it has sent."""
        super().eof_received()
        transport = self.transport
        if transport is None or transport.get_extra_info("sslcontext") is not None:
            return None
        if not self._is_busy() or not self._is_all_here():
            return None
        self.close()  # when the answers are written
        return True

    def _is_busy(self) -> bool:
        return bool(self._messages) or self._current_request is not None

    def _is_all_here(self) -> bool:
        """Whether every request that has begun is complete."""
        if self._payload_parser is not None:  # a websocket
            return False
        asked = [payload for _, payload in self._messages]
        if self._current_request is not None:
            asked.append(self._current_request.content)
        return all(payload.is_eof() for payload in asked)


class PodServer(web.Server):
    """The HTTP server of one `serve`.

    Its handlers run in the pod's context, and it can say when it is drained.
    """

    def __init__(self, hosted: programs.Hosted, box: Box) -> None:
        super().__init__(hosted.handler, request_factory=hosted.request_factory, access_log=None)
        self.context = box.context
        self._box = box
        self._listeners: list[Any] = []
        self._drained: asyncio.Event | None = None
        box.servers[self] = None

    def __call__(self) -> RequestHandler:
        """A protocol for one connection."""
        return _PodHandler(self, loop=self._loop, **self._kwargs)

    def listen(self, address: str, ports: Sequence[int], tls: ssl.SSLContext | None = None) -> None:
        """Listen on each port.

        Raises:
            OSError: One of them is taken.
        """
        fabric = self._box.config.network.fabric
        factory = serve_tls(self, tls) if tls is not None else self
        for port in ports:
            self._listeners.append(fabric.listen(address, port, factory))

    async def drain(self) -> None:
        """Stop accepting, close what is idle, wait for what is not."""
        self._close_listeners()
        self._drained = asyncio.Event()
        self.pre_shutdown()
        self._check_drained()
        await self._drained.wait()

    def cut(self) -> None:
        """Close listeners and connections, cancel handlers. Again is harmless."""
        self._close_listeners()
        for handler in self.connections:
            if (transport := handler.transport) is not None:
                transport.abort()
            if (task := handler._task_handler) is not None:  # noqa: SLF001  (a killed process handles no more)
                task.cancel()
        self._box.servers.pop(self, None)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """A connection is gone."""
        super().connection_lost(handler, exc)
        if (task := handler._task_handler) is not None:  # noqa: SLF001  (the server drops the connection when it ends)
            task.add_done_callback(self._check_drained)
        else:
            self._check_drained()

    def _check_drained(self, _task: object = None) -> None:
        if self._drained is not None and not self.connections:
            self._drained.set()

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

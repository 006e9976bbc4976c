"""Connections of the HTTP server: clients that never finish the head of a request are hung up on.

Source: Go's net/http (ReadHeaderTimeout, the answer to what is no HTTP);
k8s.io/apiserver/pkg/server/secure_serving.go.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

_BAD_REQUEST: Final = "400 Bad Request"


class Connection(RequestHandler):  # type: ignore[type-arg,unused-ignore]
    """One connection: aiohttp's, with a deadline for heads, and with Go's answer to what is no HTTP."""

    __slots__ = ("_head_since", "_head_timeout_s", "_head_timer")

    def __init__(
        self, manager: web.Server, *, loop: asyncio.AbstractEventLoop, head_timeout_s: float, **options: Any
    ) -> None:
        super().__init__(manager, loop=loop, **options)
        self._head_timeout_s = head_timeout_s
        self._head_since: float | None = None
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The first head may begin."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing more will come."""
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What is no whole head is the beginning of one."""
        super().data_received(data)
        waiter = self._waiter
        if waiter is None or waiter.done():
            self._head_since = None
        elif self._head_since is None:
            self._await_head()

    def _await_head(self) -> None:
        """A head has begun: it has to end in time."""
        self._head_since = self._loop.time()
        if self._head_timer is None:
            self._head_timer = self._loop.call_later(self._head_timeout_s, self._look)

    def _look(self) -> None:
        """Hang up if the head that was awaited is still not there."""
        self._head_timer = None
        since = self._head_since
        if since is None:
            return
        left_s = since + self._head_timeout_s - self._loop.time()
        if left_s <= 0:
            self.force_close()
        else:
            self._head_timer = self._loop.call_later(left_s, self._look)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what cannot be parsed; the client's fault is no error of the server's."""
        if status != web.HTTPBadRequest.status_code:
            return super().handle_error(request, status, exc, message)
        self.logger.debug("no HTTP from %s", request.remote, exc_info=exc)
        response = web.Response(status=status, text=_BAD_REQUEST)
        response.force_close()
        return response


class HTTPServer(web.Server):  # type: ignore[misc,unused-ignore]
    """Makes connections."""

    def __init__(self, *arguments: Any, head_timeout_s: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_timeout_s = head_timeout_s

    def __call__(self) -> Connection:
        """A new connection."""
        return Connection(self, loop=self._loop, head_timeout_s=self._head_timeout_s, **self._kwargs)

"""Connections of the HTTP server: what is a whole request is answered at once, the rest by aiohttp's task.

Clients that never finish the head of a request are hung up on.

Source: Go's net/http (ReadHeaderTimeout, the answer to what is no HTTP);
k8s.io/apiserver/pkg/server/secure_serving.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from kubelite.master.rest.prompt import Prompt
from kubelite.master.rest.reply import SERVER, Reply

if TYPE_CHECKING:
    from kubelite.master.rest.app import Unfinished

BODY_PATIENCE_S: Final = 0.02
"""How long a body may keep a request waiting before it is given to a task."""
_BODY_DIGITS_MAX: Final = 5
"""Of the length of bodies that are waited for in this way."""
_BAD_REQUEST: Final = "400 Bad Request"
_TOO_LARGE: Final = "431 Request Header Fields Too Large"


class Connection(RequestHandler):  # type: ignore[type-arg,unused-ignore]
    """One connection: aiohttp's, with answers at once, a deadline for heads, and Go's words for no HTTP."""

    __slots__ = (
        "_begin",
        "_begun",
        "_body_since",
        "_body_timer",
        "_consumed",
        "_head_since",
        "_head_timeout_s",
        "_head_timer",
        "_remote",
    )

    def __init__(
        self,
        manager: web.Server,
        *,
        loop: asyncio.AbstractEventLoop,
        head_timeout_s: float,
        begin: Callable[[Prompt], Reply | Unfinished | None],
        **options: Any,
    ) -> None:
        super().__init__(manager, loop=loop, **options)
        self._begin = begin
        self._begun: Unfinished | None = None
        self._remote: str | None = None
        self._consumed: Callable[[], None] | None = getattr(self._parser, "message_consumed", None)
        self._body_since: float | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._head_timeout_s = head_timeout_s
        self._head_since: float | None = None
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The first head may begin."""
        super().connection_made(transport)
        peer = self.peername
        self._remote = str(peer[0]) if isinstance(peer, tuple | list) else peer
        self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing more will come."""
        for timer in (self._head_timer, self._body_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._body_timer = None
        super().connection_lost(exc)
        begun = self.take_begun()
        if begun is not None:
            begun.cancel()

    def data_received(self, data: bytes) -> None:
        """What is a whole request and comes alone is answered here; aiohttp's task sleeps on."""
        waiter = self._waiter
        if waiter is None or waiter.done():
            super().data_received(data)
            self._head_since = None
            return
        self._waiter = None  # nobody wakes the task: neither this, nor what reading a body lets in
        try:
            super().data_received(data)
            messages = self._messages
            if not messages:  # what is no whole head is the beginning of one
                if self._head_since is None:
                    self._await_head()
                return
            self._head_since = None
            if len(messages) == 1 and self._waits_for_body(*messages[0]):
                return
            self._body_since = None
            if len(messages) == 1:
                self._answer_at_once(*messages.popleft())
        finally:
            self._waiter = waiter
        if self._close or self._force_close:
            waiter.cancel()
        elif self._messages:
            waiter.set_result(None)

    def _answer_at_once(self, message: Any, payload: StreamReader) -> None:
        """Answer the only request, or leave it to the task."""
        transport = self.transport
        if transport is None or not self._is_prompt(message, payload, transport):
            self._messages.appendleft((message, payload))
            return
        reply = self._begin(Prompt(message, payload, self._remote, transport))
        if not isinstance(reply, Reply):
            self._begun = reply
            self._messages.appendleft((message, payload))
            return
        if self._consumed is not None:
            self._consumed()
        if self._manager is not None:
            self._manager.requests_count += 1
        transport.write(reply.to_bytes())
        self._keep_alive()

    def _is_prompt(self, message: Any, payload: StreamReader, transport: asyncio.Transport) -> bool:
        """Whether a request may be answered without a task: it is whole, and its client reads answers."""
        return (
            isinstance(message, RawRequestMessage)
            and message.version == HttpVersion11
            and not message.should_close
            and not message.upgrade
            and payload.is_eof()
            and payload.exception() is None
            and not self._paused
            and not transport.is_closing()
        )

    def _waits_for_body(self, message: Any, payload: StreamReader) -> bool:
        """Whether to wait for a body a little: it mostly comes along with the head."""
        if payload.is_eof() or not isinstance(message, RawRequestMessage) or "Expect" in message.headers:
            return False
        length = message.headers.get("Content-Length", "")
        if not 0 < len(length) <= _BODY_DIGITS_MAX:
            return False
        if self._body_since is None:
            self._body_since = self._loop.time()
            if self._body_timer is None:
                self._body_timer = self._loop.call_later(BODY_PATIENCE_S, self._look_for_body)
        return True

    def _look_for_body(self) -> None:
        """A body that takes long is for the task to wait for."""
        self._body_timer = None
        since, waiter = self._body_since, self._waiter
        if since is None:
            return
        left_s = since + BODY_PATIENCE_S - self._loop.time()
        if left_s > 0:
            self._body_timer = self._loop.call_later(left_s, self._look_for_body)
            return
        self._body_since = None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _keep_alive(self) -> None:
        """The next request may come."""
        at = self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        self._keepalive = True
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(at, self._process_keepalive)

    def take_begun(self) -> Unfinished | None:
        """What was begun of the request that the task has now."""
        begun, self._begun = self._begun, None
        return begun

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
        text = _TOO_LARGE if isinstance(exc, LineTooLong) else _BAD_REQUEST
        response = web.Response(status=int(text[:3]), text=text, headers={"Server": SERVER})
        response.force_close()
        return response


class HTTPServer(web.Server):  # type: ignore[misc,unused-ignore]
    """Makes connections."""

    def __init__(
        self,
        *arguments: Any,
        head_timeout_s: float,
        begin: Callable[[Prompt], Reply | Unfinished | None],
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._head_timeout_s = head_timeout_s
        self._begin = begin

    def __call__(self) -> Connection:
        """A new connection."""
        return Connection(
            self, loop=self._loop, head_timeout_s=self._head_timeout_s, begin=self._begin, **self._kwargs
        )

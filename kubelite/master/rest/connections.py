"""Connections of the HTTP server: what is a whole request is answered at once, the rest by aiohttp's task.

Clients that never finish the head of a request are hung up on.

Source: Go's net/http (ReadHeaderTimeout, the answer to what is no HTTP);
k8s.io/apiserver/pkg/server/secure_serving.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from kubelite.master.rest.prompt import Prompt
from kubelite.master.rest.reply import Reply

if TYPE_CHECKING:
    from kubelite.master.rest.app import Unfinished

BODY_PATIENCE_S: Final = 0.02
"""How long a body may keep a request waiting before it is given to a task."""
_BODY_DIGITS_MAX: Final = 5
"""Of the length of bodies that are waited for in this way."""
LINGERING_S: Final = 0.5
"""How long a client that is refused may go on sending: a reset could overtake the answer."""
_TOO_MANY_HEADERS: Final = "Too many headers"
"""What aiohttp says of them; there is no error of its own."""
TEXT: Final = "text/plain; charset=utf-8"
_FAILED: Final = "This request caused apiserver to panic. Look in the logs for details.\n"


class Connection(RequestHandler):  # type: ignore[type-arg,unused-ignore]
    """One connection: aiohttp's, with answers at once, a deadline for heads, and Go's words for no HTTP."""

    __slots__ = (
        "_begin",
        "_begun",
        "_body_since",
        "_body_timer",
        "_consumed",
        "_gone",
        "_head_bytes",
        "_head_bytes_max",
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
        head_bytes_max: int,
        head_timeout_s: float,
        begin: Callable[[Prompt], Reply | Unfinished | None],
        **options: Any,
    ) -> None:
        super().__init__(
            manager, loop=loop, max_line_size=head_bytes_max, max_field_size=head_bytes_max, **options
        )
        self._head_bytes_max = head_bytes_max
        self._head_bytes = 0
        self._gone: asyncio.Future[None] | None = None
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
        self._let_go()
        super().connection_lost(exc)
        begun = self.take_begun()
        if begun is not None:
            begun.cancel()

    def data_received(self, data: bytes) -> None:
        """What is a whole request and comes alone is answered here; aiohttp's task sleeps on."""
        waiter = self._waiter
        if waiter is None or waiter.done():
            count = len(self._messages)
            super().data_received(data)
            self._head_since = None
            self._bound_next_head(len(data), is_whole=len(self._messages) > count)
            return
        self._waiter = None  # nobody wakes the task: neither this, nor what reading a body lets in
        try:
            super().data_received(data)
            messages = self._messages
            if not messages:  # what is no whole head is the beginning of one
                if self._head_since is None:
                    self._await_head()
                self._head_bytes += len(data)
                if self._head_bytes > self._head_bytes_max and not self._close:
                    self._close = True  # what comes now is ignored
                    error = LineTooLong(b"", self._head_bytes_max)
                    messages.append((_ErrInfo(status=400, exc=error, message=error.message), EMPTY_PAYLOAD))
                    waiter.set_result(None)
                return
            self._head_since, self._head_bytes = None, 0
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

    def _bound_next_head(self, size: int, *, is_whole: bool) -> None:
        """Hang up on who sends a head without end while another request is being served."""
        current = self._current_request
        if is_whole or current is None or not current.content.is_eof() or self._upgraded:
            self._head_bytes = 0
            return
        self._head_bytes += size
        if self._head_bytes > self._head_bytes_max:
            self.force_close()

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
        """The answer to what cannot be parsed, which is no error of the server's; or to what failed."""
        if not isinstance(exc, BadHttpMessage):
            super().handle_error(request, status, exc, message)  # which logs it
            return _LastWords(HTTPStatus.INTERNAL_SERVER_ERROR, _FAILED)
        self.logger.debug("no HTTP from %s", request.remote, exc_info=exc)
        if isinstance(exc, LineTooLong) or exc.message.startswith(_TOO_MANY_HEADERS):
            return _LastWords(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        return _LastWords(HTTPStatus.BAD_REQUEST)

    async def linger(self) -> None:
        """Read on for a moment, for nothing, after the last words."""
        self._close = True
        transport = self.transport
        if transport is None:
            return
        if transport.can_write_eof():
            transport.write_eof()
        self._gone = self._loop.create_future()
        timer = self._loop.call_later(LINGERING_S, self._let_go)
        try:
            await self._gone
        finally:
            timer.cancel()

    def eof_received(self) -> None:
        """The client has said all."""
        self._let_go()
        super().eof_received()

    def _let_go(self) -> None:
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)


class _LastWords(web.StreamResponse):
    """An answer as Go's server writes it where there is no request: nothing but what it says.

    Args:
        status: Of HTTP.
        text: What is said; by default only what the status means.
    """

    def __init__(self, status: HTTPStatus, text: str = "") -> None:
        super().__init__(status=status)
        self.force_close()
        self._line = f"{status.value} {status.phrase}"
        self._text = text or self._line

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Say it."""
        transport, connection = request.transport, request.protocol
        if transport is not None and isinstance(connection, Connection):
            head = f"HTTP/1.1 {self._line}\r\nContent-Type: {TEXT}\r\nConnection: close\r\n\r\n"
            transport.write((head + self._text).encode())
            await connection.linger()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """That is all."""


class HTTPServer(web.Server):  # type: ignore[misc,unused-ignore]
    """Makes connections."""

    def __init__(
        self,
        *arguments: Any,
        head_bytes_max: int,
        head_timeout_s: float,
        begin: Callable[[Prompt], Reply | Unfinished | None],
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes_max = head_bytes_max
        self._head_timeout_s = head_timeout_s
        self._begin = begin

    def __call__(self) -> Connection:
        """A new connection."""
        return Connection(
            self,
            loop=self._loop,
            head_bytes_max=self._head_bytes_max,
            head_timeout_s=self._head_timeout_s,
            begin=self._begin,
            **self._kwargs,
        )

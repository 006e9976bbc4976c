"""Requests that are answered at once: in the stack in which their last bytes come, without a task.

Almost all requests about objects wait for nothing. They are begun when they are complete; who has to wait
after all is finished by aiohttp's task of the connection, from where it stands.

Invariant: what is begun is finished exactly once: at once, by a task, or by `Begun.cancel`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

from aiohttp import HttpVersion, web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from multidict import CIMultiDictProxy

T = TypeVar("T")


class Prompt:
    """A request whose body is there: as much of aiohttp's interface as most requests need.

    Attributes:
        method: In upper case.
        raw_path: Path and query as they were sent.
        remote: The client's address.
        transport: Of the connection.
    """

    __slots__ = ("_message", "_payload", "_whole", "headers", "method", "raw_path", "remote", "transport")

    def __init__(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        remote: str | None,
        transport: asyncio.Transport | None,
    ) -> None:
        self._message = message
        self._payload = payload
        self._whole: asyncio.Future[web.BaseRequest] | None = None
        self.headers: CIMultiDictProxy[str] = message.headers
        self.method: str = message.method
        self.raw_path: str = message.path
        self.remote = remote
        self.transport = transport

    def __repr__(self) -> str:
        return f"<Prompt {self.method} {self.raw_path}>"

    @property
    def version(self) -> HttpVersion:
        """Of HTTP."""
        return self._message.version

    def body(self) -> bytes:
        """All of the body."""
        return self._payload.read_nowait()

    async def whole(self) -> web.BaseRequest:
        """The same request as aiohttp's own, for answers in pieces: that takes a task."""
        self._whole = asyncio.get_running_loop().create_future()
        return await self._whole

    def complete(self, request: web.BaseRequest) -> None:
        """A task goes on with it: give it aiohttp's own."""
        if self._whole is not None and not self._whole.done():
            self._whole.set_result(request)


AnyRequest = web.BaseRequest | Prompt


async def whole(request: AnyRequest) -> web.BaseRequest:
    """The request as aiohttp's own."""
    return await request.whole() if isinstance(request, Prompt) else request


class Begun(Generic[T]):
    """Work that was begun outside of any task and has to wait; who awaits this goes on with it.

    Args:
        work: It has run up to its first wait.
        waits_for: What it has yielded there: a future.
    """

    __slots__ = ("_waits_for", "_work")

    def __init__(self, work: Coroutine[Any, Any, T], waits_for: Any) -> None:
        self._work = work
        self._waits_for = waits_for

    def __repr__(self) -> str:
        return f"<Begun {self._work!r}>"

    def __await__(self) -> Generator[Any, Any, T]:
        work, waits_for = self._work, self._waits_for
        while True:
            failed: BaseException | None = None
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001 - it is the work's to handle
                failed = error
            try:
                waits_for = work.send(sent) if failed is None else work.throw(failed)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]

    def cancel(self) -> None:
        """Nobody will go on with it: let it clean up."""
        try:
            self._work.throw(asyncio.CancelledError())
        except (asyncio.CancelledError, StopIteration):
            return
        self._work.close()


def begin(work: Coroutine[Any, Any, T]) -> T | Begun[T]:
    """Run work up to its end, or to its first wait."""
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    return Begun(work, waits_for)

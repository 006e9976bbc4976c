"""Requests to a program that takes them one after another, as `http.server` does."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from aiohttp import web

from kubelite.runtime import tasks

if TYPE_CHECKING:
    from kubelite.images.container import Container

_OF_THE_CONNECTION: Final = frozenset({"connection", "transfer-encoding", "content-length"})


class Taken:
    """One request, until it is answered."""

    def __init__(self, raw: bytes, remote: str) -> None:
        self.raw, self.remote = raw, remote
        self.answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def answer(self, raw: bytes) -> None:
        """Send an answer."""
        if not self.answered.done():
            self.answered.set_result(raw)


class Requests:
    """The requests that come to a port."""

    def __init__(self, container: Container, port: int, owned: list[asyncio.Task[None]]) -> None:
        self._container, self._port, self._owned = container, port, owned
        self._waiting: deque[Taken] = deque()
        self._changed = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def next(self) -> Taken | None:
        """The next request; None once the container is to end.

        Raises:
            OSError: The port is taken.
        """
        if self._serving is None:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", self._take)
            self._serving = tasks.start(self._serve(app), name=f"python port {self._port}")
            self._owned.append(self._serving)
        while not self._waiting and not self._serving.done():
            self._changed.clear()
            await self._changed.wait()
        if self._waiting:
            return self._waiting.popleft()
        self._serving.result()
        return None

    async def close(self) -> None:
        """Listen no more."""
        if self._serving is not None:
            await tasks.cancel(self._serving)

    async def _serve(self, app: web.Application) -> None:
        try:
            await self._container.serve(app, self._port)
        finally:
            self._changed.set()

    async def _take(self, request: web.Request) -> web.Response:
        head = f"{request.method} {request.raw_path} HTTP/1.1\r\n".encode()
        headers = b"".join(name + b": " + value + b"\r\n" for name, value in request.raw_headers)
        taken = Taken(head + headers + b"\r\n" + await request.read(), request.remote or "")
        self._waiting.append(taken)
        self._changed.set()
        return _response(await taken.answered)


def _response(raw: bytes) -> web.Response:
    """What a handler wrote, as an answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[1].isdecimal():
        return web.Response(status=502, text="the handler wrote no answer")
    response = web.Response(status=int(words[1]), reason=words[2] if len(words) > 2 else None, body=body)
    response.headers.pop("Content-Type", None)
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() not in _OF_THE_CONNECTION:
            response.headers.add(name, value.strip())
    return response

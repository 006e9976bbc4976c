"""urllib.request and http.server for programs in containers: over the pod's network."""

from __future__ import annotations

import http.server
import io
import urllib.error
import urllib.request
from email.message import Message
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from kubelite.images.python.requests import Requests, Taken

if TYPE_CHECKING:
    from kubelite.images.python.modules import World

_ERROR_MIN: Final = 400


class Answer(io.BytesIO):
    """What `urlopen` gives."""

    def __init__(self, url: str, status: int, headers: Message, body: bytes) -> None:
        super().__init__(body)
        self.url, self.status, self.code, self.headers = url, status, status, headers

    def getcode(self) -> int:
        """The status."""
        return self.status

    def geturl(self) -> str:
        """The address."""
        return self.url

    def info(self) -> Message:
        """The headers."""
        return self.headers


def make_requests(world: World) -> ModuleType:
    """The module `urllib.request`."""
    module = ModuleType("urllib.request")

    async def ask(request: urllib.request.Request, limit: aiohttp.ClientTimeout) -> Answer:
        async with world.container.http() as session, session.request(
            request.get_method(),
            request.full_url,
            data=request.data,
            headers=dict(request.header_items()),
            timeout=limit,
        ) as answer:  # fmt: skip
            headers = Message()
            for name, value in answer.headers.items():
                headers[name] = value
            return Answer(str(answer.url), answer.status, headers, await answer.read())

    def urlopen(url: Any, data: bytes | None = None, timeout: float | None = None, **_: Any) -> Answer:
        request = url if isinstance(url, urllib.request.Request) else urllib.request.Request(url, data)  # noqa: S310
        try:
            answer: Answer = world.wait(partial(ask, request, aiohttp.ClientTimeout(total=timeout)))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise urllib.error.URLError(error) from error
        if answer.status >= _ERROR_MIN:
            text = answer.headers.get("reason", "")
            raise urllib.error.HTTPError(answer.url, answer.status, text, answer.headers, answer)
        return answer

    vars(module).update(urlopen=urlopen, Request=urllib.request.Request)
    return module


async def _answer(request: Taken, raw: bytes) -> None:
    request.answer(raw)


async def _listening(world: World, port: int) -> Requests:
    return Requests(world.container, port, world.owned)


class _Connection:
    """What a request handler takes for its socket."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.sent = bytearray()

    def makefile(self, _mode: str, _size: int = -1) -> io.BytesIO:
        """The request."""
        return io.BytesIO(self._request)

    def sendall(self, data: bytes) -> None:
        """The answer, piece by piece."""
        self.sent += data


def make_servers(world: World) -> ModuleType:
    """The module `http.server`: handlers are the real ones, the server is the container's."""
    module = ModuleType("http.server")

    class BaseHTTPRequestHandler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is called there
            text = format % args
            world.stderr.write(f"{self.client_address[0]} - - [{self.log_date_time_string()}] {text}\n")

    class HTTPServer:
        def __init__(self, server_address: tuple[str, int], handler: Any, *_: Any) -> None:
            self.server_address, self.handler = server_address, handler
            self.server_name, self.server_port = world.container.hostname, server_address[1]
            port = server_address[1]
            # The loop stands still while a program runs: what is made here belongs to it.
            self._requests = world.wait(partial(_listening, world, port))

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            self.server_close()

        def serve_forever(self, poll_interval: float = 0.5) -> None:
            while (request := world.wait(self._requests.next)) is not None:
                connection = _Connection(request.raw)
                try:
                    self.handler(connection, (request.remote, 0), self)
                finally:
                    world.wait(partial(_answer, request, bytes(connection.sent)))
            handler = world.handlers.pop(15, None)
            if callable(handler):
                handler(15, None)

        def server_close(self) -> None:
            world.wait(self._requests.close)

        shutdown = server_close

    vars(module).update(
        BaseHTTPRequestHandler=BaseHTTPRequestHandler, HTTPServer=HTTPServer, ThreadingHTTPServer=HTTPServer
    )
    return module

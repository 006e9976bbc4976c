"""ASGI 3 applications behind aiohttp's server: HTTP with streaming, websockets, lifespan.

Source: https://asgi.readthedocs.io/en/latest/specs/main.html.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from aiohttp import WSMsgType, web

from kubelite.runtime import tasks

Message: TypeAlias = MutableMapping[str, Any]
ASGI: TypeAlias = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]
_VERSIONS: Final = {"version": "3.0", "spec_version": "2.4"}


class ASGIHost:
    """One running ASGI application."""

    def __init__(self, app: ASGI) -> None:
        self._app = app
        self._state: dict[str, Any] = {}
        self._lifespan: asyncio.Task[None] | None = None
        self._asked = asyncio.Event()
        self._begun: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._received = 0

    async def startup(self) -> None:
        """Run the application's start-up; one without lifespan support is taken as started.

        Raises:
            RuntimeError: It says that it failed to start.
        """
        self._lifespan = tasks.start(self._run_lifespan(), name="asgi lifespan")
        if problem := await self._begun:
            raise RuntimeError(f"the application failed to start: {problem}")

    async def shutdown(self) -> None:
        """Run the application's shut-down."""
        self._asked.set()
        if self._lifespan is not None:
            await asyncio.wait([self._lifespan])

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, a websocket too."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._websocket(request)
        return await _Exchange(request).run(self._app, self._scope(request, "http"))

    async def _run_lifespan(self) -> None:
        scope = {"type": "lifespan", "asgi": _VERSIONS, "state": self._state}
        try:
            # The specification: an exception here means that the application does not support lifespan.
            with contextlib.suppress(Exception):
                await self._app(scope, self._lifespan_receive, self._lifespan_send)
        finally:
            self._begin("")

    async def _lifespan_receive(self) -> Message:
        self._received += 1
        if self._received == 1:
            return {"type": "lifespan.startup"}
        await self._asked.wait()
        return {"type": "lifespan.shutdown"}

    async def _lifespan_send(self, message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            self._begin("")
        elif message["type"] == "lifespan.startup.failed":
            self._begin(message.get("message") or "no reason given")

    def _begin(self, problem: str) -> None:
        if not self._begun.done():
            self._begun.set_result(problem)

    def _scope(self, request: web.BaseRequest, type_: str) -> dict[str, Any]:
        raw_path, _, query = request.raw_path.partition("?")
        transport = request.transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        host = transport.get_extra_info("sockname") if transport is not None else None
        scope: dict[str, Any] = {
            "type": type_,
            "asgi": _VERSIONS,
            "http_version": f"{request.version.major}.{request.version.minor}",
            "scheme": request.scheme if type_ == "http" else "ws",
            "path": unquote(raw_path),
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.raw_headers],
            "client": tuple(peer[:2]) if peer else None,
            "server": tuple(host[:2]) if host else None,
            "state": dict(self._state),
        }
        if type_ == "http":
            scope["method"] = request.method
        return scope

    async def _websocket(self, request: web.BaseRequest) -> web.StreamResponse:
        scope = self._scope(request, "websocket")
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        scope["subprotocols"] = [part.strip() for part in offered.split(",") if part.strip()]
        talk = _WebSocket(request)
        await self._app(scope, talk.receive, talk.send)
        return await talk.finish()


class _Exchange:
    """One HTTP request and its answer."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._response: web.StreamResponse | None = None
        self._body_read = False
        self._done = asyncio.Event()

    async def run(self, app: ASGI, scope: dict[str, Any]) -> web.StreamResponse:
        await app(scope, self._receive, self._send)
        if self._response is None:
            return web.Response(status=500, text="the application gave no answer")
        return self._response

    async def _receive(self) -> Message:
        if self._body_read:
            await self._done.wait()
            return {"type": "http.disconnect"}
        chunk = await self._request.content.readany()
        self._body_read = self._request.content.at_eof()
        return {"type": "http.request", "body": chunk, "more_body": not self._body_read}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._response = web.StreamResponse(status=message["status"])
            for name, value in message.get("headers") or ():
                if name.lower() != b"transfer-encoding":
                    self._response.headers.add(name.decode("latin-1"), value.decode("latin-1"))
            return
        response = self._response
        assert response is not None, "http.response.start comes first"
        body, more = message.get("body") or b"", message.get("more_body", False)
        if not response.prepared:
            if not more and "Content-Length" not in response.headers and response.status not in {204, 304}:
                response.content_length = len(body)
            await response.prepare(self._request)
        if body and self._request.method != "HEAD":
            await response.write(body)
        if not more:
            await response.write_eof()
            self._done.set()


class _WebSocket:
    """One websocket."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._socket: web.WebSocketResponse | None = None
        self._refusal: web.StreamResponse | None = None
        self._connected = False

    async def finish(self) -> web.StreamResponse:
        if self._socket is None:
            return self._refusal or web.Response(status=403)
        if not self._socket.closed:
            await self._socket.close()
        return self._socket

    async def receive(self) -> Message:
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        if self._socket is None:
            return {"type": "websocket.disconnect", "code": 1006}
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            return {"type": "websocket.receive", "text": message.data}
        if message.type is WSMsgType.BINARY:
            return {"type": "websocket.receive", "bytes": message.data}
        return {"type": "websocket.disconnect", "code": self._socket.close_code or 1005}

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "websocket.accept":
                protocol = message.get("subprotocol")
                self._socket = web.WebSocketResponse(protocols=(protocol,) if protocol else ())
                await self._socket.prepare(self._request)
            case "websocket.send" if self._socket is not None:
                if message.get("text") is not None:
                    await self._socket.send_str(message["text"])
                else:
                    await self._socket.send_bytes(message["bytes"])
            case "websocket.close" if self._socket is not None:
                await self._socket.close(code=message.get("code", 1000))
            case "websocket.close":
                self._refusal = web.Response(status=403)
            case _:
                pass

"""`agnhost guestbook`: a primary that keeps values, replicas that register with it, and a front end for both.

Source: the guestbook section of agnhost's README.
"""

from __future__ import annotations

import socket
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import anyio
import orjson
from aiohttp import web

from kubelite.images.agnhost.options import flag
from kubelite.images.container import Container

REGISTER_TIMEOUT_S: Final = 15.0
RETRY_S: Final = 1.0
CALL_TIMEOUT_S: Final = 5.0
_HOSTS: Final = {"set": "agnhost-primary", "get": "agnhost-replica"}


class Guestbook:
    """What it keeps, and who copies it."""

    def __init__(self, container: Container, backend_port: str) -> None:
        self._container = container
        self._port = backend_port
        self._store: dict[str, Any] = {}
        self._replicas: list[str] = []

    def application(self) -> web.Application:
        """The application with all routes."""
        app = web.Application()
        for path, handler in {
            "/register": self.register,
            "/get": self.get,
            "/set": self.set,
            "/guestbook": self.guestbook,
        }.items():
            app.router.add_route("*", path, handler)
        return app

    async def join(self, primary: str) -> bool:
        """Register with a primary and take what it has; False if that cannot be done in time."""
        container = self._container
        until = container.clock.monotonic() + REGISTER_TIMEOUT_S
        while container.clock.monotonic() < until:
            try:
                text = await self._call(primary, "register", {"host": container.ip})
                self._store = orjson.loads(text)["data"]
            except (OSError, TimeoutError, aiohttp.ClientError) as error:
                container.stderr.write(f"encountered error while registering to primary: {error}\n")
                await container.clock.sleep(RETRY_S)
            else:
                container.stderr.write(f"Registered to node: {primary}\n")
                return True
        container.stderr.write("Timed out while registering to primary.\n")
        return False

    async def register(self, request: web.Request) -> web.Response:
        """A replica at `host` gets all there is, and from now on what is set."""
        self._replicas.append(request.query.get("host", ""))
        return _data(self._store)

    async def get(self, request: web.Request) -> web.Response:
        """The value of `key`, or all of them."""
        key = request.query.get("key", "")
        return _data(self._store.get(key, "") if key else self._store)

    async def set(self, request: web.Request) -> web.Response:
        """`key` is now `value`, in the replicas too."""
        key, value = request.query.get("key", ""), request.query.get("value", "")
        if not key:
            return web.Response(status=400, text="cannot set with empty key.\n")
        self._store[key] = value
        for replica in self._replicas:
            try:
                await self._call(replica, "set", {"key": key, "value": value})
            except (OSError, TimeoutError, aiohttp.ClientError) as error:
                text = f"encountered error while propagating to replica '{replica}': {error}\n"
                return web.Response(status=417, text=text)
        return web.Response(body=orjson.dumps({"message": "Updated"}), content_type="text/plain")

    async def guestbook(self, request: web.Request) -> web.Response:
        """`cmd` is `get`, which a replica answers, or `set`, which the primary does."""
        command, key = request.query.get("cmd", "").lower(), request.query.get("key", "")
        if command not in _HOSTS:
            return web.Response(status=400, text=f"unsupported cmd: '{command}'\n")
        if command == "set" and not key:
            return web.Response(status=400, text="cannot set with empty key.\n")
        asked = {"key": key, "value": request.query.get("value", "")}
        try:
            return web.Response(text=await self._call(_HOSTS[command], command, asked))
        except socket.gaierror as error:
            return web.Response(status=400, text=f"host and/or port param are invalid. {error}\n")
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            return web.Response(status=417, text=f"encountered error: {error}\n")

    async def _call(self, host: str, path: str, query: dict[str, str]) -> str:
        async with (
            self._container.clock.timeout(CALL_TIMEOUT_S),
            self._container.http() as session,
            session.get(f"http://{host}:{self._port}/{path}?{urlencode(query)}") as answer,
        ):
            return await answer.text()


def _data(value: Any) -> web.Response:
    return web.Response(body=orjson.dumps({"data": value}), content_type="text/plain")


async def main(container: Container, args: list[str]) -> int:
    """Serves until SIGTERM."""
    book = Guestbook(container, flag(args, "backend-port", "6379"))
    port, primary = int(flag(args, "http-port", "80")), flag(args, "replicaof", "")
    async with anyio.create_task_group() as group:
        group.start_soon(container.serve, book.application(), port)
        if primary and not await book.join(primary):
            group.cancel_scope.cancel()
            return 1
    return 0

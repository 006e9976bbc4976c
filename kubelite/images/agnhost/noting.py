"""`agnhost nettest`: notes who has written to it, and tells it.

Source: test/images/agnhost/nettest's documentation of its handlers.
"""

from __future__ import annotations

import orjson
from aiohttp import web

from kubelite.images.container import Container

PORT = 8080


class NetTest:
    """What has been received, by its source."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._received: dict[str, int] = {}

    def application(self) -> web.Application:
        """`/read`, `/write`, `/status`, `/quit`."""
        app = web.Application()
        for path, handler in {
            "/read": self.read,
            "/write": self.write,
            "/status": self.status,
            "/quit": self.quit,
        }.items():
            app.router.add_route("*", path, handler)
        return app

    async def read(self, _: web.Request) -> web.Response:
        """All that is known."""
        state = {
            "Hostname": self._container.hostname,
            "Sent": {},
            "Received": self._received,
            "Errors": None,
            "Log": None,
            "StillContactingPeers": False,
        }
        return web.Response(body=orjson.dumps(state, option=orjson.OPT_INDENT_2), content_type="text/plain")

    async def write(self, request: web.Request) -> web.Response:
        """Somebody names itself."""
        try:
            post = orjson.loads(await request.read())
            source = str(post.get("Source") or "")
        except (ValueError, AttributeError) as error:
            return web.Response(status=400, text=f"{error}\n")
        self._received[source] = self._received.get(source, 0) + 1
        return web.Response(
            body=orjson.dumps({"Hostname": self._container.hostname}), content_type="text/plain"
        )

    async def status(self, _: web.Request) -> web.Response:
        """It has no peers whom it could miss."""
        return web.Response(text="pass")

    async def quit(self, _: web.Request) -> web.Response:
        """Ends it."""
        self._container.terminating.set()
        return web.Response()


async def main(container: Container, port: int) -> int:
    """Serves until SIGTERM or `/quit`."""
    await container.serve(NetTest(container).application(), port)
    return 0

"""`agnhost serve-hostname`: says the pod's host name over HTTP, or over plain TCP and UDP.

Source: the serve-hostname section of agnhost's README.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Any, Final

from aiohttp import web

from kubelite.images.agnhost.datagrams import Answering
from kubelite.images.agnhost.options import flag, is_set
from kubelite.images.container import Container
from kubelite.network import open_datagrams

PORT: Final = 9376


class _Telling(asyncio.Protocol):
    """Tells whoever connects, and closes."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()

    def connection_made(self, transport: Any) -> None:
        """Somebody asks."""
        transport.write(self._text)
        transport.close()


def application(container: Container) -> web.Application:
    """Answers every request with the host name."""

    async def hostname(_: web.Request) -> web.Response:
        return web.Response(text=container.hostname)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hostname)
    return app


async def main(container: Container, args: list[str]) -> int:
    """Serves until SIGTERM."""
    port, network = int(flag(args, "port", str(PORT))), container.network
    tcp, udp = is_set(args, "tcp"), is_set(args, "udp")
    http = is_set(args, "http", default=True)
    if http and (tcp or udp):
        container.stderr.write("Can't server TCP/UDP mode and HTTP mode at the same time\n")
        return 1
    container.log(f"Serving on port {port}.")
    with ExitStack() as stack:
        if tcp:
            listener = network.fabric.listen(container.ip, port, lambda: _Telling(container.hostname))
            stack.callback(listener.close)
        if udp:
            transport, _ = await open_datagrams(network, lambda: Answering(container.hostname), port=port)
            stack.callback(transport.close)
        if http:
            await container.serve(application(container), port)
        else:
            await container.terminating.wait()
    return 0

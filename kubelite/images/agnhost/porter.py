"""`agnhost porter`: serves what environment variables say, on the ports that their names say.

Source: the porter section of agnhost's README.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import anyio
import attrs
import orjson
from aiohttp import web

from kubelite.images.agnhost.datagrams import Answering
from kubelite.images.agnhost.tls import server_context
from kubelite.images.container import Container
from kubelite.network import open_datagrams

_PREFIXES: Final = {
    "SERVE_PORT_": "http",
    "SERVE_TCP_PORT_": "http",
    "SERVE_TLS_PORT_": "https",
    "SERVE_UDP_PORT_": "udp",
}


@attrs.frozen
class Door:
    """One port, how it is served, and what it says."""

    port: int
    scheme: str
    text: str


def doors(container: Container) -> Iterator[Door]:
    """What the environment asks for."""
    for name, text in container.env.items():
        for prefix, scheme in _PREFIXES.items():
            number = name.removeprefix(prefix)
            if number != name and number.isdecimal():
                yield Door(int(number), scheme, text)


def application(text: str, *, as_json: bool) -> web.Application:
    """Answers every request with the text, or with an object of it and the request's method."""

    async def answer(request: web.Request) -> web.Response:
        if as_json:
            body = orjson.dumps({"Method": request.method, "Body": text})
            return web.Response(body=body, content_type="application/json")
        kind = "text/html" if text.lstrip().startswith("<") else "text/plain"  # as Go sniffs it
        return web.Response(text=text, content_type=kind)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def main(container: Container, args: list[str]) -> int:
    """Serves all ports until SIGTERM."""
    as_json = any(arg.lstrip("-").startswith("json-response") for arg in args)
    asked = list(doors(container))
    tls = None
    if any(door.scheme == "https" for door in asked):
        tls = server_context(container, container.env.get("CERT_FILE", ""), container.env.get("KEY_FILE", ""))
    sockets = [
        await open_datagrams(container.network, partial(Answering, door.text), port=door.port)
        for door in asked
        if door.scheme == "udp"
    ]
    try:
        async with anyio.create_task_group() as group:
            for door in asked:
                if door.scheme != "udp":
                    app = application(door.text, as_json=as_json)
                    context = tls if door.scheme == "https" else None
                    group.start_soon(partial(container.serve, app, door.port, tls=context))
            await container.terminating.wait()
    finally:
        for transport, _ in sockets:
            transport.close()
    return 0

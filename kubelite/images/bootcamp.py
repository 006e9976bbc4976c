"""kubernetes-bootcamp: the application of the tutorial "Kubernetes Basics", in its versions 1 and 2.

It says on port 8080 which pod it runs in, and is kept in the file server.js, which the tutorial shows.

Source: what the tutorial shows of its answers and of its log.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Final

from aiohttp import web

from kubelite.images import curl
from kubelite.images.busybox import APPLETS, run_applets
from kubelite.images.container import Container
from kubelite.images.registry import Image

PORT: Final = 8080
SERVER: Final = "/server.js"
_COMMAND: Final = ("/bin/sh", "-c", "node server.js")
_APPLETS: Final = {**APPLETS, **curl.APPLETS}
_ENV: Final = (("NPM_CONFIG_LOGLEVEL", "info"), ("NODE_VERSION", "6.3.1"))
_TEXT: Final = """\
// Stands in for the application: a program of this cluster answers as it would.
const http = require('http');
http.createServer((request, response) => {{
  response.setHeader('Content-Type', 'text/plain');
  response.end(`Hello Kubernetes bootcamp! | Running on: ${{process.env.HOSTNAME}} | v={0}\\n`);
}}).listen({1});
"""


def _time(container: Container) -> str:
    """Now, as JavaScript shows it."""
    now = dt.datetime.fromtimestamp(container.clock.now(), dt.UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"


def application(container: Container, version: int) -> web.Application:
    """Says hello to every request, and keeps count in the log."""
    started, host, requests = container.clock.monotonic(), container.hostname, 0

    async def hello(_: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        uptime_s = f"{container.clock.monotonic() - started:.3f}".rstrip("0").rstrip(".")
        container.log(
            f"Running On: {host} | Total Requests: {requests} | App Uptime: {uptime_s} seconds "
            f"| Log Time: {_time(container)}"
        )
        return web.Response(text=f"Hello Kubernetes bootcamp! | Running on: {host} | v={version}\n")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hello)
    return app


async def main(container: Container, version: int) -> int:
    """Serves, or runs another command of the image."""
    if tuple(container.argv) != _COMMAND and container.argv[:1] != ("node",):
        return await run_applets(container, _APPLETS)
    container.log(
        f"Kubernetes Bootcamp App Started At: {_time(container)} | Running On:  {container.hostname} \n"
    )
    await container.serve(application(container, version), PORT)
    return 0


async def execute(container: Container) -> int:
    """Runs an exec'd command."""
    return await run_applets(container, _APPLETS)


def make_image(version: int) -> Image:
    """The image of a version."""
    return Image(
        program=partial(main, version=version),
        kind="main",
        default_args=_COMMAND,
        exec=execute,
        size=83_000_000,
        env=_ENV,
        files={SERVER: _TEXT.format(version, PORT)},
    )

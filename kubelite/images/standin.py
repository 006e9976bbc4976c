"""What stands in for images that nobody published: shells run what they are told, all else serves and waits.

It makes foreign manifests come up: a server answers 200 on every port that the container declares, so that
probes and Services find something; a container whose command is a shell or one of its tools runs that.
"""

from __future__ import annotations

import posixpath

from aiohttp import web

from kubelite.images.busybox import APPLETS, run_applets
from kubelite.images.container import Container
from kubelite.images.registry import Image


def application(container: Container) -> web.Application:
    """Says in whose place it answers."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=f"kubelite stands in for {container.image} in {container.pod_name}\n")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def main(container: Container) -> int:
    """Runs a command of a shell; otherwise serves, or waits, until SIGTERM."""
    if container.argv and posixpath.basename(container.argv[0]) in APPLETS:
        return await run_applets(container, APPLETS)
    container.log(
        f"kubelite stands in for {container.image}: {' '.join(container.argv) or 'its entry point'}"
    )
    if container.ports:
        await container.serve(application(container))
    else:
        await container.terminating.wait()
    return 0


async def execute(container: Container) -> int:
    """Runs an exec'd command."""
    return await run_applets(container, APPLETS)


IMAGE = Image(program=main, kind="main", foreign=True, exec=execute)

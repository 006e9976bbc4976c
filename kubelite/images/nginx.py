"""nginx: a welcome page on port 80, and files below /usr/share/nginx/html.

Source: the default page and configuration of the official image.
"""

from __future__ import annotations

import mimetypes
import posixpath

from aiohttp import web

from kubelite.images import curl
from kubelite.images.busybox import APPLETS, run_applets
from kubelite.images.container import Container
from kubelite.images.registry import Image

ROOT = "/usr/share/nginx/html"
ENTRYPOINT = "/docker-entrypoint.sh"
WELCOME = """<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>This page is served by a pod of kubelite, which stands in for nginx.</p>
</body>
</html>
"""
_ERROR = """<html>
<head><title>{0}</title></head>
<body>
<center><h1>{0}</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""
_PORT = 80
_APPLETS = {**APPLETS, **curl.APPLETS}


def application(container: Container) -> web.Application:
    """Serves the files below `ROOT`, with a line in the log for each request."""

    async def page(request: web.Request) -> web.Response:
        path = posixpath.normpath(ROOT + request.path)
        files = container.files
        if files.is_dir(path):
            path = posixpath.join(path, "index.html")
        found = path.startswith(ROOT) and files.is_file(path)
        status, body, kind = (
            (200, files.read(path), mimetypes.guess_type(path)[0] or "application/octet-stream")
            if found
            else (404, _ERROR.format("404 Not Found").encode(), "text/html")
        )
        if request.method not in {"GET", "HEAD"}:
            status, body, kind = 405, _ERROR.format("405 Not Allowed").encode(), "text/html"
        agent = request.headers.get("User-Agent", "-")
        container.log(
            f'{request.remote or "-"} - - "{request.method} {request.path_qs} HTTP/1.1" '
            f'{status} {len(body)} "-" "{agent}" "-"'
        )
        return web.Response(status=status, body=body, headers={"Server": "nginx", "Content-Type": kind})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    return app


async def main(container: Container) -> int:
    """Serves, or runs another command of the image."""
    argv = container.argv
    if len(argv) > 1 and posixpath.basename(argv[0]) == posixpath.basename(ENTRYPOINT):
        argv = argv[1:]  # the script ends by running its arguments
    if argv and posixpath.basename(argv[0]) not in {"nginx", "docker-entrypoint.sh"}:
        return await run_applets(container, _APPLETS, argv)
    index = posixpath.join(ROOT, "index.html")
    if not container.files.exists(index):
        container.files.mkdir(ROOT)
        container.files.write(index, WELCOME)
    container.log("/docker-entrypoint.sh: Configuration complete; ready for start up")
    await container.serve(application(container), None if container.ports else _PORT)
    return 0


async def execute(container: Container) -> int:
    """Runs an exec'd command."""
    return await run_applets(container, _APPLETS)


IMAGE = Image(
    program=main,
    kind="main",
    entrypoint=(ENTRYPOINT,),
    default_args=("nginx", "-g", "daemon off;"),
    exec=execute,
    size=72_240_000,
)

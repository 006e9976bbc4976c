"""nginx, and Apache's httpd: a welcome page, and the files below a directory.

Source: the default pages and configurations of the official images, and of nginx-unprivileged and Bitnami's.
"""

from __future__ import annotations

import mimetypes
import posixpath
import time
from functools import partial
from typing import Final

import attrs
from aiohttp import web

from kubelite.images import curl
from kubelite.images.busybox import APPLETS, run_applets
from kubelite.images.container import Container
from kubelite.images.registry import Image

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
<hr><center>{1}</center>
</body>
</html>
"""
_APPLETS = {**APPLETS, **curl.APPLETS}


@attrs.frozen(kw_only=True)
class Site:
    """An image.

    Attributes:
        server: What it calls itself.
        root: Directory of the files.
        welcome: The page that is there at first.
        entrypoint: Script that runs its arguments; empty for none.
        command: The server.
        port: Where it listens if the container declares no port.
        user: Who runs it.
    """

    server: str = "nginx"
    root: str = "/usr/share/nginx/html"
    welcome: str = WELCOME
    entrypoint: str = "/docker-entrypoint.sh"
    command: tuple[str, ...] = ("nginx", "-g", "daemon off;")
    port: int = 80
    user: int = 0


NGINX: Final = Site()
UNPRIVILEGED: Final = Site(port=8080, user=101)
BITNAMI: Final = Site(
    root="/app",
    entrypoint="/opt/bitnami/scripts/nginx/entrypoint.sh",
    command=("nginx",),
    port=8080,
    user=1001,
)
HTTPD: Final = Site(
    server="Apache",
    root="/usr/local/apache2/htdocs",
    welcome="<html><body><h1>It works!</h1></body></html>\n",
    entrypoint="",
    command=("httpd-foreground",),
)


def application(container: Container, site: Site = NGINX) -> web.Application:
    """Serves the files below the root, with a line in the log for each request."""

    async def page(request: web.Request) -> web.Response:
        # Made normal by itself first, so that nothing outside of the root can be asked for.
        path = site.root + posixpath.normpath("/" + request.path.lstrip("/")).rstrip("/")
        files = container.files
        if files.is_dir(path):
            path = posixpath.join(path, "index.html")
        found = files.is_file(path)
        status, body, kind = (
            (200, files.read(path), mimetypes.guess_type(path)[0] or "application/octet-stream")
            if found
            else (404, _ERROR.format("404 Not Found", site.server).encode(), "text/html")
        )
        if request.method not in {"GET", "HEAD"}:
            status, body, kind = 405, _ERROR.format("405 Not Allowed", site.server).encode(), "text/html"
        agent = request.headers.get("User-Agent", "-")
        at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(container.clock.now()))
        container.log(
            f'{request.remote or "-"} - - [{at}] "{request.method} {request.path_qs} HTTP/1.1" '
            f'{status} {len(body)} "-" "{agent}" "-"'
        )
        return web.Response(status=status, body=body, headers={"Server": site.server, "Content-Type": kind})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    return app


async def main(container: Container, site: Site = NGINX) -> int:
    """Serves, or runs another command of the image."""
    argv, scripts = container.argv, {posixpath.basename(site.entrypoint)} - {""}
    if len(argv) > 1 and posixpath.basename(argv[0]) in scripts:
        argv = argv[1:]  # the script ends by running its arguments
    if argv and posixpath.basename(argv[0]) not in {site.command[0], *scripts}:
        return await run_applets(container, _APPLETS, argv)
    if site.entrypoint:
        container.log(f"{site.entrypoint}: Configuration complete; ready for start up")
    await container.serve(application(container, site), None if container.ports else site.port)
    return 0


async def execute(container: Container) -> int:
    """Runs an exec'd command."""
    return await run_applets(container, _APPLETS)


def make_image(site: Site) -> Image:
    """The image of a site."""
    return Image(
        program=partial(main, site=site),
        kind="main",
        entrypoint=(site.entrypoint,) if site.entrypoint else (),
        default_args=site.command,
        exec=execute,
        size=72_240_000,
        user=site.user,
        files={posixpath.join(site.root, "index.html"): site.welcome},
    )

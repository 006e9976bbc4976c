"""nginx, and Apache's httpd: a welcome page, and the files below a directory.

Source: the default pages and configurations of the official images, and of nginx-unprivileged and Bitnami's.
"""

from __future__ import annotations

import mimetypes
import posixpath
import re
import time
from functools import partial
from typing import Final

import aiohttp
import attrs
from aiohttp import web

from kubelite.images import curl
from kubelite.images.busybox import APPLETS, run_applets
from kubelite.images.container import Container
from kubelite.images.registry import Image
from kubelite.images.shell.process import Applet, Process

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
_VERSION = re.compile(r"\d+(\.\d+)+")


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
        version: Its version, unless the tag of the image is one.
        upstream: The server to which all requests are passed on, in the place of files; empty for none.
    """

    server: str = "nginx"
    root: str = "/usr/share/nginx/html"
    welcome: str = WELCOME
    entrypoint: str = "/docker-entrypoint.sh"
    command: tuple[str, ...] = ("nginx", "-g", "daemon off;")
    port: int = 80
    user: int = 0
    version: str = "1.27.0"
    upstream: str = ""


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
    version="2.4.62",
)
FRONTEND: Final = Site(entrypoint="", upstream="hello")


def application(container: Container, site: Site = NGINX) -> web.Application:
    """Serves the files below the root, with a line in the log for each request."""

    async def page(request: web.Request) -> web.Response:
        if site.upstream:
            return await _passed_on(container, site, request)
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


async def _passed_on(container: Container, site: Site, request: web.Request) -> web.Response:
    """What the upstream server answers to a request."""
    url, body = f"http://{site.upstream}{request.path_qs}", await request.read()
    try:
        async with (
            container.http() as session,
            session.request(request.method, url, data=body or None) as answer,
        ):
            kind = answer.headers.get("Content-Type", "text/plain")
            return web.Response(
                status=answer.status, body=await answer.read(), headers={"Content-Type": kind}
            )
    except (aiohttp.ClientError, OSError):
        text = _ERROR.format("502 Bad Gateway", site.server)
        return web.Response(status=502, text=text, content_type="text/html")


async def _serve(container: Container, site: Site) -> int:
    if site.upstream:
        try:
            await container.resolve(site.upstream)
        except OSError:
            container.stderr.write(f'nginx: [emerg] host not found in upstream "{site.upstream}"\n')
            return 1
    await container.serve(application(container, site), None if container.ports else site.port)
    return 0


async def _command(process: Process, site: Site) -> int:
    """`nginx [-vVt] [-s SIGNAL] [-g DIRECTIVES]`: in the background, unless told `daemon off`."""
    args, container = process.argv[1:], process.container
    tag = container.image.rpartition(":")[2]
    version = match.group() if (match := _VERSION.match(tag)) else site.version
    if {"-v", "-V"} & set(args):
        if site.server == "nginx":
            await process.err(f"nginx version: nginx/{version}\n")
        else:
            await process.out(f"Server version: {site.server}/{version} (Unix)\n")
    elif "-t" in args:
        file = "nginx: the configuration file /etc/nginx/nginx.conf"
        await process.err(f"{file} syntax is ok\n{file.replace('the ', '', 1)} test is successful\n")
    elif "-s" in args:
        signal = next(iter(args[args.index("-s") + 1 :]), "")
        if signal not in {"quit", "stop", "reload", "reopen"}:
            return await process.fail(f'invalid option: "-s {signal}"')
        if signal in {"quit", "stop"}:
            container.terminating.set()
    elif "daemon off" in " ".join(args) or process.argv[0].endswith("foreground"):
        return await _serve(container, site)
    else:
        process.table.start(process.table.new(), _serve(container, site))
    return 0


def _applets(site: Site) -> dict[str, Applet]:
    """The commands of the image."""
    names = {site.command[0], site.command[0].removesuffix("-foreground")}
    return {**_APPLETS, **dict.fromkeys(names, partial(_command, site=site))}


async def main(container: Container, site: Site = NGINX) -> int:
    """Serves, or runs another command of the image."""
    argv, scripts = container.argv, {posixpath.basename(site.entrypoint)} - {""}
    if len(argv) > 1 and posixpath.basename(argv[0]) in scripts:
        argv = argv[1:]  # the script ends by running its arguments
    if argv and posixpath.basename(argv[0]) not in {site.command[0], *scripts}:
        return await run_applets(container, _applets(site), argv)
    if site.entrypoint:
        container.log(f"{site.entrypoint}: Configuration complete; ready for start up")
    return await _serve(container, site)


async def execute(container: Container, site: Site = NGINX) -> int:
    """Runs an exec'd command."""
    return await run_applets(container, _applets(site))


def make_image(site: Site) -> Image:
    """The image of a site."""
    return Image(
        program=partial(main, site=site),
        kind="main",
        entrypoint=(site.entrypoint,) if site.entrypoint else (),
        default_args=site.command,
        exec=partial(execute, site=site),
        size=72_240_000,
        user=site.user,
        files={posixpath.join(site.root, "index.html"): site.welcome},
    )

"""`agnhost test-webserver`: any file of the container, by its path.

Source: the test-webserver section of agnhost's README.
"""

from __future__ import annotations

import mimetypes
import posixpath
from html import escape
from typing import Final

from aiohttp import web

from kubelite.images.agnhost.options import flag
from kubelite.images.container import Container

HEADERS: Final = {
    "Cache-Control": "private",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
}


def application(container: Container) -> web.Application:
    """Files with their type, directories as lists of links."""

    async def serve(request: web.Request) -> web.Response:
        files = container.files
        path = posixpath.normpath("/" + request.path.lstrip("/"))
        if files.is_dir(path):
            index = posixpath.join(path, "index.html")
            if not files.is_file(index):
                return web.Response(text=_listing(container, path), content_type="text/html", headers=HEADERS)
            path = index
        if not files.is_file(path):
            return web.Response(status=404, text="404 page not found\n")
        kind = mimetypes.guess_type(path)[0] or "text/plain"
        return web.Response(body=files.read(path), content_type=kind, headers=HEADERS)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    return app


def _listing(container: Container, path: str) -> str:
    files = container.files
    names = [name + "/" * files.is_dir(posixpath.join(path, name)) for name in sorted(files.list(path))]
    links = "".join(f'<a href="{escape(name)}">{escape(name)}</a>\n' for name in names)
    return f"<pre>\n{links}</pre>\n"


async def main(container: Container, args: list[str]) -> int:
    """Serves until SIGTERM."""
    await container.serve(application(container), int(flag(args, "port", "80")))
    return 0

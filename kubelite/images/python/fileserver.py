"""`python -m http.server`: the files of a directory over HTTP.

Source: the module's help text.
"""

from __future__ import annotations

import html
import mimetypes
import posixpath
from typing import Final

from aiohttp import web

from kubelite.images.shell.process import Process

PORT: Final = 8000


async def serve(process: Process, args: list[str]) -> int:
    """`python -m http.server [-b ADDRESS] [-d DIRECTORY] [PORT]`."""
    rest, port, directory = list(args), PORT, process.cwd
    while rest:
        arg = rest.pop(0)
        name, _, value = arg.partition("=")
        if name in {"-b", "--bind", "-d", "--directory", "-p", "--protocol"}:
            value = value or (rest.pop(0) if rest else "")
            directory = process.path(value) if name in {"-d", "--directory"} else directory
        elif arg.isdecimal():
            port = int(arg)
        else:
            return await process.fail(f"error: unrecognized arguments: {arg}", 2)
    files = process.container.files

    async def answer(request: web.Request) -> web.Response:
        # Made normal by itself first, so that nothing outside of the directory can be asked for.
        inside = posixpath.normpath("/" + request.match_info["path"]).lstrip("/")
        path = posixpath.normpath(posixpath.join(directory, inside))
        if files.is_dir(path) and files.is_file(f"{path}/index.html"):
            path += "/index.html"
        if files.is_file(path):
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            return web.Response(body=files.read(path), content_type=kind)
        if files.is_dir(path):
            return web.Response(text=_listing(request.path, files.list(path)), content_type="text/html")
        return web.Response(status=404, text="File not found")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    await process.out(f"Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...\n")
    await process.container.serve(app, port)
    return 0


def _listing(path: str, names: list[str]) -> str:
    items = "".join(f'<li><a href="{html.escape(name)}">{html.escape(name)}</a></li>\n' for name in names)
    title = f"Directory listing for {html.escape(path)}"
    head = f"<!DOCTYPE HTML>\n<html><head><title>{title}</title></head>\n"
    return f"{head}<body><h1>{title}</h1>\n<ul>\n{items}</ul></body></html>\n"

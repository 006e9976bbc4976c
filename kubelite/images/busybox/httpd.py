"""The web server of BusyBox, and small applets about the system that scripts look for.

Source: BusyBox 1.36's help texts.
"""

from __future__ import annotations

import mimetypes
import posixpath
from collections.abc import Mapping

from aiohttp import web

from kubelite.images.busybox.inputs import applet
from kubelite.images.files import FileSystem
from kubelite.images.shell.process import Applet, Process

_PORT = 80
_NOT_FOUND = (
    "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n"
    "<BODY><H1>404 Not Found</H1>\nThe requested URL was not found\n</BODY></HTML>\n"
)


def application(files: FileSystem, home: str) -> web.Application:
    """The files below a directory, `index.html` for a directory."""

    async def answer(request: web.Request) -> web.Response:
        path = posixpath.normpath(posixpath.join(home, request.match_info["path"]))
        if path != home and not path.startswith(home.rstrip("/") + "/"):
            return web.Response(status=400, text="Bad Request\n")
        if files.is_dir(path):
            path = posixpath.join(path, "index.html")
        if not files.is_file(path):
            return web.Response(status=404, text=_NOT_FOUND, content_type="text/html")
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return web.Response(body=files.read(path), content_type=kind)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return app


@applet("fiv", "phcur")
async def httpd(process: Process, options: dict[str, str], _: list[str]) -> int:
    """`httpd [-fv] [-p [ADDRESS:]PORT] [-h HOME]`: without -f in the background."""
    port = int(options.get("p", str(_PORT)).rpartition(":")[2])
    home = process.path(options.get("h", "."))
    if not process.container.files.is_dir(home):
        return await process.fail(f"can't change directory to '{home}': No such file or directory")
    app = application(process.container.files, home)

    async def serve() -> int:
        try:
            await process.container.serve(app, port)
        except OSError:
            return await process.fail("bind: Address already in use")
        return 0

    if "f" in options:
        return await serve()
    process.table.start(process.table.new(), serve())
    await process.container.clock.sleep(0)  # it listens before the next command runs
    return 0


@applet("LP")
async def pwd(process: Process, _: dict[str, str], __: list[str]) -> int:
    """The working directory."""
    await process.out(process.cwd + "\n")
    return 0


@applet("")
async def usleep(process: Process, _: dict[str, str], numbers: list[str]) -> int:
    """`usleep MICROSECONDS`."""
    await process.container.clock.sleep(int(numbers[0] if numbers else "0") / 1e6)
    return 0


@applet("s", "o")
async def pidof(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`pidof NAME...`: the container's main program is process 1."""
    main = process.container.argv[0] if process.container.argv else "sh"
    found = posixpath.basename(main) in {posixpath.basename(name) for name in names}
    if found:
        await process.out("1\n")
    return int(not found)


@applet("")
async def unlink(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`unlink FILE`."""
    if len(names) != 1:
        return await process.fail("missing operand")
    process.container.files.remove(process.path(names[0]))
    return 0


@applet("")
async def clear(process: Process, _: dict[str, str], __: list[str]) -> int:
    """The sequence that clears a terminal."""
    await process.out("\x1b[H\x1b[J")
    return 0


@applet("as", "to")
async def mount(process: Process, _: dict[str, str], names: list[str]) -> int:
    """What is mounted; containers may mount nothing themselves."""
    if names:
        return await process.fail("permission denied (are you root?)")
    await process.out("overlay on / type overlay (rw,relatime)\n")
    return 0


@applet("s")
async def tty(process: Process, _: dict[str, str], __: list[str]) -> int:
    """No standard input is a terminal here."""
    await process.out("not a tty\n")
    return 1


APPLETS: Mapping[str, Applet] = {
    "httpd": httpd,
    "pwd": pwd,
    "usleep": usleep,
    "pidof": pidof,
    "unlink": unlink,
    "clear": clear,
    "mount": mount,
    "tty": tty,
}

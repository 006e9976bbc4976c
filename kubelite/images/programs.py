"""Whatever an image's program is, a container runs it as `async def main(container) -> int | None`.

`adapt` makes that of an image; `host` makes an aiohttp application, a factory or an ASGI application ready
to answer requests, which is what `Container.serve` needs.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, NamedTuple, cast

import attrs
from aiohttp import web

from kubelite.images.asgi import ASGIHost
from kubelite.images.container import Container, Program
from kubelite.images.registry import Image, kind_of


@attrs.define(eq=False, repr=False)
class _Uses:
    """How many containers run the same Application object: it is started once and cleaned up once.

    Attributes:
        count: Of those for which it was started.
        turn: Held while it is started or cleaned up: the others wait until that is done.
    """

    count: int = 0
    turn: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    def in_this_loop(self) -> _Uses:
        """Itself; while nobody uses it, fit for another loop than that of its last use."""
        if not self.count and not self.turn.locked():
            self.turn = asyncio.Lock()
        return self


_USES: Final = web.AppKey("kubelite_uses", _Uses)


async def _nothing() -> None:
    return


class Hosted(NamedTuple):
    """An application that is ready to answer.

    Attributes:
        handler: Answers a request.
        request_factory: Makes the request objects that the handler wants; None means aiohttp's plain ones.
        close: Runs the application's shut-down; await it once.
    """

    handler: Callable[[Any], Awaitable[web.StreamResponse]]
    request_factory: Any = None
    close: Callable[[], Awaitable[None]] = _nothing


def adapt(image: Image) -> Program:
    """The program of an image in its one form."""
    if image.kind == "main":
        return cast("Program", image.program)

    return partial(_serve, image)


async def _serve(image: Image, container: Container) -> int:
    program = image.program
    if image.kind == "factory":
        program = program()
        if inspect.isawaitable(program):
            program = await program
    await container.serve(program)
    return 0


async def host(program: Any) -> Hosted:
    """Start an application.

    Raises:
        TypeError: It is none of those that can be served.
        Exception: What its start-up raises.
    """
    if isinstance(program, Image):
        program = program.program
    if isinstance(program, web.Application):
        return await _host_application(program)
    if isinstance(program, web.Server):
        return Hosted(program.request_handler, program.request_factory)
    kind = kind_of(program)
    if kind == "factory":
        made = program()
        return await host(await made if inspect.isawaitable(made) else made)
    if kind != "asgi":
        raise TypeError(f"{program!r} is no application")
    asgi = ASGIHost(program)
    await asgi.startup()
    return Hosted(asgi.handle, None, asgi.shutdown)


async def _host_application(app: web.Application) -> Hosted:
    if not app.frozen and _USES not in app:
        app[_USES] = _Uses()
    uses = (app[_USES] if _USES in app else _Uses()).in_this_loop()
    async with uses.turn:
        if uses.count == 0:
            app._set_loop(asyncio.get_running_loop())  # noqa: SLF001  (what AppRunner does, without its server)
            app.on_startup.freeze()
            try:
                await app.startup()
            except BaseException:
                await app.cleanup()
                raise
            app.freeze()
        uses.count += 1

    async def close() -> None:
        async with uses.turn:
            uses.count -= 1
            if uses.count == 0:
                await app.shutdown()
                await app.cleanup()
                app._loop = None  # noqa: SLF001  (so that the next cluster may have a loop of its own)

    return Hosted(app._handle, app._make_request, close)  # noqa: SLF001  (what AppRunner's server is made of)

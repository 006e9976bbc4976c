"""What applets about text share: their inputs, and lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.shell.process import Applet, Process, decode
from kubelite.images.shell.streams import Buffer, Input

Body = Callable[[Process, dict[str, str], list[str]], Awaitable[int]]


class Absent(Buffer):
    """What could not be opened: it is empty, and makes the status 1."""


async def open_inputs(process: Process, names: Sequence[str]) -> AsyncIterator[tuple[str, Input]]:
    """Each named file as an input; `-` or no name is standard input. Absent files are complained about."""
    for name in names or ("-",):
        if name == "-":
            yield "-", process.stdin
            continue
        try:
            yield name, Buffer(process.container.files.read(process.path(name)))
        except OSError as error:
            await process.fail(f"can't open '{name}': {error.strerror}")
            yield name, Absent()


def split_lines(data: bytes) -> list[str]:
    """The lines without their newlines; only a newline ends a line."""
    lines = decode(data).split("\n")
    return lines[:-1] if not lines[-1] else lines


async def read_lines(process: Process, names: Sequence[str]) -> tuple[list[str], int]:
    """The lines of all inputs, and the status that absent ones make."""
    lines: list[str] = []
    status = 0
    async for _, source in open_inputs(process, names):
        status |= isinstance(source, Absent)
        lines += split_lines(await source.read())
    return lines, status


def applet(flags: str, valued: str = "", long: dict[str, str] | None = None) -> Callable[[Body], Applet]:
    """Parses the options of an applet before its body runs; bad numbers become its complaint."""

    def wrap(body: Body) -> Applet:
        async def run(process: Process) -> int:
            try:
                options, operands = parse_options(process.argv[1:], flags, valued, long)
                return await body(process, options, operands)
            except UsageError as error:
                return await process.fail(str(error))
            except ValueError as error:
                return await process.fail(f"invalid number: {error}")

        run.__doc__ = body.__doc__
        return run

    return wrap

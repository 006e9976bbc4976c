"""What applets about text share: their inputs, and lines."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.shell.process import Applet, Process, decode
from kubelite.images.shell.streams import Buffer, Input, open_file, read_line

Body = Callable[[Process, dict[str, str], list[str]], Awaitable[int]]


class Absent(Buffer):
    """What could not be opened: it is empty, and makes the status 1."""


class open_inputs:  # noqa: N801 - used as a function; a generator left half-way would need a task to end
    """Each named file as an input; `-` or no name is standard input. Absent files are complained about."""

    def __init__(self, process: Process, names: Sequence[str]) -> None:
        self._process = process
        self._names = iter(names or ("-",))

    def __aiter__(self) -> AsyncIterator[tuple[str, Input]]:
        return self

    async def __anext__(self) -> tuple[str, Input]:
        process, name = self._process, next(self._names, None)
        if name is None:
            raise StopAsyncIteration
        if name in {"-", "/dev/stdin"}:
            return name, process.stdin
        try:
            return name, open_file(process.container.files, process.path(name))
        except OSError as error:
            await process.fail(f"can't open '{name}': {error.strerror}")
            return name, Absent()


def split_lines(data: bytes) -> list[str]:
    """The lines without their newlines; only a newline ends a line."""
    lines = decode(data).split("\n")
    return lines[:-1] if not lines[-1] else lines


async def each_line(process: Process, names: Sequence[str], absent: list[str]) -> AsyncGenerator[str, None]:
    """The lines of all inputs with their newlines, as they come; names of absent ones go to `absent`."""
    async for name, source in open_inputs(process, names):
        if isinstance(source, Absent):
            absent.append(name)
        while line := await read_line(source):
            yield decode(line)


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

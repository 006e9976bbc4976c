"""The command line of `python`, and how a program runs to its exit code."""

from __future__ import annotations

import asyncio
import sys
import traceback
from functools import partial
from typing import Final

from kubelite.images.python import fileserver
from kubelite.images.python.modules import World
from kubelite.images.shell.process import Process, decode
from kubelite.runtime import tasks
from kubelite.runtime.handoff import Cancelled, Handoff

_IGNORED: Final = frozenset("uBEsSIOqbvdPx")
_VALUED: Final = frozenset("WX")
_USAGE: Final = 2
_FAILED: Final = 1
_MODULES: Final = {"http.server": fileserver.serve}


async def run(process: Process) -> int:
    """Runs what the arguments ask for; gives the exit code."""
    rest = list(process.argv[1:])
    while rest and rest[0].startswith("-") and rest[0] != "-":
        flag = rest.pop(0)
        if flag in {"-V", "--version"}:
            await process.out(f"Python {sys.version.split()[0]}\n")
            return 0
        if flag[:2] in {"-c", "-m"}:
            value = flag[2:] or (rest.pop(0) if rest else "")
            if flag[1] == "c":
                return await run_program(process, "<string>", value + "\n", ["-c", *rest])
            return await _module(process, value, rest)
        if flag[1] in _VALUED:
            rest = rest if flag[2:] else rest[1:]
        elif not set(flag[1:]) <= _IGNORED:
            return await process.fail(f"unknown option {flag}", _USAGE)
    if not rest or rest[0] == "-":
        return await run_program(process, "<stdin>", decode(await process.stdin.read()), rest or [""])
    return await _file(process, rest)


async def _module(process: Process, name: str, args: list[str]) -> int:
    if (module := _MODULES.get(name)) is None:
        return await process.fail(f"No module named {name}", _FAILED)
    return await module(process, args)


async def _file(process: Process, argv: list[str]) -> int:
    files, path = process.container.files, process.path(argv[0])
    try:
        data = files.read(f"{path}/__main__.py" if files.is_dir(path) else path)
    except OSError as error:
        text = f"can't open file '{path}': [Errno {error.errno}] {error.strerror}"
        return await process.fail(text, _USAGE)
    return await run_program(process, argv[0], decode(data), argv)


async def run_program(process: Process, filename: str, source: str, argv: list[str]) -> int:
    """Runs a program to its exit code."""
    owned: list[asyncio.Task[None]] = []
    function = partial(_execute, process=process, filename=filename, source=source, argv=argv, owned=owned)
    try:
        status: int = await Handoff(function, f"python {filename}").run()
    finally:
        await tasks.cancel(*owned)
    return status


def _execute(
    handoff: Handoff,
    *,
    process: Process,
    filename: str,
    source: str,
    argv: list[str],
    owned: list[asyncio.Task[None]],
) -> int:
    world = World(process, handoff, filename, argv, owned)

    def err(text: str) -> None:
        handoff.wait(partial(process.err, text))

    try:
        code = compile(source, filename, "exec", dont_inherit=True)
        world.execute(code)
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            return (stop.code or 0) & 0xFF
        err(f"{stop.code}\n")
        return _FAILED
    except Cancelled:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a program raises ends it
        err(told(error, filename, source))
        return _FAILED
    return 0


def told(error: BaseException, filename: str, source: str) -> str:
    """The traceback as Python shows it, from the program's first line on."""
    report = traceback.TracebackException.from_exception(error)
    _shorten(report, filename, source.splitlines())
    return "".join(report.format())


def _shorten(report: traceback.TracebackException, filename: str, lines: list[str]) -> None:
    """Leaves out what runs the program, and adds its lines, which are in no file of this machine."""
    names = [frame.filename for frame in report.stack]
    first = names.index(filename) if filename in names else 0
    frames = [
        _with_line(frame, lines) if frame.filename == filename else frame for frame in report.stack[first:]
    ]
    report.stack = traceback.StackSummary.from_list(frames)
    for inner in (report.__cause__, report.__context__):
        if inner is not None:
            _shorten(inner, filename, lines)


def _with_line(frame: traceback.FrameSummary, lines: list[str]) -> traceback.FrameSummary:
    """An entry of a traceback with the line that it names."""
    number = frame.lineno or 0
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    return traceback.FrameSummary(frame.filename, frame.lineno, frame.name, lookup_line=False, line=line)

"""Applets that run programs over text: sed and xargs.

Source: POSIX.1-2017, Utilities, sed and xargs.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing

import attrs

from kubelite.images.busybox.inputs import each_line
from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.busybox.sed import SedError, SedFiles, run_sed
from kubelite.images.busybox.sedscript import SedProgram, SedSyntaxError, parse_sed
from kubelite.images.shell.control import NOT_EXECUTABLE, NOT_FOUND
from kubelite.images.shell.process import Applet, Process, decode, encode
from kubelite.images.shell.programs import run_program
from kubelite.images.shell.streams import Buffer, Null

SOME_FAILED, GAVE_UP = 123, 124
_SED_LONG = {
    "quiet": "n",
    "silent": "n",
    "regexp-extended": "E",
    "null-data": "z",
    "separate": "s",
    "unbuffered": "u",
}
_LINES_VALUED = frozenset({"-n", "-I", "-L", "-P", "-s", "-E"})


async def sed(process: Process) -> int:
    """`sed [-nEr] [-i[SUFFIX]] [-e SCRIPT]... [-f FILE] [SCRIPT] [FILE]...`."""
    scripts, rest, argv = list[str](), list[str](), list(process.argv[1:])
    suffix = ""
    try:
        while argv:
            arg = argv.pop(0)
            if arg == "--":
                rest += [arg, *argv]
                break
            if arg.startswith(("-i", "--in-place")):
                suffix = arg.removeprefix("--in-place").removeprefix("-i").removeprefix("=")
                arg = "-i"
            elif re.fullmatch(r"-[^-]*[ef]", arg) and argv:
                text = argv.pop(0)
                scripts.append(text if arg[-1] == "e" else await _script(process, text))
                arg = arg[:-1]
            if arg != "-" or not scripts:
                rest.append(arg)
        options, operands = parse_options(rest, "nErizsu", long=_SED_LONG)
        if not scripts:
            if not operands:
                return await process.fail("no script")
            scripts.append(operands.pop(0))
        extended = bool({"E", "r"} & set(options))
        program = parse_sed("\n".join(scripts), extended=extended, quiet="n" in options)
        files = _sed_files(process)
        if "i" in options:
            return await _edit_in_place(process, program, operands, suffix, files)
        absent: list[str] = []
        async with aclosing(each_line(process, operands, absent)) as lines:
            code = await run_sed(program, lines, process.out, files)
        return code or int(bool(absent))
    except (UsageError, SedSyntaxError, SedError) as error:
        return await process.fail(str(error))


async def _script(process: Process, name: str) -> str:
    """A script of a file, or of standard input."""
    if name in {"-", "/dev/stdin"}:
        return decode(await process.stdin.read())
    return decode(process.container.files.read(process.path(name)))


def _sed_files(process: Process) -> SedFiles:
    files, begun = process.container.files, set[str]()

    def read(name: str) -> str:
        path = process.path(name)
        return decode(files.read(path)) if files.is_file(path) else ""

    def write(name: str, text: str) -> None:
        files.write(process.path(name), encode(text), append=name in begun)
        begun.add(name)

    return SedFiles(read, write)


async def _edit_in_place(
    process: Process, program: SedProgram, names: Sequence[str], suffix: str, files: SedFiles
) -> int:
    """Each file by itself; with a suffix what it was is kept beside it."""
    status = 0
    for name in names:
        path, output = process.path(name), Buffer()
        try:
            data = process.container.files.read(path)
        except OSError as error:
            status = await process.fail(f"{name}: {error.strerror}")
            continue

        async def show(text: str, output: Buffer = output) -> None:
            output.append(encode(text))

        absent: list[str] = []
        async with aclosing(each_line(process, [name], absent)) as lines:
            await run_sed(program, lines, show, files)
            async for line in lines:  # `q` leaves the rest as it is
                output.append(encode(line))
        if suffix:
            process.container.files.write(path + suffix, data)
        process.container.files.write(path, output.value)
    return status


def _batches(command: Sequence[str], options: Mapping[str, str], text: str) -> Iterator[list[str]]:
    if "-I" in options:
        for line in text.split("\n"):
            if line.strip():
                yield [arg.replace(options["-I"], line.lstrip()) for arg in command]
        return
    words = [each for each in text.split("\0") if each] if "-0" in options else shlex.split(text)
    if not words and "-r" in options:
        return
    size = int(options.get("-n") or len(words) or 1)
    for at in range(0, max(len(words), 1), size):
        yield [*command, *words[at : at + size]]


async def xargs(process: Process) -> int:
    """`xargs [-0rt] [-n N] [-I TEXT] [PROG ARGS]`."""
    rest, options = list(process.argv[1:]), dict[str, str]()
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        flag = rest.pop(0)
        if flag == "--":
            break
        if flag[:2] in _LINES_VALUED:
            options[flag[:2]] = flag[2:] or (rest.pop(0) if rest else "")
        else:
            options |= dict.fromkeys((f"-{letter}" for letter in flag[1:]), "")
    status = 0
    try:
        for argv in _batches(rest or ["echo"], options, decode(await process.stdin.read())):
            if "-t" in options:
                await process.err(" ".join(argv) + "\n")
            streams = {**process.streams, 0: Null()}
            code = await run_program(attrs.evolve(process, argv=tuple(argv), streams=streams), "xargs")
            if code in {NOT_FOUND, NOT_EXECUTABLE}:
                return code
            if code == 255:
                return GAVE_UP
            status = SOME_FAILED if code else status
    except ValueError as error:
        return await process.fail(str(error))
    return status


APPLETS: Mapping[str, Applet] = {"sed": sed, "xargs": xargs}

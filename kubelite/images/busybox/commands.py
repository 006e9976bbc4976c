"""Applets that run programs over text: sed and xargs.

Source: POSIX.1-2017, Utilities, sed and xargs.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

import attrs

from kubelite.images.busybox.inputs import Absent, open_inputs, split_lines
from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.busybox.sed import SedError, run_sed
from kubelite.images.busybox.sedscript import SedSyntaxError, parse_sed
from kubelite.images.shell.control import NOT_EXECUTABLE, NOT_FOUND
from kubelite.images.shell.process import Applet, Process, decode, encode
from kubelite.images.shell.programs import run_program
from kubelite.images.shell.streams import Null

SOME_FAILED, GAVE_UP = 123, 124
_LINES_VALUED = frozenset({"-n", "-I", "-L", "-P", "-s", "-E"})


async def sed(process: Process) -> int:
    """`sed [-nEr] [-i] [-e SCRIPT]... [-f FILE] [SCRIPT] [FILE]...`."""
    scripts, rest, argv = list[str](), list[str](), list(process.argv[1:])
    files = process.container.files
    while argv:
        arg = argv.pop(0)
        if arg.startswith("-") and len(arg) > 1 and arg[-1] in "ef" and not arg.startswith("--") and argv:
            text = argv.pop(0)
            scripts.append(text if arg[-1] == "e" else decode(files.read(process.path(text))))
            arg = arg[:-1]
        if arg != "-" or not scripts:
            rest.append(arg)
    try:
        options, operands = parse_options(rest, "nErizs")
        if not scripts:
            if not operands:
                return await process.fail("no script")
            scripts.append(operands.pop(0))
        extended = bool({"E", "r"} & set(options))
        program = parse_sed("\n".join(scripts), extended=extended, quiet="n" in options)
        if "i" not in options:
            data, status = b"", 0
            async for _, source in open_inputs(process, operands):
                status |= isinstance(source, Absent)
                data += await source.read()
            text, code = run_sed(program, split_lines(data), complete=data[-1:] == b"\n")
            await process.out(text)
            return code or status
        for name in operands:
            data = files.read(process.path(name))
            text, _ = run_sed(program, split_lines(data), complete=data[-1:] == b"\n")
            files.write(process.path(name), encode(text))
    except (UsageError, SedSyntaxError, SedError) as error:
        return await process.fail(str(error))
    return 0


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

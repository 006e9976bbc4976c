"""`<(script)` and `>(script)`: scripts in the place of files.

A redirection from one is a pipe, and both run side by side. The name of one, as an argument of a command, is
that of a file which holds all that the script wrote; what was written to the other is its input when the
command ends.
Source: the Bash Reference Manual, 3.5.6 Process Substitution.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from kubelite.images.inodes import Device
from kubelite.images.shell.streams import Buffer, Pipe
from kubelite.images.shell.syntax import AndOr, Pipeline, ProcessSubstitution, Redirection, Script, Simple
from kubelite.runtime import tasks

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

_LAST_NUMBER: Final = 63
PATIENCE_S: Final = 1.0


def piped(shell: Shell, part: ProcessSubstitution) -> Pipe:
    """A pipe to or from a script that runs beside the command."""
    pipe = Pipe()
    reads = part.sign == "<"
    inner = shell.subshell({1 if reads else 0: pipe})

    async def run() -> int:
        try:
            return await inner.run_to_end(part.script)
        finally:
            (pipe.close_write if reads else pipe.close_read)()

    task = tasks.start(run(), name="sh process substitution")
    shell.feeding[task] = pipe
    task.add_done_callback(shell.feeding.pop)
    return pipe


async def end(shell: Shell) -> None:
    """The shell ends: what it wrote to scripts is their input's end, and they have a moment for it."""
    for pipe in shell.feeding.values():
        pipe.close_write()
        pipe.close_read()
    if shell.feeding:
        with contextlib.suppress(TimeoutError):
            async with shell.process.container.clock.timeout(PATIENCE_S):
                await asyncio.wait(tuple(shell.feeding))
        await tasks.cancel(*shell.feeding)


def read_file(script: Script) -> Redirection | None:
    """The redirection of `$(<file)`, which is a command of nothing else; None if a script is another."""
    match script.items:
        case (AndOr(Pipeline((Simple((), (), (redirection,)),), False), (), False),):
            return redirection if redirection.operator == "<" and redirection.fd == 0 else None
    return None


async def file_of(shell: Shell, part: ProcessSubstitution) -> str:
    """The path of a file that stands for the script until the command ends."""
    path = f"/dev/fd/{_LAST_NUMBER - len(shell.opened)}"
    buffer = Buffer()
    if part.sign == "<":
        await shell.subshell({1: buffer}).run_to_end(part.script)
        content = buffer.value
        shell.process.container.files.mount(path, Device(read=lambda: content))
        shell.opened.append((path, None, buffer))
    else:
        shell.process.container.files.mount(path, Device(write=buffer.append))
        shell.opened.append((path, part.script, buffer))
    return path


async def close(shell: Shell, kept: int) -> None:
    """The command has ended: its files go, and scripts get what was written to them."""
    while len(shell.opened) > kept:
        path, script, buffer = shell.opened.pop()
        shell.process.container.files.unmount(path)
        if script is not None:
            await shell.subshell({0: buffer}).run_to_end(script)

"""Pipelines: each command runs in a subshell of its own, at once with the others, with a pipe between them.

Source: POSIX.1-2017, Shell Command Language, 2.9.2 Pipelines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kubelite.images.shell.streams import Input, Output, Pipe
from kubelite.images.shell.syntax import AndOr, Command, Group, Pipeline, Script
from kubelite.runtime import tasks

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell


async def run_piped(shell: Shell, commands: Sequence[Command]) -> list[int]:
    """Runs the commands of a pipeline at once, each in a subshell of its own; answers with their statuses."""
    pipes = [Pipe() for _ in commands[1:]]
    running = []
    for index, command in enumerate(commands):
        before = pipes[index - 1] if index > 0 else None
        after = pipes[index] if index < len(pipes) else None
        streams: dict[int, Input | Output] = {0: before} if before else {}
        if after:
            streams[1] = after
        stage = _stage(shell.subshell(streams), command, before, after)
        running.append(tasks.start(stage, name="sh pipeline"))
    try:
        return [await task for task in running]
    finally:
        await tasks.cancel(*(task for task in running if not task.done()))


async def _stage(shell: Shell, command: Command, before: Pipe | None, after: Pipe | None) -> int:
    try:
        match command:
            case Group(body, subshell=True, redirections=()):
                return await shell.run_to_end(body)
        return await shell.run_to_end(Script((AndOr(Pipeline((command,))),)))
    finally:
        if before is not None:
            before.close_read()
        if after is not None:
            after.close_write()

"""Redirections: which stream stands behind a file descriptor while a command runs.

Source: POSIX.1-2017, Shell Command Language, 2.7 Redirection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from kubelite.images.shell.expansion import expand_word
from kubelite.images.shell.process import encode
from kubelite.images.shell.streams import Buffer, FileOutput, Input, Null, Output, open_file
from kubelite.images.shell.syntax import Redirection

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell


class RedirectionError(Exception):
    """The target cannot be opened; the text is what the shell prints."""


@asynccontextmanager
async def redirected(
    shell: Shell, redirections: Sequence[Redirection], *, permanent: bool = False
) -> AsyncIterator[None]:
    """Applies redirections for the time of a command, or for good (`exec >file`).

    Raises:
        RedirectionError: A target cannot be opened.
    """
    if not redirections:
        yield
        return
    saved = dict(shell.process.streams)
    streams = shell.process.streams
    try:
        for redirection in redirections:
            await _apply(shell, redirection, streams)
        yield
    finally:
        if not permanent:
            streams.clear()
            streams.update(saved)


async def _apply(shell: Shell, redirection: Redirection, streams: dict[int, Input | Output]) -> None:
    target = await expand_word(redirection.target, shell)
    match redirection.operator:
        case "<<":
            streams[redirection.fd] = Buffer(encode(target))
        case "<<<":
            streams[redirection.fd] = Buffer(encode(target + "\n"))
        case "<" | "<>":
            streams[redirection.fd] = _open_input(shell, target)
        case ">&" | "<&" if target.isdigit():
            if int(target) not in streams:
                raise RedirectionError(f"{target}: bad file descriptor")
            streams[redirection.fd] = streams[int(target)]
        case ">&" | "<&" if target == "-":
            streams[redirection.fd] = Null()
        case "&>" | ">&" | "&>>":
            streams[1] = streams[2] = _open_output(shell, target, append=redirection.operator == "&>>")
        case operator:
            streams[redirection.fd] = _open_output(shell, target, append=operator == ">>")


def _open_input(shell: Shell, target: str) -> Input:
    path = shell.process.path(target)
    if path == "/dev/stdin":
        return shell.process.stdin
    try:
        return open_file(shell.process.container.files, path)
    except OSError as error:
        raise RedirectionError(f"can't open {target}: {_reason(error)}") from error


def _open_output(shell: Shell, target: str, *, append: bool) -> Output:
    path = shell.process.path(target)
    if path == "/dev/null":
        return Null()
    known = {"/dev/stdout": 1, "/dev/fd/1": 1, "/dev/stderr": 2, "/dev/fd/2": 2}
    if path in known:
        return shell.process.streams[known[path]]  # type: ignore[return-value]
    try:
        return FileOutput(shell.process.container.files, path, append=append)
    except OSError as error:
        raise RedirectionError(f"can't create {target}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    words = {"FileNotFoundError": "no such file", "NotADirectoryError": "no such file"}
    return words.get(type(error).__name__) or error.strerror or str(error)

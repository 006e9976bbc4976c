"""Redirections: which stream stands behind a file descriptor while a command runs.

Source: POSIX.1-2017, Shell Command Language, 2.7 Redirection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from kubelite.images.shell.expansion import expand_word
from kubelite.images.shell.process import encode
from kubelite.images.shell.streams import Buffer, FileOutput, Input, Null, Output, Pipe, open_file
from kubelite.images.shell.substitution import piped
from kubelite.images.shell.syntax import HereText, ProcessSubstitution, Redirection

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

_NAMED = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTORS = frozenset({"/dev/fd", "/proc/self/fd", "/proc/1/fd"})
_OWN_FILES = 50
"""Descriptors from here on stand for files of `<(…)`."""
_STANDARD_LAST = 2


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
    pipes: list[Pipe] = []
    try:
        for redirection in redirections:
            await _apply(shell, redirection, streams, pipes)
        yield
    finally:
        if not permanent:
            for pipe in pipes:
                pipe.close_read()
                pipe.close_write()
            streams.clear()
            streams.update(saved)


async def _apply(
    shell: Shell, redirection: Redirection, streams: dict[int, Input | Output], pipes: list[Pipe]
) -> None:
    place = redirection.target
    word = place.body if isinstance(place, HereText) else place
    first = word.parts[0] if word.parts else None
    if isinstance(first, ProcessSubstitution) and len(word.parts) == 1:
        pipes.append(piped(shell, first))
        streams[redirection.fd] = pipes[-1]
        return
    target = await expand_word(word, shell)
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
        case ">&" | "<&" if target == "-" and redirection.fd > _STANDARD_LAST:
            streams.pop(redirection.fd, None)
        case ">&" | "<&" if target == "-":
            streams[redirection.fd] = Null()
        case "&>" | ">&" | "&>>":
            streams[1] = streams[2] = _open_output(shell, target, append=redirection.operator == "&>>")
        case operator:
            keeps = operator == ">" and "C" in shell.options
            streams[redirection.fd] = _open_output(shell, target, append=operator == ">>", keeps=keeps)


def _open_input(shell: Shell, target: str) -> Input:
    path = shell.process.path(target)
    if (number := _descriptor(path)) is not None:
        if number not in shell.process.streams:
            raise RedirectionError(f"can't open {target}: no such file")
        return shell.process.streams[number]  # type: ignore[return-value]
    try:
        return open_file(shell.process.container.files, path)
    except OSError as error:
        raise RedirectionError(f"can't open {target}: {_reason(error)}") from error


def _descriptor(path: str) -> int | None:
    """The descriptor that a path means."""
    if path in _NAMED:
        return _NAMED[path]
    directory, _, number = path.rpartition("/")
    return (
        int(number) if directory in _DESCRIPTORS and number.isdigit() and int(number) < _OWN_FILES else None
    )


def _open_output(shell: Shell, target: str, *, append: bool, keeps: bool = False) -> Output:
    """Where a redirection writes; `keeps` refuses to write over a file."""
    path = shell.process.path(target)
    if path == "/dev/null":
        return Null()
    if (number := _descriptor(path)) is not None and number in shell.process.streams:
        return shell.process.streams[number]  # type: ignore[return-value]
    if keeps and shell.process.container.files.is_file(path):
        raise RedirectionError(f"can't create {target}: File exists")
    try:
        return FileOutput(shell.process.container.files, path, append=append)
    except OSError as error:
        raise RedirectionError(f"can't create {target}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    words = {"FileNotFoundError": "no such file", "NotADirectoryError": "no such file"}
    return words.get(type(error).__name__) or error.strerror or str(error)

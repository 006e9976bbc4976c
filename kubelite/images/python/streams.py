"""Standard streams and files of a program, as Python's file objects over the container's."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from kubelite.images.files import FileSystem
from kubelite.images.shell.process import decode
from kubelite.images.shell.streams import Input, read_line

Wait = Callable[[Callable[[], Awaitable[Any]]], Any]


class TextOutput(io.TextIOBase):
    """`sys.stdout`; each write is done when it returns."""

    encoding = "utf-8"

    def __init__(self, wait: Wait, write: Callable[[str], Awaitable[None]]) -> None:
        self._wait, self._write = wait, write
        self.buffer = _Bytes(self)

    def write(self, text: str) -> int:
        """Write."""
        if text:
            self._wait(partial(self._write, text))
        return len(text)

    def writable(self) -> bool:
        """It is."""
        return True


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, text: TextOutput) -> None:
        self._text = text

    def write(self, data: Any) -> int:
        """Write."""
        self._text.write(decode(bytes(data)))
        return len(data)


class TextInput(io.TextIOBase):
    """`sys.stdin`."""

    def __init__(self, wait: Wait, source: Input) -> None:
        self._wait, self._source = wait, source

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int | None = -1) -> str:
        """Up to `size` bytes as text, or all of it."""
        return decode(self._wait(partial(self._source.read, -1 if size is None else size)))

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        """The next line; empty at the end."""
        return decode(self._wait(partial(read_line, self._source)))


def open_file(
    files: FileSystem,
    path: Callable[[str], str],
    name: Any,
    mode: str = "r",
    _buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> Any:
    """`open` in the container.

    Raises:
        OSError: There is no such file, or it may not be written.
    """
    place = path(str(name))
    if "x" in mode and files.exists(place):
        raise FileExistsError(17, "File exists", str(name))
    if "r" in mode and not files.is_file(place):
        if files.is_dir(place):
            raise IsADirectoryError(21, "Is a directory", str(name))
        raise FileNotFoundError(2, "No such file or directory", str(name))
    kept = b"" if "w" in mode or not files.exists(place) else files.read(place)
    raw = _Stored(files, place, kept, writes=mode.strip("rbt") != "", name=str(name))
    if "a" in mode:
        raw.seek(0, io.SEEK_END)
    if "b" in mode:
        return raw
    return io.TextIOWrapper(raw, encoding or "utf-8", errors, newline, write_through=True)


class _Stored(io.BytesIO):
    """A file in memory which is stored whenever it was written to."""

    def __init__(self, files: FileSystem, path: str, content: bytes, *, writes: bool, name: str) -> None:
        super().__init__(content)
        self._files, self._path, self._writes, self.name = files, path, writes, name
        if writes:
            files.write(path, content)

    def writable(self) -> bool:
        """Whether it was opened for that."""
        return self._writes

    def write(self, data: Any) -> int:
        """Write, and store.

        Raises:
            io.UnsupportedOperation: It was opened for reading.
        """
        if not self._writes:
            raise io.UnsupportedOperation("not writable")
        count = super().write(data)
        self._files.write(self._path, self.getvalue())
        return count

"""Where an awk program reads records from, and writes to: files, commands, its own streams.

Source: POSIX.1-2017, Utilities, awk, RS; Output Statements; getline.
"""

from __future__ import annotations

import re
from typing import Final

import attrs

from kubelite.images.busybox.awk.functions import regex
from kubelite.images.shell.process import Process, decode, encode
from kubelite.images.shell.programs import run_program
from kubelite.images.shell.streams import Buffer, FileOutput, Input, Output, open_file

CHUNK_BYTES: Final = 65_536
_PARAGRAPH: Final = re.compile(r"\n\n+")


class Records:
    """Cuts an input into records."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self._text = ""
        self._start = 0
        self._bytes = b""
        self._ended = False

    async def next(self, separator: str) -> str | None:
        """The next record; None at the end. An empty separator cuts at empty lines."""
        if not separator:
            await self._skip_newlines()
        at = self._start
        while True:
            found = self._find(separator, at)
            if found is not None and (found[1] < len(self._text) or len(separator) == 1 or self._ended):
                record, self._start = self._text[self._start : found[0]], found[1]
                return record
            if self._ended:
                break
            searched = len(self._text) - self._start if len(separator) == 1 else 0
            await self._read()
            at = self._start + searched
        record, self._text, self._start = self._text[self._start :], "", 0
        record = record.removesuffix("\n") if separator != "\n" else record
        return record or None

    def _find(self, separator: str, at: int) -> tuple[int, int] | None:
        if len(separator) == 1:
            end = self._text.find(separator, at)
            return None if end < 0 else (end, end + 1)
        match = (regex(separator) if separator else _PARAGRAPH).search(self._text, at)
        return match.span() if match and match.end() > match.start() else None

    async def _skip_newlines(self) -> None:
        while True:
            while self._text.startswith("\n", self._start):
                self._start += 1
            if self._ended or self._start < len(self._text):
                return
            await self._read()

    async def _read(self) -> None:
        """More text; what was taken is dropped only now, not record by record."""
        data = await self._source.read(CHUNK_BYTES)
        self._ended = not data
        data = self._bytes + data
        # A character may be cut in two.
        whole = len(data) if self._ended else _whole(data)
        self._text = self._text[self._start :] + decode(data[:whole])
        self._start = 0
        self._bytes = data[whole:]


def _whole(data: bytes) -> int:
    """How many bytes there are without a last character that is not complete."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 != 0x80:  # the first byte of a character
            length = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) if length <= back else len(data) - back
    return len(data)


class Streams:
    """The files and commands that a program has open, by the text that names them."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._outputs: dict[str, Output] = {}
        self._commands: dict[str, Buffer] = {}
        self._inputs: dict[tuple[str, str], Records] = {}

    async def output(self, name: str, redirection: str) -> Output:
        """Where `>`, `>>` and `|` lead. A command gets its input when it is closed.

        Raises:
            OSError: The file cannot be written.
        """
        if redirection == "|":
            return self._commands.setdefault(name, Buffer())
        known = {"/dev/stdout": 1, "-": 1, "/dev/stderr": 2}
        if name in known:
            return self._process.streams[known[name]]  # type: ignore[return-value]
        if name not in self._outputs:
            files, path = self._process.container.files, self._process.path(name)
            self._outputs[name] = FileOutput(files, path, append=redirection == ">>")
        return self._outputs[name]

    async def input(self, name: str, kind: str) -> Records:
        """The records of a file (`<`) or of what a command prints (`|`).

        Raises:
            OSError: The file cannot be read.
        """
        records = self._inputs.get((kind, name))
        if records is None:
            if kind == "|":
                printed = Buffer()
                await self.run(name, output=printed)
                source: Input = printed
            elif name in {"-", "/dev/stdin"}:
                source = self._process.stdin
            else:
                source = open_file(self._process.container.files, self._process.path(name))
            records = self._inputs[kind, name] = Records(source)
        return records

    async def run(self, command: str, *, source: Input | None = None, output: Output | None = None) -> int:
        """Runs a command by the shell; gives its status."""
        streams = dict(self._process.streams)
        if source is not None:
            streams[0] = source
        if output is not None:
            streams[1] = output
        return await run_program(attrs.evolve(self._process, argv=("sh", "-c", command), streams=streams))

    async def close(self, name: str) -> int:
        """Closes a file or command; -1 if it was not open."""
        found = self._outputs.pop(name, None) is not None
        for kind in "<|":
            found |= self._inputs.pop((kind, name), None) is not None
        pending = self._commands.pop(name, None)
        if pending is not None:
            return await self.run(name, source=pending)
        return 0 if found else -1

    async def close_all(self) -> None:
        """At the end of the program."""
        for name in tuple(self._commands):
            await self.close(name)


async def write(output: Output, text: str) -> None:
    """Writes a text."""
    await output.write(encode(text))

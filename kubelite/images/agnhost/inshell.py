"""`agnhost SUBCOMMAND` as a command of a shell: its output goes where the shell wants it."""

from __future__ import annotations

from typing import Any

from kubelite.images.shell.process import Process
from kubelite.images.shell.streams import Buffer, FileOutput, Input, Null, Output, Pipe, Standard


class _Written:
    """An output whose writes never wait; what can only be waited for is handed on at the end."""

    def __init__(self, output: Input | Output) -> None:
        self._output: Any = output
        self._held = bytearray()

    def write(self, data: str | bytes) -> None:
        """Takes all of it at once."""
        raw = data.encode() if isinstance(data, str) else data
        if isinstance(self._output, Standard | Pipe | FileOutput | Buffer | Null):
            self._output.append(raw)
        else:
            self._held += raw

    async def flush(self) -> None:
        """Hand on what was held."""
        if self._held:
            await self._output.write(bytes(self._held))
            self._held.clear()


class InShell:
    """The container as a command of a shell sees it: with the command's own arguments and streams."""

    def __init__(self, process: Process) -> None:
        self._container = process.container
        self.argv, self.env, self.working_dir = process.argv, process.env, process.cwd
        self.stdin, self.stdout, self.stderr = (
            process.stdin,
            _Written(process.streams[1]),
            _Written(process.streams[2]),
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def log(self, text: str) -> None:
        """A line on standard output."""
        self.stdout.write(f"{text}\n")

    async def flush(self) -> None:
        """Hand on all output."""
        await self.stdout.flush()
        await self.stderr.flush()

"""One command while it runs, and the background processes beside it."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TypeAlias

import attrs

from kubelite.images.container import Container
from kubelite.images.shell.control import SIGNAL_BASE
from kubelite.images.shell.streams import Input, Output
from kubelite.runtime import tasks

SIGNALS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "ABRT": 6,
    "KILL": 9,
    "USR1": 10,
    "SEGV": 11,
    "USR2": 12,
    "PIPE": 13,
    "ALRM": 14,
    "TERM": 15,
    "CHLD": 17,
    "CONT": 18,
    "STOP": 19,
}
MAIN_PID = 1
_FIRST_PID = 7
_HARMLESS = frozenset({"CHLD", "CONT"})

Receiver: TypeAlias = Callable[[str], bool]
"""Takes a signal by name; tells whether it handles it."""


@attrs.define(eq=False)
class Job:
    """A background process.

    Attributes:
        pid: `$!`.
        task: What runs.
        receivers: The shells in it that may have trapped a signal.
        killed_by: Number of the signal that ended it, or 0.
    """

    pid: int
    task: asyncio.Task[int] | None = None
    receivers: list[Receiver] = attrs.field(factory=list)
    killed_by: int = 0

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.task is not None and not self.task.done()

    @property
    def status(self) -> int:
        """Its exit status, once it has ended."""
        assert self.task is not None
        if self.task.cancelled():
            return SIGNAL_BASE + (self.killed_by or SIGNALS["KILL"])
        return 1 if self.task.exception() else self.task.result()

    def signal(self, name: str) -> None:
        """Sends a signal: a trap takes it, or it ends the process."""
        if name in _HARMLESS or self.task is None or self.task.done():
            return
        if name != "KILL" and any(receive(name) for receive in self.receivers):
            return
        self.killed_by = SIGNALS.get(name, SIGNALS["TERM"])
        self.task.cancel()


class ProcessTable:
    """The background processes of one command of a container: none of them outlives it."""

    def __init__(self) -> None:
        self.jobs: dict[int, Job] = {}
        self.main_receivers: list[Receiver] = []
        self._next_pid = _FIRST_PID

    def new(self) -> Job:
        """A process number."""
        job = Job(self._next_pid)
        self._next_pid += 1
        self.jobs[job.pid] = job
        return job

    def start(self, job: Job, coroutine: Coroutine[object, object, int]) -> None:
        """Runs it."""
        job.task = tasks.start(coroutine, name=f"sh job {job.pid}")
        job.task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def close(self) -> None:
        """Ends all of them and waits until they have ended."""
        running = [job.task for job in self.jobs.values() if job.task is not None and not job.task.done()]
        await tasks.cancel(*running)


@attrs.define
class Process:
    """One command while it runs: what an applet is given.

    Attributes:
        argv: The command's name and its arguments.
        env: Its environment variables.
        cwd: Its working directory.
        streams: By file descriptor; 0, 1 and 2 always exist.
        container: Where it runs.
        applets: The programs of the image.
        table: The background processes beside it.
        job: The background process it belongs to; None in the foreground.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    streams: dict[int, Input | Output]
    container: Container
    applets: Mapping[str, Applet]
    table: ProcessTable = attrs.field(factory=ProcessTable)
    job: Job | None = None

    @property
    def stdin(self) -> Input:
        """Standard input."""
        return self.streams[0]  # type: ignore[return-value]

    async def out(self, data: str | bytes) -> None:
        """Writes to standard output."""
        await self.streams[1].write(data if isinstance(data, bytes) else encode(data))  # type: ignore[union-attr]

    async def err(self, text: str) -> None:
        """Writes to standard error."""
        await self.streams[2].write(encode(text))  # type: ignore[union-attr]

    async def fail(self, text: str, status: int = 1) -> int:
        """Writes `NAME: text` to standard error and answers with `status`."""
        await self.err(f"{posixpath.basename(self.argv[0])}: {text}\n")
        return status

    def path(self, name: str) -> str:
        """An absolute, normal path; the empty name stays empty, as nothing is there."""
        return posixpath.normpath(posixpath.join(self.cwd, name)) if name else ""


Applet = Callable[[Process], Awaitable[int]]


def encode(text: str) -> bytes:
    """Bytes of a text; those which were no UTF-8 when `decode` read them come out as they went in."""
    return text.encode(errors="surrogateescape")


def decode(data: bytes) -> str:
    """Text of bytes: `encode` takes it back whatever the bytes were."""
    return data.decode(errors="surrogateescape")

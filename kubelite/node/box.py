"""One running container: its task, and what its processes share.

The task runs in the context of its pod: outgoing connections of its code go through the pod's network. Its
listeners belong to it and close with it. SIGKILL is cancellation; a program that swallows it is cancelled
again, and after `KILLS_MAX` tries abandoned: it is reported as killed, named in a warning, and counted.
"""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from kubelite.images import programs
from kubelite.images.container import CommandNotFoundError, InputStream
from kubelite.images.files import FileSystem
from kubelite.network import current_namespace
from kubelite.node.attachments import Attachments, Input
from kubelite.node.cri import ContainerConfig, Exit
from kubelite.node.logs import ContainerLog
from kubelite.node.podstate import START_ERROR
from kubelite.node.process import NoInput, Process, exit_code, run_command
from kubelite.runtime import Randomness, TimerHandle, tasks

if TYPE_CHECKING:
    from kubelite.node.asyncio_runtime import AsyncioRuntime
    from kubelite.node.podserver import PodServer

KILLED: Final = 137
NOT_STARTED: Final = 128
KILLS_MAX: Final = 3
INPUT_BYTES: Final = 64 * 1024
KILL_AGAIN_S: Final = 1.0
"""How long a cancelled task may take to end before it is cancelled again."""
TERMINATION_MESSAGE_MAX: Final = 4096
"""What is read of the file, in bytes."""
FALLBACK_BYTES: Final = 2048
FALLBACK_LINES: Final = 80


class Box:
    """What the processes of one container share: files, listeners, the end."""

    def __init__(
        self,
        config: ContainerConfig,
        runtime: AsyncioRuntime,
        log: ContainerLog,
        exited: Callable[[Exit], None],
    ) -> None:
        self.config = config
        self.runtime = runtime
        self.log = log
        self.attachments = Attachments()
        self.stdin: Input | NoInput = Input() if config.stdin else NoInput()
        self.servers: dict[PodServer, None] = {}
        self.context = contextvars.copy_context()
        self.context.run(current_namespace.set, config.network)
        self._exited: Callable[[Exit], None] | None = exited
        self._files: FileSystem | None = None
        self._size_of_image: int | None = None
        self._terminating: asyncio.Event | None = None
        self._random: Randomness | None = None
        self._task: asyncio.Task[Exit] | None = None
        self._beside: dict[asyncio.Task[int], None] = {}
        self._kills = 0
        self._again: TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Container {self.config.namespace}/{self.config.pod_name}/{self.config.name}>"

    @property
    def task(self) -> asyncio.Task[Exit] | None:
        """The main process; None before the start."""
        return self._task

    @property
    def files(self) -> FileSystem:
        """The files, made when they are first looked at."""
        if self._files is None:
            self._files = self.config.make_files()
        return self._files

    def written(self) -> int:
        """The bytes of its files beyond those of its image; what is mounted does not count."""
        if self._files is None:
            return 0
        from kubelite.node.diskusage import disk_of  # noqa: PLC0415 - few containers have a limit

        if self._size_of_image is None:
            self._size_of_image = disk_of(self.config.make_files().root, mounts=False).used
        return max(disk_of(self._files.root, mounts=False).used - self._size_of_image, 0)

    @property
    def random(self) -> Randomness:
        """A stream of its own, made when it is first asked for."""
        if self._random is None:
            name = f"{self.config.pod_uid}/{self.config.name}/{self.config.attempt}"
            self._random = self.runtime.random.fork(name)
        return self._random

    @property
    def terminating(self) -> asyncio.Event:
        """Set by SIGTERM."""
        if self._terminating is None:
            self._terminating = asyncio.Event()
        return self._terminating

    def start(self, started: Callable[[], None]) -> None:
        """The main process takes its first step before `started` is called."""
        name = f"container {self.config.namespace}/{self.config.pod_name}/{self.config.name}"
        self._task = tasks.start(self._main(), name=name, context=self.context)
        self._task.add_done_callback(self._main_done)
        asyncio.get_running_loop().call_soon(self._report_start, started)

    def kill(self) -> None:
        """Cut listeners and connections, cancel; again later if that does not help."""
        for server in tuple(self.servers):
            server.cut()
        self._cancel()

    def power_off(self) -> None:
        """As kill, without telling anybody."""
        self._exited = None
        self.kill()
        self.log.close()

    async def feed(self, source: InputStream) -> None:
        """Give the main process what a client sends, until the client ends it."""
        if isinstance(self.stdin, NoInput):
            return
        while piece := await source.read(INPUT_BYTES):
            self.stdin.feed(piece)
            await self.stdin.room()
        if self.config.stdin_once:
            self.stdin.end()

    async def run_beside(self, process: Process) -> int:
        """Run an exec'd command; it ends with the container."""
        name = f"exec {self.config.namespace}/{self.config.pod_name}/{self.config.name}"
        task = tasks.start(run_command(process), name=name, context=self.context.copy())
        self._beside[task] = None
        task.add_done_callback(self._beside.pop)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                return KILLED
            task.cancel()
            raise

    async def _main(self) -> Exit:
        config = self.config
        out, err = _MainOutput(self, "stdout"), _MainOutput(self, "stderr")
        container = Process(self, config.argv, self.stdin, out, err)
        try:
            code = await programs.adapt(config.image)(container)
        except SystemExit as error:
            return Exit(exit_code(error, err))
        except CommandNotFoundError as error:
            runc = f"runc create failed: unable to start container process: {error}: unknown"
            task = "failed to create containerd task: failed to create shim task: OCI runtime create failed"
            return Exit(NOT_STARTED, START_ERROR, f"{task}: {runc}")
        except Exception:  # noqa: BLE001  (what user code raises is its crash)
            err.write(traceback.format_exc())
            return Exit(1)
        return Exit(int(code or 0) & 0xFF)

    def _report_start(self, started: Callable[[], None]) -> None:
        if self._exited is not None:
            started()

    def _main_done(self, task: asyncio.Task[Exit]) -> None:
        if task.cancelled() or self._kills:
            outcome = Exit(KILLED)
        elif (error := task.exception()) is not None:
            self.log.write("stderr", f"{error!r}\n".encode())
            outcome = Exit(1)
        else:
            outcome = task.result()
        self._end(outcome)

    def _end(self, outcome: Exit) -> None:
        for server in tuple(self.servers):
            server.cut()
        for beside in tuple(self._beside):
            beside.cancel()
        if self._again is not None:
            self._again.cancel()
        self.log.close()
        exited, self._exited = self._exited, None
        if exited is not None:
            message = outcome.message or self._termination_message(outcome.exit_code)
            exited(Exit(outcome.exit_code, outcome.reason, message))

    def _cancel(self) -> None:
        task = self._task
        assert task is not None
        if task.done():
            return
        if self._kills == KILLS_MAX:
            self.runtime.abandoned += 1
            name = f"{self.config.namespace}/{self.config.pod_name}/{self.config.name}"
            self.runtime.log_.warning("container_abandoned", container=name, cancelled=self._kills)
            task.remove_done_callback(self._main_done)
            self._end(Exit(KILLED))
            return
        self._kills += 1
        task.cancel()
        self._again = self.runtime.clock.call_later(KILL_AGAIN_S, self._cancel_again)

    def _cancel_again(self) -> None:
        if self._task is not None and not self._task.done():
            self._cancel()

    def _termination_message(self, exit_code: int) -> str:
        message = ""
        if self._files is not None and self._files.is_file(self.config.termination_path):
            written = self._files.read(self.config.termination_path)[:TERMINATION_MESSAGE_MAX]
            message = written.decode(errors="replace")
        if not message and exit_code and self.config.termination_from_log:
            message = self.log.tail(FALLBACK_LINES, FALLBACK_BYTES)
        return message


class _MainOutput:
    def __init__(self, box: Box, stream: str) -> None:
        self._box = box
        self._stream = stream

    def write(self, data: str | bytes) -> None:
        """Into the log, and to whoever is attached."""
        written = data.encode() if isinstance(data, str) else bytes(data)
        self._box.log.write(self._stream, written)
        self._box.attachments.write(self._stream, written)

    async def drain(self) -> None:
        """Wait for whoever is attached and slow."""
        await self._box.attachments.drain()

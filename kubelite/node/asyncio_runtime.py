"""Containers as asyncio tasks.

A container is a task in the context of its pod: outgoing connections of its code go through the pod's
network. Its listeners belong to it and close with it. SIGKILL is cancellation; a program that swallows it
is cancelled again, and after `KILLS_MAX` tries abandoned: it is reported as killed, named in a warning,
and counted.
"""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from kubelite.images import programs
from kubelite.images.container import CommandNotFoundError, InputStream, OutputStream
from kubelite.images.files import FileSystem
from kubelite.network import NetworkNamespace, client_session, current_namespace
from kubelite.node.attachments import Attachments, Input
from kubelite.node.cri import ContainerConfig, Exit
from kubelite.node.logs import LOG_BYTES_MAX, ContainerLog
from kubelite.runtime import Clock, Randomness, TimerHandle, tasks
from kubelite.runtime.logs import get_logger

if TYPE_CHECKING:
    import aiohttp

KILLED: Final = 137
NOT_STARTED: Final = 128
KILLS_MAX: Final = 3
INPUT_BYTES: Final = 64 * 1024
KILL_AGAIN_S: Final = 1.0
"""How long a cancelled task may take to end before it is cancelled again."""
DEFAULT_PORT: Final = 80
TERMINATION_MESSAGE_MAX: Final = 4096
FALLBACK_BYTES: Final = 2048
FALLBACK_LINES: Final = 80


class AsyncioRuntime:
    """The runtime of one node.

    Args:
        clock: The cluster's clock.
        random: Seeds the randomness of containers.
        drain_delay_s: How long applications go on accepting after SIGTERM, so that proxies hear of it first.
        log_bytes_max: What is kept of each container's log.
    """

    def __init__(
        self, clock: Clock, random: Randomness, *, drain_delay_s: float, log_bytes_max: int = LOG_BYTES_MAX
    ) -> None:
        self.clock = clock
        self.random = random
        self.drain_delay_s = drain_delay_s
        self.abandoned = 0
        self.log_ = get_logger().bind(component="runtime")
        self._log_bytes_max = log_bytes_max
        self._running: dict[str, Box] = {}
        self._logs: dict[str, dict[str, list[ContainerLog]]] = {}
        self._boots = 0

    def __repr__(self) -> str:
        return f"<AsyncioRuntime {len(self._running)} running, {self.abandoned} abandoned>"

    def statistics(self) -> dict[str, int]:
        """Containers that run, and tasks that could not be killed."""
        return {"running": len(self._running), "abandoned": self.abandoned}

    def start(
        self, config: ContainerConfig, started: Callable[[], None], exited: Callable[[Exit], None]
    ) -> str:
        """Start a container; the two are called in later turns of the loop."""
        identity = f"{config.pod_uid}/{config.name}/{config.attempt}/{self._boots}"
        container_id = f"containerd://{hashlib.sha256(identity.encode()).hexdigest()}"
        log = ContainerLog(self.clock.now, self._log_bytes_max)
        logs = self._logs.setdefault(config.pod_uid, {}).setdefault(config.name, [])
        logs[:] = [*logs[-1:], log]

        ended = partial(self._ended, container_id, exited)
        self._running[container_id] = box = Box(config, self, log, ended)
        box.start(started)
        return container_id

    def _ended(self, container_id: str, exited: Callable[[Exit], None], outcome: Exit) -> None:
        self._running.pop(container_id, None)
        exited(outcome)

    def terminate(self, container_id: str) -> None:
        """Send SIGTERM."""
        if (box := self._running.get(container_id)) is not None:
            box.terminating.set()

    def kill(self, container_id: str) -> None:
        """Send SIGKILL."""
        if (box := self._running.get(container_id)) is not None:
            box.kill()

    def power_off(self) -> None:
        """Everything ends at once and nobody is told."""
        self._boots += 1
        for box in list(self._running.values()):
            box.power_off()
        self._running.clear()

    async def close(self) -> None:
        """As `power_off`, and waits until the programs have ended; not for long for those that refuse to."""
        ending = [box.task for box in self._running.values() if box.task is not None]
        self.power_off()
        if ending:
            await asyncio.wait(ending, timeout=KILL_AGAIN_S)

    async def exec(
        self,
        container_id: str,
        argv: Sequence[str],
        *,
        stdin: InputStream | None = None,
        stdout: OutputStream | None = None,
        stderr: OutputStream | None = None,
    ) -> int:
        """Run a command in a running container."""
        box = self._running.get(container_id)
        if box is None:
            raise LookupError("container is not running")
        sink = _Nowhere()
        process = Process(box, tuple(argv), stdin or NoInput(), stdout or sink, stderr or sink)
        return await box.run_beside(process)

    async def attach(
        self,
        container_id: str,
        *,
        stdin: InputStream | None = None,
        stdout: OutputStream | None = None,
        stderr: OutputStream | None = None,
    ) -> None:
        """Join the streams of a running container's main process until it ends."""
        box = self._running.get(container_id)
        if box is None or box.task is None:
            raise LookupError("container is not running")
        for stream, output in (("stdout", stdout), ("stderr", stderr)):
            if output is not None:
                box.attachments.add(stream, output)
        feeding = tasks.start(box.feed(stdin), name=f"attach {box!r}") if stdin is not None else None
        try:
            await asyncio.wait([box.task])
        finally:
            for output in (stdout, stderr):
                if output is not None:
                    box.attachments.remove(output)
            if feeding is not None:
                await tasks.cancel(feeding)

    def log(self, pod_uid: str, name: str, *, previous: bool = False) -> ContainerLog | None:
        """The log of a container's present or previous attempt."""
        logs = self._logs.get(pod_uid, {}).get(name, [])
        if previous:
            return logs[-2] if len(logs) > 1 else None
        return logs[-1] if logs else None

    def forget(self, pod_uid: str) -> None:
        """Drop the logs of a pod."""
        self._logs.pop(pod_uid, None)


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
        self.servers: set[PodServer] = set()
        self.context = contextvars.copy_context()
        self.context.run(current_namespace.set, config.network)
        self._exited: Callable[[Exit], None] | None = exited
        self._files: FileSystem | None = None
        self._terminating: asyncio.Event | None = None
        self._random: Randomness | None = None
        self._task: asyncio.Task[Exit] | None = None
        self._beside: set[asyncio.Task[int]] = set()
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
        if self.config.stdin_once:
            self.stdin.end()

    async def run_beside(self, process: Process) -> int:
        """Run an exec'd command; it ends with the container."""
        name = f"exec {self.config.namespace}/{self.config.pod_name}/{self.config.name}"
        task = tasks.start(run_command(process), name=name, context=self.context.copy())
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
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
            return Exit(_exit_code(error, err))
        except CommandNotFoundError as error:
            message = (
                "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
            )
            return Exit(
                NOT_STARTED, "StartError", f"{message}runc create failed: unable to start: {error}: unknown"
            )
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
            message = self._files.read_text(self.config.termination_path)[:TERMINATION_MESSAGE_MAX]
        if not message and exit_code and self.config.termination_from_log:
            message = self.log.tail(FALLBACK_LINES, FALLBACK_BYTES)
        return message


class Process:
    """One process of a container: what its program sees. See `images.container.Container`."""

    def __init__(
        self,
        box: Box,
        argv: tuple[str, ...],
        stdin: InputStream,
        stdout: OutputStream,
        stderr: OutputStream,
    ) -> None:
        config = box.config
        self._box = box
        self.argv = argv
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.name: str = config.name
        self.image: str = config.image_name
        self.env: Mapping[str, str] = config.env
        self.working_dir: str = config.working_dir
        self.hostname: str = config.hostname
        self.pod_name: str = config.pod_name
        self.namespace: str = config.namespace
        self.uid: str = config.pod_uid
        self.node_name: str = config.node_name
        self.ip: str = config.ip
        self.labels: Mapping[str, str] = config.labels
        self.annotations: Mapping[str, str] = config.annotations
        self.ports: tuple[int, ...] = config.ports
        self.network: NetworkNamespace = config.network

    def __repr__(self) -> str:
        return (
            f"<Process {' '.join(self.argv) or self.image} in {self.namespace}/{self.pod_name}/{self.name}>"
        )

    @property
    def terminating(self) -> asyncio.Event:
        """Set by SIGTERM."""
        return self._box.terminating

    @property
    def clock(self) -> Clock:
        """The cluster's clock."""
        return self._box.runtime.clock

    @property
    def random(self) -> Randomness:
        """Seeded randomness of this container."""
        return self._box.random

    @property
    def files(self) -> FileSystem:
        """The file system of the container."""
        return self._box.files

    @property
    def box(self) -> Box:
        """What it shares with the other processes of the container."""
        return self._box

    def log(self, text: str) -> None:
        """Write a line to standard output."""
        self.stdout.write(f"{text}\n")

    async def serve(self, program: Any, port: int | None = None, host: str | None = None) -> None:
        """Serve HTTP until SIGTERM, drain, return."""
        hosted = await programs.host(program)
        server = PodServer(hosted, self._box)
        try:
            ports = (self.ports or (DEFAULT_PORT,)) if port is None else (port,)
            server.listen(self._address(host), ports)
            await self.terminating.wait()
            if self._box.runtime.drain_delay_s:
                await self.clock.sleep(self._box.runtime.drain_delay_s)
            await server.drain()
        finally:
            server.cut()
        await hosted.close()

    def http(self) -> aiohttp.ClientSession:
        """A client session in the pod's network."""
        return client_session(self.network)

    async def resolve(self, name: str) -> list[str]:
        """The addresses of a name."""
        return await self.network.resolve(name)

    async def exec(self, argv: Sequence[str], stdin: InputStream | bytes | None = None) -> int:
        """Run another program of the image."""
        source = BytesInput(stdin) if isinstance(stdin, bytes) else (stdin or NoInput())
        return await run_command(Process(self._box, tuple(argv), source, self.stdout, self.stderr))

    def _address(self, host: str | None) -> str:
        """Where to listen: pod and localhost are one here, as every port of a pod is its own."""
        if host in {None, "", "0.0.0.0", "::", "localhost", "127.0.0.1", "::1"}:  # noqa: S104
            return self.ip
        assert host is not None
        return host


async def run_command(process: Process) -> int:
    """Run an exec'd command to its exit code.

    Raises:
        CommandNotFoundError: The image has no such command.
    """
    config = process.box.config
    program = config.image.exec or config.shell
    if program is None or not process.argv:
        raise CommandNotFoundError(process.argv[0] if process.argv else "")
    try:
        return int(await program(process) or 0) & 0xFF
    except SystemExit as error:
        return _exit_code(error, process.stderr)
    except CommandNotFoundError:
        raise
    except Exception:  # noqa: BLE001  (what user code raises is its crash)
        process.stderr.write(traceback.format_exc())
        return 1


class _PodHandler(RequestHandler):
    """Its task is made in the context of the pod that listens, not of whoever connects."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        server = self._manager
        assert isinstance(server, PodServer)
        server.context.copy().run(super().connection_made, transport)


class PodServer(web.Server):
    """The HTTP server of one `serve`.

    Its handlers run in the pod's context, and it can say when it is drained.
    """

    def __init__(self, hosted: programs.Hosted, box: Box) -> None:
        super().__init__(hosted.handler, request_factory=hosted.request_factory, access_log=None)
        self.context = box.context
        self._box = box
        self._listeners: list[Any] = []
        self._drained: asyncio.Event | None = None
        box.servers.add(self)

    def __call__(self) -> RequestHandler:
        """A protocol for one connection."""
        return _PodHandler(self, loop=self._loop, **self._kwargs)

    def listen(self, address: str, ports: Sequence[int]) -> None:
        """Listen on each port.

        Raises:
            OSError: One of them is taken.
        """
        fabric = self._box.config.network.fabric
        for port in ports:
            self._listeners.append(fabric.listen(address, port, self))

    async def drain(self) -> None:
        """Stop accepting, close what is idle, wait for what is not."""
        self._close_listeners()
        self._drained = asyncio.Event()
        self.pre_shutdown()
        self._check_drained()
        await self._drained.wait()

    def cut(self) -> None:
        """Close listeners and connections, cancel handlers. Again is harmless."""
        self._close_listeners()
        for handler in self.connections:
            if (transport := handler.transport) is not None:
                transport.abort()
            if (task := handler._task_handler) is not None:  # noqa: SLF001  (a killed process handles no more)
                task.cancel()
        self._box.servers.discard(self)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """A connection is gone."""
        super().connection_lost(handler, exc)
        if (task := handler._task_handler) is not None:  # noqa: SLF001  (the server drops the connection when it ends)
            task.add_done_callback(self._check_drained)
        else:
            self._check_drained()

    def _check_drained(self, _task: object = None) -> None:
        if self._drained is not None and not self.connections:
            self._drained.set()

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()


class NoInput:
    """A standard input at its end."""

    async def read(self, n: int = -1) -> bytes:
        """Nothing."""
        return b""


class BytesInput:
    """A standard input of given bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, n: int = -1) -> bytes:
        """The next bytes."""
        piece, self._data = (self._data, b"") if n < 0 else (self._data[:n], self._data[n:])
        return piece


class _Nowhere:
    def write(self, data: str | bytes) -> None:
        """Dropped."""


class _MainOutput:
    def __init__(self, box: Box, stream: str) -> None:
        self._box = box
        self._stream = stream

    def write(self, data: str | bytes) -> None:
        """Into the log, and to whoever is attached."""
        written = data.encode() if isinstance(data, str) else bytes(data)
        self._box.log.write(self._stream, written)
        self._box.attachments.write(self._stream, written)


def _exit_code(error: SystemExit, stderr: OutputStream) -> int:
    """What Python does with the argument of `sys.exit`."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    stderr.write(f"{error.code}\n")
    return 1

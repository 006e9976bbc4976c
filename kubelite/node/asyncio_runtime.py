"""Containers as asyncio tasks: what a node asks of its container runtime (`cri`).

A container is a `Box`, in which a `Process` runs its program. SIGKILL is cancellation; a program that
swallows it is cancelled again, and in the end abandoned.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from functools import partial

from kubelite.images.container import InputStream, OutputStream
from kubelite.node.box import KILL_AGAIN_S, Box
from kubelite.node.cri import ContainerConfig, Exit
from kubelite.node.logs import LOG_BYTES_MAX, ContainerLog
from kubelite.node.process import NoInput, Nowhere, Process
from kubelite.runtime import Clock, Randomness, tasks
from kubelite.runtime.logs import get_logger


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
        sink = Nowhere()
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

    def written(self, container_id: str) -> int:
        """How many bytes a running container wrote beside its volumes."""
        box = self._running.get(container_id)
        return 0 if box is None else box.written()

    def forget(self, pod_uid: str) -> None:
        """Drop the logs of a pod."""
        self._logs.pop(pod_uid, None)

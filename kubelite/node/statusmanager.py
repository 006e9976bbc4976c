"""Brings the API up to date with the node's pods.

A pod's statuses are written one after another, the newest first seen wins; a pod that starts is written once.
One that is to go is deleted after its last status.

Source: pkg/kubelet/status/status_manager.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubelite.api.resources import PODS
from kubelite.apimachinery.apierrors import APIError, Conflict, Invalid, NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.node.status import NodeFacts, pod_status, status_patch
from kubelite.runtime import Context, Signal, causes

if TYPE_CHECKING:
    from kubelite.client.client import Client
    from kubelite.node.machine import Machine
    from kubelite.node.podworker import PodWorker


class FlushStatuses(Signal):
    """Write the statuses that have changed."""


class StatusManager:
    """Writes statuses.

    Args:
        machine: The node's.
        client: As the node.
        context: The kubelet's: it is told `FlushStatuses`, and writing is a task of its.
        written: Is called with a worker for which there is nothing more to write.
    """

    def __init__(
        self, machine: Machine, client: Client, context: Context, written: Callable[[PodWorker], None]
    ) -> None:
        self._machine = machine
        self._client = client
        self._context = context
        self._written = written
        self._clock = machine.clock
        self._config = machine.config
        self._dirty: dict[str, PodWorker] = {}
        self._flushing = False

    def note(self, worker: PodWorker) -> None:
        """A pod's status may have changed: written with the others of this turn."""
        worker.dirty = True
        self._dirty[worker.uid] = worker
        if not self._flushing:
            self._flushing = True
            self._context.ref.tell(FlushStatuses())

    def forget(self, worker: PodWorker) -> None:
        """A pod is gone."""
        self._dirty.pop(worker.uid, None)

    def forget_flush(self) -> None:
        """The power was cut: a `FlushStatuses` that was told is not heard."""
        self._flushing = False

    def flush(self) -> None:
        """Begin to write what differs, of those pods that stand still."""
        self._flushing = False
        for uid, worker in list(self._dirty.items()):
            if not worker.state.settled and not worker.remove:
                continue
            del self._dirty[uid]
            if not worker.writing:
                worker.writing = True
                self._context.start_task(self._write(worker), name="status")

    async def _write(self, worker: PodWorker) -> None:
        """Bring the API up to date with a pod, then delete it if it is to go."""
        try:
            while worker.dirty and self._machine.powered:
                worker.dirty = False
                causes.current.set(worker.cause)
                if not await self._write_status(worker):
                    worker.dirty = True
                    await self._clock.sleep(self._config.write_retry_s)
            if worker.remove and self._machine.powered:
                await self._remove(worker)
        finally:
            worker.writing = False
        self._written(worker)

    async def _write_status(self, worker: PodWorker) -> bool:
        """Write what differs; False if it is to be tried again."""
        pod = worker.base
        node = NodeFacts(self._machine.address)
        status = pod_status(worker.state, pod, node, self._clock.now())
        patch = status_patch(pod, status)
        if patch is None or worker.ended_before:
            return True
        metadata = pod["metadata"]
        try:
            written = await self._client.patch(
                PODS,
                metadata["name"],
                patch,
                metadata["namespace"],
                patch_type="strategic",
                subresource="status",
            )
        except (NotFound, Conflict):
            return True
        except APIError as error:
            if isinstance(error, Invalid) and await self._is_another(pod):
                return True
            self._context.log.warning("status_not_written", key=_key(pod), error=str(error))
            return False
        worker.see(written)
        return True

    async def _is_another(self, pod: Object) -> bool:
        """Whether a new pod has the name of this one, which is gone."""
        metadata = pod["metadata"]
        try:
            live = await self._client.get(PODS, metadata["name"], metadata["namespace"])
        except APIError as error:
            return isinstance(error, NotFound)
        return bool(live["metadata"]["uid"] != metadata["uid"])

    async def _remove(self, worker: PodWorker) -> None:
        metadata = worker.base["metadata"]
        while worker.remove and self._machine.powered:
            try:
                await self._client.delete(
                    PODS, metadata["name"], metadata["namespace"], grace_period_s=0, uid=worker.uid
                )
            except (NotFound, Conflict):
                pass
            except APIError as error:
                self._context.log.warning("pod_not_removed", key=_key(worker.base), error=str(error))
                await self._clock.sleep(self._config.write_retry_s)
                continue
            worker.remove = False


def _key(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"

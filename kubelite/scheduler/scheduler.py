"""kube-scheduler: an actor around the cycle.

Scheduling is serial; what was decided is assumed until it is seen.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from kubelite.api import conditions, podutil
from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery import meta
from kubelite.apimachinery.apierrors import APIError, Conflict, NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time
from kubelite.client.client import Client
from kubelite.runtime import Actor, Clock, Randomness
from kubelite.runtime.logs import get_logger
from kubelite.runtime.values import Value
from kubelite.scheduler.cycle import explain, find_node
from kubelite.scheduler.nodeinfo import Cache, PodInfo
from kubelite.scheduler.queue import Entry, SchedulingQueue

log = get_logger().bind(component="scheduler")
NAME: Final = "default-scheduler"
BATCH: Final = 64
"""Pods scheduled before other actors get their turn."""


@attrs.frozen(eq=False, repr=False)
class Schedule(Value):
    """Schedule what is active."""


@attrs.frozen(eq=False, repr=False)
class Flush(Value):
    """Look whether a back-off is over."""


Message = Schedule | Flush


class Scheduler(Actor[Message]):
    """See the module's docstring.

    Args:
        client: Binds pods and says why they do not fit.
        informers: Pods and nodes.
        clock: For back-off.
        random: Decides between equal nodes.
        recorder: Of Events.
    """

    def __init__(
        self, *, client: Client, informers: Any, clock: Clock, random: Randomness, recorder: Any
    ) -> None:
        self._client, self._informers, self._clock, self._random = client, informers, clock, random
        self._recorder = recorder
        self._cache, self._queue = Cache(), SchedulingQueue()
        self._start = 0
        self._waking = False
        self._flush_at: float | None = None
        self._timer: Any = None

    def __repr__(self) -> str:
        return f"<Scheduler {self._cache!r} {self._queue!r}>"

    async def started(self) -> None:
        """Learns all nodes, then all pods; the handlers replay them."""
        nodes, pods = self._informers.informer(NODES), self._informers.informer(PODS)
        await nodes.wait_synced()
        self._removers = [nodes.add_handler(self._node_changed), pods.add_handler(self._pod_changed)]

    async def stopped(self) -> None:
        """Hears of no more changes."""
        for remove in getattr(self, "_removers", ()):
            if callable(remove):
                remove()

    # -- what changes

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        name = (new or old or {})["metadata"]["name"]
        self._cache.set_node(name, new)
        if new is not None and (old is None or _matters(old, new)):
            self._changed()

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        uid = (new or old or {})["metadata"]["uid"]
        if new is None or podutil.is_terminal(new):
            self._queue.remove(uid)
            if self._cache.node_of(uid) is not None:
                self._cache.forget(uid)
                self._changed()
            return
        node_name = new["spec"].get("nodeName")
        if node_name:
            self._queue.remove(uid)
            if self._cache.node_of(uid) != node_name or (old is not None and old["spec"] is not new["spec"]):
                self._cache.place(PodInfo.of(new), node_name)
            return
        if self._is_mine(new) and self._cache.node_of(uid) is None:
            self._queue.add(PodInfo.of(new), self._clock.monotonic())
            self._wake()
        else:
            self._queue.remove(uid)

    def _is_mine(self, pod: Object) -> bool:
        spec = pod["spec"]
        return (
            spec.get("schedulerName", NAME) == NAME
            and not spec.get("schedulingGates")
            and not meta.is_being_deleted(pod)
        )

    def _changed(self) -> None:
        if len(self._queue):
            self._queue.cluster_changed(self._clock.monotonic())
            self._wake()
            self._arm()

    def _wake(self) -> None:
        if not self._waking:
            self._waking = True
            self.context.ref.tell(Schedule())

    def _arm(self) -> None:
        due = self._queue.flush(self._clock.monotonic())
        if due is not None and (self._flush_at is None or due < self._flush_at):
            if self._timer is not None:
                self._timer.cancel()
            self._flush_at = due
            self._timer = self.context.call_later(max(0.0, due - self._clock.monotonic()), Flush())

    # -- scheduling

    async def receive(self, message: Message) -> None:
        """Schedules a batch."""
        if isinstance(message, Flush):
            self._flush_at = None
            self._arm()
        self._waking = False
        for _ in range(BATCH):
            entry = self._queue.pop()
            if entry is None:
                return
            await self._schedule(entry)
        self._wake()

    async def _schedule(self, entry: Entry) -> None:
        info, nodes = entry.info, self._cache.listed()
        verdict = find_node(info, nodes, self._start, self._random)
        self._start = (self._start + verdict.looked_at) % len(nodes) if nodes else 0
        if verdict.node is None:
            preempts = info.pod["spec"].get("preemptionPolicy") != "Never"
            self._queue.fail(entry, self._clock.monotonic())
            self._arm()
            await self._report(
                info.pod, "Unschedulable", explain(verdict.refusals, len(nodes), preempts=preempts)
            )
            return
        self._cache.place(info, verdict.node)
        self._queue.remove(info.uid)
        await self._bind(entry, verdict.node)

    async def _bind(self, entry: Entry, node: str) -> None:
        info = entry.info
        metadata = info.pod["metadata"]
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": info.uid},
            "target": {"kind": "Node", "name": node},
        }
        try:
            await self._client.create(
                PODS, binding, metadata["namespace"], name=metadata["name"], subresource="binding"
            )
        except (NotFound, Conflict):
            self._cache.forget(info.uid)  # it is gone, another, or bound: the informer will tell
        except APIError as error:
            self._cache.forget(info.uid)
            log.warning("binding failed", pod=info.key, node=node, error=str(error))
            now = self._clock.monotonic()
            self._queue.add(info, now)
            self._queue.retry(entry, now)
            self._arm()
        else:
            self._recorder.event(
                info.pod, "Normal", "Scheduled", f"Successfully assigned {info.key} to {node}"
            )

    async def _report(self, pod: Object, reason: str, message: str) -> None:
        """Says why the pod waits, once per reason."""
        self._recorder.event(pod, "Warning", "FailedScheduling", message)
        before = conditions.get_condition(pod, "PodScheduled")
        if before is not None and (before.get("reason"), before.get("message")) == (reason, message):
            return
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": reason,
            "message": message,
            "lastProbeTime": None,
            "lastTransitionTime": format_time(self._clock.now()),
        }
        if before is not None and before["status"] == "False":
            condition["lastTransitionTime"] = before["lastTransitionTime"]
        metadata = pod["metadata"]
        if metadata.get("generation"):
            condition["observedGeneration"] = metadata["generation"]
        patch = {"metadata": {"uid": metadata["uid"]}, "status": {"conditions": [condition]}}
        try:
            await self._client.patch(
                PODS,
                metadata["name"],
                patch,
                metadata["namespace"],
                patch_type="strategic",
                subresource="status",
            )
        except (NotFound, Conflict):
            return
        except APIError as error:
            log.warning("status not written", pod=meta.key(pod), error=str(error))


def _matters(old: Object, new: Object) -> bool:
    """Whether a change of a node could let a waiting pod fit."""
    return (
        old["spec"] != new["spec"]
        or old["metadata"].get("labels") != new["metadata"].get("labels")
        or (old.get("status") or {}).get("allocatable") != (new.get("status") or {}).get("allocatable")
    )

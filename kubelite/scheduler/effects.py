"""What the scheduler writes: bindings, why a pod waits, and the end of those that have to make room.

Source: pkg/scheduler/schedule_one.go (handleSchedulingFailure, updatePod), framework/preemption/executor.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from kubelite.api import conditions
from kubelite.api.resources import PODS
from kubelite.apimachinery.apierrors import APIError, Conflict, NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time
from kubelite.client.client import Client
from kubelite.runtime import Clock
from kubelite.runtime.logs import get_logger
from kubelite.scheduler.podinfo import PodInfo

log = get_logger().bind(component="scheduler")
UNSCHEDULABLE, SCHEDULER_ERROR = "Unschedulable", "SchedulerError"
_MESSAGE_MAX: Final = 1024
_CUT: Final = " ..."


class Recorder(Protocol):
    """Records Events."""

    def event(
        self,
        obj: Object,
        type: str,  # noqa: A002
        reason: str,
        message: str,
        *,
        action: str = "",
        related: Object | None = None,
    ) -> None:
        """Record that something was done to an object, perhaps for the sake of another."""
        ...


class Effects:
    """See the module's docstring.

    Args:
        client: Writes.
        clock: For times of transition.
        recorder: The recorder of a profile, by its name.
    """

    def __init__(self, *, client: Client, clock: Clock, recorder: Callable[[str], Recorder]) -> None:
        self._client, self._clock, self._recorder = client, clock, recorder

    def _warn(self, info: PodInfo, profile: str, message: str) -> None:
        if len(message) > _MESSAGE_MAX:
            message = message[: _MESSAGE_MAX - len(_CUT)] + _CUT
        self._recorder(profile).event(info.pod, "Warning", "FailedScheduling", message, action="Scheduling")

    async def bind(self, info: PodInfo, node: str, profile: str, *, is_bound: bool = False) -> None:
        """Gives a pod its node, and says so; only says so if somebody else has bound it.

        Raises:
            APIError: It is refused.
        """
        metadata = info.pod["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": namespace, "uid": info.uid},
            "target": {"kind": "Node", "name": node},
        }
        if not is_bound:
            await self._client.create(PODS, binding, namespace, name=name, subresource="binding")
        text = f"Successfully assigned {info.key} to {node}"
        self._recorder(profile).event(info.pod, "Normal", "Scheduled", text, action="Binding")

    async def report(
        self, info: PodInfo, profile: str, reason: str, message: str, *, nominated: str | None = None
    ) -> None:
        """Says why a pod waits: in an Event, and, if that is news, in its status.

        Args:
            info: The pod.
            profile: Who says so.
            reason: Unschedulable, or SchedulerError.
            message: The whole of it.
            nominated: The node on which room is made; "" for none, None leaves it as it is.
        """
        self._warn(info, profile, message)
        status: dict[str, Any] = {}
        condition = self._condition(info.pod, "PodScheduled", "False", reason, message)
        if condition is not None:
            status["conditions"] = [condition]
        if nominated is not None and nominated != info.nominated:
            status["nominatedNodeName"] = nominated or None
        await self._patch_status(info, status)

    async def nominate(self, info: PodInfo, node: str) -> None:
        """Tells others for which node a pod is meant; "" for none any more."""
        if node != info.nominated:
            await self._patch_status(info, {"nominatedNodeName": node or None})

    def _condition(self, pod: Object, type_: str, state: str, reason: str, message: str) -> Object | None:
        """The condition to be written; None if it stands there already."""
        before = conditions.get_condition(pod, type_)
        said = (state, reason, message)
        if before is not None and said == (before["status"], before.get("reason"), before.get("message")):
            return None
        now = format_time(self._clock.now())
        kept = before is not None and before["status"] == state and before.get("lastTransitionTime")
        condition = {
            "type": type_,
            "status": state,
            "reason": reason,
            "message": message,
            "lastProbeTime": None,
            "lastTransitionTime": kept or now,
        }
        generation = pod["metadata"].get("generation")
        if generation:
            condition["observedGeneration"] = generation
        return condition

    async def _patch_status(self, info: PodInfo, status: Mapping[str, Any]) -> None:
        if not status:
            return
        metadata = info.pod["metadata"]
        patch = {"metadata": {"uid": info.uid}, "status": status}
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
            log.warning("status not written", pod=info.key, error=str(error))

    async def evict(self, victims: Sequence[PodInfo], info: PodInfo, node: str, profile: str) -> bool:
        """Ends the pods that have to make room, each in its own time; tells whether all went well."""
        done = True
        for victim in victims:
            if victim.terminating:
                continue
            message = f"{profile}: preempting to accommodate a higher priority pod"
            condition = self._condition(
                victim.pod, "DisruptionTarget", "True", "PreemptionByScheduler", message
            )
            if condition is not None:
                await self._patch_status(victim, {"conditions": [condition]})
            metadata = victim.pod["metadata"]
            try:
                await self._client.delete(PODS, metadata["name"], metadata["namespace"], uid=victim.uid)
            except (NotFound, Conflict):
                continue
            except APIError as error:
                log.warning("victim not deleted", pod=victim.key, error=str(error))
                done = False
                continue
            self._recorder(profile).event(
                victim.pod,
                "Normal",
                "Preempted",
                f"Preempted by pod {info.uid} on node {node}",
                action="Preempting",
                related=info.pod,
            )
        return done

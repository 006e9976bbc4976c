"""The vocabulary of the pod lifecycle: its state, what happens to it (events), what it wants done (effects).

All values; `lifecycle.step` is the function between them. Times are Unix seconds of the cluster's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import attrs

from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time
from kubelite.node.containerstate import AWAITING, ContainerSpec, ContainerState, Kind, spec_of
from kubelite.runtime import Shown, Signal

DEFAULT_GRACE_S: Final = 30.0
NORMAL: Final = "Normal"
WARNING: Final = "Warning"

_NO_STATUS: Final[Object] = {}

ProbeKind: TypeAlias = Literal["startup", "readiness", "liveness"]
HookKind: TypeAlias = Literal["postStart", "preStop"]


TERMINAL_PHASES: Final = frozenset({"Succeeded", "Failed"})
"""Phases of pods that do not run again."""


class SetUp(Enum):
    """How far a pod's sandbox is."""

    NONE = "nothing was done"
    ASKED = "the worker prepares network and volumes"
    READY = "address and volumes are there"
    TORN_DOWN = "given back; the pod does not run again"


# --- state ---------------------------------------------------------------------------


@attrs.frozen(repr=False)
class PodPlan(Shown):
    """What of a pod's spec decides its course.

    Attributes:
        spec: The spec it was read from.
        containers: Init containers and sidecars in order, then the others, then ephemeral ones.
        restart_policy: Always, OnFailure or Never.
        grace_s: terminationGracePeriodSeconds.
        active_deadline_s: activeDeadlineSeconds; None for none.
    """

    spec: Object
    containers: tuple[ContainerSpec, ...]
    restart_policy: str
    grace_s: float
    active_deadline_s: float | None


@attrs.frozen(repr=False)
class PodState(Shown):
    """One pod now.

    Attributes:
        pod: Its newest object.
        plan: What its spec asks for.
        containers: By name, in the order of `plan.containers`.
        set_up: How far its sandbox is.
        set_up_problem: Why it is not ready, for the containers' waiting message.
        initialized: Its init containers have done their work in this sandbox, so that the others may begin.
        address: Its address; "" before there is one.
        start_time: When the kubelet saw it first.
        rejected: (reason, message) if the kubelet's admission refused it.
        doomed: (reason, message) if it is to fail: its deadline has passed, or it was evicted.
        told_phase: How it ended in the words of somebody else, who wrote that while it ran; "" if nobody did.
        stop_by: When all its containers are killed, once it is being stopped.
        deleting: Its object is being deleted.
        removed: The worker was told to remove the object, or it is gone.
        resize: (reason, message) if its containers wait for other resources.
    """

    pod: Object
    plan: PodPlan
    containers: Mapping[str, ContainerState]
    set_up: SetUp = SetUp.NONE
    set_up_problem: str = ""
    initialized: bool = False
    address: str = ""
    start_time: float = 0.0
    rejected: tuple[str, str] | None = None
    doomed: tuple[str, str] | None = None
    stop_by: float | None = None
    deleting: bool = False
    removed: bool = False
    resize: tuple[str, str] | None = None
    told_phase: str = ""

    @property
    def wake_at(self) -> float | None:
        """When time alone changes something; None if never."""
        times = [container.wake_at for container in self.containers.values()]
        if self.plan.active_deadline_s is not None and self.doomed is None and not self.removed:
            times.append(self.start_time + self.plan.active_deadline_s)
        known = [time for time in times if time is not None]
        return min(known) if known else None

    @property
    def settled(self) -> bool:
        """False while an answer of the worker is due at once.

        Then a status would be outdated when written.
        """
        if self.set_up is SetUp.ASKED and not self.set_up_problem:
            return False
        return all(c.stage not in AWAITING for c in self.containers.values())


def plan_of(spec: Object) -> PodPlan:
    """Read a pod's spec."""
    containers = [
        spec_of(raw, Kind.SIDECAR if raw.get("restartPolicy") == "Always" else Kind.INIT)
        for raw in spec.get("initContainers") or ()
    ]
    containers.extend(spec_of(raw, Kind.APP) for raw in spec["containers"])
    containers.extend(spec_of(raw, Kind.EPHEMERAL) for raw in spec.get("ephemeralContainers") or ())
    grace_s = spec.get("terminationGracePeriodSeconds")
    return PodPlan(
        spec=spec,
        containers=tuple(containers),
        restart_policy=spec.get("restartPolicy") or "Always",
        grace_s=DEFAULT_GRACE_S if grace_s is None else float(grace_s),
        active_deadline_s=spec.get("activeDeadlineSeconds"),
    )


def new_state(pod: Object, now: float) -> PodState:
    """A pod that the kubelet has not seen before.

    What its status tells of earlier runs is taken over; one that has ended stays so.
    """
    plan = plan_of(pod["spec"])
    status = pod.get("status") or {}
    earlier = {
        entry["name"]: entry
        for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
        for entry in status.get(field) or ()
    }
    containers = {}
    for spec in plan.containers:
        entry = earlier.get(spec.name, _NO_STATUS)
        containers[spec.name] = ContainerState(
            spec, container_id=entry.get("containerID") or "", restart_count=entry.get("restartCount") or 0
        )
    begun = parse_time(status["startTime"]) if status.get("startTime") else now
    ended = status.get("phase") in TERMINAL_PHASES
    return PodState(
        pod,
        plan,
        MappingProxyType(containers),
        set_up=SetUp.TORN_DOWN if ended else SetUp.NONE,
        start_time=begun,
        stop_by=now if ended else None,
    )


# --- events ---------------------------------------------------------------------------


@attrs.frozen(repr=False)
class PodSeen(Shown):
    """The pod's object is new or has changed.

    `resize` says why its containers do not get the resources that the object wants: (reason, message).
    """

    pod: Object
    resize: tuple[str, str] | None = None


class PodGone(Signal):
    """The pod's object does not exist any more: it was removed by force."""


@attrs.frozen(repr=False)
class PodRejected(Shown):
    """The kubelet's admission refused the pod."""

    reason: str
    message: str


@attrs.frozen(repr=False)
class SandboxReady(Shown):
    """Network and volumes are there."""

    address: str


@attrs.frozen(repr=False)
class SandboxFailed(Shown):
    """Network or volumes could not be prepared; the worker tries again by itself."""

    message: str


@attrs.frozen(repr=False)
class PodEvicted(Shown):
    """The pod holds more of the node than it may, and has to go."""

    message: str


class SandboxLost(Signal):
    """The node was off: no process is left and the address is gone."""


@attrs.frozen(repr=False)
class ImageFound(Shown):
    """The image of a container is on the node."""

    container: str
    image_id: str
    message: str


@attrs.frozen(repr=False)
class ImageMissing(Shown):
    """The image of a container, or of a volume that it mounts, could not be had.

    `reason` is ErrImagePull, InvalidImageName, ErrImageNeverPull; `of_volume` is the volume's image, if it is
    that.
    """

    container: str
    reason: str
    message: str
    of_volume: str = ""


@attrs.frozen(repr=False)
class ContainerStarted(Shown):
    """The process of a container runs."""

    container: str
    container_id: str


@attrs.frozen(repr=False)
class ContainerRefused(Shown):
    """A container could not be created or started."""

    container: str
    reason: str
    message: str


START_ERROR: Final = "StartError"
"""Why a container ended whose command could not be run."""


@attrs.frozen(repr=False)
class ContainerExited(Shown):
    """The process of a container ended. `message` is its termination message."""

    container: str
    attempt: int
    exit_code: int
    message: str = ""
    reason: str = ""


@attrs.frozen(repr=False)
class HookEnded(Shown):
    """A hook of a container ended; `problem` is "" if it went well."""

    container: str
    attempt: int
    hook: HookKind
    problem: str = ""


@attrs.frozen(repr=False)
class ProbeChanged(Shown):
    """A probe reached its threshold: success, or failure with the output of the last try."""

    container: str
    attempt: int
    probe: ProbeKind
    success: bool
    output: str = ""


class Tick(Signal):
    """Time has passed."""


Event: TypeAlias = (
    PodSeen
    | PodGone
    | PodRejected
    | PodEvicted
    | SandboxReady
    | SandboxFailed
    | SandboxLost
    | ImageFound
    | ImageMissing
    | ContainerStarted
    | ContainerRefused
    | ContainerExited
    | HookEnded
    | ProbeChanged
    | Tick
)

# --- effects ---------------------------------------------------------------------------


class PrepareSandbox(Signal):
    """Take an address, prepare the volumes; answer SandboxReady or SandboxFailed."""


class ReleaseSandbox(Signal):
    """Give address and volumes back."""


@attrs.frozen(repr=False)
class PullImage(Shown):
    """Look the image up; answer ImageFound or ImageMissing."""

    container: str


@attrs.frozen(repr=False)
class StartContainer(Shown):
    """Start a process; answer ContainerStarted or ContainerRefused, later ContainerExited."""

    container: str
    attempt: int


@attrs.frozen(repr=False)
class TerminateContainer(Shown):
    """Send SIGTERM."""

    container: str


@attrs.frozen(repr=False)
class KillContainer(Shown):
    """Send SIGKILL."""

    container: str


@attrs.frozen(repr=False)
class RunHook(Shown):
    """Run a hook; answer HookEnded."""

    container: str
    hook: HookKind


@attrs.frozen(repr=False)
class StartProbes(Shown):
    """Begin to probe; answer ProbeChanged at each change."""

    container: str
    probes: tuple[ProbeKind, ...]


@attrs.frozen(repr=False)
class StopProbes(Shown):
    """End probing."""

    container: str
    probes: tuple[ProbeKind, ...]


@attrs.frozen(repr=False)
class RecordEvent(Shown):
    """Tell the user; `container` is "" for what concerns the whole pod."""

    type: str
    reason: str
    message: str
    container: str = ""


class RemovePod(Signal):
    """Write the last status, then delete the object for good."""


Effect: TypeAlias = (
    PrepareSandbox
    | ReleaseSandbox
    | PullImage
    | StartContainer
    | TerminateContainer
    | KillContainer
    | RunHook
    | StartProbes
    | StopProbes
    | RecordEvent
    | RemovePod
)

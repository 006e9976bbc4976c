"""What a kubelet knows of one container, as values.

A container goes through the stages of `Stage`; `TRANSITIONS` says which may follow which, and every change
of stage is checked against it. Times are Unix seconds of the cluster's clock.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/, pkg/kubelet/kuberuntime.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

import attrs

from kubelite.apimachinery.scheme import Object
from kubelite.runtime import Shown

CRASH_BACKOFF_S: Final = 10.0
CRASH_BACKOFF_MAX_S: Final = 300.0
CRASH_BACKOFF_RESET_S: Final = 600.0
"""A container that ran this long is forgiven its earlier crashes."""


class Kind(Enum):
    """Which part a container plays in its pod."""

    INIT = "runs to its end before the next one begins"
    SIDECAR = "an init container that goes on running beside the others"
    APP = "what the pod is for"
    EPHEMERAL = "was added to look into the pod; runs once"


class Stage(Enum):
    """Where a container is."""

    WAITING = "has not begun, or is to begin again at once"
    PULLING = "its image is being looked for"
    PULL_BACKOFF = "its image was not found; tried again at retry_at"
    CREATING = "the runtime was told to start it and has not answered"
    CREATE_BACKOFF = "it could not be created; tried again at retry_at"
    STARTING = "its process runs, its postStart hook has not ended"
    RUNNING = "its process runs"
    STOPPING = "its preStop hook runs, or SIGTERM was sent; killed at kill_at"
    BACKOFF = "it ended and is to begin again at retry_at: CrashLoopBackOff"
    EXITED = "it ended and stays so unless the pod says otherwise"


TRANSITIONS: Final[Mapping[Stage, frozenset[Stage]]] = MappingProxyType(
    {
        Stage.WAITING: frozenset({Stage.PULLING}),
        Stage.PULLING: frozenset({Stage.PULL_BACKOFF, Stage.CREATING, Stage.WAITING}),
        Stage.PULL_BACKOFF: frozenset({Stage.PULLING, Stage.PULL_BACKOFF, Stage.WAITING}),
        Stage.CREATING: frozenset({
            Stage.CREATE_BACKOFF, Stage.STARTING, Stage.RUNNING, Stage.EXITED, Stage.WAITING
        }),
        Stage.CREATE_BACKOFF: frozenset({Stage.PULLING, Stage.WAITING}),
        Stage.STARTING: frozenset({Stage.RUNNING, Stage.STOPPING, Stage.EXITED}),
        Stage.RUNNING: frozenset({Stage.STOPPING, Stage.EXITED}),
        Stage.STOPPING: frozenset({Stage.EXITED}),
        Stage.BACKOFF: frozenset({Stage.WAITING, Stage.EXITED}),
        Stage.EXITED: frozenset({Stage.WAITING, Stage.BACKOFF}),
    }
)  # fmt: skip
"""Which stage may follow which."""

ALIVE: Final = frozenset({Stage.STARTING, Stage.RUNNING, Stage.STOPPING})
"""Stages in which a process exists."""

AWAITING: Final = frozenset({Stage.PULLING, Stage.CREATING})
"""Stages that the worker ends by itself in the same or the next turn of the loop."""


@attrs.frozen(repr=False)
class ContainerSpec(Shown):
    """What of a container's spec decides its course; `raw` is the spec itself."""

    name: str
    kind: Kind
    image: str
    raw: Object
    post_start: bool
    pre_stop: bool
    startup: bool
    readiness: bool
    liveness: bool


@attrs.frozen
class Terminated:
    """How a container ended."""

    exit_code: int
    reason: str
    started_at: float
    finished_at: float
    container_id: str
    message: str = ""


_SETTLED: Final = frozenset(
    {Stage.RUNNING, Stage.BACKOFF, Stage.PULL_BACKOFF, Stage.CREATE_BACKOFF, Stage.EXITED}
)


@attrs.frozen(repr=False)
class ContainerState(Shown):
    """One container now.

    Attributes:
        spec: What it is.
        stage: Where it is.
        reason: Why it waits, in the words of a waiting state; "" means the default of the pod.
        message: Details of `reason`.
        attempt: Which start this is, from 0; the runtime's name for it together with the container's.
        restart_count: Starts after the first, also over restarts of the kubelet.
        container_id: Of the process now or last; "" before the first.
        image_id: Of the image now or last.
        started_at: Start of the process.
        terminated: How the present attempt ended; None while it has not.
        last: How the attempt before ended.
        started: The startup probe succeeded, or there is none.
        ready: Running, started and found ready.
        backoff_s: The wait before the next restart; 0 means at once.
        pull_backoff_s: The wait before the next pull.
        missing: The image that could not be had, if it is a volume's and not its own.
        retry_at: When a back-off ends.
        report_backoff_at: When ErrImagePull turns into ImagePullBackOff; None if it has.
        kill_at: When a stopping container is killed.
        hook_running: Its preStop hook has not ended.
        killed: SIGKILL was sent.
        restart: It ends because it is to begin again, whatever the restartPolicy says (its image changed).
    """

    spec: ContainerSpec
    stage: Stage = Stage.WAITING
    reason: str = ""
    message: str = ""
    attempt: int = 0
    restart_count: int = 0
    container_id: str = ""
    image_id: str = ""
    started_at: float = 0.0
    terminated: Terminated | None = None
    last: Terminated | None = None
    started: bool = False
    ready: bool = False
    backoff_s: float = 0.0
    pull_backoff_s: float = CRASH_BACKOFF_S
    missing: str = ""
    retry_at: float = 0.0
    report_backoff_at: float | None = None
    kill_at: float = 0.0
    hook_running: bool = False
    killed: bool = False
    restart: bool = False

    @property
    def alive(self) -> bool:
        """Whether a process exists."""
        return self.stage in ALIVE

    @property
    def succeeded(self) -> bool:
        """Whether it ended with exit code 0 and does not begin again."""
        return self.stage is Stage.EXITED and self.terminated is not None and self.terminated.exit_code == 0

    @property
    def wake_at(self) -> float | None:
        """When time alone changes this container."""
        match self.stage:
            case Stage.BACKOFF | Stage.CREATE_BACKOFF:
                return self.retry_at
            case Stage.PULL_BACKOFF:
                return self.retry_at if self.report_backoff_at is None else self.report_backoff_at
            case Stage.STOPPING:
                return None if self.killed else self.kill_at
            case _:
                return None

    def to(self, stage: Stage, **changes: Any) -> ContainerState:
        """The state after going to `stage`; a forbidden step is a broken invariant."""
        assert stage in TRANSITIONS[self.stage], f"{self.spec.name}: {self.stage.name} -> {stage.name}"
        return attrs.evolve(self, stage=stage, **changes)


def after_exit(container: ContainerState, ended: Terminated) -> tuple[ContainerState, float]:
    """What follows for a container that is to begin again, and how long it waits (seconds; 0 at once).

    The first restart comes at once; then 10 s, doubling to 5 min, until it has run for 10 min.
    """
    ran_s = ended.finished_at - ended.started_at
    wait_s = 0.0 if ran_s > CRASH_BACKOFF_RESET_S else container.backoff_s
    following_s = min(max(CRASH_BACKOFF_S, 2 * wait_s), CRASH_BACKOFF_MAX_S)
    if wait_s == 0.0:
        return container.to(Stage.WAITING, backoff_s=following_s, restart=False), 0.0
    retry_at = ended.finished_at + wait_s
    return container.to(Stage.BACKOFF, backoff_s=following_s, retry_at=retry_at, restart=False), wait_s


def spec_of(raw: Object, kind: Kind) -> ContainerSpec:
    """Read a container of a pod's spec."""
    hooks = raw.get("lifecycle") or {}
    return ContainerSpec(
        name=raw["name"],
        kind=kind,
        image=raw.get("image") or "",
        raw=raw,
        post_start=bool(hooks.get("postStart")),
        pre_stop=bool(hooks.get("preStop")),
        startup="startupProbe" in raw and kind is not Kind.INIT,
        readiness="readinessProbe" in raw and kind is not Kind.INIT,
        liveness="livenessProbe" in raw and kind is not Kind.INIT,
    )


def is_init_done(container: ContainerState) -> bool:
    """Whether the containers after this init container or sidecar may begin."""
    if container.spec.kind is Kind.SIDECAR:
        return container.started and container.alive
    return container.succeeded


def restarts(container: ContainerState, policy: str) -> bool:
    """Whether a container that ended begins again: as its rules say, or its own policy, or the pod's."""
    if container.spec.kind is Kind.EPHEMERAL:
        return False
    if container.restart or container.spec.kind is Kind.SIDECAR:
        return True
    failed = container.terminated is None or container.terminated.exit_code != 0
    raw = container.spec.raw
    if container.terminated is not None and any(
        _matches(rule, container.terminated.exit_code) for rule in raw.get("restartPolicyRules") or ()
    ):
        return True
    policy = raw.get("restartPolicy") or policy
    if container.spec.kind is Kind.INIT:
        return failed and policy != "Never"
    return policy == "Always" or (policy == "OnFailure" and failed)


def _matches(rule: Object, exit_code: int) -> bool:
    asked = rule.get("exitCodes") or {}
    listed = exit_code in (asked.get("values") or ())
    return rule.get("action") == "Restart" and listed == (asked.get("operator") == "In")


def is_changing(container: ContainerState) -> bool:
    """Whether it is on the way from one stage to another."""
    return container.restart or container.stage not in _SETTLED

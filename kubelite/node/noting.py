"""What an event says about a pod or one of its containers, noted in the course of a step.

What is due because of it is decided afterwards, by `lifecycle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

import attrs

from kubelite.apimachinery.scheme import Object
from kubelite.node.allocation import restarts_for
from kubelite.node.containerstate import (
    ALIVE,
    CRASH_BACKOFF_MAX_S,
    CRASH_BACKOFF_S,
    ContainerSpec,
    ContainerState,
    Kind,
    Stage,
    Terminated,
    restarts,
)
from kubelite.node.course import FORCED_GRACE_S, Course
from kubelite.node.podstate import (
    NORMAL,
    START_ERROR,
    TERMINAL_PHASES,
    WARNING,
    ContainerExited,
    ContainerRefused,
    ContainerStarted,
    Event,
    HookEnded,
    ImageFound,
    ImageMissing,
    KillContainer,
    PodEvicted,
    PodGone,
    PodRejected,
    PodSeen,
    ProbeChanged,
    ProbeKind,
    PullImage,
    RunHook,
    SandboxFailed,
    SandboxLost,
    SandboxReady,
    SetUp,
    StartContainer,
    StartProbes,
    TerminateContainer,
    Tick,
    plan_of,
)

RETRY_S: Final = 10.0
"""How long the kubelet waits before it tries again to create a container."""
PULL_REPORT_S: Final = 1.0
"""How long a failed pull shows as ErrImagePull before it shows as ImagePullBackOff."""
EVICTION_GRACE_S: Final = 1.0
"""How long a pod has to end that is evicted, whatever it asks for."""
EXTRA_GRACE_S: Final = 2.0
"""What a container gets after SIGTERM at least, also if its preStop hook used the whole grace period."""
LOST_EXIT_CODE: Final = 255
"""Exit code of a process that was lost with its node."""

_ALL_PROBES: Final[tuple[ProbeKind, ...]] = ("startup", "readiness", "liveness")
_HOOK_EVENTS: Final = {"postStart": "FailedPostStartHook", "preStop": "FailedPreStopHook"}


def note(course: Course, event: Event) -> None:
    """Note it."""
    match event:
        case Tick():
            _time_passed(course)
        case ImageFound():
            _image_found(course, event)
        case ContainerStarted():
            _started(course, event)
        case ContainerExited():
            _exited(course, event)
        case ProbeChanged():
            _probed(course, event)
        case PodSeen(pod, resize):
            course.set(resize=resize)
            _pod_seen(course, pod)
        case SandboxReady(address) if course.state.set_up is SetUp.ASKED:
            course.set(set_up=SetUp.READY, address=address, set_up_problem="")
        case SandboxFailed(message):
            course.set(set_up_problem=message)
        case SandboxReady():
            pass
        case SandboxLost():
            _sandbox_lost(course)
        case PodGone():
            course.stop_by(course.now + FORCED_GRACE_S)
            course.set(deleting=True, removed=True)
        case PodRejected(reason, message):
            course.set(rejected=(reason, message))
            course.event(WARNING, reason, message)
        case PodEvicted(message):
            _evicted(course, message)
        case ImageMissing():
            _image_missing(course, event)
        case ContainerRefused():
            _refused(course, event)
        case HookEnded():
            _hook_ended(course, event)
        case _:
            assert_never(event)


def _pod_seen(course: Course, pod: Object) -> None:
    metadata = pod["metadata"]
    plan = course.state.plan
    if pod["spec"] is not plan.spec:
        plan = plan_of(pod["spec"])
        _take_specs(course, plan.containers)
    course.set(pod=pod, plan=plan)
    if metadata.get("deletionTimestamp") is not None:
        grace_s = metadata.get("deletionGracePeriodSeconds")
        course.stop_by(course.now + (plan.grace_s if grace_s is None else grace_s))
        course.set(deleting=True)
    phase = (pod.get("status") or {}).get("phase")
    if phase in TERMINAL_PHASES and course.state.stop_by is None and course.state.rejected is None:
        # Somebody else ended it, as the pod GC does: what the API says stands, and the containers go.
        course.set(told_phase=phase)
        course.stop_by(course.now + plan.grace_s)


def _take_specs(course: Course, specs: Sequence[ContainerSpec]) -> None:
    for spec in specs:
        container = course.containers.get(spec.name)
        if container is None:
            course.containers[spec.name] = ContainerState(spec)
            continue
        another_image = container.spec.image != spec.image
        changed = another_image or restarts_for(spec.raw, container.spec.raw)
        course.containers[spec.name] = container = attrs.evolve(container, spec=spec)
        if another_image:
            container = _without_back_off(course, container)
        if changed and container.alive and spec.kind is not Kind.INIT:
            course.containers[spec.name] = attrs.evolve(container, restart=True)
            message = f"Container {spec.name} definition changed, will be restarted"
            course.stop(spec.name, course.state.plan.grace_s, message)


def _without_back_off(course: Course, container: ContainerState) -> ContainerState:
    """What failed with one image does not hold up another one."""
    container = attrs.evolve(container, backoff_s=0.0, pull_backoff_s=CRASH_BACKOFF_S)
    if container.stage is Stage.BACKOFF:
        container = container.to(Stage.WAITING, reason="", message="")
    elif container.stage in {Stage.PULL_BACKOFF, Stage.CREATE_BACKOFF}:
        container = container.to(Stage.PULLING, reason="", message="", report_backoff_at=None)
        course.effects.append(PullImage(container.spec.name))
    course.containers[container.spec.name] = container
    return container


def _evicted(course: Course, message: str) -> None:
    if course.state.doomed is None and course.state.stop_by is None:
        course.set(doomed=("Evicted", message))
        course.event(WARNING, "Evicted", message)
        course.stop_by(course.now + EVICTION_GRACE_S)


def _image_found(course: Course, event: ImageFound) -> None:
    container = course.containers[event.container]
    if container.stage is not Stage.PULLING:
        return
    name = event.container
    course.containers[name] = container.to(Stage.CREATING, image_id=event.image_id, reason="", message="")
    course.event(NORMAL, "Pulled", event.message, name)
    course.effects.append(StartContainer(name, container.attempt))


def _image_missing(course: Course, event: ImageMissing) -> None:
    container = course.containers[event.container]
    if container.stage is not Stage.PULLING:
        return
    name, image = event.container, event.of_volume or container.spec.image
    where = "" if event.of_volume else name  # what is told of volumes is told of the pod
    if event.reason == "ErrImagePull":
        message = f'Failed to pull image "{image}": {event.message}'
        course.event(WARNING, "Failed", message, where)
    elif container.reason != event.reason:
        reason = "InspectFailed" if event.reason == "InvalidImageName" else event.reason
        course.event(WARNING, reason, event.message, where)
    if container.reason != event.reason:
        for place in dict.fromkeys((where, name)):
            course.event(WARNING, "Failed", f"Error: {event.reason}", place)
    wait_s = container.pull_backoff_s
    course.containers[name] = container.to(
        Stage.PULL_BACKOFF,
        reason=event.reason,
        message=event.message,
        missing=event.of_volume,
        retry_at=course.now + wait_s,
        pull_backoff_s=min(2 * wait_s, CRASH_BACKOFF_MAX_S),
        report_backoff_at=course.now + PULL_REPORT_S if event.reason == "ErrImagePull" else None,
    )


def _refused(course: Course, event: ContainerRefused) -> None:
    container = course.containers[event.container]
    if container.stage is not Stage.CREATING:
        return
    if container.reason != event.reason or container.message != event.message:
        course.event(WARNING, "Failed", f"Error: {event.message}", event.container)
    course.containers[event.container] = container.to(
        Stage.CREATE_BACKOFF, reason=event.reason, message=event.message, retry_at=course.now + RETRY_S
    )


def _started(course: Course, event: ContainerStarted) -> None:
    container = course.containers[event.container]
    if container.stage is not Stage.CREATING:
        return
    name, spec = event.container, container.spec
    course.event(NORMAL, "Created", "Container created", name)
    course.event(NORMAL, "Started", "Container started", name)
    fields = {
        "container_id": event.container_id,
        "started_at": course.now,
        "last": container.terminated or container.last,
        "terminated": None,
        "reason": "",
        "message": "",
        "pull_backoff_s": CRASH_BACKOFF_S,
        "killed": False,
        "hook_running": False,
    }
    if spec.post_start:
        course.containers[name] = container.to(Stage.STARTING, **fields)
        course.effects.append(RunHook(name, "postStart"))
    else:
        _runs(course, container, fields)


def _runs(course: Course, container: ContainerState, fields: dict[str, object]) -> None:
    spec = container.spec
    started = not spec.startup
    ready = started and not spec.readiness
    course.containers[spec.name] = container.to(Stage.RUNNING, started=started, ready=ready, **fields)
    if spec.startup:
        course.effects.append(StartProbes(spec.name, ("startup",)))
    else:
        _start_steady_probes(course, spec)


def _start_steady_probes(course: Course, spec: ContainerSpec) -> None:
    wanted = (("readiness", spec.readiness), ("liveness", spec.liveness))
    probes: tuple[ProbeKind, ...] = tuple(kind for kind, wanted_ in wanted if wanted_)  # type: ignore[misc]
    if probes:
        course.effects.append(StartProbes(spec.name, probes))


def _exited(course: Course, event: ContainerExited) -> None:
    container = course.containers[event.container]
    if container.attempt != event.attempt or not container.alive:
        return
    began = event.reason != START_ERROR
    if not began:
        course.event(WARNING, "Failed", f"Error: {event.message}", event.container)
    ended = Terminated(
        exit_code=event.exit_code,
        reason=event.reason or ("Completed" if event.exit_code == 0 else "Error"),
        started_at=container.started_at if began else 0.0,
        finished_at=course.now,
        container_id=container.container_id,
        message=event.message,
    )
    course.stop_probes(container.spec, _ALL_PROBES)
    course.containers[event.container] = container.to(
        Stage.EXITED, terminated=ended, ready=False, started=False, hook_running=False
    )


def _hook_ended(course: Course, event: HookEnded) -> None:
    container = course.containers[event.container]
    if container.attempt != event.attempt:
        return
    name = event.container
    if event.problem:
        course.event(WARNING, _HOOK_EVENTS[event.hook], event.problem, name)
    if event.hook == "postStart" and container.stage is Stage.STARTING:
        _runs(course, container, {})
        if event.problem:
            course.stop(name, course.state.plan.grace_s, "FailedPostStartHook")
    elif event.hook == "preStop" and container.hook_running:
        course.containers[name] = attrs.evolve(
            container, hook_running=False, kill_at=max(container.kill_at, course.now + EXTRA_GRACE_S)
        )
        course.effects.append(TerminateContainer(name))


def _probed(course: Course, event: ProbeChanged) -> None:
    container = course.containers[event.container]
    if container.attempt != event.attempt or not container.alive:
        return
    name = event.container
    match event.probe:
        case "readiness":
            course.containers[name] = attrs.evolve(container, ready=event.success and container.started)
        case "startup" if event.success and container.stage is Stage.RUNNING:
            ready = not container.spec.readiness
            course.containers[name] = attrs.evolve(container, started=True, ready=ready)
            course.stop_probes(container.spec, ("startup",))
            _start_steady_probes(course, container.spec)
        case "startup" | "liveness" if not event.success and container.stage is Stage.RUNNING:
            probe = container.spec.raw.get(f"{event.probe}Probe") or {}
            grace_s = probe.get("terminationGracePeriodSeconds")
            message = _probe_failed(container.spec, event.probe, course.state.plan.restart_policy)
            course.stop(name, course.state.plan.grace_s if grace_s is None else grace_s, message)
        case _:
            pass


def _probe_failed(spec: ContainerSpec, probe: ProbeKind, policy: str) -> str:
    """Why a container is killed, and whether it begins again."""
    if spec.kind is Kind.SIDECAR:
        return f"Init container {spec.name} failed {probe} probe"
    message = f"Container {spec.name} failed {probe} probe"
    return (
        message if (spec.raw.get("restartPolicy") or policy) == "Never" else f"{message}, will be restarted"
    )


def _sandbox_lost(course: Course) -> None:
    """The node was switched off and on.

    What ran is lost, the sandbox is made anew, init containers run again.
    """
    if course.state.set_up is SetUp.TORN_DOWN:
        return
    course.set(set_up=SetUp.NONE, address="", initialized=False)
    policy = course.state.plan.restart_policy
    lost = False
    for name, container in course.containers.items():
        if container.stage in ALIVE:
            lost = True
            ended = Terminated(
                LOST_EXIT_CODE, "Unknown", container.started_at, course.now, container.container_id
            )
            container = container.to(Stage.EXITED, terminated=ended, ready=False, started=False)
        elif container.stage in {Stage.PULLING, Stage.CREATING}:
            container = container.to(Stage.WAITING)
        again = container.spec.kind is Kind.INIT or restarts(container, policy)
        if container.stage is Stage.EXITED and again and not course.state.stop_by:
            container = container.to(Stage.WAITING)
        course.containers[name] = container
    if lost:
        message = "Pod sandbox changed, it will be killed and re-created."
        course.event(NORMAL, "SandboxChanged", message)


def _time_passed(course: Course) -> None:
    for name, container in course.containers.items():
        match container.stage:
            case Stage.PULL_BACKOFF if container.report_backoff_at is not None:
                if course.now >= container.report_backoff_at:
                    _report_pull_backoff(course, container)
            case Stage.PULL_BACKOFF | Stage.CREATE_BACKOFF if course.now >= container.retry_at:
                course.containers[name] = container.to(Stage.PULLING)
                course.effects.append(PullImage(name))
            case Stage.BACKOFF if course.now >= container.retry_at:
                course.containers[name] = container.to(Stage.WAITING)
            case Stage.STOPPING if course.now >= container.kill_at and not container.killed:
                _grace_ended(course, container)
            case _:
                pass


def _report_pull_backoff(course: Course, container: ContainerState) -> None:
    name, image = container.spec.name, container.missing or container.spec.image
    where = "" if container.missing else name
    course.event(NORMAL, "BackOff", f'Back-off pulling image "{image}"', where)
    for place in dict.fromkeys((where, name)):
        course.event(WARNING, "Failed", "Error: ImagePullBackOff", place)
    course.containers[name] = attrs.evolve(
        container,
        reason="ImagePullBackOff",
        message=f'Back-off pulling image "{image}": ErrImagePull: {container.message}',
        report_backoff_at=None,
    )


def _grace_ended(course: Course, container: ContainerState) -> None:
    name = container.spec.name
    if container.hook_running:
        course.containers[name] = attrs.evolve(
            container, hook_running=False, kill_at=course.now + EXTRA_GRACE_S
        )
        course.effects.append(TerminateContainer(name))
    else:
        course.containers[name] = attrs.evolve(container, killed=True)
        course.effects.append(KillContainer(name))

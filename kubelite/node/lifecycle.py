"""The pod state machine: `step(state, event, now) -> (state, effects)`, without a clock, a task or a socket.

Two halves. `_apply` notes what an event says about one container or the pod. `_advance` then looks at the
whole pod and decides what is due: it is level-triggered, so that the order in which things are noticed
does not matter.

The rules: the sandbox comes first; ephemeral containers start whenever they come; init containers run in
order, each to exit 0, sidecars need only be
started; then all app containers start. What ends is started again by the restartPolicy with back-off. A
pod that is deleted, or past its deadline, stops: app containers first, then sidecars from the last to the
first, all before `stop_by`; a pod whose app containers are all done stops its sidecars. Then the sandbox
is released, and a deleted pod's object removed.

Source: pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions), pkg/kubelet/pod_workers.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final, assert_never

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
    after_exit,
)
from kubelite.node.podstate import (
    NORMAL,
    TERMINAL_PHASES,
    WARNING,
    ContainerExited,
    ContainerRefused,
    ContainerStarted,
    Effect,
    Event,
    HookEnded,
    ImageFound,
    ImageMissing,
    KillContainer,
    PodGone,
    PodRejected,
    PodSeen,
    PodState,
    PrepareSandbox,
    ProbeChanged,
    ProbeKind,
    PullImage,
    RecordEvent,
    ReleaseSandbox,
    RemovePod,
    RunHook,
    SandboxFailed,
    SandboxLost,
    SandboxReady,
    SetUp,
    StartContainer,
    StartProbes,
    StopProbes,
    TerminateContainer,
    Tick,
    plan_of,
)

RETRY_S: Final = 10.0
"""How long the kubelet waits before it tries again to create a container."""
PULL_REPORT_S: Final = 1.0
"""How long a failed pull shows as ErrImagePull before it shows as ImagePullBackOff."""
EXTRA_GRACE_S: Final = 2.0
"""What a container gets after SIGTERM at least, also if its preStop hook used the whole grace period."""
FORCED_GRACE_S: Final = 1.0
"""The grace of a pod whose object was removed by force."""
LOST_EXIT_CODE: Final = 255
"""Exit code of a process that was lost with its node."""

_ALL_PROBES: Final[tuple[ProbeKind, ...]] = ("startup", "readiness", "liveness")
_RESTARTING_PROBES: Final[tuple[ProbeKind, ...]] = ("startup", "liveness")
_HOOK_EVENTS: Final = {"postStart": "FailedPostStartHook", "preStop": "FailedPreStopHook"}


def step(state: PodState, event: Event, now: float) -> tuple[PodState, Sequence[Effect]]:
    """What a pod is after an event, and what is to be done about it, in order.

    Args:
        state: The pod before.
        event: What happened.
        now: Unix seconds.
    """
    course = _Course(state, now)
    course.apply(event)
    course.advance()
    return course.result(), course.effects


def is_init_done(container: ContainerState) -> bool:
    """Whether the containers after this init container or sidecar may begin."""
    if container.spec.kind is Kind.SIDECAR:
        return container.started and container.alive
    return container.succeeded


def restarts(container: ContainerState, policy: str) -> bool:
    """Whether a container that ended begins again."""
    if container.spec.kind is Kind.EPHEMERAL:
        return False
    if container.restart or container.spec.kind is Kind.SIDECAR:
        return True
    failed = container.terminated is None or container.terminated.exit_code != 0
    if container.spec.kind is Kind.INIT:
        return failed and policy != "Never"
    return policy == "Always" or (policy == "OnFailure" and failed)


def go_duration(seconds: float) -> str:
    """Seconds as Go prints a duration: 10s, 1m20s, 5m0s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


class _Course:
    """One step in the making; what it collects becomes the new state and the effects."""

    def __init__(self, state: PodState, now: float) -> None:
        self.state = state
        self.now = now
        self.effects: list[Effect] = []
        self.containers = dict(state.containers)

    def result(self) -> PodState:
        if self.containers == self.state.containers:
            return self.state
        return attrs.evolve(self.state, containers=MappingProxyType(self.containers))

    # --- what an event says

    def apply(self, event: Event) -> None:
        match event:
            case Tick():
                self._time_passed()
            case ImageFound():
                self._image_found(event)
            case ContainerStarted():
                self._started(event)
            case ContainerExited():
                self._exited(event)
            case ProbeChanged():
                self._probed(event)
            case PodSeen(pod, resize):
                self._set(resize=resize)
                self._pod_seen(pod)
            case SandboxReady(address) if self.state.set_up is SetUp.ASKED:
                self._set(set_up=SetUp.READY, address=address, set_up_problem="")
            case SandboxFailed(message):
                self._set(set_up_problem=message)
            case SandboxReady():
                pass
            case SandboxLost():
                self._sandbox_lost()
            case PodGone():
                self._stop_by(self.now + FORCED_GRACE_S)
                self._set(deleting=True, removed=True)
            case PodRejected(reason, message):
                self._set(rejected=(reason, message))
                self._event(WARNING, reason, message)
            case ImageMissing():
                self._image_missing(event)
            case ContainerRefused():
                self._refused(event)
            case HookEnded():
                self._hook_ended(event)
            case _:
                assert_never(event)

    def _pod_seen(self, pod: Object) -> None:
        metadata = pod["metadata"]
        plan = self.state.plan
        if pod["spec"] is not plan.spec:
            plan = plan_of(pod["spec"])
            self._take_specs(plan.containers)
        self._set(pod=pod, plan=plan)
        if metadata.get("deletionTimestamp") is not None:
            grace_s = metadata.get("deletionGracePeriodSeconds")
            self._stop_by(self.now + (plan.grace_s if grace_s is None else grace_s))
            self._set(deleting=True)
        phase = (pod.get("status") or {}).get("phase")
        if phase in TERMINAL_PHASES and self.state.stop_by is None and self.state.rejected is None:
            # Somebody else ended it, as the pod GC does: what the API says stands, and the containers go.
            self._set(told_phase=phase)
            self._stop_by(self.now + plan.grace_s)

    def _take_specs(self, specs: Sequence[ContainerSpec]) -> None:
        for spec in specs:
            container = self.containers.get(spec.name)
            if container is None:
                self.containers[spec.name] = ContainerState(spec)
                continue
            changed = container.spec.image != spec.image or restarts_for(spec.raw, container.spec.raw)
            self.containers[spec.name] = container = attrs.evolve(container, spec=spec)
            if changed and container.alive and spec.kind is not Kind.INIT:
                self.containers[spec.name] = attrs.evolve(container, restart=True)
                message = f"Container {spec.name} definition changed, will be restarted"
                self._stop(spec.name, self.state.plan.grace_s, message)

    def _image_found(self, event: ImageFound) -> None:
        container = self.containers[event.container]
        if container.stage is not Stage.PULLING:
            return
        name = event.container
        self.containers[name] = container.to(Stage.CREATING, image_id=event.image_id, reason="", message="")
        self._event(NORMAL, "Pulled", event.message, name)
        self.effects.append(StartContainer(name, container.attempt))

    def _image_missing(self, event: ImageMissing) -> None:
        container = self.containers[event.container]
        if container.stage is not Stage.PULLING:
            return
        name, image = event.container, container.spec.image
        if event.reason == "ErrImagePull":
            message = f'Failed to pull image "{image}": {event.message}'
            self._event(WARNING, "Failed", message, name)
        elif container.reason != event.reason:
            reason = "InspectFailed" if event.reason == "InvalidImageName" else event.reason
            self._event(WARNING, reason, event.message, name)
        if container.reason != event.reason:
            self._event(WARNING, "Failed", f"Error: {event.reason}", name)
        wait_s = container.pull_backoff_s
        self.containers[name] = container.to(
            Stage.PULL_BACKOFF,
            reason=event.reason,
            message=event.message,
            retry_at=self.now + wait_s,
            pull_backoff_s=min(2 * wait_s, CRASH_BACKOFF_MAX_S),
            report_backoff_at=self.now + PULL_REPORT_S if event.reason == "ErrImagePull" else None,
        )

    def _refused(self, event: ContainerRefused) -> None:
        container = self.containers[event.container]
        if container.stage is not Stage.CREATING:
            return
        if container.reason != event.reason or container.message != event.message:
            self._event(WARNING, "Failed", f"Error: {event.message}", event.container)
        self.containers[event.container] = container.to(
            Stage.CREATE_BACKOFF, reason=event.reason, message=event.message, retry_at=self.now + RETRY_S
        )

    def _started(self, event: ContainerStarted) -> None:
        container = self.containers[event.container]
        if container.stage is not Stage.CREATING:
            return
        name, spec = event.container, container.spec
        self._event(NORMAL, "Created", "Container created", name)
        self._event(NORMAL, "Started", "Container started", name)
        fields = {
            "container_id": event.container_id,
            "started_at": self.now,
            "last": container.terminated or container.last,
            "terminated": None,
            "reason": "",
            "message": "",
            "pull_backoff_s": CRASH_BACKOFF_S,
            "killed": False,
            "hook_running": False,
        }
        if spec.post_start:
            self.containers[name] = container.to(Stage.STARTING, **fields)
            self.effects.append(RunHook(name, "postStart"))
        else:
            self._runs(container, fields)

    def _runs(self, container: ContainerState, fields: dict[str, object]) -> None:
        spec = container.spec
        started = not spec.startup
        ready = started and not spec.readiness
        self.containers[spec.name] = container.to(Stage.RUNNING, started=started, ready=ready, **fields)
        if spec.startup:
            self.effects.append(StartProbes(spec.name, ("startup",)))
        else:
            self._start_steady_probes(spec)

    def _start_steady_probes(self, spec: ContainerSpec) -> None:
        wanted = (("readiness", spec.readiness), ("liveness", spec.liveness))
        probes: tuple[ProbeKind, ...] = tuple(kind for kind, wanted_ in wanted if wanted_)  # type: ignore[misc]
        if probes:
            self.effects.append(StartProbes(spec.name, probes))

    def _exited(self, event: ContainerExited) -> None:
        container = self.containers[event.container]
        if container.attempt != event.attempt or not container.alive:
            return
        ended = Terminated(
            exit_code=event.exit_code,
            reason=event.reason or ("Completed" if event.exit_code == 0 else "Error"),
            started_at=container.started_at,
            finished_at=self.now,
            container_id=container.container_id,
            message=event.message,
        )
        self._stop_probes(container.spec, _ALL_PROBES)
        self.containers[event.container] = container.to(
            Stage.EXITED, terminated=ended, ready=False, started=False, hook_running=False
        )

    def _hook_ended(self, event: HookEnded) -> None:
        container = self.containers[event.container]
        if container.attempt != event.attempt:
            return
        name = event.container
        if event.problem:
            self._event(WARNING, _HOOK_EVENTS[event.hook], event.problem, name)
        if event.hook == "postStart" and container.stage is Stage.STARTING:
            self._runs(container, {})
            if event.problem:
                self._stop(name, self.state.plan.grace_s, "FailedPostStartHook")
        elif event.hook == "preStop" and container.hook_running:
            self.containers[name] = attrs.evolve(
                container, hook_running=False, kill_at=max(container.kill_at, self.now + EXTRA_GRACE_S)
            )
            self.effects.append(TerminateContainer(name))

    def _probed(self, event: ProbeChanged) -> None:
        container = self.containers[event.container]
        if container.attempt != event.attempt or not container.alive:
            return
        name = event.container
        match event.probe:
            case "readiness":
                self.containers[name] = attrs.evolve(container, ready=event.success and container.started)
            case "startup" if event.success and container.stage is Stage.RUNNING:
                ready = not container.spec.readiness
                self.containers[name] = attrs.evolve(container, started=True, ready=ready)
                self._start_steady_probes(container.spec)
            case "startup" | "liveness" if not event.success and container.stage is Stage.RUNNING:
                probe = container.spec.raw.get(f"{event.probe}Probe") or {}
                grace_s = probe.get("terminationGracePeriodSeconds")
                message = f"Container {name} failed {event.probe} probe, will be restarted"
                self._stop(name, self.state.plan.grace_s if grace_s is None else grace_s, message)
            case _:
                pass

    def _sandbox_lost(self) -> None:
        """The node was switched off and on.

        What ran is lost, the sandbox is made anew, init containers run again.
        """
        if self.state.set_up is SetUp.TORN_DOWN:
            return
        self._set(set_up=SetUp.NONE, address="")
        policy = self.state.plan.restart_policy
        lost = False
        for name, container in self.containers.items():
            if container.stage in ALIVE:
                lost = True
                ended = Terminated(
                    LOST_EXIT_CODE, "Unknown", container.started_at, self.now, container.container_id
                )
                container = container.to(Stage.EXITED, terminated=ended, ready=False, started=False)
            elif container.stage in {Stage.PULLING, Stage.CREATING}:
                container = container.to(Stage.WAITING)
            again = container.spec.kind is Kind.INIT or restarts(container, policy)
            if container.stage is Stage.EXITED and again and not self.state.stop_by:
                container = container.to(Stage.WAITING)
            self.containers[name] = container
        if lost:
            message = "Pod sandbox changed, it will be killed and re-created."
            self._event(NORMAL, "SandboxChanged", message)

    def _time_passed(self) -> None:
        for name, container in self.containers.items():
            match container.stage:
                case Stage.PULL_BACKOFF if container.report_backoff_at is not None:
                    if self.now >= container.report_backoff_at:
                        self._report_pull_backoff(container)
                case Stage.PULL_BACKOFF | Stage.CREATE_BACKOFF if self.now >= container.retry_at:
                    self.containers[name] = container.to(Stage.PULLING)
                    self.effects.append(PullImage(name))
                case Stage.BACKOFF if self.now >= container.retry_at:
                    self.containers[name] = container.to(Stage.WAITING)
                case Stage.STOPPING if self.now >= container.kill_at and not container.killed:
                    self._grace_ended(container)
                case _:
                    pass

    def _report_pull_backoff(self, container: ContainerState) -> None:
        name, image = container.spec.name, container.spec.image
        self._event(NORMAL, "BackOff", f'Back-off pulling image "{image}"', name)
        self._event(WARNING, "Failed", "Error: ImagePullBackOff", name)
        self.containers[name] = attrs.evolve(
            container,
            reason="ImagePullBackOff",
            message=f'Back-off pulling image "{image}": ErrImagePull: {container.message}',
            report_backoff_at=None,
        )

    def _grace_ended(self, container: ContainerState) -> None:
        name = container.spec.name
        if container.hook_running:
            self.containers[name] = attrs.evolve(
                container, hook_running=False, kill_at=self.now + EXTRA_GRACE_S
            )
            self.effects.append(TerminateContainer(name))
        else:
            self.containers[name] = attrs.evolve(container, killed=True)
            self.effects.append(KillContainer(name))

    # --- what is due

    def advance(self) -> None:
        state = self.state
        deadline_s = state.plan.active_deadline_s
        if deadline_s is not None and self.now >= state.start_time + deadline_s and state.doomed is None:
            message = "Pod was active on the node longer than the specified deadline"
            self._set(doomed=("DeadlineExceeded", message))
            self._event(NORMAL, "DeadlineExceeded", message)
            self._stop_by(self.now + state.plan.grace_s)
        if self.state.rejected is not None or self.state.stop_by is not None:
            self._advance_stop()
        elif self.state.set_up is SetUp.NONE:
            self._set(set_up=SetUp.ASKED)
            self.effects.append(PrepareSandbox())
        elif self.state.set_up is SetUp.READY:
            self._advance_run()

    def _advance_run(self) -> None:
        policy = self.state.plan.restart_policy
        for name, container in self.containers.items():
            if container.stage is Stage.EXITED and restarts(container, policy):
                self._restart(name)
        begun = True
        for name, container in self.containers.items():
            if container.spec.kind is Kind.EPHEMERAL:
                if not container.container_id:
                    self._begin(name)
            elif container.spec.kind is not Kind.APP:
                if begun or (container.spec.kind is Kind.SIDECAR and container.container_id):
                    self._begin(name)
                begun = begun and is_init_done(self.containers[name])
                if self._failed_for_good(self.containers[name]):
                    self._finish()
                    return
            elif begun or container.container_id:
                self._begin(name)
        apps = [c for c in self.containers.values() if c.spec.kind is Kind.APP]
        if all(c.stage is Stage.EXITED for c in apps):
            self._finish()

    def _failed_for_good(self, container: ContainerState) -> bool:
        """Whether an init container failed and is not tried again: then the pod has failed."""
        return (
            container.spec.kind is Kind.INIT
            and container.stage is Stage.EXITED
            and not container.succeeded
            and self.state.plan.restart_policy == "Never"
        )

    def _finish(self) -> None:
        """Nothing is left to do but to stop the sidecars."""
        self._stop_by(self.now + self.state.plan.grace_s)
        self._advance_stop()

    def _begin(self, name: str) -> None:
        container = self.containers[name]
        if container.stage is Stage.WAITING:
            again = bool(container.container_id)
            self.containers[name] = container.to(
                Stage.PULLING,
                attempt=container.attempt + again,
                restart_count=container.restart_count + again,
            )
            self.effects.append(PullImage(name))

    def _restart(self, name: str) -> None:
        container = self.containers[name]
        assert container.terminated is not None
        container, wait_s = after_exit(container, container.terminated)
        if wait_s:
            metadata = self.state.pod["metadata"]
            where = f"container={name} pod={metadata['name']}_{metadata['namespace']}({metadata['uid']})"
            message = f"back-off {go_duration(wait_s)} restarting failed {where}"
            container = attrs.evolve(container, reason="CrashLoopBackOff", message=message)
            pod = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
            text = f"Back-off restarting failed container {name} in pod {pod}"
            self._event(WARNING, "BackOff", text, name)
        self.containers[name] = container

    def _advance_stop(self) -> None:
        stop_by = self.now if self.state.stop_by is None else self.state.stop_by
        grace_s = max(stop_by - self.now, 0.0)
        for name, container in self.containers.items():
            if container.stage is Stage.BACKOFF:
                self.containers[name] = container.to(Stage.EXITED, reason="", message="")
            elif container.stage in {Stage.PULL_BACKOFF, Stage.CREATE_BACKOFF}:
                self.containers[name] = container.to(Stage.WAITING, reason="", message="")
            elif container.stage in ALIVE and container.spec.kind is not Kind.SIDECAR:
                self._stop(name, grace_s, f"Stopping container {name}")
        alive = [name for name, container in self.containers.items() if container.stage in ALIVE]
        mains = [name for name in alive if self.containers[name].spec.kind is not Kind.SIDECAR]
        if alive and not mains:
            self._stop(alive[-1], grace_s, f"Stopping container {alive[-1]}")
        pending = any(c.stage in {Stage.CREATING, Stage.PULLING} for c in self.containers.values())
        if not alive and not pending:
            self._end()

    def _end(self) -> None:
        if self.state.set_up in {SetUp.ASKED, SetUp.READY}:
            self._set(set_up=SetUp.TORN_DOWN)
            self.effects.append(ReleaseSandbox())
        if self.state.deleting and not self.state.removed:
            self._set(removed=True)
            self.effects.append(RemovePod())

    # --- small steps

    def _stop_by(self, time: float) -> None:
        """The pod is to be stopped by then; only an earlier time changes a given one."""
        if self.state.stop_by is not None and self.state.stop_by <= time:
            return
        self._set(stop_by=time)
        for name, container in self.containers.items():
            if container.stage is Stage.STOPPING and container.kill_at > time:
                self.containers[name] = attrs.evolve(container, kill_at=max(time, self.now))

    def _stop(self, name: str, grace_s: float, message: str) -> None:
        """Begin to stop a container that is not stopping yet."""
        container = self.containers[name]
        if container.stage not in ALIVE or container.stage is Stage.STOPPING:
            return
        self._event(NORMAL, "Killing", message, name)
        self._stop_probes(container.spec, _RESTARTING_PROBES)
        hook = container.spec.pre_stop and grace_s > 0
        grace_s = grace_s if hook else max(grace_s, FORCED_GRACE_S)
        self.containers[name] = container.to(
            Stage.STOPPING, kill_at=self.now + grace_s, hook_running=hook, killed=False
        )
        self.effects.append(RunHook(name, "preStop") if hook else TerminateContainer(name))

    def _stop_probes(self, spec: ContainerSpec, probes: tuple[ProbeKind, ...]) -> None:
        if spec.startup or spec.readiness or spec.liveness:
            self.effects.append(StopProbes(spec.name, probes))

    def _event(self, type_: str, reason: str, message: str, container: str = "") -> None:
        self.effects.append(RecordEvent(type_, reason, message, container))

    def _set(self, **changes: Any) -> None:
        self.state = attrs.evolve(self.state, **changes)

"""The pod state machine: `step(state, event, now) -> (state, effects)`, without a clock, a task or a socket.

Two halves. `noting` notes what an event says about one container or the pod. What follows here then looks at
the whole pod and decides what is due: it is level-triggered, so that the order in which things are noticed
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

import attrs

from kubelite.node.containerstate import (
    ALIVE,
    ContainerState,
    Kind,
    Stage,
    after_exit,
    is_init_done,
    restarts,
)
from kubelite.node.course import Course
from kubelite.node.noting import note
from kubelite.node.podstate import (
    NORMAL,
    WARNING,
    Effect,
    Event,
    PodState,
    PrepareSandbox,
    PullImage,
    ReleaseSandbox,
    RemovePod,
    SetUp,
)


def step(state: PodState, event: Event, now: float) -> tuple[PodState, Sequence[Effect]]:
    """What a pod is after an event, and what is to be done about it, in order.

    Args:
        state: The pod before.
        event: What happened.
        now: Unix seconds.
    """
    course = Course(state, now)
    note(course, event)
    _advance(course)
    return course.result(), course.effects


def go_duration(seconds: float) -> str:
    """Whole seconds as Go prints a duration: 10s, 1m20s, 5m0s, 1h0m0s."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes_of_hour = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes_of_hour}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _advance(course: Course) -> None:
    state = course.state
    deadline_s = state.plan.active_deadline_s
    if deadline_s is not None and course.now >= state.start_time + deadline_s and state.doomed is None:
        message = "Pod was active on the node longer than the specified deadline"
        course.set(doomed=("DeadlineExceeded", message))
        course.event(NORMAL, "DeadlineExceeded", message)
        course.stop_by(course.now + state.plan.grace_s)
    if course.state.rejected is not None or course.state.stop_by is not None:
        _advance_stop(course)
    elif course.state.set_up is SetUp.NONE:
        course.set(set_up=SetUp.ASKED)
        course.effects.append(PrepareSandbox())
    elif course.state.set_up is SetUp.READY:
        _advance_run(course)


def _advance_run(course: Course) -> None:
    policy = course.state.plan.restart_policy
    for name, container in course.containers.items():
        if container.stage is Stage.EXITED and restarts(container, policy):
            _restart(course, name)
    begun = True
    for name, container in course.containers.items():
        if container.spec.kind is Kind.EPHEMERAL:
            if not container.container_id:
                _begin(course, name)
        elif container.spec.kind is not Kind.APP:
            if begun or (container.spec.kind is Kind.SIDECAR and course.state.initialized):
                _begin(course, name)
            begun = begun and is_init_done(course.containers[name])
            if _failed_for_good(course, course.containers[name]):
                _finish(course)
                return
        elif begun or course.state.initialized:
            course.set(initialized=True)
            _begin(course, name)
    apps = [c for c in course.containers.values() if c.spec.kind is Kind.APP]
    if all(c.stage is Stage.EXITED for c in apps):
        _finish(course)


def _failed_for_good(course: Course, container: ContainerState) -> bool:
    """Whether an init container failed and is not tried again: then the pod has failed."""
    return (
        container.spec.kind is Kind.INIT
        and container.stage is Stage.EXITED
        and not container.succeeded
        and not restarts(container, course.state.plan.restart_policy)
    )


def _finish(course: Course) -> None:
    """Nothing is left to do but to stop the sidecars."""
    course.stop_by(course.now + course.state.plan.grace_s)
    _advance_stop(course)


def _begin(course: Course, name: str) -> None:
    container = course.containers[name]
    if container.stage is Stage.WAITING:
        again = bool(container.container_id)
        course.containers[name] = container.to(
            Stage.PULLING,
            attempt=container.attempt + again,
            restart_count=container.restart_count + again,
        )
        course.effects.append(PullImage(name))


def _restart(course: Course, name: str) -> None:
    container = course.containers[name]
    assert container.terminated is not None
    container, wait_s = after_exit(container, container.terminated)
    if wait_s:
        metadata = course.state.pod["metadata"]
        where = f"container={name} pod={metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        message = f"back-off {go_duration(wait_s)} restarting failed {where}"
        container = attrs.evolve(container, reason="CrashLoopBackOff", message=message)
        pod = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        text = f"Back-off restarting failed container {name} in pod {pod}"
        course.event(WARNING, "BackOff", text, name)
    course.containers[name] = container


def _advance_stop(course: Course) -> None:
    stop_by = course.now if course.state.stop_by is None else course.state.stop_by
    grace_s = max(stop_by - course.now, 0.0)
    for name, container in course.containers.items():
        if container.stage is Stage.BACKOFF:
            course.containers[name] = container.to(Stage.EXITED, reason="", message="")
        elif container.stage in {Stage.PULL_BACKOFF, Stage.CREATE_BACKOFF}:
            course.containers[name] = container.to(Stage.WAITING, reason="", message="")
        elif container.stage in ALIVE and container.spec.kind is not Kind.SIDECAR:
            course.stop(name, grace_s, f"Stopping container {name}")
    alive = [name for name, container in course.containers.items() if container.stage in ALIVE]
    mains = [name for name in alive if course.containers[name].spec.kind is not Kind.SIDECAR]
    if alive and not mains:
        course.stop(alive[-1], grace_s, f"Stopping container {alive[-1]}")
    pending = any(c.stage in {Stage.CREATING, Stage.PULLING} for c in course.containers.values())
    if not alive and not pending:
        _end(course)


def _end(course: Course) -> None:
    if course.state.set_up in {SetUp.ASKED, SetUp.READY}:
        course.set(set_up=SetUp.TORN_DOWN)
        course.effects.append(ReleaseSandbox())
    elif course.state.deleting and course.state.set_up is SetUp.NONE:
        course.set(set_up=SetUp.TORN_DOWN)  # it was deleted before this kubelet did anything for it
    if course.state.deleting and not course.state.removed:
        course.set(removed=True)
        course.effects.append(RemovePod())

"""The pod lifecycle without an event loop: rules one by one, and invariants under any order of events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubelite.node.containerstate import Stage
from kubelite.node.lifecycle import go_duration, step
from kubelite.node.podstate import (
    ContainerExited,
    ContainerStarted,
    HookEnded,
    ImageFound,
    ImageMissing,
    KillContainer,
    PodGone,
    PodSeen,
    PrepareSandbox,
    ProbeChanged,
    PullImage,
    RecordEvent,
    ReleaseSandbox,
    RemovePod,
    RunHook,
    SandboxLost,
    SandboxReady,
    StartContainer,
    StartProbes,
    StopProbes,
    TerminateContainer,
    Tick,
    new_state,
)
from kubelite.node.status import NodeFacts, phase_of, pod_status, status_patch


def make_pod(*containers, init=(), **spec):
    containers = containers or ({"name": "c", "image": "i"},)
    return {
        "metadata": {"name": "web", "namespace": "default", "uid": "u", "generation": 1},
        "spec": {"containers": list(containers), **({"initContainers": list(init)} if init else {}), **spec},
    }


def deleted(pod, grace_s):
    metadata = {
        **pod["metadata"],
        "deletionTimestamp": "2026-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": grace_s,
    }
    return {**pod, "metadata": metadata}


class Play:
    """Answers effects as a worker on a good day would, and keeps all of them."""

    def __init__(self, pod, now=1000.0):
        self.now, self.pod = now, pod
        self.state = new_state(pod, now)
        self.effects = []

    def tell(self, *events):
        events = list(events)
        while events:
            self.state, effects = step(self.state, events.pop(0), self.now)
            self.effects.extend(effects)
            for effect in effects:
                match effect:
                    case PrepareSandbox():
                        events.append(SandboxReady("10.0.0.1"))
                    case PullImage(name):
                        events.append(ImageFound(name, "id", "found"))
                    case StartContainer(name, attempt):
                        events.append(ContainerStarted(name, f"containerd://{name}{attempt}"))
        return self

    def started(self):
        return self.tell(PodSeen(self.pod))

    def exit(self, name="c", code=0):
        return self.tell(ContainerExited(name, self.state.containers[name].attempt, code))

    def wait(self, seconds):
        self.now += seconds
        return self.tell(Tick())

    def container(self, name="c"):
        return self.state.containers[name]

    def took(self, kind):
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def reasons(self):
        return [effect.reason for effect in self.took(RecordEvent)]

    @property
    def phase(self):
        return phase_of(self.state)


def test_crash_back_off_doubles_and_is_forgiven():
    play = Play(make_pod()).started()
    waits = []
    for _ in range(8):
        play.exit(code=1)
        begin = play.now
        if play.container().stage is Stage.BACKOFF:
            play.wait(play.container().retry_at - play.now)
        waits.append(play.now - begin)
        assert play.container().stage is Stage.RUNNING
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300]
    play.wait(601)
    play.exit(code=1)
    assert play.container().stage is Stage.RUNNING
    assert play.container().restart_count == 9


def test_never_and_on_failure():
    assert Play(make_pod(restartPolicy="Never")).started().exit(code=1).phase == "Failed"
    assert Play(make_pod(restartPolicy="Never")).started().exit(code=0).phase == "Succeeded"
    play = Play(make_pod(restartPolicy="OnFailure")).started().exit(code=1)
    assert play.phase == "Running"
    assert play.exit(code=0).phase == "Succeeded"
    assert play.took(ReleaseSandbox)


def test_init_failure_of_a_never_pod_fails_it():
    play = Play(make_pod(init=({"name": "i", "image": "i"},), restartPolicy="Never")).started()
    assert play.phase == "Pending"
    assert play.exit("i", 1).phase == "Failed"
    assert not play.container().container_id


def test_sidecars_start_before_and_stop_after_the_others():
    sidecar = {"name": "s", "image": "i", "restartPolicy": "Always"}
    play = Play(make_pod(init=(sidecar,), restartPolicy="Never")).started()
    assert play.container("s").stage is Stage.RUNNING
    assert play.container("c").stage is Stage.RUNNING
    play.exit("c")
    assert play.phase == "Running"
    assert play.took(TerminateContainer) == [TerminateContainer("s")]
    play.exit("s", 137)
    assert play.phase == "Succeeded"


def test_pre_stop_comes_before_sigterm_and_inside_the_grace_period():
    hooked = {"name": "c", "image": "i", "lifecycle": {"preStop": {"sleep": {"seconds": 3}}}}
    play = Play(make_pod(hooked)).started()
    play.tell(PodSeen(deleted(play.pod, 10)))
    assert play.took(RunHook) == [RunHook("c", "preStop")]
    assert not play.took(TerminateContainer)
    play.wait(3)
    play.tell(HookEnded("c", 0, "preStop"))
    assert play.took(TerminateContainer)
    play.wait(7)
    assert play.took(KillContainer) == [KillContainer("c")]
    play.exit(code=137)
    assert play.took(RemovePod)
    assert play.phase == "Failed"


def test_a_hook_that_uses_the_whole_grace_leaves_two_seconds():
    hooked = {"name": "c", "image": "i", "lifecycle": {"preStop": {"sleep": {"seconds": 99}}}}
    play = Play(make_pod(hooked)).started()
    play.tell(PodSeen(deleted(play.pod, 10)))
    play.wait(10)
    assert play.took(TerminateContainer)
    assert not play.took(KillContainer)
    play.wait(2)
    assert play.took(KillContainer)


def test_a_second_delete_only_shortens():
    play = Play(make_pod()).started()
    play.tell(PodSeen(deleted(play.pod, 30)))
    play.tell(PodSeen(deleted(play.pod, 60)))
    assert play.container().kill_at == play.now + 30
    play.tell(PodSeen(deleted(play.pod, 1)))
    assert play.container().kill_at == play.now + 1


def test_a_pod_that_is_deleted_before_it_began_fails():
    for init in ((), ({"name": "i", "image": "i"},)):
        pod = make_pod(init=init)
        seen_deleted, seen_before = Play(pod), Play(pod)
        seen_deleted.tell(PodSeen(deleted(pod, 30)))
        seen_before.state, _ = step(seen_before.state, PodSeen(pod), seen_before.now)
        seen_before.tell(PodSeen(deleted(pod, 30)))
        for play in (seen_deleted, seen_before):
            assert play.phase == "Failed"
            assert play.took(RemovePod)
            status = pod_status(play.state, pod, NodeFacts("10.0.0.2"), play.now)
            (state,) = status["containerStatuses"][0]["state"].values()
            reason = "PodInitializing" if init else "ContainerStatusUnknown"
            assert (state["reason"], state.get("exitCode")) == (reason, None if init else 137)


def test_the_active_deadline_fails_the_pod():
    play = Play(make_pod(activeDeadlineSeconds=5)).started()
    assert play.state.wake_at == play.now + 5
    play.wait(5)
    play.exit(code=0)
    assert play.phase == "Failed"
    status = pod_status(play.state, play.pod, NodeFacts("10.0.0.2"), play.now)
    assert status["reason"] == "DeadlineExceeded"


def test_a_failing_startup_probe_restarts_and_a_good_one_starts_the_others():
    probe = {"httpGet": {"port": 80}}
    probed = {
        "name": "c",
        "image": "i",
        "startupProbe": probe,
        "livenessProbe": probe,
        "readinessProbe": probe,
    }
    play = Play(make_pod(probed)).started()
    assert play.took(StartProbes) == [StartProbes("c", ("startup",))]
    play.tell(ProbeChanged("c", 0, "startup", success=True))
    assert play.took(StopProbes) == [StopProbes("c", ("startup",))]
    assert play.took(StartProbes)[1] == StartProbes("c", ("readiness", "liveness"))
    assert not play.container().ready
    play.tell(ProbeChanged("c", 0, "readiness", success=True))
    assert play.container().ready
    play.tell(ProbeChanged("c", 0, "liveness", success=False))
    assert play.container().stage is Stage.STOPPING
    assert "Killing" in play.reasons()


def test_an_image_change_restarts_the_container_alone():
    play = Play(make_pod()).started()
    changed = {**play.pod, "spec": {**play.pod["spec"], "containers": [{"name": "c", "image": "j"}]}}
    play.tell(PodSeen(changed)).exit(code=137)
    assert play.container().restart_count == 1
    assert play.container().spec.image == "j"
    assert len(play.took(PrepareSandbox)) == 1


def test_a_settled_status_needs_no_patch():
    play = Play(make_pod()).started()
    status = pod_status(play.state, play.pod, NodeFacts("10.0.0.2"), play.now)
    assert status["phase"] == "Running"
    written = {**play.pod, "status": status}
    assert status_patch(written, pod_status(play.state, written, NodeFacts("10.0.0.2"), play.now + 9)) is None


def test_readiness_gates():
    gated = make_pod(readinessGates=[{"conditionType": "example.com/up"}])
    play = Play(gated).started()

    def ready(pod):
        status = pod_status(play.state, pod, NodeFacts("10.0.0.2"), play.now)
        return next(c for c in status["conditions"] if c["type"] == "Ready")

    assert ready(gated)["reason"] == "ReadinessGatesNotReady"
    up = {"type": "example.com/up", "status": "True"}
    assert ready({**gated, "status": {"conditions": [up]}})["status"] == "True"


def test_durations_are_written_as_go_does():
    assert [go_duration(s) for s in (10, 80, 300)] == ["10s", "1m20s", "5m0s"]


def with_image(pod, image):
    return {**pod, "spec": {**pod["spec"], "containers": [{"name": "c", "image": image}]}}


def test_another_image_is_pulled_at_once_whatever_back_off_the_old_one_had():
    play = Play(make_pod())
    play.state, _ = step(play.state, PodSeen(play.pod), play.now)
    play.state, _ = step(play.state, SandboxReady("10.0.0.1"), play.now)
    for _ in range(4):
        play.state, _ = step(play.state, ImageMissing("c", "ErrImagePull", "no such image"), play.now)
        play.now = play.container().retry_at
        play.state, _ = step(play.state, Tick(), play.now)
        play.state, _ = step(play.state, Tick(), play.now)
    play.state, _ = step(play.state, ImageMissing("c", "ErrImagePull", "no such image"), play.now)
    assert play.container().stage is Stage.PULL_BACKOFF
    play.tell(PodSeen(with_image(play.pod, "j")))
    assert play.container().stage is Stage.RUNNING
    assert play.container().restart_count == 0


def test_a_container_with_another_image_does_not_wait_out_the_crashes_of_the_old_one():
    play = Play(make_pod()).started()
    for _ in range(3):
        play.exit(code=1)
        if play.container().stage is Stage.BACKOFF:
            play.wait(play.container().retry_at - play.now)
    play.exit(code=1)
    assert play.container().stage is Stage.BACKOFF
    play.tell(PodSeen(with_image(play.pod, "j")))
    assert play.container().stage is Stage.RUNNING
    play.exit(code=1)
    assert play.container().stage is Stage.RUNNING


def test_init_containers_run_again_before_the_others_after_the_node_was_off():
    play = Play(make_pod(init=({"name": "i", "image": "i"},))).started().exit("i")
    assert play.container("c").stage is Stage.RUNNING
    play.tell(SandboxLost())
    assert play.container("i").stage is Stage.RUNNING
    assert play.container("c").stage is Stage.WAITING
    assert play.phase == "Pending"
    play.exit("i")
    assert play.container("c").stage is Stage.RUNNING
    assert play.phase == "Running"


def test_sidecars_wait_for_the_init_containers_before_them_after_the_node_was_off():
    sidecar = {"name": "s", "image": "i", "restartPolicy": "Always"}
    play = Play(make_pod(init=({"name": "i", "image": "i"}, sidecar))).started().exit("i")
    assert play.container("c").stage is Stage.RUNNING
    play.tell(SandboxLost())
    assert play.container("s").stage is Stage.WAITING
    play.exit("i")
    assert (play.container("s").stage, play.container("c").stage) == (Stage.RUNNING, Stage.RUNNING)


def test_a_restarting_sidecar_does_not_hold_up_the_others():
    sidecar = {"name": "s", "image": "i", "restartPolicy": "Always"}
    play = Play(make_pod(init=(sidecar,))).started()
    for _ in range(2):
        play.exit("s", 1)
    assert play.container("s").stage is Stage.BACKOFF
    play.exit("c", 1)
    assert play.container("c").stage is Stage.RUNNING


def test_a_container_that_is_not_restarted_is_not_said_to_be():
    probe = {"httpGet": {"port": 80}}
    texts = {}
    for policy in ("Never", "Always"):
        play = Play(make_pod({"name": "c", "image": "i", "livenessProbe": probe}, restartPolicy=policy))
        play.started().tell(ProbeChanged("c", 0, "liveness", success=False))
        texts[policy] = next(e.message for e in play.took(RecordEvent) if e.reason == "Killing")
    assert texts == {
        "Never": "Container c failed liveness probe",
        "Always": "Container c failed liveness probe, will be restarted",
    }


def test_an_ephemeral_container_is_neither_started_nor_ready():
    play = Play(make_pod(ephemeralContainers=[{"name": "e", "image": "i"}])).started()
    (status,) = pod_status(play.state, play.pod, NodeFacts("10.0.0.2"), play.now)[
        "ephemeralContainerStatuses"
    ]
    assert "running" in status["state"]
    assert (status["ready"], "started" in status) == (False, False)


NAMES = ("i", "s", "c", "d")
EVENTS = st.one_of(
    st.builds(ImageFound, st.sampled_from(NAMES), st.just("id"), st.just("")),
    st.builds(
        ImageMissing,
        st.sampled_from(NAMES),
        st.sampled_from(["ErrImagePull", "InvalidImageName"]),
        st.just(""),
    ),
    st.builds(ContainerStarted, st.sampled_from(NAMES), st.just("containerd://x")),
    st.builds(ContainerExited, st.sampled_from(NAMES), st.integers(0, 2), st.sampled_from([0, 1, 137])),
    st.builds(
        HookEnded, st.sampled_from(NAMES), st.integers(0, 2), st.sampled_from(["postStart", "preStop"])
    ),
    st.builds(
        ProbeChanged,
        st.sampled_from(NAMES),
        st.integers(0, 2),
        st.sampled_from(["startup", "readiness", "liveness"]),
        st.booleans(),
    ),
    st.just(SandboxReady("10.0.0.1")),
    st.just(SandboxLost()),
    st.just(PodGone()),
    st.just("delete"),
    st.floats(0, 400),
)


@given(st.lists(EVENTS, max_size=40), st.sampled_from(["Always", "OnFailure", "Never"]))
def test_any_order_of_events_keeps_the_invariants(events, policy):
    hooks = {"preStop": {"sleep": {"seconds": 1}}, "postStart": {"sleep": {"seconds": 1}}}
    probe = {"tcpSocket": {"port": 1}}
    pod = make_pod(
        {"name": "c", "image": "i", "lifecycle": hooks, "readinessProbe": probe, "startupProbe": probe},
        {"name": "d", "image": "i", "livenessProbe": probe},
        init=({"name": "i", "image": "i"}, {"name": "s", "image": "i", "restartPolicy": "Always"}),
        restartPolicy=policy,
    )
    state, now, removals = new_state(pod, 0.0), 0.0, 0
    state, _ = step(state, PodSeen(pod), now)
    for event in events:
        if isinstance(event, float):
            now, event = now + event, Tick()
        elif event == "delete":
            event = PodSeen(deleted(state.pod, 5))
        before = state
        state, effects = step(state, event, now)
        removals += sum(isinstance(effect, RemovePod) for effect in effects)
        status = pod_status(state, pod, NodeFacts("10.0.0.2"), now)
        assert status["phase"] in {"Pending", "Running", "Succeeded", "Failed"}
        assert step(before, event, now)[0] == state
        for name, container in state.containers.items():
            assert container.restart_count >= before.containers[name].restart_count
            assert container.ready <= container.started
            assert not (container.ready and not container.alive)
        if before.stop_by is not None:
            assert state.stop_by is not None
            assert state.stop_by <= before.stop_by
    assert removals <= 1

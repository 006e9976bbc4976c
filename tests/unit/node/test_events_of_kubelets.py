"""Every Event that a step of a pod's lifecycle makes: what leads to it, and what it says to the letter."""

from __future__ import annotations

import ast
import re
from importlib import resources as files

import pytest

from kubelite.node.lifecycle import step
from kubelite.node.nodeobject import ports_refusal, refusal
from kubelite.node.podstate import (
    ContainerExited,
    ContainerRefused,
    ContainerStarted,
    HookEnded,
    ImageFound,
    ImageMissing,
    PodEvicted,
    PodRejected,
    PodSeen,
    ProbeChanged,
    RecordEvent,
    SandboxLost,
    SandboxReady,
    Tick,
    new_state,
)

TABLE = []


def tells(type_, reason, message, container="c"):
    """A row: the play below makes this Event, about this container, or about the whole pod."""

    def keep(play):
        TABLE.append(pytest.param((type_, reason, message, container), play, id=f"{reason}-{play.__name__}"))
        return play

    return keep


class Story:
    """A pod with one container, told what happens to it; it keeps the Events."""

    def __init__(self, container=None, **spec):
        spec = {"containers": [{"name": "c", "image": "i", **(container or {})}], **spec}
        self.pod = {"metadata": {"name": "p", "namespace": "d", "uid": "u", "generation": 1}, "spec": spec}
        self.now, self.events = 1000.0, []
        self.state = new_state(self.pod, self.now)
        self.tell(PodSeen(self.pod))

    def tell(self, event, after_s=0.0):
        self.now += after_s
        self.state, effects = step(self.state, event, self.now)
        self.events += [each for each in effects if isinstance(each, RecordEvent)]
        return self

    def pulling(self):
        return self.tell(SandboxReady("10.0.0.1"))

    def running(self):
        self.pulling().tell(ImageFound("c", "id", "Image found."))
        return self.tell(ContainerStarted("c", "containerd://c"))


def deleted(pod):
    metadata = {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 5}
    return {**pod, "metadata": {**pod["metadata"], **metadata}}


@tells("Normal", "Pulled", "Image found.")
@tells("Normal", "Created", "Container created")
@tells("Normal", "Started", "Container started")
def a_container_starts():
    return Story().running()


@tells("Warning", "Failed", 'Failed to pull image "i": not there')
@tells("Warning", "Failed", "Error: ErrImagePull")
def an_image_is_not_there():
    return Story().pulling().tell(ImageMissing("c", "ErrImagePull", "not there"))


@tells("Normal", "BackOff", 'Back-off pulling image "i"')
@tells("Warning", "Failed", "Error: ImagePullBackOff")
def an_image_is_waited_for():
    return an_image_is_not_there().tell(Tick(), after_s=1)


@tells("Warning", "Failed", 'Failed to pull image "v": not there', "")
@tells("Warning", "Failed", "Error: ErrImagePull", "")
@tells("Warning", "Failed", "Error: ErrImagePull")
def an_image_of_a_volume_is_not_there():
    return Story().pulling().tell(ImageMissing("c", "ErrImagePull", "not there", "v"))


@tells("Normal", "BackOff", 'Back-off pulling image "v"', "")
@tells("Warning", "Failed", "Error: ImagePullBackOff", "")
@tells("Warning", "Failed", "Error: ImagePullBackOff")
def an_image_of_a_volume_is_waited_for():
    return an_image_of_a_volume_is_not_there().tell(Tick(), after_s=1)


@tells("Warning", "InspectFailed", "odd")
@tells("Warning", "Failed", "Error: InvalidImageName")
def an_image_has_no_name():
    return Story().pulling().tell(ImageMissing("c", "InvalidImageName", "odd"))


@tells("Warning", "ErrImageNeverPull", "never")
@tells("Warning", "Failed", "Error: ErrImageNeverPull")
def an_image_is_not_to_be_pulled():
    return Story().pulling().tell(ImageMissing("c", "ErrImageNeverPull", "never"))


@tells("Warning", "Failed", "Error: no such key")
def a_container_cannot_be_made():
    story = Story().pulling().tell(ImageFound("c", "id", "Image found."))
    return story.tell(ContainerRefused("c", "CreateContainerConfigError", "no such key"))


@tells("Warning", "BackOff", "Back-off restarting failed container c in pod p_d(u)")
def a_container_fails_again_and_again():
    story = Story().running()
    for attempt in range(2):
        story.tell(ContainerExited("c", attempt, 1))
        story.tell(ImageFound("c", "id", "Image found.")).tell(
            ContainerStarted("c", f"containerd://{attempt}")
        )
    return story


@tells("Normal", "Killing", "Stopping container c")
def a_pod_is_deleted():
    story = Story().running()
    return story.tell(PodSeen(deleted(story.pod)))


PROBE = {"httpGet": {"port": 80}}


@tells("Normal", "Killing", "Container c failed liveness probe, will be restarted")
def a_container_does_not_live():
    return Story({"livenessProbe": PROBE}).running().tell(ProbeChanged("c", 0, "liveness", False, ""))


@tells("Normal", "Killing", "Container c failed startup probe, will be restarted")
def a_container_does_not_start():
    return Story({"startupProbe": PROBE}).running().tell(ProbeChanged("c", 0, "startup", False, ""))


@tells("Normal", "Killing", "Container c failed liveness probe")
def a_container_does_not_live_and_is_not_to_be_restarted():
    story = Story({"livenessProbe": PROBE}, restartPolicy="Never").running()
    return story.tell(ProbeChanged("c", 0, "liveness", False, ""))


@tells("Normal", "Killing", "Container c definition changed, will be restarted")
def a_container_gets_another_image():
    story = Story().running()
    spec = {**story.pod["spec"], "containers": [{"name": "c", "image": "j"}]}
    return story.tell(PodSeen({**story.pod, "spec": spec}))


HOOK = {"exec": {"command": ["no"]}}


@tells("Warning", "FailedPostStartHook", "it failed")
@tells("Normal", "Killing", "FailedPostStartHook")
def a_hook_after_the_start_fails():
    story = Story({"lifecycle": {"postStart": HOOK}}).running()
    return story.tell(HookEnded("c", 0, "postStart", "it failed"))


@tells("Warning", "FailedPreStopHook", "it failed")
def a_hook_before_the_stop_fails():
    story = Story({"lifecycle": {"preStop": HOOK}}).running()
    return story.tell(PodSeen(deleted(story.pod))).tell(HookEnded("c", 0, "preStop", "it failed"))


@tells("Warning", "Evicted", "It takes too much. ", "")
@tells("Normal", "Killing", "Stopping container c")
def a_pod_is_evicted():
    return Story().running().tell(PodEvicted("It takes too much. "))


@tells("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", "")
def a_node_was_off():
    return Story().running().tell(SandboxLost())


@tells(
    "Normal",
    "DeadlineExceeded",
    "Pod was active on the node longer than the specified deadline",
    "",
)
def a_pod_takes_too_long():
    return Story(activeDeadlineSeconds=5).running().tell(Tick(), after_s=5)


class Config:
    """What a node has."""


@tells(
    "Warning",
    "NodeAffinity",
    "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    "",
)
def a_node_is_not_what_a_pod_wants():
    story = Story(nodeSelector={"a": "b"})
    return story.tell(PodRejected(*refusal(story.pod, {}, {}, Config(), {})))


@tells(
    "Warning",
    "NodePorts",
    "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    "",
)
def a_port_of_the_node_is_taken():
    story = Story({"ports": [{"containerPort": 80, "hostPort": 80}]})
    return story.tell(PodRejected(*ports_refusal(story.pod, [story.pod])))


@pytest.mark.parametrize(("event", "play"), TABLE)
def test_what_is_told(event, play):
    told = [(each.type, each.reason, each.message, each.container) for each in play().events]
    assert event in told


def test_all_that_a_step_tells_is_in_the_table():
    word = re.compile(r"[A-Z][a-z]+([A-Z][A-Za-z]+)*")
    found = set()
    for name in ("course", "lifecycle", "noting"):
        source = (files.files("kubelite.node") / f"{name}.py").read_text(encoding="utf-8")
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "event":
                texts = (each.value for each in call.args if isinstance(each, ast.Constant))
                found |= {text for text in texts if isinstance(text, str) and word.fullmatch(text)}
    assert found
    assert found <= {row.values[0][1] for row in TABLE}

"""What happens to a pod on its node, in a few words: the cause of the status that is written next."""

from __future__ import annotations

from kubelite.node import podstate
from kubelite.runtime.causes import Cause, Happened

OUTPUT_MAX = 120


def cause_of(event: podstate.Event, version: str) -> Cause:
    """Why a pod's status changes.

    Args:
        event: What the pod's state machine was told.
        version: Of the pod's object, as the kubelet knows it.
    """
    text = ""
    match event:
        case podstate.PodSeen():
            return version
        case podstate.PodGone():
            text = "the pod's object is gone"
        case podstate.PodRejected(reason=reason):
            text = f"the kubelet refused the pod: {reason}"
        case podstate.PodEvicted(message=message):
            text = f"the kubelet evicted the pod: {message.strip()}"
        case podstate.SandboxReady() | podstate.ImageFound():
            return version
        case podstate.SandboxFailed(message=message):
            text = f"network or volumes could not be prepared: {message}"
        case podstate.SandboxLost():
            text = "the node was without power"
        case podstate.ImageMissing(container=name, reason=reason, of_volume=image):
            what = f"image {image}, a volume of" if image else "the image of"
            text = f"{what} container {name} could not be had: {reason}"
        case podstate.ContainerStarted(container=name):
            text = f"container {name} started"
        case podstate.ContainerRefused(container=name, reason=reason, message=message):
            text = f"container {name} could not be started: {reason}: {message}"
        case podstate.ContainerExited(container=name, exit_code=code, reason=reason):
            text = f"container {name} ended with {code}" + (f" ({reason})" if reason else "")
        case podstate.HookEnded(container=name, hook=hook, problem=problem):
            text = f"the {hook} hook of container {name} " + (f"failed: {problem}" if problem else "ended")
        case podstate.ProbeChanged(container=name, probe=probe, success=success, output=output):
            said = "succeeded" if success else "failed" + (f": {output}" if output else "")
            text = f"the {probe} probe of container {name} {said}"
        case podstate.Tick():
            text = "time passed"
    return Happened(text[:OUTPUT_MAX], version)

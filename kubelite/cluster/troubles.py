"""What is wrong with a pod, in words, and what to try: pure.

Taken from its status and from Events about it; a pod that is well has no troubles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import attrs

from kubelite.api.podutil import is_ready
from kubelite.apimachinery.scheme import Object
from kubelite.client.readiness import find_condition

_TRY_IMAGE: Final = (
    "the image's spelling; in kubelite, its program: `cluster.images[NAME] = …`, or `any_image=True`"
)
_TRY_LOGS: Final = "the logs of the container's last run: `cluster.logs(POD, previous=True)`"
_TRY_PROBE: Final = "the probe's path and port against what the container serves"
_TRY_VOLUME: Final = (
    "a PersistentVolume or a StorageClass that suits the claim; "
    "in kubelite, Cluster(storage_class=True) has a default one"
)
ADVICE: Final[Sequence[tuple[str, str]]] = (
    (r"ImagePullBackOff|ErrImagePull|InvalidImageName|ErrImageNeverPull", _TRY_IMAGE),
    (r"CreateContainerConfigError", "making the ConfigMaps and Secrets that the container names"),
    (r"CrashLoopBackOff|exit code|OOMKilled", _TRY_LOGS),
    (r"probe failed|probe has not succeeded", _TRY_PROBE),
    (r"Insufficient \w|Too many pods", "smaller requests, or more or larger nodes (nodes=, node_cpu=)"),
    (r"untolerated taint", "a toleration for the taint, or a node without it"),
    (r"node affinity|node selector|didn't match", "the nodes' labels against nodeSelector and affinity"),
    (r"unbound immediate PersistentVolumeClaims|persistentvolumeclaim", _TRY_VOLUME),
    (r"no nodes available", "a cluster with nodes (nodes=1)"),
    (r"exceeded quota", "the namespace's ResourceQuota"),
    (r"FailedMount|MountVolume", "making what the volume names"),
    (r"violates PodSecurity", "the pod-security labels of the namespace"),
    (r"it is paused", "spec.paused: false, or `kubectl rollout resume`"),
    (r"it is suspended", "spec.suspend: false"),
    (r"its schedule is", "a longer timeout=, or virtual time: `await cluster.clock.advance(SECONDS)`"),
    (r"it wants no pods", "`cluster.scale(WHAT, 1)`"),
    (r"it failed: \w+", "the Job anew: one that failed stays so"),
    (r"raises (KeyError|IndexError|TypeError)", "`.get` for fields that are not there from the beginning"),
    (r"finalizers ", "whoever removes the finalizers: is its controller running?"),
    (r"exceeded its progress deadline", "a change of the template: it begins a new rollout"),
    (r"SchedulingGated", "spec.schedulingGates: whoever has set them must remove them"),
    (r"readiness gates are not met", "whoever is to set these conditions in the pod's status"),
    (r'serviceaccount "\S+" not found', "making the ServiceAccount"),
    (r"from resource metrics API", "`cluster.metrics.set_pod_usage(…)`: without it no usage is known"),
    (r"its node \S+ is (not ready|gone)", "the node; in kubelite, recover_node ends what fail_node began"),
    (r"no node suits it", "the nodes' labels and taints against nodeSelector, affinity, tolerations"),
    (r"it allows no disruption", "more pods, or a budget that can spare one"),
)  # fmt: skip
"""What to try for which words: patterns and advice."""
PATIENCE: Final = r"is being pulled|ContainerCreating|PodInitializing|has not started"
"""What passes by itself, if nothing else is the matter."""


@attrs.frozen
class Trouble:
    """Something wrong with a pod.

    Attributes:
        text: What it is.
        container: Whose log tells more; empty if none does.
        previous: Whether that of its last run does.
    """

    text: str
    container: str = ""
    previous: bool = False


def pod_troubles(pod: Object, events: Sequence[Object] = ()) -> list[Trouble]:
    """What is wrong with a pod, the most telling first.

    Args:
        pod: As it is.
        events: About it, oldest first.
    """
    return list(_troubles(pod, events))


def matters(pod: Object) -> bool:
    """Whether a pod is one to look at: it is not ready (though it has not succeeded), or had to restart."""
    status = pod.get("status", {})
    if status.get("phase") == "Succeeded":
        return False
    statuses = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return not is_ready(pod) or any(each.get("restartCount") for each in statuses)


def advice(text: str) -> list[str]:
    """What to try, by the words of what was seen."""
    found = list(dict.fromkeys(what for pattern, what in ADVICE if re.search(pattern, text)))
    return found or (["a longer timeout="] if re.search(PATIENCE, text) else [])


def node_troubles(pod: Object, nodes: Sequence[Object]) -> list[Trouble]:
    """What is wrong with the node of a pod.

    Args:
        pod: As it is.
        nodes: All that there are; none if nobody knows.
    """
    name = pod["spec"].get("nodeName")
    if not name or not nodes:
        return []
    node = next((each for each in nodes if each["metadata"]["name"] == name), None)
    if node is None:
        return [Trouble(f"its node {name} is gone")]
    ready = find_condition(node, "Ready") or {}
    if ready.get("status") == "True":
        return []
    words = ": ".join(filter(None, (ready.get("reason"), ready.get("message"))))
    return [Trouble(f"its node {name} is not ready" + (f" ({words})" if words else ""))]


def _troubles(pod: Object, events: Sequence[Object]) -> Iterator[Trouble]:
    status, spec = pod.get("status", {}), pod.get("spec", {})
    if "deletionTimestamp" in pod["metadata"]:
        finalizers = pod["metadata"].get("finalizers")
        yield Trouble("is being deleted" + (f", finalizers {', '.join(finalizers)}" if finalizers else ""))
    scheduled = find_condition(pod, "PodScheduled")
    if scheduled is not None and scheduled.get("status") != "True":
        yield Trouble(f"{scheduled.get('reason')}: {scheduled.get('message')}")
    elif not spec.get("nodeName"):
        yield Trouble("no scheduler has looked at it yet")
    if status.get("phase") == "Failed" and status.get("reason"):
        yield Trouble(f"Failed: {status['reason']}: {status.get('message', '')}")
    for key, specs in (
        ("initContainerStatuses", spec.get("initContainers") or ()),
        ("containerStatuses", spec.get("containers") or ()),
    ):
        by_name = {each["name"]: each for each in specs}
        for each in status.get(key) or ():
            yield from _container(each, by_name.get(each["name"], {}), events)
    missing = [
        gate["conditionType"]
        for gate in spec.get("readinessGates") or ()
        if (find_condition(pod, gate["conditionType"]) or {}).get("status") != "True"
    ]
    if missing:
        yield Trouble(f"readiness gates are not met: {', '.join(missing)}")


def _container(status: Object, spec: Object, events: Sequence[Object]) -> Iterator[Trouble]:
    name, state, last = status["name"], status.get("state", {}), status.get("lastState", {})
    waiting, ended = state.get("waiting"), state.get("terminated")
    if waiting is not None:
        words = waiting.get("reason", "waiting") + (
            f": {waiting['message']}" if waiting.get("message") else ""
        )
        yield Trouble(f"container {name}: {words}")
    if ended is not None and ended.get("exitCode"):
        yield Trouble(f"container {name}: {_ending(ended)}", name)
    before = last.get("terminated")
    if before is not None:
        count = status.get("restartCount", 0)
        yield Trouble(
            f"container {name}: restarted {count} times, its last run ended with {_ending(before)}",
            name,
            previous=True,
        )
    if "running" in state and not status.get("ready") and spec:
        yield Trouble(f"container {name}: {_not_ready(status, spec, events)}", name)


def _not_ready(status: Object, spec: Object, events: Sequence[Object]) -> str:
    if "startupProbe" in spec and not status.get("started"):
        kind = "startup"
    elif "readinessProbe" in spec:
        kind = "readiness"
    else:
        return "runs, but is not ready"
    failures = [
        each
        for each in events
        if each.get("reason") == "Unhealthy" and each.get("message", "").lower().startswith(kind)
    ]
    if not failures:
        delay = spec[f"{kind}Probe"].get("initialDelaySeconds") or 0
        first = f"first asked after {delay} s" if delay else "not answered yet"
        return f"runs, its {kind} probe has not succeeded ({first})"
    count = sum(each.get("count") or 1 for each in failures)
    return f"{failures[-1]['message'].strip()} ({count} times)"


def _ending(ended: Object) -> str:
    words = f"exit code {ended.get('exitCode')}"
    if ended.get("reason"):
        words += f" ({ended['reason']})"
    return words + (f": {ended['message'].strip()}" if ended.get("message") else "")


def events_about(events: Iterable[Object], objects: Iterable[Object]) -> list[Object]:
    """The Events about any of some objects, oldest first."""
    uids = {each["metadata"].get("uid") for each in objects}
    found = [each for each in events if each["involvedObject"].get("uid") in uids]
    return sorted(found, key=event_order)


def event_order(event: Object) -> tuple[str, int]:
    """When an Event was last seen, in a form that sorts."""
    found: str = (
        event.get("lastTimestamp")
        or (event.get("series") or {}).get("lastObservedTime")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )
    version: str = event["metadata"].get("resourceVersion") or "0"
    return found.partition(".")[0].rstrip("Z"), int(version) if version.isdecimal() else 0


def event_line(event: Object, name_of: Callable[[Object], str] | None = None) -> str:
    """An Event in one line."""
    about: Any = event["involvedObject"]
    name = name_of(event) if name_of else f"{about.get('kind', '').lower()}/{about.get('name')}"
    count = event.get("count") or (event.get("series") or {}).get("count") or 1
    times = f" ({count} times)" if count > 1 else ""
    return f"{event.get('type')} {event.get('reason')} {name}: {str(event.get('message')).strip()}{times}"

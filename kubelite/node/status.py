"""The status of a pod, computed from its state; and the patch that brings the API's copy up to it.

Pure. The status is computed whole each time and compared with what the API holds; only fields that differ
are sent, as a strategic merge patch, so that conditions of others (readiness gates, DisruptionTarget) stay
theirs.

Source: pkg/kubelet/kubelet_pods.go (getPhase, convertStatusToAPIStatus), pkg/kubelet/status/generate.go,
pkg/kubelet/status/status_manager.go (TerminatePod).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time
from kubelite.node.containerstate import ContainerState, Kind, Stage, Terminated, is_init_done, restarts
from kubelite.node.podstate import PodState, SetUp

_ENDING: Final = frozenset({Stage.EXITED, Stage.WAITING, Stage.PULLING, Stage.CREATING})
"""Stages that show how the container ended, if it did."""
_COMPARED_APART: Final = frozenset({"conditions"})
_ADDRESS_LISTS: Final = frozenset({"hostIPs", "podIPs"})
_STATUS_FIELDS: Final = {
    Kind.INIT: "initContainerStatuses",
    Kind.SIDECAR: "initContainerStatuses",
    Kind.APP: "containerStatuses",
    Kind.EPHEMERAL: "ephemeralContainerStatuses",
}
INITIAL: Final = frozenset({Kind.INIT, Kind.SIDECAR})
READY_KINDS: Final = frozenset({Kind.APP, Kind.SIDECAR})
RESIZE_PENDING: Final = "PodResizePending"


_UNKNOWN: Final[Object] = {
    "exitCode": 137,
    "finishedAt": None,
    "message": "The container could not be located when the pod was terminated",
    "reason": "ContainerStatusUnknown",
    "startedAt": None,
}
"""How a container ended that had not begun when its pod was over."""


class NodeFacts(NamedTuple):
    """What a pod's status says of its node."""

    host_ip: str


def phase_of(state: PodState) -> str:
    """Pending, Running, Succeeded or Failed."""
    if state.rejected is not None:
        return "Failed"
    policy = state.plan.restart_policy
    ended = state.set_up is SetUp.TORN_DOWN
    containers = state.containers.values()
    if state.doomed is not None and ended:
        return "Failed"
    for container in containers:
        if container.spec.kind not in INITIAL or is_init_done(container):
            continue
        if container.spec.kind is Kind.INIT and _failed_for_good(container, policy):
            return "Failed"
        if not ended and not state.initialized:
            return "Pending"
    apps = [container for container in containers if container.spec.kind is Kind.APP]
    if any(not container.container_id for container in apps):
        return "Failed" if ended and state.deleting else "Pending"
    if any(container.stage is not Stage.EXITED for container in apps):
        return "Failed" if ended and state.deleting else "Running"
    if any(container.alive and container.spec.kind is not Kind.EPHEMERAL for container in containers):
        return "Running"
    if not ended and any(restarts(container, policy) for container in apps):
        return "Running"
    return "Succeeded" if all(container.succeeded for container in apps) else "Failed"


def pod_status(state: PodState, pod: Object, node: NodeFacts, now: float) -> Object:
    """The whole status as the kubelet sees it.

    Args:
        state: The pod's state.
        pod: The newest object of the pod: transition times are kept from its status.
        node: Where it runs.
        now: Unix seconds.
    """
    old: Object = pod.get("status") or {}
    phase = state.told_phase or phase_of(state)
    generation = pod["metadata"].get("generation", 1)
    status: Object = {"observedGeneration": generation, "phase": phase}
    if state.rejected is not None:
        status["reason"], status["message"] = state.rejected[0], f"Pod was rejected: {state.rejected[1]}"
    elif state.doomed is not None and phase == "Failed":
        status["reason"], status["message"] = state.doomed
    status["startTime"] = format_time(state.start_time)
    status["hostIP"] = node.host_ip
    status["hostIPs"] = [{"ip": node.host_ip}]
    if state.rejected is None:
        status["conditions"] = _conditions(state, phase, old.get("conditions") or (), generation, now)
        if state.address:
            status["podIP"] = state.address
            status["podIPs"] = [{"ip": state.address}]
        default = "PodInitializing" if state.plan.spec.get("initContainers") else "ContainerCreating"
        statuses: dict[str, list[Object]] = {"initContainerStatuses": [], "containerStatuses": []}
        for container in state.containers.values():
            field = _STATUS_FIELDS[container.spec.kind]
            told = _container_status(container, default)
            if _never_began(state, container):
                told["state"] = {"terminated": _UNKNOWN}
            statuses.setdefault(field, []).append(told)
        status.update({key: found for key, found in statuses.items() if found or key == "containerStatuses"})
    return status


def _replacing(old: Sequence[Object], new: list[Object]) -> list[Object]:
    """The patch that makes one list of addresses of another; by itself a patch only adds."""
    gone = [{"$patch": "delete", "ip": entry["ip"]} for entry in old if entry not in new]
    return [*new, *gone]


def status_patch(pod: Object, status: Object) -> Object | None:
    """The strategic merge patch from the pod's present status to `status`; None if nothing differs."""
    old: Object = pod.get("status") or {}
    changes: Object = {
        key: value
        for key, value in status.items()
        if key not in _COMPARED_APART and old.get(key) != value
    }  # fmt: skip
    for field in _ADDRESS_LISTS & changes.keys():
        changes[field] = _replacing(old.get(field) or (), changes[field])
    known = {condition["type"]: condition for condition in old.get("conditions") or ()}
    conditions = []
    for condition in status.get("conditions") or ():
        before = known.get(condition["type"])
        if before is None or not _same(before, condition):
            cleared = {key: None for key in ("reason", "message") if before and before.get(key)}
            conditions.append({**cleared, **condition})
    if RESIZE_PENDING in known and RESIZE_PENDING not in {
        each["type"] for each in status.get("conditions") or ()
    }:
        conditions.append({"$patch": "delete", "type": RESIZE_PENDING})
    if conditions:
        changes["conditions"] = conditions
    if not changes:
        return None
    return {"metadata": {"uid": pod["metadata"]["uid"]}, "status": changes}


def _same(before: Object, after: Object) -> bool:
    return all(
        (before.get(key) or "") == (after.get(key) or "")
        for key in ("status", "reason", "message", "observedGeneration", "lastTransitionTime")
    )


# --- containers ---------------------------------------------------------------------------


def _container_status(container: ContainerState, default: str) -> Object:
    spec = container.spec
    last: Terminated | None = container.last
    state: Object
    if container.stage in {Stage.RUNNING, Stage.STOPPING}:
        state = {"running": {"startedAt": format_time(container.started_at)}}
    elif container.terminated is not None and container.stage in _ENDING:
        state = {"terminated": _terminated(container.terminated)}
    else:
        reason = container.reason or ("ContainerCreating" if container.stage is Stage.STARTING else default)
        state = {"waiting": {"reason": reason}}
        if container.message:
            state["waiting"]["message"] = container.message
        last = container.terminated or last
    status: Object = {
        "name": spec.name,
        "image": spec.image,
        "imageID": container.image_id,
        "lastState": {"terminated": _terminated(last)} if last is not None else {},
        "ready": container.succeeded if spec.kind is Kind.INIT else container.ready,
        "restartCount": container.restart_count,
        "started": container.started,
        "state": state,
    }
    if spec.kind is Kind.EPHEMERAL:  # it has no probes, and nobody waits for it
        status["ready"] = False
        del status["started"]
    if container.container_id:
        status["containerID"] = container.container_id
    mounts = spec.raw.get("volumeMounts")
    if mounts:
        status["volumeMounts"] = [_mount(mount) for mount in mounts]
    resources = spec.raw.get("resources")
    if resources:
        status["resources"] = resources
        if resources.get("requests"):
            status["allocatedResources"] = resources["requests"]
    return status


def _never_began(state: PodState, container: ContainerState) -> bool:
    """Whether a container of a pod that is over could have begun, but had not."""
    if state.set_up is not SetUp.TORN_DOWN or container.spec.kind is not Kind.APP:
        return False
    could = state.initialized or not state.plan.spec.get("initContainers")
    return could and container.stage is Stage.WAITING and container.terminated is None


def _mount(mount: Object) -> Object:
    found: dict[str, Any] = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        found["readOnly"] = True
        found["recursiveReadOnly"] = "Disabled"
    return found


def _terminated(ended: Terminated) -> Object:
    status: Object = {
        "containerID": ended.container_id,
        "exitCode": ended.exit_code,
        "finishedAt": format_time(ended.finished_at),
        "reason": ended.reason,
        "startedAt": format_time(ended.started_at),
    }
    if ended.message:
        status["message"] = ended.message
    return status


def _failed_for_good(container: ContainerState, policy: str) -> bool:
    return container.stage is Stage.EXITED and not container.succeeded and not restarts(container, policy)


# --- conditions ---------------------------------------------------------------------------


def _conditions(
    state: PodState, phase: str, old: Sequence[Object], generation: int, now: float
) -> list[Object]:
    """The kubelet's five conditions in its order."""
    found = [
        ("PodReadyToStartContainers", state.set_up is SetUp.READY, "", ""),
        ("Initialized", *_initialized(state, phase)),
        ("Ready", *_ready(state, phase, old)),
        ("ContainersReady", *_containers_ready(state, phase)),
        ("PodScheduled", True, "", ""),
    ]
    if state.resize is not None:
        found.append((RESIZE_PENDING, True, *state.resize))
    known = {condition["type"]: condition for condition in old}
    conditions = []
    for type_, holds, reason, message in found:
        status = "True" if holds else "False"
        before = known.get(type_)
        same = before is not None and before.get("status") == status and before.get("lastTransitionTime")
        if before is not None and same and type_ == "PodScheduled":
            if "observedGeneration" in before:  # a binding by hand tells none
                before = {**before, "observedGeneration": generation}
            conditions.append(before)
            continue
        condition: Object = {
            "type": type_,
            "status": status,
            "observedGeneration": generation,
            "lastProbeTime": None,
            "lastTransitionTime": before["lastTransitionTime"] if before and same else format_time(now),
        }
        if reason:
            condition["reason"] = reason
        if message:
            condition["message"] = message
        conditions.append(condition)
    return conditions


def _initialized(state: PodState, phase: str) -> tuple[bool, str, str]:
    inits = [c for c in state.containers.values() if c.spec.kind in INITIAL]
    missing = [c.spec.name for c in inits if not is_init_done(c)]
    if phase == "Succeeded":
        return True, "PodCompleted", ""
    if not missing or state.initialized:
        return True, "", ""
    return False, "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(missing)}]"


def _containers_ready(state: PodState, phase: str) -> tuple[bool, str, str]:
    unready = [c.spec.name for c in state.containers.values() if c.spec.kind in READY_KINDS and not c.ready]
    if phase == "Succeeded":
        return False, "PodCompleted", ""
    if phase == "Failed":
        return False, "PodFailed", ""
    if not unready:
        return True, "", ""
    return False, "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"


def _ready(state: PodState, phase: str, old: Sequence[Object]) -> tuple[bool, str, str]:
    ready = _containers_ready(state, phase)
    if not ready[0]:
        return ready
    problems = []
    for gate in state.plan.spec.get("readinessGates") or ():
        type_ = gate["conditionType"]
        condition = next((c for c in old if c["type"] == type_), None)
        if condition is None:
            problems.append(f'corresponding condition of pod readiness gate "{type_}" does not exist.')
        elif condition.get("status") != "True":
            problems.append(
                f'the status of pod readiness gate "{type_}" is not "True", but {condition.get("status")}'
            )
    if problems:
        return False, "ReadinessGatesNotReady", ", ".join(problems)
    return True, "", ""

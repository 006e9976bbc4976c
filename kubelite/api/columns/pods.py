"""The columns of pods, above all the Status: one word for what a pod is doing.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go (printPod).
"""

from __future__ import annotations

from typing import Final

import attrs

from kubelite.api.columns.text import AGE, NAME, NONE, Column, since
from kubelite.api.conditions import is_condition_true
from kubelite.api.identity import ByIdentity
from kubelite.api.podutil import TERMINAL_PHASES, is_sidecar
from kubelite.apimachinery.scheme import Object

_SUCCEEDED: Final = {
    "type": "Completed",
    "status": "True",
    "reason": "Succeeded",
    "message": "The pod has completed successfully.",
}
_FAILED: Final = {"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}


@attrs.define(eq=False)
class _Summary:
    """What the cells of one pod say together."""

    reason: str
    total: int
    ready: int = 0
    restarts: int = 0
    last_restart: str = ""
    sidecar_restarts: int = 0
    sidecar_last_restart: str = ""
    initializing: bool = False


def _ended(state: Object) -> str:
    """Why a terminated container ended, in one word."""
    if state.get("reason"):
        return str(state["reason"])
    return f"Signal:{state['signal']}" if state.get("signal") else f"ExitCode:{state.get('exitCode', 0)}"


def _finished_at(status: Object) -> str:
    terminated = (status.get("lastState") or {}).get("terminated") or {}
    text: str = terminated.get("finishedAt") or ""
    return text


def _count_init(summary: _Summary, spec: Object, statuses: list[Object]) -> None:
    """Look at init containers up to the first one which is not done."""
    declared = spec.get("initContainers") or []
    sidecars = {container["name"] for container in declared if is_sidecar(container)}
    summary.total += len(sidecars)
    for index, status in enumerate(statuses):
        restarts = status.get("restartCount") or 0
        summary.restarts += restarts
        summary.last_restart = max(summary.last_restart, _finished_at(status))
        if status["name"] in sidecars:
            summary.sidecar_restarts += restarts
            summary.sidecar_last_restart = max(summary.sidecar_last_restart, _finished_at(status))
        state = status.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if status["name"] in sidecars and status.get("started"):
            summary.ready += bool(status.get("ready"))
            continue
        if terminated is not None:
            summary.reason = f"Init:{_ended(terminated)}"
        elif waiting.get("reason") and waiting["reason"] != "PodInitializing":
            summary.reason = f"Init:{waiting['reason']}"
        else:
            summary.reason = f"Init:{index}/{len(declared)}"
        summary.initializing = True
        return


def _count_containers(summary: _Summary, pod: Object, statuses: list[Object]) -> None:
    summary.restarts = summary.sidecar_restarts
    summary.last_restart = summary.sidecar_last_restart
    has_running = False
    for status in reversed(statuses):
        summary.restarts += status.get("restartCount") or 0
        summary.last_restart = max(summary.last_restart, _finished_at(status))
        state = status.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated")
        if waiting.get("reason"):
            summary.reason = waiting["reason"]
        elif terminated is not None:
            summary.reason = _ended(terminated)
        elif status.get("ready") and state.get("running") is not None:
            has_running = True
            summary.ready += 1
    if summary.reason == "Completed" and has_running:
        summary.reason = "Running" if is_condition_true(pod, "Ready") else "NotReady"


def _summarize(pod: Object) -> _Summary:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    reason = status.get("reason") or status.get("phase") or ""
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    summary = _Summary(reason, len(spec.get("containers") or ()))
    _count_init(summary, spec, status.get("initContainerStatuses") or [])
    if not summary.initializing or is_condition_true(pod, "Initialized"):
        _count_containers(summary, pod, status.get("containerStatuses") or [])
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            summary.reason = "Unknown"
        elif status.get("phase") not in TERMINAL_PHASES:
            summary.reason = "Terminating"
    return summary


_summary: Final = ByIdentity(_summarize, entries_max=4)


def _restarts(pod: Object, now: float) -> str:
    summary = _summary(pod)
    if summary.restarts and summary.last_restart:
        return f"{summary.restarts} ({since(summary.last_restart, now)} ago)"
    return str(summary.restarts)


def _address(pod: Object, _: float) -> str:
    status = pod.get("status") or {}
    addresses = status.get("podIPs") or [{"ip": status.get("podIP")}]
    return addresses[0].get("ip") or NONE


def _readiness_gates(pod: Object, _: float) -> str:
    gates = (pod.get("spec") or {}).get("readinessGates") or []
    if not gates:
        return NONE
    passed = sum(is_condition_true(pod, gate["conditionType"]) for gate in gates)
    return f"{passed}/{len(gates)}"


def status_text(pod: Object) -> str:
    """What `kubectl get pods` shows under STATUS."""
    return _summary(pod).reason


def row_conditions(pod: Object) -> list[Object]:
    """Marks the row of a finished pod, so that clients may leave it out."""
    phase = (pod.get("status") or {}).get("phase")
    if phase == "Succeeded":
        return [_SUCCEEDED]
    return [_FAILED] if phase == "Failed" else []


POD_COLUMNS: Final = (
    NAME,
    Column(
        "Ready",
        lambda pod, _: f"{_summary(pod).ready}/{_summary(pod).total}",
        "How many containers are ready, of how many.",
    ),
    Column("Status", lambda pod, _: _summary(pod).reason, "What the pod is doing, as its containers tell."),
    Column("Restarts", _restarts, "How often containers of the pod were started again, and when last."),
    AGE,
    Column("IP", _address, "The pod's address.", priority=1),
    Column(
        "Node",
        lambda pod, _: (pod.get("spec") or {}).get("nodeName") or NONE,
        "The node that the pod is bound to.",
        priority=1,
    ),
    Column(
        "Nominated Node",
        lambda pod, _: (pod.get("status") or {}).get("nominatedNodeName") or NONE,
        "The node on which room is being made for the pod.",
        priority=1,
    ),
    Column(
        "Readiness Gates", _readiness_gates, "How many readiness gates have passed, of how many.", priority=1
    ),
)

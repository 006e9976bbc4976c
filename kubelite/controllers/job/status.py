"""What a Job's status says, and which pods it has counted: in two steps, so that none is counted twice. Pure.

First the uids of pods that have ended are written to `uncountedTerminatedPods`; only then do these pods lose
their finalizer; and once they have, the uids become numbers. Of Indexed Jobs, the indexes that have succeeded
are enough.

Invariant: a pod is in no number while it has its finalizer.

Source: k8s.io/kubernetes/pkg/controller/job/job_controller.go (trackJobStatusAndRemoveFinalizers).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import attrs

from kubelite.api import podutil
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.job import pods as jobpods
from kubelite.controllers.job.indexes import format_indexes
from kubelite.controllers.job.plan import FINAL, Standing, Verdict, has_index
from kubelite.controllers.job.policies import match_failure

UNCOUNTED_MAX: Final = 500
"""Uids that a status holds at most: with more it would be too large."""
SUSPENDED: Final = "Suspended"
_UNCOUNTED: Final = "uncountedTerminatedPods"
_OMITTED_IF_ZERO: Final = ("active", "succeeded", "failed")


@attrs.frozen(eq=False)
class Tracking:
    """The first step.

    Attributes:
        status: To be written before any finalizer is taken off.
        release: The pods that lose their finalizer then.
        held: Uids of the pods that have one.
        is_partial: There were too many for one look.
    """

    status: Object
    release: Sequence[Object]
    held: frozenset[str]
    is_partial: bool


# --- conditions ---------------------------------------------------------------------------------------------


def with_condition(
    conditions: Sequence[Object], type_: str, status: str, reason: str, message: str, now: float
) -> list[Object]:
    """The conditions with one that says this; a condition that never was is not made to say False."""
    known = next((each for each in conditions if each["type"] == type_), None)
    wanted = (status, reason, message)
    if known is None and status == "False":
        return list(conditions)
    if known is not None and (known["status"], known.get("reason"), known.get("message")) == wanted:
        return list(conditions)
    time = format_time(now)
    made = {
        "type": type_,
        "status": status,
        "lastProbeTime": time,
        "lastTransitionTime": time,
        "reason": reason,
        "message": message,
    }
    if known is None:
        return [*conditions, made]
    return [made if each is known else each for each in conditions]


def with_start(job: Object, now: float) -> Object:
    """The Job with the time at which it started: now, unless it has, or is suspended."""
    status = job.get("status") or {}
    if status.get("startTime") or jobpods.is_suspended(job):
        return job
    return {**job, "status": {**status, "startTime": format_time(now)}}


def with_suspension(job: Object, now: float) -> Object:
    """The status with what it says of a suspension: its time of start ends, and begins anew."""
    status = job.get("status") or {}
    before = status.get("conditions") or []
    suspended = jobpods.is_suspended(job)
    reason, message = ("JobSuspended", "Job suspended") if suspended else ("JobResumed", "Job resumed")
    conditions = with_condition(before, SUSPENDED, str(suspended), reason, message, now)
    if conditions == before:
        return status
    started = {} if suspended else {"startTime": format_time(now)}
    rest = {field: value for field, value in status.items() if field != "startTime"}
    return {**rest, **started, "conditions": conditions}


# --- numbers ------------------------------------------------------------------------------------------------


def _made(status: Object, **fields: Any) -> Object:
    """The status with other fields, as it is written: without what is zero or empty."""
    made = {**status, **fields}
    for field in _OMITTED_IF_ZERO:
        if not made.get(field):
            made.pop(field, None)
    if not made.get("completedIndexes"):
        made.pop("completedIndexes", None)
    uncounted = made.get(_UNCOUNTED) or {}
    made[_UNCOUNTED] = {key: list(uids) for key, uids in uncounted.items() if uids}
    return made


def with_numbers(status: Object, *, active: int, ready: int, terminating: int) -> Object:
    """The status with the numbers of pods that go on."""
    return _made(status, active=active, ready=ready, terminating=terminating)


def settle(status: Object, held: Collection[str]) -> Object:
    """The uids of pods without a finalizer become numbers."""
    uncounted = status.get(_UNCOUNTED) or {}
    made: dict[str, Any] = {}
    left: dict[str, list[str]] = {}
    for field in ("succeeded", "failed"):
        uids = uncounted.get(field) or ()
        left[field] = [uid for uid in uids if uid in held]
        made[field] = (status.get(field) or 0) + len(uids) - len(left[field])
    return _made(status, **made, **{_UNCOUNTED: left})


def plan_tracking(standing: Standing, status: Object, verdict: Verdict | None, now: float) -> Tracking:
    """Note the pods that have ended.

    Args:
        standing: How the Job stood at the begin of the look.
        status: Its status by now.
        verdict: If the Job is over.
        now: Unix seconds.
    """
    tracked = [
        pod
        for pod in standing.pods
        if jobpods.is_tracked(pod) and pod["metadata"]["uid"] not in standing.removed
    ]
    held = frozenset(pod["metadata"]["uid"] for pod in tracked)
    noted = {field: list(uids) for field, uids in (status.get(_UNCOUNTED) or {}).items()}
    status = settle(status, held)
    uncounted = {field: list((status[_UNCOUNTED]).get(field) or ()) for field in ("succeeded", "failed")}
    indexes: set[int] = set()
    release: list[Object] = []
    is_partial = False
    for pod in sorted(tracked, key=_by_index) if standing.indexes is not None else tracked:
        if not _may_leave(standing, pod, verdict):
            continue
        release.append(pod)
        kind = _kind(standing.job, pod, verdict, noted)
        if kind == "succeeded" and standing.indexes is not None:
            if has_index(pod, standing.job) and _by_index(pod) not in standing.indexes.before:
                indexes.add(_by_index(pod))
        elif kind and pod["metadata"]["uid"] not in (noted.get(kind) or ()):
            uncounted[kind].append(pod["metadata"]["uid"])
        is_partial = len(indexes) + sum(map(len, uncounted.values())) >= UNCOUNTED_MAX
        if is_partial:
            break
    status = _made(status, **{_UNCOUNTED: uncounted})
    status = _with_indexes(standing, status, indexes)
    if verdict is not None:
        conditions = status.get("conditions") or []
        if not any(each["type"] == verdict.type for each in conditions):
            conditions = with_condition(
                conditions, verdict.type, "True", verdict.reason, verdict.message, now
            )
            status = {**status, "conditions": conditions}
    return Tracking(status, release, held, is_partial)


def _by_index(pod: Object) -> int:
    index = jobpods.index_of(pod)
    return -1 if index is None else index


def _may_leave(standing: Standing, pod: Object, verdict: Verdict | None) -> bool:
    """Whether nothing more is to be learnt from a pod, so that it may lose its finalizer."""
    job = standing.job
    if job["metadata"].get("deletionTimestamp") or verdict or podutil.phase(pod) == podutil.SUCCEEDED:
        return True
    if not jobpods.is_failed(pod, job):
        return False
    awaited = standing.indexes.awaited if standing.indexes is not None else {}
    kept = awaited.get(_by_index(pod))
    return kept is None or kept["metadata"]["uid"] != pod["metadata"]["uid"]


def _kind(job: Object, pod: Object, verdict: Verdict | None, noted: Object) -> str:
    """As what it is counted: `succeeded`, `failed`, or empty if as neither."""
    if podutil.phase(pod) == podutil.SUCCEEDED and pod["metadata"]["uid"] not in (noted.get("failed") or ()):
        return "succeeded"
    is_lost = verdict is not None and FINAL[verdict.type] == "Failed"  # who runs when the Job fails, fails
    if not is_lost and not jobpods.is_failed(pod, job):
        return ""
    if jobpods.is_indexed(job) and not has_index(pod, job):
        return ""
    return "failed" if match_failure(job["spec"].get("podFailurePolicy"), pod).is_counted else ""


def _with_indexes(standing: Standing, status: Object, new: Collection[int]) -> Object:
    if standing.indexes is None:
        return status
    succeeded = standing.indexes.before.union(new)
    made: dict[str, Any] = {"succeeded": len(succeeded), "completedIndexes": format_indexes(succeeded)}
    if standing.indexes.failed is not None:
        made["failedIndexes"] = format_indexes(standing.indexes.failed)
    return _made(status, **made)


def finish(status: Object, verdict: Verdict, now: float) -> Object | None:
    """The status of a Job that has ended; None while pods are left to be counted or to stop.

    Args:
        status: With all that was counted.
        verdict: Why it is over.
        now: Unix seconds.
    """
    if any((status.get(_UNCOUNTED) or {}).values()) or status.get("terminating"):
        return None
    type_ = FINAL[verdict.type]
    conditions = with_condition(
        status.get("conditions") or (), type_, "True", verdict.reason, verdict.message, now
    )
    completed = {"completionTime": format_time(now)} if type_ == "Complete" else {}
    return {**status, "conditions": conditions, **completed}

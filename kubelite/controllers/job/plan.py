"""How a Job and its pods stand, and whether it is over. Pure.

Source: k8s.io/kubernetes/pkg/controller/job/{job_controller,indexed_job_utils}.go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import attrs

from kubelite.api import podutil
from kubelite.api.conditions import get_condition, is_condition_true
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time
from kubelite.controllers.job import pods as jobpods
from kubelite.controllers.job.backoff import Backoff, next_backoff
from kubelite.controllers.job.indexes import parse_indexes
from kubelite.controllers.job.policies import FAIL_INDEX, match_failure, match_success

COMPLETE: Final = "Complete"
FAILED: Final = "Failed"
CRITERIA_MET: Final = "SuccessCriteriaMet"
FAILURE_TARGET: Final = "FailureTarget"
FINAL: Final = {CRITERIA_MET: COMPLETE, FAILURE_TARGET: FAILED}
"""What is said first -> what is said once all pods have stopped."""
CONTROLLER_NAME: Final = "kubernetes.io/job-controller"


@attrs.frozen
class Verdict:
    """That the Job is over, and why.

    Attributes:
        type: `SuccessCriteriaMet` or `FailureTarget`.
    """

    type: str
    reason: str
    message: str


COMPLETIONS_REACHED: Final = Verdict(
    CRITERIA_MET, "CompletionsReached", "Reached expected number of succeeded pods"
)
BACKOFF_EXCEEDED: Final = Verdict(
    FAILURE_TARGET, "BackoffLimitExceeded", "Job has reached the specified backoff limit"
)
DEADLINE_EXCEEDED: Final = Verdict(
    FAILURE_TARGET, "DeadlineExceeded", "Job was active longer than specified deadline"
)
TOO_MANY_INDEXES: Final = Verdict(
    FAILURE_TARGET,
    "MaxFailedIndexesExceeded",
    "Job has exceeded the specified maximal number of failed indexes",
)
FAILED_INDEXES: Final = Verdict(FAILURE_TARGET, "FailedIndexes", "Job has failed indexes")


@attrs.frozen(eq=False)
class Indexes:
    """How the indexes of an Indexed Job stand.

    Attributes:
        before: Those that had succeeded, as the status says.
        succeeded: Those that have succeeded by now.
        failed: Those that have failed for good; None where failures are not counted by index.
        awaited: Index -> the failed pod which is kept until its successor is made and knows of the failure.
    """

    before: frozenset[int]
    succeeded: frozenset[int]
    failed: frozenset[int] | None
    awaited: Mapping[int, Object]


@attrs.frozen(eq=False, kw_only=True)
class Standing:
    """A Job and its pods at the begin of a look.

    Attributes:
        backoff: With the pods that have ended since the last look.
        job: With the time of its start.
        pods: All of its pods.
        active: Those that neither have ended nor are being deleted.
        removed: Uids of pods whose finalizer was taken off, which the pods here may not show yet.
        terminating: Pods that are being deleted and have not ended.
    """

    job: Object
    pods: Sequence[Object]
    removed: Collection[str]
    active: Sequence[Object]
    ready: int
    terminating: int
    succeeded: int
    failed: int
    indexes: Indexes | None
    backoff: Backoff


# --- questions ----------------------------------------------------------------------------------------------


def is_finished(job: Object) -> bool:
    """Complete or Failed: nothing is done about it any more."""
    return is_condition_true(job, COMPLETE) or is_condition_true(job, FAILED)


def is_managed_elsewhere(job: Object) -> bool:
    """Whether another controller than this one looks after it."""
    return job["spec"].get("managedBy") not in (None, CONTROLLER_NAME)


def is_done(standing: Standing, active: int) -> bool:
    """Whether enough pods have succeeded, and none is left.

    Args:
        standing: How the Job stands.
        active: Its active pods after what was created and deleted.
    """
    completions = standing.job["spec"].get("completions")
    return active == 0 and standing.succeeded >= (1 if completions is None else completions)


# --- how it stands ------------------------------------------------------------------------------------------


def assess(job: Object, pods: Sequence[Object], backoff: Backoff, removed: Collection[str]) -> Standing:
    """Count pods: those that the status tells of, and those that have ended since.

    Args:
        backoff: As of the last look.
        job: The Job.
        pods: All of its pods.
        removed: Uids of pods whose finalizer was taken off.
    """
    status = job.get("status") or {}
    uncounted = status.get("uncountedTerminatedPods") or {}
    had_succeeded, had_failed = uncounted.get("succeeded") or (), uncounted.get("failed") or ()
    fresh = [pod for pod in pods if _is_countable(pod, job, removed)]
    succeeded = [
        pod
        for pod in fresh
        if podutil.phase(pod) == podutil.SUCCEEDED and pod["metadata"]["uid"] not in had_succeeded
    ]
    failed = [
        pod for pod in fresh if jobpods.is_failed(pod, job) and pod["metadata"]["uid"] not in had_failed
    ]
    policy = job["spec"].get("podFailurePolicy")
    failures = sum(match_failure(policy, pod).is_counted for pod in failed)
    active = [pod for pod in pods if podutil.is_active(pod)]
    indexes = _indexes(job, pods, fresh, active) if jobpods.is_indexed(job) else None
    return Standing(
        job=job,
        pods=pods,
        removed=removed,
        active=active,
        ready=sum(map(podutil.is_ready, active)),
        terminating=sum(podutil.is_terminating(pod) and not podutil.is_terminal(pod) for pod in pods),
        succeeded=(status.get("succeeded") or 0) + len(had_succeeded) + len(succeeded)
        if indexes is None
        else len(indexes.succeeded),
        failed=(status.get("failed") or 0) + len(had_failed) + failures,
        indexes=indexes,
        backoff=next_backoff(backoff, map(jobpods.finished_at, succeeded), map(jobpods.finished_at, failed)),
    )


def has_index(pod: Object, job: Object) -> bool:
    """Whether its index is one that the Job has."""
    index = jobpods.index_of(pod)
    return index is not None and index < job["spec"]["completions"]


def _is_countable(pod: Object, job: Object, removed: Collection[str]) -> bool:
    if not jobpods.is_tracked(pod) or pod["metadata"]["uid"] in removed:
        return False
    return not jobpods.is_indexed(job) or has_index(pod, job)


def _indexes(
    job: Object, pods: Sequence[Object], fresh: Sequence[Object], active: Sequence[Object]
) -> Indexes:
    status, completions = job.get("status") or {}, job["spec"]["completions"]
    before = parse_indexes(status.get("completedIndexes") or "", completions)
    tracked = [pod for pod in pods if jobpods.is_tracked(pod) and has_index(pod, job)]
    succeeded = before.union(indexes_of(pod for pod in tracked if podutil.phase(pod) == podutil.SUCCEEDED))
    if not jobpods.limits_each_index(job):
        return Indexes(before, succeeded, None, {})
    failed = parse_indexes(status.get("failedIndexes") or "", completions).union(
        indexes_of(pod for pod in tracked if _fails_index(pod, job))
    )
    settled = succeeded | failed | indexes_of(active)
    return Indexes(before, succeeded, failed, _awaited(job, fresh, settled))


def indexes_of(pods: Iterable[Object]) -> frozenset[int]:
    """The completion indexes of pods."""
    return frozenset(index for pod in pods if (index := jobpods.index_of(pod)) is not None)


def _fails_index(pod: Object, job: Object) -> bool:
    """Whether the failure of a pod is the last that its index may have."""
    if not jobpods.is_failed(pod, job):
        return False
    failure = match_failure(job["spec"].get("podFailurePolicy"), pod)
    if failure.action == FAIL_INDEX:
        return True
    return failure.is_counted and jobpods.index_failures(pod) >= job["spec"]["backoffLimitPerIndex"]


def _awaited(job: Object, fresh: Sequence[Object], settled: Collection[int]) -> dict[int, Object]:
    """The last failed pod of each index that is to have another one."""
    awaited: dict[int, Object] = {}
    for pod in fresh:
        index = jobpods.index_of(pod)
        if index is None or index in settled or not jobpods.is_failed(pod, job):
            continue
        known = awaited.get(index)
        if known is None or _age(known) <= _age(pod):
            awaited[index] = pod
    return awaited


def _age(pod: Object) -> tuple[int, float]:
    return jobpods.index_failures_in_all(pod), jobpods.finished_at(pod)


# --- is it over ---------------------------------------------------------------------------------------------


def judge(standing: Standing, now: float) -> Verdict | None:
    """Whether the Job is over, by what was said before, by its limits or by its policies.

    Args:
        standing: How it stands.
        now: Unix seconds.
    """
    job = standing.job
    for type_ in (CRITERIA_MET, FAILURE_TARGET):
        said = get_condition(job, type_)
        if said is not None and said["status"] == "True":
            return Verdict(type_, said.get("reason") or "", said.get("message") or "")
    return (
        _failed_by_policy(standing)
        or _failed_by_limit(standing, now)
        or (None if standing.indexes is None else _judge_indexes(job["spec"], standing.indexes))
    )


def _failed_by_policy(standing: Standing) -> Verdict | None:
    policy = standing.job["spec"].get("podFailurePolicy")
    if policy is None:
        return None
    for pod in standing.pods:
        if jobpods.is_failed(pod, standing.job):
            message = match_failure(policy, pod).message
            if message:
                return Verdict(FAILURE_TARGET, "PodFailurePolicy", message)
    return None


def _failed_by_limit(standing: Standing, now: float) -> Verdict | None:
    limit = standing.job["spec"].get("backoffLimit")
    if limit is not None and (standing.failed > limit or _restarts_exceed(standing, limit)):
        return BACKOFF_EXCEEDED
    due = deadline(standing.job)
    return DEADLINE_EXCEEDED if due is not None and now >= due else None


def _restarts_exceed(standing: Standing, limit: int) -> bool:
    """Where containers are restarted in their pod, the restarts count instead of failed pods."""
    if standing.job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    restarts = sum(
        each.get("restartCount") or 0
        for pod in standing.pods
        if podutil.phase(pod) in (podutil.RUNNING, podutil.PENDING)
        for field in ("initContainerStatuses", "containerStatuses")
        for each in pod["status"].get(field) or ()
    )
    return restarts >= max(limit, 1)


def deadline(job: Object) -> float | None:
    """When the Job has been active for too long, in Unix seconds; None if it may go on for ever."""
    limit_s = job["spec"].get("activeDeadlineSeconds")
    started = (job.get("status") or {}).get("startTime")
    if limit_s is None or started is None or jobpods.is_suspended(job):
        return None
    return parse_time(started) + float(limit_s)


def _judge_indexes(spec: Object, indexes: Indexes) -> Verdict | None:
    if indexes.failed:
        limit = spec.get("maxFailedIndexes")
        if limit is not None and len(indexes.failed) > limit:
            return TOO_MANY_INDEXES
        if len(indexes.failed) + len(indexes.succeeded) >= spec["completions"]:
            return FAILED_INDEXES
    message = match_success(spec.get("successPolicy"), spec["completions"], indexes.succeeded)
    return Verdict(CRITERIA_MET, "SuccessPolicy", message) if message else None

"""What becomes of a CronJob: which run is due, what its Jobs are, what its status says. Pure.

Source: k8s.io/kubernetes/pkg/controller/cronjob/{cronjob_controllerv2,utils}.go.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from email.utils import format_datetime
from typing import Final

import attrs

from kubelite.api.conditions import is_condition_true
from kubelite.api.cron import CronError, Schedule, parse_schedule
from kubelite.api.resources import CRONJOBS, JOBS
from kubelite.api.timezones import is_time_zone
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time, parse_time
from kubelite.controllers.cronjob.schedule import next_run, zone_of
from kubelite.controllers.job.plan import COMPLETE, FAILED, is_finished
from kubelite.reconcile.intents import Intent, RecordEvent
from kubelite.reconcile.ownership import controller_ref

SCHEDULED: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
DELAY_S: Final = 0.1
"""After the time of a run, so that it is over for certain."""
MISSED_MAX: Final = 100


@attrs.frozen(eq=False)
class Due:
    """The last run that was to be by now.

    Attributes:
        earliest: From when on runs count, in Unix seconds.
        time: Of the run; None if none is due.
        missed: How many runs there were to be, so far as they were counted.
    """

    earliest: float
    time: float | None = None
    missed: int = 0


def schedule_of(cron_job: Object) -> Schedule:
    """When it runs.

    Raises:
        CronError: That is no schedule.
    """
    return parse_schedule(cron_job["spec"]["schedule"], is_time_zone)


def zone_name(cron_job: Object) -> str:
    """The zone in which its schedule is read; empty for UTC."""
    return cron_job["spec"].get("timeZone") or ""


def find_due(cron_job: Object, schedule: Schedule, now: float, *, within_deadline: bool = True) -> Due:
    """The last run that was to be since the one before, or since the CronJob was made.

    Args:
        cron_job: The CronJob.
        schedule: When it runs.
        now: Unix seconds.
        within_deadline: Whether runs that may be started no more do not count.

    Raises:
        CronError: It never runs.
    """
    spec, status = cron_job["spec"], cron_job.get("status") or {}
    earliest = parse_time(status.get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"])
    if within_deadline and spec.get("startingDeadlineSeconds") is not None:
        earliest = max(earliest, now - spec["startingDeadlineSeconds"])
    zone = zone_name(cron_job)
    first = next_run(schedule, earliest, zone)
    second = None if first is None else next_run(schedule, first, zone)
    if first is None or second is None:
        raise CronError("time difference between two schedules is less than 1 second")
    if now < first:
        return Due(earliest)
    if now < second:
        return Due(earliest, first)
    period_s = round(second - first)
    missed = int(now - first) // period_s + 1
    time: float | None = None
    following = next_run(schedule, first + (missed - 2) * period_s, zone)
    while following is not None and following <= now:
        time, following = following, next_run(schedule, following, zone)
    return Due(earliest, time, missed)


def delay_s(cron_job: Object, schedule: Schedule, now: float) -> float:
    """Seconds until the run after the last that was to be.

    Args:
        cron_job: The CronJob.
        schedule: When it runs.
        now: Unix seconds.
    """
    try:
        due = find_due(cron_job, schedule, now, within_deadline=False)
        since = now if due.missed else due.earliest
        since = since if due.time is None else due.time
    except CronError:
        since = now
    following = next_run(schedule, since, zone_name(cron_job))
    return max(0.0, (now if following is None else following) + DELAY_S - now)


# --- Jobs ---------------------------------------------------------------------------------------------------


def job_name(cron_job: Object, time: float) -> str:
    """The name of a run's Job: so that no run has two of them."""
    return f"{cron_job['metadata']['name']}-{int(time) // 60}"


def make_job(cron_job: Object, time: float) -> Object:
    """The Job of a run."""
    template = cron_job["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    local = dt.datetime.fromtimestamp(int(time), zone_of(zone_name(cron_job)))
    scheduled = local.isoformat().replace("+00:00", "Z")
    metadata = {
        "name": job_name(cron_job, time),
        "namespace": cron_job["metadata"]["namespace"],
        "annotations": {**(given.get("annotations") or {}), SCHEDULED: scheduled},
        "ownerReferences": [controller_ref(cron_job, CRONJOBS)],
    }
    if given.get("labels"):
        metadata["labels"] = given["labels"]
    return {"apiVersion": JOBS.api_version, "kind": JOBS.kind, "metadata": metadata, "spec": template["spec"]}


def reference(job: Object) -> Object:
    """How the status names a Job that runs."""
    metadata = job["metadata"]
    return {
        "kind": JOBS.kind,
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": JOBS.api_version,
        "resourceVersion": metadata["resourceVersion"],
    }


def surplus(jobs: Sequence[Object], spec: Object) -> list[Object]:
    """The oldest Jobs that have ended, beyond as many as are kept."""
    found: list[Object] = []
    for type_, field in ((COMPLETE, "successfulJobsHistoryLimit"), (FAILED, "failedJobsHistoryLimit")):
        limit = spec.get(field)
        if limit is not None:
            ended = sorted((job for job in jobs if is_condition_true(job, type_)), key=_age)
            found += ended[: max(0, len(ended) - limit)]
    return [job for job in found if not job["metadata"].get("deletionTimestamp")]


def _age(job: Object) -> tuple[bool, str, str]:
    """Those that never started last."""
    started = (job.get("status") or {}).get("startTime") or ""
    return not started, started, job["metadata"]["name"]


# --- the status ---------------------------------------------------------------------------------------------


def active(status: Object) -> list[Object]:
    """The Jobs that the status says to run."""
    return list(status.get("active") or ())


def with_active(status: Object, references: Sequence[Object]) -> Object:
    """The status with other Jobs that run."""
    rest = {field: value for field, value in status.items() if field != "active"}
    return {"active": list(references), **rest} if references else rest


def with_run(status: Object, references: Sequence[Object], time: float) -> Object:
    """The status after a run was started."""
    return {**with_active(status, references), "lastScheduleTime": format_time(time)}


def is_started(status: Object, name: str, time: float) -> bool:
    """Whether a run has been started.

    Args:
        status: Of the CronJob.
        name: Of the run's Job.
        time: Of the run.
    """
    return status.get("lastScheduleTime") == format_time(time) or any(
        each["name"] == name for each in active(status)
    )


def shown_time(time: float) -> str:
    """The time of a run, as an Event tells it."""
    return format_datetime(dt.datetime.fromtimestamp(int(time), dt.UTC))


def without(status: Object, uids: Collection[str]) -> Object:
    """The status without Jobs of these uids."""
    return with_active(status, [each for each in active(status) if each["uid"] not in uids])


def follow(cron_job: Object, status: Object, jobs: Sequence[Object]) -> tuple[Object, list[Intent]]:
    """The status, and Events, after what has become of Jobs.

    Args:
        cron_job: Whose they are.
        status: As it is by now.
        jobs: All of them, those that were just deleted among them.
    """
    events: list[Intent] = []
    for job in jobs:
        uid, name = job["metadata"]["uid"], job["metadata"]["name"]
        is_known = any(each["uid"] == uid for each in active(status))
        if not is_finished(job):
            if not is_known:
                text = f"Saw a job that the controller did not create or forgot: {name}"
                events.append(RecordEvent(cron_job, "Warning", "UnexpectedJob", text))
            continue
        is_complete = is_condition_true(job, COMPLETE)
        if is_known:
            status = without(status, {uid})
            how = COMPLETE if is_complete else FAILED
            text = f"Saw completed job: {name}, condition: {how}"
            events.append(RecordEvent(cron_job, "Normal", "SawCompletedJob", text))
        completed = job["status"].get("completionTime") if is_complete else None
        if completed and completed > (status.get("lastSuccessfulTime") or ""):
            status = {**status, "lastSuccessfulTime": completed}
    return status, events

"""CronJob controller: a Job for each run of a schedule, and not too many old ones.

It looks at a CronJob when that or one of its Jobs changes, and at the time of the next run. Which run is due
and what the status says is decided in `plan`.

Invariant: a run has one Job, since its name is that of the minute.

Source: k8s.io/kubernetes/pkg/controller/cronjob/cronjob_controllerv2.go.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from typing import Final

import attrs

from kubelite.api.cron import CronError, Schedule
from kubelite.api.resources import CRONJOBS, JOBS
from kubelite.api.timezones import is_time_zone
from kubelite.apimachinery.apierrors import NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.cronjob import plan as cronplan
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.executor import is_namespace_terminating
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    Intent,
    Outcome,
    Outcomes,
    ReadObject,
    RecordEvent,
    RequeueAfter,
    Steps,
    UpdateStatus,
)
from kubelite.reconcile.ownership import controller_of, key_of, split_key

RETRY_S: Final = 1.0
"""Seconds after which a Job that was to be replaced and could not be read is looked for again."""
TOO_MANY_MISSED: Final = (
    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
)


@attrs.define(eq=False)
class Look:
    """A CronJob in the course of one look."""

    cron_job: Object
    status: Object

    def event(self, type_: str, reason: str, message: str) -> RecordEvent:
        """An Event about it."""
        return RecordEvent(self.cron_job, "Warning" if type_ == "Warning" else "Normal", reason, message)


class CronJobController(Reconciler):
    """Keys are CronJobs."""

    name = "cronjob-controller"
    component = "cronjob-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._cron_jobs = self.informer(CRONJOBS)
        self._jobs = self.informer(JOBS)
        self._written: dict[str, int] = {}

    def watches(self) -> Sequence[Watch]:
        """CronJobs and their Jobs."""
        return Watch(CRONJOBS, self._keys), Watch(JOBS, self._job_keys)

    def _keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """A new schedule begins with its next run; all else is looked at now."""
        either = new or old
        assert either is not None
        key = key_of(either)
        if old is None or new is None or old["metadata"]["uid"] != new["metadata"]["uid"]:
            self._written.pop(key, None)
            return (key,)
        if all(old["spec"].get(field) == new["spec"].get(field) for field in ("schedule", "timeZone")):
            return (key,)
        try:
            delay_s = cronplan.delay_s(new, cronplan.schedule_of(new), self.clock.now())
        except CronError:
            return (key,)
        self.environment.enqueue(key, delay_s)
        return ()

    def _job_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        keys: dict[str, None] = {}
        for job in (old, new):
            owner = None if job is None else controller_of(job)
            if job is None or owner is None or owner["kind"] != CRONJOBS.kind:
                continue
            cron_job = self._cron_jobs.get(job["metadata"]["namespace"], owner["name"])
            if cron_job is not None and cron_job["metadata"]["uid"] == owner["uid"]:
                keys[key_of(cron_job)] = None
        return keys

    # --- a look ---------------------------------------------------------------------------------------------

    def sync(self, key: str) -> Steps:
        """Delete old Jobs, see what has become of others, start the run that is due, write the status."""
        namespace, name = split_key(key)
        cron_job = self._cron_jobs.get(namespace, name)
        if cron_job is None:
            self._written.pop(key, None)
            return
        if int(cron_job["metadata"]["resourceVersion"]) < self._written.get(key, 0):
            return  # an old one: the informer will tell of the one that was written
        uid = cron_job["metadata"]["uid"]
        jobs = [job for job in self._jobs.by_owner(uid) if (controller_of(job) or {}).get("uid") == uid]
        look = Look(cron_job, cron_job.get("status") or {})
        for job in cronplan.surplus(jobs, cron_job["spec"]):
            yield from self._delete(look, job["metadata"])
        look.status, events = cronplan.follow(cron_job, look.status, jobs)
        yield events
        is_known = yield from self._miss(look, {job["metadata"]["uid"] for job in jobs})
        if is_known and not cron_job["metadata"].get("deletionTimestamp"):
            yield from self._run(look)
        if look.status != (cron_job.get("status") or {}):
            (outcome,) = yield (UpdateStatus(CRONJOBS, {**cron_job, "status": look.status}),)
            if outcome.object is not None:
                self._written[key] = int(outcome.object["metadata"]["resourceVersion"])

    def _miss(self, look: Look, present: set[str]) -> Generator[Sequence[Intent], Outcomes, bool]:
        """Jobs that are said to run, but are gone when read live; tells whether all could be read."""
        for each in cronplan.active(look.status):
            if each["uid"] in present:
                continue
            (outcome,) = yield (ReadObject(JOBS, each["namespace"], each["name"]),)
            if outcome.error is not None:
                return False
            if outcome.object is None:
                look.status = cronplan.without(look.status, {each["uid"]})
                yield (look.event("Normal", "MissingJob", f"Active job went missing: {each['name']}"),)
        return True

    def _run(self, look: Look) -> Steps:
        """Start the run that is due, and ask for a look at the time of the next."""
        spec = look.cron_job["spec"]
        schedule = yield from self._schedule(look)
        if schedule is None:
            return
        now = self.clock.now()
        try:
            due = cronplan.find_due(look.cron_job, schedule, now)
        except CronError as error:
            text = f"invalid schedule: {spec['schedule']} : {error}"
            yield (look.event("Warning", "InvalidSchedule", text),)
            return
        if due.missed > cronplan.MISSED_MAX:
            yield (look.event("Warning", "TooManyMissedTimes", TOO_MANY_MISSED),)
        if due.time is not None and (yield from self._may_start(look, due.time, now)):
            is_ours = yield from self._start(look, due.time)
            if not is_ours:
                return
        told = {**look.cron_job, "status": look.status}
        yield (RequeueAfter(cronplan.delay_s(told, schedule, now)),)

    def _schedule(self, look: Look) -> Generator[Sequence[Intent], Outcomes, Schedule | None]:
        """When to run; None if never, for now."""
        spec = look.cron_job["spec"]
        zone, text = spec.get("timeZone"), spec["schedule"]
        if zone is not None and not is_time_zone(zone):
            message = f"invalid timeZone: {json.dumps(zone)}: unknown time zone {zone}"
            yield (look.event("Warning", "UnknownTimeZone", message),)
            return None
        if spec.get("suspend"):
            return None
        if "TZ" in text:
            message = (
                f"CRON_TZ or TZ used in schedule {json.dumps(text)} is not officially supported, see "
                "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
            )
            yield (look.event("Warning", "UnsupportedSchedule", message),)
        try:
            return cronplan.schedule_of(look.cron_job)
        except CronError as error:
            message = f"unparseable schedule: {json.dumps(text)} : {error}"
            yield (look.event("Warning", "UnparseableSchedule", message),)
            return None

    def _may_start(self, look: Look, time: float, now: float) -> Generator[Sequence[Intent], Outcomes, bool]:
        """Whether a run is to be: not too late, not again, not beside another one if that is forbidden."""
        spec = look.cron_job["spec"]
        deadline_s = spec.get("startingDeadlineSeconds")
        if deadline_s is not None and time + deadline_s < now:
            text = f"Missed scheduled time to start a job: {cronplan.shown_time(time)}"
            yield (look.event("Warning", "MissSchedule", text),)
            return False
        running = cronplan.active(look.status)
        if cronplan.is_started(look.status, cronplan.job_name(look.cron_job, time), time):
            return False
        if spec.get("concurrencyPolicy") == "Forbid" and running:
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            yield (look.event("Normal", "JobAlreadyActive", text),)
            return False
        if spec.get("concurrencyPolicy") == "Replace":
            for each in running:
                if not (yield from self._replace(look, each)):
                    return False
        return True

    def _replace(self, look: Look, reference: Object) -> Generator[Sequence[Intent], Outcomes, bool]:
        """Delete a Job that still runs, if it is there."""
        name = reference["name"]
        (outcome,) = yield (ReadObject(JOBS, reference["namespace"], name),)
        if outcome.object is None:
            error = outcome.error or NotFound(JOBS, name)
            yield look.event("Warning", "FailedGet", f"Get job: {error.message}"), RequeueAfter(RETRY_S)
            return False
        return (yield from self._delete(look, outcome.object["metadata"]))

    def _delete(self, look: Look, metadata: Object) -> Generator[Sequence[Intent], Outcomes, bool]:
        """Delete a Job with its pods."""
        name = metadata["name"]
        (outcome,) = yield (DeleteObject(JOBS, metadata["namespace"], name, propagation_policy="Background"),)
        if outcome.failed:
            assert outcome.error is not None
            text = f"Deleted job: {outcome.error.message}"
            yield (look.event("Warning", "FailedDelete", text),)
            return False
        look.status = cronplan.without(look.status, {metadata["uid"]})
        yield (look.event("Normal", "SuccessfulDelete", f"Deleted job {name}"),)
        return True

    def _start(self, look: Look, time: float) -> Generator[Sequence[Intent], Outcomes, bool]:
        """Start a run; False if there is a Job of that name already that is not this CronJob's to start.

        Nothing wakes the CronJob then but a change, as in Kubernetes.
        """
        made = cronplan.make_job(look.cron_job, time)
        (outcome,) = yield (CreateObject(JOBS, made, exists_ok=True),)
        job = outcome.object
        if job is not None:
            text = f"Created job {job['metadata']['name']}"
            yield (look.event("Normal", "SuccessfulCreate", text),)
        else:
            job = yield from self._not_created(look, made, outcome)
        if job is None:
            return not outcome.ignored
        running = [*cronplan.active(look.status), cronplan.reference(job)]
        look.status = cronplan.with_run(look.status, running, time)
        return True

    @staticmethod
    def _not_created(
        look: Look, made: Object, outcome: Outcome
    ) -> Generator[Sequence[Intent], Outcomes, Object | None]:
        """The Job, if it is there already: by an earlier look whose status was not written."""
        error = outcome.error
        assert error is not None
        if error.reason != "AlreadyExists":
            if not is_namespace_terminating(error):
                yield (look.event("Warning", "FailedCreate", f"Error creating job: {error.message}"),)
            return None
        (read,) = yield (ReadObject(JOBS, made["metadata"]["namespace"], made["metadata"]["name"]),)
        if read.object is None:
            return None
        owner = controller_of(read.object)
        is_ours = owner is not None and owner["uid"] == look.cron_job["metadata"]["uid"]
        uid = read.object["metadata"]["uid"]
        is_known = any(each["uid"] == uid for each in cronplan.active(look.status))
        return read.object if is_ours and not is_known else None

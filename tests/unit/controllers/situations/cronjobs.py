"""What CronJobs have told."""

from __future__ import annotations

from kubelite.api.resources import (
    CRONJOBS,
    JOBS,
)
from kubelite.controllers.cronjob.controller import CronJobController, Look
from kubelite.controllers.cronjob.plan import reference
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    ReadObject,
)
from tests.unit.controllers.desk import NOW, Desk
from tests.unit.controllers.situations.parts import (
    NO_TEXT,
    look,
    named,
    owned,
    refuse,
    tells,
)


def cron_job(status=None, created="2026-01-01T11:59:30Z", **spec):
    made = named(
        "c", spec={"schedule": "0 * * * *", "jobTemplate": {"spec": {}}, **spec}, status=status or {}
    )
    made["metadata"]["creationTimestamp"] = created
    return made


def cron(made, *jobs, answer=lambda _: None):
    return look(CronJobController, "d/c", (CRONJOBS, made), *((JOBS, each) for each in jobs), answer=answer)


def run_job(name="run", ended=None):
    status = {} if ended is None else {"conditions": [{"type": ended, "status": "True"}]}
    return owned(named(name, spec={}, status=status), named("c"), "CronJob", "batch/v1")


def running(*jobs):
    return {"active": [reference(each) for each in jobs]}


CRON_JOB = {"kind": "CronJob"}
of_cron_jobs = (CronJobController, "CronJob")


@tells(*of_cron_jobs, "Normal", "SuccessfulCreate", "Created job c-29454480")
def a_run_is_due():
    return cron(cron_job())


@tells(*of_cron_jobs, "Warning", "FailedCreate", f"Error creating job: {NO_TEXT}")
def a_run_cannot_be_started():
    return cron(cron_job(), answer=refuse(CreateObject))


@tells(
    *of_cron_jobs, "Warning", "UnexpectedJob", "Saw a job that the controller did not create or forgot: run"
)
def a_job_runs_that_is_not_known():
    return cron(cron_job(), run_job())


@tells(*of_cron_jobs, "Normal", "SawCompletedJob", "Saw completed job: run, condition: Failed")
def a_job_has_ended():
    return cron(cron_job(running(run_job())), run_job(ended="Failed"))


@tells(*of_cron_jobs, "Normal", "MissingJob", "Active job went missing: run")
def a_job_is_gone():
    return cron(cron_job(running(run_job())))


@tells(*of_cron_jobs, "Normal", "SuccessfulDelete", "Deleted job run")
def a_job_is_beyond_the_history():
    return cron(cron_job(successfulJobsHistoryLimit=0), run_job(ended="Complete"))


@tells(*of_cron_jobs, "Warning", "FailedDelete", f"Deleted job: {NO_TEXT}")
def an_old_job_cannot_be_deleted():
    made = cron_job(successfulJobsHistoryLimit=0)
    return cron(made, run_job(ended="Complete"), answer=refuse(DeleteObject))


@tells(*of_cron_jobs, "Warning", "FailedGet", f"Get job: {NO_TEXT}")
def a_job_to_be_replaced_cannot_be_read():
    made = cron_job(running(run_job()), concurrencyPolicy="Replace")
    return cron(made, run_job(), answer=refuse(ReadObject))


@tells(
    *of_cron_jobs,
    "Normal",
    "JobAlreadyActive",
    "Not starting job because prior execution is running and concurrency policy is Forbid",
)
def a_run_is_forbidden_beside_another():
    return cron(cron_job(running(run_job()), concurrencyPolicy="Forbid"), run_job())


@tells(
    *of_cron_jobs,
    "Warning",
    "MissSchedule",
    "Missed scheduled time to start a job: Thu, 01 Jan 2026 12:00:00 +0000",
)
def a_run_is_too_late():
    # What is beyond the deadline is not even due, but by a clock that goes on in between.
    made = {**CRON_JOB, **cron_job(startingDeadlineSeconds=9)}
    return next(Desk().make(CronJobController)._may_start(Look(made, {}), NOW, NOW + 10))


@tells(
    *of_cron_jobs,
    "Warning",
    "TooManyMissedTimes",
    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
)
def many_runs_were_missed():
    return cron(cron_job(created="2025-12-01T00:00:00Z"))


@tells(
    *of_cron_jobs, "Warning", "UnknownTimeZone", 'invalid timeZone: "No/Where": unknown time zone No/Where'
)
def the_time_zone_is_not_known():
    return cron(cron_job(timeZone="No/Where"))


@tells(
    *of_cron_jobs,
    "Warning",
    "UnsupportedSchedule",
    'CRON_TZ or TZ used in schedule "TZ=UTC 0 * * * *" is not officially supported, see '
    "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
)
def the_schedule_names_a_time_zone():
    return cron(cron_job(schedule="TZ=UTC 0 * * * *"))


@tells(
    *of_cron_jobs,
    "Warning",
    "UnparseableSchedule",
    'unparseable schedule: "never" : expected exactly 5 fields, found 1: [never]',
)
def the_schedule_is_none():
    return cron(cron_job(schedule="never"))


@tells(
    *of_cron_jobs,
    "Warning",
    "InvalidSchedule",
    "invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second",
)
def the_schedule_has_no_time():
    return cron(cron_job(schedule="0 0 31 2 *"))

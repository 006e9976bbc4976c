"""What a look at a CronJob does when it is not alone: Jobs that are gone, taken, in the way."""

from __future__ import annotations

from kubelite.api.resources import CRONJOBS, JOBS
from kubelite.apimachinery.apierrors import AlreadyExists, InternalError, NotFound
from kubelite.apimachinery.timestamps import format_time, parse_time
from kubelite.controllers.cronjob import plan as cronplan
from kubelite.controllers.cronjob.controller import CronJobController
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    Outcome,
    ReadObject,
    RequeueAfter,
    UpdateStatus,
)
from tests.unit.controllers.desk import Desk, only, owned_by, told

NOON = "2026-01-01T12:00:00Z"


def cron_job(status=None, **spec):
    metadata = {"name": "c", "namespace": "d", "uid": "u", "resourceVersion": "1"}
    template = {"spec": {"template": {"spec": {"containers": []}}}}
    return {
        "metadata": {**metadata, "creationTimestamp": "2026-01-01T11:59:30Z"},
        "spec": {"schedule": "0 * * * *", "jobTemplate": template, **spec},
        "status": status or {},
    }


def job(name, *, ended=None, completed=None):
    status = {} if ended is None else {"conditions": [{"type": ended, "status": "True"}]}
    if completed is not None:
        status["completionTime"] = completed
    metadata = {"name": name, "namespace": "d", "uid": f"uid-{name}", "resourceVersion": "1"}
    owner = owned_by(cron_job(), "CronJob", "batch/v1")
    return {"metadata": {**metadata, "ownerReferences": [owner]}, "status": status}


def look(made, *jobs, answer=lambda _: None, live=()):
    desk = Desk(parse_time(NOON))
    desk.put(CRONJOBS, made)
    desk.put(JOBS, *jobs)
    known = {each["metadata"]["name"]: each for each in live}

    def answered(intent):
        if isinstance(intent, ReadObject) and intent.name in known:
            return answer(intent) or Outcome(intent, known[intent.name])
        return answer(intent)

    return desk.look(desk.make(CronJobController), "d/c", answered)


def written(asked):
    (update,) = only(asked, UpdateStatus)
    return update.object["status"]


def test_a_job_that_runs_is_replaced_in_the_form_that_it_has_now():
    status = {"active": [cronplan.reference(job("old"))]}
    asked = look(cron_job(status, concurrencyPolicy="Replace"), job("old"))
    assert [each.name for each in only(asked, DeleteObject)] == ["old"]
    assert [each["name"] for each in written(asked)["active"]] == ["c-29454480"]


def test_a_job_that_is_gone_cannot_be_replaced_and_is_looked_for_again():
    status = {"active": [cronplan.reference(job("old"))]}
    gone = NotFound(JOBS, "old")
    asked = look(
        cron_job(status, concurrencyPolicy="Replace"),
        job("old"),
        answer=lambda intent: gone if isinstance(intent, ReadObject) else None,
    )
    assert told(asked) == [("Warning", "FailedGet", 'Get job: jobs.batch "old" not found')]
    assert not only(asked, CreateObject)


def test_nothing_is_started_while_it_cannot_be_told_what_runs():
    status = {"active": [cronplan.reference(job("old"))]}
    asked = look(
        cron_job(status),
        answer=lambda intent: InternalError("no") if isinstance(intent, ReadObject) else None,
    )
    assert not told(asked)
    assert not only(asked, CreateObject)


def test_a_job_of_somebody_else_with_the_name_of_the_run_stops_the_clock():
    foreign = {**job("c-29454480"), "metadata": {**job("c-29454480")["metadata"], "ownerReferences": []}}
    taken = AlreadyExists(JOBS, "c-29454480")
    asked = look(
        cron_job(),
        answer=lambda intent: taken if isinstance(intent, CreateObject) else None,
        live=[foreign],
    )
    assert not told(asked)
    assert not only(asked, RequeueAfter)
    assert not only(asked, UpdateStatus)


def test_a_job_of_an_earlier_look_is_taken_for_that_of_the_run():
    taken = AlreadyExists(JOBS, "c-29454480")
    asked = look(
        cron_job(),
        answer=lambda intent: taken if isinstance(intent, CreateObject) else None,
        live=[job("c-29454480")],
    )
    assert written(asked)["lastScheduleTime"] == NOON
    assert only(asked, RequeueAfter)


def test_only_a_success_is_the_last_success():
    late, early = format_time(parse_time(NOON) - 60), format_time(parse_time(NOON) - 90)
    status = {"active": [], "lastScheduleTime": NOON}
    failed, done = job("a", ended="Failed", completed=late), job("b", ended="Complete", completed=early)
    asked = look(cron_job(status), failed, done)
    assert written(asked)["lastSuccessfulTime"] == early


def test_a_cron_job_that_goes_while_its_status_is_written_is_forgotten():
    desk = Desk(parse_time(NOON))
    desk.put(CRONJOBS, cron_job())
    controller = desk.make(CronJobController)
    (heard,) = (each.keys for each in controller.watches() if each.resource == CRONJOBS)

    def answer(intent):
        if isinstance(intent, UpdateStatus):
            desk.take(CRONJOBS, "c")
            list(heard(cron_job(), None))

    assert only(desk.look(controller, "d/c", answer), UpdateStatus)
    desk.look(controller, "d/c")
    assert not controller._written

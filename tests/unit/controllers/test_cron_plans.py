"""When CronJobs run, and what becomes of their Jobs, without a loop."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from kubelite.api.cron import CronError, parse_schedule
from kubelite.api.timezones import is_time_zone
from kubelite.apimachinery.timestamps import format_time, parse_time
from kubelite.controllers.cronjob import plan as cronplan
from kubelite.controllers.cronjob.schedule import next_run, zone_of

HOUR_S = 3600


def schedule(text):
    return parse_schedule(text, is_time_zone)


def following(text, after, zone="", count=1):
    time = parse_time(after)
    times = []
    for _ in range(count):
        time = next_run(schedule(text), time, zone)
        times.append(format_time(time))
    return times[0] if count == 1 else times


def cron_job(text="*/10 * * * *", *, created="2026-01-01T00:00:00Z", status=None, **spec):
    return {
        "metadata": {"name": "tick", "namespace": "default", "uid": "c", "creationTimestamp": created},
        "spec": {"schedule": text, "jobTemplate": {"spec": {"template": {}}}, **spec},
        "status": status or {},
    }


def job(name, how=None, *, started="2026-01-01T00:00:00Z", completed=None):
    conditions = [{"type": how, "status": "True"}] if how else []
    status = {"startTime": started, "conditions": conditions}
    if completed:
        status["completionTime"] = completed
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": "7"}
    return {"metadata": metadata, "status": status}


def due(job, now, **more):
    found = cronplan.find_due(job, schedule(job["spec"]["schedule"]), parse_time(now), **more)
    return found.time and format_time(found.time), found.missed


def wait_s(job, now):
    return cronplan.delay_s(job, schedule(job["spec"]["schedule"]), parse_time(now))


# --- schedules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "after", "time"),
    [
        ("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
        ("* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z"),
        ("*/15 * * * *", "2026-01-01T00:50:00Z", "2026-01-01T01:00:00Z"),
        ("30 8 * * *", "2026-01-01T08:30:00Z", "2026-01-02T08:30:00Z"),
        ("0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 1 1 *", "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("0 0 * * 0", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("0 12 1-7 * *", "2026-01-07T12:00:00Z", "2026-02-01T12:00:00Z"),
        ("@every 90m", "2026-01-01T00:00:10Z", "2026-01-01T01:30:10Z"),
    ],
)
def test_the_next_run_is_the_first_minute_that_fits(text, after, time):
    assert following(text, after) == time


def test_a_day_that_never_comes_has_no_run():
    assert next_run(schedule("0 0 31 2 *"), 0.0) is None


def test_a_schedule_is_read_in_its_zone():
    assert following("0 8 * * *", "2026-01-01T00:00:00Z", "Europe/Rome") == "2026-01-01T07:00:00Z"
    assert following("0 8 * * *", "2026-07-01T00:00:00Z", "Europe/Rome") == "2026-07-01T06:00:00Z"
    assert following("TZ=Asia/Kolkata 0 8 * * *", "2026-01-01T00:00:00Z") == "2026-01-01T02:30:00Z"


def test_an_hour_that_is_left_out_has_no_run_and_one_that_comes_twice_has_two():
    assert following("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Rome") == "2026-03-30T00:30:00Z"
    assert following("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Rome", count=3) == [
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-26T01:30:00Z",
    ]


def test_a_midnight_that_is_left_out_does_not_stop_the_clock():
    after = following("0 5 * * *", "2018-11-03T12:00:00Z", "America/Sao_Paulo")
    assert after == "2018-11-04T07:00:00Z"


@settings(max_examples=60)
@given(
    st.sampled_from(["*/7 * * * *", "0 */5 * * *", "10 3 * * 1-3", "5 4 10-12 * *", "0 1 1 * 1"]),
    st.integers(0, 60 * 24 * 365),
    st.sampled_from(["", "Europe/Rome", "Australia/Lord_Howe"]),
)
def test_no_minute_that_fits_is_passed_over(text, minutes, zone):
    import datetime as dt  # noqa: PLC0415 - the oracle's own

    parsed, after = schedule(text), 1_767_225_600.0 + minutes * 60
    time = next_run(parsed, after, zone)
    for step in range(1, 60 * 24 * 2):
        moment = after + step * 60
        local = dt.datetime.fromtimestamp(moment, zone_of(zone))
        days = (local.day in parsed.days, local.isoweekday() % 7 in parsed.weekdays)
        if (
            local.minute in parsed.minutes
            and local.hour in parsed.hours
            and (all(days) if any(parsed.starred) else any(days))
        ):
            assert time == moment
            return
    assert time > moment


# --- which run is due ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-01-01T00:09:59Z", (None, 0)),
        ("2026-01-01T00:10:00Z", ("2026-01-01T00:10:00Z", 0)),
        ("2026-01-01T00:19:59Z", ("2026-01-01T00:10:00Z", 0)),
        ("2026-01-01T00:35:00Z", ("2026-01-01T00:30:00Z", 3)),
    ],
)
def test_only_the_last_of_the_missed_runs_is_due(now, expected):
    assert due(cron_job(), now) == expected


def test_runs_before_the_last_one_or_beyond_the_deadline_are_not_due():
    done = cron_job(status={"lastScheduleTime": "2026-01-01T00:30:00Z"})
    assert due(done, "2026-01-01T00:35:00Z") == (None, 0)
    late = cron_job(startingDeadlineSeconds=60)
    assert due(late, "2026-01-01T00:35:00Z") == (None, 0)
    assert due(late, "2026-01-01T00:35:00Z", within_deadline=False) == ("2026-01-01T00:30:00Z", 3)


def test_a_schedule_that_never_runs_is_an_error():
    with pytest.raises(CronError, match="less than 1 second"):
        due(cron_job("0 0 31 2 *"), "2026-01-01T00:00:00Z")


def test_the_next_look_is_just_after_the_next_run():
    assert wait_s(cron_job(), "2026-01-01T00:04:00Z") == pytest.approx(360.1)
    assert wait_s(cron_job(), "2026-01-01T00:14:00Z") == pytest.approx(360.1)
    assert wait_s(cron_job(), "2026-01-01T02:14:00Z") == pytest.approx(360.1)


# --- its Jobs -----------------------------------------------------------------------------------------------


def test_a_job_is_named_by_its_minute_and_knows_its_time():
    made = cronplan.make_job(cron_job(timeZone="Europe/Rome"), parse_time("2026-01-01T07:00:00Z"))
    assert made["metadata"]["name"] == f"tick-{parse_time('2026-01-01T07:00:00Z') // 60:.0f}"
    assert made["metadata"]["annotations"][cronplan.SCHEDULED] == "2026-01-01T08:00:00+01:00"
    utc = cronplan.make_job(cron_job(), parse_time("2026-01-01T07:00:00Z"))
    assert utc["metadata"]["annotations"][cronplan.SCHEDULED] == "2026-01-01T07:00:00Z"


def test_the_oldest_jobs_beyond_the_limits_go():
    jobs = [
        job("a", "Complete", started="2026-01-03T00:00:00Z"),
        job("b", "Complete", started="2026-01-01T00:00:00Z"),
        job("c", "Failed"),
        job("d"),
    ]
    spec = {"successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 0}
    assert [each["metadata"]["name"] for each in cronplan.surplus(jobs, spec)] == ["b", "c"]
    assert cronplan.surplus(jobs, {}) == []


def test_jobs_that_have_ended_run_no_more_and_the_last_success_is_noted():
    ended, failed = job("a", "Complete", completed="2026-01-01T00:00:05Z"), job("b", "Failed")
    running, other = job("c"), job("d")
    status = {"active": [cronplan.reference(each) for each in (ended, failed, running)]}
    told, events = cronplan.follow(cron_job(), status, [ended, failed, running, other])
    assert [each["name"] for each in told["active"]] == ["c"]
    assert told["lastSuccessfulTime"] == "2026-01-01T00:00:05Z"
    assert [event.message for event in events] == [
        "Saw completed job: a, condition: Complete",
        "Saw completed job: b, condition: Failed",
        "Saw a job that the controller did not create or forgot: d",
    ]


def test_a_missed_run_is_told_as_mails_are_dated():
    assert cronplan.shown_time(parse_time("2026-01-01T07:00:00Z")) == "Thu, 01 Jan 2026 07:00:00 +0000"

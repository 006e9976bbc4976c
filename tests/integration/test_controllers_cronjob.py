"""CronJobs on a whole cluster, in virtual time: hours pass in no time."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.resources import CRONJOBS
from kubelite.apimachinery.timestamps import parse_time
from kubelite.testing import VirtualClock

MINUTE_S = 60


def manifest(script="exit 0", schedule="*/10 * * * *", **spec):
    container = {"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", script]}
    pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
    job = {"metadata": {"labels": {"l": "m"}}, "spec": {"backoffLimit": 0, "template": {"spec": pod}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "tick"},
        "spec": {"schedule": schedule, "jobTemplate": job, **spec},
    }


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as running:
        yield running


async def until_minute(cluster, minute, second=5):
    """Let time pass until so many minutes past the next full hour."""
    now = cluster.clock.now()
    hour = (now // 3600 + 1) * 3600
    await cluster.clock.sleep(hour + minute * MINUTE_S + second - now)
    return hour


async def jobs(cluster):
    found = await cluster.get("jobs")
    return sorted(found, key=lambda each: each["metadata"]["name"])


async def reasons(cluster):
    return [
        each["reason"] for each in await cluster.get("events") if each["involvedObject"]["kind"] == "CronJob"
    ]


async def test_each_run_has_a_job_named_by_its_minute(cluster):
    hour = await until_minute(cluster, 1)
    await cluster.apply(manifest())
    await cluster.clock.sleep(10 * MINUTE_S)
    (job,) = await jobs(cluster)
    time = hour + 10 * MINUTE_S
    assert job["metadata"]["name"] == f"tick-{time // 60:.0f}"
    assert job["metadata"]["labels"]["l"] == "m"
    scheduled = job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    assert parse_time(scheduled) == time
    cron_job = await cluster.get("cronjob", "tick")
    assert job["metadata"]["ownerReferences"][0]["uid"] == cron_job["metadata"]["uid"]
    assert parse_time(cron_job["status"]["lastScheduleTime"]) == time
    assert cron_job["status"]["lastSuccessfulTime"] == job["status"]["completionTime"]
    assert "active" not in cron_job["status"]
    assert await reasons(cluster) == ["SuccessfulCreate", "SawCompletedJob"]


async def test_three_successes_and_one_failure_are_kept(cluster):
    await until_minute(cluster, 1)
    await cluster.apply(manifest())
    await cluster.clock.sleep(2 * 3600)
    assert len(await jobs(cluster)) == 3
    assert len(await cluster.get("pods")) == 3
    await cluster.delete("cronjob", "tick")
    await cluster.clock.sleep(10)
    assert await jobs(cluster) == []
    await cluster.apply(manifest("exit 1"))
    await cluster.clock.sleep(2 * 3600)
    assert len(await jobs(cluster)) == 1


async def test_where_no_job_is_kept_its_success_is_noted_all_the_same(cluster):
    await until_minute(cluster, 1)
    await cluster.apply(manifest(successfulJobsHistoryLimit=0))
    await cluster.clock.sleep(10 * MINUTE_S)
    assert await jobs(cluster) == []
    status = (await cluster.get("cronjob", "tick"))["status"]
    assert status["lastSuccessfulTime"] >= status["lastScheduleTime"]
    assert await reasons(cluster) == ["SuccessfulCreate", "SuccessfulDelete"]


@pytest.mark.parametrize(("policy", "running"), [("Allow", 3), ("Forbid", 1), ("Replace", 1)])
async def test_runs_may_overlap_or_not(cluster, policy, running):
    await until_minute(cluster, 1)
    await cluster.apply(manifest("sleep 100000", concurrencyPolicy=policy))
    await cluster.clock.sleep(10 * MINUTE_S)
    (first,) = await jobs(cluster)
    await cluster.clock.sleep(20 * MINUTE_S)
    found = await jobs(cluster)
    cron_job = await cluster.get("cronjob", "tick")
    assert len(found) == len(cron_job["status"]["active"]) == running
    is_first = found[0]["metadata"]["uid"] == first["metadata"]["uid"]
    assert is_first == (policy != "Replace")
    assert ("JobAlreadyActive" in await reasons(cluster)) == (policy == "Forbid")


async def test_a_suspended_cron_job_runs_not_and_then_again(cluster):
    await until_minute(cluster, 1)
    await cluster.apply(manifest(suspend=True, startingDeadlineSeconds=30))
    await cluster.clock.sleep(3600)
    assert await jobs(cluster) == []
    await cluster.client.patch(CRONJOBS, "tick", {"spec": {"suspend": False}}, "default")
    await cluster.clock.sleep(5 * MINUTE_S)
    assert await jobs(cluster) == []
    await cluster.clock.sleep(5 * MINUTE_S)
    assert len(await jobs(cluster)) == 1


async def test_of_the_runs_missed_while_suspended_the_last_is_made_up_for(cluster):
    hour = await until_minute(cluster, 1)
    await cluster.apply(manifest(suspend=True))
    await cluster.clock.sleep(35 * MINUTE_S)
    await cluster.client.patch(CRONJOBS, "tick", {"spec": {"suspend": False}}, "default")
    await cluster.clock.sleep(MINUTE_S)
    (job,) = await jobs(cluster)
    assert job["metadata"]["name"] == f"tick-{hour // 60 + 30:.0f}"


async def test_a_new_schedule_begins_with_its_next_run(cluster):
    hour = await until_minute(cluster, 1)
    await cluster.apply(manifest(schedule="0 0 1 1 *"))
    await cluster.clock.sleep(35 * MINUTE_S)
    await cluster.client.patch(CRONJOBS, "tick", {"spec": {"schedule": "*/10 * * * *"}}, "default")
    await cluster.clock.sleep(MINUTE_S)
    assert await jobs(cluster) == []
    await cluster.clock.sleep(4 * MINUTE_S)
    (job,) = await jobs(cluster)
    assert job["metadata"]["name"] == f"tick-{hour // 60 + 40:.0f}"


async def test_a_job_that_somebody_deletes_is_missed(cluster):
    await until_minute(cluster, 1)
    await cluster.apply(manifest("sleep 100000"))
    await cluster.clock.sleep(10 * MINUTE_S)
    (job,) = await jobs(cluster)
    await cluster.delete("job", job["metadata"]["name"])
    await cluster.clock.sleep(10)
    assert "active" not in (await cluster.get("cronjob", "tick"))["status"]
    assert "MissingJob" in await reasons(cluster)
    assert await jobs(cluster) == []

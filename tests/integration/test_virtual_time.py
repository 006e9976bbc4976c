"""Long times pass in no time, and what they bring comes to the second."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api import resources as r
from kubelite.api.conditions import get_condition
from kubelite.apimachinery.apierrors import NotFound
from kubelite.apimachinery.timestamps import format_time, parse_time
from kubelite.testing import VirtualClock
from tests.unit.controllers.rig import rig

HOUR_S = 3600
DAY_S = 24 * HOUR_S
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as running:
        yield running


def deployment(**container):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "nginx:1", **container}]},
            },
        },
    }


def cron_job(name, schedule, **spec):
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1.36"}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"schedule": schedule, "jobTemplate": {"spec": {"template": {"spec": pod}}}, **spec},
    }


async def test_a_day_of_cron_jobs():
    async with rig("cronjob-controller", "job-controller", "garbage-collector-controller") as r_:
        begun = r_.clock.now()
        assert format_time(begun) == "2026-01-01T00:00:00Z"
        watcher = await r_.client.watch(r.JOBS, bookmarks=False)
        r_.play_kubelet()
        for made in (
            cron_job("hourly", "5 * * * *"),
            cron_job("office", "0,30 9-16 * * mon-fri", timeZone="Europe/Berlin"),
            cron_job("nightly", "30 3 * * *", timeZone="America/New_York"),
            cron_job("weekly", "0 0 * * sun"),
        ):
            await r_.client.create(r.CRONJOBS, made)
        await r_.settle(DAY_S)
        made = [event.object for event in watcher.take() if event.type == "ADDED"]
        watcher.stop()
        times = {name: [] for name in ("hourly", "office", "nightly", "weekly")}
        for job in made:
            metadata = job["metadata"]
            time = parse_time(metadata["creationTimestamp"])
            assert time == parse_time(metadata["annotations"][SCHEDULED])
            times[metadata["name"].partition("-")[0]].append(time - begun)
        assert times["hourly"] == [hour * HOUR_S + 300 for hour in range(24)]
        assert times["office"] == [8 * HOUR_S + run * 1800 for run in range(16)]
        assert times["nightly"] == [8.5 * HOUR_S]
        assert times["weekly"] == []
        left = (await r_.client.list(r.JOBS, "default")).items
        assert len(left) == 3 + 3 + 1, "three that succeeded are kept of each"
        found = await r_.client.get(r.CRONJOBS, "hourly", "default")
        assert found["status"]["lastScheduleTime"] == "2026-01-01T23:05:00Z"
        assert found["status"]["lastSuccessfulTime"] == "2026-01-01T23:05:00Z"


async def test_a_rollout_that_is_stuck_is_so_after_ten_minutes(cluster):
    probe = {"tcpSocket": {"port": 9}}
    await cluster.apply(deployment(readinessProbe=probe))
    await cluster.clock.sleep(30)
    known = get_condition(await cluster.get("deployment", "web"), "Progressing")
    assert (known["status"], known["reason"]) == ("True", "ReplicaSetUpdated")
    due = parse_time(known["lastUpdateTime"]) + 600
    await cluster.clock.sleep(due - cluster.clock.now() - 1)
    assert get_condition(await cluster.get("deployment", "web"), "Progressing") == known
    await cluster.clock.sleep(4)
    found = get_condition(await cluster.get("deployment", "web"), "Progressing")
    assert (found["status"], found["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert 0 <= parse_time(found["lastTransitionTime"]) - due <= 1, "the queue waits for one second more"


async def test_a_dead_nodes_pods_are_evicted_after_their_300_seconds(cluster):
    await cluster.apply(deployment())
    await cluster.wait_for("deployment/web", "ready")
    (pod,) = await cluster.get("pods")
    name = pod["spec"]["nodeName"]
    silent = cluster.clock.now()
    await cluster.fail_node(name)
    await cluster.clock.sleep(70)
    node = await cluster.get("node", name)
    unknown = parse_time(get_condition(node, "Ready")["lastTransitionTime"])
    assert 40 <= unknown - silent <= 60
    (added,) = [
        parse_time(taint["timeAdded"]) for taint in node["spec"]["taints"] if taint["effect"] == "NoExecute"
    ]
    assert unknown <= added <= unknown + 5
    await cluster.clock.sleep(added + 299 - cluster.clock.now())
    (found,) = await cluster.get("pods")
    assert "deletionTimestamp" not in found["metadata"]
    await cluster.clock.sleep(10)
    old, new = sorted(await cluster.get("pods"), key=lambda each: each["metadata"]["creationTimestamp"])
    assert old["metadata"]["uid"] == pod["metadata"]["uid"]
    grace_s = old["metadata"]["deletionGracePeriodSeconds"]
    assert parse_time(old["metadata"]["deletionTimestamp"]) - grace_s == added + 300
    assert parse_time(get_condition(old, "DisruptionTarget")["lastTransitionTime"]) == added + 300
    assert parse_time(new["metadata"]["creationTimestamp"]) == added + 300
    assert new["spec"]["nodeName"] != name


async def test_a_jobs_time_to_live_is_kept_to_the_second(cluster):
    container = {"name": "c", "image": "busybox:1.36", "command": ["sleep", "5"]}
    spec = {"ttlSecondsAfterFinished": HOUR_S, "template": {"spec": {"restartPolicy": "Never"}}}
    spec["template"]["spec"]["containers"] = [container]
    await cluster.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": spec})
    job = await cluster.wait_for("job/work", "condition=Complete")
    ended = parse_time(get_condition(job, "Complete")["lastTransitionTime"])
    assert job["status"]["completionTime"] == format_time(ended)
    await cluster.clock.sleep(ended + HOUR_S - cluster.clock.now() - 0.01)
    assert await cluster.get("job", "work")
    await cluster.clock.sleep(1)
    with pytest.raises(NotFound):
        await cluster.get("job", "work")
    assert await cluster.get("pods") == []

"""However requests fail and answers are lost, no pod of a Job is counted twice, and none is forgotten."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from kubelite.api.resources import JOBS, PODS
from kubelite.apimachinery.apierrors import APIError, ServiceUnavailable
from kubelite.apimachinery.timestamps import format_time
from kubelite.client.informer import InformerFactory
from kubelite.controllers.job.controller import JobController
from kubelite.controllers.job.plan import is_finished
from kubelite.controllers.job.pods import is_tracked
from kubelite.reconcile.controller import controller_spec
from kubelite.runtime import System
from tests.harness import api_server

COMPLETIONS = 12


class Flaky:
    """A client whose requests fail now and then: before they do anything, or after they have done it."""

    def __init__(self, client, random):
        self._client, self._random = client, random

    def __getattr__(self, name):
        method = getattr(self._client, name)
        if name not in ("create", "update", "patch", "delete"):
            return method

        async def request(*args, **kwargs):
            fate = self._random.random()
            if fate < 0.15:
                raise ServiceUnavailable("lost on the way")
            answer = await method(*args, **kwargs)
            if fate < 0.3 and name != "create":
                raise ServiceUnavailable("the answer is lost")
            return answer

        return request


def job(mode):
    container = {"name": "c", "image": "i"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "work"},
        "spec": {
            "completions": COMPLETIONS,
            "parallelism": 4,
            "completionMode": mode,
            "backoffLimit": 1000,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    }


async def end_pods(client, random, ends):
    """Play the kubelet: pods end in no particular order, one in four of them badly."""
    while True:
        await client.clock.sleep(random.random())
        pods = [
            pod for pod in (await client.list(PODS, "default")).items if pod["metadata"]["uid"] not in ends
        ]
        if not pods:
            continue
        pod = pods[int(random.random() * len(pods))]
        phase = "Failed" if random.random() < 0.25 else "Succeeded"
        now = format_time(client.clock.now())
        state = {"terminated": {"exitCode": int(phase == "Failed"), "finishedAt": now}}
        container = {
            "name": "c",
            "image": "i",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": state,
        }
        status = {**pod["status"], "phase": phase, "containerStatuses": [container]}
        try:
            await client.update(PODS, {**pod, "status": status}, subresource="status")
        except APIError:
            continue
        ends[pod["metadata"]["uid"]] = phase


@asynccontextmanager
async def running(client):
    informers = InformerFactory(client)
    spec = controller_spec(
        JobController,
        "job-controller",
        client=Flaky(client, client.system.random.fork("fate")),
        informers=informers,
        clock=client.clock,
        random=client.system.random.fork("controller"),
        recorder=None,
    )
    manager = System(clock=client.clock, seed=1, name="manager")
    await manager.start(informers.spec(), spec)
    try:
        yield
    finally:
        await manager.stop()


@pytest.mark.parametrize("mode", ["NonIndexed", "Indexed"])
@pytest.mark.parametrize("seed", range(4))
async def test_each_pod_is_counted_once(mode, seed):
    ends = {}
    async with api_server(seed=seed) as client:
        await client.create(JOBS, job(mode), "default")
        random = client.system.random.fork("kubelet")
        kubelet = asyncio.get_running_loop().create_task(end_pods(client, random, ends))
        try:
            async with running(client):
                for _ in range(5000):
                    await client.clock.sleep(1)
                    found = await client.get(JOBS, "work", "default")
                    if is_finished(found):
                        break
        finally:
            kubelet.cancel()
        pods = (await client.list(PODS, "default")).items
    counts = [list(ends.values()).count(phase) for phase in ("Succeeded", "Failed")]
    status = found["status"]
    assert status["succeeded"] == COMPLETIONS
    assert [status["succeeded"], status.get("failed", 0)] == counts
    assert status.get("completedIndexes") == ("0-11" if mode == "Indexed" else None)
    assert not any(map(is_tracked, pods))

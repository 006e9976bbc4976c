"""What a kubelet makes of changes to a pod that runs: ephemeral containers, other resources."""

from __future__ import annotations

import pytest

from kubelite.api.resources import PODS
from kubelite.node.allocation import refusal, restarts_for, with_resources
from kubelite.node.config import KubeletConfig
from tests.unit.node.conftest import running_node


@pytest.fixture
async def node():
    async with running_node(KubeletConfig(cpu="2", memory="1Gi")) as node:
        yield node


def is_running(pod):
    return pod["status"].get("phase") == "Running"


def resources(cpu, limit=None):
    return {"requests": {"cpu": cpu}, "limits": {"cpu": limit or cpu}}


def container(cpu="500m", limit="2", **fields):
    return {"name": "c", "image": "pause", "resources": resources(cpu, limit), **fields}


def statuses(pod, field="containerStatuses"):
    return {each["name"]: each for each in pod["status"].get(field) or ()}


def pending(pod):
    return next((each for each in pod["status"]["conditions"] if each["type"] == "PodResizePending"), None)


async def patch(node, subresource, spec, name="web"):
    return await node.client.patch(
        PODS, name, {"spec": spec}, "default", patch_type="strategic", subresource=subresource
    )


def resize_events(node):
    return [event for event in node.recorder.events if event[1].startswith("Resize")]


# --- ephemeral containers -----------------------------------------------------------------------------------


async def test_an_ephemeral_container_runs_beside_the_others(node):
    node.images["probe"] = _ends_with(3)
    await node.run()
    await node.until(is_running)
    await patch(node, "ephemeralcontainers", {"ephemeralContainers": [{"name": "debug", "image": "pause"}]})
    pod = await node.until(
        lambda pod: "running" in statuses(pod, "ephemeralContainerStatuses").get("debug", {}).get("state", {})
    )
    assert statuses(pod)["c"]["restartCount"] == 0
    assert next(each for each in pod["status"]["conditions"] if each["type"] == "Ready")["status"] == "True"


async def test_an_ephemeral_container_is_never_started_again(node):
    node.images["probe"] = _ends_with(3)
    await node.run()
    await node.until(is_running)
    await patch(node, "ephemeralcontainers", {"ephemeralContainers": [{"name": "debug", "image": "probe"}]})
    pod = await node.until(
        lambda pod: (
            "terminated" in statuses(pod, "ephemeralContainerStatuses").get("debug", {}).get("state", {})
        )
    )
    assert statuses(pod, "ephemeralContainerStatuses")["debug"]["state"]["terminated"]["exitCode"] == 3
    await node.clock.sleep(600)
    pod = await node.get()
    assert is_running(pod)
    assert statuses(pod, "ephemeralContainerStatuses")["debug"]["restartCount"] == 0


async def test_a_pod_ends_with_its_own_containers(node):
    node.images["brief"] = _ends_with(0, after_s=60)
    await node.run(restartPolicy="Never", containers=[{"name": "c", "image": "brief"}])
    await node.until(is_running)
    await patch(node, "ephemeralcontainers", {"ephemeralContainers": [{"name": "debug", "image": "pause"}]})
    await node.until(lambda pod: pod["status"]["phase"] == "Succeeded")


def _ends_with(code, after_s=0.0):
    async def main(container):
        await container.clock.sleep(after_s)
        return code

    return main


# --- resize -------------------------------------------------------------------------------------------------


async def test_a_resize_shows_in_the_status(node):
    await node.run(containers=[container()])
    await node.until(is_running)
    await patch(node, "resize", {"containers": [{"name": "c", "resources": resources("1", "2")}]})
    pod = await node.until(lambda pod: statuses(pod)["c"].get("allocatedResources") == {"cpu": "1"})
    assert statuses(pod)["c"]["resources"] == resources("1", "2")
    assert statuses(pod)["c"]["restartCount"] == 0
    assert pod["status"]["observedGeneration"] == 2
    wanted = '"resources":{"limits":{"cpu":"2"},"requests":{"cpu":"1"}}'
    told = f'{{"containers":[{{"name":"c",{wanted}}}],"generation":2}}'
    assert resize_events(node) == [
        ("Normal", "ResizeStarted", f"Pod resize started: {told}"),
        ("Normal", "ResizeCompleted", f"Pod resize completed: {told}"),
    ]


async def test_a_container_restarts_for_its_resources_if_it_says_so(node):
    policy = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    await node.run(containers=[container(resizePolicy=policy)])
    await node.until(is_running)
    await patch(node, "resize", {"containers": [{"name": "c", "resources": resources("1", "2")}]})
    await node.until(lambda pod: statuses(pod)["c"]["restartCount"] == 1)
    assert [reason for _, reason, _ in resize_events(node)] == ["ResizeStarted", "ResizeCompleted"]


async def test_a_resize_waits_until_there_is_room(node):
    await node.run(containers=[container()])
    await node.run("other", containers=[container("1")])
    await node.until(is_running)
    await node.until(is_running, "other")
    await patch(node, "resize", {"containers": [{"name": "c", "resources": resources("1500m", "2")}]})
    pod = await node.until(pending)
    assert pending(pod)["reason"] == "Deferred"
    assert pending(pod)["message"] == (
        "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000"
    )
    assert statuses(pod)["c"]["allocatedResources"] == {"cpu": "500m"}
    await node.client.delete(PODS, "other", "default", grace_period_s=0)
    pod = await node.until(lambda pod: pending(pod) is None)
    assert statuses(pod)["c"]["allocatedResources"] == {"cpu": "1500m"}
    assert [reason for _, reason, _ in resize_events(node)] == [
        "ResizeDeferred",
        "ResizeStarted",
        "ResizeCompleted",
    ]


async def test_a_resize_beyond_the_node_is_not_feasible(node):
    await node.run(containers=[container("500m", "8")])
    await node.until(is_running)
    await patch(node, "resize", {"containers": [{"name": "c", "resources": resources("3", "8")}]})
    pod = await node.until(pending)
    assert pending(pod)["reason"] == "Infeasible"
    wanted = '"resources":{"limits":{"cpu":"8"},"requests":{"cpu":"3"}}'
    error = "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000"
    assert resize_events(node) == [(
        "Warning",
        "ResizeInfeasible",
        f'Pod resize Infeasible: {{"containers":[{{"name":"c",{wanted}}}],"generation":2,"error":"{error}"}}',
    )]  # fmt: skip
    await patch(node, "resize", {"containers": [{"name": "c", "resources": resources("1", "8")}]})
    pod = await node.until(lambda pod: pending(pod) is None)
    assert statuses(pod)["c"]["allocatedResources"] == {"cpu": "1"}


def test_less_is_always_given():
    has = {"cpu": "2", "memory": "1Gi"}
    used = {"cpu": 4000, "memory": 0}
    spec = {"containers": [{"name": "c", "resources": {"requests": {"cpu": "100m"}}}]}
    assert refusal(spec, used, {"cpu": 500}, has) is None


def test_only_the_named_resource_restarts():
    policy = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    old = {"resources": resources("1"), "resizePolicy": policy}
    assert not restarts_for({**old, "resources": resources("2")}, old)
    assert restarts_for({**old, "resources": {"limits": {"memory": "1Gi"}}}, old)


def test_what_was_given_is_shown():
    spec = {"containers": [{"name": "c", "resources": resources("2")}]}
    assert with_resources(spec, {"c": resources("1")}) == {
        "containers": [{"name": "c", "resources": resources("1")}]
    }

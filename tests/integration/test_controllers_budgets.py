"""Disruption budgets that are a share of what the pods' controllers are to have."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.conditions import get_condition
from kubelite.testing import VirtualClock
from tests.integration.test_controllers_autoscaler import deployment, lamp, lamp_definition

BUDGET = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}}


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as running:
        yield running


def budget(**spec):
    return {**BUDGET, "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec}}


def make_pod(name, *owners):
    container = {"name": "c", "image": "nginx"}
    metadata = {"name": name, "labels": {"app": "web"}, "ownerReferences": list(owners)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


async def counts(cluster):
    status = (await cluster.get("pdb", "b"))["status"]
    return status["expectedPods"], status["desiredHealthy"], status["disruptionsAllowed"]


async def events(cluster):
    found = await cluster.get("events")
    return {each["reason"]: each["message"] for each in found if each["involvedObject"]["name"] == "b"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"maxUnavailable": 1}, (4, 3, 1)),
        ({"maxUnavailable": "40%"}, (4, 2, 2)),
        ({"minAvailable": "60%"}, (4, 3, 1)),
        ({"minAvailable": 4}, (4, 4, 0)),
        ({}, (0, 0, 0)),
    ],
)
async def test_pods_of_a_deployment_are_expected_as_it_asks_for_them(cluster, spec, expected):
    await cluster.apply([deployment(4), budget(**spec)])
    await cluster.wait_for("deployment/web")
    await cluster.clock.sleep(1)
    assert await counts(cluster) == expected


async def test_an_update_under_way_does_not_raise_what_is_expected(cluster):
    await cluster.apply([deployment(4), budget(maxUnavailable=1)])
    await cluster.wait_for("deployment/web")
    changed = deployment(4)
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "no/such:image"
    await cluster.apply(changed)
    await cluster.clock.sleep(5)
    assert len(await cluster.get("pods")) == 5
    assert (await counts(cluster))[0] == 4


async def test_pods_of_a_stateful_set(cluster):
    sets = {**deployment(2), "kind": "StatefulSet"}
    await cluster.apply([{**sets, "spec": {**sets["spec"], "serviceName": "s"}}, budget(maxUnavailable=1)])
    await cluster.wait_for("statefulset/web")
    await cluster.clock.sleep(1)
    assert await counts(cluster) == (2, 1, 1)


async def test_pods_of_a_custom_kind_with_a_scale(cluster):
    await cluster.apply(lamp_definition())
    await cluster.wait_for("crd/lamps.example.com", "condition=Established")
    (made,) = await cluster.apply(lamp())
    owner = {
        "apiVersion": "example.com/v1",
        "kind": "Lamp",
        "name": "tall",
        "uid": made["metadata"]["uid"],
        "controller": True,
    }
    await cluster.apply([make_pod("a", owner), budget(maxUnavailable=2)])
    await cluster.clock.sleep(3)
    assert await counts(cluster) == (2, 0, 1)  # two bulbs, one of them shines


async def test_pods_of_a_kind_without_a_scale_cannot_be_counted(cluster):
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "nginx"}]}}
    template["metadata"] = {"labels": {"app": "web"}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template}}
    await cluster.apply([job, budget(maxUnavailable=1)])
    await cluster.clock.sleep(3)
    problem = "jobs.batch does not implement the scale subresource"
    condition = get_condition(await cluster.get("pdb", "b"), "DisruptionAllowed")
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "False",
        "SyncFailed",
        problem,
    )
    told = (await events(cluster))["CalculateExpectedPodCountFailed"]
    assert told == f"Failed to calculate the number of expected pods: {problem}"


async def test_pods_without_a_controller_do_not_count_and_are_told_of(cluster):
    await cluster.apply([make_pod("a"), budget(maxUnavailable=1)])
    await cluster.clock.sleep(3)
    assert await counts(cluster) == (0, 0, 0)
    told = (await events(cluster))["UnmanagedPods"]
    assert "(selector: &LabelSelector{MatchLabels:map[string]string{app: web,}," in told
    await cluster.delete("pdb/b")
    await cluster.apply(budget(minAvailable=0))
    await cluster.clock.sleep(1)
    assert await counts(cluster) == (1, 0, 1)

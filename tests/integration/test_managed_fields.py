"""Who owns which fields in a running cluster: each component by the name of its program."""

import pytest

import kubelite
from kubelite.api.resources import REPLICATIONCONTROLLERS
from kubelite.apimachinery.apierrors import APIError
from kubelite.testing import VirtualClock

CONTROLLER = {
    "apiVersion": "v1",
    "kind": "ReplicationController",
    "metadata": {"name": "r"},
    "spec": {
        "replicas": 2,
        "selector": {"app": "r"},
        "template": {
            "metadata": {"labels": {"app": "r"}},
            "spec": {"containers": [{"name": "c", "image": "pause"}]},
        },
    },
}


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as running:
        await running.apply(CONTROLLER)
        await running.wait_for("rc/r", "ready")
        yield running


def owners(obj):
    return {
        (each["manager"], each["operation"], each.get("subresource", "")): each["fieldsV1"]
        for each in obj["metadata"]["managedFields"]
    }


async def test_components_own_what_they_write(cluster):
    first, second = await cluster.get("pod", selector="app=r")
    assert sorted(owners(first)) == [
        ("kube-controller-manager", "Update", ""),
        ("kubelet", "Update", "status"),
    ]
    assert set(owners(first)["kubelet", "Update", "status"]) == {"f:status"}
    controller = await cluster.get("rc", "r")
    assert ("kube-controller-manager", "Update", "status") in owners(controller)
    made = [
        next(each for each in pod["metadata"]["managedFields"] if not each.get("subresource"))
        for pod in (first, second)
    ]
    assert made[0] is made[1], "pods of one owner share what says who made them"


async def test_an_applier_takes_the_replicas_over_and_the_controller_follows(cluster):
    wanted = {**CONTROLLER, "spec": {"replicas": 1}}
    with pytest.raises(APIError) as refused:
        await cluster.client.patch(
            REPLICATIONCONTROLLERS, "r", wanted, "default", patch_type="apply", field_manager="scaler"
        )
    assert refused.value.message.endswith(": .spec.replicas")
    await cluster.client.patch(
        REPLICATIONCONTROLLERS,
        "r",
        wanted,
        "default",
        patch_type="apply",
        field_manager="scaler",
        force=True,
    )
    await cluster.wait_for("rc/r", "jsonpath=.status.replicas=1")

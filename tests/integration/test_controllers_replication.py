"""ReplicationController manager against a real API server."""

from __future__ import annotations

from kubelite.api.conditions import get_condition
from kubelite.api.resources import PODS, REPLICATIONCONTROLLERS
from tests.unit.controllers.rig import rig

RC = "replication-controller"


async def status(r, name="web"):
    return (await r.client.get(REPLICATIONCONTROLLERS, name, "default"))["status"]


async def test_creates_counts_and_tells():
    async with rig(RC) as r:
        r.play_kubelet()
        await r.rc(replicas=3)
        await r.settle()
        assert await status(r) == {
            "replicas": 3,
            "fullyLabeledReplicas": 3,
            "readyReplicas": 3,
            "availableReplicas": 3,
            "observedGeneration": 1,
        }
        pods = (await r.client.list(PODS, "default")).items
        (reference,) = pods[0]["metadata"]["ownerReferences"]
        assert reference["kind"] == "ReplicationController"
        assert reference["controller"]
        assert reference["blockOwnerDeletion"]
        names = {f"Created pod: {pod['metadata']['name']}" for pod in pods}
        assert {message for _, _, message in r.events} == names


async def test_heals_and_scales():
    async with rig(RC) as r:
        r.play_kubelet()
        await r.rc(replicas=3)
        await r.settle()
        victim = r.pods.list()[0]["metadata"]["name"]
        await r.client.delete(PODS, victim, "default")
        await r.settle()
        assert len(r.pods.list()) == 3
        await r.client.patch(
            REPLICATIONCONTROLLERS, "web", {"spec": {"replicas": 1}}, "default", subresource="scale"
        )
        await r.settle()
        assert len(r.pods.list()) == 1
        assert (await status(r))["observedGeneration"] == 2
        assert "SuccessfulDelete" in r.events.reasons()


async def test_releases_and_adopts():
    async with rig(RC) as r:
        r.play_kubelet()
        await r.rc(replicas=2)
        await r.settle()
        loose = r.pods.list()[0]["metadata"]["name"]
        await r.client.patch(PODS, loose, {"metadata": {"labels": {"app": "loose"}}}, "default")
        await r.settle()
        released = await r.client.get(PODS, loose, "default")
        assert "ownerReferences" not in released["metadata"]
        assert len(r.pods.list()) == 3
        await r.rc("loose", replicas=1)
        await r.settle()
        adopted = await r.client.get(PODS, loose, "default")
        assert adopted["metadata"]["ownerReferences"][0]["name"] == "loose"
        assert len(r.pods.list()) == 3


async def test_failure_is_told_and_taken_back():
    async with rig(RC, accounts=False) as r:
        r.play_kubelet()
        await r.rc(replicas=2)
        await r.settle()
        failure = get_condition(
            await r.client.get(REPLICATIONCONTROLLERS, "web", "default"), "ReplicaFailure"
        )
        assert failure["status"] == "True"
        assert failure["reason"] == "FailedCreate"
        assert "FailedCreate" in r.events.reasons()
        await r.client.namespace("default")
        await r.until(lambda: len(r.pods.list()) == 2)
        await r.settle(10)
        assert "conditions" not in await status(r)


async def test_a_thousand_pods_cost_few_looks():
    async with rig(RC) as r:
        r.play_kubelet()
        await r.rc(replicas=1000)
        await r.until(lambda: len(r.pods.list()) == 1000)
        await r.settle(5)
        assert (await status(r))["readyReplicas"] == 1000
        assert len(r.pods.list()) == 1000

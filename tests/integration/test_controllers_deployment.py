"""Deployments on a whole cluster, in virtual time."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.conditions import get_condition
from kubelite.api.resources import DEPLOYMENTS, PODS, REPLICASETS
from kubelite.testing import VirtualClock

REVISION = "deployment.kubernetes.io/revision"


def manifest(image="nginx:1", replicas=3, **spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
            **spec,
        },
    }


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as running:
        yield running


async def settled(cluster, seconds=60):
    await cluster.clock.sleep(seconds)
    return await cluster.get("deployment", "web")


async def sizes(cluster):
    sets = await cluster.get("replicasets")
    return {each["metadata"]["annotations"][REVISION]: each["spec"]["replicas"] for each in sets}


def progressing(deployment):
    found = get_condition(deployment, "Progressing")
    return found["status"], found["reason"]


async def test_a_deployment_rolls_out_and_back(cluster):
    await cluster.apply(manifest())
    deployment = await settled(cluster)
    assert deployment["status"]["availableReplicas"] == 3
    assert progressing(deployment) == ("True", "NewReplicaSetAvailable")
    await cluster.apply(manifest("nginx:2"))
    deployment = await settled(cluster)
    assert await sizes(cluster) == {"1": 0, "2": 3}
    assert deployment["metadata"]["annotations"][REVISION] == "2"
    await cluster.apply(manifest("nginx:1"))
    await settled(cluster)
    assert await sizes(cluster) == {"2": 0, "3": 3}


async def test_the_owner_is_named_all_the_way_down(cluster):
    await cluster.apply(manifest())
    deployment = await settled(cluster)
    (replica_set,) = await cluster.get("replicasets")
    (owner,) = replica_set["metadata"]["ownerReferences"]
    assert owner["uid"] == deployment["metadata"]["uid"]
    hash_ = replica_set["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"web-{hash_}"
    assert replica_set["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": hash_}
    for pod in await cluster.get("pods"):
        assert pod["metadata"]["name"].startswith(f"web-{hash_}-")
        assert pod["metadata"]["ownerReferences"][0]["uid"] == replica_set["metadata"]["uid"]


async def test_recreate_starts_nothing_before_everything_old_is_gone(cluster):
    await cluster.apply(manifest(strategy={"type": "Recreate"}))
    await settled(cluster)
    watcher = await cluster.client.watch(PODS, "default", bookmarks=False)
    watcher.take()
    await cluster.apply(manifest("nginx:2", strategy={"type": "Recreate"}))
    await settled(cluster)
    new = {pod["metadata"]["name"] for pod in await cluster.get("pods")}
    seen = [(event.type, event.object["metadata"]["name"]) for event in watcher.take()]
    watcher.stop()
    first_new = next(index for index, (kind, name) in enumerate(seen) if kind == "ADDED" and name in new)
    gone = {name for kind, name in seen[:first_new] if kind == "DELETED"}
    assert len(gone) == 3


async def test_a_paused_deployment_scales_but_does_not_roll(cluster):
    await cluster.apply(manifest())
    await settled(cluster)
    await cluster.apply(manifest("nginx:2", replicas=5, paused=True))
    deployment = await settled(cluster)
    assert await sizes(cluster) == {"1": 5}
    assert progressing(deployment) == ("Unknown", "DeploymentPaused")
    await cluster.apply(manifest("nginx:2", replicas=5, paused=False))
    deployment = await settled(cluster)
    assert await sizes(cluster) == {"1": 0, "2": 5}
    assert progressing(deployment) == ("True", "NewReplicaSetAvailable")


async def test_a_rollout_that_gets_nowhere_times_out_to_the_second(cluster):
    await cluster.apply(manifest())
    await settled(cluster)
    begun = cluster.clock.monotonic()
    await cluster.apply(manifest("no.such/image:1"))
    deployment = await settled(cluster, 590)
    assert progressing(deployment) == ("True", "ReplicaSetUpdated")
    assert deployment["status"]["availableReplicas"] == 3
    await cluster.wait_for("deployment/web", "condition=Progressing=False", timeout=100)
    assert cluster.clock.monotonic() - begun == pytest.approx(601, abs=2)


async def test_history_is_kept_to_its_limit(cluster):
    for number in range(1, 6):
        await cluster.apply(manifest(f"nginx:{number}", replicas=1, revisionHistoryLimit=2))
        await settled(cluster, 30)
    assert await sizes(cluster) == {"3": 0, "4": 0, "5": 1}


async def test_a_deployment_that_is_deleted_still_tells_of_its_pods(cluster):
    await cluster.apply(manifest())
    await settled(cluster)
    patch = {"metadata": {"finalizers": ["example.com/stay"]}}
    await cluster.client.patch(DEPLOYMENTS, "web", patch, "default")
    await cluster.client.delete(DEPLOYMENTS, "web", "default", propagation_policy="Background")
    deployment = await settled(cluster)
    assert deployment["metadata"]["deletionTimestamp"]
    assert (deployment["status"]["replicas"], deployment["status"]["updatedReplicas"]) == (3, 3)


async def test_a_pod_that_left_before_it_was_deleted_is_not_waited_for(cluster):
    await cluster.apply(manifest(replicas=2))
    await settled(cluster)
    first, _ = [pod["metadata"]["name"] for pod in await cluster.get("pods")]
    cheap = {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "-1"}}}
    await cluster.client.patch(PODS, first, cheap, "default")
    await cluster.clock.sleep(5)
    cluster.faults.watch("pods").lag(2)
    await cluster.client.patch(PODS, first, {"metadata": {"ownerReferences": None}}, "default")
    await cluster.client.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 1}}, "default")
    await cluster.clock.sleep(1)
    assert "deletionTimestamp" in (await cluster.get("pod", first))["metadata"]
    await cluster.client.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 3}}, "default")
    deployment = await settled(cluster, 15)
    assert deployment["status"]["readyReplicas"] == 3


async def test_a_replica_set_of_another_template_has_the_name_but_not_for_long(cluster):
    await cluster.apply(manifest())
    await settled(cluster)
    (first,) = await cluster.get("replicasets")
    template = first["spec"]["template"]
    changed = {**template, "spec": {**template["spec"], "hostname": "other"}}
    spec = {**first["spec"], "template": changed}
    await cluster.client.update(REPLICASETS, {**first, "spec": spec})
    deployment = await settled(cluster)
    assert deployment["status"]["collisionCount"] == 1
    assert sorted((await sizes(cluster)).values()) == [0, 3]
    assert deployment["status"]["updatedReplicas"] == 3


async def test_a_replica_set_without_an_owner_is_adopted(cluster):
    await cluster.apply(manifest())
    deployment = await settled(cluster)
    await cluster.client.delete(DEPLOYMENTS, "web", "default", propagation_policy="Orphan")
    await cluster.wait_for("deployment/web", "deleted")
    await cluster.clock.sleep(5)
    (orphan,) = await cluster.get("replicasets")
    assert "ownerReferences" not in orphan["metadata"]
    await cluster.apply(manifest())
    again = await settled(cluster)
    (adopted,) = await cluster.get("replicasets")
    assert adopted["metadata"]["uid"] == orphan["metadata"]["uid"]
    assert adopted["metadata"]["ownerReferences"][0]["uid"] == again["metadata"]["uid"]
    assert again["metadata"]["uid"] != deployment["metadata"]["uid"]

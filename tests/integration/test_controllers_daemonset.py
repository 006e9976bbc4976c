"""DaemonSets on a whole cluster, in virtual time."""

from __future__ import annotations

from itertools import pairwise

import pytest

import kubelite
from kubelite.api.resources import CONTROLLERREVISIONS, DAEMONSETS, NODES, PODS
from kubelite.testing import VirtualClock

HASH = "controller-revision-hash"


def manifest(image="nginx:1", template=None, **spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent"},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {
                "metadata": {"labels": {"app": "agent"}},
                "spec": {"containers": [{"name": "c", "image": image}], **(template or {})},
            },
            **spec,
        },
    }


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=3, clock=VirtualClock(), seed=1) as running:
        yield running


async def settled(cluster, seconds=60):
    await cluster.clock.sleep(seconds)
    return await cluster.get("daemonset", "agent")


async def images(cluster):
    pods = await cluster.get("pods")
    return {pod["spec"]["nodeName"]: pod["spec"]["containers"][0]["image"] for pod in pods}


async def node_names(cluster):
    return sorted(node["metadata"]["name"] for node in await cluster.get("nodes"))


async def test_every_node_has_a_pod_and_the_status_counts_them(cluster):
    await cluster.apply(manifest())
    daemon_set = await settled(cluster)
    assert sorted(await images(cluster)) == await node_names(cluster)
    status = daemon_set["status"]
    assert status["desiredNumberScheduled"] == status["numberReady"] == status["numberAvailable"] == 3
    assert status["currentNumberScheduled"] == status["updatedNumberScheduled"] == 3
    assert status["numberMisscheduled"] == 0
    assert "numberUnavailable" not in status
    assert status["observedGeneration"] == 1
    (revision,) = await cluster.get("controllerrevisions")
    hash_ = revision["metadata"]["labels"][HASH]
    assert revision["metadata"]["name"] == f"agent-{hash_}"
    for pod in await cluster.get("pods"):
        assert pod["metadata"]["labels"][HASH] == hash_
        assert pod["metadata"]["ownerReferences"][0]["kind"] == "DaemonSet"


async def test_pods_follow_the_labels_of_nodes(cluster):
    await cluster.apply(manifest(template={"nodeSelector": {"disk": "ssd"}}))
    daemon_set = await settled(cluster)
    assert daemon_set["status"]["desiredNumberScheduled"] == 0
    name = (await node_names(cluster))[1]
    await cluster.client.patch(NODES, name, {"metadata": {"labels": {"disk": "ssd"}}})
    await settled(cluster)
    assert list(await images(cluster)) == [name]
    await cluster.client.patch(NODES, name, {"metadata": {"labels": {"disk": None}}})
    await settled(cluster)
    assert await images(cluster) == {}


async def test_a_cordoned_node_has_its_pod_and_a_tainted_one_has_none(cluster):
    first, second, third = await node_names(cluster)
    await cluster.client.patch(NODES, first, {"spec": {"unschedulable": True}})
    taint = {"key": "k", "value": "v", "effect": "NoSchedule"}
    await cluster.client.patch(NODES, second, {"spec": {"taints": [taint]}})
    await cluster.apply(manifest())
    await settled(cluster)
    assert sorted(await images(cluster)) == [first, third]


async def test_a_pod_that_was_deleted_comes_back(cluster):
    await cluster.apply(manifest())
    await settled(cluster)
    (pod, *_) = await cluster.get("pods")
    await cluster.client.delete(PODS, pod["metadata"]["name"], "default")
    await settled(cluster)
    pods = await cluster.get("pods")
    assert len(pods) == 3
    assert pod["metadata"]["uid"] not in {each["metadata"]["uid"] for each in pods}


async def test_pods_that_fail_again_and_again_are_replaced_ever_more_slowly(cluster):
    first, *_ = await node_names(cluster)
    await cluster.apply(manifest(template={"nodeName": first}))
    await settled(cluster)
    times = {}
    while len(times) < 6:
        for pod in await cluster.get("pods"):
            metadata = pod["metadata"]
            if pod["status"]["phase"] == "Running" and not metadata.get("deletionTimestamp"):
                times.setdefault(metadata["uid"], cluster.clock.monotonic())
                failed = {"status": {"phase": "Failed"}}
                await cluster.client.patch(PODS, metadata["name"], failed, "default", subresource="status")
        await cluster.clock.sleep(0.25)
        assert cluster.clock.monotonic() < 300
    gaps = [later - earlier for earlier, later in pairwise(times.values())]
    assert gaps == pytest.approx([0.25, 1, 2, 4, 8], abs=0.6)
    events = await cluster.get("events")
    assert any(event["reason"] == "FailedDaemonPod" for event in events)


async def test_an_update_replaces_pods_one_after_the_other(cluster):
    await cluster.apply(manifest())
    await settled(cluster)
    watcher = await cluster.client.watch(DAEMONSETS, "default", bookmarks=False)
    watcher.take()
    await cluster.apply(manifest("nginx:2"))
    daemon_set = await settled(cluster, 120)
    assert set((await images(cluster)).values()) == {"nginx:2"}
    assert daemon_set["status"]["updatedNumberScheduled"] == 3
    least = min(event.object["status"].get("numberAvailable", 0) for event in watcher.take())
    watcher.stop()
    assert least == 2
    revisions = await cluster.get("controllerrevisions")
    assert sorted(each["revision"] for each in revisions) == [1, 2]


async def test_going_back_takes_the_old_revision_up_again(cluster):
    for image in ("nginx:1", "nginx:2", "nginx:1"):
        await cluster.apply(manifest(image))
        await settled(cluster)
    numbers = sorted(each["revision"] for each in await cluster.get("controllerrevisions"))
    assert numbers == [2, 3]


async def test_with_a_surge_no_node_is_ever_without(cluster):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await cluster.apply(manifest(updateStrategy=strategy))
    await settled(cluster)
    watcher = await cluster.client.watch(DAEMONSETS, "default", bookmarks=False)
    watcher.take()
    await cluster.apply(manifest("nginx:2", updateStrategy=strategy))
    await settled(cluster, 120)
    assert set((await images(cluster)).values()) == {"nginx:2"}
    assert len(await cluster.get("pods")) == 3
    assert {event.object["status"]["currentNumberScheduled"] for event in watcher.take()} == {3}
    watcher.stop()


async def test_with_a_surge_old_pods_go_once_new_ones_have_been_ready_for_long_enough(cluster):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 0}}
    for image in ("nginx:1", "nginx:2"):
        await cluster.apply(manifest(image, updateStrategy=strategy, minReadySeconds=5))
        await settled(cluster, 4)
    assert len(await cluster.get("pods")) == 6
    await settled(cluster, 4)
    assert set((await images(cluster)).values()) == {"nginx:2"}
    assert len(await cluster.get("pods")) == 3


async def test_of_equal_revisions_the_latest_stays_and_pods_have_its_hash(cluster):
    await cluster.apply(manifest())
    await settled(cluster)
    (first,) = await cluster.get("controllerrevisions")
    labels = {key: value for key, value in first["metadata"]["labels"].items() if key == "app"}
    owners = first["metadata"]["ownerReferences"]
    metadata = {"name": "second", "namespace": "default", "labels": labels, "ownerReferences": owners}
    double = {**first, "metadata": metadata, "revision": 2}
    await cluster.client.create(CONTROLLERREVISIONS, double, "default")
    await settled(cluster)
    (second,) = await cluster.get("controllerrevisions")
    assert second["metadata"]["name"] == "second"
    pods = await cluster.get("pods")
    assert {pod["metadata"]["labels"]["controller-revision-hash"] for pod in pods} == {"second"}
    assert len(pods) == 3


async def test_on_delete_leaves_pods_until_they_are_deleted(cluster):
    await cluster.apply(manifest(updateStrategy={"type": "OnDelete"}))
    await settled(cluster)
    await cluster.apply(manifest("nginx:2", updateStrategy={"type": "OnDelete"}))
    daemon_set = await settled(cluster)
    assert set((await images(cluster)).values()) == {"nginx:1"}
    assert "updatedNumberScheduled" not in daemon_set["status"]
    (pod, *_) = await cluster.get("pods")
    await cluster.client.delete(PODS, pod["metadata"]["name"], "default")
    await settled(cluster)
    found = await images(cluster)
    assert found[pod["spec"]["nodeName"]] == "nginx:2"
    assert sorted(found.values()) == ["nginx:1", "nginx:1", "nginx:2"]


async def test_revisions_beyond_the_limit_are_forgotten(cluster):
    for number in range(4):
        await cluster.apply(manifest(f"nginx:{number}", revisionHistoryLimit=1))
        await settled(cluster)
    numbers = sorted(each["revision"] for each in await cluster.get("controllerrevisions"))
    assert numbers == [3, 4]

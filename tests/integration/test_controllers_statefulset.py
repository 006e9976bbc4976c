"""StatefulSets on a whole cluster, in virtual time."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PODS, STATEFULSETS
from kubelite.controllers.statefulset import pods as members
from kubelite.testing import VirtualClock


def manifest(image="nginx:1", replicas=3, **spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "serviceName": "web",
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": image}], "terminationGracePeriodSeconds": 1},
            },
            **spec,
        },
    }


def claiming(deleted="Retain", scaled="Retain", replicas=3):
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "none",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    return manifest(
        replicas=replicas,
        podManagementPolicy="Parallel",
        volumeClaimTemplates=[claim],
        persistentVolumeClaimRetentionPolicy={"whenDeleted": deleted, "whenScaled": scaled},
    )


def partitioned(partition):
    return {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as running:
        yield running


async def settled(cluster, seconds=60):
    await cluster.clock.sleep(seconds)
    return await cluster.get("statefulset", "web")


async def scale(cluster, replicas):
    patch = {"spec": {"replicas": replicas}}
    await cluster.client.patch(STATEFULSETS, "web", patch, "default", subresource="scale")


async def images(cluster):
    pods = await cluster.get("pods")
    return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in pods}


async def claims(cluster):
    return sorted(claim["metadata"]["name"] for claim in await cluster.get("pvc"))


async def changes(cluster):
    return await cluster.client.watch(PODS, "default", bookmarks=False)


def order(watcher, *kinds):
    """The names in the events of those kinds, each name once."""
    found = [event.object["metadata"]["name"] for event in watcher.take() if event.type in kinds]
    return list(dict.fromkeys(found))


async def test_members_come_in_order_and_the_status_counts_them(cluster):
    watcher = await changes(cluster)
    await cluster.apply(manifest())
    stateful_set = await settled(cluster)
    events = watcher.take()
    watcher.stop()
    ready = [
        (event.object["metadata"]["name"], event.type)
        for event in events
        if event.type == "ADDED"
        or any(
            each["type"] == "Ready" and each["status"] == "True"
            for each in event.object["status"].get("conditions") or ()
        )
    ]
    firsts = list(dict.fromkeys(ready))
    assert firsts == [(f"web-{n}", kind) for n in range(3) for kind in ("ADDED", "MODIFIED")]
    status = stateful_set["status"]
    (revision,) = await cluster.get("controllerrevisions")
    assert status["currentRevision"] == status["updateRevision"] == revision["metadata"]["name"]
    for field in ("replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"):
        assert status[field] == 3


async def test_members_go_from_the_last_and_come_back(cluster):
    await cluster.apply(manifest())
    await settled(cluster)
    watcher = await changes(cluster)
    watcher.take()
    await scale(cluster, 0)
    stateful_set = await settled(cluster)
    assert order(watcher, "DELETED") == ["web-2", "web-1", "web-0"]
    watcher.stop()
    assert stateful_set["status"]["replicas"] == 0
    await scale(cluster, 2)
    await settled(cluster)
    assert sorted(await images(cluster)) == ["web-0", "web-1"]


async def test_a_deleted_or_failed_member_comes_back_under_its_name(cluster):
    await cluster.apply(manifest())
    await settled(cluster)
    before = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in await cluster.get("pods")}
    await cluster.client.delete(PODS, "web-1", "default")
    await settled(cluster)
    failed = {"status": {"phase": "Failed"}}
    await cluster.client.patch(PODS, "web-2", failed, "default", subresource="status")
    await settled(cluster)
    after = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in await cluster.get("pods")}
    assert sorted(after) == ["web-0", "web-1", "web-2"]
    assert after["web-0"] == before["web-0"]
    assert after["web-1"] != before["web-1"]
    assert after["web-2"] != before["web-2"]


async def test_an_update_respects_the_partition_and_the_order(cluster):
    await cluster.apply(manifest(updateStrategy=partitioned(2)))
    await settled(cluster)
    await cluster.apply(manifest("nginx:2", updateStrategy=partitioned(2)))
    stateful_set = await settled(cluster)
    assert await images(cluster) == {"web-0": "nginx:1", "web-1": "nginx:1", "web-2": "nginx:2"}
    status = stateful_set["status"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (2, 1)
    assert status["currentRevision"] != status["updateRevision"]
    await cluster.client.delete(PODS, "web-0", "default")
    await settled(cluster)
    assert (await images(cluster))["web-0"] == "nginx:1"
    watcher = await changes(cluster)
    watcher.take()
    await cluster.apply(manifest("nginx:2", updateStrategy=partitioned(0)))
    stateful_set = await settled(cluster)
    assert order(watcher, "DELETED") == ["web-1", "web-0"]
    watcher.stop()
    assert set((await images(cluster)).values()) == {"nginx:2"}
    assert stateful_set["status"]["currentRevision"] == status["updateRevision"]


async def test_going_back_takes_the_old_revision_up_again(cluster):
    for image in ("nginx:1", "nginx:2", "nginx:1"):
        await cluster.apply(manifest(image))
        stateful_set = await settled(cluster)
    revisions = {each["revision"]: each for each in await cluster.get("controllerrevisions")}
    assert sorted(revisions) == [2, 3]
    assert stateful_set["status"]["currentRevision"] == revisions[3]["metadata"]["name"]


async def test_a_broken_member_of_a_bad_revision_waits_for_a_hand(cluster):
    await cluster.apply(manifest())
    await settled(cluster)
    await cluster.apply(manifest("no.such/image:1"))
    await settled(cluster)
    await cluster.apply(manifest("nginx:3"))
    await settled(cluster)
    assert (await images(cluster))["web-2"] == "no.such/image:1"
    await cluster.client.delete(PODS, "web-2", "default")
    await settled(cluster)
    assert set((await images(cluster)).values()) == {"nginx:3"}


async def test_on_delete_leaves_members_until_they_are_deleted(cluster):
    await cluster.apply(manifest(updateStrategy={"type": "OnDelete"}))
    await settled(cluster)
    await cluster.apply(manifest("nginx:2", updateStrategy={"type": "OnDelete"}))
    await settled(cluster)
    await cluster.client.delete(PODS, "web-1", "default")
    await settled(cluster)
    assert await images(cluster) == {"web-0": "nginx:1", "web-1": "nginx:2", "web-2": "nginx:1"}


async def test_parallel_members_wait_for_nobody(cluster):
    await cluster.apply(manifest("no.such/image:1", podManagementPolicy="Parallel"))
    await settled(cluster)
    assert sorted(await images(cluster)) == ["web-0", "web-1", "web-2"]
    await scale(cluster, 0)
    await settled(cluster)
    assert await images(cluster) == {}


async def test_with_its_feature_an_update_replaces_several_members_at_once():
    gates = {"MaxUnavailableStatefulSet": True}
    async with kubelite.Cluster(clock=VirtualClock(), seed=1, feature_gates=gates) as cluster:
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"}}
        for image in ("nginx:1", "nginx:2"):
            await cluster.apply(manifest(image, replicas=4, updateStrategy=rolling, minReadySeconds=5))
            await settled(cluster)
        killed = {
            event["message"].split()[2]: event["firstTimestamp"]
            for event in await cluster.get("events")
            if event["reason"] == "SuccessfulDelete"
        }
        assert killed["web-3"] == killed["web-2"] < killed["web-1"] == killed["web-0"]
        assert (await cluster.get("statefulset", "web"))["status"]["updatedReplicas"] == 4


async def test_each_member_has_a_claim_which_stays(cluster):
    await cluster.apply(claiming())
    await settled(cluster)
    assert await claims(cluster) == ["data-web-0", "data-web-1", "data-web-2"]
    for claim in await cluster.get("pvc"):
        assert claim["metadata"]["labels"] == {"app": "web"}
        assert "ownerReferences" not in claim["metadata"]
    await scale(cluster, 1)
    await settled(cluster)
    await cluster.client.delete(STATEFULSETS, "web", "default")
    await cluster.clock.sleep(60)
    assert await cluster.get("pods") == []
    assert await claims(cluster) == ["data-web-0", "data-web-1", "data-web-2"]


async def test_claims_go_with_members_that_are_too_many(cluster):
    await cluster.apply(claiming(scaled="Delete"))
    await settled(cluster)
    await scale(cluster, 1)
    await settled(cluster)
    assert await claims(cluster) == ["data-web-0"]
    await scale(cluster, 2)
    await settled(cluster)
    assert await claims(cluster) == ["data-web-0", "data-web-1"]
    assert sorted(await images(cluster)) == ["web-0", "web-1"]


async def test_claims_go_with_the_set(cluster):
    await cluster.apply(claiming(deleted="Delete"))
    await settled(cluster)
    await scale(cluster, 1)
    await settled(cluster)
    assert len(await claims(cluster)) == 3
    await cluster.client.delete(STATEFULSETS, "web", "default")
    await cluster.clock.sleep(60)
    assert await claims(cluster) == []


async def test_a_claim_that_was_deleted_is_made_anew_for_the_member_that_waits(cluster):
    await cluster.apply(claiming(replicas=1))
    await settled(cluster)
    (before,) = await cluster.get("pvc")
    await cluster.client.patch(
        PERSISTENTVOLUMECLAIMS, "data-web-0", {"metadata": {"finalizers": None}}, "default"
    )
    await cluster.client.delete(PERSISTENTVOLUMECLAIMS, "data-web-0", "default")
    await settled(cluster)
    (after,) = await cluster.get("pvc")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]


async def test_a_change_of_who_owns_claims_is_told_as_an_update_of_members(cluster):
    await cluster.apply(claiming(replicas=1))
    await settled(cluster)
    await cluster.apply(claiming(deleted="Delete", replicas=1))
    await settled(cluster)
    (claim,) = await cluster.get("pvc")
    assert claim["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"
    told = [
        event["message"] for event in await cluster.get("events") if event["reason"] == "SuccessfulUpdate"
    ]
    assert told == ["Update Pod web-0 in StatefulSet web successful"]


async def test_only_the_label_by_which_a_member_is_known_is_put_back(cluster):
    await cluster.apply(manifest(replicas=1))
    await settled(cluster)
    for label, value in ((members.POD_INDEX, None), (members.POD_NAME, "web-0")):
        await cluster.client.patch(PODS, "web-0", {"metadata": {"labels": {label: None}}}, "default")
        await settled(cluster)
        assert (await cluster.get("pod", "web-0"))["metadata"]["labels"].get(label) == value
    assert (await cluster.get("pod", "web-0"))["metadata"]["labels"][members.POD_INDEX] == "0"


async def test_events_tell_of_members_and_claims(cluster):
    await cluster.apply(claiming(replicas=1))
    await settled(cluster)
    await scale(cluster, 0)
    await settled(cluster)
    told = {
        (event["reason"], event["message"])
        for event in await cluster.get("events")
        if event["involvedObject"]["kind"] == "StatefulSet"
    }
    assert told == {
        ("SuccessfulCreate", "Create Claim data-web-0 Pod web-0 in StatefulSet web success"),
        ("SuccessfulCreate", "Create Pod web-0 in StatefulSet web successful"),
        ("SuccessfulDelete", "Delete Pod web-0 in StatefulSet web successful"),
    }

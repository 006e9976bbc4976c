"""Volumes made for claims, on a whole cluster in virtual time: data outlives pods and goes with the claim."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES
from kubelite.testing import VirtualClock

LOCAL = "rancher.io/local-path"


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1, storage_class=True) as running:
        yield running


def claim(name="data", size="1Gi", modes=("ReadWriteOnce",), **spec):
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": list(modes), "resources": {"requests": {"storage": size}}, **spec},
    }


def storage_class(name, mode="Immediate", **fields):
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": LOCAL,
        "volumeBindingMode": mode,
        **fields,
    }


def pod(name, script, volume):
    container = {
        "name": "c",
        "image": "busybox:1.36",
        "command": ["sh", "-c", script],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
            "volumes": [{"name": "data", **volume}],
        },
    }


def of_claim(name="data"):
    return {"persistentVolumeClaim": {"claimName": name}}


async def reasons(cluster, name):
    found = await cluster.get("events")
    return [each["reason"] for each in found if each["involvedObject"]["name"] == name]


async def test_a_claim_waits_for_its_first_pod_and_keeps_what_that_wrote(cluster):
    await cluster.apply(claim())
    await cluster.clock.sleep(5)
    found = await cluster.get("pvc", "data")
    assert found["spec"]["storageClassName"] == "standard"
    assert found["status"]["phase"] == "Pending"
    assert await reasons(cluster, "data") == ["WaitForFirstConsumer"]
    await cluster.apply(pod("writer", "echo hello > /data/file", of_claim()))
    await cluster.wait_for("pod/writer", "jsonpath={.status.phase}=Succeeded")
    writer = await cluster.get("pod", "writer")
    node = writer["spec"]["nodeName"]
    found = await cluster.get("pvc", "data")
    marks = found["metadata"]["annotations"]
    assert marks["volume.kubernetes.io/selected-node"] == node
    assert marks["volume.kubernetes.io/storage-provisioner"] == LOCAL
    assert found["status"]["phase"] == "Bound"
    assert found["spec"]["volumeName"] == f"pvc-{found['metadata']['uid']}"
    volume = await cluster.get("pv", found["spec"]["volumeName"])
    assert volume["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"] == LOCAL
    assert volume["spec"]["claimRef"]["uid"] == found["metadata"]["uid"]
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    assert volume["status"]["phase"] == "Bound"
    assert {"ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"} <= {
        *await reasons(cluster, "data")
    }
    await cluster.delete("pod", "writer")
    await cluster.apply(pod("reader", "cat /data/file", of_claim()))
    await cluster.wait_for("pod/reader", "jsonpath={.status.phase}=Succeeded")
    assert (await cluster.get("pod", "reader"))["spec"]["nodeName"] == node
    assert await cluster.logs("reader") == "hello\n"
    await cluster.delete("pod", "reader")
    await cluster.delete("pvc", "data")
    await cluster.clock.sleep(5)
    assert await cluster.get("pv") == []


async def test_a_class_that_does_not_wait_and_a_policy_that_keeps(cluster):
    await cluster.apply([storage_class("now", reclaimPolicy="Retain"), claim(storageClassName="now")])
    found = await cluster.wait_for("pvc/data", "ready")
    volume = await cluster.get("pv", found["spec"]["volumeName"])
    (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    names = {each["metadata"]["name"] for each in await cluster.get("nodes")}
    assert set(term["matchExpressions"][0]["values"]) <= names
    await cluster.delete("pvc", "data")
    await cluster.clock.sleep(5)
    (left,) = await cluster.get("pv")
    assert left["status"]["phase"] == "Released"


async def test_many_nodes_cannot_share_a_directory(cluster):
    await cluster.apply([storage_class("now"), claim(modes=["ReadWriteMany"], storageClassName="now")])
    await cluster.clock.sleep(5)
    assert (await cluster.get("pvc", "data"))["status"]["phase"] == "Pending"
    assert "ProvisioningFailed" in await reasons(cluster, "data")


async def test_a_claim_grows_where_its_class_allows(cluster):
    await cluster.apply([storage_class("now", allowVolumeExpansion=True), claim(storageClassName="now")])
    await cluster.wait_for("pvc/data", "ready")
    patch = {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}
    await cluster.client.patch(PERSISTENTVOLUMECLAIMS, "data", patch, "default")
    await cluster.clock.sleep(5)
    found = await cluster.get("pvc", "data")
    assert found["status"]["capacity"] == {"storage": "3Gi"}
    volume = await cluster.client.get(PERSISTENTVOLUMES, found["spec"]["volumeName"])
    assert volume["spec"]["capacity"] == {"storage": "3Gi"}
    assert "VolumeResizeSuccessful" in await reasons(cluster, "data")


async def test_a_claim_that_came_before_the_default_class_gets_it():
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as cluster:
        await cluster.apply(claim())
        await cluster.clock.sleep(5)
        assert "storageClassName" not in (await cluster.get("pvc", "data"))["spec"]
        assert await reasons(cluster, "data") == ["FailedBinding"]
        default = storage_class("fast")
        default["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
        await cluster.apply(default)
        found = await cluster.wait_for("pvc/data", "ready")
        assert found["spec"]["storageClassName"] == "fast"


async def test_members_of_a_stateful_set_keep_their_data(cluster):
    script = "test -f /data/id || hostname > /data/id; cat /data/id; date +%s >> /data/id; sleep 100000"
    template = pod("x", script, {})["spec"]
    del template["volumes"], template["restartPolicy"]
    await cluster.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "db"},
            "spec": {
                "replicas": 2,
                "serviceName": "db",
                "selector": {"matchLabels": {"app": "db"}},
                "template": {"metadata": {"labels": {"app": "db"}}, "spec": template},
                "volumeClaimTemplates": [{**claim(), "kind": "PersistentVolumeClaim"}],
            },
        }
    )
    await cluster.wait_for("statefulset/db", "ready", timeout=120)
    before = await cluster.get("pod", "db-1")
    assert await cluster.logs("db-1") == "db-1\n"
    await cluster.delete("pod", "db-1")
    await cluster.clock.sleep(30)
    await cluster.wait_for("statefulset/db", "ready", timeout=120)
    after = await cluster.get("pod", "db-1")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["nodeName"] == before["spec"]["nodeName"]
    first, *times = (await cluster.logs("db-1")).split()
    assert first == "db-1"
    assert len(times) == 1, "what the pod before it wrote"


async def test_an_ephemeral_claim_comes_and_goes_with_its_pod(cluster):
    template = {"volumeClaimTemplate": {"spec": claim()["spec"]}}
    await cluster.apply(pod("scratch", "echo x > /data/x && cat /data/x", {"ephemeral": template}))
    await cluster.wait_for("pod/scratch", "jsonpath={.status.phase}=Succeeded")
    (made,) = await cluster.get("pvc")
    assert made["metadata"]["name"] == "scratch-data"
    await cluster.delete("pod", "scratch")
    await cluster.clock.sleep(5)
    assert await cluster.get("pvc") == []
    assert await cluster.get("pv") == []

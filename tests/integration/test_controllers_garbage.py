"""Garbage collector, namespaces and service accounts against a real API server."""

from __future__ import annotations

import pytest

from kubelite.api.conditions import get_condition
from kubelite.api.resources import (
    CONFIGMAPS,
    NAMESPACES,
    PODS,
    REPLICATIONCONTROLLERS,
    SECRETS,
    SERVICEACCOUNTS,
)
from kubelite.apimachinery.apierrors import NotFound
from tests.unit.controllers.rig import rig

GC, NS, SA, CA = (
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "root-ca-certificate-publisher-controller",
)


async def configmap(r, name, owners=(), finalizers=()):
    metadata = {"name": name}
    if owners:
        metadata["ownerReferences"] = [reference(*owner) for owner in owners]
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    return await r.client.create(CONFIGMAPS, made, "default")


def reference(owner, block=False):
    metadata = owner["metadata"]
    found = {"apiVersion": "v1", "kind": owner["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    return {**found, "blockOwnerDeletion": True} if block else found


async def names(r):
    return sorted(o["metadata"]["name"] for o in (await r.client.list(CONFIGMAPS, "default")).items)


async def test_background():
    async with rig(GC) as r:
        owner = await configmap(r, "owner")
        await configmap(r, "child", [(owner,)])
        await r.settle()
        assert await names(r) == ["child", "owner"]
        await r.client.delete(CONFIGMAPS, "owner", "default", propagation_policy="Background")
        await r.settle()
        assert await names(r) == []


async def test_an_owner_that_never_was_and_one_of_another_uid():
    async with rig(GC) as r:
        owner = await configmap(r, "owner")
        ghost = {
            "kind": "ConfigMap",
            "metadata": {"name": "ghost", "uid": "11111111-0000-0000-0000-000000000000"},
        }
        other = {
            "kind": "ConfigMap",
            "metadata": {"name": "owner", "uid": "22222222-0000-0000-0000-000000000000"},
        }
        await configmap(r, "a", [(ghost,)])
        await configmap(r, "b", [(other,)])
        await configmap(r, "c", [(ghost,), (owner,)])
        await r.settle()
        assert await names(r) == ["c", "owner"]
        kept = await r.client.get(CONFIGMAPS, "c", "default")
        assert [each["uid"] for each in kept["metadata"]["ownerReferences"]] == [owner["metadata"]["uid"]]


async def test_foreground_waits_for_those_that_block():
    async with rig(GC) as r:
        owner = await configmap(r, "owner")
        await configmap(r, "held", [(owner, True)], ["example.com/hold"])
        await configmap(r, "free", [(owner,)])
        await r.client.delete(CONFIGMAPS, "owner", "default", propagation_policy="Foreground")
        await r.settle()
        waiting = await r.client.get(CONFIGMAPS, "owner", "default")
        assert waiting["metadata"]["finalizers"] == ["foregroundDeletion"]
        assert await names(r) == ["held", "owner"]
        await r.client.patch(CONFIGMAPS, "held", {"metadata": {"finalizers": None}}, "default")
        await r.settle()
        assert await names(r) == []


async def test_orphan():
    async with rig(GC) as r:
        owner = await configmap(r, "owner")
        await configmap(r, "child", [(owner, True)])
        await r.client.delete(CONFIGMAPS, "owner", "default", propagation_policy="Orphan")
        await r.settle()
        assert await names(r) == ["child"]
        child = await r.client.get(CONFIGMAPS, "child", "default")
        assert "ownerReferences" not in child["metadata"]


async def test_a_circle_is_broken():
    async with rig(GC) as r:
        one = await configmap(r, "one")
        two = await configmap(r, "two", [(one, True)])
        three = await configmap(r, "three", [(two, True)])
        patch = {"metadata": {"ownerReferences": [reference(three, True)]}}
        await r.client.patch(CONFIGMAPS, "one", patch, "default")
        await r.client.delete(CONFIGMAPS, "one", "default", propagation_policy="Foreground")
        await r.settle(30)
        assert await names(r) == []


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
async def test_an_rc_takes_its_pods_along(policy):
    async with rig(GC, "replication-controller") as r:
        r.play_kubelet()
        await r.rc(replicas=5)
        await r.settle()
        await r.client.delete(REPLICATIONCONTROLLERS, "web", "default", propagation_policy=policy)
        await r.until(lambda: not r.pods.list())
        await r.gone(REPLICATIONCONTROLLERS, "web", "default")


async def test_a_namespace_goes_with_its_contents():
    async with rig(NS, SA, CA, GC) as r:
        await r.client.create(
            NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}
        )
        await r.settle()
        held = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "held", "finalizers": ["example.com/hold"]},
        }
        await r.client.create(CONFIGMAPS, held, "x")
        await r.client.create(SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}, "x")
        await r.client.delete(NAMESPACES, "x")
        await r.settle(3)
        namespace = await r.client.get(NAMESPACES, "x")
        remaining = get_condition(namespace, "NamespaceContentRemaining")
        assert remaining["message"] == "Some resources are remaining: configmaps. has 1 resource instances"
        finalizers = get_condition(namespace, "NamespaceFinalizersRemaining")
        assert finalizers["status"] == "True"
        assert finalizers["message"].endswith("example.com/hold in 1 resource instances")
        assert not (await r.client.list(SECRETS, "x")).items
        await r.client.patch(CONFIGMAPS, "held", {"metadata": {"finalizers": None}}, "x")
        await r.gone(NAMESPACES, "x")


async def test_pods_go_first():
    async with rig(NS, SA, CA, GC) as r:
        await r.client.create(
            NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}
        )
        await r.settle()
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "finalizers": ["example.com/hold"]},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]},
        }
        await r.client.create(PODS, pod, "x")
        await r.client.delete(NAMESPACES, "x")
        await r.settle(10)
        assert await r.client.get(SERVICEACCOUNTS, "default", "x")
        await r.client.patch(PODS, "p", {"metadata": {"finalizers": None}}, "x")
        await r.gone(NAMESPACES, "x")


async def test_account_and_certificate_come_back():
    async with rig(SA, CA, accounts=False) as r:
        await r.settle()
        assert await r.client.get(SERVICEACCOUNTS, "default", "default")
        published = await r.client.get(CONFIGMAPS, "kube-root-ca.crt", "default")
        assert published["data"] == {"ca.crt": "PEM"}
        await r.client.delete(SERVICEACCOUNTS, "default", "default")
        await r.client.delete(CONFIGMAPS, "kube-root-ca.crt", "default")
        await r.settle()
        assert await r.client.get(SERVICEACCOUNTS, "default", "default")
        await r.client.patch(CONFIGMAPS, "kube-root-ca.crt", {"data": {"ca.crt": "other"}}, "default")
        await r.settle()
        published = await r.client.get(CONFIGMAPS, "kube-root-ca.crt", "default")
        assert published["data"] == {"ca.crt": "PEM"}
        with pytest.raises(NotFound):
            await r.client.get(CONFIGMAPS, "nope", "default")

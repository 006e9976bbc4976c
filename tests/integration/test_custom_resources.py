"""Custom resources in a whole cluster: defined, used, owned, emptied with their namespace, and gone."""

from __future__ import annotations

from typing import Any

import pytest

import kubelite
from kubelite.apimachinery.apierrors import Invalid, MethodNotAllowed, NotFound
from kubelite.testing import VirtualClock

GROUP = "stable.example.com"
CRD = f"crontabs.{GROUP}"


def make_definition(**version: Any) -> dict[str, Any]:
    """The definition of the documentation's example, with a version that differs as told."""
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "cronSpec": {"type": "string", "pattern": "^[0-9* /]+$"},
                    "replicas": {"type": "integer", "minimum": 1, "default": 1},
                },
            },
            "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": CRD},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": "crontabs", "kind": "CronTab", "shortNames": ["ct"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                    **version,
                }
            ],
        },
    }


def make_crontab(name: str, *, finalizers: tuple[str, ...] = (), **spec: Any) -> dict[str, Any]:
    """An object of it."""
    metadata: dict[str, Any] = {"name": name}
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    return {"apiVersion": f"{GROUP}/v1", "kind": "CronTab", "metadata": metadata, "spec": spec}


def owned_by(owner: dict[str, Any], name: str) -> dict[str, Any]:
    """A ConfigMap of an owner."""
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "ownerReferences": [reference]},
    }


@pytest.fixture
async def cluster() -> Any:
    """A cluster on virtual time with the kind defined."""
    async with kubelite.Cluster(nodes=0, clock=VirtualClock()) as cluster:
        await cluster.apply(make_definition())
        await cluster.wait_for(f"crd/{CRD}", "condition=Established")
        yield cluster


async def test_a_definition_and_its_objects_are_used_in_one_manifest(cluster: kubelite.Cluster) -> None:
    await cluster.apply(make_crontab("a", cronSpec="* * * * *"))
    made = await cluster.get("ct", "a")
    assert made["spec"] == {"cronSpec": "* * * * *", "replicas": 1}
    assert made["metadata"]["generation"] == 1
    assert [each["metadata"]["name"] for each in await cluster.get("crontabs")] == ["a"]


async def test_an_object_that_breaks_the_schema_is_refused(cluster: kubelite.Cluster) -> None:
    with pytest.raises(Invalid, match=r"spec.replicas in body should be greater than or equal to 1"):
        await cluster.apply(make_crontab("a", replicas=0))


async def test_dependents_of_a_custom_object_go_with_it(cluster: kubelite.Cluster) -> None:
    await cluster.apply(make_crontab("owner"))
    owner = await cluster.get("crontab", "owner")
    await cluster.apply(owned_by(owner, "dependent"))
    await cluster.delete("crontab", "owner")
    await cluster.wait_for("configmap/dependent", "deleted")


async def test_a_custom_object_goes_with_its_owner(cluster: kubelite.Cluster) -> None:
    await cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner"}})
    owner = {"apiVersion": "v1", "kind": "ConfigMap", **await cluster.get("configmap", "owner")}
    dependent = make_crontab("dependent")
    dependent["metadata"]["ownerReferences"] = owned_by(owner, "x")["metadata"]["ownerReferences"]
    await cluster.apply(dependent)
    await cluster.delete("configmap", "owner")
    await cluster.wait_for("crontab/dependent", "deleted")


async def test_dependents_go_when_the_definition_of_their_owner_does(cluster: kubelite.Cluster) -> None:
    await cluster.apply(make_crontab("owner"))
    owner = await cluster.get("crontab", "owner")
    await cluster.apply(owned_by(owner, "dependent"))
    await cluster.delete("crd", CRD)
    await cluster.wait_for("configmap/dependent", "deleted")


async def test_a_namespace_takes_custom_objects_with_it(cluster: kubelite.Cluster) -> None:
    await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    await cluster.apply(make_crontab("a"), namespace="shop")
    await cluster.delete("namespace", "shop")
    await cluster.wait_for("namespace/shop", "deleted")
    assert await cluster.get("crontabs", namespace=None) == []


async def test_a_definition_waits_for_the_finalizers_of_its_objects(cluster: kubelite.Cluster) -> None:
    await cluster.apply(make_crontab("held", finalizers=("example.com/hold",)))
    await cluster.delete("crd", CRD)
    await cluster.wait_for(f"crd/{CRD}", "condition=Terminating")
    held = await cluster.get("crontab", "held")
    assert held["metadata"]["deletionTimestamp"]
    with pytest.raises(MethodNotAllowed, match="not allowed while custom resource definition is terminating"):
        await cluster.apply(make_crontab("late"))
    resource = cluster.resource("crontab")
    await cluster.client.patch(resource, "held", {"metadata": {"finalizers": None}}, "default")
    await cluster.wait_for(f"crd/{CRD}", "deleted")
    with pytest.raises(ValueError, match="there is no kind 'crontab'"):
        await cluster.get("crontab")


async def test_watchers_of_a_kind_see_its_objects_go_and_then_the_end(cluster: kubelite.Cluster) -> None:
    await cluster.apply(make_crontab("a"))
    resource = cluster.resource("crontab")
    watcher = await cluster.client.watch(resource, "default")
    await cluster.delete("crd", CRD)
    seen = [event.type async for event in watcher]
    assert seen == ["ADDED", "DELETED"]
    with pytest.raises(NotFound):
        await cluster.client.list(resource, "default")

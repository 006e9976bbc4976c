"""Quotas: counted by the controller, charged by admission."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.resources import CONFIGMAPS, PODS, RESOURCEQUOTAS
from kubelite.apimachinery.apierrors import Forbidden
from kubelite.testing import VirtualClock


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as running:
        yield running


async def limit(cluster, **hard):
    hard = {name.replace("__", "/").replace("_", "."): value for name, value in hard.items()}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}
    await cluster.apply(quota)
    await cluster.clock.sleep(1)


async def used(cluster):
    return (await cluster.get("resourcequota", "q"))["status"]["used"]


def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def pod(name, **requests):
    container = {"name": "c", "image": "pause", "resources": {"requests": requests} if requests else {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container]},
    }


async def test_what_is_there_is_counted_and_what_is_too_much_refused(cluster):
    await limit(cluster, configmaps="2")
    assert await used(cluster) == {"configmaps": "1"}  # kube-root-ca.crt
    await cluster.apply(config_map("a"))
    assert await used(cluster) == {"configmaps": "2"}
    with pytest.raises(Forbidden) as refused:
        await cluster.apply(config_map("b"))
    assert str(refused.value) == (
        'configmaps "b" is forbidden: exceeded quota: q, '
        "requested: configmaps=1, used: configmaps=2, limited: configmaps=2"
    )
    await cluster.delete("configmap", "a")
    await cluster.clock.sleep(1)
    assert await used(cluster) == {"configmaps": "1"}


async def test_a_dry_run_and_a_second_of_the_name_are_not_charged(cluster):
    await limit(cluster, configmaps="9")
    await cluster.client.create(CONFIGMAPS, config_map("a"), "default", dry_run=True)
    assert await used(cluster) == {"configmaps": "1"}
    await cluster.apply(config_map("a"))
    with pytest.raises(kubelite.APIError):
        await cluster.client.create(CONFIGMAPS, config_map("a"), "default")
    assert await used(cluster) == {"configmaps": "2"}


async def test_pods_must_say_what_is_limited(cluster):
    await limit(cluster, requests_cpu="1", pods="5")
    with pytest.raises(Forbidden, match="failed quota: q: must specify requests.cpu for: c"):
        await cluster.client.create(PODS, pod("p"), "default")
    await cluster.client.create(PODS, pod("p", cpu="600m"), "default")
    assert await used(cluster) == {"pods": "1", "requests.cpu": "600m"}
    with pytest.raises(Forbidden, match=r"requested: requests.cpu=600m, used: requests.cpu=600m, limited"):
        await cluster.client.create(PODS, pod("p2", cpu="600m"), "default")
    await cluster.delete("pod", "p")
    await cluster.clock.sleep(40)
    assert await used(cluster) == {"pods": "0", "requests.cpu": "0"}


async def test_a_changed_quota_is_counted_anew(cluster):
    await limit(cluster, configmaps="2")
    await limit(cluster, configmaps="3", secrets="1", count__deployments_apps="4")
    found = await cluster.get("resourcequota", "q")
    assert found["status"] == {
        "hard": {"configmaps": "3", "count/deployments.apps": "4", "secrets": "1"},
        "used": {"configmaps": "1", "count/deployments.apps": "0", "secrets": "0"},
    }


LAMPS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "lamps.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "lamps", "kind": "Lamp"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object"}},
            }
        ],
    },
}


def lamp(name):
    return {"apiVersion": "example.com/v1", "kind": "Lamp", "metadata": {"name": name}}


async def test_custom_objects_are_counted_and_given_back(cluster):
    await limit(cluster, **{"count__lamps.example.com": "1"})
    assert await used(cluster) == {"count/lamps.example.com": "0"}
    await cluster.apply(LAMPS)
    await cluster.wait_for("crd/lamps.example.com", "condition=Established")
    await cluster.apply(lamp("a"))
    assert await used(cluster) == {"count/lamps.example.com": "1"}
    with pytest.raises(Forbidden):
        await cluster.apply(lamp("b"))
    await cluster.delete("lamp", "a")
    await cluster.clock.sleep(1)
    assert await used(cluster) == {"count/lamps.example.com": "0"}


async def test_custom_objects_that_are_there_already_are_counted(cluster):
    await cluster.apply(LAMPS)
    await cluster.wait_for("crd/lamps.example.com", "condition=Established")
    for name in ("a", "b"):
        await cluster.apply(lamp(name))
    await limit(cluster, **{"count__lamps.example.com": "5"})
    assert await used(cluster) == {"count/lamps.example.com": "2"}
    await cluster.delete("crd", "lamps.example.com")
    await cluster.wait_for("crd/lamps.example.com", "deleted")
    await cluster.clock.sleep(1)
    assert await used(cluster) == {"count/lamps.example.com": "0"}


async def test_a_status_that_somebody_else_wrote_is_put_right_within_five_minutes(cluster):
    await limit(cluster, configmaps="2")
    wrong = {"status": {"hard": {"configmaps": "9"}, "used": {"configmaps": "8"}}}
    await cluster.client.patch(RESOURCEQUOTAS, "q", wrong, "default", subresource="status")
    await cluster.clock.sleep(300)
    assert await used(cluster) == {"configmaps": "1"}

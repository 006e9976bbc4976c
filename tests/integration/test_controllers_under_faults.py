"""Workloads changed at random while requests fail and watches lag: in the end all is as it should be."""

from __future__ import annotations

import random

import pytest

import kubelite
from kubelite.api.resources import (
    DAEMONSETS,
    DEPLOYMENTS,
    PODS,
    REPLICASETS,
    STATEFULSETS,
)
from kubelite.apimachinery.apierrors import APIError
from kubelite.testing import VirtualClock

KINDS = {
    "web": DEPLOYMENTS,
    "again": DEPLOYMENTS,
    "db": STATEFULSETS,
    "cache": STATEFULSETS,
    "set": REPLICASETS,
}
CLIENTS = ("deployment-controller", "replicaset-controller", "statefulset-controller", "daemonset-controller")
CHANGED_BY_OTHERS = (404, 409, 422)
CHANGES = 20
SETTLED_S = 400
"""Longer than expectations and back-offs last."""


def workload(kind, name, **spec):
    container = {"name": "c", "image": "nginx"}
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 2, "containers": [container]},
    }
    made = {"selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": made}


WORKLOADS = [
    workload("Deployment", "web", replicas=3),
    workload("Deployment", "again", replicas=2, strategy={"type": "Recreate"}),
    workload("StatefulSet", "db", replicas=3, serviceName="db"),
    workload("StatefulSet", "cache", replicas=3, serviceName="cache", podManagementPolicy="Parallel"),
    workload("ReplicaSet", "set", replicas=3),
    workload("DaemonSet", "agent"),
]


def plan_faults(cluster, chance):
    """Some faults that last for a while."""
    for _ in range(3):
        client, share = chance.choice(CLIENTS), chance.choice([0.1, 0.4])
        match chance.randrange(4):
            case 0:
                cluster.faults.on("*", "*", client=client, probability=share).error(503)
            case 1:
                cluster.faults.on("PUT", "*", client=client, probability=share).conflict()
            case 2:
                cluster.faults.on("*", "*", client=client, probability=share).timeout_after_commit()
            case _:
                cluster.faults.watch(chance.choice(["pods", "replicasets"])).lag(2)


async def change(cluster, chance):
    """Something is changed: a template, a size, or what becomes of a pod."""
    client = cluster.client
    name = chance.choice([*KINDS, "agent"])
    match chance.randrange(3):
        case 0:
            template = {"metadata": {"annotations": {"v": str(chance.randrange(4))}}}
            await client.patch(KINDS.get(name, DAEMONSETS), name, {"spec": {"template": template}}, "default")
        case 1 if name in KINDS:
            await client.patch(KINDS[name], name, {"spec": {"replicas": chance.randrange(6)}}, "default")
        case _:
            pod = chance.choice(await cluster.get("pods"))["metadata"]["name"]
            if chance.random() < 0.5:
                await client.delete(PODS, pod, "default")
            else:
                failed = {"status": {"phase": "Failed"}}
                await client.patch(PODS, pod, failed, "default", subresource="status")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_in_the_end_all_is_as_it_should_be(seed):
    chance = random.Random(seed)
    async with kubelite.Cluster(nodes=3, clock=VirtualClock(), seed=seed) as cluster:
        await cluster.apply(WORKLOADS)
        await cluster.clock.sleep(5)
        plan_faults(cluster, chance)
        for _ in range(CHANGES):
            try:
                await change(cluster, chance)
            except APIError as error:
                if error.code not in CHANGED_BY_OTHERS:
                    raise
            await cluster.clock.sleep(chance.choice([0, 0.1, 1, 3]))
        cluster.faults.clear()
        await cluster.clock.sleep(SETTLED_S)
        for name, resource in KINDS.items():
            found = await cluster.client.get(resource, name, "default")
            wanted, status = found["spec"]["replicas"], found["status"]
            counts = {status.get(field, 0) for field in ("replicas", "readyReplicas", "availableReplicas")}
            assert counts == {wanted}, name
            if resource != REPLICASETS:
                assert status.get("updatedReplicas", 0) == wanted, name
        agent = (await cluster.get("daemonset", "agent"))["status"]
        assert agent["numberReady"] == agent["updatedNumberScheduled"] == agent["numberAvailable"] == 3

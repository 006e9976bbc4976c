"""What others put into a Node's capacity becomes allocatable, and pods can have it."""

from __future__ import annotations

import kubelite
from kubelite.api.resources import NODES
from kubelite.runtime import VirtualClock

FOO = "example.com/foo"


async def patch(cluster, status):
    await cluster.client.patch(NODES, "node-1", {"status": status}, subresource="status")


async def allocatable(cluster):
    return (await cluster.get("node", "node-1"))["status"]["allocatable"]


async def test_extended_resources_in_capacity_become_allocatable_and_go_with_it():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as cluster:
        await patch(cluster, {"capacity": {FOO: "2"}})
        await cluster.clock.sleep(11)
        assert (await allocatable(cluster))[FOO] == "2"
        resources = {"limits": {FOO: "1"}}
        container = {"name": "c", "image": "pause", "resources": resources}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {"containers": [container]},
        }
        await cluster.apply(pod)
        await cluster.wait_for("pod/p", "ready")
        await patch(cluster, {"capacity": {FOO: None}})
        await cluster.clock.sleep(11)
        assert FOO not in await allocatable(cluster)


async def test_the_kubelet_says_anew_what_the_node_has():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as cluster:
        before = await allocatable(cluster)
        await patch(cluster, {"allocatable": {"cpu": "1"}, "capacity": {"memory": "1Gi"}})
        await cluster.clock.sleep(11)
        assert await allocatable(cluster) == before


async def test_a_status_that_is_right_is_not_written_again_though_amounts_are_written_otherwise():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1, node_memory="2048Mi") as cluster:
        await cluster.clock.sleep(11)
        before = (await cluster.get("node", "node-1"))["metadata"]["resourceVersion"]
        await cluster.clock.sleep(100)
        assert (await cluster.get("node", "node-1"))["metadata"]["resourceVersion"] == before


async def told(cluster):
    """What the kubelet of the node has said of it."""
    events = await cluster.get("events")
    return [
        (each["reason"], each["message"])
        for each in events
        if each["involvedObject"] == {"kind": "Node", "apiVersion": "v1", "name": "node-1", "uid": "node-1"}
        and each["source"]["component"] == "kubelet"
    ]


async def test_a_cordon_is_told_and_its_end():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as cluster:
        for unschedulable in (True, None):
            await cluster.client.patch(NODES, "node-1", {"spec": {"unschedulable": unschedulable}})
            await cluster.clock.sleep(11)
        assert await told(cluster) == [
            ("NodeNotSchedulable", "Node node-1 status is now: NodeNotSchedulable"),
            ("NodeSchedulable", "Node node-1 status is now: NodeSchedulable"),
        ]


async def test_a_node_that_comes_back_is_well_again():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as cluster:
        await cluster.fail_node("node-1")
        await cluster.wait_for("node/node-1", "condition=Ready=Unknown", timeout=120)
        await cluster.recover_node("node-1")
        await cluster.wait_for("node/node-1", "condition=Ready", timeout=60)
        await cluster.clock.sleep(1)
        assert [reason for reason, _ in await told(cluster)] == [
            "Starting",
            "Rebooted",
            "NodeHasSufficientMemory",
            "NodeHasNoDiskPressure",
            "NodeHasSufficientPID",
            "NodeReady",
        ]


async def test_a_kubelet_tells_what_pods_are_said_to_use():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as cluster:
        container = {"name": "c", "image": "pause"}
        spec = {"containers": [container]}
        await cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
        pod = await cluster.wait_for("pod/p", "ready")
        url = f"http://{pod['status']['hostIP']}:10250/stats/summary"

        async def told():
            async with cluster.http() as http, http.get(url) as answer:
                return (await answer.json())["node"]["cpu"]["usageNanoCores"]

        assert await told() == 0
        cluster.metrics.set_pod_usage("p", cpu="100m")
        assert await told() == 100_000_000
        cluster.metrics.set_pod_usage("p", cpu=lambda pod: 1 / 0)
        assert await told() == 0

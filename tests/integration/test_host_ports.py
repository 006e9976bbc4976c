"""One port of a node, by address and protocol, leads to several pods."""

from __future__ import annotations

import json

import pytest

import kubelite
from kubelite.testing import VirtualClock

PORT = 54323


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as running:
        yield running


def pod(name, node="node-1", ports=(), **spec):
    args = ["netexec", "--http-port=8080", "--udp-port=8080"]
    container = {"name": "c", "image": "agnhost", "args": args, "ports": list(ports)}
    spec = {"nodeName": node, "containers": [container], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def published(address, protocol="TCP"):
    return [{"containerPort": 8080, "hostPort": PORT, "hostIP": address, "protocol": protocol}]


async def who_answers(cluster, client, host, protocol="http"):
    """The host names that a client gets from the port of an address."""
    url = f"http://127.0.0.1:8080/dial?host={host}&port={PORT}&protocol={protocol}&request=hostname&tries=1"
    async with cluster.http(pod=client) as http, http.get(url) as answer:
        return json.loads(await answer.read()).get("responses") or []


async def test_addresses_and_protocols_share_a_host_port(cluster):
    (address,) = [
        each["address"]
        for each in (await cluster.get("node", "node-1"))["status"]["addresses"]
        if each["type"] == "InternalIP"
    ]
    made = [
        pod("lonely", ports=published("127.0.0.1")),
        pod("tcp", ports=published(address)),
        pod("udp", ports=published(address, "UDP")),
        pod("elsewhere", node="node-2", ports=published("127.0.0.1")),
        pod("host", hostNetwork=True),
        pod("other-host", node="node-2", hostNetwork=True),
        pod("client", node="node-2"),
    ]
    await cluster.apply(made)
    for each in made:
        await cluster.wait_for(f"pod/{each['metadata']['name']}", "ready")
    assert await who_answers(cluster, "host", "127.0.0.1") == ["lonely"]
    assert await who_answers(cluster, "other-host", "127.0.0.1") == ["elsewhere"]
    for client in ("host", "client"):
        assert await who_answers(cluster, client, address) == ["tcp"]
        assert await who_answers(cluster, client, address, "udp") == ["udp"]
    await cluster.delete("pod", "lonely")
    await cluster.wait_for("pod/lonely", "deleted", timeout=60)
    assert await who_answers(cluster, "host", "127.0.0.1") != ["lonely"]


async def test_all_that_a_projected_volume_lacks_is_told_at_once(cluster):
    sources = [{"configMap": {"name": "a"}}, {"secret": {"name": "b"}}]
    lacking = pod("lacking", volumes=[{"name": "v", "projected": {"sources": sources}}])
    lacking["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
    await cluster.apply(lacking)
    await cluster.clock.sleep(2)
    (text,) = {each["message"] for each in await cluster.get("events") if each["reason"] == "FailedMount"}
    assert text == 'MountVolume.SetUp failed for volume "v" : [configmap "a" not found, secret "b" not found]'

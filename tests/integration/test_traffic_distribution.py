"""Whom a Service's clients reach, by hints of zones and nodes and by traffic policies."""

from __future__ import annotations

import aiohttp
import pytest

import kubelite
from kubelite.api.resources import NODES, PODS, SERVICES
from kubelite.testing import VirtualClock

ZONE = "topology.kubernetes.io/zone"
MODE = "service.kubernetes.io/topology-mode"


def pod(name, node, **labels):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels or {"app": "web"}},
        "spec": {
            "nodeName": node,
            "containers": [{"name": "c", "image": "agnhost", "args": ["serve-hostname", "--port=8080"]}],
        },
    }


def service(annotations=None, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "annotations": annotations or {}},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec},
    }


@pytest.fixture
async def cluster():
    """Two nodes in zone a, two in zone b; a pod `web-N` and a client on each node but the fourth."""
    async with kubelite.Cluster(nodes=4, clock=VirtualClock(), seed=1) as running:
        for number, zone in ((1, "a"), (2, "a"), (3, "b"), (4, "b")):
            await running.client.patch(NODES, f"node-{number}", {"metadata": {"labels": {ZONE: zone}}})
            await running.apply(pod(f"client-{number}", f"node-{number}", app="client"))
            if number < 4:
                await running.apply(pod(f"web-{number}", f"node-{number}"))
        for each in await running.get("pods"):
            await running.wait_for(f"pod/{each['metadata']['name']}", "ready")
        yield running


async def reached(cluster, number, url="http://web/", tries=20):
    """Who answers a client on a node."""
    found = set()
    async with cluster.http(pod=f"client-{number}") as http:
        for _ in range(tries):
            async with http.get(url, headers={"Connection": "close"}) as answer:
                found.add((await answer.text()).strip())
    return found


async def applied(cluster, made):
    await cluster.apply(made)
    await cluster.clock.sleep(2)


async def test_without_a_preference_everybody_is_reached(cluster):
    await applied(cluster, service())
    assert await reached(cluster, 1) == {"web-1", "web-2", "web-3"}


@pytest.mark.parametrize("preferred", ["PreferClose", "PreferSameZone"])
async def test_clients_stay_in_their_zone(cluster, preferred):
    await applied(cluster, service(trafficDistribution=preferred))
    assert await reached(cluster, 1) == {"web-1", "web-2"}
    assert await reached(cluster, 4) == {"web-3"}
    await cluster.delete("pod", "web-3")
    await cluster.wait_for("pod/web-3", "deleted")
    await cluster.clock.sleep(2)
    assert await reached(cluster, 4) == {"web-1", "web-2"}, "nobody is left there"


async def test_clients_stay_on_their_node_or_else_in_its_zone(cluster):
    await applied(cluster, service(trafficDistribution="PreferSameNode"))
    assert await reached(cluster, 1) == {"web-1"}
    assert await reached(cluster, 4) == {"web-3"}


async def test_a_node_that_moves_to_another_zone_follows_its_hints(cluster):
    await applied(cluster, service(trafficDistribution="PreferClose"))
    assert await reached(cluster, 4) == {"web-3"}
    await cluster.client.patch(NODES, "node-4", {"metadata": {"labels": {ZONE: "a"}}})
    await cluster.clock.sleep(1)
    assert await reached(cluster, 4) == {"web-1", "web-2"}


async def test_hints_by_the_annotation_follow_the_cpus_of_zones(cluster):
    await applied(cluster, service({MODE: "Auto"}))
    events = {(each["reason"], each["message"]) for each in await cluster.get("events")}
    too_few = (
        "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold "
        "(3 endpoints, 2 zones), addressType: IPv4"
    )
    assert ("TopologyAwareHintsDisabled", too_few) in events
    assert await reached(cluster, 4) == {"web-1", "web-2", "web-3"}
    await cluster.apply(pod("web-4", "node-1"))
    await cluster.wait_for("pod/web-4", "ready")
    await cluster.clock.sleep(2)
    (found,) = await cluster.get("endpointslices", selector="kubernetes.io/service-name=web")
    zones = [each["hints"]["forZones"][0]["name"] for each in found["endpoints"]]
    assert sorted(zones) == ["a", "a", "b", "b"], "one of zone a serves zone b"
    assert len(await reached(cluster, 4)) == len(await reached(cluster, 1)) == 2
    enabled = "Topology Aware Hints has been enabled, addressType: IPv4"
    assert enabled in {each["message"] for each in await cluster.get("events")}
    await cluster.client.patch(SERVICES, "web", {"metadata": {"annotations": {MODE: None}}}, "default")
    await cluster.clock.sleep(2)
    assert len(await reached(cluster, 4)) == 4


async def test_policy_local_inside_leaves_what_is_on_the_node(cluster):
    await applied(cluster, service(internalTrafficPolicy="Local"))
    assert await reached(cluster, 2) == {"web-2"}
    began = cluster.clock.monotonic()
    with pytest.raises(aiohttp.ConnectionTimeoutError):
        await reached(cluster, 4, tries=1)
    assert cluster.clock.monotonic() - began == pytest.approx(30, abs=0.1), "as long as aiohttp tries"


async def test_policy_local_outside_is_not_for_pods(cluster):
    await applied(cluster, service(type="NodePort", externalTrafficPolicy="Local"))
    port = (await cluster.get("service", "web"))["spec"]["ports"][0]["nodePort"]
    address = (await cluster.get("node", "node-4"))["status"]["addresses"][0]["address"]
    assert await reached(cluster, 4, f"http://{address}:{port}/") == {"web-1", "web-2", "web-3"}


async def messages(cluster, reason):
    return [each["message"] for each in await cluster.get("events") if each["reason"] == reason]


async def test_what_keeps_endpoints_from_being_written_is_told(cluster):
    cluster.faults.on("POST", "endpointslices", namespace="default").error(500, times=1)
    cluster.faults.on("POST", "endpoints", namespace="default").error(500, times=1)
    await applied(cluster, service())
    (slices,) = await messages(cluster, "FailedToUpdateEndpointSlices")
    start = (
        "Error updating Endpoint Slices for Service default/web: failed to create EndpointSlice for Service "
    )
    assert slices.startswith(f"{start}default/web: ")
    (endpoints,) = await messages(cluster, "FailedToCreateEndpoint")
    assert endpoints.startswith("Failed to create endpoint for service default/web: ")
    assert await reached(cluster, 1) == {"web-1", "web-2", "web-3"}


async def test_a_pod_of_a_missing_node_is_left_out_and_told(cluster):
    lost = pod("lost", "nowhere")
    await cluster.apply(lost)
    status = {"podIP": "10.9.9.9", "podIPs": [{"ip": "10.9.9.9"}], "phase": "Running"}
    await cluster.client.patch(PODS, "lost", {"status": status}, "default", subresource="status")
    await applied(cluster, service())
    found = await messages(cluster, "FailedToUpdateEndpointSlices")
    what = "skipping Pod lost for Service default/web: Node nowhere Not Found"
    assert found == [f"Error updating Endpoint Slices for Service default/web: {what}"]

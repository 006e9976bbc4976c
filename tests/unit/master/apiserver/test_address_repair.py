"""IPAddress objects that somebody deletes, relabels or makes up are set right at the next look."""

from __future__ import annotations

import pytest

from kubelite.api.resources import EVENTS, IPADDRESSES, SERVICES
from kubelite.apimachinery.apierrors import NotFound
from tests.harness import api_server

INTERVAL_S = 180.0


@pytest.fixture
async def client():
    async with api_server() as inside:
        yield inside


async def make_service(client, name="web"):
    spec = {"ports": [{"port": 80}]}
    obj = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
    made = await client.create(SERVICES, obj, "default")
    return made["spec"]["clusterIP"]


def made_up(name, parent, **labels):
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress"}
    allocated = {
        "ipaddress.kubernetes.io/ip-family": "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    return {
        **kind,
        "metadata": {"name": name, "labels": {**allocated, **labels}},
        "spec": {"parentRef": parent},
    }


async def told(client):
    found = (await client.list(EVENTS, "default")).items
    return [(each["involvedObject"]["name"], each["reason"], each["message"]) for each in found]


async def test_the_object_of_an_address_comes_back_and_an_event_tells_of_it(client):
    address = await make_service(client)
    before = await client.get(IPADDRESSES, address)
    await client.delete(IPADDRESSES, address)
    await client.clock.advance(INTERVAL_S)
    after = await client.get(IPADDRESSES, address)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert (after["spec"], after["metadata"]["labels"]) == (before["spec"], before["metadata"]["labels"])
    text = f"Cluster IP [IPv4]: {address} is not allocated; repairing"
    assert await told(client) == [("web", "ClusterIPNotAllocated", text)]
    (event,) = (await client.list(EVENTS, "default")).items
    assert event["reportingComponent"] == "ipallocator-repair-controller"
    assert (event["action"], event["type"]) == ("ClusterIPAllocation", "Warning")
    await client.clock.advance(2 * INTERVAL_S)
    assert len(await told(client)) == 1, "nothing is wrong any more"


async def test_labels_are_set_right_without_a_word(client):
    address = await make_service(client)
    key = "ipaddress.kubernetes.io/managed-by"
    await client.patch(IPADDRESSES, address, {"metadata": {"labels": {key: "somebody"}}})
    await client.clock.advance(INTERVAL_S)
    assert (await client.get(IPADDRESSES, address))["metadata"]["labels"][key] == "ipallocator.k8s.io"
    assert await told(client) == []


async def test_an_address_of_a_service_that_is_not_there_goes_after_a_minute(client):
    await client.clock.advance(INTERVAL_S - 30)
    parent = {"resource": "services", "namespace": "default", "name": "none"}
    await client.create(IPADDRESSES, made_up("10.96.7.7", parent))
    await client.clock.advance(31)
    assert await client.get(IPADDRESSES, "10.96.7.7"), "its Service may be on its way"
    await client.clock.advance(INTERVAL_S)
    with pytest.raises(NotFound):
        await client.get(IPADDRESSES, "10.96.7.7")
    text = "IPAddress: 10.96.7.7 for Service default/none appears to have leaked: cleaning up"
    assert await told(client) == [("10.96.7.7", "IPAddressNotAllocated", text)]


async def test_what_others_manage_is_left_alone_and_false_claims_are_not(client):
    await make_service(client)
    service = {"resource": "services", "namespace": "default", "name": "web"}
    gateway = {
        "group": "gateway.networking.k8s.io",
        "resource": "gateways",
        "name": "g",
        "namespace": "default",
    }
    others = {"ipaddress.kubernetes.io/managed-by": "somebody"}
    await client.create(IPADDRESSES, made_up("10.96.7.1", gateway, **others))
    await client.create(IPADDRESSES, made_up("10.96.7.2", gateway))
    await client.create(IPADDRESSES, made_up("10.96.7.3", service))
    await client.clock.advance(INTERVAL_S)
    assert await client.get(IPADDRESSES, "10.96.7.1")
    for name in ("10.96.7.2", "10.96.7.3"):
        with pytest.raises(NotFound):
            await client.get(IPADDRESSES, name)
    wrong = "IPAddress: 10.96.7.3 for Service default/web has a wrong reference; cleaning up"
    assert ("10.96.7.3", "IPAddressWrongReference", wrong) in await told(client)
    ((_, _, modified),) = [each for each in await told(client) if each[0] == "10.96.7.2"]
    assert (
        "&ParentReference{Group:gateway.networking.k8s.io,Resource:gateways,Namespace:default,Name:g,}"
        in modified
    )

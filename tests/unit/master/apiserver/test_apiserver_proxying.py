"""Where a request through the proxy goes."""

from __future__ import annotations

import pytest

from kubelite.api.resources import ENDPOINTSLICES, NODES, PODS, SERVICES
from kubelite.apimachinery.apierrors import APIError, BadRequest, NotFound, ServiceUnavailable
from kubelite.client.requests import ADMIN, Connect
from kubelite.master.apiserver.proxying import split_name
from tests.harness import api_server, make_pod


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("web", ("", "web", "")),
        ("web:80", ("", "web", "80")),
        ("web:", ("", "web", "")),
        ("https:web:http", ("https", "web", "http")),
        (":web:", ("", "web", "")),
        ("ftp:web:21", None),
        (":80", None),
        ("a:b:c:d", None),
    ],
)
def test_names(text, parts):
    assert split_name(text) == parts


async def goes(client, resource, name):
    namespace = "default" if resource.namespaced else ""
    found = await Connect(
        user=ADMIN, resource=resource, namespace=namespace, name=name, subresource="proxy"
    ).ask(client._ref)
    return f"{found.scheme}://{found.host}:{found.port}"


async def test_a_pods_port(client):
    pod = make_pod()
    pod["spec"]["containers"][0]["ports"] = [{"containerPort": 8080}]
    await client.create(PODS, pod, "default")
    with pytest.raises(BadRequest, match="address not allowed"):
        await goes(client, PODS, "web")
    await client.patch(PODS, "web", {"status": {"podIP": "10.0.0.9"}}, "default", subresource="status")
    assert await goes(client, PODS, "web") == "http://10.0.0.9:8080"
    assert await goes(client, PODS, "https:web:443") == "https://10.0.0.9:443"
    for name, error in (
        ("other", NotFound),
        ("web:http", ServiceUnavailable),
        ("x:web:1", BadRequest),
    ):
        with pytest.raises(error):
            await goes(client, PODS, name)


async def test_a_kubelet_is_reached_by_its_port_whatever_the_scheme(client):
    node = {
        "metadata": {"name": "n"},
        "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.4"}]},
    }
    await client.create(NODES, node)
    for name in ("n", "https:n:10250", "https:n:"):
        assert await goes(client, NODES, name) == "http://10.0.0.4:10250"
    assert await goes(client, NODES, "https:n:443") == "https://10.0.0.4:443"


async def test_a_services_ready_endpoints(client):
    ports = [{"name": "http", "port": 80, "targetPort": 8000}, {"name": "admin", "port": 81}]
    await client.create(SERVICES, {"metadata": {"name": "s"}, "spec": {"ports": ports}}, "default")

    async def refused(name):
        with pytest.raises(APIError) as caught:
            await goes(client, SERVICES, name)
        return caught.value.message

    assert await refused("s:http") == 'no endpoints available for service "s:http"'
    endpoints = [
        {"addresses": ["10.0.0.1"]},
        {"addresses": ["10.0.0.2"], "conditions": {"ready": True}},
        {"addresses": ["10.0.0.3"], "conditions": {"ready": False}},
    ]
    found = {
        "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "http", "port": 8000}],
    }
    await client.create(ENDPOINTSLICES, found, "default")
    seen = {await goes(client, SERVICES, name) for name in ["s:http", "s:80"] * 10}
    assert seen == {"http://10.0.0.1:8000", "http://10.0.0.2:8000"}
    assert await refused("s") == 'no endpoints available for service "s"'
    assert await refused("s:81") == 'no endpoints available for service "s:81"'
    assert await refused("s:82") == 'no service port 82 found for service "s"'
    assert await refused("none:82") == 'services "none" not found'

"""Through the API server to pods: pods/proxy and services/proxy over the cluster's wires; short names."""

import aiohttp
import pytest
import yaml
from aiohttp import web

import kubelite
from kubelite.testing import VirtualClock

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
  - name: c
    image: shop/web:1
    ports: [{name: http, containerPort: 8000}]
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}]
"""
POD = "/api/v1/namespaces/shop/pods/web/proxy"
SERVICE = "/api/v1/namespaces/shop/services/front:http/proxy"


async def main(container):
    async def echo(request):
        headers = {"X-Got-" + name: value for name, value in request.headers.items()}
        body = await request.read()
        return web.Response(status=418, body=request.raw_path.encode() + b" " + body, headers=headers)

    async def moved(_):
        raise web.HTTPFound("/elsewhere?a=b")

    async def socket(request):
        server = web.WebSocketResponse()
        await server.prepare(request)
        async for message in server:
            await server.send_str(message.data.upper())
        return server

    async def ask(_):
        async with container.http() as http, http.get("http://front/echo") as answer:
            return web.Response(status=answer.status, text=await answer.text())

    app = web.Application()
    app.router.add_get("/moved", moved)
    app.router.add_get("/socket", socket)
    app.router.add_get("/ask", ask)
    app.router.add_route("*", "/{path:.*}", echo)
    await container.serve(app, 8000)
    return 0


@pytest.fixture
async def http():
    """A client of the API server."""
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=7, secure=False) as cluster:
        cluster.images["shop/web:1"] = main
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        await cluster.wait_for("serviceaccount/default", "exists", namespace="shop")
        await cluster.apply(MANIFEST)
        await cluster.wait_for("pod/web", namespace="shop")
        await cluster.wait_for("svc/front", namespace="shop")
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        headers = {"Authorization": "Bearer " + config["users"][0]["user"]["token"]}
        async with cluster.http() as session:
            options = {"headers": headers, "connector": session.connector, "connector_owner": False}
            async with aiohttp.ClientSession(cluster.url, **options) as client:
                yield client


@pytest.mark.parametrize("base", [POD, SERVICE])
async def test_requests_and_answers_pass(http, base):
    async with http.post(base + "/a%2Fb/?x=1&y", data=b"body", headers={"X-Mine": "yes"}) as answer:
        assert answer.status == 418
        assert await answer.text() == "/a%2Fb/?x=1&y body"
        assert answer.headers["X-Got-X-Mine"] == "yes"
        assert answer.headers["X-Got-X-Forwarded-Uri"] == base + "/a%2Fb/"
        assert "X-Got-Authorization" not in answer.headers
        assert "Audit-Id" in answer.headers
    async with http.head(base + "/x") as answer:
        assert (answer.status, await answer.read()) == (418, b"")
    for sent, got in (("//", "/"), ("//a///b/", "/a/b/")):
        async with http.get(base + sent) as answer:
            assert await answer.text() == f"{got} "


async def test_redirects_lead_through_the_proxy(http):
    async with http.get(POD + "?q=1", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (301, POD + "/?q=1")
    async with http.get(POD + "/moved", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, POD + "/elsewhere?a=b")


async def test_websockets_pass(http):
    async with http.ws_connect(SERVICE + "/socket") as socket:
        await socket.send_str("hello")
        assert (await socket.receive(timeout=5)).data == "HELLO"


async def test_nobody_listens(http):
    async with http.get("/api/v1/namespaces/shop/pods/web:9/proxy/") as answer:
        status = await answer.json()
    assert status["reason"] == "ServiceUnavailable"
    assert status["message"].startswith("error trying to reach service: dial tcp ")
    assert status["message"].endswith(":9: connect: connection refused")


async def test_short_names_are_those_of_the_pods_namespace(http):
    async with http.get(POD + "/ask") as answer:
        assert (answer.status, await answer.text()) == (418, "/echo ")

"""Load balancers ask nodes whether they have endpoints of a Service; the proxy tells of itself."""

import asyncio
import json
import urllib.request

import pytest

import kubelite
from kubelite.testing import VirtualClock

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  nodeName: %s
  containers:
  - name: web
    image: nginx
    ports: [{containerPort: 80}]
    readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: web}
  ports: [{name: http, port: 80}, {name: other, port: 81, targetPort: 80}]
"""


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=3) as cluster:
        yield cluster


async def addresses(cluster):
    return {
        node["metadata"]["name"]: node["status"]["addresses"][0]["address"]
        for node in await cluster.get("nodes")
    }


async def test_a_node_answers_for_the_ready_endpoints_it_has(cluster):
    nodes = await addresses(cluster)
    (home, home_address), (_, other_address) = nodes.items()
    await cluster.apply(MANIFEST % home)
    await cluster.wait_for("pod/web", "jsonpath={.status.phase}=Running")
    port = (await cluster.get("svc", "web"))["spec"]["healthCheckNodePort"]

    async def ask(address):
        async with cluster.http() as http, http.get(f"http://{address}:{port}/any/path") as answer:
            assert answer.headers["Content-Type"].startswith("application/json")
            body = await answer.json()
            assert body["service"] == {"namespace": "default", "name": "web"}
            assert body["serviceProxyHealthy"] is True
            weight = answer.headers["X-Load-Balancing-Endpoint-Weight"]
            assert weight == str(body["localEndpoints"])
            return answer.status, body["localEndpoints"]

    assert await ask(home_address) == (503, 0), "the pod is not ready"
    assert (await cluster.exec("web", ["touch", "/tmp/ready"])).exit_code == 0
    await cluster.wait_for("pod/web")
    await cluster.wait_for("svc/web")
    assert await ask(home_address) == (200, 1), "two ports of one pod are one endpoint"
    assert await ask(other_address) == (503, 0)

    async with cluster.http() as http:
        async with http.get(f"http://{home_address}:{port}/") as answer:
            assert answer.status == 200
        await cluster.delete("svc", "web")
        await cluster.wait_for("svc/web", "deleted")
        with pytest.raises(OSError, match="refused"):
            await http.get(f"http://{home_address}:{port}/")


async def test_the_proxy_of_a_node_tells_how_it_is(cluster):
    nodes = await addresses(cluster)
    name, address = next(iter(nodes.items()))

    async def ask(path):
        async with cluster.http() as http, http.get(f"http://{address}:10256{path}") as answer:
            return answer.status, await answer.json() if answer.status != 404 else None

    status, body = await ask("/healthz")
    assert (status, body["nodeEligible"]) == (200, True)
    assert body["lastUpdated"] == body["currentTime"]
    taint = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}
    node = await cluster.get("node", name)
    await cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": node["metadata"]["labels"]},
            "spec": {"taints": [taint]},
        }
    )
    status, body = await ask("/healthz")
    assert (status, body["nodeEligible"]) == (503, False)
    status, body = await ask("/livez")
    assert (status, set(body)) == (200, {"lastUpdated", "currentTime"})
    assert (await ask("/metrics"))[0] == 404


async def test_load_balancers_outside_may_ask_too():
    def fetch(url):
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, json.load(answer)

    async with kubelite.Cluster() as cluster:
        (name, address), *_ = (await addresses(cluster)).items()
        manifest = MANIFEST.replace("[cat, /tmp/ready]", '["true"]')
        await cluster.apply(manifest % name)
        await cluster.wait_for("pod/web")
        await cluster.wait_for("svc/web")
        port = (await cluster.get("svc", "web"))["spec"]["healthCheckNodePort"]
        status, body = await asyncio.to_thread(fetch, f"http://{address}:{port}/")
        assert (status, body["localEndpoints"]) == (200, 1)

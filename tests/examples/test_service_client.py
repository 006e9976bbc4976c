"""A client of a Service, tested against what happens in clusters: rolling updates, lost pods, lost nodes."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

pytestmark = [pytest.mark.asyncio, pytest.mark.kubelite(nodes=3, node_monitor_grace_s=2.0)]
SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: nginx, image: "nginx:1.27", readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
"""


class ShopClient:
    """What is tested: it asks again, a few times, when a server is gone."""

    def __init__(self, http, attempts=4):
        self._http, self._attempts = http, attempts
        self.retries = 0

    async def status(self):
        for attempt in range(self._attempts):
            try:
                timeout = aiohttp.ClientTimeout(total=1)
                async with self._http.get("http://shop/", timeout=timeout) as answer:
                    return answer.status
            except (aiohttp.ClientError, TimeoutError):
                self.retries += 1
                if attempt == self._attempts - 1:
                    raise
        raise AssertionError("no attempt was made")


async def opened(cluster):
    """The cluster with the shop in it."""
    await cluster.apply(SHOP)
    await cluster.wait_for("deployment/shop", "ready")
    return cluster


async def ask_until(client, over):
    """Asks all the time until something is over; the statuses."""
    seen = []
    while not over.done():
        seen.append(await client.status())
    return seen


async def test_no_request_fails_during_a_rolling_update(kubelite_cluster):
    cluster = await opened(kubelite_cluster)
    async with cluster.http() as http:
        client = ShopClient(http)
        newer = SHOP.replace("nginx:1.27", "nginx:1.28")
        await cluster.apply(newer)
        over = asyncio.ensure_future(
            cluster.wait_for("deployment/shop", lambda it: it["status"].get("updatedReplicas") == 3)
        )
        seen = await ask_until(client, over)
    assert set(seen) == {200}
    assert client.retries <= 2  # none, unless the machine is so slow that a pod ends before proxies know


async def test_a_pod_that_is_killed_costs_a_retry_at_most(kubelite_cluster):
    cluster = await opened(kubelite_cluster)
    async with cluster.http() as http:
        client = ShopClient(http)
        victim = (await cluster.get("pods"))[0]["metadata"]["name"]
        await cluster.delete("pod", victim, grace_period_s=0)
        over = asyncio.ensure_future(cluster.wait_for("deployment/shop", "ready"))
        seen = await ask_until(client, over)
    assert set(seen) <= {200}


async def test_a_node_that_loses_its_power_is_survived(kubelite_cluster):
    cluster = await opened(kubelite_cluster)
    async with cluster.http() as http:
        client = ShopClient(http)
        await cluster.fail_node("node-3")
        over = asyncio.ensure_future(cluster.wait_for("node/node-3", "condition=Ready=Unknown"))
        seen = await ask_until(client, over)
        assert set(seen) == {200}
        await cluster.recover_node("node-3")
        await cluster.wait_for("node/node-3", "ready")
        assert await client.status() == 200


async def test_a_rolling_update_under_faults_costs_no_answer(kubelite_cluster):
    """The API server falters: the Service must not send anyone to pods that are gone."""
    cluster = await opened(kubelite_cluster)
    faults = cluster.faults
    refused = faults.on("PATCH", "pods/status", client="kubelet").error(503, times=2)
    conflicts = faults.on("PUT", "replicasets", client="deployment-controller").conflict(times=2)
    lost = faults.on("POST", "pods", client="replicaset-controller").timeout_after_commit(times=1)
    async with cluster.http() as http:
        client = ShopClient(http)
        await cluster.apply(SHOP.replace("nginx:1.27", "nginx:1.28"))
        over = asyncio.ensure_future(cluster.wait_for("deployment/shop", "ready"))
        seen = await ask_until(client, over)
    assert set(seen) == {200}
    assert (refused.hits, conflicts.hits, lost.hits) == (2, 2, 1)
    made = await cluster.get("pods", selector="app=shop")
    assert len([pod for pod in made if "deletionTimestamp" not in pod["metadata"]]) == 3

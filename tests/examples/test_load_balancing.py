"""An experiment: how evenly do connections spread over pods, with and without session affinity?"""

from __future__ import annotations

from collections import Counter

import pytest
from aiohttp import web

pytestmark = [pytest.mark.asyncio, pytest.mark.kubelite(nodes=2, seed=7)]

PODS, REQUESTS = 4, 400
BACKEND = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: backend}}
spec:
  replicas: {PODS}
  selector: {{matchLabels: {{app: backend}}}}
  template:
    metadata: {{labels: {{app: backend}}}}
    spec: {{containers: [{{name: main, image: "lab/whoami:1"}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: spread}}
spec: {{selector: {{app: backend}}, ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: sticky}}
spec: {{selector: {{app: backend}}, ports: [{{port: 80}}], sessionAffinity: ClientIP}}
"""


async def whoami(container):
    """An application of a pod: it answers with the pod's name."""

    async def answer(request):
        return web.Response(text=container.pod_name)

    app = web.Application()
    app.router.add_get("/", answer)
    await container.serve(app, port=80)


async def shares(cluster, service):
    """How many of the requests, each by a connection of its own, went to each pod."""
    cluster.images["lab/whoami:1"] = whoami
    await cluster.apply(BACKEND)
    await cluster.wait_for("deployment/backend", "ready")
    counted = Counter()
    async with cluster.http() as http:
        for _ in range(REQUESTS):
            async with http.get(f"http://{service}/", headers={"Connection": "close"}) as answer:
                counted[await answer.text()] += 1
    return counted


async def test_connections_spread_over_all_pods(kubelite_cluster):
    counted = await shares(kubelite_cluster, "spread")
    assert len(counted) == PODS
    expected = REQUESTS / PODS
    assert sum((found - expected) ** 2 / expected for found in counted.values()) < 16.3  # chi², 3 df, 0.1 %


async def test_a_client_with_affinity_stays_with_one(kubelite_cluster):
    assert list((await shares(kubelite_cluster, "sticky")).values()) == [REQUESTS]

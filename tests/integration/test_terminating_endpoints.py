"""What terminates and still serves gets connections while nobody else is ready."""

import pytest

import kubelite
from kubelite.testing import VirtualClock

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: %s, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 100
  containers:
  - name: web
    image: agnhost
    args: [netexec, --http-port=80, --delay-shutdown=60]
    ports: [{containerPort: 80}]
    readinessProbe: {httpGet: {path: /healthz, port: 80}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


async def test_the_last_endpoint_serves_until_it_ends():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as cluster:

        async def who():
            async with cluster.http() as http, http.get("http://web/hostname") as answer:
                return await answer.text()

        await cluster.apply(MANIFEST % "old")
        await cluster.wait_for("pod/old")
        await cluster.wait_for("svc/web")
        await cluster.delete("pod", "old")
        await cluster.clock.advance(30)
        assert await who() == "old"
        await cluster.apply(MANIFEST % "new")
        await cluster.wait_for("pod/new")
        await cluster.clock.advance(5)
        assert {await who() for _ in range(10)} == {"new"}
        await cluster.wait_for("pod/old", "deleted", timeout=60)


async def test_nobody_serves_after_the_end():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as cluster:
        await cluster.apply(MANIFEST % "old")
        await cluster.wait_for("pod/old")
        await cluster.delete("pod", "old")
        await cluster.wait_for("pod/old", "deleted", timeout=120)
        async with cluster.http() as http:
            with pytest.raises(OSError, match="refused"):
                await http.get("http://web/hostname")

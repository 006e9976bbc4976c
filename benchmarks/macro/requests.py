"""What a Service costs: requests through a ClusterIP against requests to the pod itself."""

from __future__ import annotations

import aiohttp

import kubelite
from benchmarks.macro.manifests import IMAGE, controller, make_app, service
from benchmarks.measure import Bench, Measured, Stopwatch
from benchmarks.row import Row

REQUESTS = 1000


def _requests(http: aiohttp.ClientSession, url: str, count: int) -> Measured:
    async def run() -> float:
        with Stopwatch() as watch:
            for _ in range(count):
                async with http.get(url) as answer:
                    await answer.read()
        return watch.cpu_s / count

    return run


async def cluster_ip(bench: Bench) -> list[Row]:
    """Once over kept connections, and once with a new connection, so a new translation, for each request."""
    count = bench.size(REQUESTS)
    rows = []
    async with kubelite.Cluster(nodes=1, images={IMAGE: make_app}) as cluster:
        await cluster.apply([controller(1), service()])
        await cluster.wait_for("rc/web", "ready")
        await cluster.wait_for("service/web", "ready")
        (pod,) = await cluster.get("pods")
        cluster_address = (await cluster.get("service", "web"))["spec"]["clusterIP"]
        for name, headers in (("kept connections", {}), ("new connections", {"Connection": "close"})):
            async with cluster.http() as http:
                http.headers.update(headers)
                rows.append(
                    await bench.compare(
                        f"ClusterIP, {name}",
                        _requests(http, f"http://{cluster_address}/", count),
                        _requests(http, f"http://{pod['status']['podIP']}/", count),
                        floor_name="the same request to the pod",
                        target=0.95,
                    )
                )
    return rows

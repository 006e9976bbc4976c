"""Many pods at once."""

from __future__ import annotations

import kubelite
from benchmarks.macro.manifests import IMAGE, controller, make_app, service
from benchmarks.measure import Bench, Stopwatch
from benchmarks.row import Row

REPLICAS = 1000
SAMPLE = 10
TIMEOUT_S = 120


async def rc_1000(bench: Bench) -> list[Row]:
    """An RC of 1 000 replicas on 10 nodes, from POST to all Ready; then some are asked whether they live."""
    replicas = bench.size(REPLICAS)
    seconds = []
    for repetition in range(bench.repetitions(3)):
        bench.progress(f"{replicas} pods: {repetition + 1}")
        async with kubelite.Cluster(nodes=10, images={IMAGE: make_app}) as cluster:
            with Stopwatch() as watch:
                await cluster.apply(controller(replicas))
                await cluster.wait_for("rc/web", "ready", timeout=TIMEOUT_S)
            seconds.append(watch.cpu_s)
            await _check(cluster, replicas)
    target_ms = 2000 if replicas == REPLICAS else None
    return [
        bench.scaled(f"RC of {replicas} on 10 nodes", seconds, target_ms=target_ms, what="POST to all Ready")
    ]


async def _check(cluster: kubelite.Cluster, replicas: int) -> None:
    await cluster.apply(service())
    pods = await cluster.get("pods")
    assert len(pods) == replicas
    async with cluster.http() as http:
        for pod in pods[:: max(1, replicas // SAMPLE)]:
            async with http.get(f"http://{pod['status']['podIP']}/") as answer:
                assert answer.status == 200

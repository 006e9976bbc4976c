"""Many pods at once."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import kubelite
from benchmarks.macro.manifests import IMAGE, controller, make_app, service
from benchmarks.measure import Bench, Stopwatch
from benchmarks.row import Row

REPLICAS = 1000
SAMPLE = 10
TIMEOUT_S = 120


async def rc_1000(bench: Bench) -> list[Row]:
    """An RC of 1 000 replicas on 10 nodes, from POST to all Ready; then some are asked whether they live.

    Once by itself, and once behind a Service until each is an endpoint of it.
    """
    return [await _row(bench, with_service=served) for served in (False, True)]


async def _row(bench: Bench, *, with_service: bool) -> Row:
    replicas = bench.size(REPLICAS)
    seconds = []
    for repetition in range(bench.repetitions(3)):
        bench.progress(f"{replicas} pods{' of a Service' if with_service else ''}: {repetition + 1}")
        gc.collect()
        async with kubelite.Cluster(nodes=10, images={IMAGE: make_app}) as cluster:
            if with_service:
                await cluster.apply(service())
            with Stopwatch() as watch:
                await cluster.apply(controller(replicas))
                await cluster.wait_for("rc/web", "ready", timeout=TIMEOUT_S)
                if with_service:
                    await cluster.wait_for("endpoints/web", _holds(replicas), timeout=TIMEOUT_S)
            seconds.append(watch.cpu_s)
            await _check(cluster, replicas)
    name = f"RC of {replicas} on 10 nodes" + (", with a Service" if with_service else "")
    target_ms = 2000 if replicas == REPLICAS else None
    return bench.scaled(name, seconds, target_ms=target_ms, what="POST to all Ready")


def _holds(replicas: int) -> Callable[[dict[str, Any]], bool]:
    """Whether Endpoints have that many ready addresses; they hold 1 000 at most."""
    return lambda found: sum(len(each["addresses"]) for each in found.get("subsets") or ()) == replicas


async def _check(cluster: kubelite.Cluster, replicas: int) -> None:
    pods = await cluster.get("pods")
    assert len(pods) == replicas
    async with cluster.http() as http:
        for pod in pods[:: max(1, replicas // SAMPLE)]:
            async with http.get(f"http://{pod['status']['podIP']}/") as answer:
                assert answer.status == 200

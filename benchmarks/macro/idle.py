"""What a cluster costs in which nothing happens."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any, Final

import kubelite
from benchmarks.macro.manifests import LABELS
from benchmarks.macro.workloads import PAUSE, PODS_PER_NODE, TIMEOUT_S
from benchmarks.measure import Bench, Stopwatch
from benchmarks.row import Row

IDLE_NODES: Final = 3
IDLE_PODS: Final = 10_000
WATCHED_S: Final = 20.0
SETTLE_S: Final = 5.0


def replicas(name: str, count: int) -> dict[str, Any]:
    """A ReplicationController of pauses."""
    labels = {**LABELS, "batch": name}
    return {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": name},
        "spec": {
            "replicas": count,
            "selector": labels,
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": PAUSE}]},
            },
        },
    }


async def idle(bench: Bench) -> list[Row]:
    """The share of a core that an idle cluster takes: an empty one, and one full of pods."""
    return [await _empty(bench), await _full(bench)]


async def _empty(bench: Bench) -> Row:
    async with kubelite.Cluster(nodes=IDLE_NODES) as cluster:
        await cluster.get("pods")
        return await _watched(bench, f"idle, {IDLE_NODES} nodes", target=0.1)


async def _full(bench: Bench) -> Row:
    pods = bench.size(IDLE_PODS)
    async with kubelite.Cluster(nodes=max(3, pods // PODS_PER_NODE), max_pods=2 * PODS_PER_NODE) as cluster:
        await grow(cluster, "first", pods)
        return await _watched(bench, f"idle, {pods} pods", target=2.0)


async def grow(cluster: kubelite.Cluster, name: str, count: int) -> None:
    """More pods, of a ReplicationController; waits until they are Ready."""
    await cluster.apply(replicas(name, count))
    await cluster.wait_for(f"rc/{name}", "ready", timeout=TIMEOUT_S)


async def _watched(bench: Bench, name: str, target: float) -> Row:
    """Percent of a core, seen three times."""
    seconds = 1.0 if bench.quick else WATCHED_S
    await asyncio.sleep(seconds * SETTLE_S / WATCHED_S)
    gc.collect()
    shares = []
    for turn in range(bench.repetitions(3)):
        bench.progress(f"{name}: {turn + 1}")
        began = time.monotonic()
        with Stopwatch() as watch:
            await asyncio.sleep(seconds)
        shares.append(100 * watch.cpu_s / (time.monotonic() - began))
    return bench.as_measured(name, shares, unit="% of a core", target=target, better="lower")

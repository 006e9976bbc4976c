"""What a cluster costs in which nothing happens, and what a pod costs where there are many already."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from typing import Any, Final

import kubelite
from benchmarks.macro.manifests import LABELS
from benchmarks.macro.workloads import DELETED, PAUSE, PODS_PER_NODE, TIMEOUT_S
from benchmarks.measure import CALIBRATION_REFERENCE_S, Bench, Stopwatch, calibrate, spread
from benchmarks.row import Row

IDLE_NODES: Final = 3
IDLE_PODS: Final = 10_000
WATCHED_S: Final = 20.0
SETTLE_S: Final = 5.0
CURVE: Final = (1000, 5000, 10_000, 20_000, 35_000, 50_000)
"""Pods that there are when the cost of another thousand is measured for the last time."""

PREFIX: Final = 13
"""The cluster's block of addresses: room for them all."""

BATCH: Final = 1000
GROWTH_MAX: Final = 1.3
"""What a pod among 50 000 may cost of what one of the first thousand does: caches of the CPU are small."""


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
        await _grow(cluster, "first", pods)
        return await _watched(bench, f"idle, {pods} pods", target=2.0)


async def _grow(cluster: kubelite.Cluster, name: str, count: int) -> None:
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
    factor = CALIBRATION_REFERENCE_S / calibrate()
    value = statistics.median(shares)
    return Row(
        name=name,
        group=bench.group,
        value=value * factor,
        unit="% of a core",
        floor=f"calibration loop, scaled by {factor:.2f}; as measured",
        floor_value=value,
        ratio=None,
        target=None if bench.quick else target,
        better="lower",
        cpu_s=bench.spent_s(),
        spread=spread(shares),
        repetitions=len(shares),
    )


async def growth(bench: Bench) -> list[Row]:
    """CPU time per pod of an RC of 1 000 among more and more pods: from POST until all are Ready.

    The garbage collector of Python is left out: what it costs per object is its own affair, and `kubelite up`
    keeps it from looking at everything again and again.
    """
    curve = [1000, 2000] if bench.quick else list(CURVE)
    batch = BATCH // 4 if bench.quick else BATCH
    nodes = max(10, curve[-1] // PODS_PER_NODE)
    costs: dict[int, float] = {}
    gc.disable()
    try:
        async with kubelite.Cluster(nodes=nodes, max_pods=2 * PODS_PER_NODE, prefix=PREFIX) as cluster:
            await _grow(cluster, "warm-up", batch)  # what is made once is not a pod's
            there = 0
            for number, at in enumerate(curve):
                while there < at - batch:
                    more = min(DELETED, at - batch - there)
                    await _grow(cluster, f"filling-{there}", more)
                    there += more
                bench.progress(f"{at} pods")
                gc.collect()
                loop_s = calibrate()
                with Stopwatch() as watch:
                    await _grow(cluster, f"batch-{number}", batch)
                there += batch
                costs[at] = watch.cpu_s / batch * CALIBRATION_REFERENCE_S / ((loop_s + calibrate()) / 2)
    finally:
        gc.enable()
    first = costs[curve[0]]
    return [_cost(bench, at, cost, first, is_last=at == curve[-1]) for at, cost in costs.items()]


def _cost(bench: Bench, at: int, cost_s: float, first_s: float, *, is_last: bool) -> Row:
    return Row(
        name=f"a pod among {at}",
        group=bench.group,
        value=cost_s * 1000,
        unit="ms CPU",
        floor="a pod of the first 1000",
        floor_value=first_s * 1000,
        ratio=cost_s / first_s,
        target=GROWTH_MAX if is_last and not bench.quick else None,
        better="lower",
        cpu_s=bench.spent_s(),
        spread=0.0,
        repetitions=1,
    )

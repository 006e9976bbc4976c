"""What an object costs where there are many already, against the same among few, measured in turns.

Both stand in one process, in clusters of the same nodes, and each is measured between two of the other: what
else the machine does, and how large the process is, concerns both alike. Python's collector is switched off
while turns are measured, and has rows of its own: its share is that of the objects' number, not of what is
done with them.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import kubelite
from benchmarks.macro.idle import grow
from benchmarks.macro.manifests import LABELS
from benchmarks.macro.workloads import TIMEOUT_S, deployment, is_settled, until_all
from benchmarks.measure import Bench, Stopwatch, spread
from benchmarks.row import Row
from kubelite.cli.up import spare_the_collector

PODS: Final = (2500, 5000, 10_000, 20_000, 50_000)
"""Pods that there are when the last turn of a point ends."""
BATCH: Final = 500
TURNS: Final = 4
FILLING: Final = 5000
"""Pods of one controller at most, where nothing is measured."""

DEPLOYMENTS: Final = (1000, 5000)
DEPLOYMENTS_BATCH: Final = 100
REPLICAS: Final = 3

DELETED: Final = (1000, 5000)
DELETED_FEW: Final = 250
DELETED_TURNS: Final = 3

COLLECTED: Final = 10_000
"""Pods that are made with the collector as `kubelite up` sets it."""

PODS_PER_NODE: Final = 500
NODES_MIN: Final = 10
PREFIX: Final = 13
"""The clusters' blocks of addresses: room for them all."""
GROWTH_MAX: Final = 1.3
"""What an object among the most may cost of what one among few does: caches of the CPU are small."""

Cost = Callable[[], Awaitable[float]]
"""Does something; answers with CPU seconds per object."""


class Collector:
    """CPU seconds that Python's collector takes while it is listened to."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self._began = 0.0

    def __call__(self, phase: str, _info: dict[str, int]) -> None:
        """See `gc.callbacks`."""
        if phase == "start":
            self._began = time.process_time()
        else:
            self.cpu_s += time.process_time() - self._began

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Counts inside of this."""
        gc.callbacks.append(self)
        try:
            yield
        finally:
            gc.callbacks.remove(self)


@contextmanager
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _cluster(pods: int) -> kubelite.Cluster:
    nodes = max(NODES_MIN, pods // PODS_PER_NODE)
    return kubelite.Cluster(nodes=nodes, max_pods=2 * PODS_PER_NODE, prefix=PREFIX)


async def _in_turns(turns: int, few: Cost, many: Cost) -> tuple[list[float], list[float]]:
    """What both cost in each turn."""
    costs: tuple[list[float], list[float]] = ([], [])
    with _without_collector():
        for _ in range(turns):
            costs[0].append(await few())
            costs[1].append(await many())
    return costs


def _row(
    bench: Bench, name: str, floor: str, costs: tuple[list[float], list[float]], *, is_last: bool
) -> Row:
    few, many = costs
    ratios = [high / low for low, high in zip(few, many, strict=True)]
    return Row(
        name=name,
        group=bench.group,
        value=statistics.median(many) * 1000,
        unit="ms CPU",
        floor=f"{floor}, in turns",
        floor_value=statistics.median(few) * 1000,
        ratio=statistics.median(ratios),
        target=GROWTH_MAX if is_last and not bench.quick else None,
        better="lower",
        cpu_s=bench.spent_s(),
        spread=spread(ratios),
        repetitions=len(ratios),
    )


# -- pods of ReplicationControllers


async def growth(bench: Bench) -> list[Row]:
    """A pod among up to 50 000, from POST until all are Ready, and what Python's collector adds."""
    return [*await _pods(bench), await _collected(bench)]


async def _pods(bench: Bench) -> list[Row]:
    curve = (500, 1000) if bench.quick else PODS
    batch = BATCH // 10 if bench.quick else BATCH
    turns = bench.repetitions(TURNS)
    rows: list[Row] = []
    names = (f"batch-{number}" for number in range(1 << 30))
    async with _cluster(curve[-1]) as small, _cluster(curve[-1]) as large:

        async def few() -> float:
            name = next(names)
            with Stopwatch() as watch:
                await grow(small, name, batch)
            await _end(small, "rc", name)
            return watch.cpu_s / batch

        async def many() -> float:
            with Stopwatch() as watch:
                await grow(large, next(names), batch)
            return watch.cpu_s / batch

        for cluster in (small, large):  # what is made once is not a pod's
            await grow(cluster, "warm-up", batch)
        there, filled = batch, 0
        collector, filling = Collector(), 0.0
        for at in curve:
            with collector.listening(), Stopwatch() as watch:
                while there < at - turns * batch:
                    bench.progress(f"{there} pods")
                    more = min(FILLING, at - turns * batch - there)
                    await grow(large, next(names), more)
                    there += more
                    filled += more
            filling += watch.cpu_s
            bench.progress(f"{at} pods")
            costs = await _in_turns(turns, few, many)
            there += turns * batch
            floor = f"a pod of the first {2 * batch}"
            rows.append(_row(bench, f"a pod among {there}", floor, costs, is_last=at == curve[-1]))
    up_to = f"a pod among up to {there}, as Python sets it"
    return [*rows, _collector_row(bench, up_to, collector.cpu_s / filled, filling / filled)]


async def _end(cluster: kubelite.Cluster, kind: str, name: str) -> None:
    """Deletes what owns pods, and waits until it and its pods are gone."""
    labels = {"batch": name} if kind == "rc" else LABELS
    selector = ",".join(f"{label}={value}" for label, value in labels.items())
    await cluster.delete(kind, name)
    while left := await cluster.get("pods", selector=selector):
        await cluster.wait_for(f"pod/{left[-1]['metadata']['name']}", "deleted", timeout=TIMEOUT_S)


def _collector_row(bench: Bench, name: str, cost_s: float, whole_s: float) -> Row:
    return Row(
        name=f"Python's collector, {name}",
        group=bench.group,
        value=cost_s * 1000,
        unit="ms CPU",
        floor="all that the pod costs",
        floor_value=whole_s * 1000,
        ratio=cost_s / whole_s,
        target=None,
        better="lower",
        cpu_s=bench.spent_s(),
        spread=0.0,
        repetitions=1,
    )


async def _collected(bench: Bench) -> Row:
    """The collector as `kubelite up` sets it."""
    pods = bench.size(COLLECTED)
    thresholds = gc.get_threshold()
    async with _cluster(pods) as cluster:
        await cluster.get("pods")
        collector = Collector()
        spare_the_collector()
        try:
            with collector.listening(), Stopwatch() as watch:
                await grow(cluster, "pods", pods)
        finally:
            gc.unfreeze()
            gc.set_threshold(*thresholds)
    name = f"a pod of the first {pods}, as `kubelite up` sets it"
    return _collector_row(bench, name, collector.cpu_s / pods, watch.cpu_s / pods)


# -- workloads


async def growth_workloads(bench: Bench) -> list[Row]:
    """A pod of a Deployment of 3 among many such; a pod that is deleted with its owner and many others."""
    return [*await _deployments(bench), *await _deletions(bench)]


async def _deployments(bench: Bench) -> list[Row]:
    curve = (40, 80) if bench.quick else DEPLOYMENTS
    batch = DEPLOYMENTS_BATCH // 10 if bench.quick else DEPLOYMENTS_BATCH
    turns = bench.repetitions(TURNS)
    numbers = iter(range(1 << 30))
    rows: list[Row] = []

    async def make(cluster: kubelite.Cluster, count: int) -> list[str]:
        names = [f"web-{next(numbers)}" for _ in range(count)]
        for name in names:
            await cluster.apply(deployment(name, REPLICAS, {"app": name}))
        await until_all(cluster, "deployment", is_settled)
        return names

    async with _cluster(curve[-1] * REPLICAS) as small, _cluster(curve[-1] * REPLICAS) as large:

        async def few() -> float:
            with Stopwatch() as watch:
                names = await make(small, batch)
            for name in names:
                await small.delete("deployment", name)
            while left := await small.get("pods"):
                await small.wait_for(f"pod/{left[-1]['metadata']['name']}", "deleted", timeout=TIMEOUT_S)
            return watch.cpu_s / batch / REPLICAS

        async def many() -> float:
            with Stopwatch() as watch:
                await make(large, batch)
            return watch.cpu_s / batch / REPLICAS

        await few()  # what is made once is not theirs
        there = 0
        for at in curve:
            more = at - turns * batch - there
            bench.progress(f"{at} Deployments")
            await make(large, more)
            there += more
            costs = await _in_turns(turns, few, many)
            there += turns * batch
            name = f"a pod of {there} Deployments of {REPLICAS}"
            rows.append(_row(bench, name, f"of the first {batch}", costs, is_last=at == curve[-1]))
    return rows


async def _deletions(bench: Bench) -> list[Row]:
    few_pods = bench.size(DELETED_FEW)
    rows: list[Row] = []
    async with _cluster(DELETED[-1]) as cluster:

        async def delete(count: int) -> float:
            await cluster.apply(deployment("web", count, LABELS))
            await cluster.wait_for("deployment/web", is_settled, timeout=TIMEOUT_S)
            with Stopwatch() as watch:
                await _end(cluster, "deployment", "web")
            return watch.cpu_s / count

        await delete(few_pods)  # what is made once is not theirs
        for usual in DELETED:
            count = bench.size(usual)
            bench.progress(f"the end of {count} pods")
            costs = await _in_turns(
                bench.repetitions(DELETED_TURNS),
                lambda: delete(few_pods),
                lambda count=count: delete(count),  # type: ignore[misc]
            )
            name = f"a pod of {count} deleted with their owner"
            rows.append(_row(bench, name, f"of {few_pods}", costs, is_last=usual == DELETED[-1]))
    return rows

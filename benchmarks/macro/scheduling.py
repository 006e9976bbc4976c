"""How many pods a second the scheduler of a whole cluster binds, by CPU time.

Nodes are objects only, no kubelet runs on them: they are created ready. Pods are created through the API and
counted when they are bound, so that their creation, the bindings and the Events are in the figure. Of large
clusters the scheduler looks at a part of the nodes for each pod, as kube-scheduler does
(percentageOfNodesToScore).
"""

from __future__ import annotations

import gc
import statistics
from typing import Any, Final

import kubelite
from benchmarks.macro.workloads import PAUSE, until_all
from benchmarks.measure import CALIBRATION_REFERENCE_S, Bench, Stopwatch, calibrate, spread
from benchmarks.row import Row
from kubelite.api.resources import NODES, PODS

PODS_MEASURED: Final = 1000
FEW_NODES: Final = 100
MANY_NODES: Final = 5000
TARGET_PODS_S: Final = 680.0
"""kube-scheduler's own floor, in its CI, for pods with requests on 5 000 nodes."""

NEVER_S: Final = 1e6
ZONES: Final = 3


def make_node(number: int) -> dict[str, Any]:
    """A node that is ready and has room for all."""
    name = f"virtual-{number}"
    amounts = {"cpu": "64", "memory": "256Gi", "pods": "1000"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": ""}
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{number % ZONES}"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"capacity": amounts, "allocatable": amounts, "conditions": [ready]},
    }


def make_pod(number: int, *, different: bool) -> dict[str, Any]:
    """One of many; like all the others, or like none of them."""
    requests = {"cpu": "100m", "memory": "64Mi"}
    labels = {"app": "load"}
    if different:
        requests = {"cpu": f"{100 + number}m", "memory": f"{64 + number}Mi"}
        labels = {"app": f"load-{number}"}
    container = {"name": "main", "image": PAUSE, "resources": {"requests": requests}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"load-{number}", "namespace": "default", "labels": labels},
        "spec": {"automountServiceAccountToken": False, "containers": [container]},
    }


async def pods_bound(bench: Bench) -> list[Row]:
    """Pods that are alike and pods that all differ, on some nodes and on many."""
    rows = []
    for nodes in (FEW_NODES, bench.size(MANY_NODES)):
        for different in (False, True):
            seconds = [
                await _seconds_per_pod(bench, nodes, different=different) for _ in range(bench.repetitions(3))
            ]
            kind = "all different" if different else "alike"
            target = TARGET_PODS_S if nodes == MANY_NODES and not different else None
            rows.append(_rate(bench, f"pods bound, {kind}, {nodes} nodes", seconds, target))
    return rows


async def _seconds_per_pod(bench: Bench, nodes: int, *, different: bool) -> float:
    count = bench.size(PODS_MEASURED)
    bench.progress(f"{count} pods on {nodes} nodes")
    async with kubelite.Cluster(nodes=0, node_monitor_grace_s=NEVER_S) as cluster:
        for number in range(nodes):
            await cluster.client.create(NODES, make_node(number))
        # New nodes are tainted until they are seen to be ready: counting begins when all can be chosen.
        await until_all(cluster, "node", _is_untainted)
        # One pod first: the scheduler and what it needs are there, too.
        await cluster.client.create(PODS, make_pod(count, different=different))
        await cluster.wait_for(f"pod/load-{count}", _is_bound)
        gc.collect()
        with Stopwatch() as watch:
            for number in range(count):
                await cluster.client.create(PODS, make_pod(number, different=different))
            await until_all(cluster, "pod", _is_bound)
        return watch.cpu_s / count


def _is_untainted(node: dict[str, Any]) -> bool:
    return not node["spec"].get("taints")


def _is_bound(pod: dict[str, Any]) -> bool:
    return bool(pod["spec"].get("nodeName"))


def _rate(bench: Bench, name: str, seconds: list[float], target: float | None) -> Row:
    loop_s = calibrate()
    factor = loop_s / CALIBRATION_REFERENCE_S
    rates = [factor / each for each in seconds]
    return Row(
        name=name,
        group=bench.group,
        value=statistics.median(rates),
        unit="pods/s CPU",
        floor=f"calibration loop, POST to bound, scaled by {factor:.2f}",
        floor_value=loop_s * 1000,
        ratio=None,
        target=target,
        better="higher",
        cpu_s=bench.spent_s(),
        spread=spread(rates),
        repetitions=len(rates),
    )

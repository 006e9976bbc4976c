"""The scheduling cycle: an RC of 1 000 pods on 10 nodes, and one pod among 5 000 nodes."""

from __future__ import annotations

from typing import Any

from benchmarks.measure import Bench, Stopwatch
from benchmarks.row import Row
from kubelite.runtime import Randomness
from kubelite.scheduler.cycle import find_node
from kubelite.scheduler.nodeinfo import Cache, PodInfo


def make_node(number: int) -> dict[str, Any]:
    """A node with room for all."""
    return {
        "metadata": {"name": f"node-{number}", "labels": {"kubernetes.io/hostname": f"node-{number}"}},
        "spec": {},
        "status": {"allocatable": {"cpu": "64", "memory": "256Gi", "pods": "1000"}},
    }


def make_pod(number: int) -> dict[str, Any]:
    """One of the pods of a controller."""
    return {
        "metadata": {
            "name": f"web-{number}",
            "namespace": "default",
            "uid": f"uid-{number}",
            "labels": {"app": "web"},
            "ownerReferences": [
                {"kind": "ReplicationController", "name": "web", "uid": "rc", "controller": True}
            ],
        },
        "spec": {
            "containers": [
                {"name": "web", "image": "web", "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}
            ]
        },
    }


def run(nodes: int, pods: int) -> float:
    """CPU seconds per pod."""
    cache, random, start = Cache(), Randomness(1), 0
    for number in range(nodes):
        node = make_node(number)
        cache.set_node(node["metadata"]["name"], node)
    objects = [make_pod(number) for number in range(pods)]
    cache.listed()
    with Stopwatch() as watch:
        for pod in objects:
            info = PodInfo.of(pod)
            verdict = find_node(info, cache.listed(), start, random)
            assert verdict.node is not None
            start = (start + verdict.looked_at) % nodes
            cache.place(info, verdict.node)
    return watch.cpu_s / pods


async def schedule(bench: Bench) -> list[Row]:
    """Milliseconds per pod."""
    repetitions = range(bench.repetitions(5))
    small = [run(10, bench.size(1000)) for _ in repetitions]
    large = [run(5000, bench.size(100)) for _ in repetitions]
    return [
        bench.scaled("schedule, 10 nodes", small, target_ms=0.15, what="per pod"),
        bench.scaled("schedule, 5000 nodes", large, target_ms=None, what="per pod"),
    ]

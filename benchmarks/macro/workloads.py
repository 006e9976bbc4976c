"""Workloads as controllers see them: a large Deployment, its update, many small ones, the end of many pods.

The containers are pauses: what is measured is the control plane and the kubelets, not what runs.
"""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from typing import Any, Final

import kubelite
from benchmarks.macro.manifests import LABELS
from benchmarks.measure import Bench, Stopwatch
from benchmarks.row import Row

REPLICAS: Final = 1000
DEPLOYMENTS: Final = 1000
DEPLOYMENT_REPLICAS: Final = 3
DELETED: Final = 5000
PODS_PER_NODE: Final = 100
TIMEOUT_S: Final = 600
PAUSE: Final = "registry.k8s.io/pause:3.10"

Step = Callable[[], Awaitable[None]]


def deployment(name: str, replicas: int, labels: dict[str, str], **environment: str) -> dict[str, Any]:
    """A Deployment; other variables of its environment make another template."""
    variables = [{"name": key, "value": value} for key, value in environment.items()]
    container = {"name": "main", "image": PAUSE, "env": variables}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def is_settled(obj: dict[str, Any]) -> bool:
    """Whether a Deployment has exactly the replicas it wants, all of them new and available."""
    status, replicas = obj.get("status") or {}, obj["spec"]["replicas"]
    return status.get("observedGeneration") == obj["metadata"]["generation"] and all(
        status.get(field) == replicas
        for field in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    )


def cluster_for(pods: int) -> kubelite.Cluster:
    """A cluster with room for so many pods and an update of them."""
    nodes = max(10, pods // PODS_PER_NODE)
    return kubelite.Cluster(nodes=nodes, max_pods=2 * PODS_PER_NODE + 50)


async def until_all(cluster: kubelite.Cluster, kind: str, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until something holds of all objects of a kind; one is waited for at a time."""
    while waiting := [obj for obj in await cluster.get(kind) if not holds(obj)]:
        name = waiting[-1]["metadata"]["name"]
        await cluster.wait_for(f"{kind}/{name}", holds, timeout=TIMEOUT_S)


async def measured(step: Step) -> float:
    """CPU seconds of a step."""
    gc.collect()
    with Stopwatch() as watch:
        await step()
    return watch.cpu_s


async def workloads(bench: Bench) -> list[Row]:
    """Each is repeated in clusters of its own."""
    return [*await _large(bench), await _many(bench), await _deleted(bench)]


async def _large(bench: Bench) -> list[Row]:
    replicas = bench.size(REPLICAS)
    made, updated = [], []
    for repetition in range(bench.repetitions(3)):
        bench.progress(f"a Deployment of {replicas}: {repetition + 1}")
        async with cluster_for(replicas) as cluster:

            async def roll(version: str, cluster: kubelite.Cluster = cluster) -> None:
                await cluster.apply(deployment("web", replicas, LABELS, VERSION=version))
                await cluster.wait_for("deployment/web", is_settled, timeout=TIMEOUT_S)

            made.append(await measured(lambda roll=roll: roll("1")))  # type: ignore[misc]
            updated.append(await measured(lambda roll=roll: roll("2")))  # type: ignore[misc]
    name = f"Deployment of {replicas}"
    return [
        bench.scaled(f"{name}, settled", made, target_ms=None, what="POST to settled"),
        bench.scaled(f"{name}, rolling update", updated, target_ms=None, what="change to settled"),
    ]


async def _many(bench: Bench) -> Row:
    count = bench.size(DEPLOYMENTS)
    seconds = []
    for repetition in range(bench.repetitions(3)):
        bench.progress(f"{count} Deployments: {repetition + 1}")
        async with cluster_for(count * DEPLOYMENT_REPLICAS) as cluster:

            async def make(cluster: kubelite.Cluster = cluster) -> None:
                for number in range(count):
                    name = f"web-{number}"
                    await cluster.apply(deployment(name, DEPLOYMENT_REPLICAS, {"app": name}))
                await until_all(cluster, "deployment", is_settled)

            seconds.append(await measured(make))
    name = f"{count} Deployments of {DEPLOYMENT_REPLICAS}"
    return bench.scaled(name, seconds, target_ms=None, what="POSTs to all settled")


async def _deleted(bench: Bench) -> Row:
    count = bench.size(DELETED)
    seconds = []
    for repetition in range(bench.repetitions(3)):
        bench.progress(f"the end of {count} pods: {repetition + 1}")
        async with cluster_for(count) as cluster:
            await cluster.apply(deployment("web", count, LABELS))
            await cluster.wait_for("deployment/web", is_settled, timeout=TIMEOUT_S)

            async def delete(cluster: kubelite.Cluster = cluster) -> None:
                await cluster.delete("deployment", "web")
                while pods := await cluster.get("pods"):
                    name = pods[-1]["metadata"]["name"]
                    await cluster.wait_for(f"pod/{name}", "deleted", timeout=TIMEOUT_S)

            seconds.append(await measured(delete))
            assert not await cluster.get("pods")
    return bench.scaled(
        f"{count} pods deleted with their owner", seconds, target_ms=None, what="DELETE to all gone"
    )

"""The scheduling cycle with all plugins, without the API around it.

Pods of one ReplicationController and pods which all differ, on 10, 100 and 5 000 nodes. Nodes are sampled as
in kube-scheduler: of 5 000 the first 500 feasible ones are scored, beginning where the last pod's ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.measure import Bench, Stopwatch
from benchmarks.row import Row
from kubelite.api.resources import REPLICATIONCONTROLLERS, SERVICES
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.runtime import Randomness
from kubelite.scheduler.cache import Cache
from kubelite.scheduler.cycle import Framework
from kubelite.scheduler.framework import Handle
from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.profiles import DEFAULT_NAME, parse_config

KINDS = 97
"""Owners of the pods which all differ."""


class Objects:
    """A lister of what the pods belong to."""

    def __init__(self, objects: Sequence[Object]) -> None:
        self._objects = {each["metadata"]["name"]: each for each in objects}

    def get(self, namespace: str | None, name: str) -> Object | None:
        """By name; there is one namespace."""
        return self._objects.get(name)

    def list(self, namespace: str | None = None) -> Sequence[Object]:
        """All of them."""
        return tuple(self._objects.values())

    def by_index(self, name: str, key: str) -> Sequence[Object]:
        """The Services that select by a label, which is its own name here."""
        return [self._objects[key]] if key in self._objects else []


def make_node(number: int) -> dict[str, Any]:
    """A node with room for all."""
    labels = {"kubernetes.io/hostname": f"node-{number}", "topology.kubernetes.io/zone": f"zone-{number % 3}"}
    return {
        "metadata": {"name": f"node-{number}", "labels": labels},
        "spec": {},
        "status": {"allocatable": {"cpu": "64", "memory": "256Gi", "pods": "1000"}},
    }


def make_pod(number: int, *, differs: bool) -> dict[str, Any]:
    """One of the pods of a controller, or one like no other."""
    kind = number % KINDS if differs else 0
    requests = {"cpu": f"{number % 1000 + 1}m" if differs else "10m", "memory": f"{16 + kind}Mi"}
    return {
        "metadata": {
            "name": f"web-{number}",
            "namespace": "default",
            "uid": f"uid-{number}",
            "labels": {"app": f"web-{kind}"},
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "kind": "ReplicationController",
                    "name": f"web-{kind}",
                    "uid": f"rc-{kind}",
                    "controller": True,
                }
            ],
        },
        "spec": {"containers": [{"name": "web", "image": "web", "resources": {"requests": requests}}]},
    }


def run(nodes: int, pods: int, *, differs: bool = False) -> float:
    """CPU seconds per pod."""
    cache, random, start = Cache(), Randomness(1), 0
    for number in range(nodes):
        node = make_node(number)
        cache.set_node(node["metadata"]["name"], node)
    selectors = [{"app": f"web-{kind}"} for kind in range(KINDS)]
    controllers = Objects(
        [{"metadata": {"name": each["app"]}, "spec": {"selector": each}} for each in selectors]
    )
    services = Objects(
        [
            {"metadata": {"name": f"default/app={each['app']}"}, "spec": {"selector": each}}
            for each in selectors
        ]
    )
    listers: dict[Resource, Objects] = {SERVICES: services, REPLICATIONCONTROLLERS: controllers}
    handle = Handle(cache, listers.__getitem__, random.randrange)
    framework = Framework(parse_config(None).profiles[DEFAULT_NAME], handle)
    objects = [make_pod(number, differs=differs) for number in range(pods + 1)]
    framework.schedule(PodInfo.of(objects.pop()), start)
    with Stopwatch() as watch:
        for pod in objects:
            info = PodInfo.of(pod)
            verdict = framework.schedule(info, start)
            assert verdict.node is not None
            start += verdict.looked_at
            cache.place(info, verdict.node)
    return watch.cpu_s / pods


async def schedule(bench: Bench) -> list[Row]:
    """Milliseconds per pod."""
    repetitions = range(bench.repetitions(5))
    small = [run(10, bench.size(1000)) for _ in repetitions]
    middle = [run(100, bench.size(1000)) for _ in repetitions]
    large = [run(5000, bench.size(200)) for _ in repetitions]
    differing = [run(5000, bench.size(200), differs=True) for _ in repetitions]
    return [
        bench.scaled("schedule, 10 nodes", small, target_ms=0.15, what="per pod"),
        bench.scaled("schedule, 100 nodes", middle, target_ms=None, what="per pod"),
        bench.scaled("schedule, 5000 nodes", large, target_ms=None, what="per pod"),
        bench.scaled("schedule, 5000 nodes, all pods differ", differing, target_ms=None, what="per pod"),
    ]

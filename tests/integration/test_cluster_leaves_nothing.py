"""What a stopped cluster leaves behind: nothing."""

from __future__ import annotations

import asyncio
import gc
import weakref

import kubelite
from kubelite.testing import VirtualClock


async def test_containers_end_with_their_cluster_and_its_memory_is_free():
    ended = []

    async def program(container):
        try:
            await container.terminating.wait()
        finally:
            ended.append(container.pod_name)

    def pod(name):
        container = {"name": "main", "image": "program"}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"containers": [container]},
        }

    before = asyncio.all_tasks()
    images = {"program": program}
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1, images=images) as cluster:
        await cluster.apply([pod("one"), pod("two")])
        await cluster.wait_for("pod/one", "ready")
        await cluster.wait_for("pod/two", "ready")
        client = weakref.ref(cluster.client)
    assert sorted(ended) == ["one", "two"]
    assert asyncio.all_tasks() == before
    del cluster
    await asyncio.sleep(0)
    gc.collect()
    assert client() is None

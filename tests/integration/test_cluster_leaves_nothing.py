"""What a stopped cluster leaves behind: nothing."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import weakref
from pathlib import Path

import pytest

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


async def test_a_temporary_kubeconfig_is_written_only_for_who_asks(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with kubelite.Cluster(nodes=0) as cluster:
        assert list(tmp_path.iterdir()) == []
        paths = await asyncio.gather(*(asyncio.to_thread(lambda: cluster.kubeconfig) for _ in range(4)))
        assert len(set(paths)) == len(list(tmp_path.iterdir())) == 1
        assert cluster.url in paths[0].read_text()
    assert list(tmp_path.iterdir()) == []


async def run_and_cancel(turns, clock):
    """Runs a cluster, which is cancelled after some turns of the loop; whether it had ended before."""

    async def body():
        async with kubelite.Cluster(clock=clock):
            pass

    running, loop = asyncio.ensure_future(body()), asyncio.get_running_loop()

    def count(left):
        if left:
            loop.call_soon(count, left - 1)
        else:
            running.cancel()

    count(turns)
    await asyncio.wait({running})
    return not running.cancelled()


@pytest.mark.parametrize("is_virtual", [True, False])
async def test_a_cluster_that_is_cancelled_leaves_nothing_wherever_it_was(is_virtual):
    async def look():
        for _ in range(5):
            await asyncio.sleep(0)
        return asyncio.all_tasks(), len(list(Path("/dev/fd").iterdir()))

    before, turns, has_ended = await look(), 0, False
    while not has_ended:
        has_ended = await run_and_cancel(turns, VirtualClock() if is_virtual else None)
        assert (turns, *await look()) == (turns, *before)
        turns = max(turns + 1, turns * 3 // 2)

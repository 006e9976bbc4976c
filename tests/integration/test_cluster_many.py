"""Many clusters in one process: at once, one after the other, and in one that is killed."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import kubelite
from kubelite.apimachinery import managedfields
from kubelite.cluster import scratch
from kubelite.testing import VirtualClock

ROOT = Path(__file__).parents[2]


def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


async def test_ten_clusters_live_at_once_and_know_nothing_of_each_other():
    async with asyncio.timeout(120):
        clusters = [kubelite.Cluster(nodes=1, secure=False) for _ in range(10)]
        await asyncio.gather(*(cluster.start() for cluster in clusters))
        try:
            assert len({cluster.url for cluster in clusters}) == 10
            assert len({cluster.dns_address for cluster in clusters}) == 10
            for number, cluster in enumerate(clusters):
                await cluster.apply(config_map(f"only-{number}"))
            for number, cluster in enumerate(clusters):
                names = [each["metadata"]["name"] for each in await cluster.get("configmaps")]
                assert [name for name in names if name.startswith("only-")] == [f"only-{number}"]
        finally:
            await asyncio.gather(*(cluster.stop() for cluster in clusters))


async def test_clusters_one_after_the_other_leave_no_task_thread_descriptor_or_object():
    def held():
        gc.collect()
        clusters = sum(isinstance(each, kubelite.Cluster) for each in gc.get_objects())
        files = len(list(Path("/dev/fd").iterdir()))
        return len(asyncio.all_tasks()), threading.active_count(), files, clusters, len(gc.get_objects())

    async def one():
        async with kubelite.Cluster(nodes=1, secure=False) as cluster:
            await cluster.apply(config_map("a"))

    for _ in range(3):  # what is imported and remembered once
        await one()
    await asyncio.sleep(0)
    *before, objects_before = held()
    for _ in range(10):
        await one()
    await asyncio.sleep(0)
    *after, objects_after = held()
    assert after == before
    assert objects_after - objects_before < 1000


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "web", "image": "nginx"}]},
}


async def test_clusters_of_one_seed_leave_nothing_at_all_in_memory(monkeypatch):
    """They say the same, so that no cache (of addresses, uids, times) has anything new to remember."""
    monkeypatch.setattr(managedfields, "ENTRIES_MAX", 8)  # what goes by identity is full soon

    async def one():
        async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as cluster:
            await cluster.apply(POD)
            await cluster.wait_for("pod/web", "ready")

    def counts():
        gc.collect()
        return Counter(type(each).__name__ for each in gc.get_objects())

    async def more():
        before = counts()
        for _ in range(10):
            await one()
        await asyncio.sleep(0)
        return counts() - before

    found = await more()
    for _ in range(4):  # what is made once is made at some time; what leaks, leaks each time
        if found.total() >= 50:
            found = await more()
    assert found.total() < 50, found.most_common(10)  # of some thousand objects of each cluster


def test_a_killed_process_leaves_no_process_file_or_address_behind(tmp_path):
    script = (
        "import kubelite, time\n"
        "cluster = kubelite.start(nodes=2, secure=False)\n"
        "print(cluster.url, cluster.kubeconfig, flush=True)\n"
        "time.sleep(600)\n"
    )
    folders = {**os.environ, "TMPDIR": str(tmp_path)}
    killed = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=folders
    )
    assert killed.stdout is not None
    try:
        url, kubeconfig = killed.stdout.readline().split()
        host, port = url.removeprefix("http://").rsplit(":", 1)
        children = Path(f"/proc/{killed.pid}/task/{killed.pid}/children")
        assert not children.exists() or children.read_text() == ""
        scratch.clear(str(tmp_path))
        assert Path(kubeconfig).exists()  # it lives: its folder is left alone
        with socket.create_connection((host, int(port)), timeout=10):
            pass
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait(30)
        killed.stdout.close()
    scratch.clear(str(tmp_path))
    assert list(tmp_path.iterdir()) == []
    with kubelite.start(nodes=0, secure=False, host=host, port=int(port)) as again:
        assert again.url == url

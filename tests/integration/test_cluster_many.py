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
from pathlib import Path

import kubelite
from kubelite.cluster import scratch

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

"""How soon there is a cluster, and how soon it answers.

The floor of the second is a script that imports what kubelite imports and answers one request itself. Both
scripts run from compiled modules, as installed packages do: one run before those that count writes them.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final, Self

import kubelite
from benchmarks.measure import Bench, Stopwatch
from benchmarks.row import Row
from kubelite.master.auth import certificates

FLOOR_SCRIPT = """
import asyncio, time
import aiohttp, aiohttp.web, cryptography.x509, orjson, structlog

async def main():
    app = aiohttp.web.Application()
    async def hello(request):
        return aiohttp.web.Response(text="hello")
    app.router.add_get("/", hello)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as answer:
        assert answer.status == 200
        print(time.process_time())
    await runner.cleanup()

asyncio.run(main())
"""
SCRIPT = """
import asyncio, time
import kubelite
from benchmarks.macro.manifests import IMAGE, controller, make_app, service

async def main():
    async with kubelite.Cluster(images={IMAGE: make_app}) as cluster:
        await cluster.apply([controller(1), service()])
        await cluster.wait_for("rc/web", "ready")
        await cluster.wait_for("service/web", "ready")
        async with cluster.http() as http, http.get("http://web/") as answer:
            assert answer.status == 200
            print(time.process_time())

asyncio.run(main())
"""


class KeyGeneration:
    """Counts the CPU time that goes into private keys, which the figure excludes."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self._make: Any = certificates._new_key  # noqa: SLF001 - the one place where keys are made

    def __enter__(self) -> Self:
        def timed() -> Any:
            with Stopwatch() as watch:
                key = self._make()
            self.cpu_s += watch.cpu_s
            return key

        certificates._new_key = timed  # noqa: SLF001 - as above
        return self

    def __exit__(self, *_: object) -> None:
        certificates._new_key = self._make  # noqa: SLF001 - as above


async def cluster_start(bench: Bench) -> list[Row]:
    """`Cluster(nodes=3)` from call to ready, without imports and key generation."""
    async with kubelite.Cluster(nodes=3):
        pass  # it has imported everything
    seconds = []
    for repetition in range(bench.repetitions(9)):
        bench.progress(f"cluster start: {repetition + 1}")
        gc.collect()
        with KeyGeneration() as keys:
            with Stopwatch() as watch:
                cluster = kubelite.Cluster(nodes=3)
                await cluster.start()
            seconds.append(watch.cpu_s - keys.cpu_s)
            await cluster.stop()
    return [bench.scaled("Cluster(nodes=3)", seconds, target_ms=25, what="keys and imports excluded")]


def _run(text: str) -> tuple[float, float]:
    """CPU seconds of a script: of the process as a whole, and until it had its answer."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", text], check=True, capture_output=True, text=True, env=environment
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return whole, float(done.stdout)


class _Script:
    """A script whose runs give two figures: `whole` runs it, `answered` is about that same run."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._answered: list[float] = []
        _run(text)

    async def whole(self) -> float:
        """CPU seconds of one run."""
        whole, answered = _run(self._text)
        self._answered.append(answered)
        return whole

    async def answered(self) -> float:
        """CPU seconds until the answer, of the runs made so far, the oldest first."""
        return self._answered.pop(0)


async def first_response(bench: Bench) -> list[Row]:
    """From the start of Python to the first HTTP 200 through a ClusterIP: to the answer, and to the end."""
    script, floor = _Script(SCRIPT), _Script(FLOOR_SCRIPT)
    text = "a script that imports the same libraries and answers one request"
    whole = await bench.compare(
        "first response, whole process",
        script.whole,
        floor.whole,
        floor_name=text,
        target=1.5,
        better="lower",
    )
    answer = await bench.compare(
        "first response", script.answered, floor.answered, floor_name=text, target=1.5, better="lower"
    )
    return [answer, whole]


CLUSTERS: Final = (100, 250, 500, 1000)
"""After how many one looks at what they have left."""
WARM_UP: Final = 20
LEFT_MAX_KB: Final = 0.5
"""What each of the last ones may leave: the heap is not always as tidy at one look as at the other."""
POD: Final = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "web", "image": "nginx"}]},
}


async def clusters_in_a_row(bench: Bench) -> list[Row]:
    """What clusters, one after the other in one process, with a pod each, leave in its memory.

    The first hundreds fill bounded caches, of elements of managed fields above all; then nothing is added.
    """
    curve = (10, 20) if bench.quick else CLUSTERS

    async def some(number: int) -> None:
        for _ in range(number):
            async with kubelite.Cluster(nodes=1) as cluster:
                await cluster.apply(POD)
                await cluster.wait_for("pod/web", "ready")

    def held() -> tuple[int, int, int]:
        gc.collect()
        return len(asyncio.all_tasks()), threading.active_count(), len(list(Path("/dev/fd").iterdir()))

    await some(WARM_UP)
    before, resident_b, objects = held(), _resident_b(), len(gc.get_objects())
    rows, done, former_b = [], 0, 0
    for count in curve:
        with Stopwatch() as watch:
            for each in range(done, count, 10):
                bench.progress(f"{each} clusters")
                await some(10)
        if (after := held()) != before:
            raise AssertionError(f"tasks, threads and descriptors grew from {before} to {after}")
        left_b, more = _resident_b() - resident_b, len(gc.get_objects()) - objects
        is_last = count == curve[-1]
        rows.append(
            Row(
                name=f"memory left by each cluster from {done} to {count}",
                group=bench.group,
                value=(left_b - former_b) / (count - done) / 1024,
                unit="KB",
                floor=f"CPU ms of each; all in all {left_b / 1024:.0f} KB and {more} objects, nothing else",
                floor_value=1000 * watch.cpu_s / (count - done),
                ratio=None,
                target=LEFT_MAX_KB if is_last and not bench.quick else None,
                better="lower",
                cpu_s=bench.spent_s(),
                spread=0.0,
                repetitions=1,
            )
        )
        done, former_b = count, left_b
    return rows


def _resident_b() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

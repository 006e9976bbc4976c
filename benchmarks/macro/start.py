"""How soon there is a cluster, and how soon it answers.

The floor of the second is a script that imports what kubelite imports and answers one request itself.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from typing import Any, Self

import kubelite
from benchmarks.measure import Bench, Stopwatch
from benchmarks.row import Row
from kubelite.master.auth import certificates

FLOOR_SCRIPT = """
import asyncio
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
    await runner.cleanup()

asyncio.run(main())
"""
SCRIPT = """
import asyncio
import kubelite
from benchmarks.macro.manifests import IMAGE, controller, make_app, service

async def main():
    async with kubelite.Cluster(images={IMAGE: make_app}) as cluster:
        await cluster.apply([controller(1), service()])
        await cluster.wait_for("rc/web", "ready")
        await cluster.wait_for("service/web", "ready")
        async with cluster.http() as http, http.get("http://web/") as answer:
            assert answer.status == 200

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
        with KeyGeneration() as keys:
            with Stopwatch() as watch:
                cluster = kubelite.Cluster(nodes=3)
                await cluster.start()
            seconds.append(watch.cpu_s - keys.cpu_s)
            await cluster.stop()
    return [bench.scaled("Cluster(nodes=3)", seconds, target_ms=25, what="keys and imports excluded")]


def _script(text: str) -> Any:
    async def run() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", text], check=True)  # noqa: ASYNC221 - nothing else is to run
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return run


async def first_response(bench: Bench) -> list[Row]:
    """From the start of Python to the first HTTP 200 through a ClusterIP, CPU time of the whole process."""
    began = time.perf_counter()
    row = await bench.compare(
        "first response",
        _script(SCRIPT),
        _script(FLOOR_SCRIPT),
        floor_name="a script that imports the same libraries and answers one request",
        target=1.5,
        repetitions=7,
        better="lower",
    )
    bench.progress(f"first response took {time.perf_counter() - began:.0f} s")
    return [row]

"""What those pay who embed clusters: start, stop, a cluster for each test, virtual time, memory of causes."""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import web

import kubelite
from benchmarks.macro.manifests import IMAGE, controller
from benchmarks.measure import CALIBRATION_REFERENCE_S, Bench, Stopwatch, calibrate, spread
from benchmarks.row import Row
from kubelite.testing import VirtualClock

CLUSTERS: Final = 20
TESTS: Final = 60
PODS: Final = 1000
NODES: Final = 10
PROBED_S: Final = 200.0
TIMERS_S: Final = 7200.0
PROBED_MIN: Final = 40.0
TIMERS_MIN: Final = 200.0
WRITES: Final = 1000
COUNTED: Final = 200
OFF_MAX: Final = 1.01
"""What hooks that are off may cost."""
PROBE_PERIOD_S: Final = 10
TIMEOUT_S: Final = 600.0

DAY_S: Final = 86_400.0
DAY_MAX_MS: Final = 1000.0
CRON_JOB: Final = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "backup"},
    "spec": {
        "schedule": "30 2,14 * * *",
        "jobTemplate": {
            "spec": {
                "template": {
                    "spec": {
                        "restartPolicy": "Never",
                        "containers": [{"name": "backup", "image": "busybox", "command": ["true"]}],
                    }
                }
            }
        },
    },
}

SCOPE: Final = "asyncio_default_fixture_loop_scope=function"

TESTS_FILE: Final = """
import pytest

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
       "spec": {"containers": [{"name": "web", "image": "nginx"}]}}


@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.asyncio
async def test_a_pod_is_ready(FIXTURE number):
    BODY
"""
WITH_CLUSTER: Final = (
    'await kubelite_cluster.apply(POD)\n    await kubelite_cluster.wait_for("pod/web", "ready")'
)


async def start_and_stop(bench: Bench) -> list[Row]:
    """From the call until all is ready, and from the end of the body until nothing is left, in CPU time."""
    rows = []
    for name, options in (
        ("1 node", lambda: {"nodes": 1}),
        ("3 nodes", lambda: {"nodes": 3}),
        ("3 nodes, virtual time", lambda: {"nodes": 3, "clock": VirtualClock()}),
    ):
        starts, stops = await asyncio.to_thread(_starts_and_stops, options, bench.repetitions(CLUSTERS))
        rows.append(bench.scaled(f"cluster start, {name}", starts, target_ms=None))
        rows.append(bench.scaled(f"cluster stop, {name}", stops, target_ms=None))
    return rows


def _starts_and_stops(options: Callable[[], dict[str, Any]], count: int) -> tuple[list[float], list[float]]:
    """In an event loop for each cluster, as tests have it; the first one warms up."""
    starts, stops = [], []

    async def one() -> None:
        with Stopwatch() as start:
            cluster = await kubelite.Cluster(**options()).__aenter__()
        with Stopwatch() as stop:
            await cluster.__aexit__(None, None, None)
        starts.append(start.cpu_s)
        stops.append(stop.cpu_s)

    for _ in range(count + 1):
        asyncio.run(one())
    return starts[1:], stops[1:]


async def tests_per_second(bench: Bench) -> list[Row]:
    """Tests that have a cluster of their own and wait for a pod in it; pytest's own start is told apart."""
    count = bench.size(TESTS)
    rates, whole_rates = [], []
    with tempfile.TemporaryDirectory(prefix="kubelite-bench-") as folder:
        for _ in range(bench.repetitions(3)):
            start = _pytest(Path(folder), 1, "", "pass")
            whole = _pytest(Path(folder), count, "kubelite_cluster,", WITH_CLUSTER)
            rates.append(count / (whole - start))
            whole_rates.append(count / whole)
    factor = CALIBRATION_REFERENCE_S / calibrate()
    return [
        Row(
            name="tests with a fresh cluster and a pod each",
            group=bench.group,
            value=statistics.median(rates) / factor,
            unit="tests/s CPU",
            floor=f"{count} of them with the start of pytest, which takes a test without cluster, too",
            floor_value=statistics.median(whole_rates) / factor,
            ratio=None,
            target=None,
            better="higher",
            cpu_s=bench.spent_s(),
            spread=spread(rates),
            repetitions=len(rates),
        )
    ]


def _pytest(folder: Path, count: int, fixture: str, body: str) -> float:
    """CPU seconds of a run of pytest."""
    text = TESTS_FILE.replace("COUNT", str(count)).replace("FIXTURE", fixture).replace("BODY", body)
    (folder / "test_pods.py").write_text(text)
    plugins = [] if _is_installed() else ["-p", "kubelite.pytest_plugin"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        SCOPE,
        *plugins,
        "test_pods.py",
    ]
    path = os.pathsep.join([str(Path(kubelite.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": path}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _is_installed() -> bool:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import

    return any(each.value.startswith("kubelite") for each in entry_points(group="pytest11"))


def _make_app() -> web.Application:
    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    return app


async def virtual_time(bench: Bench) -> list[Row]:
    """How many seconds of virtual time a second of CPU time is good for, in a cluster full of pods."""
    probed = await asyncio.to_thread(_speed, bench, PROBED_S, probed=True)
    timers = await asyncio.to_thread(_speed, bench, TIMERS_S, probed=False)
    pods = bench.size(PODS)
    days = await asyncio.to_thread(_days, bench)
    return [
        bench.scaled("a CronJob's day, 1 node", days, target_ms=None if bench.quick else DAY_MAX_MS),
        _speed_row(bench, f"{pods} pods, HTTP probes every {PROBE_PERIOD_S} s", probed, PROBED_MIN),
        _speed_row(bench, f"{pods} pods, timers alone", timers, TIMERS_MIN),
    ]


def _speed(bench: Bench, seconds: float, *, probed: bool) -> list[float]:
    """Virtual seconds a second of CPU time, several times."""

    async def run() -> list[float]:
        manifest = controller(bench.size(PODS))
        if probed:
            probe = {"httpGet": {"path": "/healthz", "port": 80}, "periodSeconds": PROBE_PERIOD_S}
            manifest["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = probe
        async with kubelite.Cluster(nodes=NODES, max_pods=2 * PODS // NODES, clock=VirtualClock()) as cluster:
            cluster.images[IMAGE] = _make_app
            await cluster.apply(manifest)
            await cluster.wait_for("rc/web", "ready", timeout=TIMEOUT_S)
            await cluster.clock.advance(2 * PROBE_PERIOD_S)
            speeds = []
            for _ in range(bench.repetitions(5)):
                span = seconds / 20 if bench.quick else seconds
                with Stopwatch() as watch:
                    await cluster.clock.advance(span)
                speeds.append(span / watch.cpu_s)
            return speeds

    return asyncio.run(run())


def _days(bench: Bench) -> list[float]:
    """CPU seconds of a day in which a CronJob runs twice: what is left of it are a node's heartbeats."""

    async def run() -> float:
        async with kubelite.Cluster(clock=VirtualClock()) as cluster:
            await cluster.apply(CRON_JOB)
            with Stopwatch() as watch:
                await cluster.clock.advance(DAY_S / 24 if bench.quick else DAY_S)
            if not bench.quick and len(await cluster.get("jobs")) != 2:
                raise AssertionError("the CronJob did not run twice")
            return watch.cpu_s

    return [asyncio.run(run()) for _ in range(bench.repetitions(3))]


def _speed_row(bench: Bench, name: str, speeds: list[float], target: float) -> Row:
    return bench.as_measured(
        f"virtual time, {name}", speeds, unit="x real time", target=target, better="higher"
    )


async def instrumentation(bench: Bench) -> list[Row]:
    """What it costs that the cluster remembers what led to each write, and that fault plans exist.

    A ReplicationController's pods are made and become ready: with and without, and with the very places
    taken out of the code at which hooks would be called (`macro.stripped`): their cost while they are off.
    """

    async def run(*, causes: bool, plans: bool) -> float:
        def work() -> float:
            async def one() -> float:
                options: dict[str, Any] = {} if causes else {"causes_max": 0}
                async with kubelite.Cluster(nodes=NODES, clock=VirtualClock(), **options) as cluster:
                    cluster.images[IMAGE] = _make_app
                    if plans:
                        cluster.faults.on("DELETE", "leases").error(503)
                    with Stopwatch() as watch:
                        await cluster.apply(controller(max(50, bench.size(WRITES))))
                        await cluster.wait_for("rc/web", "ready", timeout=TIMEOUT_S)
                    return watch.cpu_s

            return asyncio.run(one())

        return await asyncio.to_thread(work)

    pairs = (
        ("causes of writes remembered", {"causes": True, "plans": False}),
        ("a fault plan that concerns nobody", {"causes": False, "plans": True}),
    )
    counted = await asyncio.to_thread(_bytecodes, bench)
    return [
        *counted,
        *[
            await bench.compare(
                f"instrumentation, {name}",
                lambda options=options: run(**options),  # type: ignore[misc]
                lambda: run(causes=False, plans=False),
                floor_name="the same pods without",
                target=None,
                better="lower",
                repetitions=7,
            )
            for name, options in pairs
        ],
    ]


def _bytecodes(bench: Bench) -> list[Row]:
    """By the number of bytecodes that are executed: CPU time varies by more than what is looked for."""
    pods = bench.size(COUNTED)
    counts, places = {}, 0
    for mode in ("taken-out", "off", "on"):
        command = [sys.executable, "-m", "benchmarks.macro.stripped", mode, str(pods)]
        root = Path(__file__).parents[2]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True, env=environment)
        counts[mode], found = map(int, done.stdout.split())
        places = max(places, found)
    pairs = (
        ("hooks that are off", "off", "taken-out", f"without the {places} places in the code", OFF_MAX),
        ("causes of writes remembered", "on", "off", "hooks that are off", None),
    )
    return [
        Row(
            name=f"bytecodes per pod, {name}",
            group=bench.group,
            value=counts[mode] / pods / 1000,
            unit="thousand",
            floor=floor_name,
            floor_value=counts[floor] / pods / 1000,
            ratio=counts[mode] / counts[floor],
            target=target,
            better="lower",
            cpu_s=bench.spent_s(),
            spread=0.0,
            repetitions=1,
        )
        for name, mode, floor, floor_name, target in pairs
    ]

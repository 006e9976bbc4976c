"""`kubelite up`: a cluster in the foreground, and what `kubelite run` shares with it."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kubelite.apimachinery.apierrors import APIError
from kubelite.cli.logs import configure_logging
from kubelite.cli.main import UsageError
from kubelite.cluster import Cluster
from kubelite.cluster.config import load_scheduler_config

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@asynccontextmanager
async def stop_signals() -> AsyncIterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set, instead of ending the process."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in SIGNALS:
        loop.add_signal_handler(number, stopped.set)
    try:
        yield stopped
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def cluster_options(options: argparse.Namespace) -> dict[str, Any]:
    """The common options as arguments of `Cluster`.

    Raises:
        UsageError: The configuration of the scheduler cannot be read, or is none.
    """
    try:
        scheduler = load_scheduler_config(options.scheduler_config)
    except (OSError, TypeError, ValueError) as error:
        raise UsageError(f"--scheduler-config {options.scheduler_config}: {reason_of(error)}") from error
    return {
        "nodes": options.nodes,
        "seed": options.seed,
        "kubeconfig": options.kubeconfig,
        "host": options.host,
        "port": options.port,
        "secure": not options.plain_http,
        "node_monitor_grace_s": options.node_monitor_grace,
        "compaction_interval_s": options.compaction_interval,
        "storage_class": options.storage_class,
        "any_image": options.any_image,
        "system_pods": options.system_pods,
        "feature_gates": options.feature_gates,
        "scheduler": scheduler,
        "max_requests_inflight": options.max_requests_inflight,
        "max_mutating_requests_inflight": options.max_mutating_requests_inflight,
        "request_timeout_s": options.request_timeout,
    }


def make_cluster(options: argparse.Namespace, *, expose: bool) -> Cluster:
    """The cluster that the common options describe.

    Raises:
        UsageError: The options do not go together.
    """
    try:
        return Cluster(**cluster_options(options), expose=expose)
    except ValueError as error:
        raise UsageError(str(error)) from error


def reason_of(error: Exception) -> str:
    """What went wrong, without the numbers and names that the system puts around it."""
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(error.strerror) if isinstance(error, OSError) and error.strerror else str(error)


def not_startable(error: OSError, options: argparse.Namespace) -> UsageError:
    """Which option it is that the system refuses, and what to do instead."""
    if error.filename is not None:
        place = f"--kubeconfig {error.filename}: {reason_of(error)}"
        return UsageError(f"{place}; name a file in a folder that exists and may be written")
    where = f"--host {options.host} --port {options.port or '(a free one)'}: {reason_of(error)}"
    return UsageError(f"{where}; choose another address of this machine, or another port")


async def start_or_stop(cluster: Cluster, stopped: asyncio.Event) -> bool:
    """Starts the cluster unless a signal comes first; then nothing is left of it. Tells whether it runs.

    Raises:
        OSError: The address or the kubeconfig's place cannot be used.
    """
    starting = asyncio.ensure_future(cluster.start())
    waiting = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
    if starting.cancelled():
        await cluster.stop()
        return False
    starting.result()
    return True


def leave(cluster: Cluster, status: int) -> int:
    """The command's exit status.

    Programs that swallow every cancellation were abandoned; asyncio would wait for them for ever, so that the
    process ends without asking them again.
    """
    if cluster.abandoned:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


async def _up(options: argparse.Namespace) -> int:
    async with stop_signals() as stopped:
        cluster = make_cluster(options, expose=True)
        try:
            if not await start_or_stop(cluster, stopped):
                return 0
        except OSError as error:
            raise not_startable(error, options) from error
        try:
            for path in options.manifest:
                try:
                    await cluster.apply(path)
                except (OSError, TypeError, ValueError, APIError) as error:
                    raise UsageError(f"--manifest {path}: {reason_of(error)}") from error
            spare_the_collector()
            print(f"ready {cluster.url} kubeconfig {cluster.kubeconfig}", flush=True)
            if sys.stdout.isatty():
                print(
                    f"  export KUBECONFIG={cluster.kubeconfig}   # then: kubectl get nodes; Ctrl-C stops it"
                )
            await cluster.run_until(stopped)
        finally:
            await cluster.stop()
    return leave(cluster, 0)


def spare_the_collector() -> None:
    """Leaves what lives long out of collections: a full one over 100 000 pods takes more than a second."""
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 1000)


def up(options: argparse.Namespace) -> int:
    """Runs `kubelite up`; answers with its exit status."""
    configure_logging(options.log_level)
    return asyncio.run(_up(options))

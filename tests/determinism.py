"""What one seed makes of a cluster, as digests of its watch streams.

    python -m tests.determinism rollout 20     # the digests of each run, a line each
    python -m tests.determinism rollout 1 OUT  # writes the streams to a folder, to be compared with diff -r

A scenario runs in virtual time while every resource is watched, over HTTP as any client would. Keys, what is
signed with them, and tokens are by chance, whatever the seed: digests have placeholders for them.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson

import kubelite
from kubelite.client.kubeconfig import read_kubeconfig
from kubelite.testing import VirtualClock

SEED: Final = 20260101
SECRETS: Final = (
    (re.compile(rb"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----"), b"PEM"),
    (re.compile(rb"eyJ[\w-]+\.[\w-]+\.[\w-]+"), b"JWT"),
)
DAY_S: Final = 24 * 3600.0
WATCH: Final = {"watch": "true", "timeoutSeconds": str(10**6)}


def deployment(name: str, replicas: int, version: str) -> dict[str, object]:
    """A Deployment whose pods are probed."""
    labels = {"app": name}
    probe = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5}
    container = {"name": "web", "image": f"nginx:{version}", "readinessProbe": probe}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


SERVICE: Final = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
}


async def rollout(cluster: kubelite.Cluster) -> None:
    """A rolling update of five pods behind a Service, its undoing, and the end of all."""
    await cluster.apply([SERVICE, deployment("web", 5, "1")])
    await cluster.wait_for("deployment/web", "ready", timeout=120)
    await cluster.apply(deployment("web", 5, "2"))
    await cluster.wait_for("deployment/web", "ready", timeout=120)
    await cluster.scale("deployment/web", 2)
    await cluster.clock.sleep(60)
    await cluster.delete("deployment/web")
    await cluster.clock.sleep(60)


async def node_failure(cluster: kubelite.Cluster) -> None:
    """A node fails for longer than pods tolerate, and comes back."""
    await cluster.apply([SERVICE, deployment("web", 6, "1")])
    await cluster.wait_for("deployment/web", "ready", timeout=120)
    await cluster.fail_node("node-2")
    await cluster.clock.sleep(480)
    await cluster.recover_node("node-2")
    await cluster.clock.sleep(120)


async def cron_day(cluster: kubelite.Cluster) -> None:
    """A CronJob of every eight hours, for a day; some of its Jobs fail first."""
    shell = "exit $(( $(date +%s) / 3600 % 3 == 0 ))"
    container = {"name": "work", "image": "busybox", "command": ["sh", "-c", shell]}
    pods = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {"spec": {"backoffLimit": 2, "template": pods}}
    await cluster.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "now-and-then"},
            "spec": {"schedule": "0 */8 * * *", "jobTemplate": job},
        }
    )
    await cluster.clock.sleep(DAY_S)


SCENARIOS: Final[Mapping[str, Callable[[kubelite.Cluster], Awaitable[None]]]] = {
    "rollout": rollout,
    "node_failure": node_failure,
    "cron_day": cron_day,
}


async def follow(http: aiohttp.ClientSession, path: str, into: bytearray) -> None:
    """Keep what a watch says until it is cancelled."""
    async with http.get(path, params=WATCH) as answer:
        async for chunk in answer.content.iter_any():
            into += chunk


OPTIONS: Final[Mapping[str, Mapping[str, float]]] = {
    # In a day of an idle node there is little to see.
    "cron_day": {
        "nodes": 1,
        "node_lease_renew_s": 3600,
        "node_monitor_period_s": 3600,
        "node_monitor_grace_s": 18000,
    }
}


async def streams(scenario: str, *, seed: int = SEED) -> dict[str, bytes]:
    """What the watches of all resources said during a scenario, by group and plural."""
    options: dict[str, Any] = {"nodes": 2, **OPTIONS.get(scenario, {})}
    async with kubelite.Cluster(clock=VirtualClock(), seed=seed, secure=False, **options) as cluster:
        resources = {
            each.group_resource: each.path(None)
            for each in cluster._running.scheme.resources()
            if "watch" in each.verbs
        }
        found = {name: bytearray() for name in resources}
        headers = {"Authorization": f"Bearer {read_kubeconfig(cluster.kubeconfig).credentials.token}"}
        timeout = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            cluster.url, headers=headers, timeout=timeout, connector=connector
        ) as http:
            tasks = [
                asyncio.ensure_future(follow(http, path, found[name])) for name, path in resources.items()
            ]
            await SCENARIOS[scenario](cluster)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    kept = {}
    for name, stream in found.items():
        text = bytes(stream)
        for pattern, placeholder in SECRETS:
            text = pattern.sub(placeholder, text)
        kept[name] = text
    return kept


def digests(found: Mapping[str, bytes]) -> dict[str, str]:
    """A digest for each stream that said something."""
    return {name: hashlib.sha256(text).hexdigest() for name, text in sorted(found.items()) if text}


def main(scenario: str, runs: str = "1", folder: str = "") -> None:
    """Run a scenario so many times, and say what each run made."""
    for _ in range(int(runs)):
        found = asyncio.run(streams(scenario))
        print(orjson.dumps(digests(found)).decode(), flush=True)
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, text in found.items():
            (Path(folder) / name).write_bytes(text)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What the report of a failing test shows of its clusters, and what it leaves on disk.

The cluster is looked at before its fixture is torn down; its loop, which has stopped with the test, runs on
for just that long.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from kubelite.cluster.objects import InNamespace
from kubelite.pytest_plugin.settings import LIVE, Live
from kubelite.runtime import VirtualClock
from kubelite.testing.snapshot import Snapshot, describe, take_snapshot

TIMEOUT_S: Final = 15.0
NAME_MAX: Final = 120


def sections(item: pytest.Item) -> list[tuple[str, str]]:
    """The sections for a report: one for each cluster that the test uses."""
    used: set[str] = set(getattr(item, "fixturenames", ()))
    return [
        (f"{name}, as it was", _section(item, live))
        for name, live in item.config.stash[LIVE].items()
        if name in used or live.settings.fixture in {"kubelite_cluster", "kubelite_cluster_sync"}
    ]


def _section(item: pytest.Item, live: Live) -> str:
    try:
        snapshot = _look(live)
    except Exception as error:  # noqa: BLE001 - a report must not hide the failure that it is about
        return f"it cannot be looked at: {error!r}"
    text = "\n".join([*_head(item, snapshot), describe(snapshot)])
    folder = item.config.getoption("kubelite_artifacts")
    if folder:
        path = item.config.invocation_params.dir / folder / _file_name(item.nodeid)
        text += f"\n\nartifacts: {path}"
        _write(path / live.settings.fixture, item, live, snapshot, text)
    return text


def _look(live: Live) -> Snapshot:
    namespace = getattr(live.cluster, "namespace", None)

    async def look(cluster: Any) -> Snapshot:
        if isinstance(cluster.clock, VirtualClock):  # a time-out would only make it jump
            return await take_snapshot(cluster, namespace)
        async with asyncio.timeout(TIMEOUT_S):
            return await take_snapshot(cluster, namespace)

    if live.loop is None:
        blocking = live.cluster
        if isinstance(blocking, InNamespace):
            blocking = blocking._cluster  # noqa: SLF001 - the handle that it is a view of
        found: Snapshot = blocking.call(lambda: look(blocking._cluster))  # noqa: SLF001 - its own other half
        return found
    if live.loop.is_closed() or live.loop.is_running():
        raise RuntimeError("its event loop has ended")
    return live.loop.run_until_complete(look(live.cluster))


def _head(item: pytest.Item, snapshot: Snapshot) -> list[str]:
    replay = ["pytest", item.nodeid]
    if snapshot.seed is not None:
        replay.append(f"--kubelite-seed={snapshot.seed}")
    for option, flag in (("kubelite_nodes", "--kubelite-nodes"), ("kubelite_target", "--kubelite-target")):
        value = item.config.getoption(option)
        if value not in {None, "kubelite"}:
            replay.append(f"{flag}={value}")
    if item.config.getoption("kubelite_virtual_time"):
        replay.append("--kubelite-virtual-time")
    return [f"{snapshot.title}", f"to replay: {shlex.join(replay)}"]


def _file_name(nodeid: str) -> str:
    name = re.sub(r"[^\w.\[\]-]+", "-", nodeid).strip("-")
    if len(name) <= NAME_MAX:
        return name
    return f"{name[:NAME_MAX]}-{hashlib.sha256(nodeid.encode()).hexdigest()[:8]}"


def _write(folder: Path, item: pytest.Item, live: Live, snapshot: Snapshot, text: str) -> None:
    (folder / "objects").mkdir(parents=True, exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    (folder / "report.txt").write_text(text + "\n", encoding="utf-8")
    facts: Mapping[str, Any] = {
        "test": item.nodeid,
        "seed": snapshot.seed,
        "nodes": live.settings.nodes,
        "virtualTime": live.settings.virtual_time,
        "options": {key: repr(value) for key, value in live.settings.options.items()},
        "time": snapshot.time,
    }
    (folder / "cluster.json").write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    for plural, objects in snapshot.objects.items():
        path = folder / "objects" / f"{plural}.json"
        path.write_bytes(orjson.dumps(objects, option=orjson.OPT_INDENT_2))
    for name, log in snapshot.logs.items():
        (folder / "logs" / f"{re.sub(r'[^-.A-Za-z0-9]+', '_', name)}.log").write_text(log, encoding="utf-8")
    if snapshot.requests:
        lines = b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in snapshot.requests)
        (folder / "audit.jsonl").write_bytes(lines)

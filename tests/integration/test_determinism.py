"""One seed is one run: watch streams and Events are the same bytes in every process, however it hashes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.determinism import digests, streams

ROOT = Path(__file__).parents[2]
RUNS = 20
MUST_SAY = {
    "rollout": {"pods", "events", "replicasets.apps", "endpointslices.discovery.k8s.io"},
    "node_failure": {"pods", "events", "nodes", "leases.coordination.k8s.io"},
    "cron_day": {"pods", "events", "jobs.batch", "cronjobs.batch"},
}


def runs_of(scenario, count, hash_seed):
    """The digests of so many runs of a scenario, one after the other in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.determinism", scenario, str(count)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        check=True,
        timeout=300,
    )
    return [orjson.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenario", ["rollout", "node_failure", "cron_day"])
def test_a_seed_gives_the_same_bytes_in_every_run_and_process(scenario):
    first, *others = [each for hash_seed in (1, 4242) for each in runs_of(scenario, RUNS // 2, hash_seed)]
    assert len(others) == RUNS - 1
    assert first.keys() >= MUST_SAY[scenario]
    for other in others:
        assert {name for name in first.keys() | other.keys() if first.get(name) != other.get(name)} == set()


def test_another_seed_gives_another_run():
    one, other = (digests(asyncio.run(streams("rollout", seed=seed))) for seed in (1, 2))
    assert one["pods"] != other["pods"]
    assert one["events"] != other["events"]

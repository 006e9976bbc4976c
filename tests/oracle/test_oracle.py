"""The recorded oracle against a cluster of ours: what matches must go on matching.

`expected.txt` lists the steps that match. A step of it that no longer does is a failure; one that matches and is not
listed is told, so that the list grows. The share is of all recorded steps.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

def all_steps() -> set[str]:
    return {
        f"{path.stem}/{line.split(chr(34))[3]}"
        for path in (HERE / "recorded").glob("*.jsonl")
        for line in path.read_text().splitlines()
    }


def replay(kubeconfig: Path, only: set[str] | None = None) -> set[str]:
    """The steps that match, texts included."""
    sys.path.insert(0, str(HERE))
    try:
        import compare
        import engine
    finally:
        sys.path.remove(str(HERE))
    scenarios = engine.load_scenarios(str(HERE))
    picked = [each for each in scenarios.values() if only is None or each["name"] in only]
    matched: set[str] = set()

    def done(scenario, records) -> None:
        recorded = compare.read_recorded(str(HERE), scenario["name"]) or {}
        for got in records:
            want = recorded.get(got["step"])
            if want is not None and not list(compare.differences(want, got)):
                matched.add(f"{scenario['name']}/{got['step']}")

    target = engine.Target.from_kubeconfig(str(kubeconfig))
    asyncio.run(engine.run_all(picked, target, engine.load_rules(str(HERE)), 8, 15, done))
    return matched


@pytest.mark.timeout(300)
def test_what_matched_the_real_server_still_does():
    import kubelite

    expected = set((HERE / "expected.txt").read_text().split())
    with kubelite.start(nodes=3, compaction_interval_s=20) as cluster:
        matched = replay(cluster.kubeconfig, {step.partition("/")[0] for step in expected})
    assert not expected - matched, f"{len(expected - matched)} steps no longer match"


if __name__ == "__main__":  # python tests/oracle/test_oracle.py: writes expected.txt anew, prints the share
    import kubelite

    with kubelite.start(nodes=3, compaction_interval_s=20) as running:
        found = replay(running.kubeconfig)
    (HERE / "expected.txt").write_text("".join(f"{step}\n" for step in sorted(found)))
    print(f"matched {len(found)} of {len(all_steps())} recorded steps")

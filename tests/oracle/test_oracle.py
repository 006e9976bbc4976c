"""The recorded oracle against a cluster of ours: what matches must go on matching.

`expected.txt` lists the steps that match; one of them that no longer does is a failure. Run as a program it
writes the list anew, and prints the share of all recorded steps.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def all_steps() -> set[str]:
    return {
        f"{path.stem}/{line.split(chr(34))[3]}"
        for path in (HERE / "recorded").glob("*.jsonl")
        for line in path.read_text().splitlines()
    }


def replay(kubeconfig: Path, only: set[str] | None = None, parallel: int = 8) -> set[str]:
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
    asyncio.run(engine.run_all(picked, target, engine.load_rules(str(HERE)), parallel, 15, done))
    return matched


def covered(steps: set[str]) -> set[str]:
    """The steps of scenarios of which at least half match: the others wait for kinds that are not served."""
    recorded, found = Counter(map(scenario_of, all_steps())), Counter(map(scenario_of, steps))
    return {step for step in steps if 2 * found[scenario_of(step)] >= recorded[scenario_of(step)]}


def scenario_of(step: str) -> str:
    return step.partition("/")[0]


def scenarios_of(steps: set[str]) -> set[str]:
    return set(map(scenario_of, steps))


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default::ResourceWarning")  # the comparer sends large bodies as they are
def test_what_matched_the_real_server_still_does():
    import kubelite

    expected = covered(set((HERE / "expected.txt").read_text().split()))
    with kubelite.start(nodes=3, compaction_interval_s=20) as cluster:
        lost = expected - replay(cluster.kubeconfig, scenarios_of(expected))
        # Scenarios have real seconds in them: on a busy machine, what was lost gets a second go.
        if lost:
            lost -= replay(cluster.kubeconfig, scenarios_of(lost), parallel=2)
    assert not lost, f"no longer matches: {', '.join(sorted(lost))}"


if __name__ == "__main__":
    import kubelite

    with kubelite.start(nodes=3, compaction_interval_s=20) as running:
        found = replay(running.kubeconfig)
    (HERE / "expected.txt").write_text("".join(f"{step}\n" for step in sorted(found)))
    print(f"matched {len(found)} of {len(all_steps())} recorded steps")

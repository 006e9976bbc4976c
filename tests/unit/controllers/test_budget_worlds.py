"""Evictions as far as budgets allow, among pods to which anything may happen: enough of them stay healthy."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given, settings

from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.disruption.controller import budget_of, disrupted, make_status
from tests.unit.controllers.desk import NOW, owned_by
from tests.unit.controllers.test_disruption_looks import budget, pod

SPECS = st.one_of(
    st.builds(lambda value: {"minAvailable": value}, st.sampled_from([0, 1, 3, 9, "0%", "34%", "100%"])),
    st.builds(lambda value: {"maxUnavailable": value}, st.sampled_from([0, 1, 3, 9, "0%", "34%", "100%"])),
)
OWNER = {"metadata": {"name": "rs", "uid": "uid-rs"}}
TURNS = 25


class World:
    """A budget and its pods by name; what is in `seen` is what the controller has seen of them."""

    def __init__(self, spec, replicas):
        self.budget, self.replicas = budget(**spec), replicas
        self.pods = {f"p{number}": make(f"p{number}") for number in range(replicas)}
        self.seen, self.made = dict(self.pods), replicas

    def look(self, now):
        pods = list(self.seen.values())
        wanted = budget_of(self.budget, pods, lambda _: ("uid-rs", self.replicas))
        noted, _, _ = disrupted(self.budget, pods, now)
        healthy = [each for each in pods if is_healthy(each) and each["metadata"]["name"] not in noted]
        status = make_status(self.budget, wanted, len(healthy), noted, now)
        self.budget = {**self.budget, "status": status}
        return wanted.desired

    def evict(self, name, now):
        """As the API server does it: only while the budget allows, which it lowers."""
        status = self.budget["status"]
        if status["disruptionsAllowed"] <= 0:
            return False
        noted = {**(status.get("disruptedPods") or {}), name: format_time(now)}
        allowed = status["disruptionsAllowed"] - 1
        self.budget = {
            **self.budget,
            "status": {**status, "disruptionsAllowed": allowed, "disruptedPods": noted},
        }
        del self.pods[name]
        return True


def make(name, ready=True):
    made = pod(name, owner=owned_by(OWNER, "ReplicaSet"))
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": format_time(NOW)}
    return {**made, "status": {"phase": "Running", "conditions": [condition]}}


def is_healthy(each):
    return each["status"]["conditions"][0]["status"] == "True"


@settings(max_examples=25)
@given(spec=SPECS, replicas=st.integers(0, 8), lags=st.booleans(), chance=st.randoms(use_true_random=False))
def test_evictions_leave_as_many_healthy_pods_as_the_budget_asks_for(spec, replicas, lags, chance):
    world = World(spec, replicas)
    desired = world.look(NOW)
    for turn in range(TURNS):
        now = NOW + turn
        match chance.randrange(4):
            case 0:  # one is replaced, or becomes well; what is seen comes to be what is
                world.seen = dict(world.pods)
                if len(world.pods) < replicas:
                    world.made += 1
                    world.pods[f"p{world.made}"] = make(f"p{world.made}", chance.random() < 0.5)
                world.pods = {name: make(name) for name in world.pods}
            case 1:
                desired = world.look(now)
            case _ if world.pods:
                name = chance.choice(sorted(world.pods))
                if world.evict(name, now):
                    assert sum(map(is_healthy, world.pods.values())) >= desired
        if not lags:
            world.seen = dict(world.pods)
    status = world.budget["status"]
    assert 0 <= status["disruptionsAllowed"] <= max(0, status["currentHealthy"] - status["desiredHealthy"])

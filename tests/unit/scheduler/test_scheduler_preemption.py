"""DefaultPreemption: who has to go, where, and when nobody does."""

from __future__ import annotations

import pytest

from tests.unit.scheduler.objects import make_node, make_pod
from tests.unit.scheduler.rig import Rig


def low(name, node="a", priority=0, cpu="1", start=None, **more):
    pod = make_pod(name, node=node, priority=priority, requests={"cpu": cpu}, **more)
    if start:
        pod["status"]["startTime"] = f"2026-01-01T00:00:{start:02}Z"
    return pod


def high(cpu="1", **more):
    return make_pod("high", priority=100, requests={"cpu": cpu}, **more)


def chosen(found):
    """The node, and the names of the victims."""
    return found.chosen.node, [victim.key.partition("/")[2] for victim in found.chosen.victims]


def budget(app, allowed, **status):
    metadata = {"name": app, "namespace": "default"}
    spec = {"selector": {"matchLabels": {"app": app}}}
    return {"metadata": metadata, "spec": spec, "status": {"disruptionsAllowed": allowed, **status}}


def test_the_least_important_has_to_go():
    rig = Rig([make_node("a", cpu="3")], [low("x", priority=5), low("y", priority=1), low("z", priority=9)])
    assert chosen(rig.preempt(high())) == ("a", ["y"])
    assert chosen(rig.preempt(high("2"))) == ("a", ["x", "y"])


def test_of_equals_the_youngest_has_to_go():
    rig = Rig([make_node("a", cpu="2")], [low("old", start=1), low("young", start=9)])
    assert chosen(rig.preempt(high())) == ("a", ["young"])


def test_nobody_of_equal_or_higher_priority_has_to_go():
    rig = Rig([make_node("a", cpu="1")], [low("equal", priority=100)])
    found = rig.preempt(high())
    assert found.chosen is None
    assert found.message == (
        "no new claims to deallocate, preemption: 0/1 nodes are available: "
        "1 No preemption victims found for incoming pod."
    )


def test_where_it_does_not_help_the_reason_is_told():
    nodes = [make_node("a", cpu="3"), make_node("b", cpu="1"), make_node("c", cordoned=True)]
    rig = Rig(nodes, [low("x", cpu="1"), low("y", priority=200, cpu="2"), low("z", "b", priority=200)])
    assert rig.preempt(high("3")).message == (
        "no new claims to deallocate, preemption: 0/3 nodes are available: 1 Insufficient cpu, "
        "2 Preemption is not helpful for scheduling."
    )


def test_the_budget_protects_unless_there_is_no_other_way():
    pods = [low("x", labels={"app": "db"}), low("y", priority=5)]
    rig = Rig([make_node("a", cpu="2")], pods)
    assert chosen(rig.preempt(high(), [budget("db", 0)])) == ("a", ["y"])
    found = rig.preempt(high("2"), [budget("db", 0)])
    assert chosen(found) == ("a", ["y", "x"])
    assert found.chosen.violations == 1


def test_what_the_budget_has_noted_already_is_not_counted_against_it():
    rig = Rig([make_node("a", cpu="1")], [low("x", labels={"app": "db"})])
    noted = {"x": "2026-01-01T00:00:00Z"}
    assert rig.preempt(high(), [budget("db", 0, disruptedPods=noted)]).chosen.violations == 0
    assert rig.preempt(high(), [budget("db", 1)]).chosen.violations == 0
    assert rig.preempt(high(), [budget("db", 0)]).chosen.violations == 1


@pytest.mark.parametrize(
    ("on_a", "on_b", "budgets", "node"),
    [
        ([low("x", labels={"app": "db"})], [low("y", "b", priority=50)], [budget("db", 0)], "b"),
        ([low("x", priority=5)], [low("y", "b", priority=4)], [], "b"),
        ([low("x", priority=5), low("u", priority=3)], [low("y", "b", priority=5), low("v", "b")], [], "b"),
        ([low("x", cpu="1"), low("u", cpu="1")], [low("y", "b", cpu="2")], [], "b"),
        ([low("x", cpu="2", start=1)], [low("y", "b", cpu="2", start=9)], [], "b"),
    ],
    ids=["budget", "highest priority", "sum of priorities", "number", "start"],
)
def test_the_node_whose_victims_matter_least_is_chosen(on_a, on_b, budgets, node):
    nodes = [make_node("a", cpu="2"), make_node("b", cpu="2")]
    pods = [*on_a, *on_b]
    for seed in range(4):
        rig = Rig(nodes, pods, seed=seed)
        if rig.verdict(high("2")).node is None:
            assert chosen(rig.preempt(high("2"), budgets))[0] == node


def test_a_pod_that_never_preempts_keeps_waiting():
    rig = Rig([make_node("a", cpu="1")], [low("x")])
    found = rig.preempt(high(preemptionPolicy="Never"))
    assert (found.chosen, found.keeps_nomination) == (None, True)
    assert (
        found.message
        == "no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."
    )


def test_while_a_victim_is_going_no_other_has_to():
    victim = low("x", cpu="1")
    victim["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    condition = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
    victim["status"]["conditions"] = [condition]
    rig = Rig([make_node("a", cpu="2")], [victim, low("y")])
    pod = high()
    pod["status"]["nominatedNodeName"] = "a"
    found = rig.preempt(pod)
    assert found.message.endswith("not eligible due to a terminating pod on the nominated node.")
    assert found.keeps_nomination
    assert chosen(rig.preempt(high())) != ("a", [])


def test_the_room_that_is_made_is_not_for_others():
    rig = Rig([make_node("a", cpu="2")])
    waiting = high("2")
    rig.cache.nominate(rig_info(waiting), "a")
    assert rig.node(make_pod("small", requests={"cpu": "1"})) is None
    assert rig.node(make_pod("greater", requests={"cpu": "1"}, priority=101)) == "a"
    assert rig.node(waiting) == "a"


def rig_info(pod):
    from kubelite.scheduler.podinfo import PodInfo

    return PodInfo.of(pod)


def test_only_so_many_candidates_are_looked_for():
    nodes = [make_node(f"n{number:03}", cpu="1") for number in range(150)]
    rig = Rig(nodes, [low(f"p{number}", f"n{number:03}") for number in range(150)])
    assert len(rig.preempt(high()).candidates) == 100


def test_host_ports_can_be_freed():
    ports = [{"containerPort": 1, "hostPort": 80}]
    rig = Rig([make_node("a")], [low("x", ports=ports), low("y")])
    assert chosen(rig.preempt(high(ports=ports))) == ("a", ["x"])


def test_a_domain_that_is_too_full_can_be_emptied():
    rules = [
        {
            "topologyKey": "kubernetes.io/hostname",
            "maxSkew": 1,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "web"}},
        }
    ]
    nodes = [make_node("a"), make_node("b", cordoned=True)]
    rig = Rig(nodes, [low("x", labels={"app": "web"}), low("y", priority=5)])
    pod = high(labels={"app": "web"}, topologySpreadConstraints=rules)
    assert chosen(rig.preempt(pod)) == ("a", ["x"])

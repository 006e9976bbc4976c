"""Where a DaemonSet's pods belong and what the next step is, without a loop."""

from __future__ import annotations

import pytest

from kubelite.api.resources import DAEMONSETS
from kubelite.controllers.daemonset import pods as daemonpods
from kubelite.controllers.daemonset import update as daemonupdate
from kubelite.controllers.daemonset.controller import Patience

NOW = 1_000_000.0
HASH = "new"


def daemon_set(template=None, annotations=None, **spec):
    return {
        "metadata": {"name": "agent", "namespace": "default", "uid": "d", "annotations": annotations or {}},
        "spec": {
            "template": {"metadata": {"labels": {"app": "agent"}}, "spec": template or {}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            **spec,
        },
    }


def surging(surge, unavailable=0):
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return daemon_set(updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})


def node(name, *taints, **labels):
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)}}


def pod(name, on, hash_=HASH, phase="Running", ready=True, deleted=False, age=0):
    metadata = {
        "name": name,
        "labels": {"controller-revision-hash": hash_},
        "creationTimestamp": f"2026-01-01T00:00:{59 - age:02}Z",
    }
    if deleted:
        metadata["deletionTimestamp"] = "2026-01-01T01:00:00Z"
    condition = {
        "type": "Ready",
        "status": "True" if ready else "False",
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    }
    return {
        "metadata": metadata,
        "spec": {"nodeName": on},
        "status": {"phase": phase, "conditions": [condition]},
    }


def names(pods):
    return [each["metadata"]["name"] for each in pods]


def placing(owner, nodes, *pods):
    return daemonpods.plan_placing(owner, nodes, daemonpods.pods_by_node(pods), HASH, NOW)


def update(owner, nodes, *pods):
    return daemonupdate.plan_update(owner, nodes, daemonpods.pods_by_node(pods), HASH, NOW)


def test_a_pod_is_pinned_and_keeps_what_else_its_affinity_says():
    preferred = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {}}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}
    spec = {"affinity": {"nodeAffinity": {**preferred, **required}, "podAffinity": {"x": 1}}}
    annotations = {"deprecated.daemonset.template.generation": "4"}
    made = daemonpods.make_daemon_pod(daemon_set(spec, annotations), DAEMONSETS, HASH)
    made = daemonpods.pinned(made, "n1")
    assert daemonpods.target_node(made) == "n1"
    assert made["metadata"]["labels"] == {
        "app": "agent",
        "controller-revision-hash": HASH,
        "pod-template-generation": "4",
    }
    assert made["spec"]["affinity"]["podAffinity"] == {"x": 1}
    assert made["spec"]["affinity"]["nodeAffinity"].items() >= preferred.items()


def test_tolerations_of_daemons_come_after_those_of_the_template():
    own = {"key": "k", "operator": "Exists"}
    limited = {
        "key": "node.kubernetes.io/not-ready",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 5,
    }
    found = daemonpods.tolerations({"tolerations": [own, limited], "hostNetwork": True})
    assert found[0] is own
    assert found[1] == {key: value for key, value in limited.items() if key != "tolerationSeconds"}
    assert len(found) == 8
    assert found[-1]["key"] == "node.kubernetes.io/network-unavailable"
    assert len(daemonpods.tolerations({})) == 6


@pytest.mark.parametrize(
    ("effect", "comes", "stays"),
    [("NoSchedule", False, True), ("NoExecute", False, False), ("PreferNoSchedule", True, True)],
)
def test_taints_keep_pods_away_and_only_some_drive_them_off(effect, comes, stays):
    assert daemonpods.should_run(daemon_set(), node("n", {"key": "k", "effect": effect})) == (comes, stays)


def test_selector_and_node_name_choose_nodes():
    assert daemonpods.should_run(daemon_set({"nodeSelector": {"a": "b"}}), node("n", a="b"))[0]
    assert daemonpods.should_run(daemon_set({"nodeSelector": {"a": "b"}}), node("n")) == (False, False)
    assert daemonpods.should_run(daemon_set({"nodeName": "m"}), node("n")) == (False, False)


def test_nodes_without_a_pod_get_one_and_surplus_pods_go():
    nodes = [node("a"), node("b"), node("c", {"key": "k", "effect": "NoExecute"})]
    plan = placing(daemon_set(), nodes, pod("b1", "b", age=5), pod("b2", "b"), pod("c1", "c"))
    assert plan.create == ("a",)
    assert names(plan.delete) == ["b2", "c1"]


def test_no_pod_comes_while_the_one_before_is_leaving():
    plan = placing(daemon_set(), [node("a")], pod("a1", "a", deleted=True))
    assert (plan.create, plan.delete) == ((), ())
    gone = pod("a1", "a", deleted=True, phase="Failed")
    assert placing(daemon_set(), [node("a")], gone).create == ("a",)


def test_pods_that_ended_are_told_apart():
    nodes = [node("a"), node("b")]
    plan = placing(daemon_set(), nodes, pod("a1", "a", phase="Failed"), pod("b1", "b", phase="Succeeded"))
    assert [(on, each["metadata"]["name"]) for on, each in plan.failed] == [("a", "a1")]
    assert [(on, each["metadata"]["name"]) for on, each in plan.succeeded] == [("b", "b1")]
    assert plan.create == ()


def test_a_pod_on_its_way_to_a_node_that_is_gone_goes():
    waiting = daemonpods.pinned({**pod("x", ""), "spec": {}}, "gone")
    assert names(placing(daemon_set(), [], waiting, pod("y", "gone")).delete) == ["x"]


def test_an_update_takes_as_many_as_may_be_unavailable():
    nodes = [node(name) for name in "abc"]
    old = [pod(f"{name}1", name, "old") for name in "abc"]
    assert names(update(daemon_set(), nodes, *old).delete) == ["a1"]
    busy = update(daemon_set(), nodes, pod("a2", "a", ready=False), *old[1:])
    assert busy.delete == ()
    done = update(daemon_set(), nodes, pod("a2", "a"), *old[1:])
    assert names(done.delete) == ["b1"]


def test_an_update_replaces_broken_pods_at_once():
    nodes = [node(name) for name in "abc"]
    pods = [pod("a1", "a", "old"), pod("b1", "b", "old", ready=False), pod("c1", "c", "old", ready=False)]
    assert names(update(daemon_set(), nodes, *pods).delete) == ["b1", "c1"]


def test_numbers_of_the_strategy_round_up():
    assert daemonpods.surge_and_unavailable(surging("25%"), 5) == (2, 0)
    assert daemonpods.surge_and_unavailable(surging(0), 5) == (0, 1)
    assert daemonpods.surge_and_unavailable(daemon_set(updateStrategy={"type": "OnDelete"}), 5) == (0, 0)


def test_a_surge_puts_new_pods_beside_old_ones_and_then_takes_these():
    nodes = [node(name) for name in "abc"]
    old = [pod(f"{name}1", name, "old", age=9) for name in "abc"]
    assert update(surging(1), nodes, *old).create == ("a",)
    waiting = update(surging(1), nodes, pod("a2", "a", ready=False), *old)
    assert (waiting.create, waiting.delete) == ((), ())
    done = update(surging(1), nodes, pod("a2", "a"), *old)
    assert (done.create, names(done.delete)) == (("b",), ["a1"])
    broken = pod("c1", "c", "old", ready=False)
    assert update(surging(1), nodes, *old[:2], broken).create == ("c", "a")


def test_with_a_surge_the_old_pod_goes_when_it_is_broken_or_no_more_needed():
    nodes = [node("a")]
    old, new = pod("a1", "a", "old", age=9), pod("a2", "a")
    starting = pod("a2", "a", ready=False)
    assert placing(surging(1), nodes, old, starting).delete == ()
    assert names(placing(surging(1), nodes, old, new).delete) == ["a1"]
    assert names(placing(surging(1), nodes, pod("a1", "a", "old", ready=False), starting).delete) == ["a1"]
    assert placing(surging(1), nodes, pod("a1", "a", deleted=True)).create == ("a",)


def test_with_a_surge_the_pod_of_a_node_that_is_closed_goes_when_it_is_not_missed():
    closed = node("a", {"key": "k", "effect": "NoSchedule"})
    old, broken = pod("a1", "a", "old"), pod("a1", "a", "old", ready=False)
    assert update(surging(1), [closed, node("b")], old, pod("b1", "b", ready=False)).delete == ()
    assert names(update(surging(1), [closed, node("b")], old, pod("b1", "b")).delete) == ["a1"]
    assert names(update(surging(1), [closed, node("b")], broken).delete) == ["a1"]


def test_the_status_counts_nodes():
    nodes = [node("a"), node("b"), node("c", {"key": "k", "effect": "NoSchedule"})]
    pods = daemonpods.pods_by_node([pod("a1", "a"), pod("c1", "c")])
    owner = daemon_set()
    owner["metadata"]["generation"] = 2
    counts = daemonpods.count_nodes(owner, nodes, pods, HASH, NOW)
    assert daemonpods.make_status(owner, counts, collisions=None, observed=True) == {
        "currentNumberScheduled": 1,
        "numberMisscheduled": 1,
        "desiredNumberScheduled": 2,
        "numberReady": 1,
        "observedGeneration": 2,
        "updatedNumberScheduled": 1,
        "numberAvailable": 1,
        "numberUnavailable": 1,
    }
    unseen = daemonpods.make_status(owner, counts, collisions=1, observed=False)
    assert "observedGeneration" not in unseen
    assert unseen["collisionCount"] == 1


def test_patience_doubles_up_to_a_quarter_of_an_hour_and_forgives():
    patience, now, waits = Patience(), NOW, []
    key = ("uid", 1, "node")
    assert patience.left_s(key, now) == 0
    for _ in range(12):
        left_s = patience.left_s(key, now)
        waits.append(left_s)
        now += left_s
        assert patience.left_s(key, now) == 0
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 900
    assert patience.left_s(key, now + 2000) == 0
    assert patience.left_s(key, now + 2000) == 1
    patience.forget("uid")
    assert patience.left_s(key, now) == 0


def test_nobody_remembers_a_node_on_which_nothing_has_failed_for_long():
    patience = Patience()
    for number in range(50):
        assert patience.left_s(("u", 1, f"n{number}"), NOW + 60 * number) == 0
    assert len(patience.waits) == 31, "those of the last half an hour"

"""InterPodAffinity: near some, far from others, and what those that run demand."""

from __future__ import annotations

import pytest

from kubelite.api.resources import NAMESPACES
from tests.unit.scheduler.objects import make_node, make_pod
from tests.unit.scheduler.rig import Rig

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
NAME = "InterPodAffinity"


def term(app, key=ZONE, **more):
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}, **more}


def near(*terms):
    return {"podAffinity": {REQUIRED: list(terms)}}


def far(*terms):
    return {"podAntiAffinity": {REQUIRED: list(terms)}}


def pod(app, affinity=None, name=None, **more):
    extra = {"affinity": affinity} if affinity else {}
    return make_pod(name or f"{app}-new", labels={"app": app}, **extra, **more)


def on(node, app, affinity=None, **more):
    return pod(app, affinity, name=f"{app}-{node}", node=node, **more)


NODES = [make_node(name, labels={ZONE: zone}) for name, zone in (("a1", "a"), ("a2", "a"), ("b1", "b"))]


def test_near_means_the_same_domain():
    rig = Rig(NODES, [on("a1", "db")])
    assert rig.feasible(pod("web", near(term("db")))) == {"a1", "a2"}
    assert rig.feasible(pod("web", near(term("db", HOST)))) == {"a1"}


def test_far_means_another_domain():
    rig = Rig(NODES, [on("a1", "db")])
    assert rig.feasible(pod("web", far(term("db")))) == {"b1"}
    assert rig.feasible(pod("web", far(term("db", HOST)))) == {"a2", "b1"}


def test_what_runs_keeps_others_away():
    rig = Rig(NODES, [on("a1", "db", far(term("web")))])
    assert rig.feasible(pod("web")) == {"b1"}
    assert rig.feasible(pod("other")) == {"a1", "a2", "b1"}
    rig.cache.forget("uid-db-a1")
    assert rig.feasible(pod("web")) == {"a1", "a2", "b1"}


def test_the_first_of_pods_that_want_to_be_near_each_other_may_go_anywhere():
    rig = Rig(NODES)
    assert rig.feasible(pod("web", near(term("web")))) == {"a1", "a2", "b1"}
    assert rig.feasible(pod("web", near(term("db")))) == set()
    assert Rig(NODES, [on("b1", "web")]).feasible(pod("web", near(term("web")))) == {"b1"}


def test_all_terms_must_be_met_by_the_same_pods():
    both = near(term("db"), {"topologyKey": HOST, "labelSelector": {"matchLabels": {"tier": "x"}}})
    rig = Rig(NODES, [on("a1", "db"), make_pod("x", labels={"tier": "x"}, node="a1")])
    assert rig.feasible(pod("web", both)) == set()
    rig = Rig(NODES, [make_pod("x", labels={"tier": "x", "app": "db"}, node="a1")])
    assert rig.feasible(pod("web", both)) == {"a1"}


@pytest.mark.parametrize(
    ("more", "feasible"),
    [
        ({}, set()),
        ({"namespaces": ["other"]}, {"a1", "a2"}),
        ({"namespaceSelector": {}}, {"a1", "a2"}),
        ({"namespaceSelector": {"matchLabels": {"team": "x"}}}, {"a1", "a2"}),
        ({"namespaceSelector": {"matchLabels": {"team": "y"}}}, set()),
    ],
)
def test_pods_of_other_namespaces_count_if_they_are_asked_for(more, feasible):
    namespaces = [{"metadata": {"name": "other", "labels": {"team": "x"}}}, {"metadata": {"name": "default"}}]
    rig = Rig(NODES, [on("a1", "db", namespace="other")], {NAMESPACES: namespaces})
    assert rig.feasible(pod("web", near(term("db", **more)))) == feasible


def test_a_demand_of_what_runs_may_select_namespaces_by_labels_too():
    demand = far(term("web", namespaceSelector={"matchLabels": {"team": "x"}}))
    namespaces = [{"metadata": {"name": "default", "labels": {"team": "x"}}}]
    assert Rig(NODES, [on("a1", "db", demand)], {NAMESPACES: namespaces}).feasible(pod("web")) == {"b1"}
    assert len(Rig(NODES, [on("a1", "db", demand)]).feasible(pod("web"))) == 3


@pytest.mark.parametrize(
    ("field", "feasible"), [("matchLabelKeys", {"a2", "b1"}), ("mismatchLabelKeys", {"a1", "a2"})]
)
def test_the_own_value_of_a_label_narrows_a_term(field, feasible):
    running = [
        make_pod(f"r{v}", labels={"app": "web", "v": v}, node=n) for v, n in (("1", "b1"), ("2", "a1"))
    ]
    mine = make_pod(labels={"app": "web", "v": "2"}, affinity=far(term("web", HOST, **{field: ["v"]})))
    assert Rig(NODES, running).feasible(mine) == feasible


def test_the_words():
    rig = Rig([NODES[0]], [on("a1", "db", far(term("x")))])
    for refused, words in (
        (pod("web", near(term("none"))), "node(s) didn't match pod affinity rules"),
        (pod("web", far(term("db"))), "node(s) didn't match pod anti-affinity rules"),
        (pod("x"), "node(s) didn't satisfy existing pods anti-affinity rules"),
    ):
        assert rig.refusal(refused) == f"0/1 nodes are available: 1 {words}."


def test_a_victim_may_be_one_that_is_avoided_or_avoids():
    for running, new in (
        (on("a1", "db"), pod("web", far(term("db")), priority=9)),
        (on("a1", "db", far(term("web"))), pod("web", priority=9)),
    ):
        found = Rig([NODES[0]], [running]).preempt(new)
        assert [victim.key for victim in found.chosen.victims] == ["default/db-a1"]


# -- scores


def wish(app, weight, kind="podAffinity", key=ZONE):
    return {kind: {PREFERRED: [{"weight": weight, "podAffinityTerm": term(app, key)}]}}


def test_preferences_are_scored_between_the_worst_and_the_best():
    rig = Rig(NODES, [on("a1", "db")])
    assert rig.scores(pod("web", wish("db", 10)), NAME) == {"a1": 200, "a2": 200, "b1": 0}
    avoids = rig.scores(pod("web", wish("db", 10, "podAntiAffinity", HOST)), NAME)
    assert avoids == {"a1": 0, "a2": 200, "b1": 200}


def test_preferences_of_what_runs_count_too():
    rig = Rig(NODES, [on("a1", "db", wish("web", 5, key=HOST)), on("b1", "x", near(term("web")))])
    assert rig.scores(pod("web"), NAME) == {"a1": 200, "a2": 0, "b1": 40}
    assert rig.scores(pod("other"), NAME) is None


def test_preferences_of_what_runs_can_be_ignored():
    config = {
        "profiles": [{"pluginConfig": [{"name": NAME, "args": {"ignorePreferredTermsOfExistingPods": True}}]}]
    }
    rig = Rig(NODES, [on("a1", "db", wish("web", 5))], config=config)
    assert rig.scores(pod("web"), NAME) is None

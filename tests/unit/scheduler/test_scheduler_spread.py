"""PodTopologySpread: what may stand where, and what had better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api.resources import REPLICASETS, SERVICES
from kubelite.scheduler.plugins.podtopologyspread import normalize
from kubelite.scheduler.podinfo import PodInfo
from tests.unit.scheduler.objects import make_node, make_pod
from tests.unit.scheduler.rig import Rig

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
UNEVEN = "node(s) didn't match pod topology spread constraints"
NAME = "PodTopologySpread"


def rule(key=ZONE, skew=1, action="DoNotSchedule", app="web", **more):
    selector = {"matchLabels": {"app": app}}
    return {
        "topologyKey": key,
        "maxSkew": skew,
        "whenUnsatisfiable": action,
        "labelSelector": selector,
        **more,
    }


def zoned(**zones):
    return [make_node(name, labels={ZONE: zone}) for name, zone in zones.items()]


def web(name="p", *rules, node=None, **more):
    more.setdefault("labels", {"app": "web"})
    return make_pod(name, node=node, topologySpreadConstraints=list(rules), **more)


def running(nodes):
    return [web(f"r{index}", node=node) for index, node in enumerate(nodes)]


@pytest.mark.parametrize(
    ("pods", "skew", "feasible"),
    [
        ("", 1, {"a", "b", "c"}),
        ("a", 1, {"b", "c"}),
        ("ab", 1, {"c"}),
        ("abc", 1, {"a", "b", "c"}),
        ("ab", 2, {"a", "b", "c"}),
        ("aab", 2, {"b", "c"}),
    ],
)
def test_the_difference_between_domains_is_bounded(pods, skew, feasible):
    rig = Rig(zoned(a="x", b="y", c="z"), running(pods))
    assert rig.feasible(web("p", rule(skew=skew))) == feasible


def test_a_pod_that_its_own_selector_does_not_mean_counts_not():
    rig = Rig(zoned(a="x", b="y"), running("a"))
    assert rig.feasible(web("p", rule(), labels={"app": "other"})) == {"a", "b"}


def test_pods_elsewhere_and_those_that_are_leaving_do_not_count():
    leaving = web("leaving", node="a")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    rig = Rig(zoned(a="x", b="y"), [leaving, web("far", node="a", namespace="other")])
    assert rig.feasible(web("p", rule())) == {"a", "b"}


def test_a_node_without_the_label_will_not_do_and_no_preemption_helps():
    rig = Rig([*zoned(a="x"), make_node("b")], running("a"))
    assert rig.feasible(web("p", rule())) == {"a"}
    assert rig.refusal(web("p", rule(key="rack"))) == (
        f"0/2 nodes are available: 2 {UNEVEN} (missing required label)."
    )


@pytest.mark.parametrize(("wanted", "feasible"), [(1, {"a", "b"}), (2, {"a", "b"}), (3, set())])
def test_with_fewer_domains_than_wanted_the_least_counts_as_none(wanted, feasible):
    rig = Rig(zoned(a="x", b="y"), running("ab"))
    assert rig.feasible(web("p", rule(minDomains=wanted))) == feasible


def test_nodes_that_the_selector_excludes_count_unless_the_policy_says_otherwise():
    nodes = zoned(a="x", b="y")
    nodes[0]["metadata"]["labels"]["disk"] = "ssd"
    rig = Rig(nodes, running("a"))
    assert rig.feasible(web("p", rule(), nodeSelector={"disk": "ssd"})) == {"a"}
    ignoring = rule(nodeAffinityPolicy="Ignore")
    assert rig.feasible(web("p", ignoring, nodeSelector={"disk": "ssd"})) == set()


def test_tainted_nodes_count_unless_the_policy_says_otherwise():
    nodes = [*zoned(a="x"), make_node("b", labels={ZONE: "y"}, taints=[("k", "v", "NoSchedule")])]
    rig = Rig(nodes, running("a"))
    assert rig.feasible(web("p", rule())) == set()
    assert rig.feasible(web("p", rule(nodeTaintsPolicy="Honor"))) == {"a"}


def test_the_own_value_of_a_label_narrows_the_selector():
    old = [web(f"old-{node}", node=node, labels={"app": "web", "hash": "1"}) for node in "ab"]
    rig = Rig(zoned(a="x", b="y"), [*old, web("new", node="a", labels={"app": "web", "hash": "2"})])
    pod = web("p", rule(matchLabelKeys=["hash"]), labels={"app": "web", "hash": "2"})
    assert rig.feasible(pod) == {"b"}


def test_every_constraint_must_hold():
    rig = Rig(zoned(a1="x", a2="x", b1="y"), running(["a1", "b1"]))
    assert rig.feasible(web("p", rule(), rule(key=HOST))) == {"a2"}


def test_a_change_of_labels_is_counted_anew():
    rig = Rig(zoned(a="x", b="y"), running("a"))
    assert rig.feasible(web("p", rule())) == {"b"}
    rig.cache.set_node("b", make_node("b", labels={ZONE: "x"}))
    assert rig.feasible(web("p", rule())) == {"a", "b"}


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["web", "other"])), max_size=20),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_what_is_counted_once_is_what_would_be_counted_anew(pods, skew, min_domains):
    zones = {"a": "x", "b": "x", "c": "y", "d": "z", "e": "z"}
    rig = Rig(zoned(**zones))
    pod = web("p", rule(skew=skew, minDomains=min_domains))
    rig.verdict(pod)
    for index, (node, app) in enumerate(pods):
        rig.cache.place(PodInfo.of(web(f"r{index}", node=node, labels={"app": app})), node)
    counts = dict.fromkeys(zones.values(), 0)
    for node, app in pods:
        counts[zones[node]] += app == "web"
    least = min(counts.values()) if len(counts) >= min_domains else 0
    expected = {node for node, zone in zones.items() if counts[zone] + 1 - least <= skew}
    assert rig.feasible(pod) == expected


# -- scores


def test_nodes_outside_the_topology_get_nothing_and_the_emptiest_all():
    assert normalize([3, -1, 0, 6]) == [50, 0, 100, 0]
    assert normalize([0, 0]) == [100, 100]
    assert normalize([-1, -1]) == [0, 0]


def test_what_should_hold_only_scores():
    rig = Rig(zoned(a="x", b="y"), running("aa"))
    scores = rig.scores(web("p", rule(action="ScheduleAnyway")), NAME)
    assert scores == {"a": 0, "b": 200}


def test_pods_of_a_replica_set_are_spread_over_zones_and_hosts():
    owner = {"metadata": {"name": "rs", "namespace": "default"}}
    owner["spec"] = {"selector": {"matchLabels": {"app": "web"}}}
    rig = Rig(zoned(a1="a", a2="a", b1="b"), running(["a1"]), {REPLICASETS: [owner]})
    pod = make_pod(labels={"app": "web"}, owner="rs")
    pod["metadata"]["ownerReferences"][0] |= {"kind": "ReplicaSet", "apiVersion": "apps/v1"}
    scores = rig.scores(pod, NAME)
    assert scores["a1"] < scores["a2"] < scores["b1"] == 200


def test_a_pod_of_nobody_is_not_spread():
    assert Rig(zoned(a="x", b="y"), running("a")).scores(make_pod(labels={"app": "web"}), NAME) is None


def test_services_of_another_namespace_do_not_spread():
    service = {"metadata": {"name": "s", "namespace": "other"}, "spec": {"selector": {"app": "web"}}}
    rig = Rig(zoned(a="x"), objects={SERVICES: [service]})
    assert rig.scores(make_pod(labels={"app": "web"}), NAME) is None


def test_a_profile_may_have_defaults_of_its_own():
    service = {"metadata": {"name": "s", "namespace": "default"}, "spec": {"selector": {"app": "web"}}}
    default = {"topologyKey": ZONE, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    given_args = {"defaultingType": "List", "defaultConstraints": [default]}
    config = {"profiles": [{"pluginConfig": [{"name": NAME, "args": given_args}]}]}
    rig = Rig(zoned(a="x", b="y"), running("a"), {SERVICES: [service]}, config=config)
    assert rig.feasible(make_pod(labels={"app": "web"})) == {"b"}

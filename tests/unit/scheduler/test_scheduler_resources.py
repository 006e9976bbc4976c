"""NodeResourcesFit, NodeResourcesBalancedAllocation, ImageLocality and the scores of affinity and taints."""

from __future__ import annotations

import pytest

from kubelite.scheduler.plugins.balancedallocation import balance
from kubelite.scheduler.plugins.imagelocality import MEGABYTE, normalized_name, scaled
from kubelite.scheduler.plugins.noderesourcesfit import least_allocated, most_allocated, shaped
from kubelite.scheduler.podinfo import PodInfo
from tests.unit.scheduler.objects import make_node, make_pod
from tests.unit.scheduler.rig import Rig

FIT, BALANCE = "NodeResourcesFit", "NodeResourcesBalancedAllocation"


def profile(**profile):
    return {"profiles": [profile]}


def args(name, **given):
    return profile(pluginConfig=[{"name": name, "args": given}])


# -- fit


def test_all_that_is_missing_is_named():
    rig = Rig([make_node("a", cpu="1", memory="1Gi", pods="1")], [make_pod("r", node="a")])
    pod = make_pod(requests={"cpu": "2", "memory": "2Gi", "ephemeral-storage": "1Gi", "x.org/y": "1"})
    assert rig.refusal(pod) == (
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient ephemeral-storage, "
        "1 Insufficient memory, "
        "1 Insufficient x.org/y, 1 Too many pods."
    )


def test_pod_level_resources_replace_those_of_containers():
    pod = make_pod(requests={"cpu": "3"}, resources={"requests": {"cpu": "1"}})
    assert Rig([make_node("a", cpu="1")]).node(pod) == "a"


def test_who_requests_nothing_fits_on_an_overcommitted_node():
    rig = Rig([make_node("a", cpu="1")], [make_pod("r", requests={"cpu": "1"}, node="a")])
    rig.cache.set_node("a", make_node("a", cpu="500m"))
    assert rig.node(make_pod()) == "a"
    assert rig.node(make_pod(requests={"cpu": "1m"})) is None


def test_a_pod_being_resized_counts_with_the_larger_of_what_it_has_and_wants():
    pod = make_pod("r", requests={"cpu": "1"}, node="a")
    pod["status"]["containerStatuses"] = [{"name": "c", "allocatedResources": {"cpu": "3"}}]
    rig = Rig([make_node("a", cpu="4")], [pod])
    assert rig.node(make_pod(requests={"cpu": "1"})) == "a"
    assert rig.node(make_pod(requests={"cpu": "2"})) is None


def test_extended_resources_that_are_ignored_are_somebody_elses():
    pod = make_pod(requests={"x.org/y": "1"})
    assert Rig([make_node("a")], config=args(FIT, ignoredResources=["x.org/y"])).node(pod) == "a"
    assert Rig([make_node("a")], config=args(FIT, ignoredResourceGroups=["x.org"])).node(pod) == "a"
    assert Rig([make_node("a")]).node(pod) is None


@pytest.mark.parametrize(
    ("requested", "there_is", "least", "most"),
    [(0, 10, 100, 0), (3, 10, 70, 30), (10, 10, 0, 100), (11, 10, 0, 100), (1, 0, 0, 0), (1, 3, 66, 33)],
)
def test_rates(requested, there_is, least, most):
    assert least_allocated(requested, there_is) == least
    assert most_allocated(requested, there_is) == most


@pytest.mark.parametrize(
    ("requested", "score"), [(0, 0), (25, 25), (50, 50), (75, 75), (100, 100), (150, 100)]
)
def test_a_shape_is_a_broken_line(requested, score):
    assert shaped([(0, 0), (50, 50), (100, 100)], requested, 100) == score


def test_a_mean_of_ratios_is_rounded_and_leaves_out_what_scores_nothing():
    ratio = {"shape": [{"utilization": 0, "score": 0}, {"utilization": 100, "score": 10}]}
    strategy = {
        "type": "RequestedToCapacityRatio",
        "resources": [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}],
        "requestedToCapacityRatio": ratio,
    }
    nodes = [make_node("a", cpu="4", memory="1000Gi"), make_node("b", cpu="4", memory="4Gi")]
    rig = Rig(nodes, config=args(FIT, scoringStrategy=strategy))
    pod = make_pod(requests={"cpu": "1", "memory": "1352914698"})
    # Of a: 25 of 100 for cpu, nothing for memory; of b: 25 and 31, whose mean is 28.
    assert rig.scores(pod, FIT) == {"a": 25, "b": 28}
    pod = make_pod(requests={"cpu": "1", "memory": "1288490189"})
    assert rig.scores(pod, FIT)["b"] == 28  # 25 and 30: the half is rounded up


def test_the_default_score_is_that_of_the_general_formula():
    nodes = [
        make_node("a", cpu="3", memory="5Gi"),
        make_node("b", cpu="7", memory="2Gi"),
        make_node("c", cpu="0"),
    ]
    running = [make_pod("r", requests={"cpu": "1"}, node="a"), make_pod("s", node="b")]
    pod = make_pod(requests={"memory": "1Gi"})
    weights = [{"name": "cpu", "weight": 2}, {"name": "memory", "weight": 2}]
    general = Rig(
        nodes, running, config=args(FIT, scoringStrategy={"type": "LeastAllocated", "resources": weights})
    )
    assert Rig(nodes, running).scores(pod, FIT) == general.scores(pod, FIT)


def test_a_profile_may_pack_instead_of_spread():
    running = [make_pod("r", requests={"cpu": "1"}, node="b")]
    config = args(FIT, scoringStrategy={"type": "MostAllocated"})
    rig = Rig([make_node("a"), make_node("b")], running, config=config)
    scores = rig.scores(make_pod(requests={"cpu": "1"}), FIT)
    assert scores["b"] > scores["a"]


# -- balance


@pytest.mark.parametrize(
    ("shares", "score"),
    [([0.5, 0.5], 100), ([1.0, 0.0], 50), ([0.2, 0.6], 80), ([0.3], 100), ([0, 0.5, 1], 59)],
)
def test_balance_is_the_lack_of_deviation(shares, score):
    assert balance(shares) == score


def test_pods_without_requests_are_not_balanced():
    rig = Rig([make_node("a"), make_node("b")])
    assert rig.scores(make_pod(), BALANCE) is None
    assert rig.scores(make_pod(requests={"cpu": "2", "memory": "4Gi"}), BALANCE) == {"a": 100, "b": 100}
    assert rig.scores(make_pod(requests={"cpu": "2"}), BALANCE) == {"a": 75, "b": 75}


# -- images, affinity, taints


@pytest.mark.parametrize(
    ("image", "name"),
    [("web", "web:latest"), ("web:1", "web:1"), ("host:5000/web", "host:5000/web:latest")],
)
def test_the_tag_that_is_meant(image, name):
    assert normalized_name(image) == name


@pytest.mark.parametrize(("size", "score"), [(0, 0), (23, 0), (500, 48), (1000, 100), (5000, 100)])
def test_small_images_are_worth_nothing_and_large_ones_no_more_than_100(size, score):
    assert scaled(size * MEGABYTE, 1) == score


def test_a_node_that_has_a_large_image_is_preferred():
    large = make_node("b")
    large["status"]["images"] = [{"names": ["i:latest"], "sizeBytes": 1000 * MEGABYTE}]
    rig = Rig([make_node("a"), large])
    assert rig.scores(make_pod(), "ImageLocality") == {"a": 0, "b": 48}
    assert rig.cache.image_nodes == {"i:latest": 1}
    rig.cache.set_node("b", make_node("b"))
    assert rig.scores(make_pod(), "ImageLocality") is None
    assert rig.cache.image_nodes == {}


def test_soft_taints_count_three_times():
    nodes = [make_node("a", taints=[("k", "v", "PreferNoSchedule")]), make_node("b")]
    assert Rig(nodes).scores(make_pod(), "TaintToleration") == {"a": 0, "b": 300}
    tolerating = make_pod(tolerations=[{"key": "k", "operator": "Exists"}])
    assert Rig(nodes).scores(tolerating, "TaintToleration") == {"a": 300, "b": 300}


def test_an_affinity_that_the_profile_adds_holds_for_all_its_pods():
    rule = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [rule]}}
    rig = Rig([make_node("a")], config=args("NodeAffinity", addedAffinity=required))
    assert rig.refusal(make_pod()).endswith("1 node(s) didn't match scheduler-enforced node affinity.")
    rig.cache.set_node("b", make_node("b", labels={"disk": "ssd"}))
    assert rig.node(make_pod()) == "b"


def test_only_nodes_that_the_affinity_names_are_looked_at():
    field = {"key": "metadata.name", "operator": "In", "values": ["b"]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    required = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    rig = Rig([make_node(name, cpu="1") for name in "abc"])
    assert rig.node(make_pod(affinity=required)) == "b"
    verdict = rig.verdict(make_pod(affinity=required))
    assert verdict.looked_at == 1
    assert rig.refusal(make_pod(affinity=required, requests={"cpu": "2"})) == (
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    )


def test_terms_that_name_no_node_in_common_are_a_conflict():
    fields = [{"key": "metadata.name", "operator": "In", "values": [name]} for name in "ab"]
    terms = {"nodeSelectorTerms": [{"matchFields": fields}]}
    required = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    assert Rig([make_node("a")]).refusal(make_pod(affinity=required)) == (
        "0/1 nodes are available: pod affinity terms conflict."
    )


def test_nodes_of_different_zones_come_in_turn():
    zone = "topology.kubernetes.io/zone"
    names = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "c1": "c", "c2": "c"}
    rig = Rig([make_node(name, labels={zone: value}) for name, value in names.items()])
    assert [node.name for node in rig.cache.listed()] == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_a_disabled_plugin_is_not_asked():
    config = profile(plugins={"filter": {"disabled": [{"name": "TaintToleration"}]}})
    node = make_node("a", taints=[("k", "v", "NoSchedule")])
    assert Rig([node], config=config).node(make_pod()) == "a"


def test_weights_can_be_changed():
    config = profile(plugins={"score": {"enabled": [{"name": FIT, "weight": 7}]}})
    plain = Rig([make_node("a"), make_node("b")]).scores(make_pod(), FIT)
    heavy = Rig([make_node("a"), make_node("b")], config=config).scores(make_pod(), FIT)
    assert heavy == {name: 7 * score for name, score in plain.items()}


def test_the_repr_of_a_pod_is_its_key():
    assert repr(PodInfo.of(make_pod("web"))) == "<PodInfo default/web>"

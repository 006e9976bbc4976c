"""Profiles out of a KubeSchedulerConfiguration, and the hints which events wake whom."""

from __future__ import annotations

import pytest

from kubelite.scheduler import hints
from kubelite.scheduler.plugins import PLUGINS
from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.profiles import parse_config
from tests.unit.scheduler.objects import make_node, make_pod


def test_the_default_profile_has_the_default_weights():
    (profile,) = parse_config(None).profiles.values()
    assert dict(profile.scores) == {
        "TaintToleration": 3,
        "NodeAffinity": 2,
        "NodeResourcesFit": 1,
        "PodTopologySpread": 2,
        "InterPodAffinity": 2,
        "NodeResourcesBalancedAllocation": 1,
        "ImageLocality": 1,
    }
    assert profile.has("postFilter", "DefaultPreemption")
    assert profile.percentage is None


def test_plugins_are_disabled_everywhere_or_at_one_point():
    plugins = {"multiPoint": {"disabled": [{"name": "NodePorts"}]}, "score": {"disabled": [{"name": "*"}]}}
    (profile,) = parse_config({"profiles": [{"plugins": plugins}]}).profiles.values()
    assert "NodePorts" not in profile.filters
    assert "NodeAffinity" in profile.filters
    assert profile.scores == ()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"kind": "Pod"}, "kind must be KubeSchedulerConfiguration"),
        ({"profiles": [{}, {}]}, "two profiles have the schedulerName 'default-scheduler'"),
        ({"profiles": [{"plugins": {"sort": {}}}]}, "'sort' is no extension point"),
        ({"profiles": [{"pluginConfig": [{"name": "Chance"}]}]}, "there is no plugin 'Chance'"),
        (
            {"profiles": [{"plugins": {"score": {"enabled": [{"name": "Luck"}]}}}]},
            "there is no plugin 'Luck'",
        ),
        ({"percentageOfNodesToScore": 101}, "from 0 to 100"),
        ({"podInitialBackoffSeconds": 20}, "must not be less"),
    ],
)
def test_what_is_wrong_is_told(config, words):
    with pytest.raises(ValueError, match=words):
        parse_config(config)


def test_every_hint_is_of_a_plugin():
    assert set(hints.HINTS) <= set(PLUGINS)


NODE = make_node("a")


@pytest.mark.parametrize(
    ("plugin", "event", "pod", "old", "new", "helps"),
    [
        ("NodeUnschedulable", hints.NODE_TAINT, {}, make_node("a", cordoned=True), NODE, True),
        ("NodeUnschedulable", hints.NODE_ADD, {}, None, make_node("a", cordoned=True), False),
        (
            "TaintToleration",
            hints.NODE_TAINT,
            {},
            make_node("a", taints=[("k", "v", "NoSchedule")]),
            NODE,
            True,
        ),
        (
            "TaintToleration",
            hints.NODE_TAINT,
            {},
            NODE,
            make_node("a", taints=[("k", "v", "NoExecute")]),
            False,
        ),
        (
            "NodeAffinity",
            hints.NODE_LABEL,
            {"nodeSelector": {"x": "y"}},
            NODE,
            make_node("a", labels={"x": "y"}),
            True,
        ),
        (
            "NodeAffinity",
            hints.NODE_LABEL,
            {"nodeSelector": {"x": "y"}},
            NODE,
            make_node("a", labels={"x": "z"}),
            False,
        ),
        (
            "NodeResourcesFit",
            hints.NODE_ALLOCATABLE,
            {"requests": {"cpu": "8"}},
            NODE,
            make_node("a", cpu="8"),
            True,
        ),
        (
            "NodeResourcesFit",
            hints.NODE_ALLOCATABLE,
            {"requests": {"cpu": "8"}},
            NODE,
            make_node("a", cpu="7"),
            False,
        ),
        (
            "NodeResourcesFit",
            hints.NODE_LABEL,
            {"requests": {"cpu": "8"}},
            NODE,
            make_node("a", cpu="8"),
            False,
        ),
        ("NodeResourcesFit", hints.POD_DELETE, {}, make_pod("r", node="a"), None, True),
        (
            "NodePorts",
            hints.POD_DELETE,
            {"ports": [{"hostPort": 80}]},
            make_pod("r", ports=[{"hostPort": 80}]),
            None,
            True,
        ),
        ("NodePorts", hints.POD_DELETE, {"ports": [{"hostPort": 80}]}, make_pod("r"), None, False),
        ("SchedulingGates", hints.OWN_GATES, {}, None, None, True),
    ],
)
def test_hints(plugin, event, pod, old, new, helps):
    info = PodInfo.of(make_pod(**pod))
    assert hints.helps(frozenset({plugin}), event, info, old, new) is helps


def test_a_heartbeat_of_a_node_means_nothing():
    beat = {**NODE, "status": {**NODE["status"], "conditions": [{"type": "Ready", "status": "True"}]}}
    assert list(hints.node_events(NODE, beat)) == []
    assert list(hints.node_events(None, NODE)) == [hints.NODE_ADD]
    assert list(hints.node_events(NODE, make_node("a", cpu="9", labels={"x": "y"}))) == [
        hints.NODE_ALLOCATABLE,
        hints.NODE_LABEL,
    ]


def test_what_a_change_of_a_waiting_pod_means():
    gated = make_pod(schedulingGates=[{"name": "g"}])
    assert list(hints.own_events(gated, make_pod())) == [hints.OWN_GATES]
    assert list(hints.own_events(make_pod(), make_pod(tolerations=[{"operator": "Exists"}]))) == [
        hints.OWN_TOLERATION
    ]
    assert list(hints.own_events(make_pod(), make_pod(phase="Running"))) == []

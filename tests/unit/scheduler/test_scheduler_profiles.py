"""Profiles out of a KubeSchedulerConfiguration, and the hints which events wake whom."""

from __future__ import annotations

import pytest

from kubelite.scheduler import hints
from kubelite.scheduler.plugins import PLUGINS
from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.profiles import parse_config
from tests.unit.scheduler.objects import make_node, make_pod
from tests.unit.scheduler.rig import Rig


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


def one_profile(**profile):
    (made,) = parse_config({"profiles": [profile]}).profiles.values()
    return made


def enabled(*names, **weights):
    return {
        "enabled": [
            {"name": name, **({"weight": weights[name]} if name in weights else {})} for name in names
        ]
    }


def disabled(*names):
    return {"disabled": [{"name": name} for name in names]}


def test_plugins_are_disabled_everywhere_or_at_one_point():
    profile = one_profile(plugins={"multiPoint": disabled("NodePorts"), "score": disabled("*")})
    assert "NodePorts" not in profile.filters
    assert "NodeAffinity" in profile.filters
    assert profile.scores == ()


def test_what_has_no_prefilter_filters_without_it():
    profile = one_profile(plugins={"preFilter": disabled("*")})
    assert profile.filters == ("NodeUnschedulable", "NodeName", "TaintToleration")


def test_a_prefilter_whose_filter_is_disabled_still_narrows_the_nodes():
    profile = one_profile(plugins={"filter": disabled("NodeAffinity")})
    assert "NodeAffinity" not in profile.filters
    assert profile.narrowing == ("NodeAffinity",)
    config = {"profiles": [{"plugins": {"filter": disabled("NodeAffinity")}}]}
    named = {"key": "metadata.name", "operator": "In", "values": ["b"]}
    terms = {"nodeSelectorTerms": [{"matchFields": [named]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    rig = Rig([make_node("a"), make_node("b")], config=config)
    assert rig.node(make_pod(affinity=affinity)) == "b"
    assert rig.node(make_pod(nodeSelector={"no": "node"})) in {"a", "b"}


def test_a_weight_that_is_not_given_is_one_whatever_the_default():
    everywhere = one_profile(plugins={"multiPoint": enabled("TaintToleration")})
    assert dict(everywhere.scores)["TaintToleration"] == 1
    here = one_profile(plugins={"score": enabled("NodeAffinity")})
    assert dict(here.scores)["NodeAffinity"] == 1
    both = one_profile(
        plugins={
            "multiPoint": enabled("NodeAffinity", NodeAffinity=4),
            "score": enabled("NodeAffinity", NodeAffinity=7),
        }
    )
    assert dict(both.scores)["NodeAffinity"] == 7


def test_an_extension_point_begins_with_what_it_names_itself_of_multipoint():
    profile = one_profile(plugins={"filter": enabled("NodeResourcesFit", "NodePorts")})
    assert profile.filters[:4] == ("NodeResourcesFit", "NodePorts", "NodeUnschedulable", "NodeName")
    only = one_profile(plugins={"score": {**disabled("*"), **enabled("ImageLocality", ImageLocality=2)}})
    assert only.scores == (("ImageLocality", 2),)
    last = one_profile(plugins={"filter": {**disabled("NodeName"), **enabled("NodeName")}})
    assert last.filters[-1] == "NodeName"


def test_each_profile_has_its_percentage_or_that_of_all():
    config = {
        "percentageOfNodesToScore": 30,
        "profiles": [
            {"schedulerName": "a"},
            {"schedulerName": "b", "percentageOfNodesToScore": 70},
            {"schedulerName": "c", "percentageOfNodesToScore": 0},
        ],
    }
    assert [each.percentage for each in parse_config(config).profiles.values()] == [30, 70, None]


def test_without_scores_the_first_feasible_node_is_taken():
    rig = Rig([make_node("a"), make_node("b")], config={"profiles": [{"plugins": {"score": disabled("*")}}]})
    verdict = rig.verdict(make_pod())
    assert (verdict.node, verdict.looked_at) == ("a", 1)


def test_nobody_speaks_of_claims_to_deallocate_where_no_plugin_would():
    rig = Rig([make_node("a", cpu="1")])
    other = Rig(
        [make_node("a", cpu="1")],
        config={"profiles": [{"plugins": {"postFilter": disabled("DynamicResources")}}]},
    )
    pod = make_pod(requests={"cpu": "2"})
    text = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    assert rig.preempt(pod).message == f"no new claims to deallocate, {text}"
    assert other.preempt(pod).message == text


def test_what_means_nothing_in_one_process_is_accepted():
    parse_config(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "leaderElection": {"leaderElect": True},
            "clientConnection": {"kubeconfig": "/etc/kubernetes/scheduler.conf"},
            "parallelism": 16,
            "enableProfiling": False,
            "profiles": [{"plugins": {"multiPoint": disabled("GangScheduling")}}],
        }
    )


def args(plugin, **given):
    return {"profiles": [{"pluginConfig": [{"name": plugin, "args": given}]}]}


A = "profiles[0].pluginConfig[0].args."


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"kind": "Pod"}, 'kind: Invalid value: "Pod": must be KubeSchedulerConfiguration'),
        (
            {"apiVersion": "kubescheduler.config.k8s.io/v1beta3"},
            (
                'apiVersion: Invalid value: "kubescheduler.config.k8s.io/v1beta3": '
                "must be kubescheduler.config.k8s.io/v1"
            ),
        ),
        (
            {"profiles": [{}, {"schedulerName": "b"}]},
            "profiles[0].schedulerName: Required value",
        ),
        (
            {"profiles": [{"schedulerName": "b"}, {"schedulerName": "b"}]},
            'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"',
        ),
        (
            {"profiles": [{"schedulerName": 3}]},
            "profiles[0].schedulerName: Invalid value: 3: must be a string",
        ),
        ({"profiles": {"a": 1}}, 'profiles: Invalid value: {"a":1}: must be a list'),
        ({"profiles": [None]}, "profiles[0]: Required value"),
        ({"parallelism": True}, "parallelism: Invalid value: true: must be an integer"),
        ({"parallelism": 0}, "parallelism: Invalid value: 0: should be an integer value greater than zero"),
        ({"extenders": [{"filterVerb": "f"}]}, "extenders[0].urlPrefix: Required value"),
        (
            {"extenders": [{"urlPrefix": "http://x", "prioritizeVerb": "p"}]},
            "extenders[0].weight: Invalid value: 0: must have a positive weight applied to it",
        ),
        (
            {"extenders": [{"urlPrefix": "http://x", "bindVerb": "b", "httpTimeout": "5"}] * 2},
            (
                'extenders[0].httpTimeout: Invalid value: "5": time: missing unit in duration "5"; '
                'extenders[1].httpTimeout: Invalid value: "5": time: missing unit in duration "5"; '
                'extenders: Invalid value: "found 2 extenders implementing bind": '
                "only one extender can implement bind"
            ),
        ),
        (
            {"extenders": [{"urlPrefix": "http://x", "managedResources": [{"name": "cpu"}]}]},
            (
                'extenders[0].managedResources[0].name: Invalid value: "cpu": '
                "is an invalid extended resource name"
            ),
        ),
        (
            {"extenders": [{"urlPrefix": "http://x", "tlsConfig": {"certFile": "c"}}]},
            (
                "extenders[0].tlsConfig.certFile: Forbidden: unknown field; "
                "there are insecure, serverName, caFile, caData"
            ),
        ),
        (
            {"profiles": [{"plugins": {"score": {"enable": []}}}]},
            "profiles[0].plugins.score.enable: Forbidden: unknown field; there are enabled, disabled",
        ),
        (
            {"profiles": [{"plugins": {"filter": enabled("ImageLocality")}}]},
            (
                'profiles[0].plugins.filter.enabled[0].name: Invalid value: "ImageLocality": '
                "has no extension point filter; it has score"
            ),
        ),
        (
            {"profiles": [{"plugins": {"score": enabled("ImageLocality", "ImageLocality")}}]},
            'profiles[0].plugins.score.enabled[1].name: Duplicate value: "ImageLocality"',
        ),
        (
            {"profiles": [{"plugins": {"queueSort": disabled("*")}}]},
            "profiles[0].plugins.queueSort: Required value: PrioritySort must be enabled",
        ),
        (
            {"profiles": [{"plugins": {"multiPoint": disabled("DefaultBinder")}}]},
            "profiles[0].plugins.bind: Required value: DefaultBinder must be enabled",
        ),
        (
            {"percentageOfNodesToScore": 101},
            "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]",
        ),
        (
            {"profiles": [{"percentageOfNodesToScore": -1}]},
            "profiles[0].percentageOfNodesToScore: Invalid value: -1: not in valid range [0-100]",
        ),
        (
            {"podInitialBackoffSeconds": 20},
            (
                "podMaxBackoffSeconds: Invalid value: 10: "
                "must be greater than or equal to PodInitialBackoffSeconds"
            ),
        ),
        (
            {"podInitialBackoffSeconds": 0},
            "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0",
        ),
        (
            {"profiles": [{"pluginConfig": [{"name": "NodeAffinity"}, {"name": "NodeAffinity"}]}]},
            'profiles[0].pluginConfig[1]: Duplicate value: "NodeAffinity"',
        ),
        (args("NodePorts", range=1), f"{A[:-1]}: Forbidden: NodePorts takes no arguments"),
        (args("NodeAffinity", kind="Other"), f'{A}kind: Invalid value: "Other": must be NodeAffinityArgs'),
        (
            args("DefaultPreemption", minCandidateNodesPercentage=101),
            f"{A}minCandidateNodesPercentage: Invalid value: 101: not in valid range [0, 100]",
        ),
        (
            args("DefaultPreemption", minCandidateNodesPercentage=0, minCandidateNodesAbsolute=0),
            (
                f"{A}minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as "
                f"minCandidateNodesAbsolute; {A}minCandidateNodesAbsolute: Invalid value: 0: "
                "cannot be zero at the same time as minCandidateNodesPercentage"
            ),
        ),
        (
            args("InterPodAffinity", hardPodAffinityWeight=200),
            f"{A}hardPodAffinityWeight: Invalid value: 200: not in valid range [0, 100]",
        ),
        (
            args("NodeAffinity", addedAffinity={"requiredDuringSchedulingIgnoredDuringExecution": {}}),
            (
                f"{A}addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: "
                "Required value: must have at least one node selector term"
            ),
        ),
        (
            args(
                "NodeResourcesBalancedAllocation", resources=[{"name": "cpu", "weight": 2}, {"name": "cpu"}]
            ),
            (
                f"{A}resources[0].weight: Invalid value: 2: must be 1; "
                f'{A}resources[1].name: Duplicate value: "cpu"'
            ),
        ),
        (
            args("NodeResourcesFit", ignoredResourceGroups=["a/b"]),
            f"{A}ignoredResourceGroups[0]: Invalid value: \"a/b\": resource group name can't contain '/'",
        ),
        (
            args(
                "NodeResourcesFit",
                scoringStrategy={"type": "LeastAllocated", "resources": [{"name": "cpu", "weight": 101}]},
            ),
            (
                f"{A}scoringStrategy.resources[0].weight: Invalid value: 101: "
                "resource weight of cpu not in valid range (0, 100]"
            ),
        ),
        (
            args("NodeResourcesFit", scoringStrategy={"type": "RequestedToCapacityRatio"}),
            (
                f"{A}scoringStrategy.requestedToCapacityRatio: Required value: "
                "must be specified when type is RequestedToCapacityRatio"
            ),
        ),
        (
            args(
                "NodeResourcesFit",
                scoringStrategy={
                    "type": "RequestedToCapacityRatio",
                    "requestedToCapacityRatio": {
                        "shape": [{"utilization": 50, "score": 11}, {"utilization": 50, "score": 0}]
                    },
                },
            ),
            (
                f"{A}scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 50: "
                "values must be sorted in increasing order; "
                f"{A}scoringStrategy.requestedToCapacityRatio.shape[0].score: Invalid value: 11: "
                "not in valid range [0, 10]"
            ),
        ),
        (
            args(
                "PodTopologySpread",
                defaultConstraints=[{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}],
            ),
            f'{A}defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
        ),
        (
            args("PodTopologySpread", defaultingType="List", defaultConstraints=[{"labelSelector": {}}]),
            (
                f"{A}defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf); "
                f"{A}defaultConstraints[0].topologyKey: Required value: can not be empty; "
                f"{A}defaultConstraints[0].whenUnsatisfiable: Required value: can not be empty; "
                f"{A}defaultConstraints[0].labelSelector: Forbidden: "
                "constraint must not define a selector, as they deduced for each pod"
            ),
        ),
        (
            args("VolumeBinding", bindTimeoutSeconds=-1),
            (
                f"{A}bindTimeoutSeconds: Invalid value: -1: "
                "invalid BindTimeoutSeconds, should not be a negative value"
            ),
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_line_that_names_the_field(config, message):
    with pytest.raises(ValueError, match="^scheduler: ") as error:
        parse_config(config)
    assert str(error.value) == f"scheduler: {message}"


def test_a_name_that_no_plugin_has_is_told_with_those_that_exist():
    with pytest.raises(ValueError, match="supported values") as error:
        one_profile(plugins={"score": enabled("Luck")})
    assert str(error.value).startswith(
        'scheduler: profiles[0].plugins.score.enabled[0].name: Unsupported value: "Luck": supported values: "'
    )


def test_every_hint_is_of_a_plugin():
    assert set(hints.HINTS) - {hints.EXTENDER} <= set(PLUGINS)


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

"""HorizontalPodAutoscalers: defaults, rules, and the way between their versions."""

import json

import pytest

from kubelite.api import resources as r
from kubelite.api.conversion.autoscaling import BEHAVIOR, CONDITIONS, CURRENT_METRICS, METRICS, to_v1, to_v2
from tests.workloads import faults, made, stored, update_faults

HPA = r.HORIZONTALPODAUTOSCALERS
CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
PODS = {
    "type": "Pods",
    "pods": {"metric": {"name": "qps"}, "target": {"type": "AverageValue", "averageValue": "1500m"}},
}
OBJECT = {
    "type": "Object",
    "object": {
        "describedObject": {"kind": "Service", "name": "s", "apiVersion": "v1"},
        "target": {"type": "Value", "value": "2"},
        "metric": {"name": "hits", "selector": {"matchLabels": {"a": "b"}}},
    },
}
EXTERNAL = {
    "type": "External",
    "external": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "30"}},
}
CONTAINER = {
    "type": "ContainerResource",
    "containerResource": {
        "name": "cpu",
        "container": "c",
        "target": {"type": "Utilization", "averageUtilization": 50},
    },
}


def test_an_autoscaler_goes_by_cpu_unless_told_otherwise():
    spec = made(HPA)["spec"]
    assert (spec["minReplicas"], spec["metrics"]) == (1, [CPU])
    assert "behavior" not in spec
    assert "generation" not in made(HPA)["metadata"]


def test_rules_of_behaviour_are_completed():
    behavior = made(HPA, {"behavior": {"scaleDown": {"selectPolicy": "Min"}}})["spec"]["behavior"]
    percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
    assert behavior == {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, percent],
        },
        "scaleDown": {"selectPolicy": "Min", "policies": [percent]},
    }


@pytest.mark.parametrize("metric", [CPU, PODS, OBJECT, EXTERNAL, CONTAINER])
def test_each_kind_of_metric_is_fine(metric):
    assert faults(HPA, {"metrics": [metric]}) == []


def target(**values):
    return {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": values}}]}


NAME = "spec.metrics[0].resource.target"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"minReplicas": 0}, "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"),
        ({"maxReplicas": 0}, "spec.maxReplicas: Invalid value: 0: must be greater than 0"),
        (
            {"minReplicas": 5},
            "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
        ),
        ({"scaleTargetRef": {"kind": None}}, "spec.scaleTargetRef.kind: Required value"),
        (
            {"scaleTargetRef": {"name": "a/b"}},
            "spec.scaleTargetRef.name: Invalid value: \"a/b\": may not contain '/'",
        ),
        (target(type="Utilization"), f"{NAME}.averageUtilization: Required value: "),
        (target(averageUtilization=1), f"{NAME}.type: Required value: must specify a metric target type"),
        (
            target(type="Odd", averageUtilization=1),
            f'{NAME}.type: Invalid value: "Odd": must be either Utilization, Value, or AverageValue',
        ),
        (
            target(type="AverageValue", averageValue="0"),
            f'{NAME}.averageValue: Invalid value: "0": must be positive',
        ),
        (
            {"metrics": [{"type": "Odd"}]},
            (
                'spec.metrics[0].type: Unsupported value: "Odd": supported values: '
                '"ContainerResource", "External", "Object", "Pods", "Resource"'
            ),
        ),
        (
            {"metrics": [{"type": "Pods"}]},
            "spec.metrics[0].pods: Required value: must populate information for the given metric source",
        ),
        (
            {"metrics": [PODS | {"resource": CPU["resource"]}]},
            "spec.metrics[0].resource: Forbidden: must populate the given metric source only",
        ),
        (
            {"behavior": {"scaleUp": {"tolerance": "-1"}}},
            'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0',
        ),
        (
            {"behavior": {"scaleUp": {"stabilizationWindowSeconds": 3601}}},
            (
                "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: "
                "must be less than or equal to 3600"
            ),
        ),
        (
            {"behavior": {"scaleUp": {"policies": [{"type": "Odd", "value": 0, "periodSeconds": 1801}]}}},
            (
                'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Odd": '
                'supported values: "Percent", "Pods"'
            ),
        ),
    ],
)
def test_rules_of_an_autoscaler(spec, expected):
    assert any(fault.startswith(expected) for fault in faults(HPA, spec))


def test_an_autoscaler_that_goes_down_to_nothing_may_stay_so():
    old = stored(made(HPA, {"minReplicas": 0, "metrics": [EXTERNAL]}))
    assert update_faults(HPA, old, {"spec": {"maxReplicas": 9}}) == []
    assert update_faults(HPA, old, {"spec": {"metrics": [CPU]}}) == [
        (
            "spec.metrics: Forbidden: must specify at least one Object or External metric "
            "to support scaling to zero replicas"
        )
    ]


def test_what_v1_has_no_field_for_is_in_annotations():
    v2 = made(
        HPA, {"metrics": [PODS, CPU], "behavior": {"scaleUp": {}}}, metadata={"annotations": {"x": "y"}}
    )
    v2 = {**v2, "status": {"desiredReplicas": 2, "currentMetrics": None}}
    v1 = to_v1(v2)
    assert v1["spec"]["targetCPUUtilizationPercentage"] == 80
    assert "metrics" not in v1["spec"]
    annotations = v1["metadata"]["annotations"]
    assert set(annotations) == {"x", METRICS, BEHAVIOR}
    assert annotations[METRICS] == (
        '[{"type":"Pods","pods":{"metricName":"qps","targetAverageValue":"1500m"}}]'
    )
    up = json.loads(annotations[BEHAVIOR])["ScaleUp"]
    assert list(up) == ["StabilizationWindowSeconds", "SelectPolicy", "Policies", "Tolerance"]
    assert up["Policies"][0] == {"Type": "Pods", "Value": 4, "PeriodSeconds": 15}
    assert to_v2(v1) == v2


STATUS = {
    "observedGeneration": 1,
    "currentReplicas": 1,
    "desiredReplicas": 2,
    "currentMetrics": [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "current": {"averageValue": "3m", "averageUtilization": 7}},
        }
    ],
    "conditions": [{"type": "AbleToScale", "status": "True", "lastTransitionTime": None, "message": "a<b"}],
}


@pytest.mark.parametrize("metrics", [[CPU], [OBJECT], [EXTERNAL, CONTAINER], [PODS, OBJECT, CPU]])
def test_the_way_to_v1_and_back_loses_nothing(metrics):
    v2 = {**made(HPA, {"metrics": metrics, "behavior": {"scaleDown": {}}}), "status": STATUS}
    v1 = to_v1(v2)
    assert v1["status"]["currentCPUUtilizationPercentage"] == 7
    assert {CURRENT_METRICS, CONDITIONS} <= set(v1["metadata"]["annotations"])
    assert "a\\u003cb" in v1["metadata"]["annotations"][CONDITIONS]
    back = to_v2(v1)
    if metrics == [OBJECT]:  # v1 cannot tell an average that is absent from none
        back["spec"]["metrics"][0]["object"]["target"].pop("averageValue", None)
    assert back == v2


@pytest.mark.parametrize("text", ["nonsense", "{}", "[1]", '[{"pods":{"targetAverageValue":"x"}}]'])
def test_malformed_annotations_are_dropped(text):
    v1 = to_v1(made(HPA))
    v1["metadata"] = {**v1["metadata"], "annotations": {METRICS: text, BEHAVIOR: text, CONDITIONS: text}}
    v2 = to_v2(v1)
    assert "annotations" not in v2["metadata"]
    assert v2["spec"]["metrics"] == [CPU]


def test_v1_is_judged_as_the_version_in_which_it_is_kept():
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "d"}, "maxReplicas": 3}
    assert faults(r.HORIZONTALPODAUTOSCALERS_V1, {**spec, "targetCPUUtilizationPercentage": 0}) == [
        "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0"
    ]
    assert made(r.HORIZONTALPODAUTOSCALERS_V1, spec)["spec"]["minReplicas"] == 1


def test_annotations_of_the_other_version_do_not_stay_in_v2():
    obj = made(HPA, metadata={"annotations": {METRICS: "[]", "x": "y"}})
    assert obj["metadata"]["annotations"] == {"x": "y"}

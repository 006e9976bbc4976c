"""LimitRanges, ResourceQuotas, PodTemplates, and the status of PodDisruptionBudgets."""

import pytest

from kubelite.api import resources as r
from kubelite.api.strategy import prepare_for_create
from tests.workloads import TEMPLATE, faults, made, stored, update_faults, updated


def limit(type_="Container", **amounts):
    return {"limits": [{"type": type_, **{field: {"cpu": text} for field, text in amounts.items()}}]}


def test_containers_get_the_maximum_and_ask_for_what_they_get():
    (item,) = made(r.LIMITRANGES, limit(max="2", min="1"))["spec"]["limits"]
    assert (item["default"], item["defaultRequest"]) == ({"cpu": "2"}, {"cpu": "2"})
    (item,) = made(r.LIMITRANGES, limit(min="1"))["spec"]["limits"]
    assert item["defaultRequest"] == {"cpu": "1"}
    (item,) = made(r.LIMITRANGES, limit("Pod", max="2"))["spec"]["limits"]
    assert "default" not in item


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            limit("Odd", max="1"),
            ['spec.limits[0].type: Invalid value: "Odd": must be a standard limit type or fully qualified'],
        ),
        (
            limit("Pod", min="2", max="1"),
            ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
        ),
        (
            limit("Pod", default="1"),
            ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
        ),
        (
            limit(default="1", defaultRequest="2"),
            [
                (
                    'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": '
                    "default request value 2 is greater than default limit value 1"
                )
            ],
        ),
        (
            limit("Pod", maxLimitRequestRatio="500m"),
            [('spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1')],
        ),
        (
            limit("Pod", min="1", max="2", maxLimitRequestRatio="3"),
            [
                (
                    'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": '
                    "ratio 3 is greater than max/min = 2.000000"
                )
            ],
        ),
        (
            {"limits": [{"type": "PersistentVolumeClaim"}]},
            [
                (
                    "spec.limits[0].limits: Required value: "
                    "either minimum or maximum storage value is required, but neither was provided"
                )
            ],
        ),
        (
            {"limits": [{"type": "Pod", "max": {"pods": "1"}}]},
            ['spec.limits[0].max[pods]: Invalid value: "pods": must be a standard resource for containers'],
        ),
        (
            {"limits": [{"type": "Pod"}, {"type": "Pod"}]},
            ['spec.limits[1].type: Duplicate value: "Pod"'],
        ),
    ],
)
def test_rules_of_a_limit_range(spec, expected):
    assert faults(r.LIMITRANGES, spec) == expected


def selector(scope, operator, *values):
    requirement = {"scopeName": scope, "operator": operator, **({"values": list(values)} if values else {})}
    return {"scopeSelector": {"matchExpressions": [requirement]}}


EXPRESSIONS = "spec.scopeSelector.matchExpressions"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"hard": {"pods": "1", "count/deployments.apps": "2", "requests.nvidia.com/gpu": "1"}}, []),
        (
            {"hard": {"thing": "1"}},
            [
                (
                    'spec.hard[thing]: Invalid value: "thing": '
                    "must be a standard resource type or fully qualified"
                ),
                'spec.hard[thing]: Invalid value: "thing": must be a standard resource for quota',
            ],
        ),
        (
            {"hard": {"pods": "-1"}},
            ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'],
        ),
        ({"hard": {"pods": "500m"}}, ['spec.hard[pods]: Invalid value: "500m": must be an integer']),
        ({"scopes": ["Odd"]}, ['spec.scopes: Invalid value: ["Odd"]: unsupported scope']),
        (
            {"scopes": ["BestEffort"], "hard": {"cpu": "1"}},
            ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
        ),
        (
            {"scopes": ["Terminating", "NotTerminating"]},
            ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes'],
        ),
        (selector("PriorityClass", "In", "high"), []),
        (
            selector("PriorityClass", "In"),
            [
                (
                    f"{EXPRESSIONS}.values: Required value: "
                    "must be at least one value when `operator` is 'In' or "
                    "'NotIn' for scope selector"
                )
            ],
        ),
        (
            selector("PriorityClass", "Exists", "high"),
            [
                (
                    f'{EXPRESSIONS}.values: Invalid value: ["high"]: must be no value when `operator` is '
                    "'Exist' or 'DoesNotExist' for scope selector"
                )
            ],
        ),
        (
            selector("PriorityClass", "Odd"),
            [f'{EXPRESSIONS}.operator: Invalid value: "Odd": not a valid selector operator'],
        ),
    ],
)
def test_rules_of_a_quota(spec, expected):
    assert faults(r.RESOURCEQUOTAS, spec) == expected


def test_the_scopes_of_a_quota_stay():
    old = stored(made(r.RESOURCEQUOTAS, {"hard": {"pods": "1"}, "scopes": ["BestEffort"]}))
    assert update_faults(r.RESOURCEQUOTAS, old, {"spec": {"hard": {"pods": "2"}}}) == []
    assert update_faults(r.RESOURCEQUOTAS, old, {"spec": {"scopes": None}}) == [
        "spec.scopes: Invalid value: null: field is immutable"
    ]
    assert update_faults(r.RESOURCEQUOTAS, old, {"status": {"used": {"pods": "-1"}}}, status=True) == [
        'status.used[pods]: Invalid value: "-1": must be greater than or equal to 0'
    ]


def test_a_pod_template_has_defaults_rules_and_a_generation():
    template = made(r.PODTEMPLATES, template=TEMPLATE)
    assert template["template"]["spec"]["dnsPolicy"] == "ClusterFirst"
    assert template["metadata"]["generation"] == 1
    assert faults(r.PODTEMPLATES) == ["template.spec.containers: Required value"]
    assert faults(r.PODTEMPLATES, template={**TEMPLATE, "metadata": {"labels": {"a": "b c"}}}) != []
    new = updated(r.PODTEMPLATES, stored(template), {"template": {"spec": {"hostname": "h"}}})
    assert new["metadata"]["generation"] == 2


def test_a_budget_shows_its_spec_as_the_internal_type():
    assert faults(r.PODDISRUPTIONBUDGETS, {"minAvailable": 1, "maxUnavailable": "101%"}) == [
        (
            'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":"101%",'
            '"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set'
        ),
        'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ]


def test_the_status_of_a_budget():
    old = stored(made(r.PODDISRUPTIONBUDGETS, {"minAvailable": 1}))
    condition = {"type": "DisruptionAllowed", "status": "Odd", "reason": "1", "lastTransitionTime": None}
    status = {"disruptionsAllowed": -1, "disruptedPods": {"Bad_": None}, "conditions": [condition]}
    problems = update_faults(r.PODDISRUPTIONBUDGETS, old, {"status": status}, status=True)
    assert [problem.partition(":")[0] for problem in problems] == [
        "status.disruptedPods[Bad_]",
        "status.disruptionsAllowed",
        "status.conditions[0].status",
        "status.conditions[0].lastTransitionTime",
        "status.conditions[0].reason",
    ]


def test_a_limit_range_needs_no_name():
    unnamed = {"kind": "LimitRange", "apiVersion": "v1", "metadata": {"uid": "u"}, "spec": {"limits": []}}
    assert prepare_for_create(r.LIMITRANGES, unnamed)["metadata"]["name"] == "u"
    assert made(r.LIMITRANGES, {"limits": []})["metadata"]["name"] == "x"

"""Deployments, ReplicaSets, DaemonSets, StatefulSets and ControllerRevisions."""

import pytest

from kubelite.api import resources as r
from tests.workloads import TEMPLATE, faults, made, merged, stored, update_faults, updated

REPLICATED = [r.DEPLOYMENTS, r.REPLICASETS, r.DAEMONSETS, r.STATEFULSETS]
NEGATIVE = "must be greater than or equal to 0"


@pytest.mark.parametrize("resource", REPLICATED)
def test_a_plain_one_is_fine_and_counts_its_changes(resource):
    assert faults(resource) == []
    old = stored(made(resource))
    assert old["metadata"]["generation"] == 1
    labelled = updated(resource, old, {"metadata": {"labels": {"x": "y"}}})
    assert labelled["metadata"]["generation"] == 1
    changed = updated(resource, old, {"spec": {"template": {"spec": {"hostname": "h"}}}})
    assert changed["metadata"]["generation"] == 2
    assert update_faults(resource, old, {"status": {"replicas": 5}}) == []


def test_annotations_of_a_deployment_count_as_changes():
    old = stored(made(r.DEPLOYMENTS))
    new = updated(r.DEPLOYMENTS, old, {"metadata": {"annotations": {"x": "y"}}})
    assert new["metadata"]["generation"] == 2


def test_the_status_of_a_deployment_does_not_bring_labels_or_a_spec():
    old = stored(made(r.DEPLOYMENTS, metadata={"labels": {"x": "y"}}))
    changes = {"metadata": {"labels": {"x": "z"}}, "spec": {"replicas": 9}, "status": {"replicas": 2}}
    new = updated(r.DEPLOYMENTS, old, changes, status=True)
    assert (new["metadata"]["labels"], new["spec"]["replicas"]) == ({"x": "y"}, 1)
    assert new["status"] == {"replicas": 2}


@pytest.mark.parametrize("resource", REPLICATED)
def test_the_selector_must_match_and_stays(resource):
    mismatch = "`selector` does not match template `labels`"
    assert f'spec.template.metadata.labels: Invalid value: {{"a":"b"}}: {mismatch}' in faults(
        resource, {"selector": {"matchLabels": {"a": "c"}}}
    )
    old = stored(made(resource, {"template": {"metadata": {"labels": {"c": "d"}}}}))
    problems = update_faults(resource, old, {"spec": {"selector": {"matchLabels": {"c": "d"}}}})
    if resource == r.STATEFULSETS:
        assert len(problems) == 1
        assert "fields other than 'replicas', 'ordinals', 'template'" in problems[0]
    else:
        value = '{"matchLabels":{"a":"b","c":"d"}}'
        assert problems == [f"spec.selector: Invalid value: {value}: field is immutable"]


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        (r.DEPLOYMENTS, "deployment"),
        (r.REPLICASETS, "deployment"),
        (r.DAEMONSETS, "daemonset"),
        (r.STATEFULSETS, "statefulset"),
    ],
)
def test_a_selector_of_nothing_is_refused(resource, kind):
    problems = faults(resource, {"selector": {"matchLabels": None}})
    assert problems == [f"spec.selector: Invalid value: {{}}: empty selector is invalid for {kind}"]


@pytest.mark.parametrize("resource", REPLICATED)
def test_pods_are_always_restarted_and_have_no_deadline(resource):
    kind = "ReplicaSet" if resource == r.DEPLOYMENTS else resource.kind
    changes = {"template": {"spec": {"restartPolicy": "Never", "activeDeadlineSeconds": 5}}}
    path = "spec.template.spec"
    assert faults(resource, changes) == [
        f'{path}.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        f"{path}.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in {kind} is not Supported",
    ]


@pytest.mark.parametrize(
    ("rolling", "expected"),
    [
        (
            {"maxUnavailable": 0, "maxSurge": "0%"},
            ["maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
        ),
        (
            {"maxUnavailable": "101%"},
            ['maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
        ),
        ({"maxSurge": "150%"}, []),
        ({"maxSurge": -1}, [f"maxSurge: Invalid value: -1: {NEGATIVE}"]),
    ],
)
def test_a_deployment_has_to_be_able_to_get_ahead(rolling, expected):
    problems = faults(r.DEPLOYMENTS, {"strategy": {"rollingUpdate": rolling}})
    assert problems == [f"spec.strategy.rollingUpdate.{text}" for text in expected]


def test_an_unknown_strategy_is_shown_as_the_internal_type():
    shown = '{"Type":"Odd","RollingUpdate":null}'
    assert faults(r.DEPLOYMENTS, {"strategy": {"type": "Odd"}}) == [
        f'spec.strategy: Unsupported value: {shown}: supported values: "Recreate", "RollingUpdate"'
    ]
    assert faults(r.DAEMONSETS, {"updateStrategy": {"type": "Odd"}}) == [
        f'spec.updateStrategy: Unsupported value: {shown}: supported values: "RollingUpdate", "OnDelete"'
    ]
    assert faults(r.STATEFULSETS, {"updateStrategy": {"type": "Odd"}}) == [
        f"spec.updateStrategy: Invalid value: {shown}: must be 'RollingUpdate' or 'OnDelete'"
    ]


def test_a_deployment_waits_for_longer_than_pods_take_to_be_available():
    assert faults(r.DEPLOYMENTS, {"progressDeadlineSeconds": 5, "minReadySeconds": 5}) == [
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"
    ]


@pytest.mark.parametrize(
    ("rolling", "expected"),
    [
        ({"maxUnavailable": 0}, "maxUnavailable: Required value: cannot be 0 when maxSurge is 0"),
        (
            {"maxSurge": "10%"},
            'maxSurge: Invalid value: "10%": may not be set when maxUnavailable is non-zero',
        ),
    ],
)
def test_a_daemon_set_has_either_surge_or_gaps(rolling, expected):
    problems = faults(r.DAEMONSETS, {"updateStrategy": {"rollingUpdate": rolling}})
    assert problems == [f"spec.updateStrategy.rollingUpdate.{expected}"]


def test_a_daemon_set_counts_its_templates_in_an_annotation():
    annotation = "deprecated.daemonset.template.generation"
    old = stored(made(r.DAEMONSETS))
    assert old["metadata"]["annotations"] == {annotation: "1"}
    kept = updated(r.DAEMONSETS, old, {"metadata": {"annotations": None}, "spec": {"minReadySeconds": 5}})
    assert kept["metadata"]["annotations"] == {annotation: "1"}
    grown = updated(r.DAEMONSETS, old, {"spec": {"template": {"spec": {"hostname": "h"}}}})
    assert grown["metadata"]["annotations"] == {annotation: "2"}
    status = updated(r.DAEMONSETS, old, {"metadata": {"annotations": {annotation: "9"}}}, status=True)
    assert status["metadata"]["annotations"] == {annotation: "1"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"podManagementPolicy": "Odd"},
            "spec.podManagementPolicy: Invalid value: \"Odd\": must be 'OrderedReady' or 'Parallel'",
        ),
        (
            {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Odd"}},
            (
                'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Odd": '
                'supported values: "Retain", "Delete"'
            ),
        ),
        ({"ordinals": {"start": -1}}, f"spec.ordinals.start: Invalid value: -1: {NEGATIVE}"),
        (
            {"updateStrategy": {"rollingUpdate": {"partition": -1}}},
            f"spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: {NEGATIVE}",
        ),
        (
            {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}},
            (
                'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}: '
                "only allowed for updateStrategy 'RollingUpdate'"
            ),
        ),
    ],
)
def test_policies_of_a_stateful_set(spec, expected):
    assert faults(r.STATEFULSETS, spec) == [expected]


def test_a_stateful_set_has_the_name_of_a_label_and_of_a_service():
    assert len(faults(r.STATEFULSETS, metadata={"name": "a.b"})) == 1
    assert faults(r.STATEFULSETS, {"serviceName": "a.b"}) == [
        'spec.serviceName: Invalid value: "a.b": must not contain dots'
    ]
    assert faults(r.STATEFULSETS, {"serviceName": None}) == []


def test_pods_of_a_stateful_set_may_mount_its_claims():
    container = {**TEMPLATE["spec"]["containers"][0], "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    spec = {"template": {"spec": {"containers": [container]}}}
    assert faults(r.STATEFULSETS, spec) != []
    assert faults(r.STATEFULSETS, {**spec, "volumeClaimTemplates": [{"metadata": {"name": "v"}}]}) == []


def test_max_unavailable_of_a_stateful_set_is_dropped():
    rolling = {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}}
    assert made(r.STATEFULSETS, rolling)["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0}


COUNTS = {"replicas": 1, "readyReplicas": 2, "availableReplicas": 3, "collisionCount": 0}


@pytest.mark.parametrize("resource", [r.DEPLOYMENTS, r.STATEFULSETS])
def test_counts_in_a_status_fit_together(resource):
    old = stored(merged(made(resource), {"status": {"collisionCount": 1}}))
    detail = "readyReplicas" if resource == r.DEPLOYMENTS else "status.readyReplicas"
    assert update_faults(resource, old, {"status": COUNTS}, status=True) == [
        "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
        f"status.availableReplicas: Invalid value: 3: cannot be greater than {detail}",
        "status.collisionCount: Invalid value: 0: cannot be decremented",
    ]


def test_a_controller_revision_has_data_that_stays():
    assert faults(r.CONTROLLERREVISIONS) == ["data: Required value: data is mandatory"]
    old = stored(made(r.CONTROLLERREVISIONS, data={"x": 1}, revision=1))
    assert update_faults(r.CONTROLLERREVISIONS, old, {"data": {"x": 2}}) == [
        'data: Invalid value: {"x":2}: field is immutable'
    ]
    assert made(r.CONTROLLERREVISIONS, data={"x": 1})["revision"] == 0

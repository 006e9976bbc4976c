"""What `kubectl get` shows of workloads, autoscalers, volumes and quotas."""

import pytest

from kubelite.api import resources as r
from kubelite.api.columns import columns_for
from kubelite.api.conversion.autoscaling import to_v1
from kubelite.api.fieldlabels import field_labels
from kubelite.apimachinery.timestamps import parse_time
from tests.workloads import made, merged

CREATED = "2026-01-02T03:04:05Z"
NOW = parse_time("2026-01-02T03:05:05Z")


def cells(resource, obj):
    obj = merged(obj, {"metadata": {"creationTimestamp": CREATED}})
    return [column.cell(obj, NOW) for column in columns_for(resource)]


def status(resource, **fields):
    return made(resource) | {"status": fields}


@pytest.mark.parametrize(
    ("resource", "fields", "expected"),
    [
        (
            r.DEPLOYMENTS,
            {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 3},
            ["x", "1/1", 2, 3, "60s", "c", "i:1", "a=b"],
        ),
        (r.REPLICASETS, {"replicas": 2}, ["x", 1, 2, 0, "60s", "c", "i:1", "a=b"]),
        (r.STATEFULSETS, {"readyReplicas": 1}, ["x", "1/1", "60s", "c", "i:1"]),
        (
            r.DAEMONSETS,
            {"desiredNumberScheduled": 3, "numberReady": 2},
            ["x", 3, 0, 2, 0, 0, "<none>", "60s", "c", "i:1", "a=b"],
        ),
    ],
)
def test_workloads(resource, fields, expected):
    assert cells(resource, status(resource, **fields)) == expected


def condition(type_):
    return {"conditions": [{"type": type_, "status": "True"}]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["Running", "0/1", ""]),
        (condition("Suspended"), ["Suspended", "0/1", ""]),
        (condition("FailureTarget"), ["FailureTarget", "0/1", ""]),
        ({"startTime": CREATED, "succeeded": 1}, ["Running", "1/1", "60s"]),
        (
            condition("Complete") | {"startTime": CREATED, "completionTime": "2026-01-02T03:04:15Z"},
            ["Complete", "0/1", "10s"],
        ),
    ],
)
def test_jobs(fields, expected):
    assert cells(r.JOBS, status(r.JOBS, **fields))[1:4] == expected


def test_a_job_without_a_number_of_completions():
    job = merged(made(r.JOBS), {"spec": {"completions": None, "parallelism": 3}, "status": {"succeeded": 1}})
    assert cells(r.JOBS, job)[2] == "1/1 of 3"
    job = merged(job, {"metadata": {"deletionTimestamp": CREATED}})
    assert cells(r.JOBS, job)[1] == "Terminating"


def test_cron_jobs():
    obj = made(r.CRONJOBS, {"timeZone": "UTC"})
    assert cells(r.CRONJOBS, obj) == [
        *("x", "@daily", "UTC", "False", 0, "<none>", "60s", "c", "i:1", "<none>"),
    ]
    obj = merged(obj, {"status": {"active": [{}], "lastScheduleTime": CREATED}})
    assert cells(r.CRONJOBS, obj)[4:6] == [1, "60s"]


def test_controller_revisions_name_their_controller():
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "u", "controller": True}
    revision = made(r.CONTROLLERREVISIONS, metadata={"ownerReferences": [owner]}, revision=3)
    assert cells(r.CONTROLLERREVISIONS, revision) == ["x", "statefulset.apps/web", 3, "60s"]


def metric(type_, field, target, **source):
    return {"type": type_, field: {**source, "target": target}}


@pytest.mark.parametrize(
    ("metrics", "current", "expected"),
    [
        ([], [], "cpu: <unknown>/80%"),
        (
            [metric("Resource", "resource", {"averageUtilization": 50}, name="cpu")],
            [{"resource": {"current": {"averageUtilization": 7}}}],
            "cpu: 7%/50%",
        ),
        ([metric("Pods", "pods", {"averageValue": "2"})], [], "<unknown>/2"),
        ([metric("External", "external", {"averageValue": "2"})], [], "<unknown>/2 (avg)"),
        (
            [metric("Object", "object", {"value": "2"})] * 3,
            [{"object": {"current": {"value": "1"}}}],
            "1/2, <unknown>/2 + 1 more...",
        ),
    ],
)
def test_autoscalers(metrics, current, expected):
    obj = made(r.HORIZONTALPODAUTOSCALERS, {"metrics": metrics})
    obj = merged(obj, {"status": {"currentMetrics": current, "currentReplicas": 2}})
    assert cells(r.HORIZONTALPODAUTOSCALERS, obj) == ["x", "Deployment/d", expected, "1", 3, 2, "60s"]


def test_autoscalers_of_v1_show_the_same():
    obj = to_v1(made(r.HORIZONTALPODAUTOSCALERS))
    assert cells(r.HORIZONTALPODAUTOSCALERS_V1, obj)[2] == "cpu: <unknown>/80%"


def test_volumes_and_claims():
    volume = made(r.PERSISTENTVOLUMES, {"claimRef": {"namespace": "ns", "name": "c"}})
    assert cells(r.PERSISTENTVOLUMES, volume) == [
        *("x", "1Gi", "RWO", "Retain", "Pending", "ns/c", "", "<unset>", "", "60s", "Filesystem"),
    ]
    claim = made(r.PERSISTENTVOLUMECLAIMS)
    assert cells(r.PERSISTENTVOLUMECLAIMS, claim)[1:5] == ["Pending", "", "", ""]
    status = {"phase": "Bound", "capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteMany"]}
    claim = merged(claim, {"spec": {"volumeName": "v"}, "status": status})
    assert cells(r.PERSISTENTVOLUMECLAIMS, claim)[1:5] == ["Bound", "v", "2Gi", "RWX"]


def test_quotas_show_limits_apart():
    hard = {"limits.cpu": "2", "pods": "5"}
    quota = merged(made(r.RESOURCEQUOTAS), {"status": {"hard": hard, "used": {"pods": "1"}}})
    assert cells(r.RESOURCEQUOTAS, quota) == ["x", "pods: 1/5", "limits.cpu: 0/2", "60s"]


def test_field_labels():
    job = merged(made(r.JOBS), {"status": {"succeeded": 2}})
    assert field_labels(r.JOBS)["status.successful"](job) == "2"
    assert field_labels(r.REPLICATIONCONTROLLERS)["status.replicas"](made(r.REPLICATIONCONTROLLERS)) == "0"
    assert "status.replicas" not in field_labels(r.REPLICASETS)

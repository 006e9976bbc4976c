"""kubectl and the kinds besides pods and Services: tables, descriptions, explanations."""

from __future__ import annotations

import json
import re

import pytest

from tests.wire.kubectl import LABELS

pytestmark = pytest.mark.kubectls(2)

WORKLOAD = {"replicas": 0, "selector": {"matchLabels": LABELS}}
POD = {"containers": [{"name": "web", "image": "nginx", "ports": [{"containerPort": 80}]}]}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD}
ONCE = {"spec": {**POD, "restartPolicy": "Never"}}
RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]


def make(api_version, kind, name="made", **rest):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **rest}


KINDS = {
    "deploy": (
        make("apps/v1", "Deployment", spec={**WORKLOAD, "template": TEMPLATE}),
        ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"],
        ["StrategyType: RollingUpdate", "25% max unavailable, 25% max surge", "Port: 80/TCP"],
    ),
    "sts": (
        make(
            "apps/v1", "StatefulSet",
            spec={**WORKLOAD, "serviceName": "s", "template": TEMPLATE},
        ),
        ["NAME", "READY", "AGE"],
        ["Update Strategy: RollingUpdate", "Partition: 0"],
    ),
    "ds": (
        make(
            "apps/v1", "DaemonSet",
            spec={
                "selector": {"matchLabels": LABELS},
                "template": {**TEMPLATE, "spec": {**POD, "nodeSelector": {"none": "such"}}},
            },
        ),
        ["NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE"],
        ["Node-Selector: none=such", "Desired Number of Nodes Scheduled: 0"],
    ),
    "job": (
        make("batch/v1", "Job", spec={"suspend": True, "template": ONCE}),
        ["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"],
        ["Parallelism: 1", "Completions: 1", "Completion Mode: NonIndexed"],
    ),
    "cj": (
        make(
            "batch/v1", "CronJob",
            spec={"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {"template": ONCE}}},
        ),
        ["NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST SCHEDULE", "AGE"],
        ["Schedule: 0 0 1 1 *", "Concurrency Policy: Allow", "Successful Job History Limit: 3"],
    ),
    "hpa": (
        make(
            "autoscaling/v2", "HorizontalPodAutoscaler",
            spec={
                "maxReplicas": 3,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
            },
        ),
        ["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"],
        ["Reference: Deployment/d", "Min replicas: 1", "Max replicas: 3"],
    ),
    "ing": (
        make(
            "networking.k8s.io/v1", "Ingress",
            spec={"defaultBackend": {"service": {"name": "front", "port": {"number": 80}}}},
        ),
        ["NAME", "CLASS", "HOSTS", "ADDRESS", "PORTS", "AGE"],
        ["Default backend: front:80"],
    ),
    "netpol": (
        make(
            "networking.k8s.io/v1", "NetworkPolicy",
            spec={
                "podSelector": {"matchLabels": LABELS},
                "ingress": [{"ports": [{"port": 80, "protocol": "TCP"}]}],
            },
        ),
        ["NAME", "POD-SELECTOR", "AGE"],
        ["PodSelector: app=myapp,tier=backend", "To Port: 80/TCP", "Policy Types: Ingress"],
    ),
    "pvc": (
        make(
            "v1", "PersistentVolumeClaim",
            spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        ),
        [
            "NAME", "STATUS", "VOLUME", "CAPACITY", "ACCESS MODES", "STORAGECLASS", "VOLUMEATTRIBUTESCLASS",
            "AGE",
        ],
        ["Status: Pending", "VolumeMode: Filesystem"],
    ),
    "quota": (
        make("v1", "ResourceQuota", spec={"hard": {"pods": "2", "requests.cpu": "500m"}}),
        None,
        ["Resource Used Hard"],
    ),
    "limits": (
        make("v1", "LimitRange", spec={"limits": [{"type": "Pod", "max": {"memory": "1Gi"}}]}),
        ["NAME", "CREATED AT"],
        ["Pod memory - 1Gi - - -"],
    ),
    "pdb": (
        make(
            "policy/v1", "PodDisruptionBudget",
            spec={"minAvailable": 1, "selector": {"matchLabels": LABELS}},
        ),
        ["NAME", "MIN AVAILABLE", "MAX UNAVAILABLE", "ALLOWED DISRUPTIONS", "AGE"],
        ["Min available: 1", "Selector: app=myapp,tier=backend"],
    ),
    "role": (
        make("rbac.authorization.k8s.io/v1", "Role", rules=RULES),
        ["NAME", "CREATED AT"],
        ["pods [] [] [get]"],
    ),
    "rolebinding": (
        make(
            "rbac.authorization.k8s.io/v1", "RoleBinding",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "made"},
            subjects=[{"kind": "User", "name": "bob", "apiGroup": "rbac.authorization.k8s.io"}],
        ),
        ["NAME", "ROLE", "AGE"],
        ["Kind: Role", "User bob"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_made_listed_and_described(kubectl, kind):
    manifest, columns, words = KINDS[kind]
    kubectl("apply", "-f", "-", stdin=manifest)
    assert kubectl("apply", "-f", "-", stdin=manifest).endswith(" unchanged\n")
    headline, row = kubectl("get", kind, "made").splitlines()
    assert row.split()[0] == "made"
    if columns:
        assert re.split(r" {2,}", headline.strip()) == columns
    text = re.sub(r"[ \t]+", " ", kubectl("describe", kind, "made"))
    assert [word for word in words if word not in text] == []
    assert " deleted" in kubectl("delete", kind, "made")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("deployment.spec.strategy.rollingUpdate", ["maxSurge", "maxUnavailable"]),
        ("ingress.spec.rules.http.paths", ["backend", "pathType"]),
        ("hpa.spec.behavior.scaleDown", ["policies", "stabilizationWindowSeconds"]),
        ("crd.spec.versions.schema", ["openAPIV3Schema"]),
        ("pods.spec.containers.resources.limits", ["Quantity"]),
    ],
)
def test_explanations_of_any_path(story, path, words):
    text = story("explain", path)
    assert [word for word in words if word not in text] == []
    assert "KIND:" in text


def test_explanations_of_versions_and_of_nothing(story):
    assert "autoscaling" in story("explain", "hpa", "--api-version=autoscaling/v1")
    assert 'field "nope" does not exist' in story.fails("explain", "pod.spec.nope")
    assert 'have a resource type "gadget"' in story.fails("explain", "gadget")


def test_lists_of_what_there_is(story):
    names = story("api-resources", "--namespaced=false", "-o", "name").split()
    assert {"nodes", "namespaces", "clusterroles.rbac.authorization.k8s.io"} <= set(names)
    assert "pods" not in names
    grouped = story("api-resources", "--api-group=apps", "--no-headers").splitlines()
    assert [line.split()[0] for line in grouped] == [
        "controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets",
    ]  # fmt: skip
    wide = story("api-resources", "--api-group=batch", "-o", "wide", "--no-headers")
    assert "create,delete,deletecollection,get,list,patch,update,watch" in wide
    only = story("api-resources", "--verbs=create", "-o", "name").split()
    assert {"bindings", "tokenreviews.authentication.k8s.io"} <= set(only)
    assert "componentstatuses" not in only
    versions = story("api-versions").split()
    assert versions == sorted(versions)
    assert {"apps/v1", "autoscaling/v2", "apiextensions.k8s.io/v1"} <= set(versions)


def test_everything_as_one_dump(story):
    """`cluster-info dump` reads several kinds and all logs."""
    text = story("cluster-info", "dump", f"--namespaces={story.namespace}")
    decoder, found = json.JSONDecoder(), []
    for piece in re.split(r"^==== .*$", text, flags=re.MULTILINE):
        rest = piece.strip()
        while rest.startswith("{"):
            item, end = decoder.raw_decode(rest)
            found.append(item["kind"])
            rest = rest[end:].strip()
    assert {"NodeList", "EventList", "ReplicationControllerList", "ServiceList", "PodList"} <= set(found)
    assert "ready for start up" in text

"""When an object counts as ready, by its kind."""

from __future__ import annotations

import pytest

from kubelite.client.wait import parse_condition


def verdict(kind, spec, status, generation=2):
    obj = {"kind": kind, "metadata": {"name": "x", "generation": generation}, "spec": spec, "status": status}
    return parse_condition("ready")(obj)


DEPLOYED = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
SET = {"observedGeneration": 2, "readyReplicas": 3, "updatedReplicas": 3}
DAEMONS = {
    "observedGeneration": 2,
    "desiredNumberScheduled": 2,
    "numberAvailable": 2,
    "updatedNumberScheduled": 2,
}
ROLLING = {"updateStrategy": {"type": "RollingUpdate"}}


@pytest.mark.parametrize(
    ("kind", "spec", "status", "ready"),
    [
        ("Deployment", {"replicas": 3}, DEPLOYED, True),
        ("Deployment", {"replicas": 3}, {}, False),
        ("Deployment", {"replicas": 3}, {**DEPLOYED, "observedGeneration": 1}, False),
        ("Deployment", {"replicas": 3}, {**DEPLOYED, "replicas": 4}, False),  # an old one is left
        ("Deployment", {"replicas": 3}, {**DEPLOYED, "updatedReplicas": 2}, False),
        ("Deployment", {"replicas": 3}, {**DEPLOYED, "availableReplicas": 2}, False),
        ("Deployment", {"replicas": 0}, {"observedGeneration": 2}, True),
        ("ReplicaSet", {"replicas": 1}, {"observedGeneration": 2, "replicas": 1, "readyReplicas": 1}, True),
        ("ReplicaSet", {"replicas": 1}, {"observedGeneration": 2, "replicas": 1}, False),
        ("StatefulSet", {"replicas": 3, **ROLLING}, SET, True),
        ("StatefulSet", {"replicas": 3, **ROLLING}, {**SET, "updatedReplicas": 2}, False),
        ("StatefulSet", {"replicas": 3, **ROLLING}, {**SET, "readyReplicas": 2}, False),
        (
            "StatefulSet",
            {"replicas": 3, "updateStrategy": {"type": "OnDelete"}},
            {**SET, "updatedReplicas": 0},
            True,
        ),
        (
            "StatefulSet",
            {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
            {**SET, "updatedReplicas": 1},
            True,
        ),
        ("DaemonSet", ROLLING, DAEMONS, True),
        ("DaemonSet", ROLLING, {}, False),
        ("DaemonSet", ROLLING, {**DAEMONS, "numberAvailable": 1}, False),
        ("DaemonSet", ROLLING, {**DAEMONS, "updatedNumberScheduled": 1}, False),
        (
            "DaemonSet",
            {"updateStrategy": {"type": "OnDelete"}},
            {**DAEMONS, "updatedNumberScheduled": 1},
            True,
        ),
        ("Job", {}, {"conditions": [{"type": "Complete", "status": "True"}]}, True),
        ("Job", {}, {"active": 1}, False),
        ("PersistentVolumeClaim", {}, {"phase": "Bound"}, True),
        ("PersistentVolumeClaim", {}, {"phase": "Pending"}, False),
        ("CustomResourceDefinition", {}, {}, False),
        ("ConfigMap", {}, {}, True),
    ],
)
def test_readiness_is_that_of_the_kind(kind, spec, status, ready):
    assert verdict(kind, spec, status).holds is ready


def test_what_is_missing_is_said():
    seen = verdict("Deployment", {"replicas": 3}, {"replicas": 2, "updatedReplicas": 1}).seen
    assert seen == (
        "1 of 3 replicas are updated, 0 of 3 are available, 1 old ones are left; status is out of date"
    )
    seen = verdict("StatefulSet", {"replicas": 3, **ROLLING}, {**SET, "updatedReplicas": 2}).seen
    assert seen == "3 of 3 replicas are ready, 2 are updated"

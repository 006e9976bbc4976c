"""PersistentVolumes and claims for them."""

import pytest

from kubelite.api import resources as r
from kubelite.api.volumestrategy import with_transition_time
from tests.workloads import faults, made, merged, stored, update_faults, updated

PV, PVC = r.PERSISTENTVOLUMES, r.PERSISTENTVOLUMECLAIMS
AFFINITY = {
    "required": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}]
    }
}


def test_a_volume_is_kept_and_pending():
    created = "2026-01-01T00:00:00Z"
    volume = made(PV, metadata={"creationTimestamp": created})
    spec = volume["spec"]
    assert (spec["persistentVolumeReclaimPolicy"], spec["volumeMode"]) == ("Retain", "Filesystem")
    assert spec["hostPath"] == {"path": "/x", "type": ""}
    assert volume["status"] == {"phase": "Pending", "lastPhaseTransitionTime": created}
    assert "generation" not in volume["metadata"]
    assert faults(PV) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"accessModes": None}, ["spec.accessModes: Required value"]),
        (
            {"accessModes": ["Odd"]},
            [
                (
                    'spec.accessModes: Unsupported value: "Odd": supported values: '
                    '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
                )
            ],
        ),
        (
            {"accessModes": ["ReadWriteOnce", "ReadWriteOncePod"]},
            ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
        ),
        (
            {"capacity": None},
            [
                "spec.capacity: Required value",
                'spec.capacity: Unsupported value: null: supported values: "storage"',
            ],
        ),
        (
            {"capacity": {"storage": "0"}},
            ['spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
        ),
        ({"hostPath": None}, ["spec: Required value: must specify a volume type"]),
        (
            {"nfs": {"server": "s", "path": "/p"}},
            ["spec.nfs: Forbidden: may not specify more than 1 volume type"],
        ),
        (
            {"hostPath": None, "local": {"path": "/x"}},
            ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
        ),
        ({"hostPath": None, "local": {"path": "/x"}, "nodeAffinity": AFFINITY}, []),
        (
            {"hostPath": None, "csi": {"driver": "d.example.com"}},
            ["spec.csi.volumeHandle: Required value"],
        ),
        (
            {"hostPath": {"path": "/"}, "persistentVolumeReclaimPolicy": "Recycle"},
            [
                (
                    "spec.persistentVolumeReclaimPolicy: Forbidden: "
                    "may not be 'recycle' for a hostPath mount of '/'"
                )
            ],
        ),
        (
            {"volumeMode": "Odd"},
            ['spec.volumeMode: Unsupported value: "Odd": supported values: "Block", "Filesystem"'],
        ),
        (
            {"nodeAffinity": {}},
            ["spec.nodeAffinity.required: Required value: must specify required node constraints"],
        ),
    ],
)
def test_rules_of_a_volume(spec, expected):
    assert faults(PV, spec) == expected


def test_the_source_of_a_volume_stays():
    old = stored(made(PV))
    (problem,) = update_faults(PV, old, {"spec": {"hostPath": {"path": "/y"}}})
    assert problem.startswith(
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"
    )
    assert update_faults(PV, old, {"spec": {"capacity": {"storage": "2Gi"}}}) == []
    assert update_faults(PV, old, {"spec": {"volumeMode": "Block"}}) == [
        'volumeMode: Invalid value: "Block": field is immutable'
    ]
    assert update_faults(PV, old, {"spec": {"nodeAffinity": AFFINITY}}) == []


def test_a_node_affinity_once_given_stays():
    old = stored(made(PV, {"nodeAffinity": AFFINITY}))
    assert update_faults(PV, old, {"spec": {"nodeAffinity": None}}) == [
        "nodeAffinity: Invalid value: null: field is immutable"
    ]
    other = merged(AFFINITY, {"required": {"nodeSelectorTerms": [{}]}})
    (problem,) = update_faults(PV, old, {"spec": {"nodeAffinity": other}})
    assert problem == (
        'nodeAffinity: Invalid value: {"Required":{"NodeSelectorTerms":[{"MatchExpressions":null,'
        '"MatchFields":null}]}}: field is immutable'
    )


def test_a_claim_is_pending():
    claim = made(PVC)
    assert (claim["spec"]["volumeMode"], claim["status"]) == ("Filesystem", {"phase": "Pending"})
    assert faults(PVC) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"accessModes": None}, ["spec.accessModes: Required value: at least 1 access mode is required"]),
        ({"resources": None}, ["spec.resources[storage]: Required value"]),
        (
            {"resources": {"requests": {"storage": "-1"}}},
            ['spec.resources[storage]: Invalid value: "-1": must be greater than zero'],
        ),
        (
            {"storageClassName": "Bad_Name"},
            ['spec.storageClassName: Invalid value: "Bad_Name": '],
        ),
        (
            {
                "dataSource": {"kind": "PersistentVolumeClaim", "name": "a"},
                "dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "b"},
            },
            ['spec: Invalid value: "spec.dataSource": must match dataSourceRef'],
        ),
        (
            {"dataSourceRef": {"kind": "Thing", "name": "b"}},
            [
                (
                    'spec.dataSource: Invalid value: "Thing": '
                    "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
                ),
                (
                    'spec.dataSourceRef: Invalid value: "Thing": '
                    "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
                ),
            ],
        ),
    ],
)
def test_rules_of_a_claim(spec, expected):
    problems = faults(PVC, spec)
    assert len(problems) == len(expected)
    assert all(problem.startswith(text) for problem, text in zip(problems, expected, strict=True))


def test_the_source_of_a_claims_data_has_two_names():
    source = {"apiGroup": None, "kind": "PersistentVolumeClaim", "name": "a"}
    given = {"kind": "PersistentVolumeClaim", "name": "a"}
    assert made(PVC, {"dataSource": given})["spec"]["dataSourceRef"] == source
    assert made(PVC, {"dataSourceRef": given})["spec"]["dataSource"] == source
    foreign = {"apiGroup": "x.example.com", "kind": "Thing", "name": "a"}
    assert "dataSource" not in made(PVC, {"dataSource": foreign})["spec"]
    elsewhere = {**given, "namespace": "other"}
    assert "dataSourceRef" not in made(PVC, {"dataSourceRef": elsewhere})["spec"]


IMMUTABLE = (
    "spec: Forbidden: spec is immutable after creation except resources.requests and "
    "volumeAttributesClassName for bound claims\n"
)


def size(amount):
    return {"spec": {"resources": {"requests": {"storage": amount}}}}


def test_only_a_bound_claim_changes_its_size():
    old = stored(made(PVC))
    assert update_faults(PVC, old, size("2Gi")) == [IMMUTABLE]
    bound = merged(old, {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}})
    assert update_faults(PVC, bound, size("2Gi")) == []
    assert update_faults(PVC, bound, size("512Mi")) == [
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    ]
    assert update_faults(PVC, bound, {"spec": {"accessModes": ["ReadWriteMany"]}}) == [IMMUTABLE]


def test_a_claim_is_bound_once_and_may_get_a_class_later():
    old = stored(made(PVC))
    assert update_faults(PVC, old, {"spec": {"volumeName": "v"}}) == []
    assert update_faults(PVC, old, {"spec": {"storageClassName": "fast"}}) == []
    old = stored(made(PVC, {"volumeName": "v", "storageClassName": "fast"}))
    assert update_faults(PVC, old, {"spec": {"volumeName": "w"}}) == [IMMUTABLE]
    assert update_faults(PVC, old, {"spec": {"storageClassName": "slow"}}) == [IMMUTABLE]


def test_the_class_of_attributes_may_be_changed_but_not_taken_away():
    pending = stored(made(PVC, {"volumeAttributesClassName": "gold"}))
    assert update_faults(PVC, pending, {"spec": {"volumeAttributesClassName": "silver"}}) == [IMMUTABLE]
    old = merged(pending, {"status": {"phase": "Bound"}})
    assert update_faults(PVC, old, {"spec": {"volumeAttributesClassName": "silver"}}) == []
    assert update_faults(PVC, old, {"spec": {"volumeAttributesClassName": None}}) == [
        IMMUTABLE,
        "spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden",
    ]


def test_the_status_of_a_claim():
    old = stored(made(PVC))
    status = {"allocatedResourceStatuses": {"storage": "Odd"}, "allocatedResources": {"cpu": "1"}}
    problems = update_faults(PVC, old, {"status": status}, status=True)
    assert [problem.partition(":")[0] for problem in problems] == [
        "status.allocatedResourceStatus",
        "status.allocatedResources",
    ]
    assert updated(PVC, old, size("9Gi"), status=True)["spec"] == old["spec"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"phase": "Bound"}, "now"),
        ({"phase": "Bound", "lastPhaseTransitionTime": "then"}, "now"),
        ({"phase": "Bound", "lastPhaseTransitionTime": "given"}, "given"),
        ({"phase": "Pending", "lastPhaseTransitionTime": "then"}, "then"),
    ],
    ids=["unsaid", "as it was", "said", "same phase"],
)
def test_a_volume_says_when_it_came_into_its_phase(status, expected):
    old = {"status": {"phase": "Pending", "lastPhaseTransitionTime": "then"}}
    new = with_transition_time({"status": status}, old, "now")
    assert new["status"] == {"phase": status["phase"], "lastPhaseTransitionTime": expected}

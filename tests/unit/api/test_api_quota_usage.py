"""What objects use up of a quota."""

import pytest

from kubelite.api import quota
from kubelite.api import resources as r

NOW = 1_767_225_600.0


def pod(*containers, phase="Running", metadata=None, **spec):
    named = [{"name": f"c{index}", "resources": each} for index, each in enumerate(containers)]
    return {
        "metadata": {"name": "p", **(metadata or {})},
        "spec": {"containers": named, **spec},
        "status": {"phase": phase},
    }


def used(resource, obj):
    return {name: str(amount) for name, amount in quota.usage_of(resource, obj, NOW).items()}


def test_a_pod_uses_what_its_containers_ask_for_in_their_own_suffixes():
    found = used(
        r.PODS,
        pod(
            {"requests": {"cpu": "250m", "memory": "64Mi", "example.com/gpu": "2"}},
            {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
        ),
    )
    assert found == {
        "count/pods": "1",
        "pods": "1",
        "cpu": "1250m",
        "requests.cpu": "1250m",
        "memory": "64Mi",
        "requests.memory": "64Mi",
        "requests.example.com/gpu": "2",
        "limits.memory": "1Gi",
    }


def test_the_largest_step_of_the_initialisation_counts():
    init = [{"name": "i", "resources": {"requests": {"cpu": "2"}}}]
    found = used(r.PODS, pod({"requests": {"cpu": "1"}}, initContainers=init))
    assert found["requests.cpu"] == "2"


def resized(wanted, has, **conditions):
    made = pod({"requests": {"cpu": wanted}, "limits": {"cpu": wanted}})
    status = {"name": "c0", "allocatedResources": {"cpu": has}, "resources": {"limits": {"cpu": has}}}
    found = [{"type": type_, "status": "True", "reason": reason} for type_, reason in conditions.items()]
    return {**made, "status": {"phase": "Running", "containerStatuses": [status], "conditions": found}}


@pytest.mark.parametrize(
    ("item", "amount"),
    [
        (resized("1", "1"), "1"),
        (resized("2", "1"), "2"),
        (resized("500m", "1"), "1"),
        (resized("2", "1", PodResizePending="Deferred"), "2"),
        (resized("2", "1", PodResizePending="Infeasible"), "1"),
    ],
    ids=["as it is", "grows", "shrinks", "is to grow", "cannot grow"],
)
def test_a_pod_that_is_resized_uses_the_larger_of_what_it_wants_and_has(item, amount):
    found = used(r.PODS, item)
    assert (found["requests.cpu"], found["limits.cpu"]) == (amount, amount)


@pytest.mark.parametrize(
    "over",
    [
        {"phase": "Succeeded"},
        {"phase": "Failed"},
        {"metadata": {"deletionTimestamp": "2025-12-31T23:59:00Z", "deletionGracePeriodSeconds": 30}},
    ],
)
def test_a_pod_that_is_over_only_counts_as_an_object(over):
    assert used(r.PODS, pod({"requests": {"cpu": "1"}}, **over)) == {"count/pods": "1"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"type": "ClusterIP", "ports": [{}]}, {}),
        ({"type": "NodePort", "ports": [{}, {}]}, {"services.nodeports": "2"}),
        (
            {"type": "LoadBalancer", "ports": [{}]},
            {"services.nodeports": "1", "services.loadbalancers": "1"},
        ),
        (
            {"type": "LoadBalancer", "ports": [{}], "allocateLoadBalancerNodePorts": False},
            {"services.loadbalancers": "1"},
        ),
    ],
)
def test_services(spec, expected):
    assert used(r.SERVICES, {"spec": spec}) == {"count/services": "1", "services": "1", **expected}


def test_claims_count_by_their_class_too():
    claim = {"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "10Gi"}}}}
    assert used(r.PERSISTENTVOLUMECLAIMS, claim) == {
        "count/persistentvolumeclaims": "1",
        "persistentvolumeclaims": "1",
        "requests.storage": "10Gi",
        "fast.storageclass.storage.k8s.io/requests.storage": "10Gi",
        "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
    }


def test_other_kinds_are_counted_by_their_full_names():
    assert used(r.DEPLOYMENTS, {}) == {"count/deployments.apps": "1"}
    assert used(r.SECRETS, {}) == {"count/secrets": "1", "secrets": "1"}


def test_what_is_limited_must_be_said():
    spec = pod({"requests": {"cpu": "1"}}, {})["spec"]
    assert quota.missing(spec, ["requests.cpu", "limits.memory", "pods"]) == (
        "limits.memory for: c0,c1; requests.cpu for: c1"
    )
    assert quota.missing(spec, ["pods", "requests.example.com/gpu"]) == ""


BEST, BURSTABLE = pod({}), pod({"requests": {"cpu": "1"}})


@pytest.mark.parametrize(
    ("scope", "obj", "expected"),
    [
        ("BestEffort", BEST, True),
        ("BestEffort", BURSTABLE, False),
        ("NotBestEffort", BURSTABLE, True),
        ("Terminating", pod({}, activeDeadlineSeconds=5), True),
        ("Terminating", BEST, False),
        ("NotTerminating", BEST, True),
        ("CrossNamespacePodAffinity", BEST, False),
        (
            "CrossNamespacePodAffinity",
            pod(
                {},
                affinity={
                    "podAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["other"]}]
                    }
                },
            ),
            True,
        ),
    ],
)
def test_scopes(scope, obj, expected):
    found = {"spec": {"scopes": [scope]}}
    assert quota.applies(found, r.PODS, obj) is expected
    assert not quota.applies(found, r.SERVICES, {"spec": {}})


@pytest.mark.parametrize(
    ("operator", "values", "name", "expected"),
    [
        ("In", ["high"], "high", True),
        ("In", ["high"], "low", False),
        ("NotIn", ["high"], "low", True),
        ("Exists", [], "low", True),
        ("Exists", [], None, False),
        ("DoesNotExist", [], None, True),
    ],
)
def test_priority_classes_are_selected_as_labels_are(operator, values, name, expected):
    term = {"scopeName": "PriorityClass", "operator": operator, "values": values}
    found = {"spec": {"scopeSelector": {"matchExpressions": [term]}}}
    obj = pod({}, **({"priorityClassName": name} if name else {}))
    assert quota.applies(found, r.PODS, obj) is expected


@pytest.mark.parametrize(
    ("operator", "values", "claim", "expected"),
    [
        ("In", ["gold"], {"spec": {"volumeAttributesClassName": "gold"}}, True),
        ("In", ["gold"], {"spec": {"volumeAttributesClassName": "silver"}}, False),
        ("In", ["gold"], {"status": {"currentVolumeAttributesClassName": "gold"}}, True),
        (
            "In",
            ["gold"],
            {"status": {"modifyVolumeStatus": {"targetVolumeAttributesClassName": "gold"}}},
            True,
        ),
        ("Exists", [], {}, False),
        ("NotIn", ["gold"], {}, True),
    ],
)
def test_claims_are_selected_by_each_of_their_attributes_classes(operator, values, claim, expected):
    term = {"scopeName": "VolumeAttributesClass", "operator": operator, "values": values}
    found = {"spec": {"scopeSelector": {"matchExpressions": [term]}}}
    assert quota.applies(found, r.PERSISTENTVOLUMECLAIMS, claim) is expected
    assert not quota.applies(found, r.PODS, pod({}))


def test_a_claim_that_was_given_more_than_it_asks_for_uses_that():
    claim = {
        "metadata": {"annotations": {"volume.beta.kubernetes.io/storage-class": "old"}},
        "spec": {"storageClassName": "new", "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"allocatedResources": {"storage": "3Gi"}},
    }
    found = used(r.PERSISTENTVOLUMECLAIMS, claim)
    assert found["requests.storage"] == found["old.storageclass.storage.k8s.io/requests.storage"] == "3Gi"
    assert "new.storageclass.storage.k8s.io/requests.storage" not in found
    before = {**claim, "status": {}}
    assert quota.says_more_of_itself(before, claim)
    assert not quota.says_more_of_itself(claim, claim)

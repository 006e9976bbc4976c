"""What a look at a PodDisruptionBudget tells and writes."""

from __future__ import annotations

from kubelite.api.conditions import get_condition
from kubelite.api.resources import DEPLOYMENTS, PODDISRUPTIONBUDGETS, PODS, REPLICASETS
from kubelite.apimachinery.apierrors import InternalError
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.disruption import staledisruptions
from kubelite.controllers.disruption.controller import DisruptionController
from kubelite.reconcile.intents import Outcome, ReadObject, RequeueAfter, UpdateStatus
from tests.unit.controllers.desk import NOW, Desk, only, owned_by, told

SELECTOR = (
    "&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}"
)


def budget(name="p", status=None, **spec):
    metadata = {"name": name, "namespace": "d", "uid": f"uid-{name}", "resourceVersion": "1", "generation": 2}
    return {
        "metadata": metadata,
        "spec": {"selector": {"matchLabels": {"a": "b"}}, **spec},
        "status": status or {},
    }


def pod(name="web", owner=None, **status):
    metadata = {"name": name, "namespace": "d", "uid": f"uid-{name}", "labels": {"a": "b"}}
    if owner is not None:
        metadata["ownerReferences"] = [owner]
    ready = {"type": "Ready", "status": "True"}
    return {"metadata": metadata, "spec": {}, "status": {"conditions": [ready], **status}}


def named(name, replicas=None, owner=None):
    metadata = {"name": name, "namespace": "d", "uid": f"uid-{name}"}
    if owner is not None:
        metadata["ownerReferences"] = [owner]
    return {"metadata": metadata, "spec": {} if replicas is None else {"replicas": replicas}}


def look(desk, answer=lambda _: None, key="d/p"):
    return desk.look(desk.make(DisruptionController), key, answer)


def status_of(asked):
    (update,) = only(asked, UpdateStatus)
    return update.object["status"]


def test_a_budget_that_cannot_be_worked_out_says_so_of_the_generation_it_was_worked_out_for():
    desk = Desk()
    noted = {"web": format_time(NOW - 200)}
    known = {"observedGeneration": 1, "disruptionsAllowed": 3, "disruptedPods": noted}
    desk.put(PODDISRUPTIONBUDGETS, budget(status=known, maxUnavailable=1))
    desk.put(PODS, pod(owner=owned_by(named("gone"), "ReplicaSet")))
    asked = look(desk)
    problem = 'found no controllers for pod "web"'
    assert told(asked) == [
        (
            "Warning",
            "CalculateExpectedPodCountFailed",
            f"Failed to calculate the number of expected pods: {problem}",
        )
    ], "and nothing is told of evicted pods"
    status = status_of(asked)
    condition = get_condition({"status": status}, "DisruptionAllowed")
    assert (condition["reason"], condition["message"], condition["observedGeneration"]) == (
        "SyncFailed",
        problem,
        1,
    )
    assert (status["disruptionsAllowed"], status["disruptedPods"]) == (0, noted)
    assert not only(asked, RequeueAfter)


def test_a_pod_that_was_evicted_and_stays_is_told_of_with_the_namespace_twice():
    desk = Desk()
    desk.put(
        PODDISRUPTIONBUDGETS,
        budget(status={"disruptedPods": {"web": format_time(NOW - 200)}}, maxUnavailable=1),
    )
    desk.put(PODS, pod())
    asked = look(desk)
    assert [each[1] for each in told(asked)] == ["UnmanagedPods", "NotDeleted"]
    assert f"(selector: {SELECTOR})" in told(asked)[0][2]
    assert told(asked, about="web") == [
        ("Warning", "NotDeleted", "Pod was expected by PDB d/d to be deleted but it wasn't")
    ]


def test_a_pod_that_several_budgets_cover_is_told_of_when_it_changes():
    desk = Desk()
    desk.put(PODDISRUPTIONBUDGETS, budget(minAvailable=1), budget("q", minAvailable=1))
    reconciler = desk.make(DisruptionController)
    handler = next(watch.keys for watch in reconciler.watches() if watch.resource == PODS)
    assert list(handler(None, pod())) == ["d/p", "d/q"]
    desk.put(PODS, pod())
    text = 'Pod "d"/"web" matches multiple PodDisruptionBudgets.  Chose "p" arbitrarily.'
    assert told(desk.look(reconciler, "d/p")) == [("Warning", "MultiplePodDisruptionBudgets", text)]
    assert not told(desk.look(reconciler, "d/p"))
    assert not told(desk.look(reconciler, "d/q"))


def test_a_pod_that_leaves_a_budget_concerns_it_too():
    desk = Desk()
    desk.put(PODDISRUPTIONBUDGETS, budget(minAvailable=1))
    handler = next(w.keys for w in desk.make(DisruptionController).watches() if w.resource == PODS)
    other = {**pod(), "metadata": {**pod()["metadata"], "labels": {}}}
    assert list(handler(pod(), other)) == ["d/p"]
    assert list(handler(other, pod())) == ["d/p"]
    assert not list(handler(other, other))


def test_only_what_counts_of_a_pod_wakes_its_budgets():
    desk = Desk()
    desk.put(PODDISRUPTIONBUDGETS, budget(minAvailable=1))
    handler = next(w.keys for w in desk.make(DisruptionController).watches() if w.resource == PODS)
    assert not list(handler(pod(), pod(podIP="10.0.0.1")))
    assert list(handler(pod(), pod(conditions=[{"type": "Ready", "status": "False"}]))) == ["d/p"]
    going = {**pod(), "metadata": {**pod()["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert list(handler(pod(), going)) == ["d/p"]


def test_a_budget_of_many_pods_rests_longer_and_one_that_is_gone_is_forgotten():
    desk = Desk()
    desk.put(PODDISRUPTIONBUDGETS, budget(minAvailable=1))
    desk.put(PODS, *(pod(f"p{number}") for number in range(900)))
    controller = desk.make(DisruptionController)
    before = controller.interval_s("d/p")
    desk.look(controller, "d/p")
    assert controller.interval_s("d/p") > before
    desk.take(PODDISRUPTIONBUDGETS, "p")
    desk.look(controller, "d/p")
    assert controller.interval_s("d/p") == before


def expected(desk, answer=lambda _: None):
    desk.put(PODDISRUPTIONBUDGETS, budget(maxUnavailable=1))
    return status_of(look(desk, answer)).get("expectedPods")


def test_the_scale_of_a_deployment_stands_for_that_of_its_replica_set():
    desk, deployment = Desk(), named("dep", 5)
    replica_set = named("rs", 2, owned_by(deployment, "Deployment"))
    desk.put(DEPLOYMENTS, deployment)
    desk.put(REPLICASETS, replica_set)
    desk.put(PODS, pod(owner=owned_by(replica_set, "ReplicaSet")))
    assert expected(desk) == 5


def test_the_replica_set_of_a_deployment_that_is_gone_counts_with_its_own_scale():
    desk = Desk()
    replica_set = named("rs", 2, owned_by(named("dep"), "Deployment"))
    desk.put(REPLICASETS, replica_set)
    desk.put(PODS, pod(owner=owned_by(replica_set, "ReplicaSet")))
    assert expected(desk) == 2, "read through its scale"


def test_a_controller_that_is_not_at_hand_yet_is_read_live():
    desk = Desk()
    desk.put(PODS, pod(owner=owned_by(named("rs"), "ReplicaSet")))
    scale = named("rs", 7)
    assert expected(desk, lambda ask: Outcome(ask, scale) if isinstance(ask, ReadObject) else None) == 7


def test_a_scale_that_cannot_be_read_is_told():
    desk = Desk()
    desk.put(PODDISRUPTIONBUDGETS, budget(maxUnavailable=1))
    desk.put(PODS, pod(owner=owned_by(named("rs"), "ReplicaSet")))
    asked = look(desk, lambda ask: InternalError("no way") if isinstance(ask, ReadObject) else None)
    assert get_condition({"status": status_of(asked)}, "DisruptionAllowed")["message"].endswith("no way")


def test_what_has_no_scale_is_told():
    desk = Desk()
    desk.put(PODDISRUPTIONBUDGETS, budget(maxUnavailable=1))
    desk.put(PODS, pod(owner=owned_by(named("ds"), "DaemonSet")))
    message = get_condition({"status": status_of(look(desk))}, "DisruptionAllowed")["message"]
    assert message == "daemonsets.apps does not implement the scale subresource"


# --- pods that were to be disrupted and were not ------------------------------------------------------------


def disrupted(reason="EvictionByEvictionAPI"):
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": reason,
        "message": "m",
        "lastTransitionTime": format_time(NOW - 120),
    }
    made = pod(phase="Running", conditions=[condition])
    return {**made, "metadata": {**made["metadata"], "resourceVersion": "1", "generation": 3}}


def test_what_is_taken_back_leaves_no_reason():
    (patch,) = staledisruptions.plan(disrupted(), NOW)
    assert patch.patch["status"]["conditions"] == [
        {
            "type": "DisruptionTarget",
            "status": "False",
            "observedGeneration": 3,
            "lastProbeTime": None,
            "lastTransitionTime": format_time(NOW),
        }
    ]


def test_what_a_kubelet_ends_takes_its_time():
    assert not staledisruptions.plan(disrupted("TerminationByKubelet"), NOW)

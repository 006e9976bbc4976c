"""The scheduler between informers and the API: what it binds, what it says, and when it tries again."""

from __future__ import annotations

import pytest

from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, STORAGECLASSES
from kubelite.apimachinery.apierrors import InternalError
from tests.unit.scheduler.objects import make_node, make_pod


async def test_a_pod_is_bound_and_it_is_said(cluster):
    cluster.nodes.put(make_node("a"))
    cluster.pods.put(make_pod())
    await cluster.settle()
    assert cluster.bound == {"p": "a"}
    assert cluster.events == [("p", "Normal", "Scheduled", "Successfully assigned default/p to a")]


async def test_what_was_there_before_is_scheduled_and_counted_after_a_restart(cluster):
    cluster.nodes.put(make_node("a", cpu="2"))
    cluster.pods.put(make_pod("old", requests={"cpu": "1500m"}))
    await cluster.settle()
    cluster.system.ref("scheduler").slot.fail(ValueError("a crash"), "a test")
    await cluster.settle()
    for name in ("fits", "fits not"):
        cluster.pods.put(make_pod(name, requests={"cpu": "500m"}))
    await cluster.settle()
    assert cluster.bound == {"old": "a", "fits": "a"}
    assert len(cluster.pods.handlers) == 1


async def test_why_a_pod_waits_stands_in_its_condition_and_an_event(cluster):
    cluster.nodes.put(make_node("a", cordoned=True))
    cluster.pods.put(make_pod())
    await cluster.settle()
    message = (
        "0/1 nodes are available: 1 node(s) were unschedulable. no new claims to deallocate, "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    assert cluster.events == [("p", "Warning", "FailedScheduling", message)]
    condition = cluster.conditions["p"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "False")
    assert (condition["reason"], condition["message"]) == ("Unschedulable", message)
    assert condition["lastTransitionTime"] == "2026-01-01T00:00:00Z"


async def test_a_waiting_pod_is_bound_when_the_node_is_uncordoned(cluster):
    cluster.nodes.put(make_node("a", cordoned=True))
    cluster.pods.put(make_pod())
    await cluster.settle()
    await cluster.clock.advance(5)
    cluster.nodes.put(make_node("a"))
    await cluster.settle()
    assert cluster.bound == {"p": "a"}


@pytest.mark.parametrize("how", ["deleted", "finished"])
async def test_a_waiting_pod_is_bound_when_another_makes_room(cluster, how):
    cluster.nodes.put(make_node("a", cpu="1"))
    cluster.pods.put(make_pod("first", requests={"cpu": "1"}))
    await cluster.settle()
    cluster.pods.put(make_pod("second", requests={"cpu": "1"}))
    await cluster.settle()
    assert cluster.bound == {"first": "a"}
    await cluster.clock.advance(5)
    if how == "deleted":
        cluster.pods.remove("first")
    else:
        done = cluster.pods.objects["first"]
        cluster.pods.put({**done, "status": {"phase": "Succeeded"}})
    await cluster.settle()
    assert cluster.bound == {"first": "a", "second": "a"}


async def test_a_waiting_pod_is_bound_when_another_has_become_smaller_not_when_it_is_to(cluster):
    def sized(wanted, has, phase="Running"):
        made = make_pod("first", requests={"cpu": wanted}, node="a", phase=phase)
        status = {"name": "c", "resources": {"requests": {"cpu": has}}, "allocatedResources": {"cpu": has}}
        return {**made, "status": {"phase": phase, "containerStatuses": [status]}}

    cluster.nodes.put(make_node("a", cpu="2"))
    cluster.pods.put(sized("2", "2"))
    cluster.pods.put(make_pod("second", requests={"cpu": "1"}))
    await cluster.settle()
    await cluster.clock.advance(5)
    cluster.pods.put(sized("1", "2"))
    await cluster.settle()
    assert cluster.bound == {}
    await cluster.clock.advance(5)
    cluster.pods.put(sized("1", "1"))
    await cluster.settle()
    assert cluster.bound == {"second": "a"}


def nominated(node):
    """A pod for which room was made, and which may not be scheduled yet."""
    made = make_pod("great", requests={"cpu": "1"}, priority=5, schedulingGates=[{"name": "wait"}])
    return {**made, "status": {"phase": "Pending", **({"nominatedNodeName": node} if node else {})}}


@pytest.mark.parametrize("how", ["taken back", "moved", "deleted"])
async def test_room_that_is_no_more_kept_for_a_pod_is_there_for_those_that_are_no_more_important(
    cluster, how
):
    cluster.nodes.put(make_node("a", cpu="1"))
    cluster.nodes.put(make_node("b", cpu="500m"))
    cluster.pods.put(nominated("a"))
    cluster.pods.put(make_pod("small", requests={"cpu": "1"}, priority=5))
    cluster.pods.put(make_pod("greater", requests={"cpu": "9"}, priority=9))
    await cluster.settle()
    assert cluster.bound == {}
    said = len(cluster.events)
    await cluster.clock.advance(5)
    match how:
        case "taken back":
            cluster.pods.put(nominated(""))
        case "moved":
            cluster.pods.put(nominated("b"))
        case _:
            cluster.pods.remove("great")
    await cluster.settle()
    assert cluster.bound == {"small": "a"}
    assert {name for name, *_ in cluster.events[said:]} == {"small"}, "for the others nothing has changed"


async def test_a_heartbeat_of_a_node_wakes_nobody(cluster):
    node = make_node("a", cordoned=True)
    cluster.nodes.put(node)
    cluster.pods.put(make_pod())
    await cluster.settle()
    await cluster.clock.advance(20)
    cluster.nodes.put(
        {**node, "status": {**node["status"], "conditions": [{"type": "Ready", "status": "True"}]}}
    )
    await cluster.settle()
    assert len(cluster.events) == 1


async def test_the_same_refusal_is_written_once(cluster):
    cluster.nodes.put(make_node("a", cordoned=True))
    cluster.pods.put(make_pod())
    await cluster.settle()
    del cluster.conditions["p"]
    await cluster.clock.advance(301)
    await cluster.settle()
    assert len(cluster.events) == 2
    assert cluster.conditions == {}


@pytest.mark.parametrize(
    "spec",
    [{"schedulerName": "mine"}, {"schedulingGates": [{"name": "wait"}]}],
    ids=["other scheduler", "gated"],
)
async def test_pods_that_are_not_to_be_scheduled_are_left_alone(cluster, spec):
    cluster.nodes.put(make_node("a"))
    cluster.pods.put(make_pod(**spec))
    await cluster.settle()
    assert (cluster.bound, cluster.events, cluster.conditions) == ({}, [], {})


async def test_a_pod_is_scheduled_when_its_gates_are_gone(cluster):
    cluster.nodes.put(make_node("a"))
    cluster.pods.put(make_pod(schedulingGates=[{"name": "wait"}]))
    await cluster.settle()
    cluster.pods.put(make_pod())
    await cluster.settle()
    assert cluster.bound == {"p": "a"}


async def test_a_pod_that_is_being_deleted_is_not_scheduled(cluster):
    pod = make_pod()
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    cluster.nodes.put(make_node("a"))
    cluster.pods.put(pod)
    await cluster.settle()
    assert cluster.bound == {}


async def test_a_binding_that_fails_is_tried_again_after_the_back_off(cluster):
    cluster.errors.append(InternalError("the store is away"))
    cluster.nodes.put(make_node("a"))
    cluster.pods.put(make_pod())
    await cluster.settle()
    assert cluster.bound == {}
    await cluster.clock.advance(1.1)
    await cluster.settle()
    assert cluster.bound == {"p": "a"}


async def test_a_binding_in_conflict_gives_back_what_was_assumed(cluster, conflict):
    cluster.errors.append(conflict)
    cluster.nodes.put(make_node("a", cpu="1"))
    cluster.pods.put(make_pod(requests={"cpu": "1"}))
    await cluster.settle()
    cluster.pods.put(make_pod("other", requests={"cpu": "1"}))
    await cluster.settle()
    assert cluster.bound == {"other": "a"}


async def test_a_binding_that_nobody_has_seen_yet_counts_after_a_restart(cluster):
    cluster.unseen = []
    cluster.nodes.put(make_node("a", cpu="1"))
    cluster.pods.put(make_pod("first", requests={"cpu": "1"}))
    await cluster.settle()
    assert cluster.bound == {"first": "a"}
    cluster.system.ref("scheduler").slot.fail(ValueError("a crash"), "a test")
    cluster.pods.put(make_pod("second", requests={"cpu": "1"}))
    await cluster.settle()
    assert cluster.bound == {"first": "a"}
    assert [name for name, _, reason, _ in cluster.events if reason == "FailedScheduling"] == ["second"]


async def test_a_pod_that_goes_while_its_binding_fails_is_not_scheduled_again(cluster):
    def meanwhile():
        cluster.pods.remove("p")
        cluster.nodes.put(make_node("a", cordoned=True))

    cluster.errors.append(InternalError("the store is away"))
    cluster.meanwhile = meanwhile
    cluster.nodes.put(make_node("a"))
    cluster.pods.put(make_pod())
    await cluster.settle()
    assert len(cluster.events) == 1, "it is told of once, as by kube-scheduler"
    for _ in range(3):
        await cluster.clock.advance(301)
        await cluster.settle()
    assert len(cluster.events) == 1
    assert cluster.bound == {}


async def test_a_pod_is_scheduled_again_as_it_has_become_while_its_binding_failed(cluster):
    cluster.is_away = True
    cluster.meanwhile = lambda: cluster.pods.put(make_pod(nodeSelector={"disk": "fast"}))
    cluster.nodes.put(make_node("a", labels={"disk": "slow"}))
    cluster.nodes.put(make_node("b", labels={"disk": "fast"}))
    cluster.pods.put(make_pod(nodeSelector={"disk": "slow"}))
    await cluster.settle()
    cluster.is_away, cluster.meanwhile = False, lambda: None
    await cluster.clock.advance(1.1)
    await cluster.settle()
    assert cluster.bound == {"p": "b"}


async def test_a_binding_whose_answer_was_lost_is_counted_all_the_same(cluster):
    cluster.is_away = True
    cluster.meanwhile = lambda: cluster.pods.put(make_pod("first", requests={"cpu": "1"}, node="a"))
    cluster.nodes.put(make_node("a", cpu="1"))
    cluster.pods.put(make_pod("first", requests={"cpu": "1"}))
    await cluster.settle()
    cluster.is_away, cluster.meanwhile = False, lambda: None
    cluster.pods.put(make_pod("second", requests={"cpu": "1"}))
    await cluster.settle()
    await cluster.clock.advance(301)
    await cluster.settle()
    assert cluster.bound == {}, "the first was bound by the call that failed, there is no room for the second"


async def test_volumes_that_a_pod_waits_for_are_free_once_it_is_gone(cluster):
    of_class = {"storageClassName": "local", "accessModes": ["ReadWriteOnce"]}
    local = {"metadata": {"name": "local"}, "provisioner": "kubernetes.io/no-provisioner"}
    cluster.informer(STORAGECLASSES).put({**local, "volumeBindingMode": "WaitForFirstConsumer"})
    disk = {"metadata": {"name": "disk"}, "spec": {**of_class, "capacity": {"storage": "1Gi"}}, "status": {}}
    cluster.informer(PERSISTENTVOLUMES).put(disk)
    for name in ("x", "y"):
        metadata = {"name": name, "namespace": "default", "uid": name, "resourceVersion": "1"}
        claim = {"metadata": metadata, "spec": of_class, "status": {"phase": "Pending"}}
        cluster.informer(PERSISTENTVOLUMECLAIMS).put(claim)
    cluster.nodes.put(make_node("a"))

    def using(claim):
        volume = {"name": "v", "persistentVolumeClaim": {"claimName": claim}}
        return make_pod(f"uses-{claim}", volumes=[volume])

    cluster.pods.put(using("x"))
    await cluster.settle()
    assert cluster.updated == [(PERSISTENTVOLUMES, "disk")]
    cluster.informer(PERSISTENTVOLUMES).put(disk)  # somebody has taken the claim out again
    cluster.pods.remove("uses-x")
    await cluster.settle()
    cluster.pods.put(using("y"))
    await cluster.settle()
    assert cluster.updated == [(PERSISTENTVOLUMES, "disk")] * 2
    assert 'pod "uses-x" not found' in cluster.events[0][3]


async def test_many_pods_do_not_overfill_the_nodes(cluster):
    for name in "abc":
        cluster.nodes.put(make_node(name, cpu="1"))
    for number in range(40):
        cluster.pods.put(make_pod(f"p{number}", requests={"cpu": "100m"}, owner="rc"))
    for _ in range(4):
        await cluster.settle()
    assert sorted(list(cluster.bound.values()).count(name) for name in "abc") == [10, 10, 10]
    assert {reason for _, _, reason, _ in cluster.events} == {"Scheduled", "FailedScheduling"}


async def test_a_pod_that_never_preempts_is_told_so(cluster):
    cluster.nodes.put(make_node("a", cordoned=True))
    cluster.pods.put(make_pod(preemptionPolicy="Never"))
    await cluster.settle()
    assert cluster.conditions["p"]["message"].endswith(
        " no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."
    )


async def test_the_condition_names_the_generation(cluster):
    pod = make_pod()
    pod["metadata"]["generation"] = 1
    cluster.pods.put(pod)
    await cluster.settle()
    assert cluster.conditions["p"]["observedGeneration"] == 1

"""Pure plans: ranking, counting, packing, subsets, budgets, evictions, node health."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.deletionrank import compare, ranked, sort_for_deletion
from kubelite.controllers.disruption import controller as disruption
from kubelite.controllers.endpoint import endpoints
from kubelite.controllers.endpoint.endpointslice import plan_family
from kubelite.controllers.endpoint.sliceendpoints import port_key
from kubelite.controllers.endpoint.slicepacking import endpoint_key, pack
from kubelite.controllers.namespace import make_conditions
from kubelite.controllers.nodelifecycle import health as nodehealth
from kubelite.controllers.nodelifecycle import tainteviction
from kubelite.controllers.replicas import count_pods, make_status, plan_scaling

NOW = 1_700_000_000.0


def pod(name="p", *, node="n1", phase="Running", ready=100.0, cost=None, restarts=0, age=1000.0, **extra):
    """`ready`: seconds since it became ready, or None."""
    metadata = {"name": name, "namespace": "d", "uid": name, "creationTimestamp": format_time(NOW - age)}
    if cost is not None:
        metadata["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": str(cost)}
    metadata |= extra.pop("metadata", {})
    status = {"phase": phase, "containerStatuses": [{"name": "c", "restartCount": restarts}]}
    if ready is not None:
        since = format_time(NOW - ready)
        status["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": since}]
    status |= extra.pop("status", {})
    spec = {"containers": [{"name": "c"}], **extra}
    if node:
        spec["nodeName"] = node
    return {"metadata": metadata, "spec": spec, "status": status}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"node": None, "ready": 1000.0}, {"ready": None}),
        ({"phase": "Pending"}, {"phase": "Unknown"}),
        ({"phase": "Unknown"}, {"phase": "Running"}),
        ({"ready": None, "cost": 100}, {"cost": -100}),
        ({"cost": -1}, {"cost": 0}),
        ({"ready": 10.0}, {"ready": 1000.0}),
        ({"restarts": 3}, {"restarts": 1}),
        ({"age": 100.0}, {"age": 10_000.0}),
    ],
)
def test_who_goes_first(first, second):
    a, b = pod("zz", **first), pod("aa", **second)
    assert sort_for_deletion([b, a], [], NOW)[0] is a


def test_doubled_up_pods_go_first():
    pods = [pod("a", node="n1"), pod("b", node="n2"), pod("c", node="n2")]
    assert sort_for_deletion(pods, pods, NOW)[-1]["metadata"]["name"] == "a"


PODS = st.builds(
    pod,
    name=st.text("abcdef", min_size=6, max_size=6),
    node=st.sampled_from([None, "n1", "n2"]),
    phase=st.sampled_from(["Pending", "Running", "Unknown"]),
    ready=st.sampled_from([None, 1.0, 1.1, 100.0, 5000.0]),
    cost=st.sampled_from([None, -1, 7]),
    restarts=st.integers(0, 2),
    age=st.sampled_from([1.0, 1000.0, 1001.0]),
)


@given(PODS, PODS)
def test_comparison_is_antisymmetric(a, b):
    x, y = ranked(a, 1), ranked(b, 1)
    if x.uid != y.uid:
        assert (compare(x, y, NOW) < 0) == (compare(y, x, NOW) > 0)


@given(st.lists(PODS, max_size=12), st.integers(0, 12))
def test_scaling_takes_the_unready_first(pods, wanted):
    owner = {"metadata": {"name": "w", "namespace": "d"}, "spec": {"replicas": wanted}}
    scaling = plan_scaling(owner, pods, pods, NOW)
    assert scaling.create == max(0, wanted - len(pods))
    assert len(scaling.delete) == max(0, len(pods) - wanted)


def test_at_most_500_at_a_time():
    owner = {"metadata": {"name": "w", "namespace": "d"}, "spec": {"replicas": 1000}}
    assert plan_scaling(owner, [], [], NOW).create == 500


def test_counts_and_status():
    pods = [pod("a", metadata={"labels": {"x": "y"}}), pod("b", ready=5.0), pod("c", ready=None)]
    template = {"metadata": {"labels": {"x": "y"}}}
    counts = count_pods(pods, template, 10, NOW)
    assert (counts.replicas, counts.fully_labeled, counts.ready, counts.available) == (3, 1, 2, 1)
    assert counts.next_available == NOW + 5
    owner = {"metadata": {"generation": 2}}
    status = make_status(owner, counts, failure=("FailedCreate", "no"), now=NOW)
    assert status["conditions"][0]["reason"] == "FailedCreate"
    assert "conditions" not in make_status({**owner, "status": status}, counts, failure=None, now=NOW)
    empty = make_status(owner, count_pods([], template, 0, NOW), failure=None, now=NOW)
    assert empty == {"replicas": 0, "observedGeneration": 2}


def endpoint(number, ready=True):
    return {
        "addresses": [f"10.0.0.{number}"],
        "conditions": {"ready": ready},
        "targetRef": {"uid": str(number)},
    }


SLICES = st.lists(st.lists(st.integers(0, 30), max_size=5, unique=True), max_size=5)


@settings(max_examples=200)
@given(SLICES, st.sets(st.integers(0, 30)))
def test_packing_is_exact_and_moves_nothing(existing, wanted):
    seen, slices = set(), []
    for number, members in enumerate(existing):
        fresh = [m for m in members if m not in seen]
        seen.update(fresh)
        slices.append({"metadata": {"name": str(number)}, "endpoints": [endpoint(m) for m in fresh]})
    target = {endpoint_key(endpoint(m)): endpoint(m) for m in sorted(wanted)}
    packing = pack(slices, target, endpoints_max=5)
    result = [e for _, kept in packing.update for e in kept]
    result += [e for chunk in packing.create for e in chunk]
    result += [e for each in packing.unchanged for e in each["endpoints"]]
    assert sorted(endpoint_key(e) for e in result) == sorted(target)
    sizes = [len(kept) for _, kept in packing.update] + [len(chunk) for chunk in packing.create]
    assert all(0 < size <= 5 for size in sizes)
    for each, kept in packing.update:
        before = {endpoint_key(e) for e in each["endpoints"]} & set(target)
        assert before <= {endpoint_key(e) for e in kept}, "what exists stays in its slice"


def test_one_change_touches_one_slice():
    slices = [
        {"metadata": {"name": str(n)}, "endpoints": [endpoint(m) for m in range(n * 5, n * 5 + 5)]}
        for n in range(4)
    ]
    target = {endpoint_key(endpoint(m)): endpoint(m, ready=m != 7) for m in range(20)}
    packing = pack(slices, target, endpoints_max=5)
    assert [each["metadata"]["name"] for each, _ in packing.update] == ["1"]
    assert not packing.create
    assert not packing.delete


SERVICE = {
    "metadata": {"name": "s", "namespace": "d", "uid": "s"},
    "spec": {"clusterIP": "10.96.0.1", "selector": {"a": "b"}},
}


def test_an_empty_slice_that_is_right_is_left_alone():
    (created,), _, _ = plan_family(SERVICE, [], {}, "IPv4")
    assert created["endpoints"] is None
    stored = {
        **created,
        "metadata": {**created["metadata"], "name": "s-1", "uid": "1", "resourceVersion": "1"},
    }
    assert plan_family(SERVICE, [stored], {}, "IPv4") == ([], [], [])
    assert port_key(stored["ports"]) == ()


def with_ip(ip, **more):
    return pod(ip, status={"podIP": ip, "podIPs": [{"ip": ip}]}, **more)


def test_subsets_join_ports_with_the_same_addresses():
    service = {
        **SERVICE,
        "spec": {
            **SERVICE["spec"],
            "ports": [
                {"name": "web", "port": 80, "targetPort": "http"},
                {"name": "raw", "port": 81, "targetPort": 9000},
            ],
        },
    }
    p1 = with_ip("10.0.0.1", containers=[{"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}])
    p2 = with_ip(
        "10.0.0.2", ready=None, containers=[{"name": "c", "ports": [{"name": "http", "containerPort": 8081}]}]
    )
    (only,) = endpoints.make_subsets([endpoints.member_of(service, p1)])
    assert [port["name"] for port in only["ports"]] == ["raw", "web"]
    both = endpoints.make_subsets([endpoints.member_of(service, each) for each in (p1, p2)])
    shape = sorted(
        (s["ports"][0]["port"], len(s.get("addresses", ())), len(s.get("notReadyAddresses", ())))
        for s in both
    )
    assert shape == [(8080, 1, 0), (8081, 0, 1), (9000, 1, 1)]


def test_truncation_keeps_ready_addresses():
    subset = {
        "addresses": [{"ip": str(n)} for n in range(3)],
        "notReadyAddresses": [{"ip": "x"}] * 4,
        "ports": [],
    }
    (kept,), truncated = endpoints.truncate([subset], 5)
    assert truncated
    assert (len(kept["addresses"]), len(kept["notReadyAddresses"])) == (3, 2)
    (kept,), _ = endpoints.truncate([subset], 2)
    assert (len(kept["addresses"]), "notReadyAddresses" in kept) == (2, False)


def test_evictions():
    taint = {"key": "k", "effect": "NoExecute"}
    other = {"key": "o", "effect": "NoExecute"}

    def patience_s(taints, *tolerations):
        return tainteviction.patience_s(pod(tolerations=list(tolerations)), taints)

    assert patience_s([taint]) == 0
    for_ever, brief = {"key": "k", "operator": "Exists"}, {"operator": "Exists", "tolerationSeconds": 10}
    assert patience_s([taint], for_ever) is None
    assert patience_s([taint], for_ever, brief) is None, "the first that fits counts"
    assert patience_s([taint], brief, for_ever) == 10
    assert patience_s([taint, other], for_ever, brief) == 10
    assert patience_s([taint, other], {**brief, "key": "k"}, {**brief, "tolerationSeconds": 5}) == 5
    assert patience_s([taint, other], for_ever) == 0
    assert patience_s([taint], {"operator": "Exists"}) is None
    assert patience_s([taint], {"key": "k", "value": "v"}) == 0
    assert patience_s([taint], {**brief, "tolerationSeconds": -1}) == 0


def budget(**spec):
    return {"metadata": {"name": "b", "namespace": "d", "generation": 1}, "spec": spec}


def test_budgets():
    owned = [pod(n, metadata={"ownerReferences": [{"uid": "o", "controller": True}]}) for n in "abc"]
    bare = [pod("d")]

    def work_out(pods, **spec):
        found = disruption.budget_of(budget(**spec), pods, lambda reference: (reference["uid"], 4))
        return found.expected, found.desired

    assert work_out(bare + owned, minAvailable=2) == (4, 2)
    assert work_out(bare, maxUnavailable=1) == (0, 0), "pods without a controller do not count"
    assert work_out(owned, maxUnavailable=1) == (4, 3)
    assert work_out(owned, maxUnavailable="30%") == (4, 2)
    assert work_out(owned, minAvailable="30%") == (4, 2)
    with pytest.raises(LookupError):
        disruption.budget_of(budget(maxUnavailable=1), owned, lambda _: None)


def test_evicted_pods_are_noted_for_two_minutes():
    noted = {"a": format_time(NOW - 10), "b": format_time(NOW - 121), "gone": format_time(NOW)}
    pdb = {**budget(minAvailable=1), "status": {"disruptedPods": noted}}
    kept, again, late = disruption.disrupted(pdb, [pod("a"), pod("b")], NOW)
    assert kept == {"a": noted["a"]}
    assert again == NOW + 110
    assert [each["metadata"]["name"] for each in late] == ["b"]


def node(ready="True", taints=(), **spec):
    conditions = [{"type": "Ready", "status": ready}]
    return {
        "metadata": {"name": "n"},
        "spec": {**spec, "taints": list(taints)},
        "status": {"conditions": conditions},
    }


def test_taints_follow_conditions():
    def keys(*args):
        taints = nodehealth.plan_taints(*args, NOW)
        return None if taints is None else [(t["key"].rpartition("/")[2], t["effect"]) for t in taints]

    assert keys(node(), "") is None
    assert keys(node("False"), None) == [("not-ready", "NoSchedule")]
    assert keys(node("Unknown"), nodehealth.UNREACHABLE) == [
        ("unreachable", "NoExecute"),
        ("unreachable", "NoSchedule"),
    ]
    mine = {"key": "mine", "effect": "NoSchedule"}
    old = {"key": nodehealth.NOT_READY, "effect": "NoSchedule"}
    assert keys(node(taints=[mine, old]), "") == [("mine", "NoSchedule")]
    assert keys(node(unschedulable=True), "") == [("unschedulable", "NoSchedule")]


def test_health_is_judged_by_when_heartbeats_move():
    fresh = nodehealth.observe(node(), {"spec": {"renewTime": "1"}}, None, NOW)
    same = nodehealth.observe(node(), {"spec": {"renewTime": "1"}}, fresh, NOW + 30)
    moved = nodehealth.observe(node(), {"spec": {"renewTime": "2"}}, same, NOW + 30)
    assert (same.heard, moved.heard) == (NOW, NOW + 30)
    assert nodehealth.is_silent(node(), same, 20, NOW + 30)
    assert not nodehealth.is_silent(node(), moved, 20, NOW + 30)


@pytest.mark.parametrize(
    ("ready", "down", "rate"), [(2, 1, 0.1), (1, 2, 0.1), (1, 3, 0.0), (20, 40, 0.01), (10, 3, 0.1)]
)
def test_zone_rates(ready, down, rate):
    assert nodehealth.zone_rate(ready, down) == rate


def test_namespace_conditions():
    stuck = make_conditions((), {"pods.": 2}, {"f": 1}, ["boom"], NOW)
    texts = {condition["type"]: (condition["status"], condition["message"]) for condition in stuck}
    assert texts["NamespaceContentRemaining"] == (
        "True",
        "Some resources are remaining: pods. has 2 resource instances",
    )
    assert texts["NamespaceDeletionContentFailure"][0] == "True"
    assert texts["NamespaceDeletionDiscoveryFailure"][0] == "False"

"""The cycle: which nodes a pod may run on, which it prefers, and in what words it is refused."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api.resources import REPLICATIONCONTROLLERS, SERVICES
from kubelite.scheduler.cycle import feasible_wanted
from kubelite.scheduler.podinfo import PodInfo
from tests.unit.scheduler.objects import make_node, make_pod
from tests.unit.scheduler.rig import Rig


def place(pod, nodes, pods=(), seed=1):
    return Rig(nodes, pods, seed=seed).node(pod)


def refusal(pod, nodes, pods=()):
    rig = Rig(nodes, pods)
    return f"{rig.refusal(pod)} {rig.preempt(pod).message}"


def affinity(required=None, preferred=None):
    rules = {}
    if required is not None:
        rules["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": required}
    if preferred is not None:
        rules["preferredDuringSchedulingIgnoredDuringExecution"] = preferred
    return {"affinity": {"nodeAffinity": rules}}


def expression(key, operator, *values):
    return {"key": key, "operator": operator, "values": list(values)}


# -- filters


def test_requests_must_fit_into_what_is_left():
    running = make_pod("r", requests={"cpu": "3"}, node="a")
    assert place(make_pod(requests={"cpu": "1"}), [make_node("a")], [running]) == "a"
    assert place(make_pod(requests={"cpu": "1001m"}), [make_node("a")], [running]) is None


def test_init_containers_count_by_the_largest_and_sidecars_on_top():
    init = {"name": "i", "image": "i", "resources": {"requests": {"cpu": "3"}}}
    sidecar = {**init, "name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "2"}}}
    pod = make_pod(requests={"cpu": "1"}, initContainers=[init, init])
    assert place(pod, [make_node("a", cpu="3")]) == "a"
    pod = make_pod(requests={"cpu": "1"}, initContainers=[sidecar, init])
    assert place(pod, [make_node("a", cpu="4999m")]) is None
    assert place(pod, [make_node("a", cpu="5")]) == "a"


def test_overhead_and_extended_resources_count():
    pod = make_pod(requests={"example.com/gpu": "1"}, overhead={"cpu": "1"})
    assert place(pod, [make_node("a")]) is None
    assert place(pod, [make_node("a", **{"example.com/gpu": "1"})]) == "a"
    assert place(pod, [make_node("a", cpu="999m", **{"example.com/gpu": "1"})]) is None


def test_a_node_takes_so_many_pods():
    running = [make_pod(f"r{number}", node="a") for number in range(2)]
    assert place(make_pod(), [make_node("a", pods="3")], running) == "a"
    assert place(make_pod(), [make_node("a", pods="2")], running) is None


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"key": "k", "operator": "Exists"}, True),
        ({"key": "k", "value": "v"}, True),
        ({"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "k", "value": "other"}, False),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "k", "operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_taints_keep_pods_away_that_do_not_tolerate_them(toleration, tolerated):
    node = make_node("a", taints=[("k", "v", "NoSchedule")])
    assert (place(make_pod(tolerations=[toleration]), [node]) == "a") is tolerated


def test_a_cordoned_node_takes_only_pods_that_tolerate_it():
    node = make_node("a", cordoned=True)
    tolerating = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}
    assert place(make_pod(), [node]) is None
    assert place(make_pod(tolerations=[tolerating]), [node]) == "a"


@pytest.mark.parametrize(
    ("required", "chosen"),
    [
        ([{"matchExpressions": [expression("zone", "In", "y", "z")]}], {"b", "c"}),
        ([{"matchExpressions": [expression("zone", "NotIn", "y", "z")]}], {"a", "d"}),
        ([{"matchExpressions": [expression("zone", "Exists")]}], {"a", "b", "c"}),
        ([{"matchExpressions": [expression("zone", "DoesNotExist")]}], {"d"}),
        ([{"matchExpressions": [expression("size", "Gt", "2")]}], {"c"}),
        ([{"matchExpressions": [expression("size", "Lt", "2")]}], {"a"}),
        ([{"matchFields": [expression("metadata.name", "In", "d")]}], {"d"}),
        (
            [
                {"matchExpressions": [expression("zone", "In", "x"), expression("size", "In", "2")]},
                {"matchExpressions": [expression("size", "In", "3")]},
            ],
            {"c"},
        ),
        ([{}], set()),
    ],
)
def test_required_affinity(required, chosen):
    nodes = [
        make_node("a", labels={"zone": "x", "size": "1"}),
        make_node("b", labels={"zone": "y", "size": "2"}),
        make_node("c", labels={"zone": "z", "size": "3"}),
        make_node("d"),
    ]
    found = {node["metadata"]["name"] for node in nodes if place(make_pod(**affinity(required)), [node])}
    assert found == chosen


def test_a_node_selector_must_match_in_all():
    nodes = [make_node("a", labels={"disk": "ssd"}), make_node("b", labels={"disk": "ssd", "arch": "arm"})]
    assert place(make_pod(nodeSelector={"disk": "ssd", "arch": "arm"}), nodes) == "b"


@pytest.mark.parametrize(
    ("taken", "wanted", "fits"),
    [
        ({"hostPort": 80}, {"hostPort": 80}, False),
        ({"hostPort": 80}, {"hostPort": 81}, True),
        ({"hostPort": 80}, {"hostPort": 80, "protocol": "UDP"}, True),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80, "hostIP": "10.0.0.2"}, True),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80}, False),
        ({"hostPort": 80, "hostIP": "0.0.0.0"}, {"hostPort": 80, "hostIP": "10.0.0.2"}, False),
    ],
)
def test_host_ports_must_be_free(taken, wanted, fits):
    running = make_pod("r", ports=[{"containerPort": 1, **taken}], node="a")
    pod = make_pod(ports=[{"containerPort": 1, **wanted}])
    assert (place(pod, [make_node("a")], [running]) == "a") is fits


# -- scores


def test_replicas_spread_over_the_nodes():
    controller = {"metadata": {"name": "rc", "namespace": "default"}, "spec": {"selector": {"app": "web"}}}
    rig = Rig([make_node(name) for name in "abcd"], objects={REPLICATIONCONTROLLERS: [controller]}, seed=3)
    for number in range(40):
        assert rig.run(make_pod(f"p{number}", labels={"app": "web"}, owner="rc"))
    assert Counter(len(node.pods) for node in rig.cache.listed()) == {10: 4}


def test_the_emptier_node_is_preferred():
    running = make_pod("r", requests={"cpu": "2", "memory": "4Gi"}, node="a")
    for seed in range(5):
        assert place(make_pod(), [make_node("a"), make_node("b")], [running], seed) == "b"


def test_preferences_and_soft_taints_decide_between_equal_nodes():
    nodes = [
        make_node("a", taints=[("k", "v", "PreferNoSchedule")]),
        make_node("b"),
        make_node("c", labels={"fast": "yes"}),
    ]
    wish = [{"weight": 10, "preference": {"matchExpressions": [expression("fast", "Exists")]}}]
    for seed in range(5):
        assert place(make_pod(), nodes[:2], seed=seed) == "b"
        assert place(make_pod(**affinity(preferred=wish)), nodes, seed=seed) == "c"


def test_equal_nodes_are_chosen_by_the_seed():
    nodes = [make_node(name) for name in "abcdefgh"]
    assert len({place(make_pod(), nodes, seed=seed) for seed in range(20)}) > 3
    assert place(make_pod(), nodes, seed=7) == place(make_pod(), nodes, seed=7)


# -- how much is looked at


@pytest.mark.parametrize(("nodes", "wanted"), [(10, 10), (100, 100), (1000, 420), (5000, 500), (10000, 500)])
def test_in_large_clusters_a_share_of_the_nodes_is_enough(nodes, wanted):
    assert feasible_wanted(nodes) == wanted


def test_every_node_of_a_large_cluster_gets_its_turn():
    rig, start = Rig([make_node(f"n{number:03}") for number in range(300)]), 0
    looked_at = set()
    for number in range(5):
        verdict = rig.verdict(make_pod(f"p{number}"), start)
        looked_at |= {(start + offset) % 300 for offset in range(verdict.looked_at)}
        assert verdict.looked_at == feasible_wanted(300)
        start += verdict.looked_at
    assert looked_at == set(range(300))


# -- words


def test_the_refusal_is_worded_as_kube_scheduler_words_it():
    nodes = [
        make_node("a", cordoned=True),
        make_node("b", cpu="2"),
        make_node("c", cpu="2"),
    ]
    running = [make_pod(f"r-{name}", requests={"cpu": "2"}, node=name) for name in "bc"]
    assert refusal(make_pod(requests={"cpu": "1"}), nodes, running) == (
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. "
        "no new claims to deallocate, preemption: 0/3 nodes are available: "
        "1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
    )


def test_more_than_a_node_has_cannot_be_resolved_by_preemption():
    text = refusal(make_pod(requests={"cpu": "99", "memory": "99Ti"}), [make_node("a")])
    assert text == (
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. "
        "no new claims to deallocate, preemption: 0/1 nodes are available: "
        "1 Preemption is not helpful for scheduling."
    )


@pytest.mark.parametrize(
    ("pod", "node", "reason"),
    [
        (
            make_pod(nodeSelector={"no": "such"}),
            make_node("a"),
            "node(s) didn't match Pod's node affinity/selector",
        ),
        (make_pod(), make_node("a", pods="0"), "Too many pods"),
        (make_pod(requests={"example.com/x": "1"}), make_node("a"), "Insufficient example.com/x"),
    ],
)
def test_reasons(pod, node, reason):
    assert refusal(pod, [node]).startswith(f"0/1 nodes are available: 1 {reason}. ")


def test_taken_ports_are_named():
    running = make_pod("r", ports=[{"containerPort": 1, "hostPort": 80}], node="a")
    pod = make_pod(ports=[{"containerPort": 1, "hostPort": 80}])
    assert "1 node(s) didn't have free ports for the requested pod ports." in refusal(
        pod, [make_node("a")], [running]
    )


# -- the sums


POD_SIZES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 500), st.booleans()), max_size=30)


@given(POD_SIZES, st.randoms(use_true_random=False))
def test_the_sums_of_a_node_are_those_of_its_pods(sizes, chance):
    cache = Rig([make_node(name) for name in "abc"]).cache
    counter = cache.counter("app", lambda info: info.labels.get("app") == "x", ("default",), {"app": "x"})
    left = {}
    for number, (name, cpu, has_port) in enumerate(sizes):
        ports = [{"containerPort": 1, "hostPort": 1000 + number}] if has_port else []
        labels = {"app": "x" if number % 3 else "y"}
        info = PodInfo.of(make_pod(f"p{number}", requests={"cpu": f"{cpu}m"}, labels=labels, ports=ports))
        cache.place(info, name)
        left[info.uid] = (name, cpu, has_port, number)
    for uid in chance.sample(sorted(left), len(left) // 2):
        cache.forget(uid)
        del left[uid]
    for node in cache.listed():
        mine = [each for each in left.values() if each[0] == node.name]
        assert node.cpu - node.free_cpu == sum(cpu for _, cpu, _, _ in mine)
        assert node.allowed_pods - node.free_pods == len(node.pods) == len(mine)
        assert len(node.ports) == sum(has_port for _, _, has_port, _ in mine)
        counted = sum(bool(number % 3) for *_, number in mine)
        assert counter.by_node.get(node.name, 0) == counted
        assert counter.domains("kubernetes.io/hostname").get(node.name, 0) == counted


# -- what is easily got wrong


def test_untolerated_taints_are_not_named():
    text = refusal(make_pod(), [make_node("a", taints=[("k", "v", "NoSchedule")])])
    assert text.startswith("0/1 nodes are available: 1 node(s) had untolerated taint(s). ")


def test_pods_without_requests_weigh_on_a_node_that_has_others_too():
    running = [make_pod(f"r{number}", node="a") for number in range(20)]
    running.append(make_pod("small", requests={"cpu": "1m", "memory": "1Mi"}, node="a"))
    running += [make_pod("other", requests={"cpu": "100m", "memory": "200Mi"}, node="b")]
    assert (
        place(make_pod(requests={"cpu": "1m", "memory": "1Mi"}), [make_node("a"), make_node("b")], running)
        == "b"
    )


def test_preferences_may_name_a_node():
    wish = [{"weight": 10, "preference": {"matchFields": [expression("metadata.name", "In", "b")]}}]
    chosen = {
        place(make_pod(**affinity(preferred=wish)), [make_node("a"), make_node("b")], seed=s)
        for s in range(8)
    }
    assert chosen == {"b"}


def test_pods_without_a_controller_spread_if_a_service_selects_them():
    labels = {"app": "web"}
    service = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"selector": labels}}
    rig = Rig([make_node(name) for name in "abcd"], objects={SERVICES: [service]}, seed=3)
    for number in range(8):
        assert rig.run(make_pod(f"p{number}", labels=labels, requests={"cpu": "0", "memory": "0"}))
    assert Counter(len(node.pods) for node in rig.cache.listed()) == {2: 4}

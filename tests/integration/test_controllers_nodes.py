"""Node lifecycle, taint eviction, pod GC and disruption budgets against a real API server."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.conditions import get_condition
from kubelite.api.resources import NODES, PODDISRUPTIONBUDGETS, PODS, REPLICATIONCONTROLLERS
from kubelite.controllers.nodelifecycle.controller import NodeLifecycleController
from kubelite.controllers.nodelifecycle.podgc import PodGarbageCollector, plan_terminated
from kubelite.controllers.nodelifecycle.tainteviction import plan_eviction
from kubelite.controllers.registry import ControllersConfig
from kubelite.testing import VirtualClock
from tests.unit.controllers.rig import rig

LIFE, TAINT, GC, RC, PDB = (
    "node-lifecycle-controller",
    "taint-eviction-controller",
    "pod-garbage-collector-controller",
    "replication-controller",
    "disruption-controller",
)
SHORT = ControllersConfig(node_monitor_grace_s=2.0, node_monitor_period_s=0.2)


async def beat(r, *names, seconds):
    for _ in range(int(seconds / 0.5)):
        for name in names:
            await r.heartbeat(name)
        await r.clock.sleep(0.5)


async def nodes(r, *names):
    for name in names:
        await r.node(name)


async def taints(r, name):
    node = await r.client.get(NODES, name)
    return sorted((t["key"].rpartition("/")[2], t["effect"]) for t in node["spec"].get("taints") or ())


async def test_silence_becomes_unknown_taints_and_eviction():
    async with rig(LIFE, TAINT, RC, config=SHORT) as r:
        await nodes(r, "n1", "n2", "n3")
        r.play_kubelet("n1")
        toleration = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "operator": "Exists"}
        await r.rc(replicas=2, tolerations=[{**toleration, "tolerationSeconds": 1}])
        await beat(r, "n1", "n2", "n3", seconds=3)
        assert await taints(r, "n1") == []
        first = {pod["metadata"]["name"] for pod in r.pods.list()}
        r.dead.add("n1")
        await beat(r, "n2", "n3", seconds=3)
        node = await r.client.get(NODES, "n1")
        ready = get_condition(node, "Ready")
        assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusUnknown")
        assert await taints(r, "n1") == [("unreachable", "NoExecute"), ("unreachable", "NoSchedule")]
        assert await taints(r, "n2") == []
        await beat(r, "n2", "n3", seconds=2)
        old = [pod for pod in r.pods.list() if pod["metadata"]["name"] in first]
        assert all(pod["metadata"].get("deletionTimestamp") for pod in old), "terminating, not gone"
        target = get_condition(old[0], "DisruptionTarget")
        assert target["reason"] == "DeletionByTaintManager"
        assert get_condition(old[0], "Ready")["status"] == "False"
        assert len(r.pods.list()) == 4, "replacements were made"
        assert {"NodeNotReady", "TaintManagerEviction"} <= r.events.reasons()
        now = {"status": "True", "type": "Ready", "lastHeartbeatTime": None}
        node = await r.client.get(NODES, "n1")
        status = {**node["status"], "conditions": [now]}
        await r.client.update(NODES, {**node, "status": status}, subresource="status")
        await beat(r, "n1", "n2", "n3", seconds=1)
        assert await taints(r, "n1") == []


async def test_none_is_evicted_when_all_are_down():
    async with rig(LIFE, TAINT, config=SHORT) as r:
        await nodes(r, "n1", "n2")
        await beat(r, "n1", "n2", seconds=2)
        await r.settle(10)
        assert await taints(r, "n1") == [("unreachable", "NoSchedule")]
        assert await taints(r, "n2") == [("unreachable", "NoSchedule")]


async def test_cordon_and_pressure_are_taints():
    async with rig(LIFE, config=SHORT) as r:
        await nodes(r, "n1")
        await r.client.patch(NODES, "n1", {"spec": {"unschedulable": True}})
        await beat(r, "n1", seconds=1)
        assert await taints(r, "n1") == [("unschedulable", "NoSchedule")]
        await r.client.patch(NODES, "n1", {"spec": {"unschedulable": None}})
        await beat(r, "n1", seconds=1)
        assert await taints(r, "n1") == []


async def test_a_taint_taken_away_in_time_cancels():
    async with rig(TAINT) as r:
        await r.node("n1")
        r.play_kubelet("n1")
        for name, seconds in (("brief", 5), ("long", 60)):
            toleration = {
                "key": "k",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": seconds,
            }
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name},
                "spec": {"containers": [{"name": "c", "image": "i"}], "tolerations": [toleration]},
            }
            await r.client.create(PODS, pod, "default")
        await r.settle()
        await r.client.patch(NODES, "n1", {"spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}})
        await r.settle(10)
        assert [pod["metadata"]["name"] for pod in r.pods.list()] == ["long"]
        await r.client.patch(NODES, "n1", {"spec": {"taints": None}})
        await r.settle(120)
        assert [pod["metadata"]["name"] for pod in r.pods.list()] == ["long"]
        assert ("Normal", "TaintManagerEviction", "Cancelling deletion of Pod default/long") in r.events


async def test_pods_of_a_missing_node_are_removed():
    async with rig(GC) as r:
        await r.node("n1")
        r.play_kubelet("n1")
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        }
        await r.client.create(PODS, pod, "default")
        await r.settle()
        r.dead.add("n1")
        await r.settle(90)
        assert r.pods.list()
        await r.client.delete(NODES, "n1")
        await r.settle(30)
        assert r.pods.list(), "a node may come back soon"
        await r.settle(60)
        assert not r.pods.list()


async def test_out_of_service_forces_terminating_pods_out():
    async with rig(GC) as r:
        await r.node("n1", ready="Unknown")
        r.play_kubelet("n1")
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        }
        await r.client.create(PODS, pod, "default")
        await r.settle()
        r.dead.add("n1")
        await r.client.delete(PODS, "p", "default")
        await r.settle(90)
        assert r.pods.list(), "it stays Terminating while the node is unreachable"
        taint = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
        await r.client.patch(NODES, "n1", {"spec": {"taints": [taint]}})
        await r.settle(1)
        assert not r.pods.list()


async def test_budgets_say_how_many_may_go():
    async with rig(PDB, RC) as r:
        await r.node("n1")
        r.play_kubelet("n1")
        await r.rc(replicas=3)
        for name, spec in (
            ("minimum", {"minAvailable": 2}),
            ("percent", {"minAvailable": "50%"}),
            ("maximum", {"maxUnavailable": 1}),
            ("none", {"minAvailable": 3}),
        ):
            budget = {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": {"name": name},
                "spec": {**spec, "selector": {"matchLabels": {"app": "web"}}},
            }
            await r.client.create(PODDISRUPTIONBUDGETS, budget, "default")
        await r.settle()
        allowed = {}
        for budget in (await r.client.list(PODDISRUPTIONBUDGETS, "default")).items:
            status = budget["status"]
            assert (status["expectedPods"], status["currentHealthy"]) == (3, 3)
            allowed[budget["metadata"]["name"]] = status["disruptionsAllowed"]
            condition = get_condition(budget, "DisruptionAllowed")
            wanted = "SufficientPods" if status["disruptionsAllowed"] else "InsufficientPods"
            assert condition["reason"] == wanted
        assert allowed == {"minimum": 1, "percent": 1, "maximum": 1, "none": 0}
        await r.client.delete(REPLICATIONCONTROLLERS, "web", "default", propagation_policy="Orphan")


async def test_old_labels_say_what_the_new_ones_do():
    async with rig(LIFE, config=SHORT) as r:
        await nodes(r, "n1")
        labels = {"kubernetes.io/os": "plan9", "kubernetes.io/arch": "mips", "beta.kubernetes.io/arch": "vax"}
        await r.client.patch(NODES, "n1", {"metadata": {"labels": labels}})
        await beat(r, "n1", seconds=1)
        found = (await r.client.get(NODES, "n1"))["metadata"]["labels"]
        assert (found["beta.kubernetes.io/os"], found["beta.kubernetes.io/arch"]) == ("plan9", "mips")


async def test_a_node_that_is_left_out_does_not_speak_for_its_zone():
    async with rig(LIFE, config=SHORT) as r:
        await nodes(r, "n1", "n2")
        label = {"node.kubernetes.io/exclude-disruption": ""}
        await r.client.patch(NODES, "n1", {"metadata": {"labels": label}})
        await beat(r, "n1", "n2", seconds=2)
        await beat(r, "n1", seconds=6)
        assert await taints(r, "n2") == [("unreachable", "NoSchedule")], "all that count are down"


async def test_an_eviction_is_told_by_the_name_of_its_pod_alone():
    (told, *_) = plan_eviction({"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "status": {}}, 0.0)
    assert told.object == {"apiVersion": "v1", "kind": "Pod", "name": "p", "namespace": "n"}
    assert (told.reason, told.message) == ("TaintManagerEviction", "Marking for deletion Pod n/p")


def test_of_the_pods_that_ended_the_evicted_go_first_then_the_oldest():
    def ended(name, created, **status):
        metadata = {"name": name, "namespace": "n", "uid": name, "creationTimestamp": created}
        return {"metadata": metadata, "spec": {}, "status": {"phase": "Failed", **status}}

    pods = [ended("new", "3"), ended("old", "1"), ended("evicted", "2", reason="Evicted")]
    assert [each.name for each in plan_terminated(pods, 1, 0.0)] == ["evicted", "old"]


@pytest.mark.parametrize("at", [0.0, 9.9, 12.0, 61.0, 103.3])
async def test_silence_is_noticed_in_the_round_in_which_a_look_each_period_would_notice_it(at):
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as cluster:
        await cluster.clock.advance(at)
        await cluster.fail_node("node-2")
        await cluster.wait_for("node/node-2", "condition=Ready=Unknown", timeout=120)
        renewed = 10 * (at // 10)  # of the Lease, for the last time
        seen = renewed + 5
        assert cluster.clock.monotonic() == pytest.approx(seen + 55)


async def test_rounds_in_which_nothing_could_be_found_are_left_out(monkeypatch):
    looks = {"nodes": 0, "pods": 0}

    def counted(kind, name):
        sync = kind.sync

        def count(self, key):
            looks[name] += 1
            yield from sync(self, key)

        monkeypatch.setattr(kind, "sync", count)

    counted(NodeLifecycleController, "nodes")
    counted(PodGarbageCollector, "pods")
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as cluster:
        await cluster.clock.advance(60)
        looks.update(nodes=0, pods=0)
        await cluster.clock.advance(3600)
    assert looks["nodes"] < 3600 / 20, "not each 5 s"
    assert looks["pods"] == 0

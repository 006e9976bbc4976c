"""What looks at nodes and at pods on tainted nodes do, one after the other."""

from __future__ import annotations

import pytest

from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.apierrors import InternalError
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.nodelifecycle.controller import _MONITOR, NodeLifecycleController
from kubelite.controllers.nodelifecycle.podgc import plan_removal
from kubelite.controllers.nodelifecycle.tainteviction import TaintEvictionController
from kubelite.reconcile.intents import DeleteObject, PatchObject, RequeueAfter, UpdateStatus
from tests.unit.controllers.desk import NOW, Desk, only, told

TAINT = {"key": "k", "effect": "NoExecute"}
BRIEF = {"key": "k", "operator": "Exists", "tolerationSeconds": 10}
CANCELLED = ("Normal", "TaintManagerEviction", "Cancelling deletion of Pod d/p")
MARKED = ("Normal", "TaintManagerEviction", "Marking for deletion Pod d/p")


def node(name="n", taints=(), ready="True", **status):
    conditions = [] if ready is None else [{"type": "Ready", "status": ready, "lastHeartbeatTime": "x"}]
    metadata = {"name": name, "creationTimestamp": format_time(NOW), "resourceVersion": "1"}
    return {
        "metadata": metadata,
        "spec": {"taints": list(taints)},
        "status": {"conditions": conditions, **status},
    }


def pod(*tolerations, **metadata):
    made = {"name": "p", "namespace": "d", "uid": "u", "generation": 2, **metadata}
    return {
        "metadata": made,
        "spec": {"nodeName": "n", "tolerations": list(tolerations)},
        "status": {"phase": "Running"},
    }


class Scene:
    """A pod on a node."""

    def __init__(self):
        self.desk = Desk()
        self.controller = self.desk.make(TaintEvictionController)

    def look(self, node, pod, after_s=0):
        self.desk.now += after_s
        self.desk.take(NODES, "n")
        self.desk.take(PODS, "p")
        self.desk.put(NODES, *([node] if node else []))
        self.desk.put(PODS, *([pod] if pod else []))
        return self.desk.look(self.controller, "d/p")


def delays(asked):
    return [each.delay_s for each in only(asked, RequeueAfter)]


def test_a_pod_is_evicted_when_its_patience_is_over():
    scene = Scene()
    assert delays(scene.look(node(taints=[TAINT]), pod(BRIEF))) == [10]
    asked = scene.look(node(taints=[TAINT]), pod(BRIEF), after_s=10)
    assert told(asked) == [MARKED]
    (patch,) = only(asked, PatchObject)
    assert patch.patch["metadata"] == {"uid": "u"}, "and no other pod of that name"
    (condition,) = patch.patch["status"]["conditions"]
    assert (condition["reason"], condition["observedGeneration"]) == ("DeletionByTaintManager", 2)
    assert only(asked, DeleteObject)


def test_another_taint_does_not_make_the_time_longer_or_shorter():
    scene = Scene()
    scene.look(node(taints=[TAINT]), pod(BRIEF))
    swapped = node(taints=[{**TAINT, "key": "o"}])
    assert delays(scene.look(swapped, pod({**BRIEF, "key": "o"}), after_s=4)) == [6]
    assert delays(scene.look(swapped, pod({**BRIEF, "key": "o", "tolerationSeconds": 1}), after_s=1)) == [5]
    assert told(scene.look(swapped, pod({**BRIEF, "key": "o"}), after_s=5)) == [MARKED]


@pytest.mark.parametrize(
    ("taints", "toleration"),
    [([], BRIEF), ([TAINT], {**BRIEF, "tolerationSeconds": None})],
    ids=["no taint", "for ever"],
)
def test_an_eviction_is_cancelled_and_told_of_once(taints, toleration):
    scene = Scene()
    scene.look(node(taints=[TAINT]), pod(BRIEF))
    assert told(scene.look(node(taints=taints), pod(toleration), after_s=1)) == [CANCELLED]
    assert scene.look(node(taints=taints), pod(toleration), after_s=60) == []


def test_a_taint_that_is_not_tolerated_evicts_at_once_and_ends_the_wait():
    scene = Scene()
    assert told(scene.look(node(taints=[TAINT]), pod())) == [MARKED]
    scene.look(node(taints=[TAINT]), pod(BRIEF))
    both = node(taints=[TAINT, {**TAINT, "key": "o"}])
    assert told(scene.look(both, pod(BRIEF), after_s=1)) == [CANCELLED, MARKED]


def test_a_pod_that_is_gone_before_its_time_is_told_of():
    scene = Scene()
    scene.look(node(taints=[TAINT]), pod(BRIEF))
    watch = next(each for each in scene.controller.watches() if each.resource == PODS)
    assert list(watch.keys(pod(BRIEF), None)) == ["d/p"]
    assert told(scene.look(node(taints=[TAINT]), None, after_s=1)) == [CANCELLED]
    assert list(watch.keys(pod(BRIEF), None)) == []


def test_a_pod_of_a_node_that_is_gone_is_evicted_all_the_same():
    scene = Scene()
    scene.look(node(taints=[TAINT]), pod(BRIEF))
    assert scene.look(None, pod(BRIEF), after_s=1) == []
    assert told(scene.look(None, pod(BRIEF), after_s=9)) == [MARKED]


def test_an_eviction_that_failed_is_tried_again_at_once():
    scene = Scene()
    scene.look(node(taints=[TAINT]), pod(BRIEF))
    scene.desk.now += 10
    fails = scene.desk.look(
        scene.controller, "d/p", lambda ask: InternalError("no") if isinstance(ask, DeleteObject) else None
    )
    assert told(fails) == [MARKED]
    assert told(scene.look(node(taints=[TAINT]), pod(BRIEF))) == [MARKED]


def test_a_pod_that_cannot_be_marked_is_not_deleted():
    scene = Scene()
    scene.desk.put(NODES, node(taints=[TAINT]))
    scene.desk.put(PODS, pod())
    asked = scene.desk.look(
        scene.controller, "d/p", lambda ask: InternalError("no") if isinstance(ask, PatchObject) else None
    )
    assert only(asked, PatchObject)
    assert not only(asked, DeleteObject)


@pytest.mark.parametrize("text", ["PodGC: node no longer exists", ""])
def test_a_pod_whose_node_is_gone_is_marked_under_its_own_uid_and_then_removed(text):
    (removal,) = plan_removal(pod(), NOW, reason_text=text)
    patch, deletion = removal.intents
    assert patch.patch["metadata"] == {"uid": "u"}
    assert patch.patch["status"]["phase"] == "Failed"
    assert ("conditions" in patch.patch["status"]) == bool(text)
    assert (deletion.uid, deletion.grace_period_s) == ("u", 0)


def test_a_pod_that_is_going_is_not_evicted():
    scene = Scene()
    scene.look(node(taints=[TAINT]), pod(BRIEF))
    assert scene.look(node(taints=[TAINT]), pod(BRIEF, deletionTimestamp="x"), after_s=10) == []


# --- nodes --------------------------------------------------------------------------------------------------


def monitor(desk, controller):
    return desk.look(controller, _MONITOR)


def executes(asked):
    """The names of nodes that are given a NoExecute taint."""
    patches = [each for each in only(asked, PatchObject) if each.resource == NODES]
    return [
        each.name
        for each in patches
        if any(t["effect"] == "NoExecute" for t in each.patch["spec"].get("taints") or ())
    ]


def test_a_silent_node_is_tainted_at_the_look_after_that_which_found_it_silent():
    desk = Desk()
    controller = desk.make(NodeLifecycleController)
    desk.put(NODES, node("a"), node("b"))
    monitor(desk, controller)
    desk.now += 51
    desk.take(NODES, "b")
    alive = node("b")
    alive["status"]["conditions"][0]["lastHeartbeatTime"] = "y"
    desk.put(NODES, alive)
    asked = monitor(desk, controller)
    (update,) = only(asked, UpdateStatus)
    assert update.object["metadata"]["name"] == "a"
    assert executes(asked) == []
    desk.take(NODES, "a")
    desk.put(NODES, update.object)
    desk.now += 5
    assert executes(monitor(desk, controller)) == ["a"]


def test_a_node_that_goes_while_all_are_looked_at_is_not_remembered():
    desk = Desk()
    controller = desk.make(NodeLifecycleController)
    desk.put(NODES, node("a"), node("b"))
    monitor(desk, controller)
    (watch,) = (each for each in controller.watches() if each.resource == NODES)
    desk.now += 51

    def answer(asked):
        if isinstance(asked, UpdateStatus) and asked.object["metadata"]["name"] == "a":
            desk.take(NODES, "b")
            list(watch.keys(node("b"), None))

    desk.look(controller, _MONITOR, answer)
    desk.put(NODES, node("b"))
    assert "RegisteredNode" in {reason for _, reason, _ in told(desk.look(controller, "b"))}
    desk.now += 49
    silent = [each.object["metadata"]["name"] for each in only(monitor(desk, controller), UpdateStatus)]
    assert silent == ["a"], "the new b has its whole grace"


def test_a_node_that_has_not_said_anything_yet_is_not_tainted():
    desk = Desk()
    controller = desk.make(NodeLifecycleController)
    desk.put(NODES, node("a", ready=None), node("b"))
    assert executes(monitor(desk, controller)) == []

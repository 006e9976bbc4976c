"""What is told of nodes and of their pods."""

from __future__ import annotations

from kubelite.api.resources import (
    NODES,
    PODS,
)
from kubelite.controllers.nodelifecycle.controller import _MONITOR, NodeLifecycleController
from kubelite.controllers.nodelifecycle.tainteviction import TaintEvictionController
from tests.unit.controllers.desk import Desk
from tests.unit.controllers.situations.parts import (
    look,
    node,
    pod,
    tells,
)


@tells(
    NodeLifecycleController,
    "Node",
    "Normal",
    "RegisteredNode",
    "Node n event: Registered Node n in Controller",
)
def a_node_is_new():
    return look(NodeLifecycleController, "n", (NODES, node()))


@tells(
    NodeLifecycleController,
    "Node",
    "Normal",
    "RemovingNode",
    "Node n event: Removing Node n from Controller",
)
def a_node_is_gone():
    desk = Desk()
    desk.put(NODES, node())
    controller = desk.make(NodeLifecycleController)
    desk.look(controller, "n")
    (gone,) = desk.informer(NODES).objects
    desk.take(NODES, "n")
    (watch,) = (each for each in controller.watches() if each.resource == NODES)
    (key,) = watch.keys(gone, None)
    return desk.look(controller, key)


@tells(NodeLifecycleController, "Node", "Normal", "NodeNotReady", "Node n status is now: NodeNotReady")
@tells(NodeLifecycleController, "Pod", "Warning", "NodeNotReady", "Node is not ready")
def a_node_is_silent():
    desk = Desk()
    desk.put(NODES, node())
    desk.put(PODS, pod())
    controller = desk.make(NodeLifecycleController)
    desk.look(controller, _MONITOR)
    desk.now += 51
    return desk.look(controller, _MONITOR)


TAINTED = node(taints=[{"key": "k", "effect": "NoExecute"}])
WAITS = {"key": "k", "operator": "Exists", "tolerationSeconds": 9}


@tells(TaintEvictionController, "Pod", "Normal", "TaintManagerEviction", "Marking for deletion Pod d/p")
def a_pod_is_driven_away():
    return look(TaintEvictionController, "d/p", (NODES, TAINTED), (PODS, pod()))


@tells(TaintEvictionController, "Pod", "Normal", "TaintManagerEviction", "Cancelling deletion of Pod d/p")
def a_taint_is_gone_in_time():
    desk = Desk()
    desk.put(NODES, TAINTED)
    desk.put(PODS, pod(tolerations=[WAITS]))
    controller = desk.make(TaintEvictionController)
    desk.look(controller, "d/p")
    desk.take(NODES, "n")
    desk.put(NODES, node())
    return desk.look(controller, "d/p")

"""Evicting pods from nodes with NoExecute taints which they do not tolerate, or tolerate only for a time.

The clock of a toleration runs from when its taint is seen on the pod's node. Once it runs, other taints and
tolerations change nothing about when it ends, but for those that end it at once or for good: a taint taken
away in time cancels the eviction. An evicted pod gets the condition DisruptionTarget and then an ordinary,
graceful deletion.

Source: k8s.io/kubernetes/pkg/controller/tainteviction/taint_eviction.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kubelite.api import podutil
from kubelite.api.conditions import set_condition
from kubelite.api.resources import NODES, PODS
from kubelite.api.tolerations import covers
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.nodelifecycle.health import NO_EXECUTE
from kubelite.controllers.nodelifecycle.podgc import BY_NODE, by_node
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import (
    DeleteObject,
    InOrder,
    Intent,
    PatchObject,
    RecordEvent,
    RequeueAfter,
    Steps,
)
from kubelite.reconcile.ownership import key_of, split_key

MESSAGE: Final = "Taint manager: deleting due to NoExecute taint"


def execute_taints(node: Object | None) -> list[Object]:
    """The NoExecute taints of a node."""
    taints = ((node or {}).get("spec") or {}).get("taints") or ()
    return [taint for taint in taints if taint.get("effect") == NO_EXECUTE]


def patience_s(pod: Object, taints: Sequence[Object]) -> float | None:
    """How long a pod may stay on a node with these NoExecute taints; None for ever, 0 if not at all.

    Of each taint the first toleration that covers it counts, of these the shortest.
    """
    seconds: list[float] = []
    for taint in taints:
        found = next((each for each in pod["spec"].get("tolerations") or () if covers(each, taint)), None)
        if found is None:
            return 0.0
        if found.get("tolerationSeconds") is not None:
            seconds.append(max(0.0, found["tolerationSeconds"]))
    return min(seconds, default=None)


def told(key: str, text: str) -> Intent:
    """An Event about a pod, by its name alone: the uid is not known to whoever tells.

    Source: pkg/controller/tainteviction/taint_eviction.go (emitPodDeletionEvent).
    """
    namespace, name = split_key(key)
    reference = {"apiVersion": "v1", "kind": "Pod", "name": name, "namespace": namespace}
    return RecordEvent(reference, "Normal", "TaintManagerEviction", f"{text} {key}")


def plan_eviction(pod: Object, now: float) -> tuple[Intent, ...]:
    """Tell why, and delete."""
    metadata = pod["metadata"]
    namespace, name, uid = metadata["namespace"], metadata["name"], metadata["uid"]
    condition = podutil.condition(pod, "DisruptionTarget", "True", "DeletionByTaintManager", MESSAGE)
    conditions = set_condition(pod.get("status", {}).get("conditions"), condition, now)
    patch = PatchObject(
        PODS,
        namespace,
        name,
        {"metadata": {"uid": uid}, "status": {"conditions": conditions}},
        subresource="status",
    )
    return (
        told(key_of(pod), "Marking for deletion Pod"),
        InOrder((patch, DeleteObject(PODS, namespace, name, uid=uid))),
    )


class TaintEvictionController(Reconciler):
    """Keys are pods on tainted nodes."""

    name = "taint-eviction-controller"
    component = "taint-eviction-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._nodes = self.informer(NODES)
        self._pods = self.informer(PODS)
        self._pods.add_index(BY_NODE, by_node)
        self._due: dict[str, float] = {}

    def watches(self) -> Sequence[Watch]:
        """Nodes whose taints change, and pods on tainted nodes."""
        return Watch(NODES, self._node_keys), Watch(PODS, self._pod_keys)

    def first_keys(self) -> Iterable[str]:
        """Pods that were seen before the node they are on."""
        for node in self._nodes.list():
            if execute_taints(node):
                yield from self._keys_on(node["metadata"]["name"])

    def _keys_on(self, name: str) -> list[str]:
        return [key_of(pod) for pod in self._pods.by_index(BY_NODE, name)]

    def _node_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """The pods of a node that is gone are evicted all the same, if that was to be."""
        if new is None or execute_taints(new) == execute_taints(old):
            return ()
        return self._keys_on(new["metadata"]["name"])

    def _pod_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if new is None:
            key = key_of(old or {})
            return (key,) if key in self._due else ()
        if podutil.is_terminating(new) or not execute_taints(self._node_of(new)):
            return ()
        if old is not None and (
            old["spec"].get("nodeName") == new["spec"].get("nodeName")
            and old["spec"].get("tolerations") == new["spec"].get("tolerations")
        ):
            return ()
        return (key_of(new),)

    def _node_of(self, pod: Object) -> Object | None:
        name = pod["spec"].get("nodeName")
        return self._nodes.get(None, name) if name else None

    def sync(self, key: str) -> Steps:
        """Evict, wait, or let be."""
        namespace, name = split_key(key)
        pod = self._pods.get(namespace, name)
        if pod is None:
            yield self._cancel(key)
            return
        now, due, node = self.clock.now(), self._due.get(key), self._node_of(pod)
        if due is not None and due <= now:
            outcomes = () if podutil.is_terminating(pod) else (yield plan_eviction(pod, now))
            if not any(outcome.failed for outcome in outcomes):
                del self._due[key]
        elif node is not None and not podutil.is_terminating(pod):
            yield from self._judge(key, pod, execute_taints(node))

    def _judge(self, key: str, pod: Object, taints: Sequence[Object]) -> Steps:
        """What is to become of a pod whose time has not come; that does not change while it waits."""
        wait_s = patience_s(pod, taints) if taints else None
        if wait_s is None:
            yield self._cancel(key)
        elif wait_s <= 0:
            yield *self._cancel(key), *plan_eviction(pod, self.clock.now())
        else:
            due = self._due.setdefault(key, self.clock.now() + wait_s)
            yield (RequeueAfter(due - self.clock.now()),)

    def _cancel(self, key: str) -> tuple[Intent, ...]:
        waits = self._due.pop(key, None) is not None
        return (told(key, "Cancelling deletion of Pod"),) if waits else ()

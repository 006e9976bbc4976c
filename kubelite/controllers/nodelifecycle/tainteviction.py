"""Evicting pods from nodes with NoExecute taints which they do not tolerate, or tolerate only for a time.

The clock of a toleration runs from when its taint was set; the shortest matching one counts. A taint taken
away in time cancels the eviction: each look decides anew. An evicted pod gets the condition
DisruptionTarget and then an ordinary, graceful deletion.

Source: k8s.io/kubernetes/pkg/controller/tainteviction/taint_eviction.go.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kubelite.api import podutil
from kubelite.api.conditions import set_condition
from kubelite.api.resources import NODES, PODS
from kubelite.api.tolerations import covers
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time
from kubelite.controllers.nodelifecycle.health import NO_EXECUTE
from kubelite.controllers.nodelifecycle.podgc import BY_NODE, by_node
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import DeleteObject, Intent, PatchObject, RecordEvent, RequeueAfter, Steps
from kubelite.reconcile.ownership import key_of, split_key

Taint = tuple[str, str]
MESSAGE: Final = "Taint manager: deleting due to NoExecute taint"


def execute_taints(node: Object | None) -> list[Object]:
    """The NoExecute taints of a node."""
    taints = ((node or {}).get("spec") or {}).get("taints") or ()
    return [taint for taint in taints if taint.get("effect") == NO_EXECUTE]


def eviction_due(
    pod: Object, taints: Sequence[Object], seen: Mapping[Taint, float], now: float
) -> float | None:
    """When the pod has to go: a time (which may be past), or None if it may stay for ever.

    Args:
        now: Unix seconds.
        pod: The pod.
        taints: The NoExecute taints of its node.
        seen: When each taint (key, value) without a `timeAdded` was first seen.
    """
    due = math.inf
    created = parse_time(pod["metadata"]["creationTimestamp"])
    tolerations = pod["spec"].get("tolerations") or ()
    for taint in taints:
        matching = [toleration for toleration in tolerations if covers(toleration, taint)]
        if not matching:
            return now
        added = taint.get("timeAdded")
        since = parse_time(added) if added else seen.get((taint["key"], taint.get("value") or ""), now)
        for toleration in matching:
            seconds = toleration.get("tolerationSeconds")
            if seconds is not None:
                # A pod that came after the taint has its full time too.
                due = min(due, max(since, created) + max(0, seconds))
    return None if due == math.inf else due


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
    condition = podutil.condition(pod, "DisruptionTarget", "True", "DeletionByTaintManager", MESSAGE)
    conditions = set_condition(pod.get("status", {}).get("conditions"), condition, now)
    patch = {"status": {"conditions": conditions}}
    return (
        told(key_of(pod), "Marking for deletion Pod"),
        PatchObject(PODS, metadata["namespace"], metadata["name"], patch, subresource="status"),
        DeleteObject(PODS, metadata["namespace"], metadata["name"], uid=metadata["uid"]),
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
        self._seen: dict[str, dict[Taint, float]] = {}
        self._scheduled: set[str] = set()

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
        if new is None:
            self._seen.pop((old or {})["metadata"]["name"], None)
            return ()
        taints = execute_taints(new)
        if taints == execute_taints(old):
            return ()
        name, now = new["metadata"]["name"], self.clock.now()
        known = self._seen.get(name, {})
        identities = [(taint["key"], taint.get("value") or "") for taint in taints]
        self._seen[name] = {identity: known.get(identity, now) for identity in identities}
        return self._keys_on(name)

    def _pod_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if new is None:
            self._scheduled.discard(key_of(old or {}))
            return ()
        name = new["spec"].get("nodeName")
        if not name or not self._seen.get(name) or podutil.is_terminating(new):
            return ()
        if old is not None and (
            old["spec"].get("nodeName") == name
            and old["spec"].get("tolerations") == new["spec"].get("tolerations")
        ):
            return ()
        return (key_of(new),)

    def sync(self, key: str) -> Steps:
        """Evict, wait, or let be."""
        namespace, name = split_key(key)
        pod = self._pods.get(namespace, name)
        if pod is None or podutil.is_terminating(pod):
            self._scheduled.discard(key)
            return
        node_name = pod["spec"].get("nodeName") or ""
        taints = execute_taints(self._nodes.get(None, node_name))
        now = self.clock.now()
        due = eviction_due(pod, taints, self._seen.get(node_name, {}), now) if taints else None
        if due is None:
            if key in self._scheduled:
                self._scheduled.discard(key)
                yield (told(key, "Cancelling deletion of Pod"),)
            return
        if due <= now:
            self._scheduled.discard(key)
            yield plan_eviction(pod, now)
            return
        self._scheduled.add(key)
        yield (RequeueAfter(due - now),)

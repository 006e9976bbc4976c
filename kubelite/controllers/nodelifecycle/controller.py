"""Node lifecycle: what becomes of silent and of unhealthy nodes, and of their pods.

Silence becomes Ready=Unknown, conditions become taints, pods of dead nodes become not ready.
Every period all nodes are looked at: has its heartbeat (Lease or status) moved within the grace? Looks that
could find nothing are left out: those while every node is well, and none has been silent for long. NoExecute
taints, which evict pods, are given to at most 0.1 nodes a second per zone, fewer in a zone that is mostly
down, and to none while all nodes are down. NoSchedule taints follow the conditions at once.

Source: k8s.io/kubernetes/pkg/controller/nodelifecycle/node_lifecycle_controller.go.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextvars import Context
from typing import Any, Final

from kubelite.api import podutil
from kubelite.api.conditions import get_condition, set_condition
from kubelite.api.resources import LEASES, NODES, PODS
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.nodelifecycle.health import (
    EVICTION_RATE,
    NOT_READY,
    UNREACHABLE,
    Health,
    counts_for_its_zone,
    has_execute_taint,
    is_all_down,
    is_silent,
    missing_labels,
    needs_look,
    observe,
    plan_taints,
    ready_status,
    silent_conditions,
    zone_of,
    zone_rate,
)
from kubelite.controllers.nodelifecycle.podgc import BY_NODE, by_node
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import (
    Intent,
    PatchObject,
    RecordEvent,
    RequeueAfter,
    Steps,
    Together,
    UpdateStatus,
)

LEASE_NAMESPACE: Final = "kube-node-lease"
EARLY: Final = 1e-6
"""Of a period: what is that near to a look belongs to it, whatever sums of times round to."""
_MONITOR: Final = "\x00monitor"
"""The key of the periodic look; it is no node's name."""


def mark_not_ready(pod: Object, now: float) -> Intent | None:
    """The patch that makes a pod of a dead node not ready; None if it is not ready anyway."""
    if not podutil.is_ready(pod):
        return None
    conditions = [
        {**condition, "status": "False"} if condition["type"] == "Ready" else condition
        for condition in pod["status"]["conditions"]
    ]
    ready = next(condition for condition in conditions if condition["type"] == "Ready")
    changed = set_condition(pod["status"]["conditions"], ready, now)
    metadata = pod["metadata"]
    patch = {"metadata": {"uid": metadata["uid"]}, "status": {"conditions": changed}}
    return PatchObject(PODS, metadata["namespace"], metadata["name"], patch, subresource="status")


class NodeLifecycleController(Reconciler):
    """Keys are node names, and one for the periodic look."""

    name = "node-lifecycle-controller"
    component = "node-controller"
    workers = 1

    def __init__(
        self,
        environment: Environment,
        *,
        grace_s: float = 50.0,
        period_s: float = 5.0,
        eviction_rate: float = EVICTION_RATE,
    ) -> None:
        super().__init__(environment)
        self._grace_s = grace_s
        self._period_s = period_s
        self._eviction_rate = eviction_rate
        self._nodes = self.informer(NODES)
        self._leases = self.informer(LEASES)
        self._pods = self.informer(PODS)
        self._pods.add_index(BY_NODE, by_node)
        self._health: dict[str, Health] = {}
        self._was: dict[str, str] = {}
        self._removed: dict[str, Object] = {}
        self._tainted: dict[str, float] = {}
        self._all_down = False
        self._moved: dict[str, float] = {}
        self._looked: float | None = None

    def watches(self) -> Sequence[Watch]:
        """Nodes; of Leases, when they move; pods are only read."""
        return Watch(NODES, self._node_keys), Watch(LEASES, self._note_lease), Watch(PODS)

    def first_keys(self) -> Iterable[str]:
        """The periodic look."""
        return (_MONITOR,)

    def _note_lease(self, _: Object | None, new: Object | None) -> Iterable[str]:
        if new is not None and new["metadata"]["namespace"] == LEASE_NAMESPACE:
            self._moved[new["metadata"]["name"]] = self.clock.now()
        return ()

    def _node_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if self._looked is not None:
            now = self.clock.now()
            # In a context of its own: it is time that leads to the next look, not this change.
            Context().run(self.environment.enqueue, _MONITOR, self._turn(now) - now)
        if new is not None:
            self._moved[new["metadata"]["name"]] = self.clock.now()
        else:
            name = (old or {})["metadata"]["name"]
            self._health.pop(name, None)
            self._moved.pop(name, None)
            if self._was.pop(name, None) is None or old is None:
                return ()
            self._removed[name] = old
            return (name,)
        return (new["metadata"]["name"],)

    def sync(self, key: str) -> Steps:
        """A node's taints, or the periodic look at all nodes."""
        if key == _MONITOR:
            yield from self._monitor()
            wait_s = self._next_look_in()
            if wait_s is not None:
                yield (RequeueAfter(wait_s),)
            return
        removed = self._removed.pop(key, None)
        if removed is not None:
            text = f"Node {key} event: Removing Node {key} from Controller"
            yield (self._event(removed, "RemovingNode", text),)
        node = self._nodes.get(None, key)
        if node is None:
            return
        if key not in self._was:
            self._was[key] = ready_status(node)
            yield (
                self._event(node, "RegisteredNode", f"Node {key} event: Registered Node {key} in Controller"),
            )
        execute = "" if ready_status(node) == "True" and has_execute_taint(node) else None
        yield _taint(node, execute, self.clock.now())
        labels = missing_labels(node)
        if labels:
            yield (PatchObject(NODES, None, key, {"metadata": {"labels": labels}}),)

    def _monitor(self) -> Steps:
        now = self._looked = self.clock.now()
        nodes = sorted(self._nodes.list(), key=lambda node: node["metadata"]["name"])
        updated: list[Object] = []
        observed: dict[str, str] = {}
        for node in nodes:
            name = node["metadata"]["name"]
            if self._nodes.get(None, name) is None:
                continue  # it has gone while others were written: nothing is remembered of it
            observed[name] = ready_status(node)
            lease = self._leases.get(LEASE_NAMESPACE, name)
            known = self._health.get(name)
            seen = now if known is None else min(now, self._turn(self._moved.get(name, now)))
            health = self._health[name] = observe(node, lease, known, seen)
            if is_silent(node, health, self._grace_s, now):
                conditions = silent_conditions(node, now)
                if conditions != (node.get("status", {}).get("conditions") or []):
                    changed = {**node, "status": {**node.get("status", {}), "conditions": conditions}}
                    outcomes = yield (UpdateStatus(NODES, changed),)
                    if outcomes[0].object is None:
                        updated.append(node)
                        continue
                    node = outcomes[0].object
            updated.append(node)
            yield from self._announce(node, now)
        yield self._execute_taints(updated, observed, now)

    def _turn(self, at: float) -> float:
        """When a look each period would first have seen what happened then."""
        looked = at if self._looked is None else self._looked
        return looked + self._period_s * (math.floor((at - looked) / self._period_s + EARLY) + 1)

    def _next_look_in(self) -> float | None:
        """Seconds until a look may find something: each period while a node is unwell; None without any."""
        now, nodes = self.clock.now(), self._nodes.list()
        if not nodes:
            return None
        heard = [self._health.get(node["metadata"]["name"]) for node in nodes]
        if None in heard or any(map(needs_look, nodes)):
            return self._period_s
        silent_s = max(now - each.heard for each in heard if each is not None)
        return self._period_s * max(1, math.floor((self._grace_s - silent_s) / self._period_s) + 1)

    def _announce(self, node: Object, now: float) -> Steps:
        """When a node stops being ready: an Event, and its pods are not ready either."""
        name, status = node["metadata"]["name"], ready_status(node)
        was, self._was[name] = self._was.get(name), status
        if status == "True" or was not in {"True", None}:
            return
        intents: list[Intent] = []
        if was == "True":
            intents.append(self._event(node, "NodeNotReady", f"Node {name} status is now: NodeNotReady"))
        marks: list[Intent] = []
        for pod in self._pods.by_index(BY_NODE, name):
            mark = mark_not_ready(pod, now)
            if mark is not None:
                marks.append(mark)
                intents.append(RecordEvent(pod, "Warning", "NodeNotReady", "Node is not ready"))
        if marks:
            intents.append(Together(tuple(marks)))
        outcomes = yield intents
        if any(outcome.failed for outcome in outcomes):
            self._was[name] = was or "True"

    def _execute_taints(
        self, nodes: Sequence[Object], observed: Mapping[str, str], now: float
    ) -> list[Intent]:
        """NoExecute taints, as many as the rates allow.

        Args:
            nodes: As they are after this look, which has found some to be silent.
            observed: What the Ready conditions said before it, by name: it is that which counts for a node.
            now: Unix seconds.
        """
        intents: list[Intent] = []
        if not self._all_down and not any(map(needs_look, nodes)):
            return intents
        if is_all_down(nodes):
            self._all_down = True
            for node in nodes:
                intents += _taint(node, "", now)
            return intents
        if self._all_down:
            # The control plane was cut off, not the nodes: give each a full grace again.
            self._all_down = False
            for name, health in self._health.items():
                self._health[name] = Health(health.heartbeat, now)
            return intents
        ready: Counter[str] = Counter()
        down: Counter[str] = Counter()
        for node in filter(counts_for_its_zone, nodes):
            (ready if ready_status(node) == "True" else down)[zone_of(node)] += 1
        for node in nodes:
            status = observed[node["metadata"]["name"]]
            if get_condition(node, "Ready") is None:
                continue  # it has not said anything yet, and may take its time
            if status == "True":
                if has_execute_taint(node):
                    intents += _taint(node, "", now)
                continue
            wanted = UNREACHABLE if status == "Unknown" else NOT_READY
            present = has_execute_taint(node)
            zone = zone_of(node)
            if present or self._may_taint(
                zone, zone_rate(ready[zone], down[zone], rate=self._eviction_rate), now
            ):
                intents += _taint(node, wanted, now)
        return intents

    def _may_taint(self, zone: str, rate: float, now: float) -> bool:
        if rate <= 0:
            return False
        last = self._tainted.get(zone)
        if last is not None and now - last < 1 / rate:
            return False
        self._tainted[zone] = now
        return True

    def _event(self, node: Object, reason: str, text: str) -> Intent:
        return RecordEvent(node, "Normal", reason, text)


def _taint(node: Object, execute: str | None, now: float) -> tuple[Intent, ...]:
    taints = plan_taints(node, execute, now)
    if taints is None:
        return ()
    metadata: dict[str, Any] = {"resourceVersion": node["metadata"].get("resourceVersion")}
    patch = {"metadata": metadata, "spec": {"taints": taints or None}}
    return (PatchObject(NODES, None, node["metadata"]["name"], patch),)

"""Pod garbage collector: pods that nobody else will ever remove.

Every `PERIOD_S`: terminated pods over the threshold (oldest first), pods bound to nodes that do not exist
(after the node has been missing for `QUARANTINE_S`), terminating pods that were never scheduled, and
terminating pods on nodes that are not ready and carry the taint out-of-service. Pods of an unreachable node
stay Terminating until the node comes back, is deleted, or is declared out of service: only then is it sure
that they do not run. Rounds that could find nothing are left out.

Source: k8s.io/kubernetes/pkg/controller/podgc/gc_controller.go.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from typing import Final

from kubelite.api import podutil
from kubelite.api.conditions import is_condition_true, set_condition
from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.scheme import Object
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import (
    DeleteObject,
    InOrder,
    Intent,
    Outcomes,
    PatchObject,
    ReadObject,
    RequeueAfter,
    Steps,
)

PERIOD_S: Final = 20.0
QUARANTINE_S: Final = 40.0
"""Seconds for which a node must be missing before its pods are removed."""
TERMINATED_MAX: Final = 12500
OUT_OF_SERVICE: Final = "node.kubernetes.io/out-of-service"
BY_NODE: Final = "node"
"""Index: node name ("" for none) -> pods."""


def by_node(pod: Object) -> Iterable[str]:
    """The index `BY_NODE`."""
    return (pod["spec"].get("nodeName") or "",)


def is_out_of_service(node: Object) -> bool:
    """True for a node that is not ready and declared out of service."""
    taints = (node.get("spec") or {}).get("taints") or ()
    return any(taint["key"] == OUT_OF_SERVICE for taint in taints) and not is_condition_true(node, "Ready")


def plan_removal(pod: Object, now: float, *, reason_text: str = "") -> tuple[Intent, ...]:
    """Mark the pod Failed (with DisruptionTarget if a reason is given) if it had not ended, and force it out.

    Args:
        now: Unix seconds.
        pod: The pod.
        reason_text: Message of the condition DisruptionTarget.
    """
    metadata = pod["metadata"]
    namespace, name, uid = metadata["namespace"], metadata["name"], metadata["uid"]
    deletion = DeleteObject(PODS, namespace, name, uid=uid, grace_period_s=0)
    if podutil.is_terminal(pod):
        return (deletion,)
    status: dict[str, object] = {"phase": podutil.FAILED}
    if reason_text:
        condition = podutil.condition(pod, "DisruptionTarget", "True", "DeletionByPodGC", reason_text)
        status["conditions"] = set_condition(pod.get("status", {}).get("conditions"), condition, now)
    patch = {"metadata": {"uid": uid}, "status": status}
    return (InOrder((PatchObject(PODS, namespace, name, patch, subresource="status"), deletion)),)


def plan_terminated(pods: Sequence[Object], threshold: int, now: float) -> tuple[Intent, ...]:
    """Remove pods that ended so that `threshold` are left: the evicted first, then the oldest."""
    ended = [pod for pod in pods if podutil.is_terminal(pod)]
    if threshold <= 0 or len(ended) <= threshold:
        return ()
    ended.sort(key=_age_order)
    surplus = ended[: len(ended) - threshold]
    return tuple(intent for pod in surplus for intent in plan_removal(pod, now))


def _age_order(pod: Object) -> tuple[bool, str, str]:
    metadata, status = pod["metadata"], pod["status"]
    evicted = (status["phase"], status.get("reason")) == (podutil.FAILED, "Evicted")
    return not evicted, metadata.get("creationTimestamp", ""), metadata["name"]


def plan_terminating(pods: Sequence[Object], nodes: Mapping[str, Object], now: float) -> tuple[Intent, ...]:
    """Remove terminating pods that never had a node, or whose node is out of service."""
    intents: list[Intent] = []
    for pod in pods:
        if not podutil.is_terminating(pod):
            continue
        name = pod["spec"].get("nodeName")
        node = nodes.get(name) if name else None
        if not name or (node is not None and is_out_of_service(node)):
            intents += plan_removal(pod, now)
    return tuple(intents)


def plan_orphaned(pods: Sequence[Object], missing: Collection[str], now: float) -> tuple[Intent, ...]:
    """Remove the pods of nodes which are known to be missing."""
    text = "PodGC: node no longer exists"
    return tuple(
        intent
        for pod in pods
        if pod["spec"].get("nodeName") in missing
        for intent in plan_removal(pod, now, reason_text=text)
    )


class PodGarbageCollector(Reconciler):
    """One key: everything."""

    name = "pod-garbage-collector-controller"
    workers = 1

    def __init__(
        self,
        environment: Environment,
        *,
        period_s: float = PERIOD_S,
        quarantine_s: float = QUARANTINE_S,
        terminated_max: int = TERMINATED_MAX,
    ) -> None:
        super().__init__(environment)
        self._period_s = period_s
        self._quarantine_s = quarantine_s
        self._terminated_max = terminated_max
        self._pods = self.informer(PODS)
        self._nodes = self.informer(NODES)
        self._missing_since: dict[str, float] = {}
        self._looked: float | None = None

    def watches(self) -> Sequence[Watch]:
        """Only nodes that are declared out of service wake it at once; else it looks by the clock."""
        return Watch(PODS, self._note_pod), Watch(NODES, self._declared)

    def _note_pod(self, _: Object | None, new: Object | None) -> Iterable[str]:
        if new is not None and self._looked is not None and self._may_go(new):
            self._look_at_next_turn()
        return ()

    def _may_go(self, pod: Object) -> bool:
        """Whether a round might remove the pod, now or later."""
        if podutil.is_terminating(pod) or podutil.is_terminal(pod):
            return True
        name = pod["spec"].get("nodeName")
        return bool(name) and self._nodes.get(None, name) is None

    def _declared(self, _: Object | None, new: Object | None) -> Iterable[str]:
        if new is None and self._looked is not None:
            self._look_at_next_turn()
        return ("pods",) if new is not None and is_out_of_service(new) else ()

    def _look_at_next_turn(self) -> None:
        """In the round at which one each period would see what happens now."""
        assert self._looked is not None
        now = self.clock.now()
        turns = math.floor((now - self._looked) / self._period_s) + 1
        self.environment.enqueue("pods", self._looked + turns * self._period_s - now)

    def first_keys(self) -> Iterable[str]:
        """The one key."""
        return ("pods",)

    def sync(self, key: str) -> Steps:
        """One round."""
        now = self._looked = self.clock.now()
        pods = self._pods.list()
        nodes = {node["metadata"]["name"]: node for node in self._nodes.list()}
        missing = yield from self._missing(
            {pod["spec"].get("nodeName") or "" for pod in pods} - {""}, nodes, now
        )
        removals = (
            *plan_terminated(pods, self._terminated_max, now),
            *plan_orphaned(pods, missing, now),
            *plan_terminating(pods, nodes, now),
        )
        if removals:
            yield removals
        if self._missing_since or any(podutil.is_terminating(pod) for pod in pods):
            yield (RequeueAfter(self._period_s),)

    def _missing(
        self, used: Collection[str], nodes: Mapping[str, Object], now: float
    ) -> Generator[Sequence[Intent], Outcomes, frozenset[str]]:
        """Nodes in use that have been missing for long enough, and are so when read live."""
        absent = set(used) - set(nodes)
        self._missing_since = {name: self._missing_since.get(name, now) for name in absent}
        due = sorted(name for name, since in self._missing_since.items() if now - since >= self._quarantine_s)
        if not due:
            return frozenset()
        outcomes = yield [ReadObject(NODES, None, name) for name in due]
        return frozenset(
            name
            for name, outcome in zip(due, outcomes, strict=True)
            if outcome.object is None and outcome.error is None
        )

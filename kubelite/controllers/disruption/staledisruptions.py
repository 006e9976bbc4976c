"""Pods that were said to be disrupted and still run: after two minutes their condition says so no more.

Whoever disrupts a pod says so first (condition DisruptionTarget) and deletes it then; it may have failed
between the two.

Source: k8s.io/kubernetes/pkg/controller/disruption/disruption.go (syncStalePodDisruption).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kubelite.api import podutil
from kubelite.api.conditions import get_condition, set_condition
from kubelite.api.resources import PODS
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import Intent, PatchObject, RequeueAfter, Steps
from kubelite.reconcile.ownership import key_of, split_key

TIMEOUT_S: Final = 120.0
DISRUPTION_TARGET: Final = "DisruptionTarget"
BY_KUBELET: Final = "TerminationByKubelet"
"""A reason: a kubelet takes as long as it takes until it deletes."""


def said_at(pod: Object) -> float | None:
    """Since when a pod that goes on is said to be disrupted, in Unix seconds; None if it is not."""
    if podutil.is_terminating(pod) or podutil.is_terminal(pod):
        return None
    condition = get_condition(pod, DISRUPTION_TARGET)
    if condition is None or condition.get("status") != "True" or condition.get("reason") == BY_KUBELET:
        return None
    return parse_time(condition.get("lastTransitionTime") or pod["metadata"]["creationTimestamp"])


def plan(pod: Object, now: float) -> tuple[Intent, ...]:
    """Take back what was said, once it is time."""
    since = said_at(pod)
    if since is None:
        return ()
    left_s = since + TIMEOUT_S - now
    if left_s > 0:
        return (RequeueAfter(left_s),)
    metadata = pod["metadata"]
    taken_back = podutil.condition(pod, DISRUPTION_TARGET, "False")
    conditions = set_condition(pod["status"]["conditions"], taken_back, now)
    patch = {
        "metadata": {"resourceVersion": metadata["resourceVersion"]},
        "status": {"conditions": conditions},
    }
    return (PatchObject(PODS, metadata["namespace"], metadata["name"], patch, subresource="status"),)


class StaleDisruptionsController(Reconciler):
    """Keys are pods."""

    name = "stale-pod-disruption-controller"
    component = "controllermanager"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._pods = self.informer(PODS)

    def watches(self) -> Sequence[Watch]:
        """Pods that are said to be disrupted."""
        return (Watch(PODS, _keys),)

    def sync(self, key: str) -> Steps:
        """One pod."""
        namespace, name = split_key(key)
        pod = self._pods.get(namespace, name)
        if pod is not None:
            yield plan(pod, self.clock.now())


def _keys(_old: Object | None, new: Object | None) -> Iterable[str]:
    return (key_of(new),) if new is not None and said_at(new) is not None else ()

"""TTL controller: tells each node how long its kubelet may believe what it read of Secrets and ConfigMaps.

Source: k8s.io/kubernetes/pkg/controller/ttl/ttl_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kubelite.api.resources import NODES
from kubelite.apimachinery.scheme import Object
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import Intent, PatchObject, Steps

ANNOTATION: Final = "node.alpha.kubernetes.io/ttl"
BOUNDARIES: Final = ((0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, 10_000, 300))
"""Sizes of the cluster, from and up to, and the seconds for them; they overlap, lest it waver."""


def step_for(size: int, step: int = 0) -> int:
    """The place in `BOUNDARIES` for a cluster of so many nodes, coming from another one."""
    while size > BOUNDARIES[step][1] and step + 1 < len(BOUNDARIES):
        step += 1
    while size < BOUNDARIES[step][0]:
        step -= 1
    return step


def plan(node: Object, ttl_s: int) -> tuple[Intent, ...]:
    """Annotate a node, if it says otherwise."""
    if (node["metadata"].get("annotations") or {}).get(ANNOTATION) == str(ttl_s):
        return ()
    patch = {"metadata": {"annotations": {ANNOTATION: str(ttl_s)}}}
    return (PatchObject(NODES, None, node["metadata"]["name"], patch, patch_type="strategic"),)


class TTLController(Reconciler):
    """Keys are nodes."""

    name = "ttl-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._nodes = self.informer(NODES)
        self._names: dict[str, None] = {}
        self._step = 0

    def watches(self) -> Sequence[Watch]:
        """Nodes, whose number decides."""
        return (Watch(NODES, self._keys),)

    def _keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        name: str = (new or old or {})["metadata"]["name"]
        if new is None:
            self._names.pop(name, None)
        elif name in self._names:
            return (name,) if plan(new, self._ttl_s) else ()
        else:
            self._names[name] = None
        before, self._step = self._step, step_for(len(self._names), self._step)
        return tuple(self._names) if self._step != before else (name,)

    @property
    def _ttl_s(self) -> int:
        return BOUNDARIES[self._step][2]

    def sync(self, key: str) -> Steps:
        """One node."""
        node = self._nodes.get(None, key)
        if node is not None:
            yield plan(node, self._ttl_s)

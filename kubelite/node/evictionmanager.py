"""Looks what the pods of a node hold of its disk, and evicts those that hold more than they may.

A node of whose pods none is limited does not even look. The rules are in `evictions`.

Source: pkg/kubelet/eviction/eviction_manager.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubelite.node.evictions import PERIOD_S, is_limited, overuse
from kubelite.node.podstate import PodEvicted
from kubelite.runtime import Context, Signal

if TYPE_CHECKING:
    from kubelite.node.machine import Machine
    from kubelite.node.podworker import PodWorker


class LookAtDisks(Signal):
    """Look whether pods hold more of the disk than they may."""


class EvictionManager:
    """Evicts pods.

    Args:
        machine: The node's.
        context: The kubelet's: it is told `LookAtDisks`.
        evicted: Is called with the worker of a pod that was evicted.
    """

    def __init__(self, machine: Machine, context: Context, evicted: Callable[[PodWorker], None]) -> None:
        self._machine = machine
        self._context = context
        self._evicted = evicted
        self._looks = False

    def watch(self, worker: PodWorker) -> None:
        """From now on look at what pods hold, if this one may hold only so much."""
        if not self._looks and is_limited(worker.base["spec"]):
            self._looks = True
            self._context.call_later(PERIOD_S, LookAtDisks())

    def look(self) -> None:
        """Evict the pods that hold more than they may; look again while there are such pods."""
        self._looks = False
        for worker in list(self._machine.workers.values()):
            spec = worker.base["spec"]
            if not worker.admitted or not is_limited(spec):
                continue
            problem = overuse(spec, worker.held(with_written=True)) if self._machine.powered else ""
            if problem:
                worker.handle(PodEvicted(problem))
                self._evicted(worker)
            self.watch(worker)

"""Which pods a node takes, what they have been given of it, and which of them may get more.

Source: pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/allocation/allocation_manager.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from kubelite.api import podutil
from kubelite.node import allocation
from kubelite.node.nodeobject import capacity, ports_refusal, refusal
from kubelite.node.podstate import PodSeen
from kubelite.node.procfiles import forbidden_setting

if TYPE_CHECKING:
    from kubelite.apimachinery.scheme import Object
    from kubelite.node.machine import Machine
    from kubelite.node.podworker import PodWorker


class Admission:
    """What a node has left.

    Args:
        machine: The node's.
        labels: Gives the labels of the Node, as far as they are known.
    """

    def __init__(self, machine: Machine, labels: Callable[[], Mapping[str, str]]) -> None:
        self._machine = machine
        self._labels = labels
        self._used: dict[str, int] = {"pods": 0}

    def __repr__(self) -> str:
        return f"<Admission of {self._machine.name}, {self._used['pods']} pods>"

    def refusal(self, worker: PodWorker) -> tuple[str, str] | None:
        """Why the node does not take a pod: (reason, message); None if it does."""
        problem = refusal(worker.base, worker.requests, self._used, self._machine.config, self._labels())
        if problem is not None:
            return problem
        setting = forbidden_setting(worker.base)
        if setting is not None:
            return "SysctlForbidden", f'forbidden sysctl: "{setting}" not allowlisted'
        others = (each.base for each in self._machine.workers.values() if each.admitted)
        return ports_refusal(worker.base, others)

    def take(self, worker: PodWorker) -> None:
        """The pod runs here: what it asks for is given to it."""
        worker.admitted = True
        self._count(worker, 1)

    def take_over(self, worker: PodWorker) -> None:
        """Count what a pod has that was taken by this kubelet before it was restarted."""
        if worker.admitted:
            self._count(worker, 1)

    def give_back(self, worker: PodWorker) -> bool:
        """The pod has ended; tells whether it had something."""
        had, worker.admitted = worker.admitted, False
        if had:
            self._count(worker, -1)
        return had

    def seen(self, worker: PodWorker, pod: Object) -> PodSeen:
        """What a worker is told of its pod: containers have what they were given until there is more."""
        if pod["spec"] is worker.state.plan.spec:
            return PodSeen(pod, worker.state.resize)
        if not worker.admitted or not allocation.is_resized(pod["spec"], worker.given):
            return PodSeen(pod)
        has = capacity(self._machine.config)
        problem = allocation.refusal(pod["spec"], self._used, worker.requests, has)
        if problem is not None:
            worker.resize_waits(pod, *problem)
            return PodSeen({**pod, "spec": allocation.with_resources(pod["spec"], worker.given)}, problem)
        self._count(worker, -1)
        worker.requests = podutil.requests(pod["spec"])
        worker.given = allocation.resources_of(pod["spec"])
        self._count(worker, 1)
        worker.resize_begins(pod)
        return PodSeen(pod)

    def waiting(self) -> Iterator[PodWorker]:
        """The pods that wait until there is more."""
        return (each for each in list(self._machine.workers.values()) if each.state.resize is not None)

    def _count(self, worker: PodWorker, sign: int) -> None:
        self._used["pods"] += sign
        for resource, wanted in worker.requests.items():
            self._used[resource] = self._used.get(resource, 0) + sign * wanted

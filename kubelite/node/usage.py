"""What the containers of a node use, at one moment; and what they have used since they began.

Nothing is measured: somebody says how much a pod uses now, and the sum over time is made of that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from kubelite.node.containerstate import ContainerState
    from kubelite.node.machine import Usage
    from kubelite.node.podworker import PodWorker

_NANO_OF_MILLI: Final = 1_000_000
_NANO: Final = 1_000_000_000


class Amounts(NamedTuple):
    """What is used: CPU in billionths of a core, and of a core's second since the start; memory in bytes."""

    cpu_nano: int = 0
    cpu_total_nano: int = 0
    memory: int = 0

    def plus(self, other: Amounts) -> Amounts:
        """Both together."""
        return Amounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class ContainerUsage(NamedTuple):
    """A container that runs, and what it uses."""

    state: ContainerState
    amounts: Amounts


class PodUsage(NamedTuple):
    """A pod of which a container runs."""

    worker: PodWorker
    containers: tuple[ContainerUsage, ...]

    @property
    def amounts(self) -> Amounts:
        """What its containers use together."""
        return total(each.amounts for each in self.containers)


def total(amounts: Iterable[Amounts]) -> Amounts:
    """All together."""
    found = Amounts()
    for each in amounts:
        found = found.plus(each)
    return found


class _Sum(NamedTuple):
    """What a container had used at a time, and how much it used then."""

    at: float
    cpu_nano: int
    total_nano: int


class UsageMeter:
    """Reads what the pods of a node use.

    A sum goes on from one reading to the next with what was used at the former; from the start of a container
    to its first reading, with what is used then. So it never goes down.

    Args:
        usage: Says what a pod uses.
    """

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._sums: dict[str, _Sum] = {}

    def __repr__(self) -> str:
        return f"<UsageMeter of {len(self._sums)} containers>"

    def read(self, workers: Iterable[PodWorker], now: float) -> list[PodUsage]:
        """What the pods use at a time, in Unix seconds: those of which a container runs."""
        found, sums = [], {}
        for worker in workers:
            running = [each for each in worker.state.containers.values() if each.alive]
            if not running:
                continue
            usage = self._usage(worker.base)
            containers = []
            for state in running:
                used = usage.get(state.spec.name, {})
                cpu_nano = used.get("cpu", 0) * _NANO_OF_MILLI
                sums[state.container_id] = sum_ = self._sum(state, cpu_nano, now)
                amounts = Amounts(cpu_nano, sum_.total_nano, used.get("memory", 0) // 1000)
                containers.append(ContainerUsage(state, amounts))
            found.append(PodUsage(worker, tuple(containers)))
        self._sums = sums
        return found

    def _sum(self, state: ContainerState, cpu_nano: int, now: float) -> _Sum:
        before = self._sums.get(state.container_id) or _Sum(state.started_at, cpu_nano, 0)
        more = round(max(now - before.at, 0.0) * _NANO) * before.cpu_nano // _NANO
        return _Sum(now, cpu_nano, before.total_nano + more)

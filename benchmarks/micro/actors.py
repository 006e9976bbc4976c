"""Tells and asks against awaiting an empty coroutine.

Messages are made beforehand: it is the mailbox that is measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import attrs

from benchmarks.measure import Bench, Measured, Stopwatch
from benchmarks.row import Row
from kubelite.runtime import Actor, ChildSpec, Ref, Request, System

OPERATIONS = 100_000
BURST = 128
ASKERS = 64
FLOOR = "awaiting an empty coroutine"


@attrs.frozen
class Count:
    """One more."""


@attrs.frozen
class Total(Request[int]):
    """How many?"""


class Counter(Actor[Any]):
    """Counts messages."""

    def __init__(self) -> None:
        self.count = 0

    def receive(self, message: Any) -> int:
        """Handles a message of either sort."""
        self.count += 1
        return self.count


class SilentCounter(Counter):
    """Counts, and has nothing to say."""

    def receive(self, message: Any) -> None:  # type: ignore[override]
        """Handles a message."""
        self.count += 1


async def _empty() -> None:
    pass


def floor(operations: int) -> Measured:
    """What Python needs to await a coroutine that does nothing."""

    async def run() -> float:
        with Stopwatch() as watch:
            for _ in range(operations):
                await _empty()
        return watch.cpu_s / operations

    return run


async def _started(actor: type[Counter]) -> tuple[System, Ref[Any]]:
    system = System(name="bench")
    await system.start(ChildSpec("counter", actor))
    await asyncio.sleep(0)
    return system, system.ref("counter")


async def tell(bench: Bench) -> list[Row]:
    """Tells in bursts, and the same through an `asyncio.Queue`."""
    operations = bench.size(OPERATIONS) // BURST * BURST
    system, ref = await _started(SilentCounter)
    handled = asyncio.Event()
    message = Count()

    async def tells() -> float:
        with Stopwatch() as watch:
            for _ in range(operations // BURST):
                for _ in range(BURST):
                    ref.tell(message)
                await asyncio.sleep(0)
            await Total().ask(ref)
        return watch.cpu_s / operations

    async def queue() -> float:
        waiting: asyncio.Queue[object] = asyncio.Queue()
        handled.clear()
        actor = SilentCounter()

        async def consume() -> None:
            for _ in range(operations):
                actor.receive(await waiting.get())
            handled.set()

        consumer = asyncio.create_task(consume())
        with Stopwatch() as watch:
            for _ in range(operations // BURST):
                for _ in range(BURST):
                    waiting.put_nowait(message)
                await asyncio.sleep(0)
            await handled.wait()
        await consumer
        return watch.cpu_s / operations

    rows = [
        await bench.compare("tell in bursts", tells, floor(operations), floor_name=FLOOR, target=0.35),
        await bench.compare("tell against a queue", tells, queue, floor_name="asyncio.Queue", target=2.0),
    ]
    await system.stop()
    return rows


async def ask(bench: Bench) -> list[Row]:
    """Asks that queue, from 64 askers at a time, and asks that run in the caller's stack."""
    operations = bench.size(OPERATIONS)
    system, ref = await _started(Counter)
    message, request = Count(), Total()

    async def inline() -> float:
        with Stopwatch() as watch:
            for _ in range(operations):
                await request.ask(ref)
        return watch.cpu_s / operations

    each = operations // 4 // ASKERS

    async def asker(number: int) -> None:
        for _ in range(each):
            if number == 0:
                ref.tell(message)  # the actor is not idle then: all asks of this turn have to queue
            await request.ask(ref)

    async def queued() -> float:
        with Stopwatch() as watch:
            await _together([asker(number) for number in range(ASKERS)])
        return watch.cpu_s / (each * ASKERS)

    rows = [
        await bench.compare("ask inline", inline, floor(operations), floor_name=FLOOR, target=0.35),
        await bench.compare(
            "ask queued, 64 askers", queued, floor(operations), floor_name=FLOOR, target=0.045
        ),
    ]
    await system.stop()
    return rows


async def _together(coroutines: Sequence[Any]) -> None:
    async with asyncio.TaskGroup() as group:
        for coroutine in coroutines:
            group.create_task(coroutine)

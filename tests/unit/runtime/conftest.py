"""Systems that are always stopped, and waiting by turns of the loop instead of by time."""

from __future__ import annotations

import asyncio

import pytest

from kubelite.runtime import System


async def _turns(count=60):
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def turns():
    """Lets the loop turn a fixed number of times: whatever can happen has happened then."""
    return _turns


@pytest.fixture
async def run():
    """Starts systems; what a failed test leaves running is cancelled, so that it cannot hang the others."""
    before = asyncio.all_tasks()
    systems = []

    async def start(*specs, **arguments):
        system = System(**arguments)
        systems.append(system)
        await system.start(*specs)
        await _turns(3)
        return system

    yield start
    for system in systems:
        stopping = asyncio.ensure_future(system.stop())
        await asyncio.wait({stopping}, timeout=0.2)
        stopping.cancel()
    for _ in range(3):
        left = asyncio.all_tasks() - before - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=0.2)


@pytest.fixture
def answered(turns):
    """What an awaitable comes to within some turns of the loop; fails instead of hanging."""

    async def answer(awaitable):
        async def wait():
            return await awaitable

        task = asyncio.ensure_future(wait())
        await turns()
        if not task.done():
            task.cancel()
            pytest.fail("there was no answer")
        return task.result()

    return answer

"""Canaries: a system that is started in one task and stopped in another, as fixtures and REPLs do."""

from __future__ import annotations

import asyncio
import contextlib

import anyio
import attrs
import pytest
import pytest_asyncio

from kubelite.runtime import Actor, ChildSpec, Request, System, VirtualClock, WrongLoop


@attrs.frozen
class Ping(Request[str]):
    """Are you there?"""


class Pong(Actor):
    def receive(self, message):
        return "pong"


@pytest_asyncio.fixture(params=[None, VirtualClock], ids=["real", "virtual"])
async def system(request):
    system = System(clock=request.param() if request.param else None)
    await system.start(ChildSpec("pong", Pong))
    yield system
    await system.stop()


async def test_a_system_of_a_fixture_answers(system):
    assert await Ping().ask(system.ref("pong")) == "pong"


async def test_a_system_of_a_fixture_lives_through_cancel_scopes(system):
    with anyio.move_on_after(0.001):
        await anyio.sleep_forever()
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0)
    assert await Ping().ask(system.ref("pong")) == "pong"


async def test_started_in_one_task_and_stopped_in_another():
    system = System()
    await asyncio.create_task(system.start(ChildSpec("pong", Pong)))
    assert await asyncio.create_task(_ask(system)) == "pong"
    await asyncio.create_task(system.stop())
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def _ask(system):
    return await Ping().ask(system.ref("pong"))


async def test_the_cancellation_of_the_starter_after_start_does_not_reach_the_system():
    system = System()

    async def start_and_wait():
        await system.start(ChildSpec("pong", Pong))
        await asyncio.Event().wait()

    task = asyncio.create_task(start_and_wait())
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await _ask(system) == "pong"
    await system.stop()


async def test_stop_twice_and_stop_unstarted_do_nothing():
    await System().stop()
    system = System()
    await system.start()
    await system.stop()
    await system.stop()


async def test_ten_systems_in_one_loop():
    systems = [System(name=f"s{number}") for number in range(10)]
    for system in systems:
        await system.start(ChildSpec("pong", Pong))
    assert [await _ask(system) for system in systems] == ["pong"] * 10
    for system in systems:
        await system.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_stop_on_another_loop_is_refused():
    system = System()
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    try:
        first.run_until_complete(system.start(ChildSpec("pong", Pong)))
        with pytest.raises(WrongLoop, match="another event loop"):
            second.run_until_complete(system.stop())
        first.run_until_complete(system.stop())
    finally:
        first.close()
        second.close()

"""Two clocks: the real one less what the loop stood still, and one that jumps."""

from __future__ import annotations

import asyncio
import time

import pytest

from kubelite.runtime import System, SystemClock, VirtualClock
from kubelite.runtime.clock import VIRTUAL_START_S


@pytest.fixture
async def virtual():
    clock = VirtualClock()
    system = System(clock=clock)
    await system.start()
    yield clock
    await system.stop()


@pytest.fixture
async def stopped_loop(monkeypatch):
    """A system clock, and a way to let the loop stand still for some seconds."""
    loop = asyncio.get_running_loop()
    offset = [0.0]
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + offset[0], raising=False)
    clock = SystemClock()
    system = System(clock=clock)
    await system.start()

    def stand_still(seconds):
        offset[0] += seconds

    yield clock, stand_still
    await system.stop()


# -- virtual time


async def test_it_begins_at_a_fixed_time(virtual):
    assert virtual.now() == pytest.approx(VIRTUAL_START_S)


async def test_an_hour_passes_at_once(virtual):
    began = time.perf_counter()
    await virtual.sleep(3600)
    await asyncio.sleep(3600)
    assert virtual.now() == pytest.approx(VIRTUAL_START_S + 7200)
    assert time.perf_counter() - began < 1


async def test_timers_fire_in_the_order_of_their_times(virtual):
    fired = []
    for delay in (30, 10, 20):
        virtual.call_later(delay, fired.append, delay)
    virtual.call_later(15, fired.append, "cancelled").cancel()
    await virtual.sleep(31)
    assert fired == [10, 20, 30]


async def test_a_timer_is_never_told_that_it_is_too_early(virtual):
    """One that looks whether its time has come, and else waits anew, would never end."""
    fired = []

    def look(due):
        fired.append(virtual.monotonic())
        if fired[-1] < due and len(fired) < 10:
            virtual.call_later(due - fired[-1], look, due)

    dues = [1.0, 1.0 + 5e-7, 1.0 + 8e-7]
    for due in dues:
        virtual.call_later(due - virtual.monotonic(), look, due)
    await virtual.sleep(2)
    assert fired == pytest.approx(dues, abs=1e-9)


async def test_two_runs_read_the_same_times():
    async def times():
        clock = VirtualClock()
        system = System(clock=clock)
        await system.start()
        read = []
        for seconds in (0.1, 1 / 3, 86400 * 3, 1e-3):
            await clock.sleep(seconds)
            read.append(clock.now())
        await system.stop()
        return read

    assert await times() == await times()


async def test_a_clock_stands_between_two_systems_and_goes_on():
    clock = VirtualClock()
    loop = asyncio.get_running_loop()
    for begins_at in (0.0, 100.0):
        system = System(clock=clock)
        await system.start()
        assert clock.monotonic() == begins_at
        began = loop.time()
        await clock.advance(100)
        assert clock.monotonic() == begins_at + 100
        assert loop.time() - began == 100
        await system.stop()
    assert clock.monotonic() == 200


async def test_months_pass_too(virtual):
    for _ in range(6):
        await virtual.sleep(86400 * 30)
        await virtual.sleep(1e-6)
    assert virtual.now() == pytest.approx(VIRTUAL_START_S + 6 * 86400 * 30)


async def test_years_pass_too(virtual):
    for _ in range(3):
        await virtual.sleep(86400 * 365 * 30)
        await virtual.sleep(1e-6)
    assert virtual.now() == pytest.approx(VIRTUAL_START_S + 3 * 86400 * 365 * 30)


async def test_a_timeout_ends_the_body(virtual):
    with pytest.raises(TimeoutError):
        async with virtual.timeout(60):
            await asyncio.Event().wait()
    assert virtual.monotonic() == pytest.approx(60)


async def test_a_body_in_time_is_not_disturbed(virtual):
    async with virtual.timeout(60):
        await virtual.sleep(59)
    async with virtual.timeout(None):
        await virtual.sleep(1)
    await virtual.sleep(100)


async def test_frozen_time_stands_until_it_is_advanced(virtual, turns):
    fired = []
    virtual.freeze()
    virtual.call_later(10, fired.append, 10)
    virtual.call_later(20, fired.append, 20)
    await turns()
    assert fired == []
    await virtual.advance(15)
    assert fired == [10]
    assert virtual.monotonic() == pytest.approx(15)
    virtual.unfreeze()
    await virtual.sleep(6)
    assert fired == [10, 20]


async def test_time_cannot_go_back(virtual):
    with pytest.raises(ValueError, match="cannot go back"):
        await virtual.advance(-1)


async def test_time_stands_while_a_thread_of_the_executor_works(virtual):
    beats = []

    async def beat():
        while True:
            await asyncio.sleep(10)
            beats.append(1)

    beating = asyncio.ensure_future(beat())
    await asyncio.to_thread(time.sleep, 0.02)
    assert beats == []
    beating.cancel()


async def test_real_sockets_are_still_heard(virtual):
    async def echo(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    writer.close()
    server.close()


async def test_all_systems_on_a_loop_share_the_time():
    one, two = VirtualClock(), VirtualClock()
    systems = [System(clock=one), System(clock=two)]
    for system in systems:
        await system.start()
    await one.sleep(100)
    assert two.now() == one.now()
    await systems[0].stop()
    began = two.now()
    await two.sleep(100)
    assert two.now() == pytest.approx(began + 100)
    await systems[1].stop()


async def test_the_loop_gets_its_own_time_back():
    loop = asyncio.get_running_loop()
    selector, before = loop._selector, loop.time()
    due = loop.call_later(500, lambda: None)
    system = System(clock=VirtualClock())
    await system.start()
    await asyncio.sleep(100)
    await system.stop()
    assert loop._selector is selector
    assert "time" not in vars(loop)
    assert before <= loop.time() < before + 5
    assert due.when() - loop.time() == pytest.approx(400, abs=5)
    due.cancel()


# -- real time


async def test_the_system_clock_tells_the_time_of_day():
    assert abs(SystemClock().now() - time.time()) < 1


async def test_a_loop_that_stood_still_is_taken_out_and_its_timers_wait_on(stopped_loop):
    clock, stand_still = stopped_loop
    fired = []
    timer = clock.call_later(30, fired.append, 1)
    stand_still(60)
    await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)
    assert fired == []
    assert clock.monotonic() < 2
    timer.cancel()


async def test_a_short_wait_is_no_stand_still(stopped_loop):
    clock, stand_still = stopped_loop
    before = clock.monotonic()
    stand_still(0.4)
    await asyncio.sleep(0.01)
    assert clock.monotonic() - before >= 0.4


async def test_the_clock_is_right_at_the_first_look_after_a_pause(stopped_loop):
    clock, stand_still = stopped_loop
    before = clock.monotonic()
    stand_still(60)
    assert clock.monotonic() - before < 2


async def test_the_clock_never_goes_back(stopped_loop):
    clock, stand_still = stopped_loop
    stand_still(60)
    seen = [clock.monotonic()]
    await asyncio.sleep(0.01)
    seen.append(clock.monotonic())
    assert seen == sorted(seen)


async def test_time_stands_while_a_thread_of_anyio_works(virtual):
    import anyio.to_thread

    beats = []

    async def beat():
        while True:
            await asyncio.sleep(10)
            beats.append(1)

    beating = asyncio.ensure_future(beat())
    await anyio.to_thread.run_sync(time.sleep, 0.02)
    beating.cancel()
    assert beats == []

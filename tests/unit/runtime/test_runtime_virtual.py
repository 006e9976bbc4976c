"""Virtual time in a test's hands: what moves it, what holds it, and what cannot be."""

from __future__ import annotations

import asyncio
import http.client
import threading

import pytest
import yaml

import kubelite
from kubelite.runtime import System, SystemClock, VirtualClock


@pytest.fixture
async def virtual():
    clock = VirtualClock()
    system = System(clock=clock)
    await system.start()
    yield clock
    await system.stop()


async def test_advance_does_all_that_the_last_moment_brings(virtual):
    done = []

    async def work():
        await asyncio.sleep(10)
        for _ in range(50):
            await asyncio.sleep(0)
        done.append(virtual.monotonic())

    virtual.freeze()
    task = asyncio.ensure_future(work())
    await virtual.advance(10)
    assert done == [10.0]
    assert virtual.monotonic() == 10.0
    await task


async def test_frozen_time_moves_by_the_longest_of_several_advances_and_no_further(virtual):
    virtual.freeze()
    begun = virtual.monotonic()
    async with asyncio.TaskGroup() as both:
        both.create_task(virtual.advance(100))
        both.create_task(virtual.advance(10))
    assert virtual.monotonic() - begun == 100
    moving = asyncio.ensure_future(virtual.advance(100))
    await asyncio.sleep(40)
    moving.cancel()
    await asyncio.wait({moving})
    late = asyncio.ensure_future(virtual.sleep(20))
    await virtual.settle()
    assert not late.done()
    assert virtual.monotonic() - begun == 140
    late.cancel()
    virtual.unfreeze()


async def test_settle_lets_things_happen_but_no_time_pass(virtual):
    done = []

    async def work():
        for _ in range(50):
            await asyncio.sleep(0)
        done.append(1)
        await asyncio.sleep(5)
        done.append(2)

    task = asyncio.ensure_future(work())
    await virtual.settle()
    assert (done, virtual.monotonic()) == ([1], 0.0)
    await task


async def test_held_time_goes_on_when_all_have_let_go(virtual):
    waiting = asyncio.ensure_future(virtual.sleep(5))
    virtual.hold()
    virtual.hold()
    await virtual.settle()
    virtual.release()
    await virtual.settle()
    assert not waiting.done()
    virtual.release()
    await waiting
    assert virtual.monotonic() == 5.0


async def test_the_systems_time_is_not_moved():
    clock = SystemClock()
    for refused in (clock.freeze, clock.unfreeze):
        with pytest.raises(RuntimeError, match=r"takes its own course.*VirtualClock"):
            refused()
    with pytest.raises(RuntimeError, match=r"sleep\(60\) waits"):
        await clock.advance(60)
    with pytest.raises(RuntimeError, match="takes its own course"):
        await clock.settle()


async def test_a_loop_has_one_kind_of_time(virtual):
    system = System(clock=SystemClock())
    with pytest.raises(RuntimeError, match="the time of this event loop is virtual"):
        await system.start()


async def test_a_loop_with_real_time_cannot_have_virtual_time_too():
    real = System(clock=SystemClock())
    await real.start()
    with pytest.raises(RuntimeError, match="runs on this event loop"):
        await System(clock=VirtualClock()).start()
    await real.stop()
    virtual = System(clock=VirtualClock())
    await virtual.start()
    await virtual.stop()


async def test_virtual_time_is_moved_on_its_own_loop(virtual):
    with pytest.raises(RuntimeError, match="on its cluster's own event loop"):
        await asyncio.to_thread(virtual.freeze)


def test_a_foreign_event_loop_is_refused():
    loop = asyncio.AbstractEventLoop()
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        with pytest.raises(RuntimeError, match="needs asyncio's own event loop"):
            VirtualClock().attach()
    finally:
        asyncio._set_running_loop(running)


async def test_while_time_stands_real_time_can_be_waited_for(virtual):
    rung, begun, first = asyncio.Event(), virtual.now(), []
    virtual.freeze()
    virtual.call_outside_later(0.02, rung.set)
    virtual.call_outside_later(0.01, lambda: first.append(rung.is_set()))
    forget = virtual.call_outside_later(0.01, lambda: first.append("forgotten"))
    forget()
    forget()
    async with asyncio.timeout(3600):
        await rung.wait()
    assert first == [False]
    assert virtual.now() == begun
    virtual.unfreeze()


def test_several_threads_may_call_a_virtual_cluster_at_once():
    with kubelite.start(nodes=0, clock=VirtualClock(), seed=1, secure=False) as cluster:
        both = threading.Barrier(2)

        async def meet():
            await asyncio.to_thread(both.wait, 30)  # the other one is in a call, too
            await cluster.cluster.clock.sleep(60)

        calls = [cluster.submit(meet) for _ in range(2)]
        for each in calls:
            each.result(30)
        assert cluster.clock.monotonic() == 60


def test_a_blocking_watch_from_outside_ends_when_it_is_to_though_time_stands():
    with kubelite.start(nodes=0, clock=VirtualClock(), seed=1, secure=False) as cluster:
        began = cluster.clock.now()
        wire = http.client.HTTPConnection(cluster.url.removeprefix("http://"))
        token = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]["token"]
        head = {"Authorization": f"Bearer {token}"}
        wire.request("GET", "/api/v1/namespaces?watch=1&timeoutSeconds=1", headers=head)
        events = wire.getresponse().read().splitlines()
        assert len(events) >= 1
        wire.close()
        assert cluster.clock.now() == began


def test_what_needs_sockets_is_refused_under_virtual_time():
    with pytest.raises(ValueError, match="nothing listens on sockets"):
        kubelite.Cluster(clock=VirtualClock(), expose=True)


def test_a_blocking_clusters_virtual_time_passes_only_while_it_is_asked_for_something():
    def run():
        with kubelite.start(nodes=1, clock=VirtualClock(), seed=1, secure=False) as cluster:
            times = [cluster.clock.now()]
            for _ in range(100):  # turns of the loop in which time could run away
                cluster.statistics()
            times.append(cluster.clock.now())
            cluster.clock.advance(60)
            times.append(cluster.clock.now())
            cluster.clock.sleep(5)
            cluster.fail_node("node-1")
            cluster.wait_for("node/node-1", "condition=Ready=Unknown", timeout=120)
            times.append(cluster.clock.now())
            cluster.clock.freeze()
            cluster.clock.settle()
            cluster.clock.unfreeze()
            assert repr(cluster.clock).startswith("<BlockingClock of <VirtualClock")
            return [each - times[0] for each in times], cluster.clock.monotonic()

    first = run()
    assert first[0][:3] == [0.0, 0.0, 60.0]
    assert 90 < first[0][3] < 130
    assert run() == first

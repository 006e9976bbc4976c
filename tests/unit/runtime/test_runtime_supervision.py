"""Who is restarted when something crashes, when it is too much, and that start and stop always end."""

from __future__ import annotations

import asyncio

import attrs
import pytest
import structlog

from kubelite.runtime import Actor, ChildSpec, Request, SupervisorSpec, System, TooManyRestarts, VirtualClock


@attrs.frozen
class Ping(Request[str]):
    """Are you there?"""


class Fragile(Actor):
    """Raises over every message but a ping; writes down what happens to it."""

    def __init__(self, name, journal):
        self.name, self.journal = name, journal

    async def started(self):
        self.journal.append(f"+{self.name}")

    def receive(self, message):
        if isinstance(message, Ping):
            return self.name
        raise ValueError(message)

    async def stopped(self):
        self.journal.append(f"-{self.name}")


@pytest.fixture
def journal():
    return []


@pytest.fixture
def fragile(journal):
    def make(name, **arguments):
        return ChildSpec(name, lambda: Fragile(name, journal), **arguments)

    return make


async def test_children_start_in_order_and_stop_in_reverse(run, fragile, journal):
    system = await run(fragile("a"), SupervisorSpec("s", (fragile("b"),)), fragile("c"))
    await system.stop()
    assert journal == ["+a", "+b", "+c", "-c", "-b", "-a"]


async def test_one_for_one_restarts_the_child_alone(run, fragile, journal, turns):
    system = await run(fragile("a"), fragile("b"))
    system.ref("a").tell("x")
    await turns()
    assert journal == ["+a", "+b", "-a", "+a"]


async def test_rest_for_one_restarts_those_behind_it(run, fragile, journal, turns):
    spec = SupervisorSpec("s", (fragile("a"), fragile("b"), fragile("c")), strategy="rest_for_one")
    system = await run(spec)
    system.ref("s/b").tell("x")
    await turns()
    assert journal == ["+a", "+b", "+c", "-b", "-c", "+b", "+c"]


async def test_a_ref_survives_the_restart(run, fragile, turns, answered):
    system = await run(fragile("a"))
    ref = system.ref("a")
    ref.tell("x")
    await turns()
    assert await answered(Ping().ask(ref)) == "a"


async def test_a_temporary_child_stays_dead(run, fragile, journal, turns):
    system = await run(fragile("a", restart="temporary"))
    system.ref("a").tell("x")
    await turns()
    assert journal == ["+a", "-a"]


async def test_the_crash_is_logged_with_its_message(run, fragile, turns):
    system = await run(fragile("a"))
    with structlog.testing.capture_logs() as logs:
        system.ref("a").tell("the culprit")
        await turns()
    assert [(entry["event"], entry["actor"], entry["message"]) for entry in logs] == [
        ("actor crashed", "a", "'the culprit'")
    ]


async def test_too_many_restarts_fail_the_supervisor_and_then_its_parent(run, fragile, journal, turns):
    inner = SupervisorSpec("inner", (fragile("a"),), restarts_max=1)
    system = await run(SupervisorSpec("outer", (inner, fragile("b")), restarts_max=1))
    for _ in range(2):
        system.ref("outer/inner/a").tell("x")
        await turns()
    assert journal == ["+a", "+b", "-a", "+a", "-a", "+a"]
    assert await Ping().ask(system.ref("outer/b")) == "b"


async def test_too_many_restarts_at_the_root_end_the_system_with_the_cause(run, fragile, turns):
    system = await run(fragile("a"))
    seen = []
    system.on_failure = seen.append
    for _ in range(6):
        system.ref("a").tell("x")
    cause = await asyncio.wait_for(system.failed(), 20)
    assert isinstance(cause, TooManyRestarts)
    assert isinstance(cause.__cause__, ValueError)
    assert seen == [cause]


async def test_restarts_long_ago_do_not_count(fragile, turns, answered):
    system = System(clock=VirtualClock())
    await system.start(SupervisorSpec("s", (fragile("a"),), restarts_max=1, period_s=60))
    for _ in range(4):
        system.ref("s/a").tell("x")
        await turns()
        await system.clock.sleep(61)
    assert await answered(Ping().ask(system.ref("s/a"))) == "a"
    await system.stop()


async def test_what_started_raises_is_raised_by_start_and_nothing_is_left(journal, fragile):
    class Unable(Actor):
        async def started(self):
            raise ValueError("cannot")

    before = asyncio.all_tasks()
    system = System()
    with pytest.raises(ValueError, match="cannot"):
        await system.start(fragile("a"), ChildSpec("b", Unable))
    assert journal == ["+a", "-a"]
    assert await system.failed()
    assert asyncio.all_tasks() == before


async def test_a_system_starts_once(run, fragile):
    system = await run(fragile("a"))
    with pytest.raises(RuntimeError, match="started already"):
        await system.start()


async def test_names_are_unique(run, fragile):
    with pytest.raises(ValueError, match="an actor named a runs already"):
        await run(fragile("a"), fragile("a"))


class Parent(Actor):
    """Spawns, stops and pokes a child."""

    def __init__(self, spec):
        self.spec = spec

    async def receive(self, message):
        match message:
            case "spawn":
                self.child = self.context.spawn(self.spec)
            case "stop":
                await self.context.stop_child(self.spec.name)
            case Ping():
                return "parent"
            case _:
                self.child.tell(message)
        return None


async def test_a_spawned_child_restarts_and_stops_with_its_parent(run, fragile, journal, turns):
    system = await run(ChildSpec("p", lambda: Parent(fragile("c"))))
    parent = system.ref("p")
    for message in ("spawn", "x"):
        parent.tell(message)
        await turns()
    assert journal == ["+c", "-c", "+c"]
    await system.stop()
    assert journal == ["+c", "-c", "+c", "-c"]


async def test_a_stopped_child_can_be_spawned_again(run, fragile, journal, turns):
    system = await run(ChildSpec("p", lambda: Parent(fragile("c"))))
    for message in ("spawn", "stop", "spawn"):
        system.ref("p").tell(message)
        await turns()
    assert journal == ["+c", "-c", "+c"]
    assert system.statistics()["p"]["restarts"] == 0


# -- what once was wrong


async def test_start_can_be_cancelled_while_an_actor_starts(turns):
    class Never(Actor):
        async def started(self):
            await asyncio.Event().wait()

    before = asyncio.all_tasks()
    starting = asyncio.ensure_future(System().start(ChildSpec("n", Never)))
    await turns()
    starting.cancel()
    await turns()
    done = starting.done()
    for task in asyncio.all_tasks() - before:
        task.cancel()
    await turns()
    assert done


async def test_stop_ends_while_a_restart_hangs(run, turns):
    starts = []

    class Once(Actor):
        async def started(self):
            starts.append(1)
            if len(starts) > 1:
                await asyncio.Event().wait()

        def receive(self, message):
            raise ValueError

    system = await run(ChildSpec("o", Once))
    system.ref("o").tell(1)
    await turns()
    stopping = asyncio.ensure_future(system.stop())
    await turns()
    done = stopping.done()
    stopping.cancel()
    assert done


async def test_two_that_crash_together_and_need_each_other_both_come_back(
    run, turns, journal, fragile, answered
):
    class Dependent(Actor):
        async def started(self):
            await Ping().ask(system.ref("a"))

        def receive(self, message):
            if isinstance(message, Ping):
                return "b"
            raise ValueError

    system = System()
    await system.start(fragile("a"), ChildSpec("b", Dependent))
    await turns(3)
    system.ref("b").tell("x")
    system.ref("a").tell("x")
    try:
        assert await answered(Ping().ask(system.ref("b"))) == "b"
    finally:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if task.get_name() in {"system host", "a", "b"}:
                task.cancel()
        await turns()


async def test_a_spawned_child_that_crashes_too_often_crashes_its_parent_only(run, fragile, turns, answered):
    system = await run(ChildSpec("p", lambda: Parent(fragile("c"))))
    parent = system.ref("p")
    parent.tell("spawn")
    await turns()
    for _ in range(7):
        parent.tell("x")
    await turns()
    assert await answered(Ping().ask(parent)) == "parent"
    assert system.statistics()["p"]["restarts"] == 1


async def test_a_temporary_child_that_ended_can_be_spawned_again(run, fragile, journal, turns):
    system = await run(ChildSpec("p", lambda: Parent(fragile("c", restart="temporary"))))
    for message in ("spawn", "x", "spawn"):
        system.ref("p").tell(message)
        await turns()
    assert journal == ["+c", "-c", "+c"]


async def test_a_factory_that_raises_counts_as_a_crash(run, turns, answered):
    made = []

    def make():
        made.append(1)
        if len(made) == 2:
            raise ValueError("the factory")
        return Fragile("a", [])

    system = await run(ChildSpec("a", make))
    ref = system.ref("a")
    ref.tell("x")
    await turns()
    assert await answered(Ping().ask(ref)) == "a"

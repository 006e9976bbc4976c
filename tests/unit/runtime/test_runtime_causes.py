"""What led to what: noted for keys, and carried by tasks."""

import asyncio

import pytest

from kubelite.runtime import Actor, ChildSpec, System, causes


@pytest.fixture(autouse=True)
def no_cause():
    before = causes.current.set(None)
    yield
    causes.current.reset(before)


def noted(of, key, *versions):
    for version in versions:
        causes.current.set(version)
        of.note(key)


def test_a_key_has_all_that_asked_for_it_once():
    of = causes.CausesOf()
    noted(of, "web", "1", "2", "1")
    noted(of, "other", "3")
    assert of.take("web") == ("1", "2")
    assert of.take("web") is None
    assert of.take("other") == ("3",)


def test_of_many_that_asked_the_first_and_the_last_are_kept():
    of = causes.CausesOf()
    noted(of, "web", *map(str, range(10)))
    assert of.take("web") == ("0", "1", "2", "9")


def test_who_asked_several_times_over_passes_all_on():
    of = causes.CausesOf()
    noted(of, "web", ("1", "2"), "3", ("3", "4", "5"))
    assert of.take("web") == ("1", "2", "5")


def test_a_look_that_nobody_asked_for_has_the_cause_of_the_one_before():
    of = causes.CausesOf()
    of.keep("web", ("1",))
    assert of.take("web") == ("1",)
    of.keep("web", ("1",))
    noted(of, "web", "2")
    assert of.take("web") == ("2",)
    assert of.take("web") is None


def test_without_a_cause_nothing_is_noted():
    of = causes.CausesOf()
    noted(of, "web", None)
    assert of.take("web") is None
    assert repr(of) == "<CausesOf 0 keys>"


async def test_tasks_of_actors_inherit_the_cause_and_nothing_else():
    seen = []

    class Worker(Actor[str]):
        def receive(self, message):
            before = causes.current.set(message)
            self.context.start_task(self.work(), name="work")
            causes.current.reset(before)

        async def work(self):
            seen.append(causes.current.get())

    system = System()
    await system.start(ChildSpec("worker", Worker))
    system.ref("worker").tell("12")
    await asyncio.sleep(0.01)
    await system.stop()
    assert seen == ["12"]
    assert causes.current.get() is None

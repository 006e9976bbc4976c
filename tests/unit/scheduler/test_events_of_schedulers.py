"""Every Event that the scheduler makes, and what it says to the letter."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kubelite.scheduler.effects import Effects


class Book:
    """Keeps what is recorded, and by which profile."""

    def __init__(self, profile, entries):
        self.profile, self.entries = profile, entries

    def event(self, obj, type, reason, message, *, action="", related=None):  # noqa: A002
        about = obj["metadata"]["name"]
        self.entries.append((self.profile, about, type, reason, message, action))
        if related is not None:
            self.entries.append((self.profile, related["metadata"]["name"], "related", reason))


class Door:
    """An API server to which all is right."""

    async def create(self, *_, **__):
        return None

    patch = delete = create


def info(name):
    pod = {"metadata": {"name": name, "namespace": "d", "uid": f"uid-{name}"}, "status": {}}
    return SimpleNamespace(pod=pod, uid=f"uid-{name}", key=f"d/{name}", nominated="", terminating=False)


@pytest.fixture
def book():
    return []


@pytest.fixture
def effects(book):
    clock = SimpleNamespace(now=lambda: 0.0)
    return Effects(client=Door(), clock=clock, recorder=lambda profile: Book(profile, book))


async def test_a_pod_that_gets_a_node(effects, book):
    await effects.bind(info("p"), "n", "default-scheduler")
    message = "Successfully assigned d/p to n"
    assert book == [("default-scheduler", "p", "Normal", "Scheduled", message, "Binding")]


async def test_a_pod_that_finds_no_node(effects, book):
    await effects.report(info("p"), "mine", "Unschedulable", "0/1 nodes are available: 1 x.")
    message = "0/1 nodes are available: 1 x."
    assert book == [("mine", "p", "Warning", "FailedScheduling", message, "Scheduling")]


async def test_a_long_message_is_cut(effects, book):
    await effects.report(info("p"), "mine", "Unschedulable", 2000 * "x")
    ((*_, message, _),) = book
    assert message == 1020 * "x" + " ..."


async def test_a_pod_that_has_to_make_room(effects, book):
    assert await effects.evict([info("victim")], info("p"), "n", "default-scheduler")
    message = "Preempted by pod uid-p on node n"
    assert book == [
        ("default-scheduler", "victim", "Normal", "Preempted", message, "Preempting"),
        ("default-scheduler", "p", "related", "Preempted"),
    ]

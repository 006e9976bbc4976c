"""A controller that nobody needs yet makes no reconciler; what calls for it makes it, also after a crash."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
import structlog

from kubelite.api.resources import CONFIGMAPS, SECRETS
from kubelite.apimachinery.lazy import load
from kubelite.client.informer import InformerFactory
from kubelite.reconcile.controller import CALLED, WAKE, Reconciler, Trigger, Watch, controller_spec
from kubelite.reconcile.intents import CreateObject
from kubelite.reconcile.ownership import key_of
from kubelite.runtime import System
from tests.harness import api_server

TRIGGER = Trigger(CONFIGMAPS, lambda obj: obj["metadata"]["name"] == "call")


class Looks(Reconciler):
    """Notes which Secrets it looks at; raises over one that is called `bad` the first time."""

    name = "looks"

    def __init__(self, environment, made):
        super().__init__(environment)
        made.append(self)
        self.first = len(made) == 1
        self.keys = []

    def watches(self):
        return (Watch(SECRETS, lambda old, new: (key_of(new or old),)),)

    def sync(self, key):
        self.keys.append(key)
        if key == "default/bad" and self.first:
            raise LookupError(key)
        yield ()


def named(resource, name):
    return {"apiVersion": "v1", "kind": resource.kind, "metadata": {"name": name}}


@asynccontextmanager
async def running(client, make):
    informers = InformerFactory(client)
    spec = controller_spec(
        make,
        "looks",
        client=client,
        informers=informers,
        clock=client.clock,
        random=client.system.random.fork("controller"),
        recorder=None,
        triggers=(TRIGGER,),
    )
    manager = System(clock=client.clock, seed=1, name="manager")
    await manager.start(informers.spec(), spec)
    try:
        yield manager
    finally:
        await manager.stop()


@pytest.fixture
def made():
    return []


async def test_only_what_concerns_it_makes_a_reconciler_and_that_sees_what_was_there(made):
    async with api_server() as client, running(client, lambda env: Looks(env, made)):
        await client.create(SECRETS, named(SECRETS, "early"), "default")
        await client.create(CONFIGMAPS, named(CONFIGMAPS, "other"), "default")
        await client.clock.sleep(1)
        assert made == []
        await client.create(CONFIGMAPS, named(CONFIGMAPS, "call"), "default")
        await client.create(CONFIGMAPS, named(CONFIGMAPS, "another"), "default")
        await client.clock.sleep(1)
        await client.create(SECRETS, named(SECRETS, "late"), "default")
        await client.clock.sleep(1)
    (looks,) = made
    assert looks.keys == ["default/early", "default/late"]


async def test_what_exists_calls_for_it_at_the_start_and_after_a_crash(made):
    async with api_server() as client:
        await client.create(CONFIGMAPS, named(CONFIGMAPS, "call"), "default")
        async with running(client, lambda env: Looks(env, made)):
            await client.clock.sleep(1)
            assert len(made) == 1
            await client.create(SECRETS, named(SECRETS, "bad"), "default")
            await client.clock.sleep(5)
    assert [each.keys for each in made] == [["default/bad"], ["default/bad"]]


async def test_what_the_one_before_was_told_does_not_crash_the_next(made):
    async with api_server() as client:
        await client.create(CONFIGMAPS, named(CONFIGMAPS, "call"), "default")
        async with running(client, lambda env: Looks(env, made)) as manager:
            await client.clock.sleep(1)
            slot = manager._slots["looks"]
            with structlog.testing.capture_logs() as logs:
                slot.fail(RuntimeError("crash"), None)
                slot.tell(WAKE)
                slot.tell(CALLED)
                await client.clock.sleep(1)
            await client.create(SECRETS, named(SECRETS, "late"), "default")
            await client.clock.sleep(1)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["actor crashed"]
    assert [each.keys for each in made] == [[], ["default/late"]]


async def test_a_module_that_cannot_be_imported_ends_the_system_with_its_name_once_it_is_needed():
    def make(_environment):
        return load("kubelite.controllers.nowhere:Nobody")

    async with api_server() as client, running(client, make) as manager:
        await client.clock.sleep(1)
        with structlog.testing.capture_logs() as logs:
            await client.create(CONFIGMAPS, named(CONFIGMAPS, "call"), "default")
            error = await manager.failed()
    while error.__cause__ is not None:
        error = error.__cause__
    assert isinstance(error, ModuleNotFoundError)
    assert "kubelite.controllers.nowhere" in str(error)
    assert ("actor crashed", "looks") in {(entry["event"], entry["actor"]) for entry in logs}


class Makes(Looks):
    """Tries to make a Secret."""

    name = "makes"
    namespace, secret = "", ""

    def sync(self, key):
        metadata = {"name": self.secret, "namespace": self.namespace}
        yield (CreateObject(SECRETS, {**named(SECRETS, ""), "metadata": metadata}),)


@pytest.mark.parametrize(
    ("namespace", "secret", "level"), [("nowhere", "fine", "debug"), ("default", "No Name", "warning")]
)
async def test_a_namespace_that_is_gone_is_nothing_to_warn_of(made, monkeypatch, namespace, secret, level):
    monkeypatch.setattr(Makes, "namespace", namespace)
    monkeypatch.setattr(Makes, "secret", secret)
    async with api_server() as client:
        await client.create(CONFIGMAPS, named(CONFIGMAPS, "call"), "default")
        with structlog.testing.capture_logs() as logs:
            async with running(client, lambda env: Makes(env, made)):
                await client.create(SECRETS, named(SECRETS, "early"), "default")
                await client.clock.sleep(1)
    assert {entry["log_level"] for entry in logs if entry["event"] == "sync_failed"} == {level}


class Rests(Looks):
    """Lets ten seconds pass between two looks at a key."""

    name = "rests"

    def interval_s(self, key):
        return 10.0


async def test_keys_whose_rest_is_over_are_forgotten(made):
    async with api_server() as client:
        await client.create(CONFIGMAPS, named(CONFIGMAPS, "call"), "default")
        async with running(client, lambda env: Rests(env, made)):
            resting = []
            for name in "abc":
                await client.create(SECRETS, named(SECRETS, name), "default")
                await client.clock.sleep(6)
                controller = made[0].environment.enqueue.__self__
                resting.append(controller.statistics()["resting"])
    assert resting == [1, 2, 2]


class Many(Looks):
    """Has much to look at from the start, and nothing to ask for."""

    name = "many"

    def first_keys(self):
        return map(str, range(1000))


async def test_others_have_their_turn_while_much_is_looked_at(made):
    seen = set()

    async def watch():
        while len(made[0].keys) < 1000:
            seen.add(len(made[0].keys))
            await asyncio.sleep(0)

    async with api_server() as client:
        await client.create(CONFIGMAPS, named(CONFIGMAPS, "call"), "default")
        async with running(client, lambda env: Many(env, made)):
            while not made:
                await asyncio.sleep(0)
            await watch()
    assert len(seen - {0}) > 3

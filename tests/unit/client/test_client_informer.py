"""Informers against a real API server: copies, look-ups, handlers, and what happens when a watch is lost."""

from __future__ import annotations

import pytest

from kubelite.api.resources import CONFIGMAPS, PODS, SECRETS
from kubelite.apimachinery.apierrors import APIError, ServiceUnavailable
from kubelite.apimachinery.labels import parse_selector
from kubelite.client.informer import Answered, Informer, InformerFactory
from kubelite.runtime import System
from tests.faultyclients import LaggingClient
from tests.harness import api_server


@pytest.fixture
async def client():
    async with api_server() as client:
        for made in (await client.list(CONFIGMAPS, "kube-system")).items:
            await client.delete(CONFIGMAPS, made["metadata"]["name"], "kube-system")
        yield client


class Broken:
    """A client whose lists and watches can be made to fail."""

    def __init__(self, client):
        self.client = client
        self.failures: list[APIError] = []
        self.lists = 0
        self.watchers = []

    async def list(self, *args, **kwargs):
        self.lists += 1
        if self.failures:
            raise self.failures.pop()
        return await self.client.list(*args, **kwargs)

    async def watch(self, *args, **kwargs):
        watcher = await self.client.watch(*args, **kwargs)
        self.watchers.append(watcher)
        return watcher


@pytest.fixture
async def broken(client):
    return Broken(client)


@pytest.fixture
async def factory(client, broken):
    factory = InformerFactory(broken)
    system = System(clock=client.clock, seed=0, name="informers")
    await system.start(factory.spec())
    yield factory
    await system.stop()


def config_map(name, **metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


async def settle(client):
    await client.clock.sleep(0.01)


async def test_copy_follows_the_collection(client, factory):
    await client.create(CONFIGMAPS, config_map("a"), "default")
    informer = factory.informer(CONFIGMAPS)
    assert factory.informer(CONFIGMAPS) is informer
    assert not informer.has_synced
    await informer.wait_synced()
    a = informer.get("default", "a")
    assert a is await client.get(CONFIGMAPS, "a", "default")
    await client.create(CONFIGMAPS, config_map("b"), "kube-system")
    await client.patch(CONFIGMAPS, "a", {"data": {"x": "y"}}, "default")
    await settle(client)
    assert informer.get("default", "a")["data"] == {"x": "y"}
    assert [each["metadata"]["name"] for each in informer.list()] == ["a", "b"]
    assert [each["metadata"]["name"] for each in informer.list("kube-system")] == ["b"]
    await client.delete(CONFIGMAPS, "a", "default")
    await settle(client)
    assert informer.get("default", "a") is None
    assert informer.list("default") == []
    assert repr(informer) == "<Informer configmaps 1 objects, synced>"


async def test_handlers_see_what_exists_and_every_change(client, factory):
    await client.create(CONFIGMAPS, config_map("a"), "default")
    informer = factory.informer(CONFIGMAPS)
    await informer.wait_synced()
    seen = []

    def name(obj):
        return None if obj is None else f"{obj['metadata']['name']}{obj.get('data', {}).get('n', '')}"

    remove = informer.add_handler(lambda old, new: seen.append((name(old), name(new))))
    await client.patch(CONFIGMAPS, "a", {"data": {"n": "1"}}, "default")
    await client.delete(CONFIGMAPS, "a", "default")
    await settle(client)
    assert seen == [(None, "a"), ("a", "a1"), ("a1", None)]
    remove()
    await client.create(CONFIGMAPS, config_map("b"), "default")
    await settle(client)
    assert len(seen) == 3


async def test_a_handler_that_raises_does_not_keep_the_change_from_the_others(client, factory):
    informer = factory.informer(CONFIGMAPS)
    await informer.wait_synced()
    seen = []

    def raises(_old, new):
        if new["metadata"]["name"] == "bad":
            raise LookupError("bad")

    informer.add_handler(raises)
    informer.add_handler(lambda _old, new: seen.append(new["metadata"]["name"]))
    await client.create(CONFIGMAPS, config_map("bad"), "default")
    await client.create(CONFIGMAPS, config_map("good"), "default")
    await client.clock.sleep(5)
    assert sorted(seen) == ["bad", "good"]


async def test_look_ups_by_label_owner_and_own_index(client, factory):
    informer = factory.informer(CONFIGMAPS)
    informer.add_index("data", lambda obj: sorted(obj.get("data", {})))
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u1"}
    await client.create(CONFIGMAPS, config_map("a", labels={"l": "x", "m": "y"}), "default")
    await client.create(CONFIGMAPS, config_map("b", labels={"l": "x"}, ownerReferences=[owner]), "default")
    await client.create(CONFIGMAPS, {**config_map("c"), "data": {"k": "1", "l": "2"}}, "kube-system")
    await informer.wait_synced()
    await settle(client)

    def names(objects):
        return [each["metadata"]["name"] for each in objects]

    assert names(informer.list(None, parse_selector("l=x"))) == ["a", "b"]
    assert names(informer.list("default", parse_selector("l=x,m=y"))) == ["a"]
    assert names(informer.list("kube-system", parse_selector("l=x"))) == []
    assert names(informer.list(None, parse_selector("!l"))) == ["c"]
    assert names(informer.by_owner("u1")) == ["b"]
    assert names(informer.by_index("data", "k")) == ["c"]
    await client.patch(
        CONFIGMAPS, "b", {"metadata": {"labels": {"l": "z"}, "ownerReferences": None}}, "default"
    )
    await settle(client)
    assert names(informer.list(None, parse_selector("l=x"))) == ["a"]
    assert informer.by_owner("u1") == []


async def test_restricted_informers(client, factory):
    informer = factory.informer(CONFIGMAPS, namespace="default", field_selector="metadata.name=a")
    for namespace in ("default", "kube-system"):
        for name in "ab":
            await client.create(CONFIGMAPS, config_map(name), namespace)
    await informer.wait_synced()
    await settle(client)
    assert [each["metadata"]["name"] for each in informer.list()] == ["a"]


async def test_lost_watch_goes_on_where_it_was(client, broken, factory):
    informer = factory.informer(CONFIGMAPS)
    await informer.wait_synced()
    await client.clock.sleep(2)
    broken.watchers[0].end()
    await client.create(CONFIGMAPS, config_map("a"), "default")
    await settle(client)
    assert informer.get("default", "a")
    assert (broken.lists, len(broken.watchers)) == (1, 2)


async def test_a_server_that_ends_all_watches_at_once_is_not_asked_in_a_tight_loop(client, broken, factory):
    informer = factory.informer(CONFIGMAPS)
    await informer.wait_synced()
    await settle(client)
    watch = broken.watch

    async def ended(*args, **kwargs):
        watcher = await watch(*args, **kwargs)
        watcher.end()
        return watcher

    broken.watch = ended
    broken.watchers[0].end()
    await client.clock.sleep(60)
    assert 10 < len(broken.watchers) < 80


async def test_a_watch_that_comes_besides_another_takes_its_place(client, broken, factory):
    informer = factory.informer(CONFIGMAPS)
    await informer.wait_synced()
    await settle(client)
    late = await broken.watch(CONFIGMAPS, resource_version=informer.resource_version)
    factory._runner.tell(Answered(informer, late))
    await client.create(CONFIGMAPS, config_map("a"), "default")
    await settle(client)
    assert informer.get("default", "a")
    assert [each.ended for each in broken.watchers] == [True, False]


async def test_expired_watch_compares_with_a_new_list(client, broken, factory):
    informer = factory.informer(CONFIGMAPS)
    await client.create(CONFIGMAPS, config_map("kept"), "default")
    await client.create(CONFIGMAPS, config_map("gone"), "default")
    await informer.wait_synced()
    await settle(client)
    seen = []

    def name(obj):
        return obj and obj["metadata"]["name"]

    informer.add_handler(lambda old, new: seen.append((name(old), name(new))))
    seen.clear()
    broken.watchers[0].end()
    await client.delete(CONFIGMAPS, "gone", "default")
    await client.create(CONFIGMAPS, config_map("new"), "default")
    client.store.compact(client.store.revision)
    await client.clock.sleep(4)
    assert seen == [("gone", None), (None, "new")]
    assert broken.lists == 2


async def test_failing_lists_are_tried_again_later_and_later(client, broken, factory):
    broken.failures = [ServiceUnavailable("not now")] * 3
    began = client.clock.now()
    informer = factory.informer(PODS)
    await informer.wait_synced()
    waited = client.clock.now() - began
    assert 0.8 + 1.6 + 3.2 <= waited <= 2 * (0.8 + 1.6 + 3.2) + 0.1
    assert broken.lists == 4


async def test_nothing_is_left_after_the_end(client, broken):
    factory = InformerFactory(broken)
    system = System(clock=client.clock, seed=0, name="informers")
    await system.start(factory.spec())
    await factory.informer(CONFIGMAPS).wait_synced()
    await settle(client)
    await system.stop()
    assert client.store.statistics()["resources"]["configmaps"]["watchers"] == 0
    await client.create(CONFIGMAPS, config_map("a"), "default")


async def test_a_copy_that_lags_is_waited_for(client):
    factory = InformerFactory(LaggingClient(client, client.clock, 0.5))
    await client.system.add(factory.spec())
    for name in ("a", "b"):
        await client.create(CONFIGMAPS, config_map(name), "default")
    informer = factory.informer(CONFIGMAPS)
    await informer.wait_synced()
    await client.clock.sleep(1)
    await client.patch(CONFIGMAPS, "a", {"data": {"n": "1"}}, "default")
    await client.delete(CONFIGMAPS, "b", "default")
    await client.create(CONFIGMAPS, config_map("c"), "default")
    assert [each["metadata"]["name"] for each in informer.list()] == ["a", "b"]
    begun = client.clock.monotonic()
    await factory.catch_up(CONFIGMAPS)
    assert client.clock.monotonic() - begun == pytest.approx(0.5)
    assert informer.list() == (await client.list(CONFIGMAPS)).items
    await client.create(
        SECRETS, {"metadata": {"name": "s"}}, "default"
    )  # what is written elsewhere is no change
    await factory.catch_up(CONFIGMAPS)
    assert client.clock.monotonic() - begun == pytest.approx(0.5)


def test_a_namespace_in_which_nothing_is_left_is_forgotten():
    informer = Informer(CONFIGMAPS, namespace=None, field_selector="")
    made = [config_map(name, namespace="ns", resourceVersion="1") for name in "ab"]
    informer.replace(made)
    informer.replace(made[1:])
    assert [each["metadata"]["name"] for each in informer.list("ns")] == ["b"]
    informer.replace([])
    assert informer.list("ns") == []
    assert not informer._namespaces

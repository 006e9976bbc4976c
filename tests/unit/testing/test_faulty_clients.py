"""Clients that count, fail and lose the answers of writes."""

from __future__ import annotations

import pytest

from kubelite.api.resources import CONFIGMAPS
from kubelite.apimachinery.apierrors import Expired, NotFound
from tests.faultyclients import FaultyClient
from tests.harness import api_server


def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}


async def test_writes_are_counted_and_told_reads_are_not():
    async with api_server() as inner:
        told = []
        client = FaultyClient(inner, before=told.append)
        made = await client.create(CONFIGMAPS, config_map("a"))
        await client.get(CONFIGMAPS, "a", "default")
        await client.update(CONFIGMAPS, {**made, "data": {"k": "v"}})
        await client.patch(CONFIGMAPS, "a", {"data": {"k": "w"}}, "default")
        await client.delete(CONFIGMAPS, "a", "default")
        await client.delete_collection(CONFIGMAPS, "default")
        assert [(each.number, each.verb, each.name) for each in told] == [
            (1, "create", "a"),
            (2, "update", "a"),
            (3, "patch", "a"),
            (4, "delete", "a"),
            (5, "delete_collection", ""),
        ]
        assert {each.namespace for each in told} == {"default"}
        assert client.writes == 5
        assert repr(client).startswith("<FaultyClient 5 writes")


async def test_what_is_refused_before_is_not_written_what_is_lost_after_is():
    async with api_server() as inner:

        def refuse(write):
            raise Expired(write.name)

        before = FaultyClient(inner, before=refuse)
        with pytest.raises(Expired):
            await before.create(CONFIGMAPS, config_map("a"))
        with pytest.raises(NotFound):
            await inner.get(CONFIGMAPS, "a", "default")
        after = FaultyClient(inner, after=refuse)
        with pytest.raises(Expired):
            await after.create(CONFIGMAPS, config_map("a"))
        assert await inner.get(CONFIGMAPS, "a", "default")


async def test_hooks_may_wait():
    async with api_server() as inner:

        async def wait(_write):
            await inner.clock.sleep(3)

        begun = inner.clock.monotonic()
        await FaultyClient(inner, before=wait).create(CONFIGMAPS, config_map("a"))
        assert inner.clock.monotonic() - begun == pytest.approx(3)

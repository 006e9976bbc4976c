"""Large lists: in pieces that are the same bytes as the whole, while others have their turns."""

import asyncio

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api.resources import CONFIGMAPS
from kubelite.client.item import Item
from kubelite.master.rest import lists
from kubelite.runtime import tasks
from tests.unit.master.rest.test_rest_server import MAPS, served

HEAD = b'{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"7"}'


def make_item(number, size=0, *, plain=True):
    head = {"kind": "ConfigMap", "apiVersion": "v1"}
    rest = {"metadata": {"name": str(number)}, "data": {"x": "y" * size}}
    return Item({**head, **rest} if plain else {**rest, **head})


def unchunked(chunks):
    body = b""
    for chunk in chunks:
        size, _, rest = chunk.partition(b"\r\n")
        assert rest.endswith(b"\r\n")
        assert int(size, 16) == len(rest) - 2
        body += rest[:-2]
    return body


@given(st.lists(st.tuples(st.integers(0, 40_000), st.booleans()), min_size=1, max_size=150))
def test_pieces_are_the_list(sizes):
    items = [make_item(number, size, plain=plain) for number, (size, plain) in enumerate(sizes)]
    body = unchunked(lists.pieces(HEAD, items))
    assert body == HEAD + b',"items":[' + b",".join(item.list_json() for item in items) + b"]}"


def test_pieces_have_about_the_same_size_however_large_the_objects():
    for size, count in ((10, 30_000), (3_000, 2_000), (200_000, 80)):
        items = [make_item(number, size) for number in range(count)]
        sizes = [len(piece) for piece in lists.pieces(HEAD, items)]
        assert max(sizes[1:-1]) < 2 * lists.PIECE_BYTES
        assert sizes[0] <= lists.FIRST_ITEMS * (size + 100)


def test_the_first_piece_needs_only_the_first_objects():
    items = [make_item(number) for number in range(1000)]
    next(lists.pieces(HEAD, items))
    assert sum(item.text is not None for item in items) == lists.FIRST_ITEMS


async def fill(inside, count, size=10):
    for number in range(count):
        metadata = {"name": f"m{number:05}", "namespace": "default"}
        await inside.create(
            CONFIGMAPS,
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"x": "y" * size}},
        )


async def test_a_large_list_is_streamed_and_a_small_one_has_its_length():
    async with served() as (http, inside, _):
        await fill(inside, lists.WHOLE_ITEMS_MAX + 50)
        async with http.get(MAPS) as answer:
            assert answer.headers["Transfer-Encoding"] == "chunked"
            assert answer.headers["Content-Type"] == "application/json"
            assert "Audit-Id" in answer.headers
            large = orjson.loads(await answer.read())
        async with http.get(MAPS, params={"limit": "7"}) as answer:
            assert "Content-Length" in answer.headers
            small = orjson.loads(await answer.read())
    assert large["kind"] == "ConfigMapList"
    assert [each["metadata"]["name"] for each in large["items"]] == [
        f"m{number:05}" for number in range(lists.WHOLE_ITEMS_MAX + 50)
    ]
    assert small["items"] == large["items"][:7]
    assert small["metadata"]["remainingItemCount"] == lists.WHOLE_ITEMS_MAX + 43


async def test_what_is_written_meanwhile_is_not_in_the_list():
    async with served() as (http, inside, _):
        await fill(inside, 300, size=50_000)
        async with http.get(MAPS) as answer:
            first = await answer.content.readany()
            await inside.delete(CONFIGMAPS, "m00299", "default")
            body = first + await answer.read()
    assert len(orjson.loads(body)["items"]) == 300


async def test_the_loop_turns_while_a_list_is_written():
    async with served() as (http, inside, _):
        await fill(inside, 400, size=50_000)
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await tasks.checkpoint()

        counting = tasks.start(count(), name="count")
        async with http.get(MAPS) as answer:
            before = turns
            await answer.read()
        await tasks.cancel(counting)
    assert turns - before >= 10


@pytest.mark.parametrize(
    "accept",
    [
        "application/vnd.kubernetes.protobuf",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    ],
)
async def test_the_loop_turns_while_a_list_is_made(accept):
    async with served() as (http, inside, _):
        await fill(inside, 800)
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await tasks.checkpoint()

        counting = tasks.start(count(), name="count")
        async with http.get(MAPS, headers={"Accept": accept}) as answer:
            assert answer.headers["Transfer-Encoding"] == "chunked"
            assert answer.headers["Content-Type"] == accept.partition(";")[0]
            await answer.read()
        await tasks.cancel(counting)
    assert turns >= 800 / 64


async def test_a_client_that_goes_away_in_the_middle_costs_nobody_else_anything():
    async with served() as (http, inside, rest):
        await fill(inside, 300, size=100_000)
        reader, writer = await asyncio.open_connection(http._base_url.host, http._base_url.port)
        writer.write(f"GET {MAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n\r\n".encode())
        await reader.readexactly(1000)
        writer.transport.abort()
        async with http.get(f"{MAPS}/m00001") as answer:
            assert answer.status == 200
        async with asyncio.timeout(5):
            while len(rest._server.connections) > 1:
                await tasks.checkpoint()


async def test_what_a_collection_was_is_streamed_when_it_is_deleted():
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
    async with served() as (http, inside, _):
        await fill(inside, lists.WHOLE_ITEMS_MAX + 50)
        async with http.delete(MAPS, json=options) as answer:
            assert answer.headers["Transfer-Encoding"] == "chunked"
            gone = orjson.loads(await answer.read())
        async with http.get(MAPS) as answer:
            assert orjson.loads(await answer.read())["items"] == []
    assert len(gone["items"]) == lists.WHOLE_ITEMS_MAX + 50


async def test_http_1_0_gets_the_whole():
    async with served() as (http, inside, _):
        await fill(inside, lists.WHOLE_ITEMS_MAX + 1)
        reader, writer = await asyncio.open_connection(http._base_url.host, http._base_url.port)
        writer.write(f"GET {MAPS} HTTP/1.0\r\nAuthorization: Bearer secret\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    assert b"chunked" not in head
    assert len(orjson.loads(body)["items"]) == lists.WHOLE_ITEMS_MAX + 1

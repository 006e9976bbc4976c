"""Watches as clients see them: lines, protobuf frames, websockets; refusals, ends, slow readers."""

import asyncio
import base64
import struct

import aiohttp
import orjson
import pytest

from kubelite.api import facts
from kubelite.apimachinery import protobuf
from kubelite.master.rest.watches import of_one
from tests.unit.master.rest.door import TOKEN, head_of, opened

MAPS = "/api/v1/namespaces/default/configmaps"
PROTOBUF = "application/vnd.kubernetes.protobuf"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


async def make(door, name, **more):
    async with door.http.post(MAPS, json={"metadata": {"name": name}, **more}) as answer:
        assert answer.status == 201
        return await answer.json()


async def lines(answer, count):
    return [orjson.loads(await answer.content.readline()) for _ in range(count)]


def unframed(message):
    """The type and the object of a `WatchEvent` message."""
    outer = {number: value for number, _, value in protobuf.read_fields(message)}
    raw = {number: value for number, _, value in protobuf.read_fields(outer[2])}[1]
    return outer[1].decode(), protobuf.decode(raw, facts.protobuf())[2]


async def frame(content):
    (size,) = struct.unpack(">I", await content.readexactly(4))
    return unframed(await content.readexactly(size))


async def test_protobuf_frames_have_their_length_before_them():
    async with opened() as door:
        await make(door, "a", data={"k": "v"})
        path = f"{MAPS}?watch=1"
        async with door.http.get(path, headers={"Accept": f"{PROTOBUF};stream=watch"}) as answer:
            assert answer.headers["Content-Type"] == f"{PROTOBUF};stream=watch"
            type_, obj = await frame(answer.content)
            assert (type_, obj["kind"], obj["metadata"]["name"], obj["data"]) == (
                "ADDED",
                "ConfigMap",
                "a",
                {"k": "v"},
            )
            async with door.http.delete(f"{MAPS}/a"):
                pass
            type_, obj = await frame(answer.content)
            assert (type_, obj["metadata"]["name"]) == ("DELETED", "a")


async def test_a_client_that_takes_json_gets_json():
    async with opened() as door:
        await make(door, "a")
        accept = f"{PROTOBUF};stream=watch,application/json;stream=watch,{PROTOBUF},application/json"
        async with door.http.get(f"{MAPS}?watch=1", headers={"Accept": accept}) as answer:
            assert answer.headers["Content-Type"] == "application/json"
            assert (await lines(answer, 1))[0]["type"] == "ADDED"


async def test_metadata_in_protobuf_and_in_json():
    async with opened() as door:
        await make(door, "a", data={"k": "v"})
        async with door.http.get(f"{MAPS}?watch=1", headers={"Accept": f"{PROTOBUF};{PARTIAL}"}) as answer:
            _, obj = await frame(answer.content)
            assert (obj["kind"], obj["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
            assert "data" not in obj
        async with door.http.get(
            f"{MAPS}?watch=1", headers={"Accept": f"application/json;{PARTIAL}"}
        ) as answer:
            (event,) = await lines(answer, 1)
            assert event["object"]["kind"] == "PartialObjectMetadata"


async def test_tables_have_columns_in_the_first_event_only():
    async with opened() as door:
        await make(door, "a")
        await make(door, "b")
        async with door.http.get(f"{MAPS}?watch=1&includeObject=None", headers={"Accept": TABLE}) as answer:
            first, second = await lines(answer, 2)
            assert [each["name"] for each in first["object"]["columnDefinitions"]] == ["Name", "Data", "Age"]
            assert not second["object"]["columnDefinitions"]
            assert second["object"]["rows"][0]["cells"][:2] == ["b", 0]


@pytest.mark.parametrize(
    ("query", "accept", "code", "text"),
    [
        ("", "application/yaml", 406, "application/json;stream=watch, " + f"{PROTOBUF};stream=watch"),
        ("", f"{PROTOBUF};as=Table;g=meta.k8s.io;v=v1", 406, "only the following media types"),
        ("&includeObject=All", TABLE, 400, "includeObject: Invalid value"),
        ("&resourceVersion=x", "", 422, 'strconv.ParseUint: parsing "x": invalid syntax'),
        ("&timeoutSeconds=x", "", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("&timeoutSeconds=", "", 400, 'strconv.ParseInt: parsing "": invalid syntax'),
        ("&labelSelector=a=b=c", "", 400, "found '=', expected: ',' or 'end of string'"),
        ("&fieldSelector=spec.x=1", "", 400, "is not a known field selector"),
        ("&resourceVersionMatch=NotOlderThan", "", 422, "forbidden for watch unless sendInitialEvents"),
        ("&sendInitialEvents=true", "", 422, "sendInitialEvents requires setting resourceVersionMatch"),
        ("&sendInitialEvents=1&resourceVersionMatch=Exact", "", 422, 'supported values: "NotOlderThan"'),
        (
            "&sendInitialEvents=1&resourceVersionMatch=NotOlderThan&continue=x",
            "",
            422,
            "resourceVersionMatch is forbidden when continue is provided",
        ),
    ],
)
async def test_what_cannot_be_watched_is_refused_before_the_stream_begins(query, accept, code, text):
    headers = {"Accept": accept or "*/*"}
    async with opened() as door, door.http.get(f"{MAPS}?watch=1{query}", headers=headers) as answer:
        assert answer.status == code
        body = await answer.read()
        assert text in (body.decode() if accept == "application/yaml" else orjson.loads(body)["message"])


async def test_an_initial_state_of_the_future_is_waited_for():
    async with opened() as door:
        made = await make(door, "a")
        future = int(made["metadata"]["resourceVersion"]) + 1
        query = f"watch=1&sendInitialEvents=1&resourceVersionMatch=NotOlderThan&resourceVersion={future}"
        asked = asyncio.ensure_future(door.http.get(f"{MAPS}?{query}"))
        await asyncio.sleep(0.05)
        assert not asked.done()
        await make(door, "b")
        async with await asked as answer:
            assert [event["object"]["metadata"]["name"] for event in await lines(answer, 2)] == ["a", "b"]


async def test_a_watch_by_the_old_path_and_of_one_name():
    async with opened() as door:
        await make(door, "a")
        await make(door, "b")
        for path in (
            "/api/v1/watch/namespaces/default/configmaps/b",
            f"{MAPS}?watch=1&fieldSelector=metadata.name%3Db",
        ):
            async with door.http.get(path) as answer:
                (event,) = await lines(answer, 1)
                assert event["object"]["metadata"]["name"] == "b"


async def test_a_websocket_gets_one_event_a_message():
    async with opened() as door:
        await make(door, "a")
        async with door.http.ws_connect(f"{MAPS}?watch=1", headers={"Origin": "http://x"}) as socket:
            message = await socket.receive(timeout=5)
            assert message.type is aiohttp.WSMsgType.TEXT
            assert orjson.loads(message.data)["object"]["metadata"]["name"] == "a"
            await make(door, "long", data={"k": "x" * 70_000})
            message = await socket.receive(timeout=5)
            assert len(orjson.loads(message.data)["object"]["data"]["k"]) == 70_000
            await socket.send_str("ignored")
            await make(door, "middle", data={"k": "x" * 300})
            assert orjson.loads((await socket.receive(timeout=5)).data)["type"] == "ADDED"


async def test_a_websocket_in_protobuf_has_binary_messages():
    async with opened() as door:
        await make(door, "a")
        headers = {"Accept": f"{PROTOBUF};stream=watch"}
        async with door.http.ws_connect(f"{MAPS}?watch=1", headers=headers) as socket:
            message = await socket.receive(timeout=5)
            assert message.type is aiohttp.WSMsgType.BINARY
            assert unframed(message.data)[1]["metadata"]["name"] == "a"


async def test_a_websocket_ends_with_a_good_bye_from_either_side():
    async with opened() as door:
        async with door.http.ws_connect(f"{MAPS}?watch=1&timeoutSeconds=1") as socket:
            assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        async with door.http.ws_connect(f"{MAPS}?watch=1") as socket:
            await socket.close()
        async with asyncio.timeout(5):
            while "0 watches" not in repr(door.rest):
                await asyncio.sleep(0.01)


async def test_browsers_name_their_token_and_their_protocol_in_one_header():
    async with opened() as door:
        token = base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")
        protocols = (f"base64url.bearer.authorization.k8s.io.{token}", "base64.binary.k8s.io")
        url = f"http://127.0.0.1:{door.port}{MAPS}?watch=1"
        async with aiohttp.ClientSession() as http, http.ws_connect(url, protocols=protocols) as socket:
            assert socket.protocol == "base64.binary.k8s.io"
            await make(door, "a")
            assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT


async def test_a_handshake_that_is_none_is_refused():
    async with opened() as door:
        headers = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 1")
        answer = await door.raw(head_of("GET", f"{MAPS}?watch=1", *headers))
        assert b" 400 " in answer.split(b"\r\n")[0]
        assert b"unable to upgrade connection" in answer
        async with door.http.get(MAPS) as again:
            assert again.status == 200


async def test_a_watcher_that_does_not_read_delays_nobody():
    async with opened() as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.transport.pause_reading()
        writer.write(head_of("GET", f"{MAPS}?watch=1"))
        await writer.drain()
        async with asyncio.timeout(20), door.http.get(f"{MAPS}?watch=1") as answer:
            data = {"k": "x" * 500_000}
            for index in range(40):
                await make(door, f"m{index}", data=data)
                event = orjson.loads(await answer.content.readuntil(b"\n"))
                assert event["object"]["metadata"]["name"] == f"m{index}"
        writer.transport.resume_reading()
        seen = 0
        async with asyncio.timeout(20):
            while seen < 40:
                seen += (await reader.read(1 << 20)).count(b'{"type":"ADDED"')
        writer.close()


@pytest.mark.parametrize(
    ("selector", "code"),
    [
        ("", 200),
        ("metadata.name=b", 200),
        ("metadata.name=b,metadata.namespace=default", 200),
        ("metadata.name=c", 400),
        ("metadata.name!=c", 400),
        ("metadata.namespace=default", 400),
        ("metadata.name", 400),
    ],
)
async def test_a_watch_of_one_object_takes_only_selectors_that_mean_it(selector, code):
    async with opened() as door:
        path = "/api/v1/watch/namespaces/default/configmaps/b"
        async with door.http.get(path, params={"fieldSelector": selector}) as answer:
            assert answer.status == code
            if code == 400 and "=" in selector:
                why = "fieldSelector metadata.name doesn't match requested name"
                assert (await answer.json())["message"] == why


def test_names_in_paths_cannot_add_to_the_selector():
    assert of_one("a,metadata.namespace=b", "") == r"metadata.name=a\,metadata.namespace\=b"

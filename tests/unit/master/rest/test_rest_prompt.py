"""Requests that are answered at once, and those that turn out to have to wait."""

import asyncio

import orjson
import pytest
from multidict import CIMultiDict

from kubelite.api.resources import CONFIGMAPS
from kubelite.master.rest.limits import RESTLimits
from kubelite.master.rest.prompt import Begun, begin
from kubelite.master.rest.reply import Reply
from tests.unit.master.rest.door import head_of, opened, read_answer

MAPS = "/api/v1/namespaces/default/configmaps"


async def codes(reader, count):
    """The status codes of so many answers, and the last body."""
    answers = [await asyncio.wait_for(read_answer(reader), 10) for _ in range(count)]
    return [int(each.split()[1]) for each in answers], answers[-1].partition(b"\r\n\r\n")[2]


def creation(name):
    body = orjson.dumps({"metadata": {"name": name}})
    return head_of("POST", MAPS, "Content-Type: application/json", f"Content-Length: {len(body)}"), body


async def test_work_that_waits_for_nothing_is_done_at_once():
    async def work():
        return 7

    assert begin(work()) == 7


async def test_work_that_waits_goes_on_where_it_stood():
    gate = asyncio.get_running_loop().create_future()

    async def work():
        first = await gate
        await asyncio.sleep(0)
        return first

    begun = begin(work())
    assert isinstance(begun, Begun)
    gate.set_result("opened")
    assert await begun == "opened"


async def test_work_that_waits_sees_its_cancellation():
    seen = []

    async def work():
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    begin(work()).cancel()
    begun = begin(work())

    async def go_on():
        await begun

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await go_on()
    assert seen == ["cancelled", "cancelled"]


def test_a_reply_is_one_piece():
    text = Reply(201, b"{}", CIMultiDict({"Server": "kubelite", "X": "é"})).to_bytes()
    head, _, body = text.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[:4] == ["HTTP/1.1 201 Created", "Server: kubelite", "X: é", "Content-Length: 2"]
    assert lines[4].startswith("Date: ")
    assert body == b"{}"


def test_a_reply_without_a_body_has_no_length():
    assert b"Content-Length" not in Reply(304, b"", CIMultiDict()).to_bytes()


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\r\nX-Evil: 1"])
def test_a_reply_with_a_broken_header_is_refused(value):
    with pytest.raises(ValueError, match="header"):
        Reply(200, b"", CIMultiDict({"X": value})).to_bytes()


async def test_a_body_may_come_after_its_head():
    async with opened() as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        for number in range(3):
            for part in creation(f"m{number}"):
                writer.write(part)
                await asyncio.sleep(0)
            assert (await codes(reader, 1))[0] == [201]
        head, body = creation("slow")
        writer.write(head + body[:5])
        await asyncio.sleep(0.1)  # longer than bodies are waited for without a task
        writer.write(body[5:])
        assert (await codes(reader, 1))[0] == [201]
        writer.close()


async def test_requests_that_come_together_are_answered_in_order():
    async with opened() as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        made = b"".join(part for name in "abc" for part in creation(name))
        writer.write(made + head_of("GET", f"{MAPS}/none") + head_of("GET", f"{MAPS}/c"))
        found, body = await codes(reader, 5)
        assert found == [201, 201, 201, 404, 200]
        assert orjson.loads(body)["metadata"]["name"] == "c"
        writer.write(head_of("GET", f"{MAPS}/a"))
        assert (await codes(reader, 1))[0] == [200]
        writer.close()


async def test_who_asks_to_close_is_hung_up_on():
    async with opened() as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(head_of("GET", MAPS, "Connection: close"))
        assert b"\r\nConnection: close\r\n" in await asyncio.wait_for(reader.read(), 10)
        writer.close()


async def waiting_get(door, *, more=""):
    """A read of a version of the future: it has to wait."""
    await door.inside.create(
        CONFIGMAPS,
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "default"}},
    )
    revision = int((await door.inside.get(CONFIGMAPS, "m", "default"))["metadata"]["resourceVersion"])
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(
        head_of("GET", f"{MAPS}/m?resourceVersion={revision + 1}{more}", "Authorization: Bearer node")
    )
    while door.audit.recorded == 0:
        await asyncio.sleep(0)
    return reader, writer


def concluded(door):
    return [
        (event["verb"], event["responseStatus"]["code"]) for event in door.audit if "responseStatus" in event
    ]


async def test_a_request_that_has_to_wait_is_answered_later():
    async with opened() as door:
        reader, writer = await waiting_get(door)
        await door.inside.create(
            CONFIGMAPS,
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n", "namespace": "default"}},
        )
        assert (await codes(reader, 1))[0] == [200]
        writer.write(head_of("GET", f"{MAPS}/n"))
        assert (await codes(reader, 1))[0] == [200]
        writer.close()
        assert concluded(door) == [("get", 200), ("get", 200)]


async def test_a_request_that_has_to_wait_has_a_deadline():
    for limits, more in ((RESTLimits(request_timeout_s=0.1), ""), (None, "&timeout=100ms")):
        async with opened(limits) as door:
            reader, writer = await waiting_get(door, more=more)
            assert (await codes(reader, 1))[0] == [504]
            writer.close()


async def test_a_client_that_leaves_while_it_has_to_wait_leaves_nothing():
    async with opened() as door, asyncio.timeout(10):
        _, writer = await waiting_get(door)
        writer.transport.abort()
        while not concluded(door):
            await asyncio.sleep(0)
        assert concluded(door) == [("get", 499)]
        async with door.http.get("/metrics") as answer:
            only_this = 'apiserver_current_inflight_requests{request_kind="readOnly"} 1.0'
            assert only_this in await answer.text()

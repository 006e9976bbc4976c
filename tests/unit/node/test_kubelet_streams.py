"""Attach and port-forward over the kubelet's HTTP API."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web

from kubelite.images.registry import Image
from kubelite.images.shell.streams import Standard
from kubelite.network import client_session
from kubelite.node.attachments import INPUT_WAITING_MAX, Input
from kubelite.node.streams import OUTPUT_WAITING_MAX, Output, Sender


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


async def shouter(container):
    """Says in capitals what it is told, until the end of its input or a dot."""
    container.log("before anybody listens")
    while word := await container.stdin.read(100):
        if word == b".":
            break
        container.stdout.write(word.upper())
        container.stderr.write(b"!")
    container.log("done")


async def hello(_request):
    return web.Response(text="hello", headers={"Connection": "close"})


@pytest.fixture
async def start(node):
    async def run(image, **container):
        node.images["image"] = Image(program=image, kind="main")
        await node.run(containers=[{"name": "c", "image": "image", **container}], restartPolicy="Never")
        return await node.until(is_ready)

    return run


@pytest.fixture
async def http(node):
    async with client_session(node.machine.network) as session:
        session.base = f"http://{node.machine.address}:10250"
        yield session


def attach(http, query="stdin=1&stdout=1&stderr=1"):
    return http.ws_connect(f"{http.base}/attach/default/web/c?{query}", protocols=("v5.channel.k8s.io",))


async def messages(socket, count):
    return [(await socket.receive()).data for _ in range(count)]


async def test_attached_clients_see_new_output_and_give_input(node, http, start):
    await start(shouter, stdin=True)
    async with attach(http) as socket:
        assert await messages(socket, 1) == [b"\x01"]
        await socket.send_bytes(b"\x00abc")
        assert await messages(socket, 2) == [b"\x01ABC", b"\x02!"]
        await socket.send_bytes(b"\x00.")
        assert (await messages(socket, 1)) == [b"\x01done\n"]
        (last,) = await messages(socket, 1)
        assert (last[0], json.loads(last[1:])["status"]) == (3, "Success")


async def test_who_leaves_ends_the_input_only_if_it_is_for_one_client(node, http, start):
    await start(shouter, stdin=True, stdinOnce=True)
    async with attach(http) as socket:
        await messages(socket, 1)
    await node.until(lambda pod: pod["status"]["phase"] == "Succeeded")


async def test_without_stdin_the_program_reads_its_end(node, start):
    with pytest.raises(AssertionError, match="Succeeded"):
        await start(shouter)


async def test_a_second_client_sees_what_the_first_says(node, http, start):
    await start(shouter, stdin=True)
    async with attach(http) as first, attach(http, "stdout=1") as second:
        await messages(first, 1)
        await messages(second, 1)
        await first.send_bytes(b"\x00x")
        assert await messages(second, 1) == [b"\x01X"]


async def test_attach_to_what_does_not_run_is_refused(http):
    async with http.get(f"{http.base}/attach/default/web/c") as answer:
        assert (answer.status, await answer.text()) == (404, "pod does not exist")


async def test_port_forward_carries_a_connection(node, http, start):
    app = web.Application()
    app.router.add_get("/", hello)

    async def serve(container):
        await container.serve(app, 8000)

    await start(serve, ports=[{"containerPort": 8000}])
    url = f"{http.base}/portForward/default/web?ports=8000&ports=81"
    async with http.ws_connect(url, protocols=("v4.channel.k8s.io",)) as socket:
        opened = await messages(socket, 4)
        assert opened == [
            bytes((channel,)) + port.to_bytes(2, "little")
            for port, channels in ((8000, (0, 1)), (81, (2, 3)))
            for channel in channels
        ]
        await socket.send_bytes(b"\x00GET / HTTP/1.1\r\nHost: web\r\n\r\n")
        received = {}
        async with asyncio.timeout(5):
            while b"hello" not in received.get(0, b"") or 3 not in received:
                data = (await socket.receive()).data
                received[data[0]] = received.get(data[0], b"") + data[1:]
        assert received[0].startswith(b"HTTP/1.1 200 OK")
        assert b"error forwarding port 81 to pod web" in received[3]
        assert b"refused" in received[3]


class Aborts(asyncio.Protocol):
    """Resets the connection as soon as something comes."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.abort()


async def test_port_forward_tells_that_the_pod_reset_the_connection(node, http, start):
    async def serve(container):
        container.network.fabric.listen(container.ip, 8000, Aborts)
        await container.terminating.wait()

    await start(serve)
    url = f"{http.base}/portForward/default/web?ports=8000"
    async with http.ws_connect(url, protocols=("v4.channel.k8s.io",)) as socket:
        await messages(socket, 2)
        await socket.send_bytes(b"\xff")  # half of a message, which says nothing
        await socket.send_bytes(b"\x00abc")
        (why,) = await messages(socket, 1)
        assert why.startswith(b"\x01error forwarding port 8000 to pod web")
        assert why.endswith(b"Connection reset by peer")


@pytest.mark.parametrize("ports", ["", "ports=0", "ports=x", "ports=70000"])
async def test_port_forward_needs_ports(http, start, ports):
    await start(shouter, stdin=True)
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    async with http.get(f"{http.base}/portForward/default/web?{ports}", headers=headers) as answer:
        assert answer.status == 400


class Slow:
    """A websocket that takes one message each time it is let."""

    closed = False

    def __init__(self):
        self.turns, self.taken = asyncio.Semaphore(0), []

    async def send_bytes(self, data):
        await self.turns.acquire()
        if self.closed:
            raise ConnectionResetError("gone")
        self.taken.append(data)


@pytest.fixture
async def slow():
    socket = Slow()
    sender = Sender(socket)
    sending = asyncio.ensure_future(sender.run())
    yield socket, sender
    sending.cancel()
    await asyncio.wait([sending])


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_writes_much_waits_for_a_slow_client(slow):
    socket, sender = slow
    output = Standard(Output(sender, 1, wanted=True))
    writing = asyncio.ensure_future(output.write(b"x" * OUTPUT_WAITING_MAX))
    await settle()
    assert not writing.done()
    socket.turns.release()
    await settle()
    assert writing.done()


async def test_nobody_waits_for_a_client_that_is_gone(slow):
    socket, sender = slow
    writing = asyncio.ensure_future(Standard(Output(sender, 1, wanted=True)).write(b"x" * OUTPUT_WAITING_MAX))
    await settle()
    socket.closed = True
    socket.turns.release()
    await settle()
    assert writing.done()
    await Standard(Output(sender, 1, wanted=True)).write(b"more")


async def test_who_feeds_much_waits_until_it_is_read():
    source = Input()
    source.feed(b"x" * (INPUT_WAITING_MAX + 1))
    feeding = asyncio.ensure_future(source.room())
    await settle()
    assert not feeding.done()
    assert await source.read(1) == b"x"
    await settle()
    assert feeding.done()


async def test_what_is_read_to_its_end_may_be_long():
    source = Input()
    reading = asyncio.ensure_future(source.read())
    for _ in range(3):
        source.feed(b"x" * INPUT_WAITING_MAX)
        await source.room()
        await settle()
    source.end()
    assert len(await reading) == 3 * INPUT_WAITING_MAX

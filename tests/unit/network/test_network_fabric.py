"""Address blocks, listeners, failures, code in pods with clients of its own, real sockets."""

import asyncio
import errno

import httpx
import pytest
from aiohttp import web

from kubelite.network import (
    AddressBlock,
    AddressPoolExhausted,
    Dropped,
    Fabric,
    NetworkNamespace,
    Translator,
    current_namespace,
)
from kubelite.network.looppatch import install, uninstall
from kubelite.network.sockets import open_socket_listener

SERVER, CLIENT, VIRTUAL = "127.240.64.2", "127.240.64.3", "127.240.32.9"


@pytest.fixture
async def fabric():
    block = AddressBlock.claim(virtual=True)
    yield Fabric(block, reaches_outside=False)
    block.release()


class Names:
    async def resolve(self, name, family=0):
        return [SERVER]


async def make_runner():
    async def hello(request):
        return web.Response(text=f"hello {request.remote}")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    return runner


async def test_blocks_do_not_overlap_and_are_the_same_under_virtual_time():
    first, second = AddressBlock.claim(virtual=True), AddressBlock.claim(virtual=True)
    assert not first.network.overlaps(second.network)
    text = str(first.network)
    first.release()
    again = AddressBlock.claim(virtual=True)
    assert str(again.network) == text
    again.release()
    second.release()


async def test_a_claimed_block_is_locked_until_it_is_released():
    first, second = AddressBlock.claim(), AddressBlock.claim()
    assert first.network != second.network
    first.release()
    first.release()
    second.release()


async def test_the_ranges_of_a_block_are_apart():
    block = AddressBlock.claim(virtual=True)
    pods = [block.take_pod_range(110) for _ in range(300)]
    networks = [block.nodes.network, block.load_balancers.network, block.services, *(p.network for p in pods)]
    for index, one in enumerate(networks):
        assert one.subnet_of(block.network)
        assert not any(one.overlaps(other) for other in networks[index + 1 :])
    assert pods[0].network.prefixlen == 25
    block.release()


@pytest.mark.parametrize("pods", [110, 126, 200, 500])
async def test_a_pod_range_holds_as_many_as_asked_for(pods):
    block = AddressBlock.claim(virtual=True)
    pool = block.take_pod_range(pods)
    assert len({pool.take() for _ in range(pods)}) == pods
    block.release()


async def test_a_pool_comes_round_and_ends():
    block = AddressBlock.claim(20, virtual=True)
    pool = block.take_pod_range(110)
    first = pool.take()
    pool.release(first)
    assert pool.take() != first
    with pytest.raises(AddressPoolExhausted):
        _ = [pool.take() for _ in range(200)]
    block.release()


async def test_a_very_address_is_claimed_once():
    block = AddressBlock.claim(20, virtual=True)
    pool = block.load_balancers
    wanted = str(pool.network[7])
    assert pool.claim(wanted)
    assert not pool.claim(wanted)
    assert not pool.claim(block.master)
    assert wanted not in {pool.take() for _ in range(20)}
    pool.release(wanted)
    assert pool.claim(wanted)
    block.release()


@pytest.mark.parametrize("prefix", [8, 21])
async def test_a_prefix_out_of_range_is_refused(prefix):
    with pytest.raises(ValueError, match="from 9 to 20"):
        AddressBlock.claim(prefix)


async def test_a_port_is_taken_once_and_free_after_close(fabric):
    listener = fabric.listen(SERVER, 80, asyncio.Protocol)
    with pytest.raises(OSError, match="in use"):
        fabric.listen(SERVER, 80, asyncio.Protocol)
    listener.close()
    fabric.listen(SERVER, 80, asyncio.Protocol).close()
    assert fabric.listen(SERVER, 0, asyncio.Protocol).port >= 32768


async def test_the_next_address_is_tried_where_nobody_listens(fabric):
    class Two:
        async def resolve(self, name, family=0):
            return [CLIENT, SERVER]

    listener = fabric.listen(SERVER, 80, asyncio.Protocol)
    client = NetworkNamespace("client", CLIENT, fabric, resolver=Two())
    loop = asyncio.get_running_loop()
    install(loop)
    token = current_namespace.set(client)
    try:
        transport, _ = await loop.create_connection(asyncio.Protocol, "two", 80)
        assert transport.get_extra_info("peername") == (SERVER, 80)
        transport.close()
        listener.close()
        with pytest.raises(ConnectionRefusedError, match=SERVER):
            await loop.create_connection(asyncio.Protocol, "two", 80)
    finally:
        current_namespace.reset(token)
        uninstall(loop)


async def test_nobody_listens(fabric):
    client = NetworkNamespace("client", CLIENT, fabric)
    with pytest.raises(ConnectionRefusedError):
        await fabric.connect(client, SERVER, 80, asyncio.Protocol)
    with pytest.raises(OSError, match="virtual"):
        await fabric.connect(client, "192.0.2.1", 80, asyncio.Protocol)


async def test_open_connections_to_a_cut_address_stay_silent(fabric):
    class Echo(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport

        def data_received(self, data):
            self.transport.write(data)

    class Keep(asyncio.Protocol):
        got, lost = b"", False

        def data_received(self, data):
            self.got += data

        def connection_lost(self, error):
            self.lost = True

    fabric.listen(SERVER, 80, Echo)
    client = NetworkNamespace("client", CLIENT, fabric)
    transport, protocol = await fabric.connect(client, SERVER, 80, Keep)
    transport.write(b"one")
    await asyncio.sleep(0.01)
    fabric.cut(SERVER)
    transport.write(b"two")
    await asyncio.sleep(0.01)
    assert (protocol.got, protocol.lost) == (b"one", False)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await fabric.connect(client, SERVER, 80, Keep)


async def test_httpx_and_streams_in_a_pod_reach_services_by_name(fabric):
    loop = asyncio.get_running_loop()
    patch = install(loop)
    assert install(loop) is patch
    runner = await make_runner()
    fabric.listen(SERVER, 80, runner.server)
    pod = NetworkNamespace("pod", CLIENT, fabric, resolver=Names())
    token = current_namespace.set(pod)
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            for _ in range(2):
                answer = await http.get("http://backend-service/")
                assert (answer.status_code, answer.text) == (200, f"hello {CLIENT}")
        reader, writer = await asyncio.open_connection("backend-service", 80)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert f"hello {CLIENT}".encode() in await reader.read()
        writer.close()
        await writer.wait_closed()
    finally:
        current_namespace.reset(token)
        uninstall(loop)
        assert "create_connection" in vars(loop)  # one user is left
        uninstall(loop)
        assert "create_connection" not in vars(loop)
        await runner.cleanup()


async def test_an_accepted_socket_is_handed_to_the_protocol_of_the_pod(fabric, unused_tcp_port):
    runner = await make_runner()
    fabric.listen(SERVER, 80, runner.server)
    seen = []

    def accept(source):
        seen.append(source)
        return fabric.accept(SERVER, 80)

    close = await open_socket_listener("127.0.0.1", unused_tcp_port, accept)
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://127.0.0.1:{unused_tcp_port}/")
    assert (answer.text, seen) == ("hello 127.0.0.1", ["127.0.0.1"])
    close()
    await runner.cleanup()


async def test_a_connection_that_hangs_is_made_when_the_address_is_restored(fabric):
    fabric.listen(SERVER, 80, asyncio.Protocol)
    fabric.cut(SERVER)
    client = NetworkNamespace("client", CLIENT, fabric)
    connecting = asyncio.ensure_future(fabric.connect(client, SERVER, 80, asyncio.Protocol))
    await asyncio.sleep(0)
    fabric.restore(SERVER)
    try:
        async with asyncio.timeout(0.05):
            await connecting
    finally:
        connecting.cancel()


class Dropping:
    """Drops some packets, and then finds an endpoint, or none."""

    endpoints = ()

    def __init__(self, drops, then):
        self.drops, self.then = drops, then

    def pick(self, source):
        self.drops -= 1
        if self.drops >= 0:
            raise Dropped
        return self.then


async def connect_dropped(fabric, picker):
    translator = Translator()
    translator.rules = {(VIRTUAL, 80, "TCP"): picker}
    client = NetworkNamespace("client", CLIENT, fabric, translator=translator)
    return await fabric.connect(client, VIRTUAL, 80, asyncio.Protocol)


async def test_a_connection_whose_packets_are_dropped_waits_for_as_long_as_its_client(fabric):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await connect_dropped(fabric, Dropping(1000, None))
    assert not fabric._hanging


async def test_a_packet_that_is_sent_again_may_find_an_endpoint(fabric, monkeypatch):
    monkeypatch.setattr("kubelite.network.fabric.RETRANSMISSIONS_S", (0.0, 0.0))
    fabric.listen(SERVER, 8080, asyncio.Protocol)
    transport, _ = await connect_dropped(fabric, Dropping(2, (SERVER, 8080)))
    transport.abort()
    with pytest.raises(ConnectionRefusedError):
        await connect_dropped(fabric, Dropping(2, None))
    with pytest.raises(TimeoutError) as failed:
        await connect_dropped(fabric, Dropping(3, None))
    assert failed.value.errno == errno.ETIMEDOUT


async def test_who_shares_the_loopback_interface_reaches_servers_of_the_host(fabric):
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outside = Fabric(fabric.block)
    for name in ("127.0.0.1", "localhost"):
        sharing = NetworkNamespace("scheduler", CLIENT, outside, shares_loopback=True)
        transport, _ = await sharing.connect(name, port, asyncio.Protocol)
        transport.abort()
        with pytest.raises(ConnectionRefusedError):
            await NetworkNamespace("pod", CLIENT, outside).connect(name, port, asyncio.Protocol)
        with pytest.raises(OSError, match="time is virtual"):
            await NetworkNamespace("s", CLIENT, fabric, shares_loopback=True).connect(
                name, port, asyncio.Protocol
            )
    server.close()
    await server.wait_closed()

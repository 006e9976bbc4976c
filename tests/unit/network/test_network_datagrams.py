"""UDP between pods, and to Services."""

from __future__ import annotations

import asyncio

import pytest

from kubelite.network import (
    AddressBlock,
    Fabric,
    NetworkNamespace,
    Translator,
    current_namespace,
    open_datagrams,
)
from kubelite.network.looppatch import install, uninstall

CLIENT, FIRST, SECOND, SERVICE = "127.240.64.2", "127.240.64.3", "127.240.64.4", "127.240.32.9"


class Collector(asyncio.DatagramProtocol):
    """Keeps what comes, and echoes it if it is told to."""

    def __init__(self, prefix=b""):
        self.got, self.errors, self.prefix, self.closed = [], [], prefix, False

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.got.append((data, addr))
        if self.prefix:
            self.transport.sendto(self.prefix + data, addr)

    def error_received(self, exc):
        self.errors.append(exc)

    def connection_lost(self, _exc):
        self.closed = True


class OnePicker:
    """Turns through its endpoints."""

    def __init__(self, *endpoints):
        self.endpoints, self.count = endpoints, 0

    def pick(self, _source):
        self.count += 1
        return self.endpoints[self.count % len(self.endpoints)] if self.endpoints else None


@pytest.fixture
def fabric():
    block = AddressBlock.claim(virtual=True)
    yield Fabric(block, reaches_outside=False)
    block.release()


async def turns():
    for _ in range(5):
        await asyncio.tasks.sleep(0)


async def serve(fabric, address, prefix):
    namespace = NetworkNamespace(address, address, fabric)
    return await open_datagrams(namespace, lambda: Collector(prefix), port=53)


async def test_there_and_back(fabric):
    server, _ = await serve(fabric, FIRST, b"1:")
    client, heard = await open_datagrams(NetworkNamespace("c", CLIENT, fabric), Collector, peer=(FIRST, 53))
    client.sendto(b"hello")
    await turns()
    assert heard.got == [(b"1:hello", (FIRST, 53))]
    with pytest.raises(OSError, match="in use"):
        await serve(fabric, FIRST, b"")
    server.close()
    server.close()
    client.sendto(b"anybody?")
    await turns()
    assert isinstance(heard.errors[0], ConnectionRefusedError)
    assert "closed" in repr(server)
    assert server.is_closing()
    await serve(fabric, FIRST, b"again:")


async def test_asyncios_own_call_in_a_pod(fabric):
    await serve(fabric, FIRST, b"1:")
    loop = asyncio.get_running_loop()
    install(loop)
    token = current_namespace.set(NetworkNamespace("c", CLIENT, fabric))
    try:
        client, heard = await loop.create_datagram_endpoint(Collector, local_addr=("0.0.0.0", 5353))  # noqa: S104
        client.sendto(b"hello", (FIRST, 53))
        await turns()
        assert heard.got == [(b"1:hello", (FIRST, 53))]
        assert client.get_extra_info("sockname") == (CLIENT, 5353)
        current_namespace.set(None)
        outside, _ = await loop.create_datagram_endpoint(Collector, local_addr=("127.0.0.1", 0))
        assert outside.get_extra_info("sockname")[0] == "127.0.0.1"
        outside.close()
    finally:
        current_namespace.reset(token)
        uninstall(loop)


async def test_a_connected_socket_hears_only_its_peer(fabric):
    await serve(fabric, FIRST, b"1:")
    other, _ = await serve(fabric, SECOND, b"")
    client, heard = await open_datagrams(NetworkNamespace("c", CLIENT, fabric), Collector, peer=(FIRST, 53))
    other.sendto(b"intruder", client.local)
    await turns()
    assert heard.got == []


async def test_a_socket_keeps_to_its_endpoint_of_a_service(fabric):
    first, _ = await serve(fabric, FIRST, b"1:")
    await serve(fabric, SECOND, b"2:")
    translator = Translator()
    picker = OnePicker((FIRST, 53), (SECOND, 53))
    translator.rules = {(SERVICE, 90, "UDP"): picker}
    namespace = NetworkNamespace("c", CLIENT, fabric, translator=translator)
    client, heard = await open_datagrams(namespace, Collector, peer=(SERVICE, 90))
    for _ in range(3):
        client.sendto(b"x")
        await turns()
    assert heard.got == [(b"2:x", (SERVICE, 90))] * 3
    translator.rules = {(SERVICE, 90, "UDP"): OnePicker((FIRST, 53))}
    client.sendto(b"y")
    await turns()
    assert heard.got[-1] == (b"1:y", (SERVICE, 90))
    fabric.cut(FIRST)
    client.sendto(b"z")
    await turns()
    assert len(heard.got) == 4
    assert heard.errors == []
    translator.rules = {(SERVICE, 90, "UDP"): OnePicker()}
    client.sendto(b"nobody")
    await turns()
    assert len(heard.errors) == 1
    first.close()

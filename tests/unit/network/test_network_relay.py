"""Datagrams to node ports and load balancers: one flow per client, as connection tracking has it."""

import asyncio

import pytest

from kubelite.network import AddressBlock, Fabric, NetworkNamespace, Translator, open_datagrams
from kubelite.network.relay import FLOW_S, FLOWS_MAX, DatagramRelay, open_relays
from kubelite.runtime import VirtualClock

FIRST, SECOND, CLIENT, NODE = "127.240.64.2", "127.240.64.3", "127.240.64.9", "127.240.0.2"
PORT = 30053


@pytest.fixture
async def fabric():
    block = AddressBlock.claim(virtual=True)
    yield Fabric(block, reaches_outside=False)
    block.release()


class Server(asyncio.DatagramProtocol):
    def __init__(self, name):
        self.name, self.sources = name, []

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.sources.append(addr)
        self.transport.sendto(self.name + data, addr)


class Collector(asyncio.DatagramProtocol):
    def __init__(self):
        self.got = []

    def datagram_received(self, data, addr):
        self.got.append((data, addr))


class Picker:
    def __init__(self, *endpoints):
        self.endpoints, self.asked = endpoints, []

    def pick(self, source):
        self.asked.append(source)
        return self.endpoints[-1] if self.endpoints else None


async def turns():
    for _ in range(8):
        await asyncio.sleep(0)


async def serve(fabric, address, name):
    return await open_datagrams(NetworkNamespace("s", address, fabric), lambda: Server(name), port=53)


def rules(*endpoints):
    translator = Translator()
    picker = Picker(*endpoints)
    translator.rules = {(NODE, PORT, "UDP"): picker}
    return translator, picker


async def test_clients_on_other_nodes_are_answered_by_the_node(fabric):
    _, server = await serve(fabric, FIRST, b"1:")
    translator, picker = rules((FIRST, 53))
    close = await open_relays(fabric, VirtualClock(), has_sockets=False)(NODE, PORT, translator)
    client, heard = await open_datagrams(NetworkNamespace("c", CLIENT, fabric), Collector, peer=(NODE, PORT))
    for _ in range(2):
        client.sendto(b"hello")
        await turns()
    assert heard.got == [(b"1:hello", (NODE, PORT))] * 2
    assert picker.asked == [CLIENT], "a client keeps its endpoint"
    assert {address for address, _ in server.sources} == {NODE}
    close()
    client.sendto(b"anybody?")
    await turns()
    assert len(heard.got) == 2
    assert set(fabric.datagrams) == {(FIRST, 53), client.local}


async def test_another_endpoint_is_chosen_when_the_first_is_gone(fabric):
    await serve(fabric, FIRST, b"1:")
    await serve(fabric, SECOND, b"2:")
    translator, _ = rules((FIRST, 53))
    relay, got = DatagramRelay(fabric, translator, VirtualClock(), NODE, PORT), []
    relay.receive(b"a", ("192.0.2.1", 1), got.append)
    await turns()
    translator.rules = {(NODE, PORT, "UDP"): Picker((SECOND, 53))}
    relay.receive(b"b", ("192.0.2.1", 1), got.append)
    await turns()
    translator.rules = {(NODE, PORT, "UDP"): Picker()}
    relay.receive(b"c", ("192.0.2.1", 1), got.append)
    translator.rules = {}
    relay.receive(b"d", ("192.0.2.1", 1), got.append)
    await turns()
    assert got == [b"1:a", b"2:b"]
    relay.close()


async def test_who_is_silent_is_forgotten_and_there_is_a_limit(fabric):
    clock = VirtualClock()
    translator, picker = rules((FIRST, 53))
    relay = DatagramRelay(fabric, translator, clock, NODE, PORT)

    def ask(number):
        relay.receive(b"", (f"192.0.2.{number % 250}", number), lambda _: None)

    ask(1)
    await clock.advance(FLOW_S - 1)
    ask(1)
    ask(2)
    assert len(picker.asked) == 2
    await clock.advance(FLOW_S)
    ask(3)
    assert repr(relay) == f"<DatagramRelay {NODE}:{PORT}, 1 clients>"
    for number in range(4, FLOWS_MAX + 10):
        ask(number)
    assert len(fabric.datagrams) == FLOWS_MAX
    asked = len(picker.asked)
    ask(FLOWS_MAX + 9)
    ask(3)
    assert len(picker.asked) == asked + 1, "it was the one that was silent for the longest that made room"
    relay.close()
    assert not fabric.datagrams

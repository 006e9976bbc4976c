"""A SPDY session: streams open, carry data both ways, and end."""

from __future__ import annotations

import asyncio

import pytest

from kubelite.master.rest.spdy import Session
from kubelite.network import spdy


class Client:
    """The other end, with the frames that it got."""

    def __init__(self):
        self.framer, self.wire = spdy.Framer(), bytearray()
        self.session = Session(self.wire.extend)

    def open(self, stream_id, **headers):
        self.session.receive(self.framer.syn_stream(stream_id, headers))

    def send(self, stream_id, data, *, fin=False):
        self.session.receive(spdy.data_frame(stream_id, data, fin=fin))

    def got(self):
        frames = self.framer.receive(bytes(self.wire))
        self.wire.clear()
        return frames


async def test_a_stream_carries_data_both_ways():
    client = Client()
    client.open(1, streamType="stdin")
    stream = await client.session.accept()
    assert stream.headers == {"streamtype": "stdin"}
    client.send(1, b"a")
    client.send(1, b"b", fin=True)
    assert [await stream.read(), await stream.read(), await stream.read()] == [b"a", b"b", b""]
    stream.write(b"answer")
    stream.close()
    stream.close()
    assert client.got() == [spdy.DataReceived(1, b"answer"), spdy.DataReceived(1, b"", fin=True)]


async def test_large_data_goes_in_several_frames():
    client = Client()
    client.open(1)
    stream = await client.session.accept()
    stream.write(bytes(spdy.FRAME_BYTES_MAX + 1))
    assert [len(frame.data) for frame in client.got()] == [spdy.FRAME_BYTES_MAX, 1]


async def test_a_ping_is_answered():
    client = Client()
    client.session.receive(spdy.ping_frame(5))
    assert client.got() == [spdy.PingReceived(5)]


async def test_who_waits_learns_of_the_end():
    client = Client()
    client.open(1)
    stream = await client.session.accept()
    waiting = asyncio.gather(client.session.accept(), stream.read())
    await asyncio.sleep(0)
    client.session.end()
    assert await waiting == [None, b""]
    assert stream.is_cut
    stream.write(b"too late")
    assert client.got() == []


async def test_a_reset_ends_a_stream():
    client = Client()
    client.open(3)
    stream = await client.session.accept()
    client.session.receive(spdy.reset_frame(3))
    assert await stream.read() == b""


async def test_the_end_is_said():
    client = Client()
    client.open(3)
    client.session.close()
    assert client.got() == [spdy.DataReceived(3, b"", fin=True), spdy.GoneAway()]


async def test_nonsense_is_refused():
    with pytest.raises(spdy.SPDYError):
        Client().session.receive(b"GET / HTTP/1.1\r\n\r\n" + bytes(100))

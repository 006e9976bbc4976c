"""The contract of asyncio's transports, kept by pipes."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.network.pipes import make_pipe


class Recorder(asyncio.Protocol):
    def __init__(self, keep_open=False):
        self.data, self.events, self.keep_open = bytearray(), [], keep_open

    def connection_made(self, transport):
        self.transport = transport
        self.events.append("made")

    def data_received(self, data):
        self.data += data

    def eof_received(self):
        self.events.append("eof")
        return self.keep_open

    def pause_writing(self):
        self.events.append("pause")

    def resume_writing(self):
        self.events.append("resume")

    def connection_lost(self, error):
        self.events.append(("lost", type(error).__name__))


def pair(keep_open=False):
    client, server = Recorder(keep_open), Recorder(keep_open)
    loop = asyncio.get_running_loop()
    near, far = make_pipe(loop, client, server, ("127.240.64.3", 40000), ("127.240.64.2", 80))
    return client, server, near, far


async def turns(count=10):
    for _ in range(count):
        await asyncio.sleep(0)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=300)), max_size=30))
async def test_bytes_arrive_complete_and_in_order(writes):
    client, server, near, far = pair()
    sent = {True: b"", False: b""}
    for up, data in writes:
        (near if up else far).write(data)
        sent[up] += data
        if len(data) % 3 == 0:
            near.pause_reading()
            await asyncio.sleep(0)
            near.resume_reading()
    await turns()
    assert (bytes(server.data), bytes(client.data)) == (sent[True], sent[False])


async def test_addresses_and_socket():
    _, _, near, far = pair()
    assert near.get_extra_info("peername") == far.get_extra_info("sockname") == ("127.240.64.2", 80)
    assert near.get_extra_info("socket").getpeername() == ("127.240.64.2", 80)
    assert near.get_extra_info("sslcontext", 7) == 7


async def test_a_reader_that_pauses_pauses_the_writer():
    client, server, near, far = pair()
    far.pause_reading()
    near.write(b"x" * 1_000_000)
    await turns()
    assert (client.events, len(server.data)) == (["made", "pause"], 0)
    far.resume_reading()
    await turns()
    assert (client.events, len(server.data)) == (["made", "pause", "resume"], 1_000_000)


async def test_half_close():
    client, server, near, far = pair(keep_open=True)
    near.write(b"question")
    near.write_eof()
    await turns()
    assert "eof" in server.events
    far.write(b"answer")
    await turns()
    assert client.data == b"answer"
    with pytest.raises(RuntimeError):
        near.write(b"more")


async def test_close_delivers_what_was_written():
    client, server, near, _ = pair()
    near.write(b"last words")
    near.close()
    await turns()
    assert server.data == b"last words"
    assert client.events == ["made", ("lost", "NoneType")]
    assert server.events == ["made", "eof", ("lost", "NoneType")]
    near.close()
    await turns()
    assert client.events.count(("lost", "NoneType")) == 1


async def test_abort_is_a_reset_for_the_peer():
    client, server, near, _ = pair()
    near.abort()
    await turns()
    assert client.events[-1] == ("lost", "NoneType")
    assert server.events[-1] == ("lost", "ConnectionResetError")


async def test_another_protocol_can_take_over():
    _, _, near, far = pair()
    second = Recorder()
    far.set_protocol(second)
    near.write(b"for the second")
    await turns()
    assert second.data == b"for the second"
    assert far.get_protocol() is second


async def test_a_protocol_that_raises_loses_its_connection():
    client, server, near, far = pair()

    def fail(data):
        raise ValueError("broken")

    server.data_received = fail
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, details: told.append(details["exception"]))
    near.write(b"x")
    await turns()
    assert [str(each) for each in told] == ["broken"]
    assert far.is_closing()


async def test_writing_to_a_peer_that_is_gone_is_an_error():
    client, server, near, far = pair(keep_open=True)
    far.close()
    await turns()
    near.write(b"x")
    await turns()
    near.write(b"y")
    await turns()
    assert client.events[-1] == ("lost", "ConnectionResetError")

"""Health checks by gRPC: the client and the server against each other, and against the bytes of the RFCs."""

from __future__ import annotations

import asyncio

import pytest

from kubelite.network.grpchealth import (
    NOT_SERVING,
    SERVING,
    HealthClient,
    HealthServer,
    decode_frames,
    decode_request,
    decode_response,
    encode_frame,
    encode_request,
)


class Wire(asyncio.Transport):
    """Hands what is written to the other side, in pieces of a few bytes."""

    def __init__(self, piece=1000):
        super().__init__()
        self.peer = None
        self.piece = piece
        self.closed = False
        self.written = bytearray()

    def write(self, data):
        self.written += data
        for at in range(0, len(data), self.piece):
            if self.peer is not None:
                piece = bytes(data[at : at + self.piece])
                asyncio.get_running_loop().call_soon(self.peer.data_received, piece)

    def close(self):
        self.closed = True


async def ask(service, status_of, piece=1000):
    client, server = HealthClient("10.0.0.1:5000", service), HealthServer(status_of)
    there, back = Wire(piece), Wire(piece)
    there.peer, back.peer = server, client
    server.connection_made(back)
    client.connection_made(there)
    return await client.came


@pytest.mark.parametrize("piece", [1, 7, 1000])
async def test_a_service_is_asked_for(piece):
    known = {"": SERVING, "liveness": NOT_SERVING, "new": 0}
    assert await ask("", known.get, piece) == SERVING
    assert await ask("liveness", known.get, piece) == NOT_SERVING
    assert await ask("new", known.get, piece) == 0
    assert await ask("absent", known.get, piece) is None


def test_messages_are_those_of_protocol_buffers():
    assert encode_request("") == b"\0\0\0\0\0"
    assert encode_request("ab") == b"\0\0\0\0\x04\x0a\x02ab"
    assert decode_request(encode_request("ab")) == "ab"
    long = "service." * 40
    assert encode_request(long)[5:8] == b"\x0a\xc0\x02"
    assert decode_request(encode_request(long)) == long
    assert decode_response(b"\0\0\0\0\x02\x08\x01") == SERVING
    assert decode_response(b"\0\0\0\0\0") == 0


def test_frames_come_in_pieces_and_padded():
    whole = encode_frame(0, 8 | 1, 1, b"\x02" + b"abc" + b"\0\0") + encode_frame(6, 0, 0, b"12345678")
    data, found = bytearray(), []
    for at in range(0, len(whole), 5):
        data += whole[at : at + 5]
        found += decode_frames(data)
    assert [(frame.kind, frame.stream, frame.payload) for frame in found] == [
        (0, 1, b"abc"),
        (6, 0, b"12345678"),
    ]
    assert not data


async def test_settings_and_pings_are_answered():
    client, wire = HealthClient("h:1", ""), Wire()
    client.connection_made(wire)
    wire.written.clear()
    client.data_received(encode_frame(4, 0, 0) + encode_frame(4, 1, 0) + encode_frame(6, 0, 0, b"12345678"))
    assert wire.written == encode_frame(4, 1, 0) + encode_frame(6, 1, 0, b"12345678")


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", encode_frame(3, 0, 1, b"\0\0\0\x01"), None]
)
async def test_what_is_no_answer_is_none(answer):
    client = HealthClient("h:1", "")
    client.connection_made(Wire())
    if answer is None:
        client.connection_lost(None)
    else:
        client.data_received(answer)
    assert await client.came is None


async def test_who_does_not_speak_it_is_turned_away():
    server, wire = HealthServer({}.get), Wire()
    server.connection_made(wire)
    server.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.closed

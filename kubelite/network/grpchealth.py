"""gRPC's health checking over HTTP/2: as much of both as asks for a status, and answers with one.

A whole HTTP/2 is not needed for one unary call with a body of a few bytes: headers are written as literals,
those that come are not looked at, and flow control is never reached.

Source: RFC 9113, RFC 7541; grpc/doc/{PROTOCOL-HTTP2,health-checking}.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

SERVING: Final = 1
NOT_SERVING: Final = 2
STATUSES: Final = {0: "UNKNOWN", SERVING: "SERVING", NOT_SERVING: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
PATH: Final = "/grpc.health.v1.Health/Check"

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_END_STREAM, _ACK, _END_HEADERS, _PADDED = 1, 1, 4, 8
_HEAD_BYTES: Final = 9
_PREFIX_BYTES: Final = 5
"""A message begins with whether it is compressed, and its length."""
_POST, _SCHEME_HTTP, _OK = b"\x83", b"\x86", b"\x88"
_PATH_NAME, _AUTHORITY_NAME, _CONTENT_TYPE_NAME = b"\x04", b"\x01", b"\x0f\x10"
_NOT_FOUND: Final = 5
_HPACK_MOST, _VARINT_MOST = 0x7F, 0x7F


class Frame(NamedTuple):
    """A frame of HTTP/2."""

    kind: int
    flags: int
    stream: int
    payload: bytes


def encode_frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """The bytes of a frame."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def decode_frames(data: bytearray) -> Iterator[Frame]:
    """The frames which are whole, taken from the beginning of `data`."""
    while len(data) >= _HEAD_BYTES:
        end = _HEAD_BYTES + int.from_bytes(data[:3], "big")
        if len(data) < end:
            return
        kind, flags, stream = data[3], data[4], int.from_bytes(data[5:9], "big") & 0x7FFFFFFF
        payload = bytes(data[_HEAD_BYTES:end])
        del data[:end]
        if kind == _DATA and flags & _PADDED and payload:
            payload = payload[1 : len(payload) - payload[0]]
        yield Frame(kind, flags, stream, payload)


def _text(name: bytes, value: str) -> bytes:
    encoded = value.encode()
    return name + _hpack_length(len(encoded)) + encoded


def _hpack_length(length: int) -> bytes:
    """RFC 7541, 5.1: seven bits, and what is beyond them in bytes that follow."""
    if length < _HPACK_MOST:
        return bytes((length,))
    return bytes((_HPACK_MOST,)) + _varint(length - _HPACK_MOST)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    made = bytearray()
    while number > _VARINT_MOST:
        made.append(number & _VARINT_MOST | 0x80)
        number >>= 7
    return bytes((*made, number))


def _read_varint(data: bytes) -> tuple[int, int]:
    """The number, and how many bytes it has."""
    number = at = 0
    for at, byte in enumerate(data, 1):
        number |= (byte & _VARINT_MOST) << 7 * (at - 1)
        if byte <= _VARINT_MOST:
            break
    return number, at


def _field(name: str, value: str) -> bytes:
    return _text(_text(b"\x00", name), value)


def _message(body: bytes) -> bytes:
    return b"\x00" + len(body).to_bytes(4, "big") + body


def encode_request(service: str) -> bytes:
    """A HealthCheckRequest."""
    name = service.encode()
    return _message(b"\x0a" + _varint(len(name)) + name if name else b"")


def decode_request(message: bytes) -> str:
    """The service that a HealthCheckRequest asks for."""
    body = message[_PREFIX_BYTES:]
    if body[:1] != b"\x0a":
        return ""
    length, size = _read_varint(body[1:])
    return body[1 + size : 1 + size + length].decode(errors="replace")


def decode_response(message: bytes) -> int:
    """The status in a HealthCheckResponse."""
    body = message[_PREFIX_BYTES:]
    return body[1] if body[:1] == b"\x08" and len(body) > 1 else 0


class HealthClient(asyncio.Protocol):
    """Asks once; `came` has the status, or None if the call failed.

    Args:
        authority: The server as it is to be called.
        service: The service; "" for the server as a whole.
    """

    def __init__(self, authority: str, service: str) -> None:
        self.came: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._authority = authority
        self._service = service
        self._data = bytearray()
        self._message = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        headers = b"".join((
            _POST,
            _SCHEME_HTTP,
            _text(_PATH_NAME, PATH),
            _text(_AUTHORITY_NAME, self._authority),
            _text(_CONTENT_TYPE_NAME, "application/grpc"),
            _field("te", "trailers"),
            _field("user-agent", "kube-probe/1.36"),
        ))  # fmt: skip
        transport.write(
            _PREFACE
            + encode_frame(_SETTINGS, 0, 0)
            + encode_frame(_HEADERS, _END_HEADERS, 1, headers)
            + encode_frame(_DATA, _END_STREAM, 1, encode_request(self._service))
        )

    def data_received(self, data: bytes) -> None:
        """Look for the answer."""
        assert self._transport is not None
        self._data += data
        if self._data[:5] == b"HTTP/":
            self._end(None)
            return
        for frame in decode_frames(self._data):
            if frame.kind == _SETTINGS and not frame.flags & _ACK:
                self._transport.write(encode_frame(_SETTINGS, _ACK, 0))
            elif frame.kind == _PING and not frame.flags & _ACK:
                self._transport.write(encode_frame(_PING, _ACK, 0, frame.payload))
            elif frame.kind == _DATA:
                self._message += frame.payload
            elif frame.kind in {_RST_STREAM, _GOAWAY}:
                self._end(None)
            if frame.stream == 1 and frame.kind in {_DATA, _HEADERS} and frame.flags & _END_STREAM:
                self._end(decode_response(self._message) if self._message else None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing comes any more."""
        self._end(None)

    def _end(self, status: int | None) -> None:
        if not self.came.done():
            self.came.set_result(status)


class HealthServer(asyncio.Protocol):
    """Answers every call on one connection.

    Args:
        status_of: The status of a service, None if there is no such one.
    """

    def __init__(self, status_of: Callable[[str], int | None]) -> None:
        self._status_of = status_of
        self._data = bytearray()
        self._messages: dict[int, bytes] = {}
        self._begun = False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say how it is to be talked to."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(encode_frame(_SETTINGS, 0, 0))

    def data_received(self, data: bytes) -> None:
        """Take frames in; answer calls which are whole."""
        assert self._transport is not None
        self._data += data
        if not self._begun:
            if len(self._data) < len(_PREFACE):
                return
            if not self._data.startswith(_PREFACE):
                self._transport.close()
                return
            del self._data[: len(_PREFACE)]
            self._begun = True
        for frame in decode_frames(self._data):
            if frame.kind == _SETTINGS and not frame.flags & _ACK:
                self._transport.write(encode_frame(_SETTINGS, _ACK, 0))
            elif frame.kind == _PING and not frame.flags & _ACK:
                self._transport.write(encode_frame(_PING, _ACK, 0, frame.payload))
            elif frame.kind == _DATA:
                self._messages[frame.stream] = self._messages.get(frame.stream, b"") + frame.payload
            if frame.kind in {_DATA, _HEADERS} and frame.flags & _END_STREAM:
                self._answer(frame.stream)

    def _answer(self, stream: int) -> None:
        assert self._transport is not None
        status = self._status_of(decode_request(self._messages.pop(stream, b"")))
        head = _OK + _text(_CONTENT_TYPE_NAME, "application/grpc")
        if status is None:
            trailers = (
                head + _field("grpc-status", str(_NOT_FOUND)) + _field("grpc-message", "unknown service")
            )
            self._transport.write(encode_frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, trailers))
            return
        self._transport.write(
            encode_frame(_HEADERS, _END_HEADERS, stream, head)
            + encode_frame(_DATA, 0, stream, _message(bytes((8, status)) if status else b""))
            + encode_frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, _field("grpc-status", "0"))
        )

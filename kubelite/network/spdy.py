"""SPDY/3.1 framing, without any I/O: bytes in, frames out, and the other way round.

Kubernetes' exec, attach and port-forward spoke it before WebSocket, and kubectl port-forward still does,
inside of WebSocket messages. Flow control is left to the connection below, as in Kubernetes.

Source: SPDY Protocol draft 3.1 (https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Final

import attrs

VERSION: Final = 3
FIN: Final = 0x01
HEADER_BYTES: Final = 8
FRAME_BYTES_MAX: Final = 1 << 20
"""A longer frame ends the connection: no client of Kubernetes sends one."""
HEADER_BLOCK_BYTES_MAX: Final = 64 * 1024

_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _SETTINGS, _PING, _GOAWAY = 1, 2, 3, 4, 6, 7
_CONTROL: Final = 0x80000000
_STREAM_ID: Final = 0x7FFFFFFF

_WORDS: Final = (
    *("options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding"),
    *("accept-language", "accept-ranges", "age", "allow", "authorization", "cache-control", "connection"),
    *("content-base", "content-encoding", "content-language", "content-length", "content-location"),
    *("content-md5", "content-range", "content-type", "date", "etag", "expect", "expires", "from", "host"),
    *("if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified"),
    *("location", "max-forwards", "pragma", "proxy-authenticate", "proxy-authorization", "range", "referer"),
    *("retry-after", "server", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via"),
    *("warning", "www-authenticate", "method", "get", "status", "200 OK", "version", "HTTP/1.1", "url"),
    *("public", "set-cookie", "keep-alive", "origin"),
)
_TAIL: Final = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY: Final = b"".join(len(word).to_bytes(4, "big") + word.encode() for word in _WORDS) + _TAIL.encode()
"""What both sides' compressors know from the start; draft 3.1, section 2.6.10.1."""


class SPDYError(ValueError):
    """What came is no SPDY/3.1; the connection is of no more use."""


@attrs.frozen
class StreamOpened:
    """The other side opens a stream, with headers in lower case; `fin` if it will send nothing on it."""

    stream_id: int
    headers: Mapping[str, str]
    fin: bool = False


@attrs.frozen
class DataReceived:
    """Bytes of a stream; `fin` if they are its last."""

    stream_id: int
    data: bytes
    fin: bool = False


@attrs.frozen
class StreamReset:
    """The other side gives a stream up."""

    stream_id: int


@attrs.frozen
class PingReceived:
    """The other side wants to know whether anybody is there; the answer is the same number."""

    number: int


@attrs.frozen
class GoneAway:
    """The other side opens no more streams."""


Frame = StreamOpened | DataReceived | StreamReset | PingReceived | GoneAway


class Framer:
    """One end of a connection. Header blocks are compressed as one stream, so frames go in order."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def __repr__(self) -> str:
        return f"<Framer {len(self._buffer)} bytes waiting>"

    # --- what comes ---------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> list[Frame]:
        """The frames that are complete now; kinds of frames that say nothing here are left out.

        Raises:
            SPDYError: It is no SPDY/3.1.
        """
        self._buffer += data
        frames: list[Frame] = []
        while len(self._buffer) >= HEADER_BYTES:
            first, second = struct.unpack_from(">II", self._buffer)
            flags, size = second >> 24, second & 0xFFFFFF
            if size > FRAME_BYTES_MAX:
                raise SPDYError(f"frame of {size} bytes")
            end = HEADER_BYTES + size
            if len(self._buffer) < end:
                break
            payload = bytes(self._buffer[HEADER_BYTES:end])
            del self._buffer[:end]
            if not first & _CONTROL:
                frames.append(DataReceived(first & _STREAM_ID, payload, bool(flags & FIN)))
            elif (frame := self._control(first, flags, payload)) is not None:
                frames.append(frame)
        return frames

    def _control(self, first: int, flags: int, payload: bytes) -> Frame | None:
        version, kind = first >> 16 & 0x7FFF, first & 0xFFFF
        if version != VERSION:
            raise SPDYError(f"version {version}")
        try:
            match kind:
                case _ if kind == _SYN_STREAM:
                    (stream_id,) = struct.unpack_from(">I", payload)
                    headers = self._headers(payload[10:])
                    return StreamOpened(stream_id & _STREAM_ID, headers, bool(flags & FIN))
                case _ if kind == _SYN_REPLY:
                    self._headers(payload[4:])  # the compressor has to see it
                    return None
                case _ if kind == _RST_STREAM:
                    return StreamReset(struct.unpack_from(">I", payload)[0] & _STREAM_ID)
                case _ if kind == _PING:
                    return PingReceived(struct.unpack_from(">I", payload)[0])
                case _ if kind == _GOAWAY:
                    return GoneAway()
                case _:
                    return None
        except struct.error as error:
            raise SPDYError(f"frame of kind {kind} is too short") from error

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            plain = self._inflate.decompress(block, HEADER_BLOCK_BYTES_MAX)
        except zlib.error as error:
            raise SPDYError(f"headers: {error}") from error
        if self._inflate.unconsumed_tail:
            raise SPDYError(f"headers of more than {HEADER_BLOCK_BYTES_MAX} bytes")
        texts, at = [], 4
        (count,) = struct.unpack_from(">I", plain)
        for _ in range(2 * count):
            (size,) = struct.unpack_from(">I", plain, at)
            if at + 4 + size > len(plain):
                raise SPDYError("headers are cut short")
            texts.append(plain[at + 4 : at + 4 + size].decode("latin-1"))
            at += 4 + size
        return {name.lower(): value for name, value in zip(texts[::2], texts[1::2], strict=True)}

    # --- what goes ----------------------------------------------------------------------------------------

    def syn_stream(self, stream_id: int, headers: Mapping[str, str]) -> bytes:
        """Open a stream."""
        return _control(_SYN_STREAM, struct.pack(">IIH", stream_id, 0, 0) + self._block(headers))

    def syn_reply(self, stream_id: int, headers: Mapping[str, str] | None = None) -> bytes:
        """Take a stream that the other side opened."""
        return _control(_SYN_REPLY, struct.pack(">I", stream_id) + self._block(headers or {}))

    def _block(self, headers: Mapping[str, str]) -> bytes:
        parts = [struct.pack(">I", len(headers))]
        for pair in headers.items():
            for text in pair:
                encoded = text.encode("latin-1")
                parts += [struct.pack(">I", len(encoded)), encoded]
        return self._deflate.compress(b"".join(parts)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


def data_frame(stream_id: int, data: bytes, *, fin: bool = False) -> bytes:
    """Bytes of a stream."""
    return struct.pack(">II", stream_id, (FIN if fin else 0) << 24 | len(data)) + data


def reset_frame(stream_id: int) -> bytes:
    """Give a stream up (refused)."""
    return _control(_RST_STREAM, struct.pack(">II", stream_id, 3))


def ping_frame(number: int) -> bytes:
    """A ping, or the answer to one."""
    return _control(_PING, struct.pack(">I", number))


def goaway_frame(last_stream_id: int) -> bytes:
    """No more streams are taken."""
    return _control(_GOAWAY, struct.pack(">II", last_stream_id, 0))


def _control(kind: int, payload: bytes) -> bytes:
    return struct.pack(">II", _CONTROL | VERSION << 16 | kind, len(payload)) + payload

"""How one event of a watch is framed: with its length before it, or as the message of a websocket. Pure.

Source: k8s.io/apimachinery/pkg/util/framer, RFC 6455 §5.2.
"""

from __future__ import annotations

import struct
from typing import Final

from aiohttp import web

from kubelite.apimachinery.apierrors import BadRequest

_TEXT: Final = 0x81
_BINARY: Final = 0x82
_SHORT_MAX: Final = 125
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127


def delimited(data: bytes) -> bytes:
    """A protobuf frame: four bytes of length, the highest first, and the data."""
    return struct.pack(">I", len(data)) + data


def websocket(data: bytes, *, is_text: bool) -> bytes:
    """A whole message in one frame, as servers send them: not masked."""
    opcode, size = _TEXT if is_text else _BINARY, len(data)
    if size <= _SHORT_MAX:
        return bytes((opcode, size)) + data
    if size < 1 << 16:
        return struct.pack(">BBH", opcode, _LENGTH_16, size) + data
    return struct.pack(">BBQ", opcode, _LENGTH_64, size) + data


def bad_handshake(error: web.HTTPException) -> BadRequest:
    """What a client is told whose websocket cannot be opened."""
    return BadRequest(f"unable to upgrade connection: {error.text or error.reason}")

"""Servers of agnhost that say the same to every datagram."""

from __future__ import annotations

import asyncio
from typing import Any


class Answering(asyncio.DatagramProtocol):
    """Answers every datagram with a text."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Bound."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Somebody asks."""
        del data
        self._transport.sendto(self._text, addr)

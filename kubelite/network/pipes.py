"""In-memory connections: a pair of asyncio transports which carry real bytes without a descriptor.

Invariant: bytes arrive complete and in order, or the connection ends with an error; a slow reader pauses
the writer.
Source: the contract of asyncio's Transport and Protocol (https://docs.python.org/3/library/asyncio-protocol.html).
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from contextvars import Context, copy_context
from typing import Any, Final

HIGH_WATER_BYTES: Final = 256 * 1024
Address = tuple[str, int]


class PipeSocket:
    """What libraries ask a transport's socket for; options set on it have no effect."""

    __slots__ = ("_local", "_remote")
    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(self, local: Address, remote: Address) -> None:
        self._local, self._remote = local, remote

    def getpeername(self) -> Address:
        """The other end."""
        return self._remote

    def getsockname(self) -> Address:
        """This end."""
        return self._local

    def setsockopt(self, *_: Any) -> None:
        """Nothing to set."""

    def getsockopt(self, *_: Any) -> int:
        """Nothing is set."""
        return 0

    def fileno(self) -> int:
        """No descriptor."""
        return -1


class PipeTransport(asyncio.Transport):
    """One end. What is written here arrives at `peer`'s protocol in the next turn of the loop."""

    _start_tls_compatible = True

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        local: Address,
        remote: Address,
        context: Context | None = None,
    ) -> None:
        super().__init__()
        self._loop = loop
        self._context = context or copy_context()
        self.local, self.remote = local, remote
        self._protocol: Any = None
        self._peer: PipeTransport | None = None
        self._inbox: deque[bytes] = deque()
        self._inbox_bytes = 0
        self._scheduled = False
        self._paused = False
        self._closing = False
        self._lost = False
        self._wrote_eof = False
        self._eof_pending = False
        self._eof_told = False
        self._writing_paused = False
        self._high, self._low = HIGH_WATER_BYTES, HIGH_WATER_BYTES // 4
        self.cut = False

    def __repr__(self) -> str:
        state = "cut" if self.cut else "closed" if self._lost else "closing" if self._closing else "open"
        return f"<PipeTransport {self.local} -> {self.remote} {state}, {self._inbox_bytes} bytes waiting>"

    # -- about the connection

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`peername`, `sockname`, and a `socket` that knows only these two."""
        if name == "peername":
            return self.remote
        if name == "sockname":
            return self.local
        if name == "socket":
            return PipeSocket(self.local, self.remote)
        return default

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Who gets what arrives from now on."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who gets what arrives."""
        return self._protocol  # type: ignore[no-any-return]

    # -- reading

    def is_reading(self) -> bool:
        """Whether what arrives is handed on."""
        return not self._paused and not self._closing

    def pause_reading(self) -> None:
        """Lets what arrives wait; the writer is paused in time."""
        self._paused = True

    def resume_reading(self) -> None:
        """Hands on again."""
        if self._paused:
            self._paused = False
            self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled and (self._inbox or self._eof_pending):
            self._scheduled = True
            self._loop.call_soon(self._deliver, context=self._context)

    def _deliver(self) -> None:
        """As asyncio's own transports: a protocol that raises loses its connection."""
        self._scheduled = False
        try:
            self._deliver_now()
        except Exception as error:  # noqa: BLE001 - the protocol's fault, told to the loop's handler
            details = {"message": "a protocol failed", "exception": error, "transport": self}
            self._loop.call_exception_handler(details)
            self._force_close(error)

    def _deliver_now(self) -> None:
        if self._paused or self._lost or self.cut:
            return
        if self._inbox:
            data = self._inbox.popleft() if len(self._inbox) == 1 else b"".join(self._inbox)
            self._inbox.clear()
            self._inbox_bytes = 0
            if self._peer is not None:
                self._peer.room_made()
            if not self._closing:
                self._hand_over(data)
        if self._eof_pending and not self._inbox and not self._paused and not self._eof_told:
            self._eof_told = True
            if self._closing:
                return
            keep_open = self._protocol.eof_received()
            if not keep_open:
                self.close()

    def _hand_over(self, data: bytes) -> None:
        protocol = self._protocol
        if not isinstance(protocol, asyncio.BufferedProtocol):
            protocol.data_received(data)
            return
        view = memoryview(data)
        while view:
            buffer = memoryview(protocol.get_buffer(len(view)))
            size = min(len(buffer), len(view))
            buffer[:size] = view[:size]
            protocol.buffer_updated(size)
            view = view[size:]

    def room_made(self) -> None:
        """The peer has read what was written here."""
        if self._writing_paused:
            self._writing_paused = False
            self._loop.call_soon(self._resume, context=self._context)

    def _resume(self) -> None:
        if not self._lost:
            self._protocol.resume_writing()

    # -- writing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """When the protocol is asked to pause, in bytes that the peer has not read."""
        self._high = HIGH_WATER_BYTES if high is None else high
        self._low = self._high // 4 if low is None else low

    def get_write_buffer_size(self) -> int:
        """Bytes that the peer has not read."""
        return self._peer.waiting_bytes if self._peer is not None else 0

    @property
    def waiting_bytes(self) -> int:
        """Bytes that have arrived here and were not handed on."""
        return self._inbox_bytes

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Low and high water, in bytes."""
        return self._low, self._high

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sends; what is written after the end of the connection is lost."""
        if self._wrote_eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._closing or self.cut or not data:
            return
        peer = self._peer
        if peer is None:
            return
        if peer._lost:  # noqa: SLF001 - the other end of this pipe
            if self._eof_told:
                self.reset()
            return
        peer.arrive(bytes(data))
        if peer.waiting_bytes > self._high and not self._writing_paused:
            self._writing_paused = True
            self._protocol.pause_writing()

    def writelines(self, list_of_data: Any) -> None:
        """Sends several pieces."""
        self.write(b"".join(list_of_data))

    def arrive(self, data: bytes) -> None:
        """Bytes from the peer."""
        if self._lost or self.cut:
            return
        self._inbox.append(data)
        self._inbox_bytes += len(data)
        if not self._paused:
            self._schedule()

    def can_write_eof(self) -> bool:
        """A pipe can be closed by half."""
        return True

    def write_eof(self) -> None:
        """Sends the end; reading goes on."""
        if not self._wrote_eof and not self._closing:
            self._wrote_eof = True
            if self._peer is not None and not self.cut:
                self._peer.end()

    def end(self) -> None:
        """The peer writes no more."""
        if not self.cut:
            self._eof_pending = True
            self._schedule()

    # -- the end

    def close(self) -> None:
        """Ends the connection; what was written still arrives."""
        if self._closing:
            return
        self._closing = True
        if self._peer is not None and not self._wrote_eof and not self.cut:
            self._peer.end()
        self._loop.call_soon(self._lose, None, context=self._context)

    def abort(self) -> None:
        """Ends the connection at once; the peer sees a reset."""
        if self._lost:
            return
        self._closing = True
        if self._peer is not None and not self.cut:
            self._peer.reset()
        self._loop.call_soon(self._lose, None, context=self._context)

    def _force_close(self, error: Exception | None) -> None:
        """`abort` with a cause for the own protocol; asyncio's TLS calls it."""
        if self._lost:
            return
        self._closing = True
        if self._peer is not None and not self.cut:
            self._peer.reset()
        self._loop.call_soon(self._lose, error, context=self._context)

    def reset(self) -> None:
        """The peer has aborted."""
        if self._closing or self.cut:
            return
        self._closing = True
        error = ConnectionResetError(104, "Connection reset by peer")
        self._loop.call_soon(self._lose, error, context=self._context)

    def _lose(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._lost = True
        self._inbox.clear()
        self._inbox_bytes = 0
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.room_made()
        self._protocol.connection_lost(error)

    def connect(self, peer: PipeTransport) -> None:
        """Joins the two ends."""
        self._peer = peer
        peer._peer = self


def make_pipe(
    loop: asyncio.AbstractEventLoop,
    client: asyncio.BaseProtocol,
    server: asyncio.BaseProtocol,
    client_address: Address,
    server_address: Address,
    server_context: Context | None = None,
) -> tuple[PipeTransport, PipeTransport]:
    """A connection between two protocols, which are told of it: the server first."""
    near = PipeTransport(loop, client_address, server_address)
    far = PipeTransport(loop, server_address, client_address, server_context)
    near.connect(far)
    near.set_protocol(client)
    far.set_protocol(server)
    far._context.run(server.connection_made, far)  # noqa: SLF001 - not in the context of the client
    client.connection_made(near)
    return near, far

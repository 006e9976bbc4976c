"""UDP between the addresses of a cluster: asyncio's datagram transports over the fabric.

A datagram to a Service goes to one ready endpoint, and a socket keeps to it as long as it stays ready; what
comes back from there carries the Service's address, as connection tracking has it. Datagrams are delivered in
the next turn of the loop, or lost: nobody is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from kubelite.network.translate import Dropped, Endpoint

if TYPE_CHECKING:
    from kubelite.network.namespaces import NetworkNamespace

P = TypeVar("P", bound=asyncio.DatagramProtocol)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class DatagramPipe(asyncio.DatagramTransport):
    """One bound socket; `peer` is the only one that a connected socket talks with."""

    def __init__(
        self, namespace: NetworkNamespace, local: Endpoint, peer: Endpoint | None, protocol: Any
    ) -> None:
        super().__init__()
        self._namespace, self._protocol, self._peer = namespace, protocol, peer
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        self.local = local
        self._flows: dict[Endpoint, Endpoint] = {}
        self._replies: dict[Endpoint, Endpoint] = {}
        self._closed = False

    def __repr__(self) -> str:
        return f"<DatagramPipe {self.local} -> {self._peer or 'anybody'}{' closed' * self._closed}>"

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`sockname` and `peername`."""
        return {"sockname": self.local, "peername": self._peer}.get(name, default)

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Send a datagram; a connected socket needs no address."""
        target = self._peer or (addr[0], int(addr[1]))
        if self._closed:
            return
        namespace = self._namespace
        if namespace.fabric.is_cut(target[0]):
            return
        try:
            real = self._translated(target)
        except Dropped:
            return
        receiver = namespace.fabric.datagrams.get(real) if real is not None else None
        if receiver is None or real is None:
            if self._peer is not None:
                self._loop.call_soon(self._refused, context=self._context)
            return
        if namespace.fabric.is_cut(self.local[0]) or namespace.fabric.is_cut(real[0]):
            return
        self._loop.call_soon(receiver.deliver, bytes(data), self.local, context=receiver._context)  # noqa: SLF001

    def _translated(self, target: Endpoint) -> Endpoint | None:
        """Where datagrams for an address go; None if nobody is behind it."""
        host, port = target
        fabric = self._namespace.fabric
        if host in LOOPBACK:
            host = fabric.own_door(self._namespace.address, port, "UDP")
        forwarded = fabric.forwards.get((host, port, "UDP"))
        if forwarded is not None:
            self._replies[forwarded] = target
            return forwarded
        if target[0] in LOOPBACK:
            return host, port
        translator = self._namespace.translator
        picker = translator.rules.get((host, port, "UDP")) if translator is not None else None
        if picker is None:
            return target
        kept = self._flows.get(target)
        if kept is None or kept not in picker.endpoints:
            kept = picker.pick(self.local[0])
            if kept is None:
                return None
            self._flows[target] = kept
            self._replies[kept] = target
        return kept

    def deliver(self, data: bytes, source: Endpoint) -> None:
        """A datagram has come."""
        shown = self._replies.get(source, source)
        if not self._closed and self._peer in {None, shown}:
            self._protocol.datagram_received(data, shown)

    def _refused(self) -> None:
        if not self._closed:
            self._protocol.error_received(ConnectionRefusedError(111, "Connection refused"))

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self._closed

    def close(self) -> None:
        """Frees the port."""
        if self._closed:
            return
        self._closed = True
        bound = self._namespace.fabric.datagrams
        if bound.get(self.local) is self:
            del bound[self.local]
        self._loop.call_soon(self._protocol.connection_lost, None, context=self._context)

    abort = close


async def open_datagrams(
    namespace: NetworkNamespace,
    factory: Callable[[], P],
    *,
    port: int = 0,
    peer: tuple[str, int] | None = None,
) -> tuple[DatagramPipe, P]:
    """As `loop.create_datagram_endpoint`, in a namespace.

    Args:
        namespace: Whose address is bound.
        factory: Makes the protocol.
        port: 0 takes a free one.
        peer: Host and port of the only one to talk with; None for anybody.

    Raises:
        OSError: The port is taken (EADDRINUSE), or the name of the peer does not resolve.
    """
    target = None
    if peer is not None:
        target = ((await namespace.resolve(peer[0]))[0], peer[1])
    protocol = factory()
    return bind_datagrams(namespace, protocol, port=port, peer=target), protocol


def bind_datagrams(
    namespace: NetworkNamespace,
    protocol: asyncio.DatagramProtocol,
    *,
    port: int = 0,
    peer: Endpoint | None = None,
) -> DatagramPipe:
    """As `open_datagrams`, for a peer of known address.

    Raises:
        OSError: The port is taken (EADDRINUSE).
    """
    fabric = namespace.fabric
    local = (namespace.address, port or fabric.free_datagram_port(namespace.address))
    if local in fabric.datagrams:
        raise OSError(98, f"Address already in use: {local[0]}:{local[1]}/udp")
    transport = DatagramPipe(namespace, local, peer, protocol)
    fabric.datagrams[local] = transport
    protocol.connection_made(transport)
    return transport

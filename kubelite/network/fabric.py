"""Who listens where on a cluster's addresses, and how connections between them are made.

Connections inside the process are pipes. A cut address is one whose node has lost its power: connections to
it hang, open ones stay silent.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Final, NamedTuple, TypeVar
from weakref import WeakSet

import attrs

from kubelite.network.addresses import AddressBlock
from kubelite.network.datagrams import LOOPBACK, DatagramPipe
from kubelite.network.namespaces import NetworkNamespace, current_namespace
from kubelite.network.pipes import PipeTransport, make_pipe
from kubelite.network.translate import Destination, Dropped, Endpoint, Translator
from kubelite.runtime import tasks

FIRST_EPHEMERAL_PORT: Final = 32_768
LAST_PORT: Final = 65_535
RETRANSMISSIONS_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""After which waits Linux sends the first packet of a connection again; after the last it gives up."""
P = TypeVar("P", bound=asyncio.BaseProtocol)
ProtocolFactory = Callable[[], asyncio.BaseProtocol]
OnListen = Callable[["Listener"], None]


def loopback_of(address: str) -> str:
    """The name of the loopback interface of the machine with an address."""
    return f"lo@{address}"


@attrs.define(eq=False, repr=False)
class Listener:
    """A listening address and port; `close` frees it. Open connections are the protocols' own."""

    address: str
    port: int
    factory: ProtocolFactory
    _fabric: Fabric
    on_close: list[Callable[[], None]] = attrs.field(factory=list)
    context: Context = attrs.field(factory=copy_context)

    def close(self) -> None:
        """Accepts no more."""
        self._fabric.forget(self)


class Accepted(NamedTuple):
    """The protocol for an accepted connection, and the context that its code belongs to."""

    protocol: asyncio.BaseProtocol
    context: contextvars.Context


class Fabric:
    """The wires of one cluster.

    Args:
        block: The cluster's addresses; others are outside.
        reaches_outside: Whether connections to addresses outside of the block are really made.

    Attributes:
        forwards: Host ports: what goes to an address, port and protocol goes to another address and port.
            What is there for the machine itself alone stands under `loopback_of` its address.
    """

    def __init__(self, block: AddressBlock, *, reaches_outside: bool = True) -> None:
        self.block = block
        self._reaches_outside = reaches_outside
        self._listeners: dict[tuple[str, int], Listener] = {}
        self.datagrams: dict[tuple[str, int], DatagramPipe] = {}
        self.forwards: dict[Destination, Endpoint] = {}
        self._cut: set[str] = set()
        self._pipes: dict[str, WeakSet[PipeTransport]] = {}
        self._next_port = FIRST_EPHEMERAL_PORT
        self._hanging: set[asyncio.Future[None]] = set()
        self.connections = 0
        self.on_listen: OnListen | None = None

    def __repr__(self) -> str:
        return (
            f"<Fabric {self.block.network}, {len(self._listeners)} listeners, {self.connections} connections>"
        )

    def statistics(self) -> dict[str, int]:
        """Listeners, open pipes, connections made so far."""
        return {
            "listeners": len(self._listeners),
            "pipes": sum(map(len, self._pipes.values())),
            "connections": self.connections,
        }

    # -- listening

    def listen(self, address: str, port: int, factory: ProtocolFactory) -> Listener:
        """Accepts connections; port 0 takes a free one.

        Raises:
            OSError: The port is taken (EADDRINUSE).
        """
        if port == 0:
            port = next(
                each
                for each in range(FIRST_EPHEMERAL_PORT, LAST_PORT)
                if (address, each) not in self._listeners
            )
        if (address, port) in self._listeners:
            raise OSError(98, f"Address already in use: {address}:{port}")
        listener = Listener(address, port, factory, self)
        self._listeners[address, port] = listener
        if self.on_listen is not None:
            self.on_listen(listener)
        return listener

    def forget(self, listener: Listener) -> None:
        """A listener has been closed."""
        if self._listeners.get((listener.address, listener.port)) is listener:
            del self._listeners[listener.address, listener.port]
            for callback in listener.on_close:
                callback()

    def free_datagram_port(self, address: str) -> int:
        """A port of an address which no UDP socket has; the search goes on from the one found last."""
        port = self._ephemeral()
        while (address, port) in self.datagrams:
            port = self._ephemeral()
        return port

    def is_cut(self, address: str) -> bool:
        """Whether an address has lost its power."""
        return address in self._cut

    def is_current(self, listener: Listener) -> bool:
        """Whether a listener has not been closed."""
        return self._listeners.get((listener.address, listener.port)) is listener

    def is_listening(self, address: str, port: int) -> bool:
        """Whether somebody accepts there."""
        return (address, port) in self._listeners and address not in self._cut

    def is_there(self, source: str, address: str) -> bool:
        """Whether an address would answer another that only asks for its presence."""
        return not self._cut & {source, address} and self.block.is_taken(address)

    def accept(self, address: str, port: int) -> Accepted | None:
        """What serves a connection that was accepted elsewhere (a real socket); None refuses it."""
        if address in self._cut:
            return None
        listener = self._listeners.get((address, port))
        if listener is None:
            return None
        context = listener.context.copy()
        return Accepted(context.run(listener.factory), context)

    # -- connecting

    def own_door(self, address: str, port: int, protocol: str) -> str:
        """What 127.0.0.1 means to whoever has an address: itself, if nothing is there for itself alone."""
        loopback = loopback_of(address)
        return loopback if (loopback, port, protocol) in self.forwards else address

    async def connect(
        self, namespace: NetworkNamespace, host: str, port: int, factory: Callable[[], P]
    ) -> tuple[asyncio.Transport, P]:
        """Connects from a namespace to an address, translated by its node's rules.

        Raises:
            ConnectionRefusedError: Nobody listens there, or the Service has no ready endpoint.
            TimeoutError: Nobody has answered for as long as Linux tries.
            OSError: The address is outside and cannot be reached.
        """
        if namespace.shares_loopback and host in LOOPBACK:
            return await self._connect_outside(host, port, factory)
        source = namespace.address
        address = self.own_door(source, port, "TCP") if host in LOOPBACK else host
        try:
            if namespace.translator is not None:
                try:
                    address, port = namespace.translator.translate(address, port, source)
                except Dropped:
                    address, port = await self._tried_again(namespace.translator, address, port, source)
            return await self._connect(source, address, port, factory)
        except ConnectionRefusedError:
            # Whoever is refused lets others run: a client that tries again at once must not stop the loop.
            await tasks.checkpoint()
            raise

    async def _connect(
        self, source: str, address: str, port: int, factory: Callable[[], P]
    ) -> tuple[asyncio.Transport, P]:
        while self._cut and (address in self._cut or source in self._cut):
            await self._hang()
        address, port = self.forwards.get((address, port, "TCP"), (address, port))
        listener = self._listeners.get((address, port))
        if listener is None:
            if address in self.block:
                raise ConnectionRefusedError(111, f"Connection refused: {address}:{port}")
            return await self._connect_outside(address, port, factory)
        loop = asyncio.get_running_loop()
        self.connections += 1
        # The protocol of a connection belongs to who listens, not to who connects.
        context = listener.context.copy()
        client, server = factory(), context.run(listener.factory)
        near, far = make_pipe(loop, client, server, (source, self._ephemeral()), (address, port), context)
        self._track(source, near)
        self._track(address, far)
        return near, client

    def _ephemeral(self) -> int:
        port = self._next_port
        self._next_port = port + 1 if port < LAST_PORT else FIRST_EPHEMERAL_PORT
        return port

    def _track(self, address: str, transport: PipeTransport) -> None:
        pipes = self._pipes.get(address)
        if pipes is None:
            pipes = self._pipes[address] = WeakSet()
        pipes.add(transport)

    async def _connect_outside(
        self, address: str, port: int, factory: Callable[[], P]
    ) -> tuple[asyncio.Transport, P]:
        if not self._reaches_outside:
            raise OSError(
                101,
                f"Network is unreachable: {address}:{port} is outside of the cluster, and time is virtual",
            )
        loop = asyncio.get_running_loop()
        token = current_namespace.set(None)
        try:
            return await loop.create_connection(factory, address, port)
        finally:
            current_namespace.reset(token)

    async def _tried_again(self, translator: Translator, address: str, port: int, source: str) -> Endpoint:
        """Where a connection goes whose first packet was dropped: each further one may find an endpoint.

        Raises:
            TimeoutError: All of them were dropped.
            ConnectionRefusedError: Meanwhile there is none at all.
        """
        for wait_s in RETRANSMISSIONS_S:
            await self._hang(wait_s)
            try:
                return translator.translate(address, port, source)
            except Dropped:
                continue
        raise TimeoutError(110, f"Connection timed out: {address}:{port}")

    async def _hang(self, time_s: float | None = None) -> None:
        """Get no answer, for a while or until the power of an address comes back."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._hanging.add(waiter)
        timer = None if time_s is None else loop.call_later(time_s, _let_go, waiter)
        try:
            await waiter
        finally:
            self._hanging.discard(waiter)
            if timer is not None:
                timer.cancel()

    # -- failures

    def cut(self, address: str) -> None:
        """The power cut of an address: no byte goes in or out any more, and nobody is told."""
        self._cut.add(address)
        for transport in self._pipes.pop(address, ()):
            transport.cut = True
            peer = transport._peer  # noqa: SLF001 - both ends fall silent
            if peer is not None:
                peer.cut = True

    def restore(self, address: str) -> None:
        """The address is on the wire again; connections cut before stay dead."""
        self._cut.discard(address)
        for waiter in self._hanging:
            _let_go(waiter)


def _let_go(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)

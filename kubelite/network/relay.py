"""Datagrams to a node port or a load balancer, for clients that no node's rules translate for.

Each client gets a socket of the node's own towards one endpoint, for as long as datagrams pass, and what
comes back goes to that client: as connection tracking and masquerading have it. Clients outside of the
process come through a real socket, those on other nodes through the fabric.

Source: https://kubernetes.io/docs/tutorials/services/source-ip/ (type NodePort); Linux' nf_conntrack.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from kubelite.network.datagrams import DatagramPipe, bind_datagrams
from kubelite.network.fabric import Fabric
from kubelite.network.namespaces import NetworkNamespace, current_namespace
from kubelite.network.translate import Dropped, Endpoint, Translator
from kubelite.runtime import Clock
from kubelite.runtime.logs import get_logger

log = get_logger().bind(component="network")
FLOW_S: Final = 120.0
"""Silence after which a client's socket is closed."""
FLOWS_MAX: Final = 4096
"""Clients of one port; the one that was silent for the longest makes room."""


class OpenRelay(Protocol):
    """How a component listens for datagrams from clients outside and on other nodes."""

    async def __call__(self, address: str, port: int, translator: Translator) -> Callable[[], None] | None:
        """Listens; answers with what closes it, None if the address cannot be bound."""
        ...


class _Flow(NamedTuple):
    """One client's socket towards its endpoint."""

    pipe: DatagramPipe
    endpoint: Endpoint
    last_s: float


class _Back(asyncio.DatagramProtocol):
    """Hands on what comes back from an endpoint."""

    def __init__(self, reply: Callable[[bytes], None]) -> None:
        self._reply = reply

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """To the client."""
        self._reply(data)


class DatagramRelay:
    """The clients of one address and port.

    Args:
        fabric: The wires.
        translator: Whose rules say where datagrams go.
        clock: For the end of flows.
        address: What clients send to.
        port: The same.
    """

    def __init__(self, fabric: Fabric, translator: Translator, clock: Clock, address: str, port: int) -> None:
        self._translator, self._clock = translator, clock
        self._destination = address, port, "UDP"
        self._namespace = NetworkNamespace(f"relay {address}:{port}", address, fabric)
        self._flows: OrderedDict[Any, _Flow] = OrderedDict()

    def __repr__(self) -> str:
        return f"<DatagramRelay {self._destination[0]}:{self._destination[1]}, {len(self._flows)} clients>"

    def receive(self, data: bytes, client: Any, reply: Callable[[bytes], None]) -> None:
        """A datagram of a client; without an endpoint it is lost."""
        now = self._clock.monotonic()
        self._forget_before(now - FLOW_S)
        picker = self._translator.rules.get(self._destination)
        if picker is None:
            return
        flow = self._flows.pop(client, None)
        if flow is not None and flow.endpoint not in picker.endpoints:
            flow.pipe.close()
            flow = None
        if flow is None:
            try:
                endpoint = picker.pick(client[0])
            except Dropped:
                return
            if endpoint is None:
                return
            if len(self._flows) >= FLOWS_MAX:
                self._flows.popitem(last=False)[1].pipe.close()
            flow = _Flow(bind_datagrams(self._namespace, _Back(reply), peer=endpoint), endpoint, now)
        self._flows[client] = flow._replace(last_s=now)
        flow.pipe.sendto(data)

    def _forget_before(self, time_s: float) -> None:
        while self._flows:
            client, flow = next(iter(self._flows.items()))
            if flow.last_s > time_s:
                return
            del self._flows[client]
            flow.pipe.close()

    def close(self) -> None:
        """Ends all flows."""
        for flow in self._flows.values():
            flow.pipe.close()
        self._flows.clear()


class _Door(asyncio.DatagramProtocol):
    """Where clients' datagrams come in."""

    def __init__(self, relay: DatagramRelay) -> None:
        self._relay = relay
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Keeps the transport."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """From a client."""
        self._relay.receive(data, addr, lambda answer: self._transport.sendto(answer, addr))


def open_relays(fabric: Fabric, clock: Clock, *, has_sockets: bool) -> OpenRelay:
    """Relays on the fabric, and on real sockets where there are any."""

    async def open_relay(address: str, port: int, translator: Translator) -> Callable[[], None] | None:
        relay = DatagramRelay(fabric, translator, clock, address, port)
        doors: list[Any] = []
        try:
            doors.append(bind_datagrams(NetworkNamespace("door", address, fabric), _Door(relay), port=port))
            if has_sockets:
                doors.append(await _real_door(relay, address, port))
        except OSError as error:
            log.warning("cannot listen", address=address, port=port, protocol="UDP", error=str(error))
        if not doors:
            return None

        def close() -> None:
            for door in doors:
                door.close()
            relay.close()

        return close

    return open_relay


async def _real_door(relay: DatagramRelay, address: str, port: int) -> Any:
    token = current_namespace.set(None)
    try:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Door(relay), local_addr=(address, port)
        )
    finally:
        current_namespace.reset(token)
    return transport

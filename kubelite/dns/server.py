"""Cluster DNS as an actor: keeps the zone up to date, and serves it on the fabric and on a real port.

Source: https://github.com/kubernetes/dns/blob/master/docs/specification.md.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

from kubelite.api.resources import ENDPOINTSLICES, NAMESPACES, SERVICES
from kubelite.apimachinery import meta
from kubelite.apimachinery.scheme import Object
from kubelite.dns.answers import NXDOMAIN, REFUSED, UDP_BYTES, Answerer
from kubelite.dns.records import TTL_S, Zone, plan_service_records
from kubelite.dns.resolver import Outside, resolve_outside
from kubelite.network import Fabric, NetworkNamespace, open_datagrams
from kubelite.network.sockets import listen_on_socket
from kubelite.runtime import Actor, Signal
from kubelite.runtime.logs import get_logger

log = get_logger().bind(component="dns")
PORT: Final = 53
OUTSIDE_TTL_S: Final = 30
BATCH: Final = 64
"""Packets read in one turn of the loop."""
_INDEX: Final = "dns-service"


class Refresh(Signal):
    """Plan the records of what has changed."""


def _service_of(slice_: Object) -> list[str]:
    name = (slice_["metadata"].get("labels") or {}).get("kubernetes.io/service-name")
    return [f"{slice_['metadata']['namespace']}/{name}"] if name else []


class DNSServer(Actor[Refresh]):
    """See the module's docstring.

    Args:
        zone: Kept up to date here; resolvers share it.
        informers: Services, EndpointSlices, Namespaces.
        fabric: For queries from pods.
        address: Where it listens on the fabric, port 53.
        real: Address and port of real UDP and TCP sockets; None opens none. Port 0 takes a free one.
        outside: Asked for names outside of the zone.
        on_port: Told the port of the real sockets.
    """

    def __init__(
        self,
        *,
        zone: Zone,
        informers: Any,
        fabric: Fabric,
        address: str,
        real: tuple[str, int] | None = None,
        outside: Outside = resolve_outside,
        on_port: Callable[[int], None] | None = None,
    ) -> None:
        self._zone, self._informers, self._fabric, self._address = zone, informers, fabric, address
        self._real, self._outside = real, outside
        self._answerer = Answerer(zone)
        self._changed: set[str] = set()
        self._waking = False
        self._closing: list[Callable[[], None]] = []
        self._on_port = on_port

    async def started(self) -> None:
        """Learns all Services, then listens."""
        services, slices = self._informers.informer(SERVICES), self._informers.informer(ENDPOINTSLICES)
        self._services, self._slices = services, slices
        slices.add_index(_INDEX, _service_of)
        # Of what was removed while nobody watched nobody tells.
        self._zone.namespaces.clear()
        for key in self._zone.services:
            self._note(key)
        for remove in (
            services.add_handler(self._service_changed),
            slices.add_handler(self._slice_changed),
            self._informers.informer(NAMESPACES).add_handler(self._namespace_changed),
        ):
            if callable(remove):
                self._closing.append(remove)
        listener = self._fabric.listen(self._address, PORT, lambda: _Stream(self))
        self._closing.append(listener.close)
        namespace = NetworkNamespace("dns", self._address, self._fabric)
        datagrams, _ = await open_datagrams(namespace, lambda: _Datagrams(self), port=PORT)
        self._closing.append(datagrams.close)
        if self._real is not None:
            await self._listen(*self._real)

    async def stopped(self) -> None:
        """Closes its sockets."""
        for close in self._closing:
            close()
        self._closing.clear()

    # -- the zone

    def _service_changed(self, old: Object | None, new: Object | None) -> None:
        self._note(meta.key(new or old or {}))

    def _slice_changed(self, old: Object | None, new: Object | None) -> None:
        for obj in (old, new):
            if obj is not None:
                for key in _service_of(obj):
                    self._note(key)

    def _namespace_changed(self, old: Object | None, new: Object | None) -> None:
        name = (new or old or {})["metadata"]["name"]
        (self._zone.namespaces.add if new is not None else self._zone.namespaces.discard)(name)
        self._zone.generation += 1

    def _note(self, key: str) -> None:
        self._changed.add(key)
        if not self._waking:
            self._waking = True
            self.context.ref.tell(Refresh())

    def receive(self, message: Refresh) -> None:
        """Puts the records of changed Services into the zone."""
        assert isinstance(message, Refresh)
        self._waking = False
        changed, self._changed = sorted(self._changed), set()
        for key in changed:
            namespace, name = meta.split_key(key)
            service = self._services.get(namespace, name)
            if service is None:
                self._zone.replace(key, ())
            else:
                slices = self._slices.by_index(_INDEX, key)
                self._zone.replace(key, plan_service_records(service, slices, self._zone.domain))

    # -- queries

    def answer(self, query: bytes, *, udp: bool) -> bytes | None:
        """The answer at once; None if somebody outside must be asked first."""
        return self._answerer.answer(query, size_max=UDP_BYTES if udp else None)

    def forward(self, query: bytes, reply: Callable[[bytes], None]) -> None:
        """Asks outside and replies when there is an answer."""
        self.context.start_task(self._forward(query, reply), name="forward")

    async def _forward(self, query: bytes, reply: Callable[[bytes], None]) -> None:
        import dnslib  # noqa: PLC0415 - the slow path

        try:
            record = dnslib.DNSRecord.parse(query)
        except dnslib.DNSError:
            return
        name, kind = record.q.qname, dnslib.QTYPE[record.q.qtype]
        answer = record.reply(ra=1, aa=0)
        if kind not in {"A", "AAAA"}:
            answer.header.rcode = REFUSED
            reply(answer.pack())
            return
        for alias in self._answerer.way_outside(str(name)):
            answer.add_answer(dnslib.RR(name, dnslib.QTYPE.CNAME, rdata=dnslib.CNAME(alias.data), ttl=TTL_S))
            name = alias.data
        try:
            addresses = await self._outside(str(name).rstrip("."))
        except (OSError, UnicodeError):
            if not answer.rr:
                answer.header.rcode = NXDOMAIN
            addresses = []
        for address in addresses:
            if (":" in address) is (kind == "AAAA"):
                data = getattr(dnslib, kind)(address)
                answer.add_answer(dnslib.RR(name, record.q.qtype, rdata=data, ttl=OUTSIDE_TTL_S))
        reply(answer.pack())

    async def _listen(self, address: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setblocking(False)
        try:
            udp.bind((address, port))
            port = udp.getsockname()[1]
            server = await listen_on_socket(lambda: _Stream(self), address, port)
        except asyncio.CancelledError:
            udp.close()
            raise
        except OSError as error:
            udp.close()
            log.warning(
                "cannot listen",
                address=address,
                port=port,
                error=str(error),
                hint="pods resolve all the same",
            )
            return
        loop.add_reader(udp, self._drain, udp)
        if self._on_port is not None:
            self._on_port(port)

        def close() -> None:
            loop.remove_reader(udp)
            udp.close()
            server.close()

        self._closing.append(close)

    def _drain(self, udp: socket.socket) -> None:
        for _ in range(BATCH):
            try:
                query, client = udp.recvfrom(65_535)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                log.debug("udp", error=str(error))
                return

            def reply(data: bytes, client: Any = client) -> None:
                if data and udp.fileno() >= 0:
                    try:
                        udp.sendto(data, client)
                    except OSError as error:  # a full buffer, or a client that cannot be answered
                        log.debug("udp", error=str(error))

            answer = self.answer(query, udp=True)
            if answer is None:
                self.forward(query, reply)
            else:
                reply(answer)


class _Datagrams(asyncio.DatagramProtocol):
    """DNS over the cluster's own UDP."""

    def __init__(self, server: DNSServer) -> None:
        self._server = server
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Keeps the transport."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answers."""

        def reply(answer: bytes) -> None:
            if answer:
                self._transport.sendto(answer, addr)

        answer = self._server.answer(data, udp=True)
        if answer is None:
            self._server.forward(data, reply)
        else:
            reply(answer)


class _Stream(asyncio.Protocol):
    """DNS over TCP: each message behind its length."""

    def __init__(self, server: DNSServer) -> None:
        self._server = server
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers each complete message."""
        self._buffer += data
        while len(self._buffer) >= 2:
            size = struct.unpack(">H", self._buffer[:2])[0]
            if len(self._buffer) < size + 2:
                return
            query, self._buffer = self._buffer[2 : size + 2], self._buffer[size + 2 :]
            answer = self._server.answer(query, udp=False)
            if answer is None:
                self._server.forward(query, self._reply)
            else:
                self._reply(answer)

    def _reply(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(struct.pack(">H", len(data)) + data)

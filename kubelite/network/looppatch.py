"""Makes asyncio's own connecting calls go through the fabric, for code that brings its own client.

Inside a pod `loop.create_connection`, `loop.create_datagram_endpoint`, `loop.getaddrinfo` and
`loop.sock_connect` use the pod's network, so that httpx, anyio streams, asyncio streams and plain aiohttp
sessions work unchanged. Under virtual time the same holds outside of pods for connections to addresses of the
cluster, since nothing listens on sockets then. Anything else is left alone.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast
from weakref import WeakKeyDictionary

from kubelite.network.datagrams import open_datagrams
from kubelite.network.namespaces import NetworkNamespace, current_namespace


class LoopPatch:
    """The calls of one loop, replaced while a cluster runs on it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop: Any = cast("Any", loop)
        self._create_connection = loop.create_connection
        self._create_datagram_endpoint = loop.create_datagram_endpoint
        self._getaddrinfo = loop.getaddrinfo
        self._sock_connect = loop.sock_connect
        self._targets: WeakKeyDictionary[socket.socket, tuple[NetworkNamespace, str, int]] = (
            WeakKeyDictionary()
        )
        self._outside: list[NetworkNamespace] = []
        self.users = 0
        self._loop.create_connection = self.create_connection
        self._loop.create_datagram_endpoint = self.create_datagram_endpoint
        self._loop.getaddrinfo = self.getaddrinfo
        self._loop.sock_connect = self.sock_connect

    def uninstall(self) -> None:
        """Gives the loop its own calls back."""
        del self._loop.create_connection, self._loop.create_datagram_endpoint
        del self._loop.getaddrinfo, self._loop.sock_connect

    def add_outside(self, namespace: NetworkNamespace) -> None:
        """Connections to this namespace's cluster are routed for code outside of pods too."""
        self._outside.append(namespace)

    def remove_outside(self, namespace: NetworkNamespace) -> None:
        """The cluster has stopped."""
        if namespace in self._outside:
            self._outside.remove(namespace)

    def _namespace(self, host: Any) -> NetworkNamespace | None:
        inside = current_namespace.get()
        if inside is not None:
            return inside
        return next(
            (each for each in self._outside if isinstance(host, str) and host in each.fabric.block), None
        )

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: Any = None,
        port: Any = None,
        *,
        sock: socket.socket | None = None,
        ssl: Any = None,
        server_hostname: str | None = None,
        **options: Any,
    ) -> tuple[Any, Any]:
        """`loop.create_connection`."""
        if sock is not None:
            target = self._targets.pop(sock, None)
            if target is None:
                return await self._create_connection(
                    protocol_factory, sock=sock, ssl=ssl, server_hostname=server_hostname, **options
                )
            sock.close()
            namespace, host, port = target
        else:
            found = self._namespace(host)
            if found is None:
                return await self._create_connection(
                    protocol_factory, host, port, ssl=ssl, server_hostname=server_hostname, **options
                )
            namespace = found
        if not ssl:
            return await namespace.connect(str(host), int(port), protocol_factory)
        transport, _ = await namespace.connect(str(host), int(port), asyncio.Protocol)
        protocol = protocol_factory()
        context = ssl if ssl is not True else None
        if context is None:
            import ssl as tls  # noqa: PLC0415 - the argument has the module's name

            context = tls.create_default_context()
        upgraded = await self._loop.start_tls(
            transport, protocol, context, server_hostname=server_hostname or str(host)
        )
        protocol.connection_made(upgraded)
        return upgraded, protocol

    async def create_datagram_endpoint(
        self,
        protocol_factory: Callable[[], Any],
        local_addr: tuple[str, int] | None = None,
        remote_addr: tuple[str, int] | None = None,
        **options: Any,
    ) -> tuple[Any, Any]:
        """`loop.create_datagram_endpoint`."""
        namespace = current_namespace.get()
        if namespace is None or options.get("sock") is not None:
            return await self._create_datagram_endpoint(protocol_factory, local_addr, remote_addr, **options)
        port = local_addr[1] if local_addr is not None else 0
        return await open_datagrams(namespace, protocol_factory, port=port, peer=remote_addr)

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the loop's own name
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        """`loop.getaddrinfo`."""
        text = host.decode() if isinstance(host, bytes) else host
        namespace = self._namespace(text)
        if namespace is None or text is None:
            return await self._getaddrinfo(host, port, family=family, type=type, proto=proto, flags=flags)
        addresses = await namespace.resolve(text)
        found = []
        for address in addresses:
            kind = socket.AF_INET6 if ":" in address else socket.AF_INET
            if family in {0, kind}:
                end = (address, int(port or 0)) if kind == socket.AF_INET else (address, int(port or 0), 0, 0)
                found.append((kind, type or socket.SOCK_STREAM, proto or socket.IPPROTO_TCP, "", end))
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """`loop.sock_connect`: remembers where the socket would go, for `create_connection(sock=…)`."""
        namespace = self._namespace(address[0]) if isinstance(address, tuple) else None
        if namespace is None:
            await self._sock_connect(sock, address)
            return
        self._targets[sock] = (namespace, address[0], address[1])


_installed: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopPatch] = WeakKeyDictionary()


def install(loop: asyncio.AbstractEventLoop) -> LoopPatch:
    """Patches a loop, or counts one more user of its patch."""
    patch = _installed.get(loop)
    if patch is None:
        patch = _installed[loop] = LoopPatch(loop)
    patch.users += 1
    return patch


def uninstall(loop: asyncio.AbstractEventLoop) -> None:
    """One user less; the last one takes the patch away."""
    patch = _installed.get(loop)
    if patch is None:
        return
    patch.users -= 1
    if patch.users == 0:
        patch.uninstall()
        del _installed[loop]

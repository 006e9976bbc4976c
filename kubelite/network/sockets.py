"""Real listeners, for clients outside of the process.

An accepted connection is handed to the chosen pod's own protocol: there is no second connection and no byte
is copied.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Protocol

from kubelite.network.fabric import Accepted, Fabric
from kubelite.runtime.logs import get_logger

log = get_logger().bind(component="network")
Accept = Callable[[str], Accepted | None]
"""Given the client's address: what serves the connection, None to refuse it."""


class OpenListener(Protocol):
    """How a component listens for clients outside: on sockets, or on pipes under virtual time."""

    async def __call__(self, address: str, port: int, accept: Accept) -> Callable[[], None] | None:
        """Listens; answers with what closes it, None if the address cannot be bound."""
        ...


class _HandOver(asyncio.Protocol):
    """Stands in until the connection is there and its protocol can be chosen by the client's address."""

    def __init__(self, accept: Accept) -> None:
        self._accept = accept

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Chooses the protocol and steps aside."""
        assert isinstance(transport, asyncio.Transport)
        peer = transport.get_extra_info("peername")
        accepted = self._accept(peer[0] if peer else "")
        if accepted is None:
            transport.abort()
            return
        transport.set_protocol(accepted.protocol)
        accepted.context.run(accepted.protocol.connection_made, transport)


async def listen_on_socket(
    factory: Callable[[], asyncio.BaseProtocol], address: str, port: int, **options: Any
) -> asyncio.Server:
    """As `loop.create_server`, but whoever is cancelled meanwhile leaves no socket behind.

    Raises:
        OSError: The address cannot be had.
    """
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, address, port, start_serving=False, **options)
    try:
        await server.start_serving()
    except BaseException:
        server.close()
        raise
    return server


async def open_socket_listener(address: str, port: int, accept: Accept) -> Callable[[], None] | None:
    """Listens on a real socket. An address that cannot be bound gives a warning and None."""
    try:
        server = await listen_on_socket(lambda: _HandOver(accept), address, port, reuse_address=True)
    except OSError as error:
        hint = (
            "ports below 1024 need privileges"
            if port < 1024
            else "is the port taken, or the address not local?"
        )
        log.warning(
            "cannot listen",
            address=address,
            port=port,
            error=str(error),
            hint=f"{hint} A NodePort does without",
        )
        return None
    return server.close


def open_listeners(fabric: Fabric) -> OpenListener:
    """Listens on a real socket, and on the fabric for clients inside of the cluster."""
    on_pipes = open_pipe_listener(fabric)

    async def open_listener(address: str, port: int, accept: Accept) -> Callable[[], None] | None:
        close_socket = await open_socket_listener(address, port, accept)
        close_pipe = await on_pipes(address, port, accept)

        def close() -> None:
            for one in (close_socket, close_pipe):
                if one is not None:
                    one()

        return close

    return open_listener


def open_pipe_listener(fabric: Fabric) -> OpenListener:
    """Listens on the fabric only: for virtual time, where nothing may listen on a socket."""

    async def open_listener(address: str, port: int, accept: Accept) -> Callable[[], None] | None:
        def factory() -> asyncio.BaseProtocol:
            return _HandOver(accept)

        try:
            listener = fabric.listen(address, port, factory)
        except OSError as error:
            log.warning("cannot listen", address=address, port=port, error=str(error))
            return None
        return listener.close

    return open_listener


def free_port(address: str) -> int:
    """A port that is free at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])

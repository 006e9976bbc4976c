"""A network namespace: the network as one pod, one node, or a client inside the cluster sees it.

The current one is a context variable, so that code in a pod needs no argument to be in its network.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeVar

import attrs

if TYPE_CHECKING:
    from kubelite.network.fabric import Fabric
    from kubelite.network.translate import Translator

P = TypeVar("P", bound=asyncio.BaseProtocol)


class Resolver(Protocol):
    """Turns names into addresses, with the search path of the namespace that asks."""

    async def resolve(self, name: str, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[str]:
        """The addresses of a name.

        Raises:
            OSError: The name does not resolve (`socket.gaierror`).
        """
        ...

    def with_search(self, search: Sequence[str], ndots: int) -> Resolver:
        """The same names with another search path."""
        ...


@attrs.define(eq=False)
class NetworkNamespace:
    """See the module's docstring.

    Attributes:
        name: For people.
        address: What its connections come from, and what its listeners listen on.
        fabric: The wires.
        hostname: Resolves to its own address.
        resolver: None resolves nothing but addresses and its own name.
        translator: Its node's translation of Service addresses; None translates nothing.
        search: DNS search path.
        hosts: Names of /etc/hosts.
        shares_loopback: Its loopback interface is that of the machine on which the cluster runs.
    """

    name: str
    address: str
    fabric: Fabric
    hostname: str = ""
    resolver: Resolver | None = None
    translator: Translator | None = None
    search: tuple[str, ...] = ()
    hosts: dict[str, str] = attrs.field(factory=dict)
    shares_loopback: bool = False

    async def resolve(self, name: str, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[str]:
        """The addresses of a name, by /etc/hosts first.

        Raises:
            OSError: The name does not resolve (`socket.gaierror`).
        """
        if name == "localhost" and self.shares_loopback:
            return ["127.0.0.1"]
        if name in {"localhost", self.hostname} and name:
            return [self.address]
        if (address := self.hosts.get(name)) is not None:
            return [address]
        for kind in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.inet_pton(kind, name)
            except OSError:
                continue
            return [name]
        if self.resolver is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await self.resolver.resolve(name, family)

    async def connect(self, host: str, port: int, factory: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """Connects to the first address of a name where somebody answers.

        Raises:
            OSError: The name does not resolve, or none of its addresses can be reached.
        """
        *others, last = await self.resolve(host)
        for address in others:
            try:
                return await self.fabric.connect(self, address, port, factory)
            except OSError:
                continue
        return await self.fabric.connect(self, last, port, factory)


current_namespace: ContextVar[NetworkNamespace | None] = ContextVar("current_namespace", default=None)

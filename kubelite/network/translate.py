"""Destination rewriting: what kube-proxy programs, and what a connection goes through as it is made.

A connection to a Service's address is translated once, at connect time, to one ready endpoint, as iptables'
DNAT does; no byte is pumped. Rules are an immutable map which is swapped as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, Protocol

Protocols = Literal["TCP", "UDP", "SCTP"]
Destination = tuple[str, int, str]
"""Address, port, protocol."""
Endpoint = tuple[str, int]


class Dropped(ConnectionRefusedError):  # noqa: N818 - what is the case, not what went wrong
    """Packets of a connection are dropped: nobody answers. Who cannot wait takes it for a refusal."""


class Picker(Protocol):
    """Chooses an endpoint for a connection."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What there is to choose from."""
        ...

    def pick(self, source: str) -> Endpoint | None:
        """An endpoint for a client's address; None refuses the connection.

        Raises:
            Dropped: The client is to get no answer at all.
        """
        ...


Rules = Mapping[Destination, Picker]
NO_RULES: Rules = MappingProxyType({})


class Translator:
    """The rules of one node. `rules` is replaced, never changed."""

    __slots__ = ("rules",)

    def __init__(self) -> None:
        self.rules: Rules = NO_RULES

    def __repr__(self) -> str:
        return f"<Translator {len(self.rules)} rules>"

    def translate(self, address: str, port: int, source: str) -> Endpoint:
        """Where a connection really goes.

        Raises:
            ConnectionRefusedError: The destination is a Service without ready endpoints.
            Dropped: It is one whose endpoints are not for this client.
        """
        picker = self.rules.get((address, port, "TCP"))
        if picker is None:
            return address, port
        endpoint = picker.pick(source)
        if endpoint is None:
            raise ConnectionRefusedError(111, "Connection refused")
        return endpoint

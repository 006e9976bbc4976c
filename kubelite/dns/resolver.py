"""The stub resolver of a pod: search path and ndots over the cluster's zone, in-process.

Source: resolv.conf(5); https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import count

from kubelite.dns.records import Zone
from kubelite.network import current_namespace

NDOTS = 5
_ALIASES_MAX = 8
Outside = Callable[[str], Awaitable[list[str]]]


def candidates(name: str, search: Sequence[str], ndots: int = NDOTS) -> Iterator[str]:
    """The full names to try, in their order."""
    if name.endswith("."):
        yield name.rstrip(".")
        return
    dotted = name.count(".") >= ndots
    if dotted:
        yield name
    for domain in search:
        yield f"{name}.{domain}"
    if not dotted:
        yield name


async def resolve_outside(name: str) -> list[str]:
    """Asks the machine's own resolver.

    Raises:
        OSError: The name does not resolve.
    """
    token = current_namespace.set(None)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    finally:
        current_namespace.reset(token)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


async def refuse_outside(name: str) -> list[str]:
    """Under virtual time nothing outside can be asked.

    Raises:
        OSError: Always.
    """
    raise socket.gaierror(
        socket.EAI_NONAME, f"Name or service not known: {name} (time is virtual: only cluster names resolve)"
    )


class ClusterResolver:
    """Resolves for the pods of one namespace.

    Args:
        zone: The cluster's records.
        search: The search path of resolv.conf.
        outside: Asked for names outside of the zone.
        ndots: Names with fewer dots go through the search path first.
        turns: Which of several addresses comes first; shared by the resolvers of a cluster.
    """

    def __init__(
        self,
        zone: Zone,
        search: Sequence[str] = (),
        outside: Outside = resolve_outside,
        ndots: int = NDOTS,
        *,
        turns: Iterator[int] | None = None,
    ) -> None:
        self._zone, self._search, self._outside, self._ndots = zone, tuple(search), outside, ndots
        self._turns = count() if turns is None else turns

    def with_search(self, search: Sequence[str], ndots: int = NDOTS) -> ClusterResolver:
        """The same zone with another search path."""
        return ClusterResolver(self._zone, search, self._outside, ndots, turns=self._turns)

    async def resolve(self, name: str, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[str]:
        """The addresses of a name.

        Raises:
            OSError: The name does not resolve (`socket.gaierror`).
        """
        exists = False
        problem = socket.gaierror(socket.EAI_NONAME, f"Name or service not known: {name}")
        for candidate in candidates(name.lower(), self._search, self._ndots):
            if self._zone.is_authoritative(candidate):
                found = self._in_zone(candidate, family)
                if isinstance(found, str):
                    return await self._outside(found)
                if found:
                    return self._in_turn(found)
                exists = exists or found is not None
            elif not exists and "." in candidate:
                try:
                    return await self._outside(candidate)
                except socket.gaierror as error:
                    problem = error
        raise problem

    def _in_turn(self, addresses: list[str]) -> list[str]:
        """Several addresses, another one first each time, as cluster DNS gives them."""
        first = next(self._turns) % len(addresses) if len(addresses) > 1 else 0
        return addresses[first:] + addresses[:first]

    def _in_zone(self, name: str, family: socket.AddressFamily) -> list[str] | str | None:
        """Addresses, or the name outside that it stands for; None if there is no such name."""
        kinds = {socket.AF_INET: ["A"], socket.AF_INET6: ["AAAA"]}.get(family, ["A", "AAAA"])
        for _ in range(_ALIASES_MAX):
            addresses: list[str] = []
            alias = None
            known = False
            for kind in kinds:
                records = self._zone.find(name, kind)
                known = known or records is not None
                for record in records or ():
                    if record.kind == "CNAME":
                        alias = record.data
                    else:
                        addresses.append(record.data)
            if alias is None:
                return addresses if known else None
            if not self._zone.is_authoritative(alias):
                return alias
            name = alias
        return []

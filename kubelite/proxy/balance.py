"""How a connection finds its endpoint.

Source: https://kubernetes.io/docs/reference/networking/virtual-ips/ (iptables mode chooses at random;
session affinity by client address).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

from kubelite.network import Dropped, Endpoint, Picker
from kubelite.runtime import Clock, Randomness

AFFINITY_CLIENTS_MAX = 100_000
"""Clients whose choice one Service port remembers; the oldest are forgotten."""


class RandomPicker:
    """Any endpoint, each as likely as the others. The tuple is never changed, only the picker replaced."""

    __slots__ = ("_count", "_endpoints", "_random")

    def __init__(self, endpoints: tuple[Endpoint, ...], random: Randomness) -> None:
        self._endpoints = endpoints
        self._count = len(endpoints)
        self._random: Callable[[], float] = random.random

    def __repr__(self) -> str:
        return f"<RandomPicker {self._count} endpoints>"

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What there is to choose from."""
        return self._endpoints

    def pick(self, source: str) -> Endpoint | None:
        """An endpoint; None if there is none."""
        return self._endpoints[int(self._random() * self._count)] if self._count else None


class AffinityPicker:
    """The endpoint that a client had before, for as long as it comes back within the time-out.

    Args:
        endpoints: What there is to choose from.
        random: For the first choice.
        clock: For the time-out.
        timeout_s: Seconds after the last connection for which a choice holds.
        chosen: The choices so far and their last use, by client address: shared by the pickers of a Service's
            port and by those that follow them.
    """

    __slots__ = ("_chosen", "_clock", "_endpoints", "_random", "_timeout_s")

    def __init__(
        self,
        endpoints: tuple[Endpoint, ...],
        random: Randomness,
        clock: Clock,
        timeout_s: float,
        chosen: dict[str, tuple[Endpoint, float]],
    ) -> None:
        self._endpoints, self._random, self._clock, self._timeout_s = endpoints, random, clock, timeout_s
        self._chosen = chosen

    def __repr__(self) -> str:
        return f"<AffinityPicker {len(self._endpoints)} endpoints, {len(self._chosen)} clients>"

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What there is to choose from."""
        return self._endpoints

    def pick(self, source: str) -> Endpoint | None:
        """The client's endpoint; None if there is none at all."""
        if not self._endpoints:
            return None
        now = self._clock.monotonic()
        endpoint, last = self._chosen.pop(source, (None, 0.0))
        if endpoint is None or now - last > self._timeout_s or endpoint not in self._endpoints:
            endpoint = self._random.choice(self._endpoints)
        self._chosen[source] = (endpoint, now)
        if len(self._chosen) > AFFINITY_CLIENTS_MAX:
            del self._chosen[next(iter(self._chosen))]
        return endpoint


class DroppingPicker:
    """No endpoint and no answer: there are some, but not on this node."""

    __slots__ = ()
    endpoints: tuple[Endpoint, ...] = ()

    def __repr__(self) -> str:
        return "<DroppingPicker>"

    def pick(self, source: str) -> Endpoint | None:
        """None is found.

        Raises:
            Dropped: Always.
        """
        raise Dropped


class OriginPicker:
    """One choice for clients inside the cluster, another for those outside.

    Args:
        inside: For clients inside.
        outside: For all others.
        is_inside: Whether an address is one of the cluster's.
    """

    __slots__ = ("_inside", "_is_inside", "_outside")

    def __init__(self, inside: Picker, outside: Picker, is_inside: Callable[[str], bool]) -> None:
        self._inside, self._outside, self._is_inside = inside, outside, is_inside

    def __repr__(self) -> str:
        return f"<OriginPicker inside {self._inside!r}, outside {self._outside!r}>"

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What there is to choose from inside."""
        return self._inside.endpoints

    def pick(self, source: str) -> Endpoint | None:
        """An endpoint; None if there is none for such a client."""
        return (self._inside if self._is_inside(source) else self._outside).pick(source)


class SourcePicker:
    """No answer for clients that are not of some networks.

    Args:
        picker: For those that are.
        networks: As CIDRs.
    """

    __slots__ = ("_networks", "_picker")

    def __init__(self, picker: Picker, networks: Iterable[str]) -> None:
        self._picker = picker
        self._networks = tuple(ipaddress.ip_network(each, strict=False) for each in networks)

    def __repr__(self) -> str:
        return f"<SourcePicker {self._picker!r} from {', '.join(map(str, self._networks))}>"

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What there is to choose from."""
        return self._picker.endpoints

    def pick(self, source: str) -> Endpoint | None:
        """An endpoint; None if there is none.

        Raises:
            Dropped: The client is from elsewhere, or there are endpoints but not for it.
        """
        try:
            address = ipaddress.ip_address(source)
        except ValueError as error:  # whoever has no address is of no network
            raise Dropped from error
        if not any(address in each for each in self._networks):
            raise Dropped
        return self._picker.pick(source)

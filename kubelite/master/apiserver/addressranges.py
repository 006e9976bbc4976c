"""The cluster addresses of Services: out of the ranges of all ServiceCIDRs that are ready.

Ranges may overlap. An address is taken while there is an IPAddress of its name, whoever made that. One that
is given back may be of a range that is not ready any more, or gone.

Source: k8s.io/kubernetes/pkg/registry/core/service/ipallocator (cidrallocator.go, ipallocator.go), KEP-1880.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from kubelite.api.conditions import get_condition
from kubelite.api.resources import IPADDRESSES, SERVICECIDRS
from kubelite.apimachinery import meta
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.allocator import Allocator, RangeFull, make_address_allocator
from kubelite.master.store.selection import EVERYTHING
from kubelite.master.store.store import Store
from kubelite.runtime import Randomness


class _TakenAddresses:
    """As numbers: what this server is about to give away, and what has an object."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mine: set[int] = set()

    def __contains__(self, number: int) -> bool:
        return (
            number in self._mine
            or self._store.get(IPADDRESSES, "", str(ipaddress.ip_address(number))) is not None
        )

    def add(self, number: int) -> None:
        self._mine.add(number)

    def discard(self, number: int) -> None:
        self._mine.discard(number)

    def __len__(self) -> int:
        return len(self._mine)


def is_ready(service_cidr: Object) -> bool:
    """Whether addresses may be given away; a range of which nobody says anything counts as ready."""
    condition = get_condition(service_cidr, "Ready")
    return not meta.is_being_deleted(service_cidr) and (condition is None or condition["status"] == "True")


class AddressRanges:
    """All ranges as one.

    Args:
        store: Has the ServiceCIDRs and IPAddresses.
        random: Chooses addresses.
    """

    def __init__(self, store: Store, random: Randomness) -> None:
        self._store, self._random = store, random
        self._taken = _TakenAddresses(store)
        self._allocators: dict[str, Allocator] = {}

    def __repr__(self) -> str:
        return f"<AddressRanges {', '.join(self._networks())}, {len(self._taken)} taken>"

    def contains(self, number: int) -> bool:
        """Whether the number belongs to a range that is ready."""
        return any(each.contains(number) for each in self._ready())

    def take(self, number: int) -> bool:
        """Take this very number; False if somebody has it."""
        if number in self._taken:
            return False
        self._taken.add(number)
        return True

    def choose(self) -> int:
        """A free number of the oldest range that has one, not taken yet.

        Raises:
            RangeFull: None is free.
        """
        for each in self._ready():
            try:
                return each.choose()
            except RangeFull:
                continue
        raise RangeFull

    def release(self, number: int) -> None:
        """Give a number back; nothing happens if it is free."""
        self._taken.discard(number)

    def _networks(self) -> list[str]:
        found = [entry.object for entry in self._store.list(SERVICECIDRS, EVERYTHING).entries]
        found.sort(key=lambda each: (each["metadata"]["creationTimestamp"], each["metadata"]["name"]))
        networks = (cidr for each in found if is_ready(each) for cidr in each["spec"]["cidrs"])
        return [each for each in networks if ":" not in each]  # the cluster has addresses of one family

    def _ready(self) -> Iterator[Allocator]:
        for network in self._networks():
            found = self._allocators.get(network)
            if found is None:
                found = make_address_allocator(network, self._random, self._taken)
                self._allocators[network] = found
            yield found

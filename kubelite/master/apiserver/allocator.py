"""Numbers out of ranges: cluster addresses, node ports, load balancer addresses.

Numbers wanted by name may be anywhere in the range; those chosen here come from its upper part first, so that
the lower one is left to those who choose themselves.

Source: k8s.io/kubernetes/pkg/registry/core/service (ipallocator, portallocator), KEP-3070, KEP-3668.
"""

from __future__ import annotations

import ipaddress
from itertools import chain
from typing import Final, Protocol

from kubelite.runtime import Randomness

STATIC_BLOCK_MIN: Final = 16
STATIC_BLOCK_MAX: Final = 256
RANDOM_TRIES: Final = 8


class RangeFull(Exception):  # noqa: N818 - what is the case, not what went wrong
    """Every number of the range is taken."""


class Numbers(Protocol):
    """A set of numbers."""

    def __contains__(self, number: int, /) -> bool: ...
    def __len__(self) -> int: ...

    def add(self, number: int, /) -> None:
        """Put a number in."""
        ...

    def discard(self, number: int, /) -> None:
        """Take a number out, if it is there."""
        ...


class Allocator:
    """Which numbers of `first` … `last` are taken.

    Args:
        static: How many of the first numbers are chosen here only when all others are taken.
        taken: Those that are, if others take numbers, too.
    """

    def __init__(
        self, first: int, last: int, *, static: int, random: Randomness, taken: Numbers | None = None
    ) -> None:
        self.first = first
        self.last = last
        self._static = static
        self._random = random
        self._taken: Numbers = set() if taken is None else taken

    def contains(self, number: int) -> bool:
        """Whether the number belongs to the range."""
        return self.first <= number <= self.last

    def take(self, number: int) -> bool:
        """Take this very number; False if somebody has it."""
        assert self.contains(number)
        if number in self._taken:
            return False
        self._taken.add(number)
        return True

    def choose(self) -> int:
        """A free number, not taken yet: of the upper part at random, else any that is free.

        Raises:
            RangeFull: None is free.
        """
        upper = self.first + self._static
        size = self.last - upper + 1
        if size > 0:
            for _ in range(RANDOM_TRIES):
                number = upper + self._random.randrange(size)
                if number not in self._taken:
                    return number
        for other in chain(range(upper, self.last + 1), range(self.first, upper)):
            if other not in self._taken:
                return other
        raise RangeFull

    def release(self, number: int) -> None:
        """Give a number back; nothing happens if it is free."""
        self._taken.discard(number)

    def __repr__(self) -> str:
        return f"<Allocator {len(self._taken)}/{self.last - self.first + 1}>"


def make_address_allocator(network: str, random: Randomness, taken: Numbers) -> Allocator:
    """An allocator over the usable addresses of a network, as numbers."""
    parsed = ipaddress.ip_network(network)
    first, last = int(parsed.network_address) + 1, int(parsed.broadcast_address) - 1
    size = parsed.num_addresses
    static = 0 if size <= STATIC_BLOCK_MIN else min(max(STATIC_BLOCK_MIN, size // 16), STATIC_BLOCK_MAX)
    return Allocator(first, last, static=static, random=random, taken=taken)


def make_port_allocator(first: int, last: int, random: Randomness) -> Allocator:
    """An allocator over node ports."""
    size = last - first + 1
    static = 0 if size <= STATIC_BLOCK_MIN else min(max(STATIC_BLOCK_MIN, size // 32), 128)
    return Allocator(first, last, static=static, random=random)

"""Addresses: each cluster has a block of its own out of 127.0.0.0/8, cut into pools.

A block is claimed across processes by a lock port on its first address, and released when the cluster stops.
Addresses below 127.0.0.0/8 are real on Linux, so that what listens on them can be reached by any program.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

LOCK_PORT: Final = 10255
FIRST_BLOCK: Final = 17
"""Second octet of the first block: lower ones are other programs' habits."""
VIRTUAL_FIRST_BLOCK: Final = 240
"""Virtual time listens on no socket; its blocks are counted from here, the same in every run."""
LAST_BLOCK: Final = 254
POD_PREFIX: Final = 25


class AddressPoolExhausted(Exception):  # noqa: N818 - says what is the case
    """All addresses of a pool are in use."""


class AddressPool:
    """Hands out the addresses of a range: each is used once around before any is used again.

    Args:
        network: The range.
        reserved: How many addresses at its beginning are never handed out.
    """

    def __init__(self, network: ipaddress.IPv4Network, reserved: int = 1) -> None:
        self.network = network
        self._base = int(network.network_address)
        self._first, self._end = reserved, network.num_addresses - 1
        self._next = self._first
        self._used: set[str] = set()

    def __repr__(self) -> str:
        return f"<AddressPool {self.network}, {len(self._used)} of {self._end - self._first} used>"

    def take(self) -> str:
        """A free address.

        Raises:
            AddressPoolExhausted: There is none.
        """
        for _ in range(self._end - self._first):
            address = _text(self._base + self._next)
            self._next = self._next + 1 if self._next + 1 < self._end else self._first
            if address not in self._used:
                self._used.add(address)
                return address
        raise AddressPoolExhausted(f"all addresses of {self.network} are in use")

    def claim(self, address: str) -> bool:
        """Takes this very address; False if it is not of the range, or in use."""
        number = int(ipaddress.ip_address(address)) - self._base
        if not self._first <= number < self._end or address in self._used:
            return False
        self._used.add(address)
        return True

    def release(self, address: str) -> None:
        """Gives an address back; nothing happens if it was not taken."""
        self._used.discard(address)

    def is_taken(self, address: str) -> bool:
        """Whether it is in use."""
        return address in self._used

    def __contains__(self, address: str) -> bool:
        return ipaddress.ip_address(address) in self.network


def _text(number: int) -> str:
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


_in_process: set[str] = set()


class AddressBlock:
    """The block of one cluster.

    A sixteenth is for nodes, one for load balancers, two for Services, the rest for pods.

    Attributes:
        network: The whole block.
        master: The address of the control plane.
        nodes: Addresses of nodes.
        load_balancers: Addresses of load balancers.
        services: The range of cluster IPs, which the API server hands out.
    """

    def __init__(self, network: ipaddress.IPv4Network, lock: socket.socket | None) -> None:
        self.network = network
        self._lock = lock
        base, size = int(network.network_address), network.num_addresses
        part = size // 16
        prefix = network.prefixlen + 4

        def cut(at: int, bits: int) -> ipaddress.IPv4Network:
            return ipaddress.IPv4Network((base + at * part, bits))

        self.master = _text(base + 1)
        self.nodes = AddressPool(cut(0, prefix), reserved=2)
        self.load_balancers = AddressPool(cut(1, prefix))
        self.services = cut(2, prefix - 1)
        self._pods_start = self._pods_at = base + 4 * part
        self._pods_end = base + size
        self._pod_ranges: list[AddressPool] = []

    def __repr__(self) -> str:
        return f"<AddressBlock {self.network}>"

    def __contains__(self, address: str) -> bool:
        try:
            return ipaddress.ip_address(address) in self.network
        except ValueError:
            return False

    def is_pod(self, address: str) -> bool:
        """Whether an address is out of the part for pods."""
        return self._pods_start <= int(ipaddress.ip_address(address)) < self._pods_end

    def take_pod_range(self, addresses: int) -> AddressPool:
        """A node's range of pod addresses, at least so many.

        Raises:
            AddressPoolExhausted: The block is full; a larger one is an option.
        """
        prefix = min(POD_PREFIX, 32 - (addresses + 2).bit_length())
        size = 1 << (32 - prefix)
        at = -(-self._pods_at // size) * size
        if at + size > self._pods_end:
            raise AddressPoolExhausted(
                f"{self.network} has no pod addresses left: a prefix below {self.network.prefixlen} has more"
            )
        self._pods_at = at + size
        pool = AddressPool(ipaddress.IPv4Network((at, prefix)))
        self._pod_ranges.append(pool)
        return pool

    def is_taken(self, address: str) -> bool:
        """Whether a pod, a node or the control plane has an address."""
        pools = (self.nodes, *self._pod_ranges)
        return address == self.master or any(pool.is_taken(address) for pool in pools)

    def release(self) -> None:
        """Gives the block back."""
        _in_process.discard(str(self.network))
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @classmethod
    def claim(cls, prefix: int = 16, *, virtual: bool = False) -> AddressBlock:
        """A block that no other cluster on this machine has.

        Args:
            prefix: Its size, from 9 to 20.
            virtual: Nothing listens on sockets: count blocks in this process only.

        Raises:
            ValueError: The prefix is out of range.
            AddressPoolExhausted: All blocks are claimed.
        """
        if not 9 <= prefix <= 20:
            raise ValueError(f"a cluster's block of addresses has a prefix from 9 to 20, not {prefix}")
        size = 1 << (32 - prefix)
        start, end = (
            (VIRTUAL_FIRST_BLOCK if virtual else FIRST_BLOCK),
            (LAST_BLOCK + 1 if virtual else VIRTUAL_FIRST_BLOCK),
        )
        first = (127 << 24) + (start << 16)
        at = -(-first // size) * size
        if at + size > (127 << 24) + (end << 16):
            at = (127 << 24) + (1 << 23)
        while at + size <= (127 << 24) + (end << 16) or (prefix < 16 and at + size <= 128 << 24):
            network = ipaddress.IPv4Network((at, prefix))
            if str(network) not in _in_process:
                lock = None if virtual else _lock(_text(at + 1))
                if virtual or lock is not None:
                    _in_process.add(str(network))
                    return cls(network, lock)
            at += size
        raise AddressPoolExhausted("all blocks of addresses are claimed by other clusters")


def _lock(address: str) -> socket.socket | None:
    """A bound socket that stands for the block, None if another has it."""
    lock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        lock.bind((address, LOCK_PORT))
        lock.listen(1)
    except OSError:
        lock.close()
        return None
    return lock

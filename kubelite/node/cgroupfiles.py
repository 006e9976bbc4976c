"""What a container finds in /sys/fs/cgroup: the limits that it has now, resizes included.

Source: pkg/kubelet/cm/helpers_linux.go (MilliCPUToShares, MilliCPUToQuota), runc's conversion for cgroup v2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from kubelite.api.resourcelist import amount
from kubelite.apimachinery.scheme import Object
from kubelite.images.inodes import Device, Directory, Mount

PERIOD_US: Final = 100_000
QUOTA_MIN_US: Final = 1_000
SHARES_MIN: Final = 2
SHARES_MAX: Final = 262_144
SHARES_PER_CPU: Final = 1024
MILLI: Final = 1000


def cgroup_directory(resources: Callable[[], Object]) -> Directory:
    """The files; `resources` tells what the container has whenever one is read."""

    def shows(text: Callable[[Object], str]) -> Mount:
        def read() -> bytes:
            return f"{text(resources())}\n".encode()

        return Mount(Device(read=read, mode=0o444), read_only=True)

    return Directory(
        {
            "cpu.max": shows(cpu_max),
            "cpu.weight": shows(cpu_weight),
            "memory.max": shows(memory_max),
            "memory.current": shows(lambda _: "0"),
        },
        mode=0o555,
    )


def cpu_max(resources: Object) -> str:
    """Quota and period in microseconds."""
    limit = (resources.get("limits") or {}).get("cpu")
    if limit is None or not amount("cpu", limit):
        return f"max {PERIOD_US}"
    return f"{max(amount('cpu', limit) * PERIOD_US // MILLI, QUOTA_MIN_US)} {PERIOD_US}"


def cpu_weight(resources: Object) -> str:
    """The weight of the request, which is the limit where there is no request."""
    wanted = (resources.get("requests") or {}).get("cpu") or (resources.get("limits") or {}).get("cpu") or "0"
    shares = max(SHARES_MIN, min(amount("cpu", wanted) * SHARES_PER_CPU // MILLI, SHARES_MAX))
    # As runc does since 1.3: a curve through the default of both scales.
    exponent = (math.log2(shares) ** 2 + 125 * math.log2(shares)) / 612.0 - 7.0 / 34.0
    return str(math.ceil(10**exponent))


def memory_max(resources: Object) -> str:
    """Bytes, or `max`."""
    limit = (resources.get("limits") or {}).get("memory")
    return "max" if limit is None else str(amount("memory", limit))

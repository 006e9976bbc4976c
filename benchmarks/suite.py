"""All benchmarks by name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Final

import attrs

from benchmarks.measure import Bench
from benchmarks.row import Row

Function = Callable[[Bench], Awaitable[list[Row]]]


@attrs.frozen
class Benchmark:
    """Where a benchmark is found; its module is imported only in the process that runs it.

    Attributes:
        name: For the command line.
        group: `micro/…` or `macro/…`; its rows share a plot.
        where: `module:function` in this package.
    """

    name: str
    group: str
    where: str

    def load(self) -> Function:
        """The function."""
        module, _, function = self.where.partition(":")
        loaded: Function = getattr(import_module(f"benchmarks.{module}"), function)
        return loaded


SUITE: Final[tuple[Benchmark, ...]] = (
    Benchmark("tell", "micro/actors", "micro.actors:tell"),
    Benchmark("ask", "micro/actors", "micro.actors:ask"),
    Benchmark("schedule", "micro/scheduler", "micro.scheduling:schedule"),
    Benchmark("cluster-start", "macro/start", "macro.start:cluster_start"),
    Benchmark("first-response", "macro/start", "macro.start:first_response"),
    Benchmark("clusters-1000", "macro/start", "macro.start:clusters_in_a_row"),
    Benchmark("start-and-stop", "macro/embedding", "macro.embedding:start_and_stop"),
    Benchmark("tests-per-second", "macro/embedding", "macro.embedding:tests_per_second"),
    Benchmark("virtual-time", "macro/embedding", "macro.embedding:virtual_time"),
    Benchmark("instrumentation", "macro/embedding", "macro.embedding:instrumentation"),
    Benchmark("rc-1000", "macro/pods", "macro.pods:rc_1000"),
    Benchmark("workloads", "macro/pods", "macro.workloads:workloads"),
    Benchmark("growth", "macro/growth", "macro.growth:growth"),
    Benchmark("growth-workloads", "macro/growth", "macro.growth:growth_workloads"),
    Benchmark("scheduler", "macro/scheduler", "macro.scheduling:pods_bound"),
    Benchmark("idle", "macro/idle", "macro.idle:idle"),
    Benchmark("api-requests", "macro/api", "macro.api:requests"),
    Benchmark("list-10000", "macro/api", "macro.listing:pods_10000"),
    Benchmark("watch", "macro/watch", "macro.watches:deliveries"),
    Benchmark("memory", "macro/memory", "macro.memory:stored_pods"),
    Benchmark("cluster-ip", "macro/requests", "macro.requests:cluster_ip"),
)


def select(names: list[str]) -> list[Benchmark]:
    """Those with one of the names, or of a group that begins with one; all without names.

    Raises:
        LookupError: A name is no benchmark's; the message lists what there is.
    """
    chosen = []
    for name in names:
        found = [
            each for each in SUITE if each.name == name or f"{each.group}/".startswith(f"{name.rstrip('/')}/")
        ]
        if not found:
            raise LookupError(f"no benchmark {name!r}; there are {', '.join(each.name for each in SUITE)}")
        chosen += found
    return [each for each in SUITE if each in chosen] if names else list(SUITE)

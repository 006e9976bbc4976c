"""What a stored pod costs in memory: the object, its encoded bytes, what indices and history keep of it.

Pods are written as over HTTP: from bytes, with an answer that is encoded; then all are listed.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any, Final

from benchmarks.macro.pods_stored import Writer, owned, unrelated
from benchmarks.macro.servers import api_server
from benchmarks.measure import Bench
from benchmarks.row import Row
from kubelite.api import resources
from kubelite.master.store.selection import EVERYTHING

PODS: Final = 10_000
WARM_UP: Final = 10
"""Pods written before counting begins: what is made once is not a pod's."""


async def stored_pods(bench: Bench) -> list[Row]:
    """Of one owner and unrelated ones; as created, and with the status of a running pod."""
    return [
        await _row(bench, kind, make, target, report=report)
        for report in (False, True)
        for kind, make, target in (("one owner", owned, 13.0), ("unrelated", unrelated, 24.0))
    ]


async def _row(
    bench: Bench, kind: str, make: Callable[[int], dict[str, Any]], target: float, *, report: bool
) -> Row:
    count = bench.size(PODS)
    async with api_server(tls=False) as served:
        writer = Writer(served.apiserver)
        for number in range(WARM_UP):
            await writer.run(make(number), number)
        await writer.list_items()
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(WARM_UP, WARM_UP + count):
            if number % 100 == 0:
                bench.progress(f"{kind}: {number} of {count} pods")
            if report:
                await writer.run(make(number), number)
            else:
                await writer.create(make(number))
        assert await writer.list_items() == count + WARM_UP
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        entry = next(iter(served.store.list(resources.PODS, EVERYTHING, limit=1).entries))
        size = len(entry.json())
    return Row(
        name=f"memory of a pod, {kind}, {'running' if report else 'created'}",
        group=bench.group,
        value=(after - before) / count / 1000,
        unit="KB",
        floor="its JSON",
        floor_value=size / 1000,
        ratio=None,
        target=target,
        better="lower",
        cpu_s=bench.spent_s(),
        spread=0.0,
        repetitions=1,
    )

"""Events to watchers, against a loop that writes the same frames to bare transports of the same kind.

What a delivery costs is what a write to the store costs with watchers less what it costs without; both encode
the object, as the answer to its writer does. The bare loop has one `transport.write` for each frame and
watcher. Events come one in each turn of the event loop, or in bursts of which each is one turn.
"""

from __future__ import annotations

import asyncio
import gc
from typing import Any, Final

import attrs

from benchmarks.macro.floors import Secured, listening
from benchmarks.macro.loadgen import END_MARK, LoadGenerator
from benchmarks.macro.pods_stored import Writer
from benchmarks.macro.servers import Served, api_server
from benchmarks.measure import Bench, Stopwatch
from benchmarks.row import Row
from kubelite.api.resources import PODS

PATH: Final = "/api/v1/pods?watch=1&resourceVersion="
BURST: Final = 64
EVENTS: Final = {1: 4096, 100: 192, 500: 64}
"""How many events so many watchers are sent in one repetition; a whole number of bursts."""
ONE_BY_ONE_MIN: Final = 0.7
BURST_MIN: Final = 5 * ONE_BY_ONE_MIN
POD: Final = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "nginx"}]},
}
WATCH_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


async def _turns(count: int) -> None:
    """Let the event loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


class _BareWatch(asyncio.Protocol):
    """A connection that is written to by whoever measures."""

    def __init__(self, opened: list[asyncio.Transport]) -> None:
        self._opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert data
        self._transport.write(WATCH_HEAD)
        self._opened.append(self._transport)


@attrs.define
class _Watch:
    """The API server, its clients, and the pod that changes.

    Attributes:
        size: Events of one burst, that is of one turn of the event loop.
    """

    served: Served
    generator: LoadGenerator
    secured: Secured
    watchers: int
    events: int
    size: int
    number: int = 0

    def _change(self, mark: str = "") -> Any:
        """Write one change of the pod to the store; gives the new entry."""
        store = self.served.store
        entry = store.get(PODS, "default", "web")
        assert entry is not None
        self.number += 1
        labels = {**entry.object["metadata"]["labels"], "turn": mark or f"{self.number:07}"}
        obj = {**entry.object, "metadata": {**entry.object["metadata"], "labels": labels}}
        changed = store.update(PODS, entry, obj)
        changed.json()
        return changed

    async def _publish(self) -> float:
        """CPU seconds of all events, the last with the end mark."""
        with Stopwatch() as watch:
            for number in range(1, self.events + 1):
                self._change(END_MARK.decode() if number == self.events else "")
                if number % self.size == 0:
                    await _turns(2)
        return watch.cpu_s

    async def measured(self) -> float:
        """CPU seconds of one delivery."""
        gc.collect()
        alone_s = await self._publish()
        path = f"{PATH}{self.served.store.revision}"
        await self.generator.watch(self.served.target, path, self.watchers)
        gc.collect()
        with Stopwatch() as watch:
            await self._publish()
            await self.generator.watched()
        await _turns(10)
        return (watch.cpu_s - alone_s) / (self.events * self.watchers)

    async def floor(self) -> float:
        """CPU seconds of one bare write."""
        frame = self._frame("0000000")
        last = self._frame(END_MARK.decode())
        opened: list[asyncio.Transport] = []
        async with listening(lambda: _BareWatch(opened), self.secured) as target:
            await self.generator.watch(target, "/", self.watchers)
            gc.collect()
            with Stopwatch() as watch:
                for number in range(1, self.events + 1):
                    data = last if number == self.events else frame
                    for transport in opened:
                        transport.write(data)
                    if number % self.size == 0:
                        await _turns(2)
                await self.generator.watched()
            for transport in opened:
                transport.abort()
        await _turns(10)
        return watch.cpu_s / (self.events * self.watchers)

    def _frame(self, mark: str) -> bytes:
        """What the API server writes for one event that comes alone."""
        line = b'{"type":"MODIFIED","object":%b}\n' % self._change(mark).json()
        return b"%x\r\n%b\r\n" % (len(line), line)


async def deliveries(bench: Bench) -> list[Row]:
    """For 1, 100 and 500 watchers, through TLS and without, one by one and in bursts."""
    return [
        row
        for tls in (True, False)
        for watchers, events in EVENTS.items()
        for row in await _rows(
            bench, bench.size(watchers), max(BURST, bench.size(events) // BURST * BURST), tls=tls
        )
    ]


async def _rows(bench: Bench, watchers: int, events: int, *, tls: bool) -> list[Row]:
    rows = []
    async with api_server(tls=tls) as served, LoadGenerator() as generator:
        await Writer(served.apiserver).create(POD)
        for size, how, target in (
            (1, "one by one", ONE_BY_ONE_MIN),
            (BURST, f"bursts of {BURST}", BURST_MIN),
        ):
            watch = _Watch(served, generator, Secured.make(tls=tls), watchers, events, size)
            row = await bench.compare(
                f"watch, {watchers} of them, {how}, {'TLS' if tls else 'plain'}",
                watch.measured,
                watch.floor,
                floor_name="transport.write of each frame",
                target=target,
                repetitions=9,
            )
            rows.append(row)
    return rows

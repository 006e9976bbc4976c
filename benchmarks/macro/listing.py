"""A list of 10 000 pods, against writing the same bytes to a bare transport of the same kind."""

from __future__ import annotations

import asyncio
import gc
import ssl
import time
from typing import Final, Self

import aiohttp
import attrs

from benchmarks.macro.floors import PIECE_BYTES, BareWriter, Secured, http_answer, listening
from benchmarks.macro.loadgen import LoadGenerator, Target
from benchmarks.macro.pods_stored import Writer, owned
from benchmarks.macro.servers import Served, api_server
from benchmarks.measure import Bench, Measured, Stopwatch
from benchmarks.row import Row

PODS: Final = 10_000
PATH: Final = "/api/v1/pods"


def _fetch(generator: LoadGenerator, target: Target, expected: int) -> Measured:
    async def run() -> float:
        with Stopwatch() as watch:
            length = await generator.fetch(target, PATH)
        assert length == expected, (length, expected)
        return watch.cpu_s

    return run


class _FirstBytes(asyncio.Protocol):
    """A client in this process: CPU seconds of both from its request to the first bytes of the answer."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._began = 0.0
        self.first_s: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self) -> None:
        """Send the request."""
        head = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._token}\r\n\r\n"
        self._began = time.process_time()
        self._transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        if not self.first_s.done():
            self.first_s.set_result(time.process_time() - self._began)
            self._transport.abort()


class _LongestTurn:
    """CPU seconds of the longest turn of the event loop, as others wait for it."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.Handle | None = None
        self._last = 0.0

    def __enter__(self) -> Self:
        self._last = time.process_time()
        self._tick()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._handle is not None
        self._handle.cancel()

    def _tick(self) -> None:
        now = time.process_time()
        self.longest_s = max(self.longest_s, now - self._last)
        self._last = now
        self._handle = self._loop.call_soon(self._tick)


@attrs.frozen
class _List:
    """The API server with its pods, and the client."""

    served: Served
    generator: LoadGenerator
    context: ssl.SSLContext | None

    async def body(self) -> bytes:
        """What is answered."""
        scheme = "http" if self.context is None else "https"
        url = f"{scheme}://localhost:{self.served.target.port}{PATH}"
        headers = {"Authorization": f"Bearer {self.served.target.token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.get(url, ssl=self.context or True) as answer,
        ):
            assert answer.status == 200
            return await answer.read()

    async def first_byte_s(self) -> float:
        """CPU seconds of server and client until the client has the first bytes."""
        loop = asyncio.get_running_loop()
        gc.collect()
        _, client = await loop.create_connection(
            lambda: _FirstBytes(self.served.target.token),
            "localhost",
            self.served.target.port,
            ssl=self.context,
        )
        client.ask()
        return await client.first_s

    async def longest_turn_s(self, expected: int) -> float:
        """How long the event loop stands still for others at most."""
        gc.collect()
        with _LongestTurn() as turns:
            assert await self.generator.fetch(self.served.target, PATH) == expected
        return turns.longest_s


async def pods_10000(bench: Bench) -> list[Row]:
    """Through TLS and without: the CPU time of the whole list, and that until its first bytes are there."""
    rows = []
    for tls in (True, False):
        async with api_server(tls=tls) as served, LoadGenerator() as generator:
            context = ssl.create_default_context(cadata=served.target.authority) if tls else None
            rows += await _rows(bench, _List(served, generator, context), "TLS" if tls else "plain")
    return rows


async def _rows(bench: Bench, lists: _List, kind: str) -> list[Row]:
    count = bench.size(PODS)
    writer = Writer(lists.served.apiserver)
    for number in range(count):
        bench.progress(f"{number} of {count} pods")
        await writer.run(owned(number), number)
    body = await lists.body()
    pieces = http_answer(body, PIECE_BYTES)
    async with listening(lambda: BareWriter(pieces), Secured.make(tls=kind == "TLS")) as floor:
        whole = await bench.compare(
            f"LIST of {count} pods, {kind}",
            _fetch(lists.generator, lists.served.target, len(body)),
            _fetch(lists.generator, floor, len(body)),
            floor_name=f"the same {len(body) / 1e6:.1f} MB to a bare transport",
            target=1.3,
            better="lower",
        )
    times = range(bench.repetitions(7))
    first = [await lists.first_byte_s() for _ in times]
    turns = [await lists.longest_turn_s(len(body)) for _ in times]
    return [
        whole,
        bench.scaled(f"LIST, {kind}, until the first bytes", first, target_ms=20),
        bench.scaled(f"LIST, {kind}, longest turn of the loop", turns, target_ms=20),
    ]

"""The client of the API benchmarks, in a process of its own: its CPU time is not the server's.

The process reads jobs from its standard input, one line of JSON each, and answers with one line. It keeps
its connections between jobs, as clients do.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import ssl
import sys
import threading
from collections.abc import Sequence
from typing import Any, Final, Self

import attrs

READ_BYTES: Final = 256 * 1024
END_MARK: Final = b"the-end"
"""Stands in the last frame of a watch that is measured."""
LINE_BYTES_MAX: Final = 64 * 1024 * 1024


@attrs.frozen
class Target:
    """A server, and what to show it.

    Attributes:
        authority: The certificate to check it against (PEM); empty for plain HTTP.
        token: Bearer token; empty for none.
    """

    port: int
    authority: str = ""
    token: str = ""


@attrs.frozen
class Call:
    """One request."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"


class LoadGenerator:
    """The child process, from the side of the benchmark."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "benchmarks.macro.loadgen",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES_MAX,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()

    async def _job(self, **job: Any) -> Any:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(job).encode() + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        assert line, "the load generator has ended"
        answer = json.loads(line)
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(f"the load generator failed: {answer['error']}")
        return answer

    async def prepare(self, target: Target, calls: Sequence[Call], *, connections: int) -> None:
        """Say what will be requested, so that `go` has nothing to do but requests."""
        listed = [
            [call.method, call.path, base64.b64encode(call.body).decode(), call.content_type]
            for call in calls
        ]
        await self._job(do="prepare", target=attrs.asdict(target), calls=listed, connections=connections)

    async def go(self) -> tuple[dict[int, int], bytes]:
        """Make the requests; how many answers had which status, and the body of the last."""
        answer = await self._job(do="go")
        statuses = {int(status): count for status, count in answer["statuses"].items()}
        return statuses, base64.b64decode(answer["last"])

    async def fetch(self, target: Target, path: str) -> int:
        """Read one answer and throw it away; its length."""
        length: int = await self._job(do="fetch", target=attrs.asdict(target), path=path)
        return length

    async def watch(self, target: Target, path: str, count: int) -> None:
        """Open watches; all have the head of their answer then."""
        await self._job(do="watch", target=attrs.asdict(target), path=path, count=count)

    async def watched(self) -> int:
        """Wait until all watches have seen the end mark, and close them; how many bytes came in all."""
        total: int = await self._job(do="watched")
        return total


# --- the child process --------------------------------------------------------------------------------------


def _context(target: Target) -> ssl.SSLContext | None:
    if not target.authority:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=target.authority)
    context.check_hostname = False
    return context


def _headers(target: Target) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "loadgen/1"}
    if target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    return headers


def _connect(target: Target) -> http.client.HTTPConnection:
    context = _context(target)
    if context is None:
        return http.client.HTTPConnection("127.0.0.1", target.port)
    return http.client.HTTPSConnection("127.0.0.1", target.port, context=context)


class _Child:
    """What the child process does, job by job."""

    def __init__(self) -> None:
        self._pools: dict[Target, list[http.client.HTTPConnection]] = {}
        self._target = Target(0)
        self._calls: list[Call] = []
        self._connections = 1
        self._loop = asyncio.new_event_loop()
        self._readers: list[_Reader] = []

    def do(self, job: dict[str, Any]) -> Any:
        target = Target(**job["target"]) if "target" in job else self._target
        match job["do"]:
            case "prepare":
                self._target, self._connections = target, job["connections"]
                self._calls = [
                    Call(method, path, base64.b64decode(body), content_type)
                    for method, path, body, content_type in job["calls"]
                ]
                for connection in self._pool(target, self._connections):
                    if connection.sock is None:
                        connection.connect()
                return None
            case "go":
                return self._go()
            case "fetch":
                return self._fetch(target, job["path"])
            case "watch":
                return self._loop.run_until_complete(self._watch(target, job["path"], job["count"]))
            case "watched":
                return self._loop.run_until_complete(self._watched())
        raise ValueError(job["do"])

    def _pool(self, target: Target, count: int) -> list[http.client.HTTPConnection]:
        pool = self._pools.setdefault(target, [])
        while len(pool) < count:
            pool.append(_connect(target))
        return pool[:count]

    def _go(self) -> Any:
        statuses: dict[int, int] = {}
        last = [b""]
        headers = _headers(self._target)

        def run(connection: http.client.HTTPConnection, calls: list[Call]) -> None:
            for call in calls:
                extra = {"Content-Type": call.content_type} if call.body else {}
                connection.request(call.method, call.path, call.body or None, {**headers, **extra})
                answer = connection.getresponse()
                last[0] = answer.read()
                statuses[answer.status] = statuses.get(answer.status, 0) + 1

        count = self._connections
        threads = [
            threading.Thread(target=run, args=(connection, self._calls[index::count]))
            for index, connection in enumerate(self._pool(self._target, count))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {"statuses": statuses, "last": base64.b64encode(last[0]).decode()}

    def _fetch(self, target: Target, path: str) -> int:
        (connection,) = self._pool(target, 1)
        connection.request("GET", path, headers=_headers(target))
        answer = connection.getresponse()
        total, buffer = 0, bytearray(READ_BYTES)
        while count := answer.readinto(buffer):
            total += count
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(bytes(buffer[:200]).decode())
        return total

    async def _watch(self, target: Target, path: str, count: int) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in _headers(target).items())
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode()
        context = _context(target)
        for _ in range(count):
            _, reader = await self._loop.create_connection(
                lambda: _Reader(request), "127.0.0.1", target.port, ssl=context
            )
            self._readers.append(reader)
        for reader in self._readers:
            await reader.begun

    async def _watched(self) -> int:
        readers, self._readers = self._readers, []
        for reader in readers:
            await reader.ended
            reader.transport.abort()
        await asyncio.sleep(0)
        return sum(reader.received for reader in readers)


class _Reader(asyncio.Protocol):
    """One watch: counts what comes, until the end mark."""

    transport: asyncio.Transport

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._rest = b""
        self.received = 0
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if not self.begun.done():
            self.begun.set_result(None)
        if END_MARK in self._rest + data and not self.ended.done():
            self.ended.set_result(None)
        self._rest = data[-len(END_MARK) :]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the watch has ended early"))


def main() -> None:
    """Do jobs until standard input ends."""
    child = _Child()
    for line in sys.stdin:
        try:
            answer = child.do(json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever it is, the benchmark is told
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

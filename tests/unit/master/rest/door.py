"""The REST door of an API server on a socket, with clients: sessions and raw connections."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import attrs

from kubelite.client.requests import ADMIN, SYSTEM_AUTHENTICATED, UserInfo
from kubelite.master.audit import AuditLog
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.rest.limits import RESTLimits
from kubelite.master.rest.server import RESTServer
from kubelite.runtime import SystemClock
from tests.harness import api_server

TOKEN = "secret"
ALICE = UserInfo("alice", (SYSTEM_AUTHENTICATED,))
NODE = UserInfo("system:node:n", ("system:nodes", SYSTEM_AUTHENTICATED))
"""May do everything, but is not exempt from limits."""


@attrs.frozen
class Door:
    """What tests use."""

    http: aiohttp.ClientSession
    rest: RESTServer
    inside: object
    port: int
    audit: AuditLog

    async def raw(self, *parts: bytes, pause_s: float = 0.0) -> bytes:
        """Send bytes, and give all that comes until the server hangs up or the answer is whole."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                if pause_s:
                    await asyncio.sleep(pause_s)
            return await asyncio.wait_for(read_answer(reader), 10)
        finally:
            writer.close()


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """One answer with a length, or what comes until the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.partition(b":")[2]))
    return head + await reader.read()


def head_of(method: str, path: str, *headers: str) -> bytes:
    """The head of a request by the admin."""
    lines = (f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {TOKEN}", *headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode(errors="surrogateescape")


@asynccontextmanager
async def opened(limits: RESTLimits | None = None, audit: AuditLog | None = None):
    """An API server and its door."""
    async with api_server(clock=SystemClock()) as inside:
        log = AuditLog() if audit is None else audit
        rest = RESTServer(
            apiserver=inside._ref,
            scheme=inside.scheme,
            clock=inside.clock,
            random=inside.system.random,
            authenticator=Authenticator({TOKEN: ADMIN, "alice": ALICE, "node": NODE}),
            limits=limits or RESTLimits(),
            audit=log,
        )
        port = await rest.serve_socket("127.0.0.1")
        headers = {"Authorization": f"Bearer {TOKEN}"}
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as http:
                yield Door(http, rest, inside, port, log)
        finally:
            await rest.close()

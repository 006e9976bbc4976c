"""An API server with its REST door and nothing else: no component watches what is written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs

from benchmarks.macro.floors import Secured
from benchmarks.macro.loadgen import Target
from kubelite.api.resources import SERVICEACCOUNTS
from kubelite.api.scheme import new_scheme
from kubelite.client.inprocess import InProcessClient
from kubelite.client.requests import ADMIN, Message
from kubelite.master.apiserver.server import APIServer
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.rest.server import RESTServer
from kubelite.master.store.memory import MemoryStore
from kubelite.runtime import ChildSpec, Ref, System, SystemClock

TOKEN = "benchmark"


@attrs.frozen
class Served:
    """What runs.

    Attributes:
        target: For clients outside.
        store: Behind the API server.
        apiserver: For requests in the process.
    """

    target: Target
    store: MemoryStore
    apiserver: Ref[Message]
    rest: RESTServer
    scheme: Any


@asynccontextmanager
async def api_server(*, tls: bool) -> AsyncIterator[Served]:
    """Run one for as long as the context lasts."""
    store, scheme, system = MemoryStore(), new_scheme(), System(clock=SystemClock())
    secured = Secured.make(tls=tls)
    await system.start(
        ChildSpec(
            "apiserver",
            lambda: APIServer(store=store, scheme=scheme, clock=system.clock, random=system.random),
        )
    )
    apiserver = system.ref("apiserver")
    rest = RESTServer(
        apiserver=apiserver,
        scheme=scheme,
        clock=system.clock,
        random=system.random,
        authenticator=Authenticator({TOKEN: ADMIN}),
    )
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    await InProcessClient(apiserver, ADMIN).create(SERVICEACCOUNTS, account, "default")
    port = await rest.serve_socket("127.0.0.1", 0, secured.context)
    try:
        yield Served(Target(port, secured.authority, TOKEN), store, apiserver, rest, scheme)
    finally:
        await rest.close()
        await system.stop()

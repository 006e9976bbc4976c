"""A real API server in a system of its own, for the tests of everything that talks to one.

    async def test_x():
        async with api_server() as client:
            await client.create(PODS, pod, "default")

Time is virtual unless told otherwise: it jumps to the next timer when nobody has anything to do.
The API server runs alone: there are no controllers, so `harness.namespace()` makes the service account too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kubelite.api.resources import NAMESPACES, SERVICEACCOUNTS
from kubelite.api.scheme import new_scheme
from kubelite.apimachinery.scheme import Scheme
from kubelite.client.inprocess import InProcessClient
from kubelite.client.requests import ADMIN
from kubelite.master.apiserver.config import APIServerConfig
from kubelite.master.apiserver.server import APIServer
from kubelite.master.store.memory import MemoryStore
from kubelite.runtime import ChildSpec, Clock, System, VirtualClock


class HarnessClient(InProcessClient):
    """The client of an administrator, with what tests need besides.

    Attributes:
        system: Start further actors with it.
        store: The API server's store.
        scheme: The kinds that it serves.
    """

    system: System
    store: MemoryStore
    scheme: Scheme

    @property
    def clock(self) -> Clock:
        """The system's clock."""
        return self.system.clock

    async def namespace(self, name: str) -> None:
        """Make a namespace with its `default` service account."""
        if name != "default":
            await self.create(
                NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            )
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        await self.create(SERVICEACCOUNTS, account, name)


@asynccontextmanager
async def api_server(
    *,
    clock: Clock | None = None,
    seed: int = 0,
    config: APIServerConfig | None = None,
    accounts: bool = True,
) -> AsyncIterator[HarnessClient]:
    """An API server; gives a client of it.

    Args:
        clock: A virtual one if not given.
        accounts: Whether the namespace `default` gets its service account (no controller makes it here).
    """
    system = System(clock=clock or VirtualClock(), seed=seed, name="test")
    store = MemoryStore()
    scheme = new_scheme()

    def make() -> APIServer:
        return APIServer(
            store=store,
            scheme=scheme,
            clock=system.clock,
            random=system.random.fork("apiserver"),
            config=config,
        )

    await system.start(ChildSpec("apiserver", make))
    client = HarnessClient(system.ref("apiserver"), ADMIN)
    client.system, client.store, client.scheme = system, store, scheme
    try:
        if accounts:
            await client.namespace("default")
        yield client
    finally:
        await system.stop()


def make_pod(name: str = "web", **spec: object) -> dict[str, object]:
    """A pod with one container; `spec` adds to its spec."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}], **spec},
    }

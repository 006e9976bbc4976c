"""Faults at the seam to the API server: a client whose writes can be counted, failed, delayed or cut short.

    def crash(write: Write) -> None:
        if write.number == 3:
            raise RuntimeError("power cut")

    client = FaultyClient(client, after=crash)     # the third write is done, but nobody learns of it

A hook that raises an `APIError` is an answer of the API server; whatever else it raises crashes the actor
that made the write. Reads and watches are passed on as they are.

For tests of controllers without a whole cluster around them; of one, `Cluster.faults` plans what goes wrong.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.client import Client
from kubelite.client.watcher import Watcher
from kubelite.runtime import Clock


@attrs.frozen(eq=False)
class Write:
    """A write that is about to be made, or was made.

    Attributes:
        number: Of the writes through this client, from 1.
        verb: `create`, `update`, `patch`, `delete` or `delete_collection`.
        name: Of the object; empty if the API server makes one up.
    """

    number: int
    verb: str
    resource: Resource
    namespace: str
    name: str
    subresource: str


Hook = Callable[[Write], Awaitable[None] | None]


class FaultyClient:
    """A `Client` that tells hooks of each write.

    Args:
        client: Who makes the writes.
        before: Called before a write is made; if it raises, the write is not.
        after: Called after it, even if it was refused; if it raises, the answer is lost.
    """

    def __init__(self, client: Client, *, before: Hook | None = None, after: Hook | None = None) -> None:
        self._client = client
        self._before = before
        self._after = after
        self._writes = 0

    @property
    def writes(self) -> int:
        """How many writes were asked for so far."""
        return self._writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def create(self, resource: Resource, obj: Object, namespace: str | None = None, **rest: Any) -> Any:
        """Write a new object, or POST to a subresource."""
        name = rest.get("name") or obj.get("metadata", {}).get("name", "")
        where = obj.get("metadata", {}).get("namespace") if namespace is None else namespace
        write = self._next("create", resource, where, name, rest)
        return await self._made(write, lambda: self._client.create(resource, obj, namespace, **rest))

    async def update(self, resource: Resource, obj: Object, **rest: Any) -> Any:
        """Replace an object."""
        metadata = obj["metadata"]
        write = self._next("update", resource, metadata.get("namespace"), metadata["name"], rest)
        return await self._made(write, lambda: self._client.update(resource, obj, **rest))

    async def patch(
        self, resource: Resource, name: str, patch: Any, namespace: str | None = None, **rest: Any
    ) -> Any:
        """Change an object by a patch."""
        write = self._next("patch", resource, namespace, name, rest)
        return await self._made(write, lambda: self._client.patch(resource, name, patch, namespace, **rest))

    async def delete(self, resource: Resource, name: str, namespace: str | None = None, **rest: Any) -> Any:
        """Delete an object."""
        write = self._next("delete", resource, namespace, name, rest)
        return await self._made(write, lambda: self._client.delete(resource, name, namespace, **rest))

    async def delete_collection(self, resource: Resource, namespace: str | None = None, **rest: Any) -> None:
        """Delete all objects that match."""
        write = self._next("delete_collection", resource, namespace, "", rest)
        await self._made(write, lambda: self._client.delete_collection(resource, namespace, **rest))

    def _next(
        self, verb: str, resource: Resource, namespace: str | None, name: str, rest: dict[str, Any]
    ) -> Write:
        self._writes += 1
        return Write(self._writes, verb, resource, namespace or "", name, rest.get("subresource", ""))

    async def _made(self, write: Write, make: Callable[[], Awaitable[Any]]) -> Any:
        await _told(self._before, write)
        try:
            answer = await make()
        except APIError:
            await _told(self._after, write)
            raise
        await _told(self._after, write)
        return answer

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._writes} writes, {self._client!r}>"


class LaggingClient:
    """A `Client` whose watches tell of changes only after a while, as over a slow network.

    Args:
        client: Who watches.
        clock: By which the time goes.
        lag_s: Seconds.
    """

    def __init__(self, client: Client, clock: Clock, lag_s: float) -> None:
        self._client = client
        self._clock = clock
        self._lag_s = lag_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def watch(self, resource: Resource, namespace: str | None = None, **rest: Any) -> Watcher:
        """Follow a collection, some time behind."""
        inner = await self._client.watch(resource, namespace, **rest)
        outer = Watcher()
        outer.when_ended(inner.stop)

        def move() -> None:
            for event in inner.take():
                outer.push(event)
            if inner.ended:
                outer.end()

        def tell() -> None:
            self._clock.call_later(self._lag_s, move)

        inner.on_ready = tell
        tell()
        return outer


async def _told(hook: Hook | None, write: Write) -> None:
    if hook is not None:
        waiting = hook(write)
        if inspect.isawaitable(waiting):
            await waiting

"""Requests that read: gets, lists and watches, answered at once or when the store has come so far.

What reads do once they may is `reads`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Resource
from kubelite.client.requests import Answer, Get, Item, List, Listing, Watch
from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.master.apiserver import computed, reads
from kubelite.master.apiserver.environment import Environment, shown, stored
from kubelite.master.apiserver.errors import too_large_revision

T = TypeVar("T")


class StartTask(Protocol):
    """Runs what has to wait beside the actor."""

    def __call__(self, coroutine: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Start it."""
        ...


class ReadRequests:
    """What answers them.

    Args:
        env: What the API server works with.
        computed_resources: What is served without being stored.
        start_task: Runs what waits for a revision of the future.
    """

    def __init__(
        self,
        env: Environment,
        computed_resources: Mapping[Resource, computed.Objects],
        start_task: StartTask,
    ) -> None:
        self._env = env
        self._computed = computed_resources
        self._start_task = start_task

    def get(self, request: Get) -> Answer | asyncio.Future[Answer]:
        """One object, or a subresource of it."""
        version = reads.parse_version(request.resource_version) if request.resource_version else 0
        if version > self._env.store.revision:
            return self._later(version, lambda: self._read(request))
        return self._read(request)

    def _read(self, request: Get) -> Answer:
        objects = self._computed.get(request.resource)
        if objects is not None:
            return Answer(computed.get(objects, request.resource, request.namespace, request.name))
        entry = stored(self._env, request)
        strategy = self._env.strategy(request.resource)
        if request.subresource == "scale":
            return Answer(Item(strategy.read_scale(strategy.from_storage(entry.object))))
        return Answer(shown(strategy, entry))

    def list(self, request: List) -> Listing | asyncio.Future[Listing]:
        """A collection, or a page of it."""
        reads.check_list(request)
        objects = self._computed.get(request.resource)
        if objects is not None:
            return computed.list_all(objects, self._env.strategy(request.resource), request)
        version = reads.future_version(self._env, request)
        if version is not None:
            return self._later(version, lambda: reads.list_objects(self._env, request))
        return reads.list_objects(self._env, request)

    def _later(self, version: int, read: Callable[[], T]) -> asyncio.Future[T]:
        reply: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        reached = asyncio.Event()
        call_off = self._env.store.on_revision(version, reached.set)
        waits = self._when_reached(version, reached, read, reply)
        task = self._start_task(waits, name=f"read at {version}")
        task.add_done_callback(lambda _: call_off())
        return reply

    async def _when_reached(
        self, version: int, reached: asyncio.Event, read: Callable[[], T], reply: asyncio.Future[T]
    ) -> None:
        try:
            async with self._env.clock.timeout(self._env.config.future_revision_wait_s):
                await reached.wait()
            result = read()
        except TimeoutError:
            _fail(reply, too_large_revision(version, self._env.store.revision))
        except APIError as error:
            _fail(reply, error)
        else:
            if not reply.done():
                reply.set_result(result)

    def watch(self, request: Watch) -> Watcher | asyncio.Future[Watcher]:
        """The changes of a collection."""
        reads.check_watch(request)
        version = reads.parse_version(request.resource_version) if request.resource_version else 0
        if request.send_initial_events and version > self._env.store.revision:
            return self._later(version, lambda: self._open(request))
        return self._open(request)

    def _open(self, request: Watch) -> Watcher:
        watcher = reads.watch(self._env, request)
        watcher.origin = request
        if request.timeout_s is not None and not watcher.ended:
            self._end_later(watcher, request, request.timeout_s)
        return watcher

    def _end_later(self, watcher: Watcher, request: Watch, timeout_s: float) -> None:
        clock, store = self._env.clock, self._env.store
        timers = [clock.call_later(timeout_s, watcher.end)]
        if request.bookmarks:
            begins = int(request.resource_version or 0)
            kind, api_version = request.resource.kind, request.resource.api_version

            def last_bookmark() -> None:
                if store.revision < begins:  # it has not even begun: a bookmark would lead back
                    return
                metadata = {"resourceVersion": str(store.revision)}
                obj = {"kind": kind, "apiVersion": api_version, "metadata": metadata}
                watcher.push(WatchEvent("BOOKMARK", obj))

            before_end_s = max(0.0, timeout_s - self._env.config.bookmark_before_end_s)
            timers.append(clock.call_later(before_end_s, last_bookmark))
        for timer in timers:
            watcher.when_ended(timer.cancel)


def _fail(reply: asyncio.Future[Any], error: APIError) -> None:
    if not reply.done():
        reply.set_exception(error)

"""Carries intents out through a client: the one place where controllers wait for the API server.

Outcomes stand in the order of the intents; groups (`SlowStart`, `Together`, `InOrder`, `IfAlive`) are
flattened into them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol, assert_never

from kubelite.apimachinery.apierrors import AlreadyExists, APIError, NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.client.client import Client
from kubelite.reconcile.intents import (
    CountObjects,
    CreateObject,
    DeleteCollection,
    DeleteObject,
    IfAlive,
    InOrder,
    Intent,
    Outcome,
    Outcomes,
    PatchObject,
    ReadObject,
    RecordEvent,
    RequeueAfter,
    SlowStart,
    Together,
    UpdateObject,
    UpdateStatus,
)

PARALLEL_MAX: Final = 16
"""Requests that one sync has under way at the same time."""
PAGE: Final = 500

StartTask = Callable[..., "asyncio.Task[None]"]
Leaf = (
    ReadObject
    | CountObjects
    | CreateObject
    | UpdateObject
    | UpdateStatus
    | PatchObject
    | DeleteObject
    | DeleteCollection
)


class Recorder(Protocol):
    """What of an `EventRecorder` is used here."""

    def event(self, obj: Object, type: str, reason: str, message: str) -> None:  # noqa: A002
        """Record an Event about `obj`; fire and forget."""


def is_namespace_terminating(error: APIError) -> bool:
    """True for a creation refused because its namespace is being deleted: to try again is in vain."""
    causes = (error.details or {}).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


class Executor:
    """Carries out what syncs of one controller want done.

    Args:
        start_task: Starts a task that the controller owns (`Context.start_task`).
        field_manager: The name under which fields are owned.
    """

    def __init__(
        self,
        client: Client,
        recorder: Recorder | None,
        start_task: Callable[..., Any],
        *,
        field_manager: str = "",
        parallel_max: int = PARALLEL_MAX,
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._start_task = start_task
        self._field_manager = field_manager
        self._parallel_max = parallel_max
        self._requests = 0
        self._errors = 0

    async def run(self, intents: Sequence[Intent]) -> tuple[Outcomes, float | None]:
        """Carry out `intents` one after the other.

        Returns:
            The outcomes, and the shortest delay of the `RequeueAfter` among them, or None.
        """
        outcomes: list[Outcome] = []
        requeue_s: float | None = None
        for intent in intents:
            match intent:
                case RequeueAfter(delay_s=delay_s):
                    requeue_s = delay_s if requeue_s is None else min(requeue_s, delay_s)
                case RecordEvent():
                    if self._recorder is not None:
                        self._recorder.event(intent.object, intent.type, intent.reason, intent.message)
                case SlowStart():
                    outcomes += await self._slow_start(intent.intents)
                case Together():
                    outcomes += await self._together(intent.intents)
                case InOrder():
                    outcomes += await self._in_order(intent.intents)
                case IfAlive():
                    outcomes += await self._if_alive(intent)
                case _:
                    outcomes.append(await self._one(intent))
        return tuple(outcomes), requeue_s

    async def _slow_start(self, intents: Sequence[Intent]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        size = 1
        while len(outcomes) < len(intents):
            batch = await self._together(intents[len(outcomes) : len(outcomes) + size])
            outcomes += batch
            size *= 2
            if any(outcome.error for outcome in batch):
                break
        outcomes += [Outcome(intent, skipped=True) for intent in intents[len(outcomes) :]]
        return outcomes

    async def _together(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Several requests at once, by a few tasks that share the list."""
        if len(intents) == 1:
            return list((await self.run(intents))[0])
        results: list[Outcomes] = [()] * len(intents)
        positions = iter(range(len(intents)))

        async def work() -> None:
            for position in positions:
                results[position] = (await self.run(intents[position : position + 1]))[0]

        count = min(self._parallel_max, len(intents))
        tasks: list[asyncio.Task[None]] = [
            self._start_task(work(), name=f"requests-{number}") for number in range(1, count)
        ]
        try:
            await work()
            for task in tasks:
                await task
        finally:
            for task in tasks:
                task.cancel()
        return [outcome for result in results for outcome in result]

    async def _in_order(self, intents: Sequence[Intent]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for position, intent in enumerate(intents, 1):
            done, _ = await self.run([intent])
            outcomes += done
            if any(outcome.error for outcome in done):
                return outcomes + [Outcome(skipped, skipped=True) for skipped in intents[position:]]
        return outcomes

    async def _if_alive(self, intent: IfAlive) -> list[Outcome]:
        read = await self._one(ReadObject(intent.resource, intent.namespace, intent.name))
        if read.error is not None:
            return [read]
        metadata = (read.object or {}).get("metadata", {})
        if metadata.get("uid") == intent.uid and not metadata.get("deletionTimestamp"):
            return await self._together(intent.intents) if intent.intents else []
        return [Outcome(skipped, skipped=True) for skipped in intent.intents]

    async def _one(self, intent: Leaf) -> Outcome:
        self._requests += 1
        try:
            answer = await self._request(intent)
        except NotFound as error:
            if isinstance(intent, ReadObject):
                return Outcome(intent)
            gone = not isinstance(intent, (CreateObject, CountObjects))
            return Outcome(intent, error=error, ignored=gone)
        except AlreadyExists as error:
            ignored = isinstance(intent, CreateObject) and intent.exists_ok
            return Outcome(intent, error=error, ignored=ignored)
        except APIError as error:
            self._errors += 1
            return Outcome(intent, error=error, ignored=is_namespace_terminating(error))
        if isinstance(answer, tuple):
            return Outcome(intent, items=answer)
        return Outcome(intent, object=answer)

    def _request(self, intent: Leaf) -> Coroutine[Any, Any, Object | tuple[Object, ...] | None]:
        client, manager = self._client, self._field_manager
        match intent:
            case CreateObject():
                namespace = intent.object["metadata"].get("namespace")
                return client.create(intent.resource, intent.object, namespace, field_manager=manager)
            case UpdateStatus():
                return client.update(
                    intent.resource, intent.object, subresource="status", field_manager=manager
                )
            case UpdateObject():
                return client.update(
                    intent.resource, intent.object, subresource=intent.subresource, field_manager=manager
                )
            case PatchObject():
                return client.patch(
                    intent.resource,
                    intent.name,
                    intent.patch,
                    intent.namespace,
                    patch_type=intent.patch_type,
                    subresource=intent.subresource,
                    field_manager=intent.field_manager or manager,
                    force=bool(intent.field_manager),
                )
            case DeleteObject():
                return client.delete(
                    intent.resource,
                    intent.name,
                    intent.namespace,
                    grace_period_s=intent.grace_period_s,
                    propagation_policy=intent.propagation_policy,
                    uid=intent.uid,
                    resource_version=intent.resource_version,
                )
            case ReadObject():
                return client.get(
                    intent.resource, intent.name, intent.namespace, subresource=intent.subresource
                )
            case CountObjects():
                return self._list(intent)
            case DeleteCollection():
                return client.delete_collection(intent.resource, intent.namespace)
            case _:
                assert_never(intent)

    async def _list(self, intent: CountObjects) -> tuple[Object, ...]:
        items: list[Object] = []
        token = ""
        while True:
            page = await self._client.list(intent.resource, intent.namespace, limit=PAGE, continue_=token)
            items += page.items
            token = page.continue_
            if not token:
                return tuple(items)

    def statistics(self) -> dict[str, int]:
        """How many requests were made, and how many of them failed."""
        return {"requests": self._requests, "errors": self._errors}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._requests} requests, {self._errors} errors>"

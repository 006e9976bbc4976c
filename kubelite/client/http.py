"""The client over HTTP: the same methods as in-process, for any API server.

Each call is one HTTP request, which `wire` makes. A watch is a task that turns lines into events.

Invariant: a watcher given out here either has every event of its stream or has ended.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self, cast

import aiohttp
import orjson

from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.kubeconfig import Connection
from kubelite.client.requests import ObjectList, PatchType
from kubelite.client.watcher import EventType, Watcher, WatchEvent
from kubelite.client.wire import ERROR_CODE_MIN, LINE_BYTES_MAX, Wire, error_of
from kubelite.runtime import Clock, tasks

PATCH_CONTENT_TYPES: Final[Mapping[PatchType, str]] = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class HTTPClient:
    """A `Client` over HTTP.

    Args:
        connection: Where the API server is, and what to show it.
        session: Over which to speak (for a network of its own); None makes one that `close` closes.
        user_agent: The program's name: the owner of the fields that it writes.
        field_validation: What the server does about unknown fields: `Strict`, `Warn` or `Ignore`; empty
            leaves it to the server.
        clock: For waits between tries; the system's if not given.
        tries_max: How often a request is sent to a server that is busy and asks for it again.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        session: aiohttp.ClientSession | None = None,
        user_agent: str = "kubelite",
        field_validation: str = "",
        clock: Clock | None = None,
        tries_max: int = 1,
    ) -> None:
        self._wire = Wire(
            connection, session=session, user_agent=user_agent, clock=clock, tries_max=tries_max
        )
        self._field_validation = field_validation
        self._watches: dict[asyncio.Task[None], Watcher] = {}

    def __repr__(self) -> str:
        return f"<HTTPClient of {self._wire.url}, {len(self._watches)} watches>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all watches, and the session if it is this client's own."""
        running = dict(self._watches)
        for watcher in running.values():
            watcher.stop()
        await tasks.cancel(*running)
        await self._wire.close()

    # --- the protocol ------------------------------------------------------------------------------

    async def get(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        subresource: str = "",
        resource_version: str = "",
    ) -> Object:
        """See `Client.get`."""
        path = resource.path(namespace, name, subresource)
        return await self._wire.ask("GET", path, {"resourceVersion": resource_version})

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        resource_version_match: str = "",
        limit: int = 0,
        continue_: str = "",
    ) -> ObjectList:
        """See `Client.list`."""
        query = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "resourceVersion": resource_version,
            "resourceVersionMatch": resource_version_match,
            "limit": str(limit) if limit else "",
            "continue": continue_,
        }
        found = await self._wire.ask("GET", resource.path(namespace), query)
        metadata = found.get("metadata") or {}
        head = {"kind": resource.kind, "apiVersion": resource.api_version}
        return ObjectList(
            [{**head, **item} for item in found.get("items") or ()],
            metadata.get("resourceVersion", ""),
            metadata.get("continue", ""),
            metadata.get("remainingItemCount"),
        )

    async def create(
        self,
        resource: Resource,
        obj: Object,
        namespace: str | None = None,
        *,
        name: str = "",
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
    ) -> Object:
        """See `Client.create`."""
        metadata = obj.get("metadata") or {}
        path = resource.path(namespace or metadata.get("namespace"), name or None, subresource)
        return await self._wire.ask(
            "POST", path, self._writing(dry_run, field_manager), _sent(resource, obj, subresource)
        )

    async def update(
        self,
        resource: Resource,
        obj: Object,
        *,
        name: str = "",
        namespace: str | None = None,
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
    ) -> Object:
        """See `Client.update`."""
        metadata = obj.get("metadata") or {}
        path = resource.path(
            namespace or metadata.get("namespace"), name or metadata.get("name"), subresource
        )
        return await self._wire.ask(
            "PUT", path, self._writing(dry_run, field_manager), _sent(resource, obj, subresource)
        )

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        namespace: str | None = None,
        *,
        patch_type: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
        force: bool = False,
    ) -> Object:
        """See `Client.patch`."""
        query = self._writing(dry_run, field_manager)
        if force:
            query["force"] = "true"
        path = resource.path(namespace, name, subresource)
        return await self._wire.ask("PATCH", path, query, patch, PATCH_CONTENT_TYPES[patch_type])

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        grace_period_s: int | None = None,
        propagation_policy: str | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """See `Client.delete`."""
        body = _delete_options(grace_period_s, propagation_policy, dry_run=dry_run)
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        if uid or resource_version:
            body["preconditions"] = {key: value for key, value in preconditions.items() if value}
        return await self._wire.ask("DELETE", resource.path(namespace, name), {}, body)

    async def delete_collection(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        grace_period_s: int | None = None,
        propagation_policy: str | None = None,
        dry_run: bool = False,
    ) -> None:
        """See `Client.delete_collection`."""
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        body = _delete_options(grace_period_s, propagation_policy, dry_run=dry_run)
        await self._wire.ask("DELETE", resource.path(namespace), query, body)

    async def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str = "",
        label_selector: str = "",
        field_selector: str = "",
        bookmarks: bool = True,
        send_initial_events: bool | None = None,
        timeout_s: float | None = None,
    ) -> Watcher:
        """See `Client.watch`."""
        query = {
            "watch": "true",
            "resourceVersion": resource_version,
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "allowWatchBookmarks": "true" if bookmarks else "",
            "timeoutSeconds": str(max(1, round(timeout_s))) if timeout_s is not None else "",
        }
        if send_initial_events is not None:
            query["sendInitialEvents"] = str(send_initial_events).lower()
            query["resourceVersionMatch"] = "NotOlderThan"
        response = await self._wire.send("GET", resource.path(namespace), query)
        if response.status >= ERROR_CODE_MIN:
            async with response:
                raise await error_of(response)
        watcher = Watcher()
        task = tasks.start(self._follow(response, watcher), name=f"watch {resource.plural}")
        watcher.when_ended(lambda: _cancel(task))
        self._watches[task] = watcher
        task.add_done_callback(lambda _: self._ended(task, response))
        return watcher

    def _ended(self, task: asyncio.Task[None], response: aiohttp.ClientResponse) -> None:
        """A watch is over, maybe before it began."""
        response.close()
        self._watches.pop(task).end()

    # --- what is no resource ------------------------------------------------------------------------

    async def document(self, path: str, accept: str = "") -> Object:
        """What a path gives as JSON, such as discovery.

        Raises:
            APIError: The server refuses, or cannot be reached.
        """
        return await self._wire.ask("GET", path, {}, accept=accept)

    async def text(self, path: str, query: Mapping[str, str]) -> str:
        """What a path gives as text, such as a log.

        Raises:
            APIError: The server refuses, or cannot be reached.
        """
        return await self._wire.text(path, query)

    async def websocket(
        self, path: str, query: Sequence[tuple[str, str]], protocols: Sequence[str]
    ) -> aiohttp.ClientWebSocketResponse:
        """A websocket to a path, such as a pod's exec.

        Raises:
            APIError: The server refuses, or cannot be reached.
        """
        return await self._wire.websocket(path, query, protocols)

    async def _follow(self, response: aiohttp.ClientResponse, watcher: Watcher) -> None:
        """Turn the lines of a stream into events until it ends."""
        rest = b""
        try:
            async with response:
                async for chunk in response.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        if line:
                            watcher.push(_event(line))
                    if len(rest) > LINE_BYTES_MAX:
                        break
        except (aiohttp.ClientError, OSError, ValueError, LookupError, TypeError):
            pass  # the watch ends here; whoever follows it lists again
        finally:
            watcher.end()

    def _writing(self, dry_run: bool, field_manager: str) -> builtins.dict[str, str]:
        """The options that all writes have."""
        return {
            "dryRun": "All" if dry_run else "",
            "fieldManager": field_manager,
            "fieldValidation": self._field_validation,
        }


def _cancel(task: asyncio.Task[None]) -> None:
    """Stop following, unless that is what is ending just now."""
    if task is not asyncio.current_task():
        task.cancel()


def _event(line: bytes) -> WatchEvent:
    """A line of a watch as an event."""
    found = orjson.loads(line)
    return WatchEvent(cast("EventType", found["type"]), found["object"])


def _sent(resource: Resource, obj: Object, subresource: str) -> Object:
    """An object with its kind, which in-process callers may leave out."""
    if subresource or ("kind" in obj and "apiVersion" in obj):
        return obj
    return {"kind": resource.kind, "apiVersion": resource.api_version, **obj}


def _delete_options(
    grace_period_s: int | None, policy: str | None, *, dry_run: bool
) -> builtins.dict[str, Any]:
    """The body of a delete."""
    options: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1"}
    if grace_period_s is not None:
        options["gracePeriodSeconds"] = grace_period_s
    if policy:
        options["propagationPolicy"] = policy
    if dry_run:
        options["dryRun"] = ["All"]
    return options

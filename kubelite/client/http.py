"""The client over HTTP: the same methods as in-process, for any API server.

Each call is one HTTP request; an answer that is no success is raised as the error that its `Status` names. A
watch is a task that turns lines into events.

Invariant: a watcher given out here either has every event of its stream or has ended.
"""

from __future__ import annotations

import asyncio
import builtins
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self, cast
from urllib.parse import urlencode

import aiohttp
import orjson
from multidict import CIMultiDict
from yarl import URL

from kubelite.apimachinery.apierrors import APIError, InternalError, ServiceUnavailable, from_status
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.kubeconfig import Connection, Credentials
from kubelite.client.requests import ObjectList, PatchType
from kubelite.client.watcher import EventType, Watcher, WatchEvent
from kubelite.runtime import Clock, SystemClock, tasks

PATCH_CONTENT_TYPES: Final[Mapping[PatchType, str]] = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
LINE_BYTES_MAX: Final = 64 * 1024 * 1024
"""The longest event that a watch takes."""
_ERROR_CODE_MIN: Final = 400
_UNAUTHORIZED, _TOO_MANY, _SERVER_ERROR_MIN = 401, 429, 500
CONNECT_TIMEOUT_S: Final = 30.0


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
        self._connection = connection
        self._owns_session = session is None
        self._session = session
        self._tls = _tls(connection)
        self._field_validation = field_validation
        self._tries_max = tries_max
        self._clock = clock or SystemClock()
        self._headers: CIMultiDict[str] = CIMultiDict(
            {"Accept": "application/json", "User-Agent": user_agent, **dict(connection.headers)}
        )
        for name, value in connection.headers:
            if value not in self._headers.getall(name):
                self._headers.add(name, value)
        self._show(connection.credentials)
        self._route: dict[str, Any] = {"ssl": self._tls}
        if connection.server_name:
            self._route["server_hostname"] = connection.server_name
        if connection.proxy:
            self._route["proxy"] = connection.proxy
        self._watches: dict[asyncio.Task[None], Watcher] = {}

    def __repr__(self) -> str:
        return f"<HTTPClient of {self._connection.url}, {len(self._watches)} watches>"

    def _show(self, credentials: Credentials) -> None:
        if credentials.token:
            self._headers["Authorization"] = f"Bearer {credentials.token}"

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
        if self._owns_session and self._session is not None:
            await self._session.close()
            self._session = None

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
        return await self._ask("GET", path, {"resourceVersion": resource_version})

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
        found = await self._ask("GET", resource.path(namespace), query)
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
        return await self._ask(
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
        return await self._ask(
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
        return await self._ask("PATCH", path, query, patch, PATCH_CONTENT_TYPES[patch_type])

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
        return await self._ask("DELETE", resource.path(namespace, name), {}, body)

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
        await self._ask("DELETE", resource.path(namespace), query, body)

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
        response = await self._send("GET", resource.path(namespace), query)
        if response.status >= _ERROR_CODE_MIN:
            async with response:
                raise await _error(response)
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
        return await self._ask("GET", path, {}, accept=accept)

    async def text(self, path: str, query: Mapping[str, str]) -> str:
        """What a path gives as text, such as a log.

        Raises:
            APIError: The server refuses, or cannot be reached.
        """
        async with await self._send("GET", path, query, accept="*/*") as response:
            if response.status >= _ERROR_CODE_MIN:
                raise await _error(response)
            return await response.text(errors="replace")

    async def websocket(
        self, path: str, query: Sequence[tuple[str, str]], protocols: Sequence[str]
    ) -> aiohttp.ClientWebSocketResponse:
        """A websocket to a path, such as a pod's exec.

        Raises:
            APIError: The server refuses, or cannot be reached.
        """
        address = f"{self._connection.url}{path}?{urlencode(query)}"
        headers = self._headers.copy()
        headers.popall("Accept")
        try:
            channel: aiohttp.ClientWebSocketResponse = await self._opened().ws_connect(
                URL(address, encoded=True),
                protocols=protocols,
                headers=headers,
                max_msg_size=LINE_BYTES_MAX,
                **self._route,
            )
        except aiohttp.WSServerHandshakeError as error:
            # The answer's body, which says more, is gone with the handshake: ask again without one.
            try:
                await self.text(path, dict(query))
            except APIError as told:
                if told.code == error.status and "pgrade request required" not in str(told):
                    raise
            raise from_status({"code": error.status, "message": f"{path}: {error.message}"}) from error
        except (aiohttp.ClientError, OSError) as error:
            raise ServiceUnavailable(f"{address}: {error}") from error
        return channel

    # --- the wire ----------------------------------------------------------------------------------

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
        except (aiohttp.ClientError, OSError, ValueError):
            pass  # the watch ends here; whoever follows it lists again
        finally:
            watcher.end()

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any = None,
        content_type: str = "application/json",
        *,
        accept: str = "",
    ) -> Object:
        """One request and its answer.

        Raises:
            APIError: The server refuses, or cannot be reached.
        """
        async with await self._send(method, path, query, body, content_type, accept=accept) as response:
            if response.status >= _ERROR_CODE_MIN:
                raise await _error(response)
            try:
                return cast("Object", orjson.loads(await response.read()))
            except (aiohttp.ClientError, ValueError) as error:
                raise InternalError(f"{method} {path}: the answer is broken: {error}") from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, ssl=self._tls)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
                read_bufsize=1024 * 1024,
                # As client-go: what the environment says of proxies is not meant for this machine itself.
                trust_env=not _is_here(self._connection.url),
            )
        return self._session

    def _writing(self, dry_run: bool, field_manager: str) -> builtins.dict[str, str]:
        """The options that all writes have."""
        return {
            "dryRun": "All" if dry_run else "",
            "fieldManager": field_manager,
            "fieldValidation": self._field_validation,
        }

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any = None,
        content_type: str = "application/json",
        *,
        accept: str = "",
    ) -> aiohttp.ClientResponse:
        """Send a request, again where the server asks for it; the answer's body is not read yet."""
        data = None if body is None else orjson.dumps(body)
        params = {key: value for key, value in query.items() if value}
        renewed = False
        for left in reversed(range(self._tries_max + 1)):
            headers = self._headers
            if body is not None or accept:
                headers = headers.copy()
                if body is not None:
                    headers["Content-Type"] = content_type
                if accept:
                    headers["Accept"] = accept
            try:
                response = await self._opened().request(
                    method,
                    self._connection.url + path,
                    params=params,
                    data=data,
                    headers=headers,
                    **self._route,
                )
            except (aiohttp.ClientError, OSError) as error:
                raise ServiceUnavailable(f"{method} {self._connection.url}{path}: {error}") from error
            if response.status == _UNAUTHORIZED and self._connection.renew is not None and not renewed:
                renewed = True
                response.release()
                self._show(await asyncio.to_thread(self._connection.renew))
                continue
            wait_s = _asked_to_wait(response)
            if wait_s is None or left <= 1:
                return response
            response.release()
            await self._clock.sleep(wait_s)
        raise AssertionError("no request was made")


def _asked_to_wait(response: aiohttp.ClientResponse) -> float | None:
    """Seconds after which a server wants to be asked again that is too busy now.

    Source: k8s.io/client-go/rest/with_retry.go.
    """
    if response.status != _TOO_MANY and response.status < _SERVER_ERROR_MIN:
        return None
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdecimal() else None


def _is_here(url: str) -> bool:
    host = URL(url).host or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _tls(connection: Connection) -> ssl.SSLContext | bool:
    """The TLS settings of a connection."""
    if not connection.url.startswith("https:"):
        return True
    if not connection.authority_pem and not connection.credentials.certificate_pem:
        return not connection.insecure
    from kubelite.client.tls import client_context  # noqa: PLC0415 - ssl contexts are rarely needed

    return client_context(connection)


def _cancel(task: asyncio.Task[None]) -> None:
    """Stop following, unless that is what is ending just now."""
    if task is not asyncio.current_task():
        task.cancel()


def _event(line: bytes) -> WatchEvent:
    """A line of a watch as an event."""
    found = orjson.loads(line)
    return WatchEvent(cast("EventType", found["type"]), found["object"])


async def _error(response: aiohttp.ClientResponse) -> APIError:
    """An answer that is no success as the error that it stands for."""
    body = await response.read()
    try:
        status = orjson.loads(body)
    except ValueError:
        status = None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        text = body.decode(errors="replace").strip()
        status = {"code": response.status, "message": text or str(response.reason)}
    return from_status(status)


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

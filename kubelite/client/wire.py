"""Requests to one API server over HTTP: its address, what is shown to it, and again where it asks for that.

An answer that is no success is raised as the error that its `Status` names.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import urlencode

import aiohttp
import orjson
from multidict import CIMultiDict
from yarl import URL

from kubelite.apimachinery.apierrors import (
    APIError,
    InternalError,
    ServiceUnavailable,
    Unauthorized,
    from_status,
)
from kubelite.apimachinery.scheme import Object
from kubelite.client.kubeconfig import Connection, Credentials
from kubelite.runtime import Clock, SystemClock

LINE_BYTES_MAX: Final = 64 * 1024 * 1024
"""The longest event that a watch takes, and message of a websocket."""
ERROR_CODE_MIN: Final = 400
CONNECT_TIMEOUT_S: Final = 30.0
_UNAUTHORIZED, _TOO_MANY, _SERVER_ERROR_MIN = 401, 429, 500


class Wire:
    """The way to an API server; the arguments are those of `HTTPClient`."""

    def __init__(
        self,
        connection: Connection,
        *,
        session: aiohttp.ClientSession | None,
        user_agent: str,
        clock: Clock | None,
        tries_max: int,
    ) -> None:
        self._connection = connection
        self._owns_session = session is None
        self._session = session
        self._tls = _tls(connection)
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

    def __repr__(self) -> str:
        return f"<Wire to {self.url}>"

    @property
    def url(self) -> str:
        """Where the API server is."""
        return self._connection.url

    def _show(self, credentials: Credentials) -> None:
        if credentials.token:
            self._headers["Authorization"] = f"Bearer {credentials.token}"

    async def close(self) -> None:
        """End the session if it is this one's own."""
        if self._owns_session and self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(
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
        async with await self.send(method, path, query, body, content_type, accept=accept) as response:
            if response.status >= ERROR_CODE_MIN:
                raise await error_of(response)
            try:
                return cast("Object", orjson.loads(await response.read()))
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise InternalError(f"{method} {path}: the answer is broken: {error}") from error

    async def text(self, path: str, query: Mapping[str, str]) -> str:
        """What a path gives as text, such as a log.

        Raises:
            APIError: The server refuses, or cannot be reached.
        """
        async with await self.send("GET", path, query, accept="*/*") as response:
            if response.status >= ERROR_CODE_MIN:
                raise await error_of(response)
            try:
                return await response.text(errors="replace")
            except (aiohttp.ClientError, OSError) as error:
                raise InternalError(f"GET {path}: the answer is broken: {error}") from error

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

    async def send(
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
                try:
                    self._show(await asyncio.to_thread(self._connection.renew))
                except (OSError, ValueError) as error:
                    raise Unauthorized(
                        f"the credentials have run out; renewing them failed: {error}"
                    ) from error
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


async def error_of(response: aiohttp.ClientResponse) -> APIError:
    """An answer that is no success as the error that it stands for."""
    try:
        body = await response.read()
    except (aiohttp.ClientError, OSError):
        body = b""  # cut short: its code says enough
    try:
        status = orjson.loads(body)
    except ValueError:
        status = None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        text = body.decode(errors="replace").strip()
        status = {"code": response.status, "message": text or str(response.reason)}
    return from_status(status)

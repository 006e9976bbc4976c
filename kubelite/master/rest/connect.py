"""Logs, exec, attach and port-forward: the API server dials the kubelet of a pod's node.

The stream is passed on as it is.

Which pod, container and kubelet path are meant is the API server's business (`Connect`); here bytes are
carried. Channels of the websocket protocols are not interpreted: what the client and the kubelet agree on
goes through.

Source: k8s.io/kubernetes/pkg/registry/core/pod/rest (log.go, subresources.go); KEP-4006.
"""

from __future__ import annotations

from typing import Final, Protocol
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web
from multidict import CIMultiDict

from kubelite.apimachinery import timestamps
from kubelite.apimachinery.apierrors import APIError, BadRequest, InternalError, Invalid, from_status
from kubelite.apimachinery.field import FieldError
from kubelite.client.requests import ConnectInfo
from kubelite.master.rest import wsstream
from kubelite.master.rest.options import integer
from kubelite.master.rest.requestinfo import Query
from kubelite.runtime import Clock, tasks

SUBPROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io")
MESSAGE_BYTES_MAX: Final = 32 * 1024 * 1024
LOG_CHUNK_BYTES: Final = 64 * 1024
SETTLE_S: Final = 0.02
"""Before the first message: client-go (seen in kubectl 1.31) discards what comes before its streams are made.
A real kubelet is never that quick: it has a process to start first."""
_LOG_OPTIONS: Final = (
    "follow",
    "previous",
    "tailLines",
    "sinceSeconds",
    "sinceTime",
    "timestamps",
    "limitBytes",
    "stream",
)
_STREAM_OPTIONS: Final = ("command", "stdin", "stdout", "stderr", "tty", "ports")


class KubeletDialer(Protocol):
    """How the API server reaches kubelets: through the cluster's network."""

    def session(self, node: str) -> aiohttp.ClientSession:
        """The session for a node's kubelet; whoever made it closes it."""

    def url(self, host: str, port: int) -> str:
        """The base URL of a kubelet, without a slash at the end."""


def check_log_options(query: Query, pod: str) -> None:
    """Check the options of a request for logs.

    Raises:
        BadRequest: A number or a time is none.
        Invalid: A value is out of its range.
    """
    errors = []
    since_time = query.text("sinceTime")
    if since_time:
        try:
            timestamps.parse_time(since_time)
        except ValueError as error:
            raise BadRequest(str(error)) from error
    tail_lines = integer(query, "tailLines")
    if tail_lines is not None and tail_lines < 0:
        errors.append(FieldError.invalid("tailLines", tail_lines, "must be greater than or equal to 0"))
    limit_bytes = integer(query, "limitBytes")
    if limit_bytes is not None and limit_bytes < 1:
        errors.append(FieldError.invalid("limitBytes", limit_bytes, "must be greater than 0"))
    since_s = integer(query, "sinceSeconds")
    if since_s is not None and query.has("sinceTime"):
        errors.append(
            FieldError.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified")
        )
    elif since_s is not None and since_s < 1:
        errors.append(FieldError.invalid("sinceSeconds", since_s, "must be greater than 0"))
    if errors:
        raise Invalid("PodLogOptions", pod, errors)


async def stream_log(
    request: web.BaseRequest,
    query: Query,
    info: ConnectInfo,
    dialer: KubeletDialer,
    headers: CIMultiDict[str],
) -> web.StreamResponse:
    """Pass a container's log on, each piece as it comes.

    Raises:
        APIError: The kubelet cannot be reached or refuses; nothing has been sent then.
    """
    session = dialer.session(info.node)
    url = _url(dialer, info, query, _LOG_OPTIONS)
    no_limit = aiohttp.ClientTimeout(total=None)
    try:
        source = await session.get(url, timeout=no_limit)
    except (aiohttp.ClientError, OSError) as error:
        raise _dial_error(info, error) from error
    async with source:
        if source.status != web.HTTPOk.status_code:
            raise await _refusal(source)
        if wsstream.is_websocket(request):
            return await wsstream.copy(request, source.content.iter_any(), headers)
        response = web.StreamResponse(headers=headers)
        response.content_type = "text/plain"
        response.enable_chunked_encoding()
        await response.prepare(request)
        async for chunk in source.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    return response


async def join(
    request: web.BaseRequest, query: Query, info: ConnectInfo, dialer: KubeletDialer, clock: Clock
) -> web.StreamResponse:
    """Join a client's websocket to one of the kubelet's until either side ends.

    Raises:
        APIError: It is no websocket, or the kubelet cannot be reached or refuses.
    """
    check_upgrade(request)
    client = web.WebSocketResponse(protocols=SUBPROTOCOLS, max_msg_size=MESSAGE_BYTES_MAX, compress=False)
    offered = [
        name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if name.strip()
    ]
    chosen = next((name for name in offered if name in SUBPROTOCOLS), None)
    if offered and chosen is None:
        raise BadRequest(
            f"unable to negotiate protocol: client supports {offered}, server supports {list(SUBPROTOCOLS)}"
        )
    kubelet = await dial(dialer, info, query, chosen or SUBPROTOCOLS[-1])
    async with kubelet:
        await client.prepare(request)
        upward = tasks.start(pump(client, kubelet), name=f"exec-input {info.path}")
        try:
            await clock.sleep(SETTLE_S)
            await pump(kubelet, client)
        finally:
            await tasks.cancel(upward)
            if not client.closed:
                await client.close()
    return client


async def dial(
    dialer: KubeletDialer, info: ConnectInfo, query: Query, protocol: str
) -> aiohttp.ClientWebSocketResponse:
    """A websocket to the kubelet; whoever gets it closes it.

    Raises:
        APIError: The kubelet cannot be reached or refuses.
    """
    session = dialer.session(info.node)
    url = _url(dialer, info, query, _STREAM_OPTIONS)
    try:
        return await session.ws_connect(
            url, protocols=(protocol,), max_msg_size=MESSAGE_BYTES_MAX, compress=0, autoclose=False
        )
    except aiohttp.WSServerHandshakeError as error:
        text = f"unable to upgrade connection: {error.message} ({error.status})"
        raise (
            InternalError(text)
            if error.status >= web.HTTPInternalServerError.status_code
            else BadRequest(text)
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise _dial_error(info, error) from error


def check_upgrade(request: web.BaseRequest) -> None:
    """Refuse what is no websocket.

    Raises:
        BadRequest: It is none.
    """
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise BadRequest("Upgrade request required")


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def pump(source: _Socket, target: _Socket) -> None:
    """Carry messages until the source closes; then close the target in the same way."""
    async for message in source:
        if target.closed:
            return
        try:
            if message.type is WSMsgType.BINARY:
                await target.send_bytes(message.data)
            elif message.type is WSMsgType.TEXT:
                await target.send_str(message.data)
        except (ConnectionError, aiohttp.ClientError):
            return
    if not target.closed:
        code = source.close_code or WSCloseCode.OK
        lost = code == WSCloseCode.ABNORMAL_CLOSURE  # which is never sent (RFC 6455, section 7.4.1)
        await target.close(code=WSCloseCode.INTERNAL_ERROR if lost else code)


def _url(dialer: KubeletDialer, info: ConnectInfo, query: Query, names: tuple[str, ...]) -> str:
    """The kubelet's URL: its path, and the client's options that concern it."""
    pairs = [(key, value) for key, value in query.pairs if key in names]
    text = f"{dialer.url(info.host, info.port)}{info.path}"
    return f"{text}?{urlencode(pairs)}" if pairs else text


def _dial_error(info: ConnectInfo, error: Exception) -> APIError:
    """The kubelet is not there."""
    found = InternalError("")
    found.message = (
        f'Get "https://{info.host}:{info.port}{info.path}": dial tcp {info.host}:{info.port}: {error}'
    )
    found.args = (found.message,)
    found.details = {"causes": [{"message": found.message}]}
    return found


async def _refusal(source: aiohttp.ClientResponse) -> APIError:
    """What a kubelet said, as an error of the API."""
    text = (await source.read()).decode(errors="replace").strip()
    code = source.status
    if code == web.HTTPBadRequest.status_code:
        return BadRequest(text)
    return from_status({"code": code, "message": text or f"the server responded with status code {code}"})

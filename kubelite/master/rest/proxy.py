"""The proxy subresource: a client's HTTP request goes to a pod, the pod's answer comes back.

Bodies are streamed both ways. The client's credentials stay here.

Source: k8s.io/apimachinery/pkg/util/proxy (upgradeaware.go, transport.go).
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from kubelite.apimachinery.apierrors import ServiceUnavailable
from kubelite.client.requests import ConnectInfo
from kubelite.master.rest.connect import MESSAGE_BYTES_MAX, KubeletDialer, pump
from kubelite.master.rest.links import HTML, rewrite_body, rewritten
from kubelite.master.rest.requestinfo import origin_form
from kubelite.runtime import tasks

CONNECT_TIMEOUT_S: Final = 30.0
IN_NAMESPACE: Final = 8
"""Segments of `/api/v1/namespaces/NS/PLURAL/NAME/proxy`, the empty one before the first slash included."""
IN_CLUSTER: Final = 6
"""Those of `/api/v1/nodes/NAME/proxy`."""
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_KEPT_HERE: Final = _HOP_BY_HOP | {"authorization", "expect"}
_WEBSOCKET: Final = "sec-websocket-"
_SLASHES: Final = re.compile("//+")
_UNTOUCHED: Final = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


def split_path(raw_path: str) -> tuple[str, str]:
    """The path up to and with `/proxy`, and what follows it; slashes that stand together there are one."""
    parts = raw_path.split("/")
    before = IN_NAMESPACE if parts[3] == "namespaces" else IN_CLUSTER
    rest = parts[before:]
    return "/".join(parts[:before]), _SLASHES.sub("/", "/" + "/".join(rest)) if rest else ""


async def carry(
    request: web.BaseRequest, found: ConnectInfo, dialer: KubeletDialer, headers: CIMultiDict[str]
) -> web.StreamResponse:
    """Pass a request on, and its answer back.

    Raises:
        ServiceUnavailable: Nobody answers there.
    """
    raw_path, question, query = origin_form(request.raw_path).partition("?")
    base, rest = split_path(raw_path)
    if not rest and request.method in {hdrs.METH_GET, hdrs.METH_HEAD}:
        headers[hdrs.LOCATION] = f"{base}/{question}{query}"
        return web.Response(status=301, headers=headers)
    url = URL(
        f"{found.scheme}://{_bracketed(found.host)}:{found.port}{rest or '/'}{question}{query}", encoded=True
    )
    if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
        return await _carry_websocket(request, url, dialer)
    session = dialer.session("")
    sent = _sent_headers(request, base + rest)
    try:
        answer = await session.request(
            request.method,
            url,
            data=request.content if request.body_exists else None,
            headers=sent,
            skip_auto_headers=_UNTOUCHED,
            allow_redirects=False,
            ssl=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        )
    except (aiohttp.ClientError, OSError) as error:
        raise _unreachable(found, error) from error
    async with answer:
        return await _pass_back(request, answer, base, f"{found.host}:{found.port}", headers)


async def _pass_back(
    request: web.BaseRequest,
    answer: aiohttp.ClientResponse,
    base: str,
    netloc: str,
    headers: CIMultiDict[str],
) -> web.StreamResponse:
    """The pod's answer, piece by piece."""
    received: CIMultiDict[str] = CIMultiDict(
        (name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP
    )
    own = partial(rewritten, base=base, netloc=netloc, host=request.headers.get(hdrs.HOST, ""))
    page: bytes | None = None
    if hdrs.LOCATION in received:
        received[hdrs.LOCATION] = own(received[hdrs.LOCATION])
    elif answer.content_type == HTML and request.method != hdrs.METH_HEAD:
        page = rewrite_body(await answer.read(), received.get(hdrs.CONTENT_ENCODING, ""), own)
        received[hdrs.CONTENT_LENGTH] = str(len(page))
    for name in ("Audit-Id", "Cache-Control"):
        received.setdefault(name, headers[name])
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=received)
    if hdrs.CONTENT_LENGTH not in received and request.version >= (1, 1):
        response.enable_chunked_encoding()
    await response.prepare(request)
    if page is not None:
        await response.write(page)
    else:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
    await response.write_eof()
    return response


async def _carry_websocket(request: web.BaseRequest, url: URL, dialer: KubeletDialer) -> web.StreamResponse:
    """Join a client's websocket to a pod's until either side ends."""
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    protocols = tuple(name.strip() for name in offered.split(",") if name.strip())
    sent = _sent_headers(request, url.raw_path)
    for name in [name for name in sent if name.lower().startswith(_WEBSOCKET)]:
        sent.popall(name, None)
    try:
        there = await dialer.session("").ws_connect(
            url, protocols=protocols, headers=sent, max_msg_size=MESSAGE_BYTES_MAX, compress=0, ssl=False
        )
    except (aiohttp.ClientError, OSError) as error:
        raise ServiceUnavailable(f"error trying to reach service: {error}") from error
    chosen = (there.protocol,) if there.protocol else ()
    here = web.WebSocketResponse(protocols=chosen, max_msg_size=MESSAGE_BYTES_MAX, compress=False)
    async with there:
        await here.prepare(request)
        upward = tasks.start(pump(here, there), name=f"proxy-input {url}")
        try:
            await pump(there, here)
        finally:
            await tasks.cancel(upward)
            if not here.closed:
                await here.close()
    return here


def _sent_headers(request: web.BaseRequest, path: str) -> CIMultiDict[str]:
    """The client's headers, less what is not for the pod, and who really asked for what."""
    named = {each.strip().lower() for each in request.headers.get(hdrs.CONNECTION, "").split(",")}
    sent: CIMultiDict[str] = CIMultiDict()
    for name, value in request.headers.items():
        lower = name.lower()
        if lower not in _KEPT_HERE and lower not in named and not lower.startswith("impersonate-"):
            sent.add(name, value)
    if request.remote:
        before = request.headers.get(hdrs.X_FORWARDED_FOR)
        sent[hdrs.X_FORWARDED_FOR] = f"{before}, {request.remote}" if before else request.remote
    sent[hdrs.X_FORWARDED_HOST] = request.headers.get(hdrs.HOST, "")
    sent[hdrs.X_FORWARDED_PROTO] = "https" if request.secure else "http"
    sent["X-Forwarded-Uri"] = path
    return sent


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _unreachable(found: ConnectInfo, error: Exception) -> ServiceUnavailable:
    inner: BaseException = getattr(error, "os_error", None) or error
    why = "connect: connection refused" if isinstance(inner, ConnectionRefusedError) else str(error)
    return ServiceUnavailable(f"error trying to reach service: dial tcp {found.host}:{found.port}: {why}")

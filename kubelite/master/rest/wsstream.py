"""A stream of bytes as the messages of a websocket: for clients that read logs in a browser.

The first message is empty, so that the client knows that the connection stands. Nothing is expected of it.

Source: k8s.io/apimachinery/pkg/util/httpstream/wsstream (stream.go, conn.go).
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from kubelite.apimachinery.apierrors import BadRequest
from kubelite.master.auth.authenticator import WEBSOCKET_TOKEN_PREFIX
from kubelite.runtime import tasks

BINARY: Final = "binary.k8s.io"
BASE64: Final = "base64.binary.k8s.io"
_PROTOCOLS: Final = (BINARY, BASE64)


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether a request wants to become a websocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def offered_protocols(request: web.BaseRequest) -> list[str]:
    """The subprotocols that a client offers; the one which is a token in disguise is none."""
    offered = (each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(","))
    return [each for each in offered if each and not each.startswith(WEBSOCKET_TOKEN_PREFIX)]


async def copy(
    request: web.BaseRequest, source: AsyncIterator[bytes], headers: CIMultiDict[str]
) -> web.WebSocketResponse:
    """Send what a source gives, piece by piece, until it ends or the client leaves.

    Raises:
        BadRequest: The client offers only protocols that are not known.
    """
    offered = offered_protocols(request)
    chosen = next((each for each in offered if each in _PROTOCOLS), "")
    if offered and not chosen:
        raise BadRequest(
            f"unable to negotiate protocol: client supports {offered}, server supports {list(_PROTOCOLS)}"
        )
    socket = web.WebSocketResponse(protocols=(chosen,) if chosen else (), compress=False)
    socket.headers.extend(headers)
    await socket.prepare(request)
    sending = tasks.start(_send(socket, source, as_text=chosen == BASE64), name=f"log {request.path}")
    try:
        async for _ in socket:
            pass
    finally:
        await tasks.cancel(sending)
    return socket


async def _send(socket: web.WebSocketResponse, source: AsyncIterator[bytes], *, as_text: bool) -> None:
    """The source's bytes as messages, then a good-bye."""
    if as_text:
        await socket.send_str("")
    else:
        await socket.send_bytes(b"")
    async for part in source:
        if as_text:
            await socket.send_str(base64.b64encode(part).decode())
        else:
            await socket.send_bytes(part)
    await socket.close()

"""Exec, attach and port-forward for clients that speak SPDY: their streams join a websocket of the kubelet.

Source: k8s.io/kubelet/pkg/cri/streaming/{remotecommand,portforward}/httpstream.go.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final

import aiohttp
import attrs
import orjson
from aiohttp import WSMsgType, web

from kubelite.apimachinery.apierrors import Forbidden
from kubelite.client.requests import ConnectInfo
from kubelite.master.rest import spdy
from kubelite.master.rest.connect import KubeletDialer, dial, join
from kubelite.master.rest.requestinfo import Query
from kubelite.runtime import Clock, tasks

EXEC_PROTOCOLS: Final = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io", "")
FORWARD_PROTOCOL: Final = "portforward.k8s.io"
TUNNEL: Final = f"{spdy.UPGRADE}+{FORWARD_PROTOCOL}"
KUBELET_PROTOCOL: Final = "v5.channel.k8s.io"
CHANNELS: Final = {"stdin": 0, "stdout": 1, "stderr": 2, "error": 3, "resize": 4}
CLOSE: Final = 255
STREAMS_WAIT_S: Final = 30.0
"""How long a client may take to open the streams that it asked for."""
_TRUE: Final = frozenset({"1", "true"})
_DATA, _ERROR = 0, 1
_PORT_BYTES: Final = 2


@attrs.frozen
class Way:
    """What leads from a request to the kubelet."""

    query: Query
    info: ConnectInfo
    dialer: KubeletDialer
    clock: Clock


async def serve(request: web.BaseRequest, way: Way, subresource: str) -> web.StreamResponse:
    """Exec, attach or port-forward, for whatever the client speaks.

    Raises:
        APIError: It does not upgrade, or to nothing that is known, or the kubelet refuses.
    """
    if spdy.is_spdy(request):
        return await (forward(request, way) if subresource == "portforward" else join_streams(request, way))
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if subresource == "portforward" and TUNNEL in {name.strip() for name in offered.split(",")}:
        return await forward_in_websocket(request, way)
    return await join(request, way.query, way.info, way.dialer, way.clock)


# --- exec and attach --------------------------------------------------------------------------------------


async def join_streams(request: web.BaseRequest, way: Way) -> web.StreamResponse:
    """Exec or attach.

    Raises:
        APIError: No protocol is agreed on, or the kubelet cannot be reached or refuses.
    """
    protocol = spdy.chosen_protocol(request, EXEC_PROTOCOLS)
    if protocol is None and spdy.PROTOCOL_HEADER in request.headers:
        offered = request.headers.getall(spdy.PROTOCOL_HEADER)
        known = [name for name in EXEC_PROTOCOLS if name]
        raise Forbidden(
            "unable to upgrade: unable to negotiate protocol: client supports "
            f"{offered}, server accepts {known}",
            details={},
        )
    kubelet = await dial(way.dialer, way.info, way.query, KUBELET_PROTOCOL)
    async with kubelet:
        session, answer = spdy.upgrade(request, protocol or "")
        try:
            streams = await _expected(session, way)
            if streams is not None:
                await _carry(streams, kubelet, protocol or "")
        finally:
            session.close()
    return answer


async def _expected(session: spdy.Session, way: Way) -> dict[str, spdy.Stream] | None:
    """The streams that the client announced; None if it left, or did not open them in time."""
    asked = {name for name in ("stdin", "stdout", "stderr") if way.query.text(name).lower() in _TRUE}
    if way.query.text("tty").lower() in _TRUE:
        asked.discard("stderr")
    wanted, found = {*asked, "error"}, dict[str, spdy.Stream]()
    try:
        async with way.clock.timeout(STREAMS_WAIT_S):
            while not wanted <= found.keys():
                stream = await session.accept()
                if stream is None:
                    return None
                found[stream.headers.get("streamtype", "")] = stream
    except TimeoutError:
        return None
    return found


async def _carry(
    streams: dict[str, spdy.Stream], kubelet: aiohttp.ClientWebSocketResponse, protocol: str
) -> None:
    """Streams to channels and back until the kubelet has told how it ended, or the client is gone."""
    by_channel = {CHANNELS[name]: stream for name, stream in streams.items() if name in CHANNELS}
    upward = [
        tasks.start(_send_up(stream, channel, kubelet), name=repr(stream))
        for channel, stream in by_channel.items()
        if channel in {CHANNELS["stdin"], CHANNELS["resize"]}
    ]
    gone = tasks.start(_until_end(streams["error"]), name="spdy client")
    downward = tasks.start(_receive_down(by_channel, kubelet, protocol), name="spdy output")
    try:
        await asyncio.wait([gone, downward], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*upward, gone, downward):
            await tasks.cancel(task)


async def _send_up(stream: spdy.Stream, channel: int, kubelet: aiohttp.ClientWebSocketResponse) -> None:
    while data := await stream.read():
        await kubelet.send_bytes(bytes((channel,)) + data)
    await kubelet.send_bytes(bytes((CLOSE, channel)))


async def _until_end(error: spdy.Stream) -> None:
    """Wait for the end of the connection: on the error stream, clients send nothing but their half's end."""
    while not error.is_cut:
        await error.changed()


async def _receive_down(
    by_channel: dict[int, spdy.Stream], kubelet: aiohttp.ClientWebSocketResponse, protocol: str
) -> None:
    async for message in kubelet:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        channel, data = message.data[0], message.data[1:]
        stream = by_channel.get(channel)
        if stream is not None and data:
            if channel == CHANNELS["error"] and protocol != EXEC_PROTOCOLS[0]:
                data = _error_text(data)
            if data:
                stream.write(data)


def _error_text(status: bytes) -> bytes:
    """Before version 4 the error stream carries a text instead of a Status; nothing for a success."""
    told: dict[str, Any] = orjson.loads(status)
    return b"" if told.get("status") == "Success" else str(told.get("message", "")).encode()


# --- port-forward -----------------------------------------------------------------------------------------


async def forward(request: web.BaseRequest, way: Way) -> web.StreamResponse:
    """Port-forward over an upgraded connection.

    Raises:
        Forbidden: No protocol is agreed on.
    """
    if spdy.chosen_protocol(request, (FORWARD_PROTOCOL,)) is None:
        offered = request.headers.getall(spdy.PROTOCOL_HEADER, [])
        raise Forbidden(
            "unable to upgrade: unable to negotiate protocol: client supports "
            f"{offered}, server accepts {[FORWARD_PROTOCOL]}",
            details={},
        )
    session, answer = spdy.upgrade(request, FORWARD_PROTOCOL)
    try:
        await _forward_all(way, session)
    finally:
        session.close()
    return answer


async def forward_in_websocket(request: web.BaseRequest, way: Way) -> web.StreamResponse:
    """Port-forward in the messages of a websocket."""
    return await spdy.tunnel(request, TUNNEL, partial(_forward_all, way))


async def _forward_all(way: Way, session: spdy.Session) -> None:
    """A pair of streams (data and error, of one request id) is a connection to a port of the pod."""
    halves: dict[str, dict[str, spdy.Stream]] = {}
    running: set[asyncio.Task[None]] = set()
    try:
        while (stream := await session.accept()) is not None:
            pair = halves.setdefault(stream.headers.get("requestid", ""), {})
            pair[stream.headers.get("streamtype", "")] = stream
            if pair.keys() >= {"data", "error"}:
                del halves[stream.headers.get("requestid", "")]
                task = tasks.start(_forward_one(way, pair["data"], pair["error"]), name=repr(stream))
                running.add(task)
                task.add_done_callback(running.discard)
    finally:
        for task in tuple(running):
            await tasks.cancel(task)


async def _forward_one(way: Way, data: spdy.Stream, error: spdy.Stream) -> None:
    port = data.headers.get("port", "")
    try:
        kubelet = await dial(way.dialer, way.info, Query((("ports", port),)), KUBELET_PROTOCOL)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the client is told on its error stream
        error.write(str(failure).encode())
    else:
        async with kubelet:
            upward = tasks.start(_feed(data, kubelet), name=f"port {port}")
            try:
                await _drain(kubelet, data, error)
            finally:
                await tasks.cancel(upward)
    finally:
        data.close()
        error.close()


async def _feed(data: spdy.Stream, kubelet: aiohttp.ClientWebSocketResponse) -> None:
    while piece := await data.read():
        await kubelet.send_bytes(bytes((_DATA,)) + piece)
    await kubelet.send_bytes(bytes((CLOSE, _DATA)))


async def _drain(kubelet: aiohttp.ClientWebSocketResponse, data: spdy.Stream, error: spdy.Stream) -> None:
    """What comes from the pod; the first message on each channel is the port's number."""
    opened: set[int] = set()
    async for message in kubelet:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        channel, piece = message.data[0], message.data[1:]
        if channel not in opened:
            opened.add(channel)
            piece = piece[_PORT_BYTES:]
        if piece and channel in {_DATA, _ERROR}:
            (data if channel == _DATA else error).write(piece)

"""Requests that watch: over plain HTTP in chunks, or over a websocket, as JSON lines or protobuf frames.

Source: k8s.io/apiserver/pkg/endpoints/handlers/watch.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import attrs
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from kubelite.apimachinery.apierrors import BadRequest, NotAcceptable
from kubelite.apimachinery.fields import FieldRequirement, FieldSelectorError, parse_selector
from kubelite.apimachinery.scheme import Scheme
from kubelite.client.requests import Message, Watch
from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.master.rest import answers, frames, options
from kubelite.master.rest.gate import Visit
from kubelite.master.rest.metrics import Metrics
from kubelite.master.rest.negotiation import PROTOBUF, STREAM_TYPES, Form
from kubelite.master.rest.streams import Turn, WatchStream
from kubelite.master.rest.wsstream import is_websocket, offered_protocols
from kubelite.runtime import Clock, Randomness, Ref, VirtualClock, tasks

TIMEOUT_MIN_S: Final = 1800.0
"""A watch that names no timeout ends after this to twice this, by chance."""
PROTOBUF_STREAM: Final = f"{PROTOBUF};stream=watch"


@attrs.frozen
class _Wire:
    """How events leave: prepared, with its headers sent."""

    response: web.StreamResponse
    writer: AbstractStreamWriter | None
    encode: Callable[[WatchEvent], bytes]
    chunked: bool


class Watches:
    """All watches over HTTP.

    Args:
        apiserver: Where they come from.
        scheme: What is served.
        clock: For ages and time-outs.
        random: For the time-outs of those that name none.
        metrics: Counts the events.
    """

    def __init__(
        self,
        *,
        apiserver: Ref[Message],
        scheme: Scheme,
        clock: Clock,
        random: Randomness,
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._apiserver = apiserver
        self._scheme = scheme
        self._clock = clock
        self._random = random
        self._streams: set[WatchStream] = set()
        self._turn = Turn()

    def __len__(self) -> int:
        return len(self._streams)

    def end_all(self) -> None:
        """End all in good order."""
        for stream in tuple(self._streams):
            stream.finish()

    async def serve(
        self, request: web.BaseRequest, visit: Visit, common: dict[str, Any], form: Form
    ) -> web.StreamResponse:
        """Stream events until the client goes, time is up, or the watch ends.

        Args:
            request: The client's.
            visit: The same, on its way.
            common: What all messages to the API server have.
            form: What was negotiated.

        Raises:
            APIError: It cannot be watched; nothing was sent then.
        """
        info = visit.info
        query = info.query
        options.check_list_options(query, watch=True)
        if form.media_type not in STREAM_TYPES:
            accepted = ", ".join(f"{each};stream=watch" for each in STREAM_TYPES)
            raise NotAcceptable(f"only the following media types are accepted: {accepted}")
        timeout_s = options.integer(query, "timeoutSeconds")
        selector = query.text("fieldSelector")
        if info.name:
            selector = of_one(info.name, selector)
            common = {**common, "name": ""}
        limit_s = float(timeout_s or 0)
        if limit_s <= 0:
            limit_s = TIMEOUT_MIN_S * (1 + self._random.random())
        strategy = self._scheme.strategy(common["resource"])
        encoder = answers.FrameEncoder(form, strategy, query.text("includeObject"))
        watcher = await Watch(
            **common,
            label_selector=query.text("labelSelector"),
            field_selector=selector,
            resource_version=query.text("resourceVersion"),
            resource_version_match=query.text("resourceVersionMatch"),
            bookmarks=query.flag("allowWatchBookmarks"),
            send_initial_events=query.flag("sendInitialEvents") if query.has("sendInitialEvents") else None,
            timeout_s=limit_s,
        ).ask(self._apiserver)
        open_wire = self._websocket if is_websocket(request) else self._chunks
        try:
            wire = await open_wire(request, visit, encoder, form)
            visit.record.started = self._clock.now()
            if isinstance(wire.response, web.WebSocketResponse):
                reading = tasks.start(_ignore(wire.response, watcher), name=f"watch-input {info.path}")
                try:
                    await self._run(request, visit, watcher, wire, limit_s)
                finally:
                    await tasks.cancel(reading)
                await wire.response.close()
            else:
                await self._run(request, visit, watcher, wire, limit_s)
        finally:
            watcher.stop()
        return wire.response

    async def _chunks(
        self, request: web.BaseRequest, visit: Visit, encoder: answers.FrameEncoder, form: Form
    ) -> _Wire:
        """Plain HTTP: chunks of lines, or of frames with their lengths."""
        is_protobuf = form.media_type == PROTOBUF
        response = web.StreamResponse(headers=visit.headers)
        response.headers["Content-Type"] = PROTOBUF_STREAM if is_protobuf else form.media_type
        chunked = request.version >= (1, 1)
        if chunked:
            response.enable_chunked_encoding()
        now = self._clock.now

        def line(event: WatchEvent) -> bytes:
            return encoder(event, now())

        def delimited(event: WatchEvent) -> bytes:
            return frames.delimited(encoder.protobuf(event))

        encode = delimited if is_protobuf else line if form.kind else WatchEvent.frame
        return _Wire(response, await response.prepare(request), encode, chunked)

    async def _websocket(
        self, request: web.BaseRequest, visit: Visit, encoder: answers.FrameEncoder, form: Form
    ) -> _Wire:
        """Messages of one event each: text for JSON, binary for protobuf.

        Raises:
            BadRequest: The client's handshake is wrong.
        """
        response = web.WebSocketResponse(protocols=offered_protocols(request)[:1], compress=False)
        response.headers.extend(visit.headers)
        now = self._clock.now

        def text(event: WatchEvent) -> bytes:
            return frames.websocket(encoder(event, now()), is_text=True)

        def binary(event: WatchEvent) -> bytes:
            return frames.websocket(encoder.protobuf(event), is_text=False)

        try:
            writer = await response.prepare(request)
        except web.HTTPException as error:
            raise frames.bad_handshake(error) from error
        return _Wire(response, writer, binary if form.media_type == PROTOBUF else text, chunked=False)

    async def _run(
        self, request: web.BaseRequest, visit: Visit, watcher: Watcher, wire: _Wire, limit_s: float
    ) -> None:
        """Send what comes until the end."""
        transport = request.transport
        if transport is None or wire.writer is None:
            return
        stream = WatchStream(
            watcher, wire.writer, transport, wire.encode, turn=self._turn, chunked=wire.chunked
        )
        timer = self._clock.call_later(limit_s, stream.finish)
        clock, forget = self._clock, None
        if isinstance(clock, VirtualClock) and _is_outside(transport):
            forget = clock.call_outside_later(limit_s, stream.finish)
        self._streams.add(stream)
        try:
            await stream.run()
        finally:
            timer.cancel()
            if forget is not None:
                forget()
            self._streams.discard(stream)
            self._metrics.add_watch_events(visit.info, stream.events_sent)


def _is_outside(transport: asyncio.BaseTransport) -> bool:
    """Whether the client is outside of the loop, and its time is not that of the cluster's clock."""
    wire = transport.get_extra_info("socket")
    return wire is not None and wire.fileno() >= 0


def of_one(name: str, selector: str) -> str:
    """The field selector of a watch whose path names one object.

    Raises:
        BadRequest: It has a selector, too, which does not mean this object.

    Source: k8s.io/apiserver/pkg/endpoints/handlers/get.go (ListResource).
    """
    try:
        given = parse_selector(selector)
    except FieldSelectorError as error:
        raise BadRequest(str(error)) from error
    if given.empty:
        return str(FieldRequirement("metadata.name", name, equal=True))
    if given.exact.get("metadata.name") != name:
        raise BadRequest("fieldSelector metadata.name doesn't match requested name")
    return selector


async def _ignore(response: web.WebSocketResponse, watcher: Watcher) -> None:
    """Read until the client says good-bye."""
    async for _ in response:
        pass
    watcher.end()

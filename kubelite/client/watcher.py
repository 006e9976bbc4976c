"""The receiving end of a watch: events are pushed in, and taken out in batches or by `async for`.

A watcher never drops, merges or reorders events: it is either complete or ended. `on_ready` serves consumers
that are called rather than waiting: it is called when the first event comes after all had been taken, and at
the end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

from kubelite.apimachinery.scheme import Object
from kubelite.client.item import Item

_FRAME_HEADS: Final = {
    each: b'{"type":"%s","object":' % each.encode()
    for each in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR")
}

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]


class WatchEvent:
    """What happened to one object; watchers with the same view share one event.

    Attributes:
        type: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR (then the object is a `Status`).
        object: The object after the change; for DELETED its last state with the version of the deletion.
    """

    __slots__ = ("_converted", "_item", "object", "type")

    def __init__(self, type: EventType, object: Object, item: Item | None = None) -> None:  # noqa: A002
        self.type = type
        self.object = object
        self._item = item
        self._converted: tuple[Callable[[Object], Object], WatchEvent] | None = None

    def converted(self, convert: Callable[[Object], Object]) -> WatchEvent:
        """The event with its object in another form; made once for all watchers that want the same."""
        known = self._converted
        if known is not None and known[0] == convert:
            return known[1]
        obj = convert(self.object)
        event = self if obj is self.object else WatchEvent(self.type, obj)
        self._converted = (convert, event)
        return event

    def forget_text(self) -> None:
        """Let go of the encoded object."""
        if self._item is not None:
            self._item.forget_text()

    def frame(self) -> bytes:
        """The event as one line of JSON; its object is encoded once, however many watchers send it."""
        return b"".join(self.frame_parts())

    def frame_parts(self) -> tuple[bytes, ...]:
        """The pieces of `frame`, so that many frames are joined with one copy."""
        item = self._item
        if item is None:
            item = self._item = Item(self.object)
        return _FRAME_HEADS[self.type], *item.json_parts(), b"}\n"

    def __repr__(self) -> str:
        metadata = self.object.get("metadata", {})
        name = "/".join(filter(None, (metadata.get("namespace"), metadata.get("name"))))
        return f"<{self.type} {self.object.get('kind')} {name} @{metadata.get('resourceVersion')}>"


class Watcher:
    """A queue of events between the API server and one consumer in the same loop.

    Attributes:
        on_ready: Called when there is something to take again, and at the end; in the stack of whoever writes
            to the store, therefore it must only arrange for the consumer to run.
        origin: What was asked for, where the API server knows it.
        severed: Whether its end is that of a broken connection.
    """

    origin: object = None
    severed = False

    def __init__(self) -> None:
        self.on_ready: Callable[[], None] | None = None
        self._end_callbacks: list[Callable[[], None]] = []
        self._events: deque[WatchEvent] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._taken = 0

    @property
    def ended(self) -> bool:
        """No event will be added any more; those which are there can still be taken."""
        return self._ended

    def take(self) -> list[WatchEvent]:
        """Take all events that are there, in order; an empty list if there are none."""
        events = list(self._events)
        self._events.clear()
        self._taken += len(events)
        return events

    def stop(self) -> None:
        """End the watch from the consumer's side; what was not taken is dropped."""
        self._events.clear()
        if not self._ended:
            self._finish()

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Have something called once at the end, from whichever side it comes."""
        self._end_callbacks.append(callback)

    def _finish(self) -> None:
        self._ended = True
        callbacks, self._end_callbacks = self._end_callbacks, []
        for callback in callbacks:
            callback()
        self._wake()

    # --- the producer's side --------------------------------------------------------------------------------

    def push(self, event: WatchEvent) -> None:
        """Add an event; ignored once the watch has ended."""
        if self._ended:
            return
        self._events.append(event)
        if len(self._events) == 1:
            self._wake()

    def offer(self, event: WatchEvent) -> None:
        """Add an event that has just happened."""
        self.push(event)

    def as_served(self, event: WatchEvent) -> WatchEvent:
        """An event as this watcher is shown it."""
        return event

    def end(self, event: WatchEvent | None = None) -> None:
        """End the watch from the producer's side, if wanted with a last (ERROR) event."""
        if self._ended:
            return
        if event is not None:
            self._events.append(event)
        self._finish()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)
        if self.on_ready is not None:
            self.on_ready()

    # --- the consumer that waits ----------------------------------------------------------------------------

    def __aiter__(self) -> Watcher:
        return self

    async def __anext__(self) -> WatchEvent:
        while not self._events:
            if self._ended:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        self._taken += 1
        return self._events.popleft()

    def __repr__(self) -> str:
        state = "ended" if self._ended else "open"
        return f"<{type(self).__name__} {state}, {len(self._events)} waiting, {self._taken} taken>"

"""Recording Events about objects: what happened, why, how often.

The same thing again raises the count of its Event; many similar things are combined into one; a flood about
one object is cut off. Recording never fails and never waits: an Event that cannot be written is lost.

Source: k8s.io/client-go/tools/record (event.go, events_cache.go).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar
from uuid import NAMESPACE_OID, uuid5
from zlib import crc32

import attrs

from kubelite.api.resources import EVENTS
from kubelite.apimachinery.apierrors import APIError, NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time
from kubelite.client.client import Client
from kubelite.runtime import ActorStopped, Clock, tasks
from kubelite.runtime.logs import get_logger

SIMILAR_MAX: Final = 10
"""Similar Events with different messages, after which they are combined."""
SIMILAR_INTERVAL_S: Final = 600.0
BURST_MAX: Final = 25
"""Events about one object at once; then one every `REFILL_INTERVAL_S`."""
REFILL_INTERVAL_S: Final = 300.0
CACHE_MAX: Final = 4096
PENDING_MAX: Final = 1000
"""Events that may wait to be written; the newest beyond it are lost."""
NAME_LENGTH_MAX: Final = 253
"""Of an object; one about an object with nearly as long a name gets another."""
OFFSET_MAX: Final = 1 << 16
"""Nanoseconds by which the times in the names of two components' Events are apart, at most.

Less than what passes between a binding and its kubelet's first step: names sort as things happened.
"""
COMBINED: Final = "(combined from similar events): "

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_log = get_logger()


class _Cache(OrderedDict[K, V]):
    """The entries used last."""

    def use(self, key: K, make: Callable[[], V]) -> V:
        """The entry, made if it is not there."""
        if key in self:
            self.move_to_end(key)
        else:
            self[key] = make()
            if len(self) > CACHE_MAX:
                self.popitem(last=False)
        return self[key]


# --- the correlator: decides, does not talk -----------------------------------------------------------------


@attrs.define(eq=False, repr=False)
class _Bucket:
    """Tokens of the spam filter."""

    tokens: float
    at_s: float


@attrs.define(eq=False, repr=False)
class _Similar:
    """Messages of similar Events."""

    messages: tuple[str, ...]
    at_s: float


@attrs.define(eq=False, repr=False)
class _Known:
    """An Event that was recorded: which it is, and how often."""

    namespace: str
    name: str
    first: str
    count: int = 0


@attrs.frozen(eq=False)
class Decision:
    """What becomes of an Event.

    Attributes:
        count: How often it happened; 1 makes it, more counts it up.
    """

    namespace: str
    name: str
    message: str
    first: str
    count: int


class Correlator:
    """Which Events are one. Pure but for its memory; times are Unix seconds."""

    def __init__(self) -> None:
        self._buckets: _Cache[tuple[str, ...], _Bucket] = _Cache()
        self._similar: _Cache[tuple[str, ...], _Similar] = _Cache()
        self._known: _Cache[tuple[str, ...], _Known] = _Cache()
        self._made = 0

    def correlate(
        self, source: tuple[str, str], reference: Object, type_: str, reason: str, message: str, now: float
    ) -> Decision | None:
        """What becomes of this happening; None if it is spam, which is counted all the same."""
        who = (
            *source,
            *(str(reference.get(key, "")) for key in ("kind", "namespace", "name", "uid", "apiVersion")),
        )
        kind = (*who, type_, reason)
        message = self._combined(kind, message, now)
        field_path = str(reference.get("fieldPath", ""))
        key = kind if message.startswith(COMBINED) else (*kind, field_path, message)
        known = self._known.use(key, lambda: self._new(source, reference, now))
        known.count += 1
        if not self._has_token(who, now):
            return None
        return Decision(known.namespace, known.name, message, known.first, known.count)

    def _new(self, source: tuple[str, str], reference: Object, now: float) -> _Known:
        self._made += 1
        name = event_name(source, reference, now, self._made)
        return _Known(reference.get("namespace") or "default", name, format_time(now))

    def _has_token(self, who: tuple[str, ...], now: float) -> bool:
        bucket = self._buckets.use(who, lambda: _Bucket(BURST_MAX, now))
        bucket.tokens = min(BURST_MAX, bucket.tokens + (now - bucket.at_s) / REFILL_INTERVAL_S)
        bucket.at_s = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _combined(self, kind: tuple[str, ...], message: str, now: float) -> str:
        similar = self._similar.use(kind, lambda: _Similar((), now))
        if now - similar.at_s > SIMILAR_INTERVAL_S:
            similar.messages = ()
        similar.at_s = now
        if message not in similar.messages:
            similar.messages += (message,)
        if len(similar.messages) < SIMILAR_MAX:
            return message
        others = [each for each in similar.messages if each != message]
        similar.messages = (*others[: SIMILAR_MAX - 2], message)
        return COMBINED + message


def event_name(source: tuple[str, str], reference: Object, now: float, number: int) -> str:
    """A name for a new Event.

    Args:
        source: Component and host.
        reference: What the Event is about.
        now: Unix seconds.
        number: How many the component made before.
    """
    # Two components may speak of one object at the same instant, in virtual time above all.
    offset = crc32("/".join(source).encode()) % OFFSET_MAX
    name = f"{reference.get('name', '')}.{round(now * 1_000_000_000) + offset + number:x}"
    return name if len(name) <= NAME_LENGTH_MAX else str(uuid5(NAMESPACE_OID, name))


def reference_to(obj: Object) -> Object:
    """The `involvedObject` that stands for an object."""
    metadata = obj["metadata"]
    reference = {
        "kind": obj.get("kind"),
        "namespace": metadata.get("namespace"),
        "name": metadata.get("name"),
        "uid": metadata.get("uid"),
        "apiVersion": obj.get("apiVersion"),
        "resourceVersion": metadata.get("resourceVersion"),
    }
    return {key: value for key, value in reference.items() if value}


# --- the shell ----------------------------------------------------------------------------------------------


class EventWriter(ABC):
    """Takes what happened, and writes one Event after the other; the forms of Events are subclasses.

    Args:
        client: Writes.
        component: Who speaks.
        clock: For times.
    """

    counted: tuple[str, ...]
    """What changes of an Event when the same happens again."""

    def __init__(self, client: Client, component: str, clock: Clock) -> None:
        self._client = client
        self._component = component
        self._clock = clock
        self._pending: deque[tuple[Decision, Object]] = deque()
        self._writing = False
        self._lost = 0

    def event(
        self,
        obj: Object,
        type: str,  # noqa: A002
        reason: str,
        message: str,
        *,
        field_path: str = "",
        action: str = "",
        related: Object | None = None,
    ) -> None:
        """Record that something happened to an object, or an `involvedObject`; does not wait.

        Args:
            obj: What it happened to.
            type: `Normal` or `Warning`.
            reason: A word, as `SuccessfulCreate`.
            message: A sentence.
            field_path: Which part of the object, as `spec.containers{web}`.
            action: What was tried, as `Binding`; only the newer form tells.
            related: For whose sake; only the newer form tells.
        """
        reference = reference_to(obj) if "metadata" in obj else obj
        if field_path:
            reference = {**reference, "fieldPath": field_path}
        self._record(reference, type, reason, message, action, related)

    @abstractmethod
    def _record(
        self, reference: Object, type_: str, reason: str, message: str, action: str, related: Object | None
    ) -> None:
        """Decide what becomes of it, and queue that."""

    def _queue(self, decision: Decision, body: Object) -> None:
        if len(self._pending) >= PENDING_MAX:
            self._lost += 1
            return
        self._pending.append((decision, body))
        if not self._writing:
            self._writing = True
            tasks.start(self._write(), name=f"events of {self._component}")

    async def _write(self) -> None:
        try:
            while self._pending:
                decision, body = self._pending.popleft()
                try:
                    await self._send(decision, body)
                except (APIError, ActorStopped, OSError) as error:
                    self._lost += 1
                    _log.debug(
                        "event lost", component=self._component, reason=body["reason"], error=str(error)
                    )
        finally:
            self._writing = False

    async def _send(self, decision: Decision, body: Object) -> None:
        if decision.count == 1 or not await self._is_counted_up(decision, body):
            await self._client.create(EVENTS, body, decision.namespace)

    async def _is_counted_up(self, decision: Decision, body: Object) -> bool:
        """Count an Event up; false if it is not there, as it has run out or was never written."""
        changed = {key: body[key] for key in self.counted}
        try:
            await self._client.patch(EVENTS, decision.name, changed, decision.namespace)
        except NotFound:
            return False
        return True

    def statistics(self) -> dict[str, Any]:
        """Events that wait, and those lost."""
        return {"pending": len(self._pending), "lost": self._lost}

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"<{name} {self._component} {len(self._pending)} pending, {self._lost} lost>"


class EventRecorder(EventWriter):
    """Records Events of one component.

    Args:
        client: Writes.
        component: The Events' source, as `kubelet`.
        clock: For times.
        host: The node of a component that runs on one.
    """

    counted = ("count", "lastTimestamp", "message")

    def __init__(self, client: Client, component: str, clock: Clock, *, host: str = "") -> None:
        super().__init__(client, component, clock)
        self._host = host
        self._correlator = Correlator()

    def _record(
        self, reference: Object, type_: str, reason: str, message: str, action: str, related: Object | None
    ) -> None:
        del action, related
        now = self._clock.now()
        source = self._component, self._host
        decision = self._correlator.correlate(source, reference, type_, reason, message, now)
        if decision is None:
            self._lost += 1
            return
        self._queue(decision, self._body(decision, reference, type_, reason, format_time(now)))

    def _body(self, decision: Decision, reference: Object, type_: str, reason: str, now: str) -> Object:
        source = {"component": self._component}
        if self._host:
            source["host"] = self._host
        combined = decision.message.startswith(COMBINED)  # these name no reporter, as client-go makes them
        return {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"name": decision.name, "namespace": decision.namespace},
            "involvedObject": reference,
            "reason": reason,
            "message": decision.message,
            "source": source,
            "firstTimestamp": decision.first,
            "lastTimestamp": now,
            "count": decision.count,
            "type": type_,
            "eventTime": None,
            "reportingComponent": "" if combined else self._component,
            "reportingInstance": "" if combined else self._host,
        }

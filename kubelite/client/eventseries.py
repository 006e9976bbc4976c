"""Recording Events in the newer form, as kube-scheduler does: what was done to what, and series of the same.

The same to the same version of an object begins a series: its second time is told, the later ones are counted
and told when the series is over. Such Events name their reporter, an action and a time in microseconds;
source, count and the older times stay empty. What was said first stands, whatever is said later.

Source: k8s.io/client-go/tools/events/{event_broadcaster,event_recorder}.go.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import attrs

from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_micro_time
from kubelite.client.client import Client
from kubelite.client.events import (
    MESSAGE_LENGTH_MAX,
    Decision,
    EventRecorder,
    event_name,
    reference_to,
)
from kubelite.runtime import Clock

FINISH_S: Final = 360.0
"""Silence after which a series is over."""
KNOWN_MAX: Final = 4096
INSTANCE: Final = "kubelite"
"""The machine on which all components run."""


@attrs.define(repr=False)
class _Series:
    """An Event that may happen again.

    Attributes:
        count: How often it has.
        told: How often the server knows of.
    """

    body: Object
    last_s: float
    count: int = 1
    told: int = 1


class SeriesRecorder(EventRecorder):
    """See the module's docstring.

    Args:
        client: Writes.
        component: Who reports.
        clock: For times.
    """

    def __init__(self, client: Client, component: str, clock: Clock) -> None:
        super().__init__(client, component, clock)
        self._counted = ("series",)
        self._known: OrderedDict[tuple[Any, ...], _Series] = OrderedDict()
        self._made = 0

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
        """Record that something was done to an object; does not wait.

        Args:
            obj: To what.
            type: `Normal` or `Warning`.
            reason: A word, as `Scheduled`.
            message: A sentence.
            field_path: Which part of the object.
            action: What was tried, as `Binding`.
            related: For whose sake.
        """
        now = self._clock.now()
        self._finish(now)
        reference = reference_to(obj)
        if field_path:
            reference["fieldPath"] = field_path
        other = reference_to(related) if related is not None else {}
        key = (type, action, reason, *sorted(reference.items()), *sorted(other.items()))
        known = self._known.get(key)
        if known is None:
            body = self._new(reference, type, reason, message, now, action)
            if other:
                body["related"] = other
            self._known[key] = _Series(body, now)
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
            self._queue(self._decision(body, 1), body)
            return
        known.count += 1
        known.last_s = now
        self._known.move_to_end(key)
        if known.told == 1:
            self._tell(known)

    def _new(
        self, reference: Object, type_: str, reason: str, message: str, now: float, action: str
    ) -> dict[str, Any]:
        self._made += 1
        namespace = reference.get("namespace") or "default"
        name = event_name((self._component, ""), reference, now, self._made)
        return {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": reference,
            "reason": reason,
            "message": message[:MESSAGE_LENGTH_MAX],
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": type_,
            "eventTime": format_micro_time(now),
            "action": action,
            "reportingComponent": self._component,
            "reportingInstance": f"{self._component}-{INSTANCE}",
        }

    def _decision(self, body: Object, count: int) -> Decision:
        metadata = body["metadata"]
        return Decision(metadata["namespace"], metadata["name"], body["message"], "", count)

    def _tell(self, series: _Series) -> None:
        """Write how often it happened, and when last."""
        told = {"count": series.count, "lastObservedTime": format_micro_time(series.last_s)}
        series.told = series.count
        self._queue(self._decision(series.body, series.count), {**series.body, "series": told})

    def _finish(self, now: float) -> None:
        """Series that are over are told whole; what follows begins anew."""
        while self._known:
            key, series = next(iter(self._known.items()))
            if now - series.last_s < FINISH_S:
                return
            del self._known[key]
            if series.told < series.count:
                self._tell(series)

    def _forget(self, decision: Decision) -> None:
        """The Event is made again, with its series."""

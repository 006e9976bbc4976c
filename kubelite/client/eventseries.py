"""Recording Events in the newer form, as kube-scheduler does: what was done to what, and series of the same.

The same to the same version of an object begins a series: its second time is told, the later ones are
counted, and told now and then, and when the series is over. Such Events name their reporter, an action and a
time in microseconds; source, count and the older times stay empty. What was said first stands, whatever is
said later.

Source: k8s.io/client-go/tools/events/{event_broadcaster,event_recorder}.go.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import attrs

from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_micro_time
from kubelite.client.client import Client
from kubelite.client.events import Decision, EventWriter, event_name, reference_to
from kubelite.runtime import Clock
from kubelite.runtime.clock import TimerHandle

FINISH_S: Final = 360.0
"""How often series are looked at, and the silence after which one is over then."""
REFRESH_TICKS: Final = 5
"""At every so many looks all series are told: every half an hour."""
KNOWN_MAX: Final = 4096
MESSAGE_BYTES_MAX: Final = 1024
"""Longer notes are refused, so they are cut. Source: k8s.io/kubernetes/pkg/scheduler (truncateMessage)."""
_CUT: Final = " ..."
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


class SeriesRecorder(EventWriter):
    """See the module's docstring.

    Args:
        client: Writes.
        component: Who reports.
        clock: For times.
    """

    counted = ("series",)

    def __init__(self, client: Client, component: str, clock: Clock) -> None:
        super().__init__(client, component, clock)
        self._known: OrderedDict[tuple[Any, ...], _Series] = OrderedDict()
        self._made = 0
        self._began = clock.monotonic()
        self._timer: TimerHandle | None = None

    def close(self) -> None:
        """Look at series no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _record(
        self, reference: Object, type_: str, reason: str, message: str, action: str, related: Object | None
    ) -> None:
        now = self._clock.now()
        other = reference_to(related) if related is not None else {}
        key = (type_, action, reason, *sorted(reference.items()), *sorted(other.items()))
        known = self._known.get(key)
        if known is None:
            self._made += 1
            body = series_event(self._component, reference, type_, reason, message, now, action, self._made)
            if other:
                body["related"] = other
            self._known[key] = _Series(body, now)
            if len(self._known) > KNOWN_MAX:
                self._tell(self._known.popitem(last=False)[1])
            self._queue(self._decision(body, 1), body)
            self._arm()
            return
        known.count += 1
        known.last_s = now
        self._known.move_to_end(key)
        if known.told == 1:
            self._tell(known)

    def _arm(self) -> None:
        """Look again at the next full period since the beginning, while there is anything to look at."""
        if self._timer is None and self._known:
            passed_s = self._clock.monotonic() - self._began
            self._timer = self._clock.call_later(FINISH_S - passed_s % FINISH_S, self._look)

    def _look(self) -> None:
        """Series that are over are told whole; what follows begins anew. The others are told now and then."""
        self._timer = None
        now = self._clock.now()
        if round((self._clock.monotonic() - self._began) / FINISH_S) % REFRESH_TICKS == 0:
            for series in self._known.values():
                self._tell(series)
        while self._known:
            key, series = next(iter(self._known.items()))
            if now - series.last_s <= FINISH_S:
                break
            del self._known[key]
            self._tell(series)
        self._arm()

    def _decision(self, body: Object, count: int) -> Decision:
        metadata = body["metadata"]
        return Decision(metadata["namespace"], metadata["name"], body["message"], "", count)

    def _tell(self, series: _Series) -> None:
        """Write how often it happened, and when last, if the server does not know."""
        if series.told == series.count:
            return
        told = {"count": series.count, "lastObservedTime": format_micro_time(series.last_s)}
        series.told = series.count
        self._queue(self._decision(series.body, series.count), {**series.body, "series": told})


def series_event(
    component: str,
    reference: Object,
    type_: str,
    reason: str,
    message: str,
    now: float,
    action: str,
    number: int,
) -> dict[str, Any]:
    """An Event in the newer form.

    Args:
        component: Who reports.
        reference: What the Event is about.
        type_: `Normal` or `Warning`.
        reason: In CamelCase.
        message: For people.
        now: Unix seconds.
        action: What was tried.
        number: How many the component made before.
    """
    name = event_name((component, ""), reference, now, number)
    return {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": reference.get("namespace") or "default"},
        "involvedObject": reference,
        "reason": reason,
        "message": _shortened(message),
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "type": type_,
        "eventTime": format_micro_time(now),
        "action": action,
        "reportingComponent": component,
        "reportingInstance": f"{component}-{INSTANCE}",
    }


def _shortened(message: str) -> str:
    data = message.encode()
    if len(data) <= MESSAGE_BYTES_MAX:
        return message
    return data[: MESSAGE_BYTES_MAX - len(_CUT)].decode(errors="ignore") + _CUT

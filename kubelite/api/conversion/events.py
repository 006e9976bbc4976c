"""Events of `events.k8s.io/v1` and of `v1`: one object with two sets of names.

Kubernetes keeps one Event; what the newer group calls `regarding`, `note` and `reportingController` are the
core group's `involvedObject`, `message` and `reportingComponent`, and what the core group has besides is
`deprecated…` in the newer one.

Source: k8s.io/kubernetes/pkg/apis/events/v1/conversion.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.apimachinery.scheme import Object

CORE: Final = ("v1", "Event")
EVENTS: Final = ("events.k8s.io/v1", "Event")

_TO_CORE: Final[Mapping[str, str]] = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_FROM_CORE: Final[Mapping[str, str]] = {core: new for new, core in _TO_CORE.items()}
_CORE_ORDER: Final = (
    *("kind", "apiVersion", "metadata", "involvedObject", "reason", "message", "source", "firstTimestamp"),
    *("lastTimestamp", "count", "type", "eventTime", "series", "action", "related", "reportingComponent"),
    "reportingInstance",
)
_EVENTS_ORDER: Final = (
    *("kind", "apiVersion", "metadata", "eventTime", "series", "reportingController", "reportingInstance"),
    *("action", "reason", "regarding", "related", "note", "type", "deprecatedSource"),
    *("deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount"),
)
_CORE_ALWAYS: Final[Mapping[str, object]] = {
    "involvedObject": {},
    "source": {},
    "firstTimestamp": None,
    "lastTimestamp": None,
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}
_EVENTS_ALWAYS: Final[Mapping[str, object]] = {
    "eventTime": None,
    "regarding": {},
    "deprecatedSource": {},
    "deprecatedFirstTimestamp": None,
    "deprecatedLastTimestamp": None,
}
"""What Go writes whether it is set or not; other empty texts and numbers it leaves out."""


def to_core(event: Object) -> Object:
    """An Event as the core group writes it. One that is so already comes back as it is."""
    if event.get("apiVersion") == CORE[0]:
        return event
    return _renamed(event, CORE, _TO_CORE, _CORE_ORDER, _CORE_ALWAYS)


def from_core(event: Object) -> Object:
    """An Event as `events.k8s.io/v1` writes it. One that is so already comes back as it is."""
    if event.get("apiVersion") == EVENTS[0]:
        return event
    return _renamed(event, EVENTS, _FROM_CORE, _EVENTS_ORDER, _EVENTS_ALWAYS)


def _renamed(
    event: Object,
    kind: tuple[str, str],
    names: Mapping[str, str],
    order: tuple[str, ...],
    always: Mapping[str, object],
) -> Object:
    api_version, name = kind
    renamed = {names.get(field, field): value for field, value in event.items()}
    renamed.update(apiVersion=api_version, kind=name)
    known = [field for field in order if _is_written(renamed.get(field)) or field in always]
    rest = [field for field in renamed if field not in order]
    return {field: renamed.get(field, always.get(field)) for field in (*known, *rest)}


def _is_written(value: object) -> bool:
    return value is not None and value not in ("", 0)

"""What Events of `events.k8s.io/v1` must be: more than those of the core group, in the core group's words.

Source: k8s.io/kubernetes/pkg/apis/core/validation/events.go.
"""

from __future__ import annotations

from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.conversion.events import to_core
from kubelite.api.validation import names
from kubelite.api.validation.core import validate_event as validate_core_event
from kubelite.api.validation.problems import Errors, invalid, required
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.scheme import Object

SERIES_COUNT_MIN: Final = 2
_CONTROLLER: Final = "reportingController"


def validate_event(event: Object) -> Errors:
    """A new Event of `events.k8s.io/v1`, in either group's form."""
    core = to_core(event)
    errors = validate_core_event(core, _CONTROLLER) + _validate_series(core)
    if not core.get("eventTime"):
        errors.append(required("eventTime", ""))
    type_ = core.get("type") or ""
    if type_ not in {"Normal", "Warning"}:
        errors.append(invalid("type", "", f"has invalid value: {type_}"))
    source = core.get("source") or {}
    unset = {
        "firstTimestamp": core.get("firstTimestamp"),
        "lastTimestamp": core.get("lastTimestamp"),
        "count": core.get("count"),
        "source": source.get("component") or source.get("host"),
    }
    return errors + [invalid(field, "", "needs to be unset") for field, value in unset.items() if value]


def _validate_series(event: Object) -> Errors:
    series = event.get("series")
    if series is None:
        return []
    errors: Errors = []
    if (series.get("count") or 0) < SERIES_COUNT_MIN:
        errors.append(invalid("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(required("series.lastObservedTime", ""))
    return errors


def validate_event_update(new: Object, old: Object) -> Errors:
    """A change through `events.k8s.io/v1`: the series, labels and annotations."""
    after, before = to_core(new), to_core(old)
    errors = validate_core_event(after, _CONTROLLER)
    if after.get("series") != before.get("series"):
        errors += _validate_series(after)
    for field, shown, empty in _FIXED:
        value = after.get(field) or empty
        if value != (before.get(field) or empty):
            errors.append(invalid(shown, "null" if value is None else value, names.IMMUTABLE))
    return errors


_FIXED: Final[tuple[tuple[str, str, Any], ...]] = (
    ("involvedObject", "involvedObject", {}),
    ("reason", "reason", ""),
    ("message", "message", ""),
    ("source", "source", {}),
    ("firstTimestamp", "firstTimestamp", None),
    ("lastTimestamp", "lastTimestamp", None),
    ("count", "count", 0),
    ("reason", "reason", ""),
    ("type", "type", ""),
    ("eventTime", "eventTime", None),
    ("action", "action", ""),
    ("related", "related", None),
    ("reportingComponent", _CONTROLLER, ""),
    ("reportingInstance", "reportingInstance", ""),
)
"""Fields that stay, their names in errors, and what stands for their absence."""


RULES: Final = {r.EVENTS_V1: KindRules(validate_event, validate_event_update)}

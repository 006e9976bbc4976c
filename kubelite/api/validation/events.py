"""What Events must be: the rules for old ones, and the stricter ones of `events.k8s.io/v1`.

Both groups are judged in the core group's words.

Source: k8s.io/kubernetes/pkg/apis/core/validation/events.go.
"""

from __future__ import annotations

from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.conversion.events import to_core
from kubelite.api.validation import names
from kubelite.api.validation.problems import Errors, invalid, invalid_each, required
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.scheme import Object

TEXT_LENGTH_MAX: Final = 128
"""Bytes of reason, action and reportingInstance."""
NOTE_LENGTH_MAX: Final = 1024
SERIES_COUNT_MIN: Final = 2
_ELSEWHERE: Final = "does not match event.namespace"


def validate_core_event(event: Object) -> Errors:
    """What is asked of every Event; of one with an `eventTime` as much as the newer group asks."""
    namespace = event["metadata"].get("namespace") or ""
    about = (event.get("involvedObject") or {}).get("namespace") or ""
    errors: Errors = []
    if not event.get("eventTime"):
        at_home = namespace == about if about else namespace in {"", "default"}
        if not at_home:
            errors.append(invalid("involvedObject.namespace", about, _ELSEWHERE))
    else:
        if not about and namespace not in {"default", "kube-system"}:
            errors.append(invalid("involvedObject.namespace", about, _ELSEWHERE))
        errors += _validate_new_style(event)
    return errors + invalid_each("namespace", namespace, names.dns_subdomain(namespace))


def _validate_new_style(event: Object) -> Errors:
    controller = event.get("reportingComponent") or ""
    errors: Errors = [] if controller else [required("reportingController", "")]
    errors += invalid_each("reportingController", controller, names.qualified_name(controller))
    for field in ("reportingInstance", "action", "reason"):
        text = event.get(field) or ""
        if not text:
            errors.append(required(field, ""))
        if len(text.encode()) > TEXT_LENGTH_MAX:
            errors.append(invalid(field, "", f"can have at most {TEXT_LENGTH_MAX} characters"))
    if len((event.get("message") or "").encode()) > NOTE_LENGTH_MAX:
        errors.append(invalid("message", "", f"can have at most {NOTE_LENGTH_MAX} characters"))
    return errors


def validate_event(event: Object) -> Errors:
    """A new Event of `events.k8s.io/v1`, in either group's form."""
    core = to_core(event)
    errors = validate_core_event(core) + _validate_series(core)
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
    errors = validate_core_event(after)
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
    ("reportingComponent", "reportingController", ""),
    ("reportingInstance", "reportingInstance", ""),
)
"""Fields that stay, their names in errors, and what stands for their absence."""


CORE_RULES: Final = KindRules(validate_core_event, lambda new, _: validate_core_event(new))
RULES: Final = {r.EVENTS_V1: KindRules(validate_event, validate_event_update)}

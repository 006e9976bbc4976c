"""Conditions in a status: read one, set one under Kubernetes' rule for the time of transition.

The rule: `lastTransitionTime` is when `status` last changed; a new reason or message alone leaves it.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time


def get_condition(obj: Object, type_: str) -> Object | None:
    """The condition of that type in `obj.status.conditions`; None if it was never set."""
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == type_:
            found: Object = condition
            return found
    return None


def is_condition_true(obj: Object, type_: str) -> bool:
    """True if the condition is there and its status is "True"."""
    condition = get_condition(obj, type_)
    return condition is not None and condition.get("status") == "True"


def set_condition(conditions: Sequence[Object] | None, condition: Object, now: float) -> list[Object]:
    """The conditions with `condition` in place of the one of its type, or at the end.

    Args:
        conditions: those of an object's status; not changed. None is the same as none.
        condition: the new one. Its `lastTransitionTime` is filled in: from the condition it replaces while
        the
            status is the same, else from `now`.
        now: Unix seconds.

    Returns:
        A new list. Compare it with the old one to see whether a write is needed.
    """
    updated = list(conditions or ())
    for index, old in enumerate(updated):
        if old.get("type") == condition["type"]:
            kept = old.get("lastTransitionTime") if old.get("status") == condition["status"] else None
            updated[index] = {**condition, "lastTransitionTime": kept or format_time(now)}
            return updated
    updated.append({**condition, "lastTransitionTime": format_time(now)})
    return updated


def remove_condition(conditions: Sequence[Object] | None, type_: str) -> list[Object]:
    """The conditions without that of the given type."""
    return [condition for condition in conditions or () if condition.get("type") != type_]

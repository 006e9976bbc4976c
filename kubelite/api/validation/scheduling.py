"""What PriorityClasses must be.

Source: k8s.io/kubernetes/pkg/apis/scheduling/validation, pkg/apis/scheduling/v1/helpers.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.validation.problems import Errors, forbidden, not_supported, required, unchanged
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.scheme import Object

SYSTEM_PREFIX: Final = "system-"
HIGHEST_USER_PRIORITY: Final = 1_000_000_000
SYSTEM_PRIORITIES: Final = {
    "system-node-critical": 2 * HIGHEST_USER_PRIORITY + 1000,
    "system-cluster-critical": 2 * HIGHEST_USER_PRIORITY,
}
_PREEMPTION_POLICIES: Final = ("PreemptLowerPriority", "Never")


def validate_priority_class(priority_class: Object) -> Errors:
    """A value for users' classes, the known ones for the system's."""
    errors: Errors = []
    name, value = priority_class["metadata"].get("name") or "", priority_class.get("value") or 0
    if name.startswith(SYSTEM_PREFIX):
        problem = _system_problem(name, value, bool(priority_class.get("globalDefault")))
        if problem:
            detail = (
                f"priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only. "
                f"error: {problem}"
            )
            errors.append(forbidden("metadata.name", detail))
    elif value > HIGHEST_USER_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}"
        errors.append(forbidden("value", detail))
    policy = priority_class.get("preemptionPolicy")
    if policy == "":
        errors.append(required("preemptionPolicy", ""))
    elif policy is not None and policy not in _PREEMPTION_POLICIES:
        errors.append(not_supported("preemptionPolicy", policy, _PREEMPTION_POLICIES))
    return errors


def _system_problem(name: str, value: int, is_default: bool) -> str:
    expected = SYSTEM_PRIORITIES.get(name)
    if expected is None:
        return f"{name} is not a known system priority class"
    if value != expected:
        return f"value of {name} PriorityClass must be {expected}"
    return f"globalDefault of {name} PriorityClass must be false" if is_default else ""


def validate_priority_class_update(new: Object, old: Object) -> Errors:
    """Neither value nor policy changes."""
    errors: Errors = []
    if (new.get("value") or 0) != (old.get("value") or 0):
        errors.append(forbidden("value", "may not be changed in an update."))
    return errors + unchanged("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"))


RULES: Final = {r.PRIORITYCLASSES: KindRules(validate_priority_class, validate_priority_class_update)}

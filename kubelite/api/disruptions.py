"""What a PodDisruptionBudget's status says of whether pods may be disrupted.

Source: k8s.io/component-helpers/apps/poddisruptionbudget/helpers.go.
"""

from __future__ import annotations

from kubelite.api.conditions import set_condition
from kubelite.apimachinery.scheme import Object


def with_allowed(status: Object, allowed: int, generation: int, now: float) -> list[Object]:
    """The conditions of a budget that could be worked out.

    Args:
        status: As it was.
        allowed: How many pods may be disrupted now.
        generation: Of the spec that this was worked out for.
        now: Unix seconds.
    """
    words = ("True", "SufficientPods") if allowed > 0 else ("False", "InsufficientPods")
    return _said(status, *words, "", generation, now)


def with_failure(status: Object, message: str, generation: int, now: float) -> list[Object]:
    """The conditions of a budget that could not be worked out, for the reason that `message` gives."""
    return _said(status, "False", "SyncFailed", message, generation, now)


def _said(
    before: Object, status: str, reason: str, message: str, generation: int, now: float
) -> list[Object]:
    condition = {
        "type": "DisruptionAllowed",
        "status": status,
        "observedGeneration": generation,
        "lastTransitionTime": None,
        "reason": reason,
        "message": message,
    }
    return set_condition(before.get("conditions"), condition, now)

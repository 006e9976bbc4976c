"""Does a toleration cover a taint? Pure.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def covers(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Whether the toleration is for the taint."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def tolerates(taint: Mapping[str, Any], tolerations: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the tolerations is for the taint."""
    return any(covers(each, taint) for each in tolerations)

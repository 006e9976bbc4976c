"""How long a Job waits before it replaces failed pods: 10 s, doubled with each failure, 10 min at most.

Source: k8s.io/kubernetes/pkg/controller/job/backoff_utils.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

DELAY_S: Final = 10.0
DELAY_MAX_S: Final = 600.0


@attrs.frozen
class Backoff:
    """Failures since the last success, and when the last of them was, in Unix seconds."""

    failures: int = 0
    last_failure: float | None = None


NO_FAILURES: Final = Backoff()


def next_backoff(before: Backoff, succeeded: Iterable[float], failed: Iterable[float]) -> Backoff:
    """The back-off after pods that ended at these times, which were not known before."""
    last_success = max(succeeded, default=None)
    failures = sorted(failed)
    if last_success is None:
        if not failures:
            return before
        return Backoff(before.failures + len(failures), failures[-1])
    later = [time for time in failures if time > last_success]
    return Backoff(len(later), later[-1]) if later else NO_FAILURES


def remaining_s(failures: int, last_failure: float | None, now: float) -> float:
    """Seconds until a failed pod may be replaced; 0 if it may be now."""
    if not failures or last_failure is None:
        return 0.0
    doublings = min(failures - 1, 16)  # beyond, the bound holds anyway
    return max(0.0, last_failure + min(DELAY_S * (1 << doublings), DELAY_MAX_S) - now)

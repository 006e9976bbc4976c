"""What a controller has asked for and not yet seen in its informer.

Informers lag behind writes. A controller that has just created three pods must not look at an informer that
shows none and create three more; so it waits until it has seen its own creations and deletions, at most
five minutes.

Source: k8s.io/kubernetes/pkg/controller/controller_utils.go (UIDTrackingControllerExpectations).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

TIMEOUT_S: Final = 300.0
"""After this time, in seconds, expectations are given up: better to act on old knowledge than never."""


@attrs.define(eq=False, repr=False)
class _Expected:
    creations: int
    deletions: set[str]
    since: float


class Expectations:
    """Creations (by number) and deletions (by uid) that are still to be seen, by key of their owner."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._expected: dict[str, _Expected] = {}

    def expect(self, key: str, *, creations: int = 0, deletions: Iterable[str] = (), now: float) -> None:
        """Before asking: how many creations and which deletions (uids) are to be seen."""
        self._expected[key] = _Expected(creations, set(deletions), now)

    def creation_seen(self, key: str, count: int = 1) -> None:
        """Creations were seen, or will never come because asking failed."""
        expected = self._expected.get(key)
        if expected is not None:
            expected.creations = max(0, expected.creations - count)

    def deletion_seen(self, key: str, uid: str) -> None:
        """A deletion was seen, or will never come because asking failed."""
        expected = self._expected.get(key)
        if expected is not None:
            expected.deletions.discard(uid)

    def is_satisfied(self, key: str, now: float) -> bool:
        """True if all was seen, nothing was expected, or the time is over."""
        expected = self._expected.get(key)
        if expected is None:
            return True
        return (not expected.creations and not expected.deletions) or now - expected.since > self._timeout_s

    def has_just_been_satisfied(self, key: str) -> bool:
        """True the first time it is asked after all was seen."""
        expected = self._expected.get(key)
        if expected is None or expected.creations or expected.deletions:
            return False
        del self._expected[key]
        return True

    def forget(self, key: str) -> None:
        """The owner is gone."""
        self._expected.pop(key, None)

    def statistics(self) -> dict[str, int]:
        """How much is still expected."""
        return {
            "creations": sum(expected.creations for expected in self._expected.values()),
            "deletions": sum(len(expected.deletions) for expected in self._expected.values()),
        }

    def __repr__(self) -> str:
        numbers = self.statistics()
        return f"<{type(self).__name__} {numbers['creations']} creations, {numbers['deletions']} deletions>"

"""The writes of one resource, in order, as far back as is still known.

Invariant: every change with a revision above `floor` is there. Who asks for less than that gets `Expired`.
Former versions of objects are kept without their encoded text, which would double what they take.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from kubelite.apimachinery.apierrors import Expired
from kubelite.master.store.entry import Change, Entry

TEXTS_KEPT: Final = 256
"""The newest changes whose former versions keep their encoded text, for watchers that are a little behind."""


class History:
    """A bounded ring of changes.

    Args:
        changes_max: How many changes are kept; the oldest goes first.
        floor: The revision before the first change.
    """

    __slots__ = ("_changes", "_changes_max", "floor")

    def __init__(self, changes_max: int, floor: int) -> None:
        self._changes: deque[Change] = deque()
        self._changes_max = changes_max
        self.floor = floor

    def __len__(self) -> int:
        return len(self._changes)

    def append(self, change: Change) -> None:
        """Add the newest change."""
        self._changes.append(change)
        if len(self._changes) > TEXTS_KEPT:
            self._changes[-TEXTS_KEPT - 1].forget_text()
        if len(self._changes) > self._changes_max:
            self.floor = self._changes.popleft().revision

    def compact(self, revision: int) -> None:
        """Forget all changes up to and including `revision`."""
        changes = self._changes
        while changes and changes[0].revision <= revision:
            changes.popleft()
        self.floor = max(self.floor, revision)

    def since(self, revision: int) -> list[Change]:
        """The changes after `revision`, oldest first.

        Raises:
            Expired: Some of them are forgotten.
        """
        if revision < self.floor:
            raise Expired(f"too old resource version: {revision} ({self.floor})")
        found: list[Change] = []
        for change in reversed(self._changes):
            if change.revision <= revision:
                break
            found.append(change)
        found.reverse()
        return found

    def undo(self, entries: dict[str, Entry], revision: int) -> dict[str, Entry]:
        """What `entries`, the newest state, was at `revision`.

        Raises:
            Expired: That is forgotten.
        """
        past = dict(entries)
        for change in reversed(self.since(revision)):
            if change.previous is None:
                del past[change.key]
            else:
                past[change.key] = change.previous
        return past

"""When Events go: some time after they were last written.

Source: kube-apiserver's `--event-ttl`.
"""

from __future__ import annotations

from collections import deque

from kubelite.master.store.entry import Entry


class Expiry:
    """What was written when, oldest first.

    Args:
        ttl_s: Seconds that an object is kept after its last write.
    """

    def __init__(self, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._times: deque[float] = deque()
        self._written: deque[Entry] = deque()

    def note(self, entry: Entry, now: float) -> None:
        """Take note of a write."""
        self._times.append(now + self._ttl_s)
        self._written.append(entry)

    def expired(self, now: float) -> list[Entry]:
        """The versions whose time is over; who was written again since is there in a later version."""
        found = []
        while self._times and self._times[0] <= now:
            self._times.popleft()
            found.append(self._written.popleft())
        return found

    def due_in(self, now: float) -> float | None:
        """Seconds until the first is expired; None if there is none."""
        return self._times[0] - now if self._times else None

    def __repr__(self) -> str:
        return f"<Expiry {len(self._written)} waiting>"

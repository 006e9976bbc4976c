"""Which keys need a look: pure data, three sets, no waiting.

A key is *dirty* while somebody wants it looked at, *processing* while somebody does, and stands in the
*queue* while it waits for its turn. One key is never processed twice at the same time; what is added
meanwhile is queued again when it is done. Keys that failed come back after a growing delay, keys of the
future when they are due.

Invariant: `queue ⊆ dirty` and `queue ∩ processing = ∅`; no key stands twice in the queue.

Source: k8s.io/client-go/util/workqueue (queue.go, delaying_queue.go, default_rate_limiters.go).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

BACKOFF_BASE_S: Final = 0.005
"""Delay after the first failure of a key, in seconds; it doubles with each further one."""
BACKOFF_MAX_S: Final = 1000.0
"""The longest delay after a failure, in seconds."""
_EXPONENT_MAX: Final = 40


class WorkQueue(Generic[K]):
    """Keys to look at, in the order in which they were added."""

    def __init__(
        self, *, backoff_base_s: float = BACKOFF_BASE_S, backoff_max_s: float = BACKOFF_MAX_S
    ) -> None:
        self._backoff_base_s = backoff_base_s
        self._backoff_max_s = backoff_max_s
        self._queue: deque[K] = deque()
        self._dirty: set[K] = set()
        self._processing: set[K] = set()
        self._failures: dict[K, int] = {}
        self._waiting: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._sequence = 0
        self._taken = 0

    def add(self, key: K) -> None:
        """Ask for a look at `key`; asking twice before it begins is the same as once."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._queue.append(key)

    def add_at(self, key: K, due: float) -> None:
        """Ask for a look at `key` at the time `due`; the earliest of several times counts."""
        known = self._waiting.get(key)
        if known is not None and known <= due:
            return
        self._waiting[key] = due
        self._sequence += 1
        heapq.heappush(self._heap, (due, self._sequence, key))

    def release_due(self, now: float) -> None:
        """Put the keys whose time has come into the queue."""
        heap = self._heap
        while heap and (heap[0][0] <= now or self._waiting.get(heap[0][2]) != heap[0][0]):
            due, _, key = heapq.heappop(heap)
            if self._waiting.get(key) == due:
                del self._waiting[key]
                self.add(key)

    @property
    def next_due(self) -> float | None:
        """When the next waiting key is due; None if none waits."""
        heap = self._heap
        while heap and self._waiting.get(heap[0][2]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def take(self) -> K | None:
        """The next key, now being processed until `done`; None if the queue is empty."""
        if not self._queue:
            return None
        key = self._queue.popleft()
        assert key not in self._processing, key
        self._dirty.discard(key)
        self._processing.add(key)
        self._taken += 1
        return key

    def done(self, key: K) -> None:
        """The look at `key` has ended; it is queued again if it was added meanwhile."""
        assert key in self._processing, key
        self._processing.discard(key)
        if key in self._dirty:
            self._queue.append(key)

    def fail(self, key: K) -> float:
        """Count a failure of `key`.

        Returns:
            The seconds after which it should be tried again.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        return min(self._backoff_max_s, self._backoff_base_s * 2.0 ** min(failures, _EXPONENT_MAX))

    def forget(self, key: K) -> None:
        """Forget the failures of `key`: it went well."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """How often `key` has failed in a row."""
        return self._failures.get(key, 0)

    def is_idle(self) -> bool:
        """True if nothing is queued or being processed; keys of the future do not count."""
        return not self._queue and not self._processing

    def check(self) -> None:
        """Assert the invariants of the three sets (for tests)."""
        queued = set(self._queue)
        assert len(queued) == len(self._queue), self._queue
        assert queued <= self._dirty, queued - self._dirty
        assert not queued & self._processing, queued & self._processing
        assert self._dirty - queued <= self._processing, self._dirty - queued - self._processing

    def statistics(self) -> dict[str, int]:
        """How many keys are where, and how many looks have begun so far."""
        return {
            "queued": len(self._queue),
            "processing": len(self._processing),
            "waiting": len(self._waiting),
            "failing": len(self._failures),
            "taken": self._taken,
        }

    def __len__(self) -> int:
        return len(self._queue)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {len(self._queue)} queued, {len(self._processing)} processing, "
            f"{len(self._waiting)} waiting>"
        )

"""Which pod is next: active, backing off, or waiting for the cluster to change. Pure: times are given.

Invariant: a pod is in one of the three at most.
Source: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-scheduling/scheduler_queues.md
"""

from __future__ import annotations

import heapq
from typing import Final

import attrs

from kubelite.scheduler.nodeinfo import PodInfo

BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MAX_S: Final = 10.0
UNSCHEDULABLE_MAX_S: Final = 300.0
"""After this long a pod is tried again although nothing changed."""


@attrs.define
class Entry:
    """A pod in the queue.

    Attributes:
        attempts: Cycles that it failed.
        since_s: When it came into its present part of the queue.
    """

    info: PodInfo
    order: int
    attempts: int = 0
    since_s: float = 0.0

    @property
    def backoff_s(self) -> float:
        """How long it rests after its last failure."""
        return min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** max(0, self.attempts - 1)) if self.attempts else 0.0


class SchedulingQueue:
    """See the module's docstring. Higher priority first, then whoever came first."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._active: list[tuple[int, int, str]] = []
        self._backoff: dict[str, float] = {}
        self._waiting: set[str] = set()
        self._count = 0

    def __repr__(self) -> str:
        active = len(self._entries) - len(self._backoff) - len(self._waiting)
        resting = f"{len(self._backoff)} backing off, {len(self._waiting)} waiting"
        return f"<SchedulingQueue {active} active, {resting}>"

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, info: PodInfo, now: float) -> None:
        """A pod to be scheduled; a changed one that waits becomes active at once."""
        entry = self._entries.get(info.uid)
        if entry is None:
            self._count += 1
            entry = self._entries[info.uid] = Entry(info, self._count, since_s=now)
            self._activate(entry)
            return
        changed = (
            entry.info.pod["spec"] is not info.pod["spec"] and entry.info.pod["spec"] != info.pod["spec"]
        )
        entry.info = info
        if changed and info.uid in self._waiting:
            self._waiting.discard(info.uid)
            self._activate(entry)

    def _activate(self, entry: Entry) -> None:
        heapq.heappush(self._active, (-entry.info.priority, entry.order, entry.info.uid))

    def remove(self, uid: str) -> None:
        """A pod that needs no node any more."""
        self._entries.pop(uid, None)
        self._backoff.pop(uid, None)
        self._waiting.discard(uid)

    def pop(self) -> Entry | None:
        """The next pod; it stays known until `remove` or `fail`."""
        while self._active:
            _, _, uid = heapq.heappop(self._active)
            entry = self._entries.get(uid)
            if entry is not None and uid not in self._backoff and uid not in self._waiting:
                return entry
        return None

    def fail(self, entry: Entry, now: float) -> None:
        """The pod fits nowhere: it waits for the cluster to change."""
        if entry.info.uid in self._entries:
            entry.attempts += 1
            entry.since_s = now
            self._waiting.add(entry.info.uid)

    def retry(self, entry: Entry, now: float) -> None:
        """Something went wrong on the way: try again after the back-off."""
        if entry.info.uid in self._entries:
            entry.attempts += 1
            entry.since_s = now
            self._backoff[entry.info.uid] = now + entry.backoff_s

    def cluster_changed(self, now: float) -> None:
        """Pods that wait may fit now: those whose back-off is over become active, others back off."""
        for uid in sorted(self._waiting, key=lambda each: self._entries[each].order):
            entry = self._entries[uid]
            due = entry.since_s + entry.backoff_s
            if due <= now:
                self._activate(entry)
            else:
                self._backoff[uid] = due
        self._waiting.clear()

    def flush(self, now: float) -> float | None:
        """Activates what is due; answers with the time of the next flush, None if nothing is due ever."""
        for uid in [each for each, due in self._backoff.items() if due <= now]:
            del self._backoff[uid]
            self._activate(self._entries[uid])
        for uid in [
            each for each in self._waiting if self._entries[each].since_s + UNSCHEDULABLE_MAX_S <= now
        ]:
            self._waiting.discard(uid)
            self._activate(self._entries[uid])
        times = list(self._backoff.values())
        times += [self._entries[uid].since_s + UNSCHEDULABLE_MAX_S for uid in self._waiting]
        return min(times, default=None)

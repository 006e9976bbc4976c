"""Which pod is next: active, backing off, or waiting for the cluster to change. Pure: times are given.

    add ──▶ active ──pop──▶ in flight ──fail───▶ waiting ──an event helps──▶ active, or backing off first
     │        ▲  ▲                   └─retry──▶ backing off after an error
     │        │  └── the back-off is over; or nothing else is active
     └▶ gated ┘ gates are gone

Invariant: a pod is in one of the parts at most.

As in kube-scheduler, a pod that backs off for having been refused is taken early when nothing is active: the
back-off keeps pods from getting into each other's way, not from being scheduled. After an error it is kept.

Source: pkg/scheduler/backend/queue/{scheduling_queue,backoff_queue}.go;
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-scheduling/scheduler_queues.md
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from typing import Final

import attrs

from kubelite.runtime.causes import Cause, current
from kubelite.scheduler.podinfo import PodInfo

BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MAX_S: Final = 10.0
UNSCHEDULABLE_MAX_S: Final = 300.0
"""After this long a pod is tried again although nothing changed."""


@attrs.define(eq=False, repr=False)
class Entry:
    """A pod in the queue.

    Attributes:
        order: Grows with each time that a pod gets into the queue.
        refusals: Cycles that found no node.
        errors: Cycles that failed, since the last that did not.
        since_s: When it came into its present part of the queue.
        rejected_by: The plugins that rejected it.
        cause: The change that is to help it.
    """

    info: PodInfo
    order: int
    refusals: int = 0
    errors: int = 0
    since_s: float = 0.0
    rejected_by: frozenset[str] = frozenset()
    cause: Cause = None


class _Backoff:
    """Pods by when their back-off is over; those of higher priority first among equals."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, int, str]] = []

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, uid: str) -> bool:
        return uid in self._due

    def add(self, info: PodInfo, due: float) -> None:
        """A pod rests."""
        self._due[info.uid] = due
        heapq.heappush(self._heap, (due, -info.priority, info.uid))

    def remove(self, uid: str) -> None:
        """It rests no more; nothing happens if it does not."""
        self._due.pop(uid, None)

    @property
    def next_due(self) -> float | None:
        """When the first may go on; None if there is none."""
        while self._heap:
            due, _, uid = self._heap[0]
            if self._due.get(uid) == due:
                return due
            heapq.heappop(self._heap)
        return None

    def pop(self) -> str:
        """The first; there must be one."""
        assert self.next_due is not None
        uid = heapq.heappop(self._heap)[2]
        del self._due[uid]
        return uid


class SchedulingQueue:
    """See the module's docstring. Higher priority first, then whoever came first (PrioritySort).

    Args:
        backoff_first_s: After the first failure; it doubles with each.
        backoff_max_s: At most.
        is_gated: Whether a pod is not to be scheduled yet (PreEnqueue).
    """

    def __init__(
        self,
        backoff_first_s: float = BACKOFF_FIRST_S,
        backoff_max_s: float = BACKOFF_MAX_S,
        is_gated: Callable[[PodInfo], bool] = lambda _: False,
    ) -> None:
        self._backoff_first_s, self._backoff_max_s = backoff_first_s, backoff_max_s
        self._is_gated = is_gated
        self._entries: dict[str, Entry] = {}
        self._active: list[tuple[int, int, str]] = []
        self._resting = _Backoff()
        self._erring = _Backoff()
        self._waiting: dict[str, Entry] = {}
        self._gated: dict[str, Entry] = {}
        self._rejecting: Counter[str] = Counter()
        self._count = 0

    def __repr__(self) -> str:
        resting, gated = len(self._resting) + len(self._erring), len(self._gated)
        active = len(self._entries) - resting - len(self._waiting) - gated
        held = f"{resting} backing off, {len(self._waiting)} waiting, {gated} gated"
        return f"<SchedulingQueue {active} active, {held}>"

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, uid: str) -> Entry | None:
        """A pod in the queue, or in flight."""
        return self._entries.get(uid)

    @property
    def waiting(self) -> int:
        """How many wait for the cluster to change."""
        return len(self._waiting)

    # -- in and out

    def add(self, info: PodInfo, now: float) -> None:
        """A pod to be scheduled; or one that is known, as it is now."""
        entry = self._entries.get(info.uid)
        if entry is not None:
            entry.info = info
            if info.uid in self._gated and not self._is_gated(info):
                del self._gated[info.uid]
                self._activate(entry)
            return
        entry = self._entries[info.uid] = Entry(info, 0, since_s=now)
        if self._is_gated(info):
            self._gated[info.uid] = entry
        else:
            self._activate(entry)

    def _activate(self, entry: Entry) -> None:
        self._count += 1
        entry.order = self._count
        heapq.heappush(self._active, (-entry.info.priority, entry.order, entry.info.uid))

    def _wait(self, entry: Entry, plugins: frozenset[str], now: float) -> None:
        entry.rejected_by, entry.since_s = plugins, now
        self._waiting[entry.info.uid] = entry
        self._rejecting.update(plugins or ("",))

    def _unwait(self, entry: Entry) -> None:
        if self._waiting.pop(entry.info.uid, None) is not None:
            self._rejecting.subtract(entry.rejected_by or ("",))

    def remove(self, uid: str) -> None:
        """A pod that needs no node any more."""
        entry = self._entries.pop(uid, None)
        if entry is not None:
            self._unwait(entry)
            self._gated.pop(uid, None)
            self._resting.remove(uid)
            self._erring.remove(uid)

    def pop(self) -> Entry | None:
        """The next pod; it stays known until `remove`, `fail` or `retry`."""
        while self._active:
            _, order, uid = heapq.heappop(self._active)
            entry = self._entries.get(uid)
            if entry is not None and entry.order == order and self._is_active(uid):
                return entry
        return self._entries[self._resting.pop()] if self._resting else None

    def _is_active(self, uid: str) -> bool:
        return not (uid in self._resting or uid in self._erring or uid in self._waiting or uid in self._gated)

    # -- what failed

    def backoff_s(self, failures: int) -> float:
        """How long to rest after so many failures."""
        if not failures:
            return 0.0
        return float(min(self._backoff_max_s, self._backoff_first_s * 2 ** min(failures - 1, 63)))

    def fail(self, entry: Entry, plugins: frozenset[str], now: float) -> None:
        """The pod fits nowhere: it waits until an event helps with what these plugins rejected."""
        if self._entries.get(entry.info.uid) is entry:
            entry.refusals += 1
            entry.errors = 0
            self._wait(entry, plugins, now)

    def retry(self, entry: Entry, now: float) -> None:
        """Something went wrong on the way: try again after the back-off."""
        if self._entries.get(entry.info.uid) is entry:
            entry.errors += 1
            entry.since_s, entry.rejected_by = now, frozenset()
            self._erring.add(entry.info, now + self.backoff_s(entry.errors))

    # -- what changes

    def concerns(self, plugins: frozenset[str]) -> bool:
        """Whether a pod waits which one of these plugins rejected, or of which nobody knows why it waits."""
        rejecting = self._rejecting
        return bool(self._waiting) and (rejecting[""] > 0 or any(rejecting[each] > 0 for each in plugins))

    def move(self, helps: Callable[[Entry], bool], now: float) -> None:
        """Pods that wait may fit now: those for which it helps become active, or back off until they may."""
        for entry in [each for each in self._waiting.values() if helps(each)]:
            self.move_one(entry, now)

    def move_one(self, entry: Entry, now: float) -> None:
        """See `move`; a pod that does not wait stays where it is."""
        if entry.info.uid not in self._waiting:
            return
        self._unwait(entry)
        entry.cause = current.get()
        due = entry.since_s + self.backoff_s(entry.refusals)
        if due > now:
            self._resting.add(entry.info, due)
        else:
            self._activate(entry)

    def flush(self, now: float) -> float | None:
        """Activates what is due; answers with the time of the next flush, None if nothing is due ever."""
        for part in (self._resting, self._erring):
            while (due := part.next_due) is not None and due <= now:
                self._activate(self._entries[part.pop()])
        # They stand in the order in which they began to wait.
        while (
            self._waiting
            and (first := next(iter(self._waiting.values()))).since_s + UNSCHEDULABLE_MAX_S <= now
        ):
            self.move_one(first, now)
        times = [due for part in (self._resting, self._erring) if (due := part.next_due) is not None]
        if self._waiting:
            times.append(next(iter(self._waiting.values())).since_s + UNSCHEDULABLE_MAX_S)
        return min(times, default=None)

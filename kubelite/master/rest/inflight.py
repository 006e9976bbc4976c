"""How many requests may be served at once, and when one has taken too long.

Writes and reads have a limit each; requests that last (watches, logs, exec, proxies) and those of exempt
priority levels count for neither. All others have a deadline: the server's, or a shorter one of the
client's choice.

Invariant: at most one timer of the server's own deadline is armed, however many requests run.

Source: k8s.io/apiserver/pkg/server/filters (maxinflight.go, timeout.go, longrunning.go),
pkg/endpoints/filters/request_deadline.go.
"""

from __future__ import annotations

import asyncio
from typing import Final

from kubelite.apimachinery.apierrors import BadRequest, Timeout
from kubelite.apimachinery.godurations import DurationError, parse_duration
from kubelite.master.rest.requestinfo import RequestInfo
from kubelite.runtime import Clock, TimerHandle

READ_ONLY_VERBS: Final = frozenset({"get", "list", "watch"})
RETRY_AFTER_S: Final = 1
TOO_MANY: Final = "Too many requests, please try again later.\n"


def timed_out() -> Timeout:
    """What a request is told that has taken too long."""
    return Timeout("Timeout: request did not complete within the allotted timeout", details={})


def asked_timeout_s(info: RequestInfo, longest_s: float) -> float | None:
    """The client's own deadline; None if it has none that is shorter than the server's.

    Raises:
        BadRequest: It is no duration.
    """
    text = info.query.text("timeout")
    if not text:
        return None
    try:
        seconds = parse_duration(text)
    except DurationError as error:
        raise BadRequest(f"invalid timeout specified in the request URL - {error}") from error
    return seconds if 0 < seconds < longest_s else None


class InFlight:
    """Counts requests that are being served.

    Args:
        reads_max: 0 for no limit.
        writes_max: 0 for no limit.

    Attributes:
        reads: Requests that read, right now.
        writes: Requests that write, right now.
        dropped_reads: How many were refused.
        dropped_writes: As above.
    """

    def __init__(self, reads_max: int, writes_max: int) -> None:
        self._reads_max = reads_max
        self._writes_max = writes_max
        self.reads = 0
        self.writes = 0
        self.dropped_reads = 0
        self.dropped_writes = 0

    def __repr__(self) -> str:
        return f"<InFlight {self.reads}/{self._reads_max} reads, {self.writes}/{self._writes_max} writes>"

    def enter(self, *, writes: bool, exempt: bool) -> bool:
        """Let a request in; False if there are too many already."""
        if writes:
            if not exempt and 0 < self._writes_max <= self.writes:
                self.dropped_writes += 1
                return False
            self.writes += 1
        else:
            if not exempt and 0 < self._reads_max <= self.reads:
                self.dropped_reads += 1
                return False
            self.reads += 1
        return True

    def leave(self, *, writes: bool) -> None:
        """A request that was let in has ended."""
        if writes:
            self.writes -= 1
        else:
            self.reads -= 1


class Deadlines:
    """Cancels the tasks of requests that take too long.

    Args:
        clock: The cluster's clock.
        longest_s: The server's own deadline.
    """

    def __init__(self, clock: Clock, longest_s: float) -> None:
        self._clock = clock
        self._longest_s = longest_s
        self._ends: dict[asyncio.Task[object], float] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._timer: TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Deadlines {len(self._ends)} requests>"

    def begin(self, task: asyncio.Task[object], now: float) -> None:
        """A request begins; all have the same time, so that they stand in the order of their ends.

        Args:
            task: That serves it.
            now: The clock's time.
        """
        self._ends[task] = now + self._longest_s
        if self._timer is None:
            self._timer = self._clock.call_later(self._longest_s, self._look)

    def begin_shorter(self, task: asyncio.Task[object], seconds: float) -> TimerHandle:
        """A request with a deadline of its own begins; whoever calls cancels the timer."""
        return self._clock.call_later(seconds, self._expire, task)

    def end(self, task: asyncio.Task[object]) -> bool:
        """A request has ended; whether that was because of its deadline."""
        self._ends.pop(task, None)
        if task in self._expired:
            self._expired.discard(task)
            task.uncancel()
            return True
        return False

    def close(self) -> None:
        """Watch over nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Expire what is due; look again when the oldest of the rest will be."""
        self._timer = None
        now = self._clock.now()
        for task, end in tuple(self._ends.items()):
            if end > now:
                self._timer = self._clock.call_later(end - now, self._look)
                return
            self._ends.pop(task)
            self._expire(task)

    def _expire(self, task: asyncio.Task[object]) -> None:
        self._expired.add(task)
        task.cancel()

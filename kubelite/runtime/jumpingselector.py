"""How virtual time passes: an event loop's selector, which jumps to the next timer if nothing else is due."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

EARLY_S: Final = 1e-6
"""Seconds by which times of the loop may differ and still be the same."""


def wake(waiter: asyncio.Future[None]) -> None:
    """Ends a wait, unless it has ended."""
    if not waiter.done():
        waiter.set_result(None)


class _Selector(Protocol):
    def select(self, timeout: float | None = None) -> list[Any]: ...


class JumpingSelector:
    """The loop's selector, which instead of waiting for a timer moves the loop's time to it."""

    POLL_S: Final = 0.002
    UNPOLLED_MAX: Final = 8
    """Turns of a busy loop in which nobody asks the system for input: nearly all comes from within."""
    RESOLUTION_S: Final = 1e-6

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._inner: _Selector = loop._selector  # noqa: SLF001 - asyncio has no seam for it
        self.holds = 0
        self._settling: list[asyncio.Future[None]] = []
        self._time, self._run_in_executor = loop.time, loop.run_in_executor
        self.offset_s: float = 0.0  # the same beginning in every run, so that sums of times round alike
        self._shift(-loop.time())
        self.limit_s: float | None = None
        self.users = 0
        self._outside = 0
        self._outside_due: dict[Callable[[], object], float] = {}
        self._unpolled = 0
        loop._selector = self  # noqa: SLF001
        # The loop's own resolution of 1 ns is lost in the sum after 194 days, and timers would never be due.
        self._resolution, loop._clock_resolution = loop._clock_resolution, self.RESOLUTION_S  # noqa: SLF001
        loop.time = self.time
        loop.run_in_executor = self.run_in_executor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def uninstall(self) -> None:
        """Gives the loop its own time back."""
        self._loop._selector = self._inner  # noqa: SLF001
        self._loop._clock_resolution = self._resolution  # noqa: SLF001
        del self._loop.time, self._loop.run_in_executor
        self._shift(self._loop.time() - self.offset_s)

    def _shift(self, seconds: float) -> None:
        """Timers armed already keep their distance when the loop's time changes."""
        for handle in self._loop._scheduled:  # noqa: SLF001
            handle._when += seconds  # noqa: SLF001

    def time(self) -> float:
        """The loop's time, in seconds."""
        return self.offset_s

    def run_in_executor(self, executor: Any, function: Callable[..., Any], *args: Any) -> Any:
        """While a thread works, real time passes and virtual time stands."""
        self._outside += 1
        future = self._run_in_executor(executor, function, *args)
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, _: Any) -> None:
        self._outside -= 1

    def _has_busy_worker(self) -> bool:
        """Whether a thread of `anyio.to_thread`, which has no executor to wrap, works for this loop."""
        return threading.active_count() > 1 and any(
            getattr(thread, "loop", None) is self._loop
            and thread not in getattr(thread, "idle_workers", (thread,))
            for thread in threading.enumerate()
        )

    def settled(self) -> asyncio.Future[None]:
        """Done when there is nothing to do but to wait for a timer."""
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._settling.append(waiter)
        return waiter

    def call_outside_later(self, delay_s: float, callback: Callable[[], object]) -> None:
        """Calls back after some seconds of real time."""
        self._outside_due[callback] = time.monotonic() + delay_s

    def forget_outside(self, callback: Callable[[], object]) -> None:
        """It is not called any more."""
        self._outside_due.pop(callback, None)

    def _stand(self) -> list[Any]:
        """Waits while virtual time stands, for what comes from outside."""
        if not self._outside_due:
            return self._inner.select(None)
        callback, due_s = min(self._outside_due.items(), key=lambda item: item[1])
        events = self._inner.select(max(0.0, due_s - time.monotonic()))
        if time.monotonic() >= due_s:
            del self._outside_due[callback]
            self._loop.call_soon(callback)
        return events

    def select(self, timeout: float | None = None) -> list[Any]:
        """What has come in; without anything, time has jumped by `timeout` seconds, if it may."""
        if timeout == 0 and self._unpolled < self.UNPOLLED_MAX:
            self._unpolled += 1
            return []
        self._unpolled = 0
        events = self._inner.select(0)
        if events or timeout == 0:
            return events
        if self._loop._ready:  # noqa: SLF001 - another thread has called in meanwhile
            return []
        if self._outside or self._has_busy_worker():
            return self._inner.select(self.POLL_S)
        if self._settling:
            settling, self._settling = self._settling, []
            for waiter in settling:
                wake(waiter)
            return []
        if timeout is None or self.holds > 0:  # below 0 while several calls let it pass at once
            return self._stand()
        target = self.offset_s + timeout
        if self.limit_s is not None and target > self.limit_s + EARLY_S:
            return self._stand()
        self.offset_s = max(self.offset_s, target)
        return []

"""The clock which everything waits by: the system's, or one that jumps.

Both derive from the event loop's time, so that a wait by the loop and one by the clock agree. A loop that
stood still for more than a second (a debugger, a notebook, a pause between fixtures) is taken out of the
clock at the first look after it, by whatever runs first; timers that the loop fires early are armed again.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

from kubelite.runtime.jumpingselector import EARLY_S, JumpingSelector, wake

TICK_S: Final = 0.5
STALL_S: Final = 1.0
"""A loop that stood still for about so long was not there: how long exactly depends on when it stopped."""
_ELSEWHERE: Final = (
    "virtual time is moved on its cluster's own event loop; of a cluster of kubelite.start use "
    "`cluster.clock`, from any thread"
)
_OWN_COURSE: Final = (
    "the system's time takes its own course; that of Cluster(clock=kubelite.testing.VirtualClock()) does not "
    "(nor that of `kubelite repl --virtual-time`)"
)
VIRTUAL_START_S: Final = 1_767_225_600.0
"""2026-01-01T00:00:00Z, the beginning of virtual time."""


class TimerHandle:
    """A callback to come; `cancel` forgets it."""

    __slots__ = ("_args", "_callback", "_clock", "_due_s", "_handle")

    def __init__(
        self,
        clock: Clock,
        due_s: float,
        delay_s: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
    ) -> None:
        self._clock, self._due_s, self._callback, self._args = clock, due_s, callback, args
        self._handle: asyncio.TimerHandle | None = None
        self._arm(delay_s)

    def __repr__(self) -> str:
        return f"<TimerHandle due in {self._due_s - self._clock.monotonic():.3f} s>"

    def _arm(self, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._handle = loop.call_at(loop.time() + delay_s, self._fire)

    def _fire(self) -> None:
        early_s = self._due_s - self._clock.monotonic()
        if early_s > EARLY_S:
            self._arm(early_s)
            return
        self._clock.reach(self._due_s)
        self._handle = None
        self._callback(*self._args)

    @property
    def due_s(self) -> float:
        """When it fires, in the clock's monotonic seconds."""
        return self._due_s

    def cancel(self) -> None:
        """Forgets it; nothing happens if it has fired."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class Clock:
    """What all clocks can do; `SystemClock` is the plain one.

    A clock begins with the first system that is started with it.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._users = 0
        self._origin_s = 0.0
        self._wall_s = 0.0
        self._stalled_s = 0.0
        self._last_s = 0.0
        self._tick_due_s = self._stall_at_s = math.inf
        self._tick: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.monotonic():.3f} s, stalled {self._stalled_s:.3f} s>"

    def _start_wall_s(self) -> float:
        return time.time()

    def _bind(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._origin_s, self._wall_s = self._loop.time(), self._start_wall_s()
        return self._loop

    def attach(self) -> None:
        """A system begins to use it.

        Raises:
            RuntimeError: The time of the loop is virtual.
        """
        loop = self._bind()
        if loop in _installed:
            raise RuntimeError(
                "the time of this event loop is virtual, and jumps: give this cluster a VirtualClock, too, "
                "or run it on another loop (kubelite.start does)"
            )
        _real_users[loop] = _real_users.get(loop, 0) + 1
        self._users += 1
        if self._users == 1:
            self._watch()

    def detach(self) -> None:
        """A system has ended."""
        loop = self._bind()
        _real_users[loop] -= 1
        if not _real_users[loop]:
            del _real_users[loop]
        self._users -= 1
        if self._users == 0 and self._tick is not None:
            self._tick.cancel()
            self._tick = None
            self._tick_due_s = self._stall_at_s = math.inf

    def _watch(self) -> None:
        loop = self._bind()
        self._look(loop.time())
        self._tick_due_s = loop.time() + TICK_S
        self._stall_at_s = self._tick_due_s + STALL_S - TICK_S / 2
        self._tick = loop.call_at(self._tick_due_s, self._watch)

    def _look(self, now: float) -> None:
        """Takes out of the clock what the loop stood still, if the tick that was due is that late."""
        if now >= self._stall_at_s:
            resumed_s = max(self._last_s, self._tick_due_s - self._origin_s - self._stalled_s)
            self._stalled_s = now - self._origin_s - resumed_s
            self._tick_due_s, self._stall_at_s = now, now + STALL_S

    def monotonic(self) -> float:
        """Seconds since the clock began; it never goes back."""
        loop = self._loop or self._bind()
        now = loop.time()
        if now >= self._stall_at_s:
            self._look(now)
        seconds = now - self._origin_s - self._stalled_s
        if seconds < self._last_s:
            return self._last_s
        self._last_s = seconds
        return seconds

    def reach(self, seconds: float) -> None:
        """A timer of this time fires: it is not earlier, though the loop's resolution is not that fine.

        Else whoever looks whether something is due, and waits anew if not, would wait for nothing for ever.
        """
        self._last_s = max(self._last_s, seconds)

    def now(self) -> float:
        """Unix seconds by this clock."""
        return self._wall_s + self.monotonic() if self._loop is not None else self._wall_s_now()

    def _wall_s_now(self) -> float:
        self._bind()
        return self._wall_s + self.monotonic()

    def call_later(self, delay_s: float, callback: Callable[..., object], *args: Any) -> TimerHandle:
        """Calls back after some seconds."""
        delay_s = max(delay_s, 0.0)
        return TimerHandle(self, self.monotonic() + delay_s, delay_s, callback, args)

    def freeze(self) -> None:
        """Virtual time stands until `unfreeze`.

        Raises:
            RuntimeError: The time is not virtual.
        """
        raise RuntimeError(_OWN_COURSE)

    def unfreeze(self) -> None:
        """Virtual time jumps again.

        Raises:
            RuntimeError: The time is not virtual.
        """
        raise RuntimeError(_OWN_COURSE)

    async def advance(self, seconds: float) -> None:
        """Lets so much virtual time pass.

        Raises:
            RuntimeError: The time is not virtual.
        """
        raise RuntimeError(f"{_OWN_COURSE}; sleep({seconds:g}) waits")

    async def settle(self) -> None:
        """Waits until nothing is left to do at this moment of virtual time.

        Raises:
            RuntimeError: The time is not virtual.
        """
        raise RuntimeError(_OWN_COURSE)

    async def sleep(self, seconds: float) -> None:
        """Waits so long; with 0 only lets others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()

    @asynccontextmanager
    async def timeout(self, seconds: float | None) -> AsyncIterator[asyncio.Timeout]:
        """Ends the body after so many seconds.

        Raises:
            TimeoutError: The body took longer.
        """
        async with asyncio.timeout(None) as scope:
            if seconds is None:
                yield scope
                return
            timer = self.call_later(seconds, lambda: scope.reschedule(0))
            try:
                yield scope
            finally:
                timer.cancel()


class SystemClock(Clock):
    """The real time, less what the loop stood still."""


_installed: WeakKeyDictionary[asyncio.AbstractEventLoop, JumpingSelector] = WeakKeyDictionary()
_real_users: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()
"""How many systems run by the system's time, by their loop."""


class VirtualClock(Clock):
    """Jumps to the next timer whenever the loop is idle; it owns its loop's time, `asyncio.sleep` included.

    All virtual clocks on a loop share one time, which begins at 2026-01-01T00:00:00Z. While a thread of the
    executor works, it stands. It is of no use to other loops, threads and processes: nothing listens on
    sockets.
    """

    def _start_wall_s(self) -> float:
        return VIRTUAL_START_S

    @property
    def _selector(self) -> JumpingSelector:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(_ELSEWHERE) from None
        if self._loop is not None and loop is not self._loop:
            raise RuntimeError(_ELSEWHERE)
        found = _installed.get(loop)
        if found is None:
            if not hasattr(loop, "_selector"):
                raise RuntimeError(
                    f"virtual time needs asyncio's own event loop, not {type(loop).__module__}'s"
                )
            if loop in _real_users:
                raise RuntimeError(
                    "a cluster with the system's time runs on this event loop, whose time cannot be virtual "
                    "then: run one of them on another loop (kubelite.start does)"
                )
            found = _installed[loop] = JumpingSelector(loop)
        return found

    def __init__(self) -> None:
        super().__init__()
        self._jumping: JumpingSelector | None = None

    def _bind(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._jumping = self._selector  # installed before the origin is read
        return super()._bind()

    def monotonic(self) -> float:
        """Seconds since the clock began; while no system uses it, it stands."""
        if self._jumping is None:
            self._bind()
        assert self._jumping is not None
        seconds = self._jumping.offset_s - self._origin_s
        return seconds if seconds > self._last_s else self._last_s  # noqa: FURB136 - a call costs more

    async def sleep(self, seconds: float) -> None:
        """Waits so long; with 0 only lets others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        due_s = self.monotonic() + seconds
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        # As virtual time never stands still by mistake, nobody needs to look whether it is time already.
        timer = loop.call_at(loop.time() + seconds, self._end_sleep, waiter, due_s)
        try:
            await waiter
        finally:
            timer.cancel()

    def _end_sleep(self, waiter: asyncio.Future[None], due_s: float) -> None:
        self.reach(due_s)
        wake(waiter)

    def attach(self) -> None:
        """A system begins to use it: the first one, or one that goes on where the last one has ended."""
        self._bind()
        selector = self._selector
        if self._jumping is not selector:
            self._origin_s, self._jumping = selector.offset_s - self.monotonic(), selector
        self._users += 1
        selector.users += 1

    def detach(self) -> None:
        """A system has ended; the last one gives the loop its own time back."""
        self._users -= 1
        selector = self._selector
        selector.users -= 1
        if selector.users == 0:
            selector.uninstall()
            del _installed[asyncio.get_running_loop()]

    def call_outside_later(self, delay_s: float, callback: Callable[[], object]) -> Callable[[], None]:
        """Calls back after some seconds of real time, if virtual time stands then.

        Returns:
            What forgets it.
        """
        selector = self._selector
        selector.call_outside_later(delay_s, callback)
        return partial(selector.forget_outside, callback)

    def freeze(self) -> None:
        """Time stands until `unfreeze`; `advance` still moves it."""
        self._selector.limit_s = self._selector.time()

    def unfreeze(self) -> None:
        """Time jumps again."""
        self._selector.limit_s = None
        self._look_again()

    def hold(self) -> None:
        """Time stands until as many `release`s; what is due now is still done. Nothing without a system."""
        if (selector := _installed.get(asyncio.get_running_loop())) is not None:
            selector.holds += 1

    def release(self) -> None:
        """One `hold` less."""
        if (selector := _installed.get(asyncio.get_running_loop())) is not None:
            selector.holds -= 1
            self._look_again()

    @staticmethod
    def _look_again() -> None:
        asyncio.get_running_loop().call_soon(lambda: None)

    async def settle(self) -> None:
        """Waits until nothing is left to do at this moment; no time passes."""
        await self._selector.settled()

    async def advance(self, seconds: float) -> None:
        """Lets so much time pass, with all that happens in it, in its order, the last moment's included.

        Raises:
            ValueError: The time is negative.
        """
        if seconds < 0:
            raise ValueError(f"time cannot go back by {-seconds} s")
        selector = self._selector
        if selector.limit_s is not None:
            selector.limit_s = max(selector.limit_s, selector.time() + seconds)
        try:
            await self.sleep(seconds)
        except asyncio.CancelledError:
            if selector.limit_s is not None:
                selector.limit_s = selector.time()
            raise
        await self.settle()

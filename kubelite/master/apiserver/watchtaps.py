"""Between the store and a watcher: events that come late or twice, and watches that break off.

A `Tap` stands in the place of the watcher's own `push`, `offer` and `end` as long as a plan needs it, and
keeps the order of events whatever befalls them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from kubelite.client.faultplans import Duplicate, EndWatch, FaultPlan, Lag
from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.master.apiserver.faulterrors import expired_watch
from kubelite.runtime import Clock, TimerHandle


class Tap:
    """What plans do to one watcher.

    Args:
        watcher: Whose events they are.
        clock: For lags.
    """

    def __init__(self, watcher: Watcher, clock: Clock) -> None:
        self._watcher = watcher
        self._clock = clock
        self._as_served, self._finish = watcher.as_served, watcher.end
        self._plans: dict[FaultPlan, int] = {}
        """Each with how many events it lets through before it ends the watch."""
        self._late: deque[tuple[float, WatchEvent]] = deque()
        self._timer: TimerHandle | None = None
        watcher.push = self._push  # type: ignore[method-assign] # so that others pay nothing for it
        watcher.offer = self._push  # type: ignore[method-assign]
        watcher.end = self._end  # type: ignore[method-assign]
        watcher.when_ended(self._forget)

    def __repr__(self) -> str:
        return f"<Tap of {self._watcher!r}, {len(self._late)} late, {len(self._plans)} plans>"

    def add(self, plan: FaultPlan) -> None:
        """A plan concerns this watcher."""
        events = plan.effect.events if isinstance(plan.effect, EndWatch) else None
        self._plans.setdefault(plan, events or 0)

    def remove(self, plan: FaultPlan) -> bool:
        """A plan concerns it no more; whether none does, and the watcher is as it was."""
        self._plans.pop(plan, None)
        if not any(isinstance(each.effect, Lag) for each in self._plans):
            self._catch_up()
        if self._plans:
            return False
        for name in ("push", "offer", "end"):
            vars(self._watcher).pop(name, None)
        return True

    def again(self, events: Iterable[WatchEvent]) -> None:
        """Events that were there before the tap was."""
        for event in events:
            self._take(event)

    # --- in the watcher's place -----------------------------------------------------------------------------

    def _push(self, event: WatchEvent) -> None:
        self._take(self._as_served(event))

    def _take(self, event: WatchEvent) -> None:
        now_s = self._clock.now()
        lag_s, copies = 0.0, 1
        for plan in tuple(self._plans):
            if isinstance(plan.effect, Lag):
                lag_s += plan.effect.seconds if plan.strikes(now_s) else 0.0
            elif isinstance(plan.effect, Duplicate) and event.type not in {"BOOKMARK", "ERROR"}:
                copies += plan.strikes(now_s)
        for _ in range(copies):
            if lag_s or self._late:
                due_s = max(now_s + lag_s, self._late[-1][0] if self._late else 0.0)
                self._late.append((due_s, event))
            else:
                self._show(event)
        self._arm()

    def _show(self, event: WatchEvent) -> None:
        Watcher.push(self._watcher, event)
        if event.type == "BOOKMARK":
            return
        for plan, left in tuple(self._plans.items()):
            if not left or not isinstance(plan.effect, EndWatch):
                continue
            self._plans[plan] = left - 1
            if left == 1 and plan.strikes(self._clock.now()):
                self.break_off(expired=plan.effect.expired, version=_version(event))

    def _end(self, event: WatchEvent | None = None) -> None:
        self._catch_up()
        self._finish(event)

    def break_off(self, *, expired: bool, version: int) -> None:
        """The watch ends: it says that its version is too old, or its connection breaks."""
        self._late.clear()
        if expired:
            self._finish(WatchEvent("ERROR", expired_watch(version).status()))
        else:
            self._watcher.severed = True
            self._finish()

    # --- what comes late ------------------------------------------------------------------------------------

    def _arm(self) -> None:
        if self._late and self._timer is None:
            self._timer = self._clock.call_later(max(0.0, self._late[0][0] - self._clock.now()), self._due)

    def _due(self) -> None:
        self._timer = None
        now_s = self._clock.now()
        while self._late and self._late[0][0] <= now_s + 1e-6:
            self._show(self._late.popleft()[1])
        self._arm()

    def _catch_up(self) -> None:
        while self._late:
            self._show(self._late.popleft()[1])

    def _forget(self) -> None:
        self._late.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _version(event: WatchEvent) -> int:
    return int(event.object.get("metadata", {}).get("resourceVersion") or 0)

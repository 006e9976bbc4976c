"""Carries fault plans out on requests from both doors, and on watches that are open.

A request that plans concern is refused at once, or else begun, or answered, later by a task; a watch gets a
`Tap`. What the API server asks itself is spared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import attrs

from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Resource
from kubelite.client.faultplans import Asked, Delay, EndWatch, FaultPlan, HangUp, Refuse
from kubelite.client.requests import (
    Connect,
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Message,
    Patch,
    ResourceRequest,
    Update,
    UserInfo,
    Watch,
)
from kubelite.client.watcher import Watcher
from kubelite.master.apiserver.faulterrors import ConnectionLost, error_of
from kubelite.master.apiserver.faultpoint import FaultPoint
from kubelite.master.apiserver.reads import ended_with
from kubelite.master.apiserver.watchtaps import Tap
from kubelite.master.store.store import Store
from kubelite.runtime import Clock, Randomness

OWN_USER: Final = "system:apiserver"
_VERBS: Final[dict[type[ResourceRequest[Any]], str]] = {
    Get: "get",
    List: "list",
    Watch: "watch",
    Create: "create",
    Update: "update",
    Patch: "patch",
    Delete: "delete",
    DeleteCollection: "deletecollection",
}

Serve = Callable[[Message], Any]
StartTask = Callable[..., "asyncio.Task[Any]"]


@attrs.define
class _Fate:
    """What befalls one request."""

    delay_s: float = 0.0
    end: FaultPlan | None = None

    @property
    def after_commit(self) -> bool:
        return self.end is not None and self.end.effect.after_commit  # type: ignore[union-attr] # see `_fate`


class FaultEngine:
    """The plans of one cluster, at work.

    Args:
        point: Where it is reached; only while there are plans.
        store: Whose watches are open.
        clock: The cluster's.
        random: The cluster's; each plan has a stream of its own.
        find: Gives the resource of a name.
    """

    def __init__(
        self,
        point: FaultPoint,
        store: Store,
        *,
        clock: Clock,
        random: Randomness,
        find: Callable[[str], Resource | None],
    ) -> None:
        self._point = point
        self._store = store
        self._clock = clock
        self._random = random
        self._made = 0
        self.find = find
        self._plans: dict[FaultPlan, None] = {}
        self._passing: set[int] = set()
        self._taps: dict[Watcher, Tap] = {}

    def __repr__(self) -> str:
        return f"<FaultEngine {len(self._plans)} plans, {len(self._taps)} watches>"

    # --- plans ----------------------------------------------------------------------------------------------

    @property
    def plans(self) -> tuple[FaultPlan, ...]:
        """Those that hold, oldest first."""
        return tuple(plan for plan in self._plans if not self._is_over(plan))

    def now(self) -> float:
        """The cluster's clock."""
        return self._clock.now()

    def chance(self) -> Callable[[], float]:
        """A generator for the next plan: what one does by chance does not change another."""
        self._made += 1
        return self._random.fork(str(self._made)).random

    def add(self, plan: FaultPlan) -> None:
        """A plan begins to hold."""
        effect, limits = plan.effect, plan.limits
        if isinstance(effect, EndWatch) and effect.events is None:
            self._plans[plan] = None
            delay_s = limits.begins_s - self.now()
            if delay_s > 0:
                self._clock.call_later(delay_s, self._end_open, plan)
            else:
                self._end_open(plan)
            return
        self._plans[plan] = None
        self._point.engine = self
        if not isinstance(effect, Refuse | HangUp | Delay):
            for watcher, asked in self._open_watches():
                if plan.target.matches(asked):
                    self._tap(watcher).add(plan)

    def take_out(self, plan: FaultPlan) -> None:
        """A plan holds no more; what it kept back is let go."""
        self._plans.pop(plan, None)
        plan.removed()
        for watcher, tap in tuple(self._taps.items()):
            if tap.remove(plan):
                del self._taps[watcher]
        if not any(not _is_sudden(each) for each in self._plans):
            self._point.engine = None

    def close(self) -> None:
        """The cluster stops."""
        for plan in tuple(self._plans):
            self.take_out(plan)

    def _is_over(self, plan: FaultPlan) -> bool:
        return plan.is_used_up or plan.limits.ends_s <= self.now()

    # --- requests -------------------------------------------------------------------------------------------

    def meet(self, message: ResourceRequest[Any], serve: Serve, start_task: StartTask) -> Any:
        """Judge a request; None if nothing befalls it, else its reply.

        Args:
            message: The request.
            serve: Serves it.
            start_task: Runs what has to wait.

        Raises:
            APIError: It is refused.
        """
        if id(message) in self._passing or message.user.name == OWN_USER:
            return None
        asked = _asked(message)
        fate = self._fate(asked)
        taps = self._taps_for(asked) if isinstance(message, Watch) else ()
        if fate.end is None and not fate.delay_s:
            return self._open(message, serve, start_task, asked, taps) if taps else None
        if fate.end is not None and not fate.delay_s and not fate.after_commit:
            error = self._error(fate.end, asked, message.user)
            if isinstance(message, Watch) and error.code == 410:
                return ended_with(error)
            raise error
        return start_task(self._carry_out(message, serve, asked, fate, taps), name=f"fault {fate!r}")

    async def meet_path(self, verb: str, path: str, user: UserInfo, agent: str) -> None:
        """Judge a request that is about no resource.

        Raises:
            APIError: It is refused.
        """
        asked = Asked(_VERB_OF_METHOD.get(verb, verb), None, "", "", "", agent, user.name, path)
        fate = self._fate(asked)
        if fate.delay_s:
            await self._clock.sleep(fate.delay_s)
        if fate.end is not None:
            raise self._error(fate.end, asked, user)

    def _fate(self, asked: Asked) -> _Fate:
        now_s = self.now()
        fate = _Fate()
        for plan in tuple(self._plans):
            effect = plan.effect
            if not isinstance(effect, Refuse | HangUp | Delay):
                continue
            if self._is_over(plan):
                self.take_out(plan)
            elif isinstance(effect, Delay):
                if plan.target.matches(asked) and plan.strikes(now_s):
                    fate.delay_s += effect.seconds
            elif fate.end is None and plan.target.matches(asked) and plan.strikes(now_s):
                fate.end = plan
        return fate

    def _error(self, plan: FaultPlan, asked: Asked, user: UserInfo) -> APIError:
        if isinstance(plan.effect, Refuse):
            return error_of(plan.effect, asked, user, self._store.revision)
        return ConnectionLost()

    async def _carry_out(
        self,
        message: ResourceRequest[Any],
        serve: Serve,
        asked: Asked,
        fate: _Fate,
        taps: tuple[FaultPlan, ...],
    ) -> Any:
        """Wait, do what was asked, and answer, as far as these are to happen."""
        if fate.delay_s:
            await self._clock.sleep(fate.delay_s)
        end = fate.end
        if end is not None and not fate.after_commit:
            raise self._error(end, asked, message.user)
        try:
            result = self._pass(message, serve)
            if isinstance(result, asyncio.Future):
                result = await result
        except APIError:
            if end is not None:
                end.missed()
            raise
        if end is not None:
            if isinstance(result, Watcher):
                result.stop()
            raise self._error(end, asked, message.user)
        return self._tapped(result, taps)

    def _pass(self, message: Any, serve: Serve) -> Any:
        self._passing.add(id(message))
        try:
            return serve(message)
        finally:
            self._passing.discard(id(message))

    # --- watches --------------------------------------------------------------------------------------------

    def _taps_for(self, asked: Asked) -> tuple[FaultPlan, ...]:
        return tuple(
            plan
            for plan in self._plans
            if not isinstance(plan.effect, Refuse | HangUp | Delay)
            and not _is_sudden(plan)
            and plan.target.matches(asked)
        )

    def _open(
        self,
        message: Any,
        serve: Serve,
        start_task: StartTask,
        asked: Asked,
        taps: tuple[FaultPlan, ...],
    ) -> Any:
        result = self._pass(message, serve)
        if isinstance(result, asyncio.Future):
            return start_task(self._opened(result, taps), name=f"watch {asked!r}")
        return self._tapped(result, taps)

    async def _opened(self, opening: asyncio.Future[Any], taps: tuple[FaultPlan, ...]) -> Any:
        return self._tapped(await opening, taps)

    def _tapped(self, result: Any, taps: tuple[FaultPlan, ...]) -> Any:
        """The watch, under its plans; what it has seen already comes under them, too."""
        taps = tuple(plan for plan in taps if not plan.is_removed)
        if isinstance(result, Watcher) and taps and not result.ended:
            events = result.take()
            tap = self._tap(result)
            for plan in taps:
                tap.add(plan)
            tap.again(events)
        return result

    def _tap(self, watcher: Watcher) -> Tap:
        tap = self._taps.get(watcher)
        if tap is None:
            tap = self._taps[watcher] = Tap(watcher, self._clock)
            watcher.when_ended(lambda: self._untap(watcher))
        return tap

    def _untap(self, watcher: Watcher) -> None:
        self._taps.pop(watcher, None)

    def _open_watches(self) -> list[tuple[Watcher, Asked]]:
        return [
            (watcher, _asked(watcher.origin))
            for watcher in self._store.watchers()
            if isinstance(watcher.origin, Watch) and watcher.origin.user.name != OWN_USER
        ]

    def _end_open(self, plan: FaultPlan) -> None:
        """End the watches that are open now; the plan is done with then."""
        if plan.is_removed:
            return
        effect = plan.effect
        assert isinstance(effect, EndWatch)
        for watcher, asked in self._open_watches():
            if plan.target.matches(asked) and plan.strikes(self.now()):
                self._tap(watcher).break_off(expired=effect.expired, version=self._store.revision)
        self.take_out(plan)


_VERB_OF_METHOD: Final = {"post": "create", "put": "update", "head": "get"}


def _is_sudden(plan: FaultPlan) -> bool:
    """Whether a plan strikes once, what is open at the time."""
    return isinstance(plan.effect, EndWatch) and plan.effect.events is None


def _asked(message: ResourceRequest[Any]) -> Asked:
    user = message.user
    verb = message.verb if isinstance(message, Connect) else _VERBS[type(message)]
    name = message.name
    if isinstance(message, Create) and not name:
        name = (message.object.get("metadata") or {}).get("name") or ""
    agent = user.agent or user.name.removeprefix("system:")
    return Asked(verb, message.resource, message.subresource, message.namespace, name, agent, user.name)

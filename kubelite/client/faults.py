"""`cluster.faults`: how tests say what goes wrong. Each sentence makes a `FaultPlan`.

    cluster.faults.on("PATCH", "deployments/status", client="kopf").conflict(times=2)
    cluster.faults.watch("pods").drop()

The plans hold where the cluster lives; a blocking cluster has them made on its own thread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol, TypeVar

import attrs

from kubelite.apimachinery.scheme import Resource
from kubelite.client.faultplans import (
    Delay,
    Duplicate,
    Effect,
    EndWatch,
    FaultPlan,
    HangUp,
    Lag,
    Limits,
    Refuse,
    Target,
    parse_verbs,
    parse_what,
)

T = TypeVar("T")

CODE_MIN: Final = 400
CODE_MAX: Final = 599
Run = Callable[[Callable[[], T]], T]


class Engine(Protocol):
    """Who carries plans out."""

    @property
    def plans(self) -> tuple[FaultPlan, ...]:
        """Those that hold, oldest first."""
        ...

    def now(self) -> float:
        """The cluster's clock."""
        ...

    def chance(self) -> Callable[[], float]:
        """A generator for the next plan."""
        ...

    def find(self, kind: str) -> Resource | None:
        """The resource of a plural, singular, short name or kind."""
        ...

    def add(self, plan: FaultPlan) -> None:
        """A plan begins to hold."""
        ...

    def take_out(self, plan: FaultPlan) -> None:
        """A plan holds no more."""
        ...


def _at_once(function: Callable[[], T]) -> T:
    return function()


class Faults:
    """The fault plans of a cluster.

    Args:
        engine: Gives who carries them out.
        run: Runs a function where the cluster lives, and waits for it; by default at once.
    """

    def __init__(self, engine: Callable[[], Engine], run: Run[object] | None = None) -> None:
        self._engine = engine
        self._run: Callable[[Callable[[], object]], object] = run or _at_once

    def __iter__(self) -> Iterator[FaultPlan]:
        plans = self._call(lambda: self._engine().plans)
        return iter(plans)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {list(self)}>"

    def _call(self, function: Callable[[], T]) -> T:
        return self._run(function)  # type: ignore[return-value] # what the function gives

    def clear(self) -> None:
        """Removes all plans."""

        def clear() -> None:
            engine = self._engine()
            for plan in engine.plans:
                engine.take_out(plan)

        self._call(clear)

    def on(
        self,
        verbs: str | Iterable[str],
        what: str,
        *,
        client: str | None = None,
        user: str | None = None,
        namespace: str | None = None,
        name: str | None = None,
        probability: float = 1.0,
        skip: int = 0,
        starts_in: float = 0.0,
        lasts: float | None = None,
    ) -> RequestFaults:
        """Requests, to say next what befalls them.

        Args:
            verbs: A method (`GET` stands for get, list and watch), a verb (`list`), several, or `*`.
            what: `pods`, `pods/log`, `*/scale`, `*`, `lamps.example.com`, or a pattern of paths, as
                `/version` and `/api/v1/namespaces/*/pods/*/log`.
            client: A part of the user agent, or a pattern (`kubectl/*`). Components in this process have
                their names: `kubelet`, `kube-scheduler`, `deployment-controller`, …, and `cluster` for the
                methods of the cluster object.
            user: A pattern of the user's name, as `system:node:node-1`.
            namespace: A pattern.
            name: A pattern of the object's name.
            probability: Of each request, by the cluster's seeded generator.
            skip: So many are let through first.
            starts_in: Seconds of the cluster's clock.
            lasts: Seconds of the cluster's clock; None for without end.

        Raises:
            ValueError: There is no such verb or resource, or a number is impossible.
        """
        target = self._target(parse_verbs(verbs), what, namespace, name, client, user)
        return RequestFaults(self, target, _timing(probability, skip, starts_in, lasts))

    def watch(
        self,
        what: str,
        *,
        client: str | None = None,
        user: str | None = None,
        namespace: str | None = None,
        probability: float = 1.0,
        skip: int = 0,
        starts_in: float = 0.0,
        lasts: float | None = None,
    ) -> WatchFaults:
        """Watches, to say next what befalls them; see `on`.

        What runs in this process shares one watch of each resource, whose client is `shared-informers`.

        Raises:
            ValueError: There is no such resource, or a number is impossible.
        """
        target = self._target(frozenset({"watch"}), what, namespace, None, client, user)
        return WatchFaults(self, target, _timing(probability, skip, starts_in, lasts))

    def _target(
        self,
        verbs: frozenset[str],
        what: str,
        namespace: str | None,
        name: str | None,
        client: str | None,
        user: str | None,
    ) -> Target:
        if what.startswith("/"):
            return Target(verbs, "", None, None, namespace, name, client, user, what)
        plural, group, subresource = self._call(lambda: parse_what(what, self._engine().find))
        return Target(verbs, plural, group, subresource, namespace, name, client, user)

    def add(self, target: Target, effect: Effect, timing: Timing, times: int | None) -> FaultPlan:
        """Puts a plan to work."""
        if times is not None and times < 1:
            raise ValueError(f"a plan takes hold once or more, not {times} times")

        def add() -> FaultPlan:
            engine = self._engine()
            begins_s = engine.now() + timing.starts_in_s
            limits = Limits(
                times=times,
                skip=timing.skip,
                probability=timing.probability,
                begins_s=begins_s,
                ends_s=begins_s + timing.lasts_s,
            )
            plan = FaultPlan(target, effect, limits, engine.chance(), self._take_out)
            engine.add(plan)
            return plan

        return self._call(add)

    def _take_out(self, plan: FaultPlan) -> None:
        if not plan.is_removed:
            self._call(lambda: self._engine().take_out(plan))


@attrs.frozen
class Timing:
    """When a plan holds, from the moment it is made."""

    probability: float
    skip: int
    starts_in_s: float
    lasts_s: float


def _timing(probability: float, skip: int, starts_in: float, lasts: float | None) -> Timing:
    if not 0 < probability <= 1:
        raise ValueError(f"a probability is above 0 and at most 1, not {probability}")
    if skip < 0 or starts_in < 0 or (lasts is not None and lasts <= 0):
        raise ValueError("skip and starts_in are 0 or more, lasts is more than 0")
    return Timing(probability, skip, starts_in, math.inf if lasts is None else lasts)


@attrs.frozen
class RequestFaults:
    """Requests that were chosen; each method makes a plan, which holds from then on.

    Delays of several plans add up; of those that end a request the oldest takes hold.
    """

    _faults: Faults
    _target: Target
    _timing: Timing

    def _add(self, effect: Effect, times: int | None) -> FaultPlan:
        return self._faults.add(self._target, effect, self._timing, times)

    def error(
        self,
        code: int,
        *,
        times: int | None = None,
        message: str = "",
        reason: str = "",
        retry_after: int | None = None,
    ) -> FaultPlan:
        """They are refused, with the `Status` that a real server gives with that code.

        Args:
            code: 400 to 599.
            times: None for all.
            message: Another text.
            reason: Another reason, as `AlreadyExists`.
            retry_after: Seconds that the client is told to wait; 0 for nothing.

        Raises:
            ValueError: The code stands for no error.
        """
        if not CODE_MIN <= code <= CODE_MAX:
            raise ValueError(f"an error has a code of {CODE_MIN} to {CODE_MAX}, not {code}")
        return self._add(Refuse(code, message, reason, retry_after), times)

    def conflict(self, *, times: int | None = None) -> FaultPlan:
        """They are refused for a conflict (409): somebody else was quicker. A create finds that it exists."""
        return self._add(Refuse(409), times)

    def gone(self, *, times: int | None = None) -> FaultPlan:
        """What they ask for is too old (410)."""
        return self._add(Refuse(410), times)

    def delay(self, seconds: float, *, times: int | None = None) -> FaultPlan:
        """They are begun so many seconds later, though the client may not wait that long."""
        if seconds <= 0:
            raise ValueError(f"a delay is more than 0 s, not {seconds}")
        return self._add(Delay(seconds), times)

    def timeout_after_commit(self, *, times: int | None = None) -> FaultPlan:
        """They are carried out, but the client is told that it took too long (504)."""
        return self._add(Refuse(504, after_commit=True), times)

    def disconnect(self, *, times: int | None = None) -> FaultPlan:
        """The connection breaks before anything is done; in this process that is a 503."""
        return self._add(HangUp(), times)

    def disconnect_after_commit(self, *, times: int | None = None) -> FaultPlan:
        """They are carried out, but the connection breaks before the answer."""
        return self._add(HangUp(after_commit=True), times)


@attrs.frozen
class WatchFaults:
    """Watches that were chosen; each method makes a plan."""

    _faults: Faults
    _target: Target
    _timing: Timing

    def _add(self, effect: Effect, times: int | None) -> FaultPlan:
        return self._faults.add(self._target, effect, self._timing, times)

    def drop(self, *, after_events: int | None = None, times: int | None = None) -> FaultPlan:
        """Their connections break.

        Args:
            after_events: None ends those that are open, now (or when the plan begins); a number ends those,
                and all opened later, when each has seen so many more events.
            times: So many watches; None for all.
        """
        return self._add(EndWatch(expired=False, events=_events(after_events)), times)

    def gone(self, *, after_events: int | None = None, times: int | None = None) -> FaultPlan:
        """They end with an ERROR event: their version is too old (410), the client has to list anew."""
        return self._add(EndWatch(expired=True, events=_events(after_events)), times)

    def lag(self, seconds: float, *, times: int | None = None) -> FaultPlan:
        """Their events, of those that are opened later, too, come so many seconds late, in their order."""
        if seconds <= 0:
            raise ValueError(f"a lag is more than 0 s, not {seconds}")
        return self._add(Lag(seconds), times)

    def duplicate(self, *, times: int | None = None) -> FaultPlan:
        """Their events about objects come twice; `times` counts events."""
        return self._add(Duplicate(), times)


def _events(count: int | None) -> int | None:
    if count is not None and count < 1:
        raise ValueError(f"a watch sees 1 event or more before it ends, not {count}")
    return count

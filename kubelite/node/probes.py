"""Probes: when a container counts as started, ready, alive.

`ProbeSpec` is what the pod asks for, `observe` the pure state machine of thresholds, `Prober` the shell:
one timer per probe, a task only while a check runs. What checks there are stands in `checks`.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/,
pkg/kubelet/prober/worker.go.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, NamedTuple, Protocol

from kubelite.apimachinery.scheme import Object
from kubelite.node.podstate import ProbeKind

_INITIAL: Final = {"readiness": False, "liveness": True, "startup": None}
"""What counts before the first result: a container is not ready, but alive."""


class ProbeSpec(NamedTuple):
    """A probe of a container with its defaults filled in; times in seconds."""

    kind: ProbeKind
    raw: Object
    initial_delay_s: float = 0.0
    period_s: float = 10.0
    timeout_s: float = 1.0
    success_threshold: int = 1
    failure_threshold: int = 3


class ProbeState(NamedTuple):
    """How a probe stands: the verdict (None: none yet), the last outcome and how often it came in a row."""

    healthy: bool | None
    last: bool | None = None
    in_a_row: int = 0


class Outcome(NamedTuple):
    """What one check found.

    Attributes:
        success: Whether all is well.
        output: Why it is not, or what there is to warn of.
        made: False if there is nothing that could have answered; that is told, and does not count.
        warns: All is well, but not as one would think.
    """

    success: bool
    output: str = ""
    made: bool = True
    warns: bool = False

    @property
    def told(self) -> bool:
        """Whether an Event says so."""
        return self.warns or not self.success


class Timer(Protocol):
    """A pending call."""

    def cancel(self) -> None:
        """It does not happen."""


def probe_spec(kind: ProbeKind, raw: Object) -> ProbeSpec:
    """Read a probe; what it does not say has the defaults of Kubernetes (0 counts as not said)."""
    return ProbeSpec(
        kind=kind,
        raw=raw,
        initial_delay_s=float(raw.get("initialDelaySeconds") or 0),
        period_s=float(raw.get("periodSeconds") or 10),
        timeout_s=float(raw.get("timeoutSeconds") or 1),
        success_threshold=raw.get("successThreshold") or 1,
        failure_threshold=raw.get("failureThreshold") or 3,
    )


def news(spec: ProbeSpec, outcome: Outcome) -> tuple[str, str]:
    """The reason and the message of the Event about an outcome.

    Source: pkg/kubelet/prober/prober.go.
    """
    probe = f"{spec.kind.capitalize()} probe"
    if not outcome.made:
        return "Unhealthy", f"{probe} errored and resulted in unknown state: {outcome.output}"
    if outcome.warns:
        return "ProbeWarning", f"{probe} warning: {outcome.output}"
    return "Unhealthy", f"{probe} failed: {outcome.output}"


def initial_state(kind: ProbeKind) -> ProbeState:
    """How a probe stands before its first check."""
    return ProbeState(_INITIAL[kind])


def observe(state: ProbeState, spec: ProbeSpec, *, success: bool) -> tuple[ProbeState, bool]:
    """Count an outcome.

    Returns:
        The new state, and whether the verdict changed.
    """
    in_a_row = state.in_a_row + 1 if state.last is success else 1
    threshold = spec.success_threshold if success else spec.failure_threshold
    if in_a_row < threshold or state.healthy is success:
        return ProbeState(state.healthy, success, in_a_row), False
    return ProbeState(success, success, in_a_row), True


class Pacer:
    """Lets calls begin in the order in which they come, a few in each turn of the event loop.

    Probes of pods that started together fall due together. If all began at once, all their connections would
    be open at once, and the garbage collector would take the crowd for something that stays.
    """

    __slots__ = ("_waiting",)
    A_TURN: Final = 2

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def __repr__(self) -> str:
        return f"<Pacer {len(self._waiting)} waiting>"

    def __call__(self, call: Callable[[], None]) -> None:
        """Let it begin when it is its turn."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        self._waiting.append(call)

    def _turn(self) -> None:
        for _ in range(min(self.A_TURN, len(self._waiting))):
            self._waiting.popleft()()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)


class Prober:
    """Runs one probe of one attempt of a container.

    Args:
        spec: What to check and how often.
        check: Does one check; it never raises.
        call_later: (delay in seconds, function) -> timer.
        pace: Calls a function when it is its turn.
        start_task: Runs a coroutine as a task that is cancelled with the kubelet.
        tell: Told of every outcome that an Event is about.
        changed: Told when the verdict changes.
    """

    def __init__(
        self,
        spec: ProbeSpec,
        *,
        check: Callable[[ProbeSpec], Awaitable[Outcome]],
        call_later: Callable[[float, Callable[[], None]], Timer],
        pace: Callable[[Callable[[], None]], None],
        start_task: Callable[[Coroutine[Any, Any, None]], Any],
        tell: Callable[[ProbeSpec, Outcome], None],
        changed: Callable[[ProbeSpec, bool, str], None],
    ) -> None:
        self.spec = spec
        self.state = initial_state(spec.kind)
        self._check = check
        self._call_later = call_later
        self._pace = pace
        self._start_task = start_task
        self._tell = tell
        self._changed = changed
        self._timer: Timer | None = None
        self._busy = False
        self._stopped = False

    def __repr__(self) -> str:
        return f"<Prober {self.spec.kind} healthy={self.state.healthy}, {self.state.in_a_row} in a row>"

    def start(self, ran_s: float = 0.0, extra_delay_s: float = 0.0) -> None:
        """Begin.

        Args:
            ran_s: How long the container has run: the initial delay counts from its start.
            extra_delay_s: Spreads the probes of a kubelet that has just started.
        """
        delay_s = max(0.0, self.spec.initial_delay_s - ran_s)
        self._timer = self._call_later(delay_s + extra_delay_s, self._due)

    def stop(self) -> None:
        """End; a check that runs is not heard any more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        if self._stopped:
            return
        self._timer = self._call_later(self.spec.period_s, self._due)
        if not self._busy:
            self._busy = True
            self._pace(self._begin)

    def _begin(self) -> None:
        if not self._stopped:
            self._start_task(self._run())

    async def _run(self) -> None:
        try:
            outcome = await self._check(self.spec)
        finally:
            self._busy = False
        if self._stopped:
            return
        if outcome.told:
            self._tell(self.spec, outcome)
        if not outcome.made:
            return
        self.state, changed = observe(self.state, self.spec, success=outcome.success)
        if changed:
            self._changed(self.spec, outcome.success, outcome.output)

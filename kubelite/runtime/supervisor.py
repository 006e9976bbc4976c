"""Supervision as a value: which actors run, in which order, and what happens when one crashes.

Source: Erlang/OTP's supervisor behaviour.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kubelite.runtime import tasks
from kubelite.runtime.actor import Actor, ChildSpec, Context
from kubelite.runtime.logs import get_logger
from kubelite.runtime.mailbox import Mailbox
from kubelite.runtime.slot import Crash, Slot

if TYPE_CHECKING:
    from kubelite.runtime.system import System

log = get_logger()
Strategy = Literal["one_for_one", "rest_for_one"]


class SupervisorSpec(NamedTuple):
    """Children that are started in their order and stopped in the reverse.

    Attributes:
        strategy: `one_for_one` restarts the child that crashed, `rest_for_one` those after it too.
        restarts_max: More restarts than this within `period_s` and the supervisor itself fails.
        period_s: Seconds.
    """

    name: str
    children: tuple[ChildSpec | SupervisorSpec, ...]
    strategy: Strategy = "one_for_one"
    restarts_max: int = 5
    period_s: float = 60.0


class TooManyRestarts(Exception):  # noqa: N818 - OTP's "restart intensity reached"
    """Children crashed more often than the supervisor allows; the last crash is the cause."""


class RunningActor:
    """An actor that is run over its slot, anew after each crash that is answered with a restart."""

    def __init__(self, spec: ChildSpec, name: str, system: System, supervisor: Supervisor) -> None:
        self.spec = spec
        self.slot = Slot(name, Mailbox(spec.bound, spec.policy, spec.key))
        self._system = system
        self._supervisor = supervisor
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Runs the actor; returns when `started` has.

        Raises:
            Crash: `started` raised.
        """
        ready = asyncio.get_running_loop().create_future()
        task = self._launch(ready)
        await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            if task.cancelled():
                raise asyncio.CancelledError
            if (error := task.exception()) is not None:
                raise error
        task.add_done_callback(self._ended)

    def launch(self) -> None:
        """Runs the actor; that `started` raises is a crash like others."""
        self._launch(asyncio.get_running_loop().create_future()).add_done_callback(self._ended)

    def _launch(self, ready: asyncio.Future[None]) -> asyncio.Task[None]:
        def make() -> Actor[Any]:
            actor = self.spec.factory()
            actor.context = Context(self.slot, self._system)
            return actor

        serving = self.slot.serve(make, lambda: _set(ready))
        self._task = tasks.start(serving, name=self.slot.name, context=contextvars.Context())
        return self._task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task is self._task and not task.cancelled():
            self._task = None
            self._supervisor.child_ended(self, task.exception())

    async def stop(self, *, for_good: bool = True) -> None:
        """Ends the actor; for good also fails what waits in its mailbox."""
        task, self._task = self._task, None
        if task is not None:
            await tasks.cancel(task)
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                log.warning("actor crashed while it stopped", actor=self.slot.name, exc_info=error)
        if for_good:
            self.slot.close()


class Supervisor:
    """Runs the children of a spec; crashes are handled one at a time, restarts go on beside that.

    Args:
        spec: What to run.
        name: Full name; "" is the root.
        system: Whose host task calls.
        fail: Called with the failure when children crash too often; None raises it, in the host task.
    """

    def __init__(
        self,
        spec: SupervisorSpec,
        name: str,
        system: System,
        fail: Callable[[Exception], Awaitable[None]] | None = None,
    ) -> None:
        self.spec = spec
        self.name = name
        self._system = system
        self._fail = fail
        self._restarts: deque[float] = deque()
        self._restarting: dict[RunningActor | Supervisor, asyncio.Task[None]] = {}
        self.children: list[RunningActor | Supervisor] = []
        for child in spec.children:
            self.children.append(self._make(child))

    def _make(self, spec: ChildSpec | SupervisorSpec) -> RunningActor | Supervisor:
        name = f"{self.name}/{spec.name}" if self.name else spec.name
        if isinstance(spec, SupervisorSpec):

            async def fail(failure: Exception) -> None:
                await self.handle(child, failure)

            child = Supervisor(spec, name, self._system, fail)
            return child
        actor = RunningActor(spec, name, self._system, self)
        self._system.register(actor.slot)
        return actor

    async def start(self) -> None:
        """Starts the children in their order.

        Raises:
            Crash: One of them did not start; those before it have been stopped.
        """
        self._restarts.clear()
        for index, child in enumerate(self.children):
            try:
                await child.start()
            except BaseException:
                for other in reversed(self.children[: index + 1]):
                    await other.stop(for_good=False)
                raise

    async def add(self, spec: ChildSpec | SupervisorSpec) -> None:
        """Starts one more child, behind the others.

        Raises:
            Crash: It did not start; it is forgotten then.
        """
        child = self._make(spec)
        self.children.append(child)
        try:
            await child.start()
        except BaseException:
            self.children.remove(child)
            await child.stop()
            raise

    async def stop(self, *, for_good: bool = True) -> None:
        """Stops the children in the reverse order."""
        restarting, self._restarting = self._restarting, {}
        await tasks.cancel(*set(restarting.values()))
        for child in reversed(self.children):
            await child.stop(for_good=for_good)

    def child_ended(self, child: RunningActor, error: BaseException | None) -> None:
        """An actor of this supervisor has ended by itself."""
        if error is not None:
            crash = error if isinstance(error, Crash) else Crash(error, None)
            log.error(
                "actor crashed",
                actor=child.slot.name,
                message=repr(crash.message)[:200],
                exc_info=crash.error,
            )
        restart = child.spec.restart
        if restart == "permanent" or (restart == "transient" and error is not None):
            self._system.post(self, child, error)
        else:
            child.slot.close()
            self._system.ended(child.slot)

    async def handle(self, child: RunningActor | Supervisor, error: BaseException | None) -> None:
        """Restarts what the strategy says, or fails upwards. The restarted start on their own time.

        Raises:
            TooManyRestarts: The supervisor has nobody to fail to.
        """
        now = self._system.clock.monotonic()
        self._restarts.append(now)
        while self._restarts[0] < now - self.spec.period_s:
            self._restarts.popleft()
        if len(self._restarts) > self.spec.restarts_max:
            await self._escalate(error)
            return
        again = [child]
        if self.spec.strategy == "rest_for_one":
            again = self.children[min(map(self.children.index, {child, *self._restarting})) :]
        await tasks.cancel(*{self._restarting.pop(each) for each in again if each in self._restarting})
        for each in reversed(again):
            await each.stop(for_good=False)
        restart = tasks.start(
            self._restart(again), name=f"restart {self.name or 'system'}", context=contextvars.Context()
        )
        for each in again:
            self._restarting[each] = restart

    async def _restart(self, again: Sequence[RunningActor | Supervisor]) -> None:
        for each in again:
            if isinstance(each, RunningActor):
                each.slot.restarts += 1
            try:
                await each.start()
            except Crash as crash:
                log.error(  # noqa: TRY400 - the traceback that tells is that of the cause
                    "actor crashed while starting",
                    supervisor=self.name,
                    message=repr(crash.message)[:200],
                    exc_info=crash.error,
                )
                self._system.post(self, each, crash)
                return
            self._restarting.pop(each, None)

    async def _escalate(self, error: BaseException | None) -> None:
        await self.stop(for_good=False)
        cause = error.error if isinstance(error, Crash) else error
        failure = TooManyRestarts(
            f"{self.name or 'system'}: over {self.spec.restarts_max} restarts in {self.spec.period_s:g} s"
        )
        failure.__cause__ = cause
        if self._fail is None:
            raise failure
        await self._fail(failure)

    def statistics(self) -> dict[str, Any]:
        """Messages handled and restarts, by actor."""
        found: dict[str, Any] = {}
        for child in self.children:
            if isinstance(child, Supervisor):
                found.update(child.statistics())
            else:
                slot = child.slot
                found[slot.name] = {
                    "handled": slot.handled,
                    "queued": len(slot.mailbox),
                    "peak": slot.mailbox.peak,
                    "restarts": slot.restarts,
                }
        return found


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)

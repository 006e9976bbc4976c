"""The host: one task owns the whole supervision tree; `start` and `stop` only signal it.

So a system can be started in one task and stopped in another, as fixtures and REPLs do.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from kubelite.runtime import tasks
from kubelite.runtime.actor import ChildSpec
from kubelite.runtime.clock import Clock, SystemClock
from kubelite.runtime.messages import Ref, WrongLoop
from kubelite.runtime.randomness import Randomness
from kubelite.runtime.slot import Crash, Slot
from kubelite.runtime.supervisor import RunningActor, Supervisor, SupervisorSpec

__all__ = ["System", "WrongLoop"]


class System:
    """Runs actors under supervision.

    Args:
        clock: Every wait goes by it.
        seed: Of all random choices; None takes one by chance.
        name: For logs.
    """

    def __init__(self, *, clock: Clock | None = None, seed: int | None = None, name: str = "system") -> None:
        self.clock = clock or SystemClock()
        self.random = Randomness(seed)
        self.name = name
        self._slots: dict[str, Slot] = {}
        self._dynamic: dict[Slot, dict[str, tuple[Supervisor, RunningActor]]] = {}
        self._crashes: deque[tuple[Supervisor, RunningActor | Supervisor, BaseException | None]] = deque()
        self._additions: deque[tuple[tuple[ChildSpec | SupervisorSpec, ...], asyncio.Future[None]]] = deque()
        self._wake = asyncio.Event()
        self._stopping = False
        self._root: Supervisor | None = None
        self._host: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.on_failure: Callable[[BaseException], None] | None = None

    def __repr__(self) -> str:
        state = "running" if self._host is not None and not self._host.done() else "stopped"
        return f"<System {self.name} {state}, {len(self._slots)} actors>"

    # -- what users call

    async def start(self, *specs: ChildSpec | SupervisorSpec, strategy: str = "one_for_one") -> None:
        """Starts the tree; returns when every actor has started.

        Raises:
            Exception: What the `started` of an actor raised; nothing is left running then.
        """
        if self._host is not None:
            raise RuntimeError(f"{self.name} was started already")
        self._loop = asyncio.get_running_loop()
        self.clock.attach()
        root = SupervisorSpec(
            "", tuple(specs), strategy="rest_for_one" if strategy == "rest_for_one" else "one_for_one"
        )
        self._root = Supervisor(root, "", self)
        ready: asyncio.Future[None] = self._loop.create_future()
        self._host = tasks.start(
            self._run(self._root, ready), name=f"{self.name} host", context=contextvars.Context()
        )
        try:
            await asyncio.shield(ready)
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def add(self, *specs: ChildSpec | SupervisorSpec) -> None:
        """Starts more children of the root, one after another; returns when they have started.

        Raises:
            Exception: What the `started` of one of them raised.
        """
        self.check_loop()
        assert self._loop is not None
        done: asyncio.Future[None] = self._loop.create_future()
        self._additions.append((specs, done))
        self._wake.set()
        await asyncio.shield(done)

    async def stop(self) -> None:
        """Stops every actor, in the reverse order, and returns when all have ended."""
        if self._host is None:
            return
        self.check_loop()
        self._stopping = True
        self._wake.set()
        await asyncio.wait({self._host})
        if not self._host.cancelled():
            self._host.exception()

    async def failed(self) -> BaseException | None:
        """Waits until the host task ends; its cause if it died, None after `stop`."""
        assert self._host is not None
        await asyncio.wait({self._host})
        return None if self._host.cancelled() else self._host.exception()

    def ref(self, name: str) -> Ref[Any]:
        """The address of an actor, by its full name.

        Raises:
            KeyError: There is none.
        """
        return self._slots[name].ref

    def statistics(self) -> dict[str, Any]:
        """Messages handled and restarts, by actor."""
        return self._root.statistics() if self._root is not None else {}

    def check_loop(self) -> None:
        """Refuses use from another loop.

        Raises:
            WrongLoop: Another loop runs now.
        """
        if asyncio.get_running_loop() is not self._loop:
            raise WrongLoop(
                f"{self.name} was started on another event loop; use it there, or a blocking handle"
            )

    # -- the host task

    async def _run(self, root: Supervisor, ready: asyncio.Future[None]) -> None:
        failure: BaseException | None = None
        starting = self._beside(root.start(), "start")
        adding: asyncio.Task[None] | None = None
        try:
            while not self._stopping:
                await self._wake.wait()
                self._wake.clear()
                if starting.done() and not ready.done() and not self._stopping:
                    starting.result()
                    ready.set_result(None)
                while self._crashes and not self._stopping:
                    supervisor, child, error = self._crashes.popleft()
                    await supervisor.handle(child, error)
                if self._additions and ready.done() and (adding is None or adding.done()):
                    adding = self._beside(self._add(root, *self._additions.popleft()), "add")
        except BaseException as error:
            failure = error.error if isinstance(error, Crash) and not ready.done() else error
            if self.on_failure is not None and ready.done():
                self.on_failure(failure)
            raise
        finally:
            self._stopping = True
            await tasks.cancel(*(task for task in (starting, adding) if task is not None))
            await root.stop()
            for _, done in self._additions:
                done.cancel()
            self._slots.clear()
            self.clock.detach()
            if not ready.done():
                ready.set_exception(failure or RuntimeError("the system was stopped while it started"))
                ready.exception()

    def _beside(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Does something while the host goes on restarting what crashes; wakes the host when it is done."""
        task = tasks.start(work, name=f"{self.name} {name}", context=contextvars.Context())
        task.add_done_callback(lambda _: self._wake.set())
        return task

    async def _add(
        self, root: Supervisor, specs: tuple[ChildSpec | SupervisorSpec, ...], done: asyncio.Future[None]
    ) -> None:
        try:
            for spec in specs:
                await root.add(spec)
        except Crash as crash:
            if not done.done():
                done.set_exception(crash.error)
                done.exception()
            return
        except asyncio.CancelledError:
            done.cancel()
            raise
        if not done.done():
            done.set_result(None)

    # -- what the runtime's other parts call

    def register(self, slot: Slot) -> None:
        """Makes an actor known by its name.

        Raises:
            ValueError: The name is taken.
        """
        if slot.name in self._slots:
            raise ValueError(f"an actor named {slot.name} runs already")
        self._slots[slot.name] = slot

    def post(
        self, supervisor: Supervisor, child: RunningActor | Supervisor, error: BaseException | None
    ) -> None:
        """A child has ended and is to be restarted by the host."""
        if not self._stopping:
            self._crashes.append((supervisor, child, error))
            self._wake.set()

    def ended(self, slot: Slot) -> None:
        """An actor has ended for good; if another had spawned it, its name is free again."""
        for children in self._dynamic.values():
            for name, (_, child) in children.items():
                if child.slot is slot:
                    del children[name]
                    self._slots.pop(slot.name, None)
                    return

    def spawn(self, parent: Slot, spec: ChildSpec) -> Ref[Any]:
        """Runs a child of an actor; it starts soon, its mailbox takes messages now.

        Raises:
            ValueError: A child of that name runs.
        """

        async def fail(failure: Exception) -> None:
            await self.stop_child(parent, spec.name)
            parent.fail(failure, f"child {spec.name}")

        supervisor = Supervisor(SupervisorSpec(parent.name, (spec,)), parent.name, self, fail)
        child = supervisor.children[0]
        assert isinstance(child, RunningActor)
        self._dynamic.setdefault(parent, {})[spec.name] = (supervisor, child)
        child.launch()
        return child.slot.ref

    async def stop_child(self, parent: Slot, name: str) -> None:
        """Stops a child of an actor for good."""
        entry = self._dynamic.get(parent, {}).pop(name, None)
        if entry is not None:
            supervisor, child = entry
            self._slots.pop(child.slot.name, None)
            await supervisor.stop()

    async def stop_children(self, parent: Slot) -> None:
        """Stops all children of an actor."""
        for name in reversed(list(self._dynamic.get(parent, ()))):
            await self.stop_child(parent, name)
        self._dynamic.pop(parent, None)

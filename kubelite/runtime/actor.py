"""What an actor is: state that only its own handler touches, one message at a time."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from kubelite.runtime import causes, instrument, tasks
from kubelite.runtime.clock import Clock, TimerHandle
from kubelite.runtime.logs import get_logger
from kubelite.runtime.messages import Ref
from kubelite.runtime.randomness import Randomness

if TYPE_CHECKING:
    from kubelite.runtime.slot import Slot
    from kubelite.runtime.system import System

M = TypeVar("M")
Restart = Literal["permanent", "transient", "temporary"]


class Actor(Generic[M]):
    """Subclass it and write `receive`.

    Attributes:
        context: What the runtime gives the actor; set before `started`.
        reply_errors: Exceptions which, raised over a request, are its reply and not a crash.
    """

    context: Context
    reply_errors: ClassVar[tuple[type[Exception], ...]] = ()

    async def started(self) -> None:
        """Runs before the first message; begin with a resync, for it may be a restart."""

    def receive(self, message: M) -> Any:
        """Handles one message; may be `async def`. What it returns over a request is the reply.

        A returned `asyncio.Future` is a reply that comes later, while the mailbox goes on; if it is a task of
        `Context.start_task`, one of `reply_errors` that it raises is the reply.
        """
        raise NotImplementedError

    async def stopped(self) -> None:
        """Runs after the last message, also after a crash."""


class ChildSpec(NamedTuple):
    """An actor to be run.

    Attributes:
        name: Unique among its siblings.
        factory: Makes the actor, anew at each restart.
        restart: `permanent` always, `transient` only after a crash, `temporary` never.
        bound: Messages that its mailbox may hold; 0 is no bound.
        policy: What happens when it is full, see `Mailbox`.
        key: See `Mailbox`.
    """

    name: str
    factory: Callable[[], Actor[Any]]
    restart: Restart = "permanent"
    bound: int = 0
    policy: Literal["raise", "drop_oldest", "coalesce"] = "raise"
    key: Callable[[Any], Any] | None = None


class Context:
    """The runtime as one actor sees it.

    Attributes:
        ref: The actor's own address.
        clock: The system's clock.
        random: A stream of random numbers of the actor's own.
        log: A logger bound with `actor`.
    """

    def __init__(self, slot: Slot, system: System) -> None:
        self._slot = slot
        self._system = system
        self._tasks: set[asyncio.Task[Any]] = set()
        self._answering: set[asyncio.Future[Any]] = set()
        self._timers: set[TimerHandle] = set()
        self.ref: Ref[Any] = slot.ref
        self.clock: Clock = system.clock
        self.random: Randomness = system.random.fork(slot.name)
        self.log: Any = get_logger().bind(actor=slot.name)

    @property
    def name(self) -> str:
        """The actor's full name."""
        return self._slot.name

    @property
    def statistics(self) -> dict[str, int]:
        """Messages handled and waiting, restarts, tasks and timers."""
        return {
            "handled": self._slot.handled,
            "queued": len(self._slot.mailbox),
            "restarts": self._slot.restarts,
            "tasks": len(self._tasks),
            "timers": len(self._timers),
        }

    def start_task(self, coroutine: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Runs a coroutine beside the mailbox; it ends with the actor, its exception crashes the actor.

        It sees no context variables of whoever asked the actor, but the cause of what it does.
        """
        context = contextvars.Context()
        if (cause := causes.current.get()) is not None:
            context.run(causes.current.set, cause)
        if instrument.hooks is not None:
            context.run(instrument.cause.set, instrument.cause.get())
        task = tasks.start(coroutine, name=f"{self._slot.name} {name}", context=context)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        is_answering = task in self._answering
        self._answering.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        actor = self._slot.actor
        if not (is_answering and actor is not None and isinstance(error, actor.reply_errors)):
            self._slot.fail(error, f"task {task.get_name()}")

    def answers_with(self, work: asyncio.Future[Any]) -> None:
        """What the work ends with is a reply."""
        if work in self._tasks:
            self._answering.add(work)

    def call_later(self, delay_s: float, message: Any) -> TimerHandle:
        """Tells the actor itself a message after a while; cancelled when the actor stops."""
        timer: TimerHandle

        def fire() -> None:
            self._timers.discard(timer)
            self._slot.tell(message)

        timer = self.clock.call_later(delay_s, fire)
        self._timers.add(timer)
        return timer

    def call_off(self, timer: TimerHandle) -> None:
        """Forgets a message that was to come later."""
        timer.cancel()
        self._timers.discard(timer)

    def spawn(self, spec: ChildSpec) -> Ref[Any]:
        """Runs a child of this actor; it stops with the actor.

        Raises:
            ValueError: A child of that name runs.
        """
        return self._system.spawn(self._slot, spec)

    async def stop_child(self, name: str) -> None:
        """Stops a child for good and waits until it has; nothing happens if there is none."""
        await self._system.stop_child(self._slot, name)

    async def close(self) -> None:
        """Ends timers, tasks and children."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        await self._system.stop_children(self._slot)
        running = {task for task in self._tasks if task is not asyncio.current_task()}
        await tasks.cancel(*running)

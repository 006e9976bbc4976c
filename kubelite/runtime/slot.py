"""The place of one actor: its mailbox, which outlives it, and the actor that serves it now.

Invariant: one message at a time. `waiter` is set only while no handler runs and the mailbox is empty; an ask
may run a handler inline only then (`idle_in`); while it does, `idle_in` is nowhere: whatever comes queues.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from threading import get_ident
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from kubelite.runtime import instrument
from kubelite.runtime.logs import get_logger
from kubelite.runtime.mailbox import Asked, Mailbox, Unfinished
from kubelite.runtime.messages import NOWHERE, PLAIN_REPLIES, ActorStopped, Ref, WrongLoop

if TYPE_CHECKING:
    from kubelite.runtime.actor import Actor

log = get_logger()
BATCH_MAX = 128
"""Messages handled before other tasks of the loop get their turn."""


class Slot:
    """See the module's docstring.

    Attributes:
        is_open: Whether a message may simply be appended: the actor is awake, the mailbox has no policy,
            and no instrument looks.
        idle_in: The thread in which an ask may run the handler inline; else nowhere.
        make_future: Of the loop.
        waiter: What the actor waits on for something to come.
        receive: The handler of the actor that runs now.
    """

    __slots__ = (
        "__weakref__",
        "_crash",
        "_deferred",
        "_loop",
        "_task",
        "_thread",
        "actor",
        "handled",
        "idle_in",
        "is_open",
        "mailbox",
        "make_future",
        "name",
        "receive",
        "ref",
        "restarts",
        "stopped",
        "waiter",
    )

    def __init__(self, name: str, mailbox: Mailbox) -> None:
        self.name = name
        self.mailbox = mailbox
        self.ref: Ref[Any] = Ref(name, self)
        self.actor: Actor[Any] | None = None
        self.receive: Callable[[Any], Any] = _nobody
        self.stopped = False
        self.handled = 0
        self.restarts = 0
        self.is_open = False
        self.idle_in = NOWHERE
        self.waiter: asyncio.Future[None] | None = None
        self._thread = get_ident()
        self._loop = asyncio.get_running_loop()
        self.make_future = self._loop.create_future
        self._task: asyncio.Task[Any] | None = None
        self._crash: tuple[BaseException, Any] | None = None
        self._deferred: set[asyncio.Future[Any]] = set()
        instrument.watched.add(self)

    def __repr__(self) -> str:
        state = "stopped" if self.stopped else "starting" if self.actor is None else "running"
        return (
            f"<Slot {self.name} {state}, {self.handled} handled, {self.restarts} restarts, {self.mailbox!r}>"
        )

    # -- what senders call, by way of `Ref` and `Request`

    def tell(self, message: Any) -> None:
        """Puts a message into the mailbox; dropped if the actor has stopped for good."""
        if self.stopped:
            return
        self._check_loop()
        if instrument.hooks is not None:
            instrument.sent(self.name, message)
        if self.mailbox.is_plain:
            self.mailbox.queue.append(message)
        else:
            self.mailbox.put(message)
        self.rouse()

    async def enqueue(self, request: Any) -> Any:
        """Puts a request into the mailbox and waits for the reply.

        Raises:
            ActorStopped: The actor stops, or crashes over it, before it replies.
        """
        if self.stopped:
            raise ActorStopped(f"{self.name} has stopped")
        self._check_loop()
        if instrument.hooks is not None:
            instrument.sent(self.name, request)
        asked = Asked(request, self._loop.create_future())
        self.mailbox.put(asked)
        self.rouse()
        return await asked.reply

    def raised_inline(self, error: Exception, request: Any) -> Exception:
        """A handler that an ask ran has raised; answers with what the asker is to see."""
        actor = self.actor
        if actor is not None and isinstance(error, actor.reply_errors):
            if self.waiter is not None:
                self.idle_in = self._thread
            return error
        self.fail(error, request)
        return _crashed(self.name, error)

    async def settle(self, result: Any, request: Any) -> Any:
        """What a handler that an ask ran has returned: a value, a future, or the rest of the work."""
        if isinstance(result, CoroutineType):
            asked = Asked(Unfinished(request, result), self._loop.create_future())
            self.mailbox.queue.appendleft(asked)
            self.rouse()
            return await asked.reply
        if isinstance(result, asyncio.Future):
            return await self._defer(result, self._loop.create_future())
        return result

    def rouse(self) -> None:
        """Lets the actor look at its mailbox."""
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            self.idle_in = NOWHERE
            self._open()
            if not waiter.done():
                waiter.set_result(None)

    def _open(self) -> None:
        self.is_open = self.mailbox.is_plain and instrument.hooks is None

    def instrumented(self) -> None:
        """An instrument looks from now on: nothing may pass it by."""
        self.is_open, self.idle_in = False, NOWHERE

    def _check_loop(self) -> None:
        running = asyncio._get_running_loop()  # noqa: SLF001 - the one that answers None without a loop
        if running is self._loop:
            return
        if running is not None or get_ident() != self._thread:
            raise WrongLoop(f"{self.name} runs on another event loop; use it there, or by a blocking handle")

    # -- what the runtime calls

    def fail(self, error: BaseException, message: Any) -> None:
        """Crashes the actor from outside of its mailbox; the handler that runs now is cancelled."""
        if self._task is None:
            log.warning(
                "error of an actor that had ended", actor=self.name, message=repr(message), exc_info=error
            )
            return
        if self._crash is not None:
            return
        self._crash = (error, message)
        if self.waiter is not None:
            self.rouse()
        elif self._task is not asyncio.current_task():
            self._task.cancel()

    async def serve(self, make: Callable[[], Actor[Any]], started: Callable[[], None]) -> None:
        """Runs one actor over the mailbox until it is cancelled or crashes.

        Raises:
            Crash: A handler raised; the cause and the message are in it.
        """
        self._crash = None
        self._task = asyncio.current_task()
        at: Any = "its making"
        try:
            self.actor = actor = make()
            try:
                at = "started"
                await actor.started()
                started()
                self._open()
                await self._serve(actor)
            finally:
                self.is_open, self.idle_in, self._task = False, NOWHERE, None
                await self._end(actor)
        except asyncio.CancelledError:
            if self._crash is None:
                raise
        except Crash:
            raise
        except Exception as error:
            raise Crash(error, at) from error
        finally:
            self.actor, self.receive, self._task = None, _nobody, None
        assert self._crash is not None
        raise Crash(*self._crash) from self._crash[0]

    async def _end(self, actor: Actor[Any]) -> None:
        try:
            await actor.context.close()
            await actor.stopped()
        finally:
            self._abandon()

    async def _serve(self, actor: Actor[Any]) -> None:
        mailbox, queue = self.mailbox, self.mailbox.queue
        self.receive = actor.receive
        is_sync = not inspect.iscoroutinefunction(actor.receive)
        while True:
            if self._crash is not None:
                raise Crash(*self._crash) from self._crash[0]
            if not queue:
                self.waiter = self._loop.create_future()
                self.is_open = False
                if is_sync and instrument.hooks is None:
                    self.idle_in = self._thread
                try:
                    await self.waiter
                finally:
                    self.waiter, self.idle_in = None, NOWHERE
                continue
            waiting = len(queue)
            mailbox.peak = max(mailbox.peak, waiting)
            await self._handle(actor, min(waiting, BATCH_MAX))
            if queue:
                await asyncio.sleep(0)

    async def _handle(self, actor: Actor[Any], count: int) -> None:
        """Handles so many messages. An `Asked` is answered, whatever happens."""
        take, receive, reply_errors = self.mailbox.queue.popleft, actor.receive, actor.reply_errors
        handled = 0
        message: Any = None
        try:
            for _ in range(count):
                message = take()
                handled += 1
                if message.__class__ is not Asked:
                    if instrument.hooks is not None:
                        instrument.handling(self.name, message)
                    result = receive(message)
                    if result is not None and isinstance(result, CoroutineType):
                        await result
                        if self._crash is not None:
                            return
                    continue
                if instrument.hooks is not None:
                    instrument.handling(self.name, message.request)
                reply = message.reply
                try:
                    request = message.request
                    result = request.work if request.__class__ is Unfinished else receive(request)
                    if isinstance(result, CoroutineType):
                        result = await result
                except reply_errors as error:
                    if not reply.done():
                        reply.set_exception(error)
                    continue
                if result.__class__ not in PLAIN_REPLIES and isinstance(result, asyncio.Future):
                    self._defer(result, reply)
                elif not reply.done():
                    reply.set_result(result)
                if self._crash is not None:
                    return
        except asyncio.CancelledError:
            if type(message) is Asked:
                message.fail(ActorStopped(f"{self.name} has stopped"))
            raise
        except Exception as error:
            if type(message) is Asked:
                message.fail(_crashed(self.name, error))
            raise Crash(error, message) from error
        finally:
            self.handled += handled

    def _defer(self, source: asyncio.Future[Any], reply: asyncio.Future[Any]) -> asyncio.Future[Any]:
        """A reply that comes later: the asker's cancellation does not reach the work."""
        actor = self.actor
        assert actor is not None
        actor.context.answers_with(source)
        self._deferred.add(reply)
        errors = actor.reply_errors

        def done(_: asyncio.Future[Any]) -> None:
            self._deferred.discard(reply)
            if reply.done():
                if not source.cancelled():
                    source.exception()
            elif source.cancelled():
                reply.set_exception(ActorStopped(f"{self.name} gave up the request"))
            elif (error := source.exception()) is not None:
                reply.set_exception(error if isinstance(error, errors) else _crashed(self.name, error))
            else:
                reply.set_result(source.result())

        source.add_done_callback(done)
        return reply

    def _abandon(self) -> None:
        """What was to be answered later is not answered any more."""
        deferred, self._deferred = self._deferred, set()
        for reply in deferred:
            if not reply.done():
                reply.set_exception(ActorStopped(f"{self.name} has stopped"))
                reply.exception()

    def close(self) -> None:
        """Stops for good: what waits for a reply gets none."""
        self.stopped = True
        self.is_open, self.idle_in = False, NOWHERE
        self._abandon()
        while self.mailbox.queue:
            message = self.mailbox.take()
            if type(message) is Asked:
                if type(message.request) is Unfinished:
                    message.request.work.close()
                message.fail(ActorStopped(f"{self.name} has stopped"))


class Crash(Exception):  # noqa: N818 - the actor model's word
    """A handler raised over a message; `started` counts as one."""

    def __init__(self, error: BaseException, message: Any) -> None:
        super().__init__(str(error))
        self.error = error
        if type(message) is Asked:
            message = message.request
        self.message = message.request if type(message) is Unfinished else message


def _nobody(_: Any) -> Any:
    raise AssertionError("no actor runs here")


def _crashed(name: str, error: BaseException) -> ActorStopped:
    stopped = ActorStopped(f"{name} crashed: {type(error).__name__}: {error}")
    stopped.__cause__ = error
    return stopped

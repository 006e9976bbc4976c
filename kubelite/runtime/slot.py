"""The place of one actor: its mailbox, which outlives it, and the actor that serves it now.

Invariant: one message at a time. `idle` is set only while a synchronous actor waits at an empty mailbox:
an ask may then run in the asker's own turn; else it queues.
"""

from __future__ import annotations

import asyncio
import inspect
from asyncio import Future, get_running_loop
from collections.abc import Awaitable, Callable, Coroutine
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from kubelite.runtime import instrument
from kubelite.runtime.mailbox import Mailbox
from kubelite.runtime.messages import ActorStopped, Failed, Ref

if TYPE_CHECKING:
    from kubelite.runtime.actor import Actor

BATCH_MAX = 128
"""Messages handled before other tasks of the loop get their turn."""


class Asked:
    """A request in the mailbox, and where its reply goes."""

    __slots__ = ("reply", "request")

    def __init__(self, request: Any, reply: asyncio.Future[Any]) -> None:
        self.request = request
        self.reply = reply

    def __repr__(self) -> str:
        return f"<Asked {self.request!r}>"


class Slot:
    """See the module's docstring."""

    __slots__ = (
        "_crash",
        "_unbounded",
        "actor",
        "handled",
        "idle",
        "mailbox",
        "name",
        "queue",
        "receive",
        "ref",
        "restarts",
        "stopped",
    )

    def __init__(self, name: str, mailbox: Mailbox) -> None:
        self.name = name
        self.mailbox = mailbox
        self.ref: Ref[Any] = Ref(name, self)
        self.actor: Actor[Any] | None = None
        self.stopped = False
        self.handled = 0
        self.restarts = 0
        self.idle = False
        self.queue = mailbox.queue
        self._unbounded = not mailbox.bound
        self.receive: Callable[[Any], Any] = _nobody
        self._crash: tuple[BaseException, Any] | None = None

    def __repr__(self) -> str:
        state = "stopped" if self.stopped else "starting" if self.actor is None else "running"
        return (
            f"<Slot {self.name} {state}, {self.handled} handled, {self.restarts} restarts, {self.mailbox!r}>"
        )

    def tell(self, message: Any) -> None:
        """Puts a message into the mailbox; dropped if the actor has stopped for good."""
        if self._unbounded and instrument.hooks is None:
            self.queue.append(message)
            if self.mailbox.waiter is not None:
                self.idle = False
                self.mailbox.wake()
        elif not self.stopped:
            if instrument.hooks is not None:
                instrument.sent(self.name, message)
            self.idle = False
            self.mailbox.put(message)

    def ask(self, request: Any) -> Awaitable[Any]:
        """Queues a request; `Request.ask` is what runs it at once if the actor is idle."""
        if self.stopped:
            return Failed(ActorStopped(f"{self.name} has stopped"))
        if instrument.hooks is not None:
            instrument.sent(self.name, request)
        reply: asyncio.Future[Any] = get_running_loop().create_future()
        asked = Asked(request, reply)
        if not self._unbounded:
            self.mailbox.put(asked)
            self.idle = False
            return reply
        self.queue.append(asked)
        if self.mailbox.waiter is not None:
            self.idle = False
            self.mailbox.wake()
        return reply

    def inline_failed(self, error: Exception, request: Any) -> Failed:
        """An inline handler raised: it is a reply, or the actor's crash, which its supervisor logs."""
        assert self.actor is not None
        if isinstance(error, self.actor.reply_errors):
            self.idle = not self.queue
            return Failed(error)
        self.fail(error, request)
        return Failed(_stopped(self.name, error))

    def fail(self, error: BaseException, message: Any) -> None:
        """Crashes the actor from outside of its mailbox."""
        self._crash = (error, message)
        self.idle = False
        self.mailbox.wake()

    async def serve(self, actor: Actor[Any], started: Callable[[], None]) -> None:
        """Runs one actor over the mailbox until it is cancelled or crashes.

        Raises:
            Crash: A handler raised; the cause and the message are in it.
        """
        self._crash = None
        self.actor = actor
        try:
            await _guarded(actor.started(), "started")
            started()
            self.receive = actor.receive
            idle = not inspect.iscoroutinefunction(actor.receive)
            while True:
                while not self.queue and self._crash is None:
                    self.idle = idle
                    await self.mailbox.wait()
                self.idle = False
                await self._drain(actor)
        finally:
            self.idle = False
            self.receive = _nobody
            self.actor = None
            await actor.context.close()
            await actor.stopped()

    async def _drain(self, actor: Actor[Any]) -> None:
        """Handles what is in the mailbox, `BATCH_MAX` messages at most.

        The counters are brought up to date where others may look: at its end, and before it waits.
        A crash can come from outside only while it waits.
        """
        self._check()
        queue, receive, hooks = self.queue, actor.receive, instrument.hooks
        next_message = queue.popleft
        self.mailbox.saw(len(queue))
        message, handled, counted = None, 0, 0
        try:
            for handled in range(BATCH_MAX):
                if not queue:
                    return
                message = next_message()
                if type(message) is Asked:
                    result = self._answer(actor, message)
                else:
                    if hooks is not None:
                        instrument.handling(self.name, message)
                    result = receive(message)
                if result is not None and type(result) is CoroutineType:
                    self.handled += handled - counted
                    counted = handled
                    await result
                    self.mailbox.saw(len(queue))
                    hooks = instrument.hooks
                    self._check()
            handled = BATCH_MAX
        except Crash:
            raise
        except Exception as error:
            raise Crash(error, message) from error
        finally:
            self.handled += handled - counted
        await asyncio.sleep(0)

    def _check(self) -> None:
        if self._crash is not None:
            raise Crash(*self._crash) from self._crash[0]

    def _answer(self, actor: Actor[Any], asked: Asked) -> Any:
        """Handles a request; answers with the coroutine to be awaited if its handler is one."""
        reply = asked.reply
        if instrument.hooks is not None:
            instrument.handling(self.name, asked.request)
        try:
            result = actor.receive(asked.request)
        except BaseException as error:  # noqa: BLE001 - it is raised again unless it is a reply
            self._refuse(actor, reply, error)
            return None
        if type(result) is CoroutineType:
            return self._answer_later(actor, reply, result)
        if isinstance(result, Future):
            _forward(result, reply)
        elif not reply.done():
            reply.set_result(result)
        return None

    async def _answer_later(
        self, actor: Actor[Any], reply: asyncio.Future[Any], handler: Coroutine[Any, Any, Any]
    ) -> None:
        try:
            result = await handler
        except BaseException as error:  # noqa: BLE001 - it is raised again unless it is a reply
            self._refuse(actor, reply, error)
            return
        if isinstance(result, Future):
            _forward(result, reply)
        elif not reply.done():
            reply.set_result(result)

    def _refuse(self, actor: Actor[Any], reply: asyncio.Future[Any], error: BaseException) -> None:
        """An error is the reply if the actor says so; else it is raised, and the asker is told of a crash."""
        known = isinstance(error, actor.reply_errors)
        if not reply.done():
            reply.set_exception(error if known else _stopped(self.name, error))
            if not known:
                reply.exception()
        if not known:
            raise error

    def close(self) -> None:
        """Stops for good: what waits for a reply gets none."""
        self.stopped, self._unbounded = True, False
        while self.mailbox.queue:
            message = self.mailbox.take()
            if type(message) is Asked and not message.reply.done():
                message.reply.set_exception(ActorStopped(f"{self.name} has stopped"))
                message.reply.exception()


class Crash(Exception):  # noqa: N818 - the actor model's word
    """A handler raised over a message; `started` counts as one."""

    def __init__(self, error: BaseException, message: Any) -> None:
        super().__init__(str(error))
        self.error = error
        self.message = message.request if type(message) is Asked else message


async def _guarded(awaitable: Awaitable[None], message: str) -> None:
    try:
        await awaitable
    except Exception as error:
        raise Crash(error, message) from error


def _nobody(message: Any) -> Any:
    """Stands where no actor runs."""
    raise AssertionError(f"nobody handles {message!r}")


def _stopped(name: str, error: BaseException) -> ActorStopped:
    stopped = ActorStopped(f"{name} crashed: {type(error).__name__}: {error}")
    stopped.__cause__ = error
    return stopped


def _forward(source: asyncio.Future[Any], reply: asyncio.Future[Any]) -> None:
    """A deferred reply: the asker's cancellation does not reach the work."""

    def done(_: asyncio.Future[Any]) -> None:
        if reply.done():
            if not source.cancelled():
                source.exception()
            return
        if source.cancelled():
            reply.set_exception(ActorStopped("the request was abandoned"))
        elif (error := source.exception()) is not None:
            reply.set_exception(error)
        else:
            reply.set_result(source.result())

    source.add_done_callback(done)

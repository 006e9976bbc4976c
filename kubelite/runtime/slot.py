"""The place of one actor: its mailbox, which outlives it, and the actor that serves it now.

Invariant: one message at a time. `_busy` is set while a handler runs; an inline ask then queues.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import attrs

from kubelite.runtime import instrument
from kubelite.runtime.mailbox import Mailbox
from kubelite.runtime.messages import ActorStopped, Failed, Ref, Replied

if TYPE_CHECKING:
    from kubelite.runtime.actor import Actor

BATCH_MAX = 128
"""Messages handled before other tasks of the loop get their turn."""


@attrs.define(slots=True, eq=False)
class Asked:
    """A request in the mailbox, and where its reply goes."""

    request: Any
    reply: asyncio.Future[Any]


class Slot:
    """See the module's docstring."""

    __slots__ = (
        "_busy",
        "_crash",
        "_sync",
        "actor",
        "handled",
        "mailbox",
        "name",
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
        self._busy = False
        self._sync = False
        self._crash: tuple[BaseException, Any] | None = None

    def __repr__(self) -> str:
        state = "stopped" if self.stopped else "starting" if self.actor is None else "running"
        return (
            f"<Slot {self.name} {state}, {self.handled} handled, {self.restarts} restarts, {self.mailbox!r}>"
        )

    def tell(self, message: Any) -> None:
        """Puts a message into the mailbox; dropped if the actor has stopped for good."""
        if self.stopped:
            return
        if instrument.hooks is not None:
            instrument.sent(self.name, message)
        self.mailbox.put(message)

    def ask(self, request: Any) -> Awaitable[Any]:
        """Runs a synchronous handler at once if the actor is idle, else queues the request."""
        if self._sync and not self._busy and not self.mailbox.queue and instrument.hooks is None:
            actor = self.actor
            assert actor is not None
            self._busy = True
            try:
                result = actor.receive(request)
            except actor.reply_errors as error:
                return Failed(error)
            except Exception as error:  # noqa: BLE001 - it is the actor's crash, which its supervisor logs
                self.fail(error, request)
                return Failed(_stopped(self.name, error))
            finally:
                self._busy = False
            self.handled += 1
            if isinstance(result, asyncio.Future):
                return asyncio.shield(result)
            return Replied(result)
        if self.stopped:
            return Failed(ActorStopped(f"{self.name} has stopped"))
        if instrument.hooks is not None:
            instrument.sent(self.name, request)
        asked = Asked(request, asyncio.get_running_loop().create_future())
        self.mailbox.put(asked)
        return asked.reply

    def fail(self, error: BaseException, message: Any) -> None:
        """Crashes the actor from outside of its mailbox."""
        self._crash = (error, message)
        self._sync = False
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
            self._sync = not inspect.iscoroutinefunction(actor.receive)
            while True:
                await self._drain(actor)
        finally:
            self._sync = False
            self.actor = None
            await actor.context.close()
            await actor.stopped()

    async def _drain(self, actor: Actor[Any]) -> None:
        mailbox = self.mailbox
        queue = mailbox.queue
        while not queue and self._crash is None:
            await mailbox.wait()
        if self._crash is not None:
            raise Crash(*self._crash) from self._crash[0]
        for _ in range(BATCH_MAX):
            if not queue:
                return
            message = mailbox.take()
            self._busy = True
            try:
                if type(message) is Asked:
                    await self._answer(actor, message)
                else:
                    if instrument.hooks is not None:
                        instrument.handling(self.name, message)
                    result = actor.receive(message)
                    if result is not None and inspect.iscoroutine(result):
                        await result
            except asyncio.CancelledError:
                raise
            except Exception as error:
                raise Crash(error, message) from error
            finally:
                self._busy = False
            self.handled += 1
            if self._crash is not None:
                raise Crash(*self._crash) from self._crash[0]
        await asyncio.sleep(0)

    async def _answer(self, actor: Actor[Any], asked: Asked) -> None:
        reply = asked.reply
        if instrument.hooks is not None:
            instrument.handling(self.name, asked.request)
        try:
            result = actor.receive(asked.request)
            if inspect.iscoroutine(result):
                result = await result
        except actor.reply_errors as error:
            if not reply.done():
                reply.set_exception(error)
            return
        except BaseException as error:
            if not reply.done():
                reply.set_exception(_stopped(self.name, error))
                reply.exception()
            raise
        if isinstance(result, asyncio.Future):
            _forward(result, reply)
        elif not reply.done():
            reply.set_result(result)

    def close(self) -> None:
        """Stops for good: what waits for a reply gets none."""
        self.stopped = True
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

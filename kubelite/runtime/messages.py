"""How actors are addressed: references, typed requests, and what answers them.

A message is a frozen value. A `Request[R]` is one that carries the type of its reply, so that
`await Get(key).ask(ref)` checks receiver, message and reply.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Generator
from types import NoneType, coroutine
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import attrs

from kubelite.runtime import instrument
from kubelite.runtime.values import Value

if TYPE_CHECKING:
    from kubelite.runtime.slot import Slot

M_contra = TypeVar("M_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

PLAIN = frozenset({dict, list, tuple, str, int, float, bool, bytes, NoneType})
"""Types of replies that are surely no futures; `isinstance` is slow to say no."""


class ActorStopped(Exception):  # noqa: N818 - the actor model's word
    """The actor has stopped, or crashed over the request: there will be no reply."""


class Ref(Generic[M_contra]):
    """The address of an actor; it survives the actor's restarts.

    Attributes:
        name: Of the actor.
        slot: The runtime's side of it.
        tell: Puts a message into the mailbox; never waits. Raises `MailboxFull` if the mailbox is bounded and
            its policy is to raise. It is the slot's own method, so that no call stands between.
    """

    __slots__ = ("name", "slot", "tell")

    def __init__(self, name: str, slot: Slot) -> None:
        self.name = name
        self.slot = slot
        self.tell: Callable[[M_contra], None] = slot.tell

    def __repr__(self) -> str:
        return f"<Ref {self.name}>"


@attrs.frozen(eq=False, repr=False)
class Request(Value, Generic[R_co]):
    """A message that is answered with an `R_co`."""

    def ask(self, ref: Ref[Self]) -> Awaitable[R_co]:
        """Sends the request; await the result for the reply.

        A synchronous handler of an idle actor runs at once, in the asker's own turn; else the request queues.

        Raises:
            ActorStopped: The actor stops, or crashes over it, before it replies.
        """
        slot = ref.slot
        if not slot.idle or instrument.hooks is not None:
            return slot.ask(self)
        slot.idle = False
        try:
            result = slot.receive(self)
        except Exception as error:  # noqa: BLE001 - the slot knows what it means
            return slot.inline_failed(error, self)
        except BaseException:
            slot.idle = not slot.queue
            raise
        slot.idle = not slot.queue
        slot.handled += 1
        if type(result) in PLAIN or not isinstance(result, Future):
            return replied(result)
        return asyncio.shield(result)


@coroutine
def replied(value: R) -> Generator[Any, None, R]:
    """An awaitable whose result is there already; nothing is lost if nobody awaits it."""
    return value
    yield  # makes this a generator


class Failed:
    """An awaitable which raises."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __await__(self) -> Generator[Any, None, Any]:
        raise self._error
        yield  # makes this a generator

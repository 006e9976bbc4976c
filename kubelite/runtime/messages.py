"""How actors are addressed: references, typed requests, and what answers them.

A message is a frozen value. A `Request[R]` is one that carries the type of its reply, so that
`await Get(key).ask(ref)` checks receiver, message and reply.
"""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

import attrs

if TYPE_CHECKING:
    from kubelite.runtime.slot import Slot

M_contra = TypeVar("M_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class ActorStopped(Exception):  # noqa: N818 - the actor model's word
    """The actor has stopped, or crashed over the request: there will be no reply."""


class Ref(Generic[M_contra]):
    """The address of an actor; it survives the actor's restarts."""

    __slots__ = ("_slot", "name")

    def __init__(self, name: str, slot: Slot) -> None:
        self.name = name
        self._slot = slot

    def __repr__(self) -> str:
        return f"<Ref {self.name}>"

    def tell(self, message: M_contra) -> None:
        """Puts a message into the mailbox; never waits.

        Raises:
            MailboxFull: The mailbox is bounded and its policy is to raise.
        """
        self._slot.tell(message)

    def ask_untyped(self, request: Any) -> Awaitable[Any]:
        """What `Request.ask` does."""
        return self._slot.ask(request)


@attrs.frozen
class Request(Generic[R_co]):
    """A message that is answered with an `R_co`."""

    def ask(self, ref: Ref[Self]) -> Awaitable[R_co]:
        """Sends the request; await the result for the reply.

        Raises:
            ActorStopped: The actor stops, or crashes over it, before it replies.
        """
        return cast("Awaitable[R_co]", ref.ask_untyped(self))


class Replied(Generic[R]):
    """An awaitable whose result is there already."""

    __slots__ = ("_value",)

    def __init__(self, value: R) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, R]:
        return self._value
        yield  # makes this a generator


class Failed:
    """An awaitable which raises."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __await__(self) -> Generator[Any, None, Any]:
        raise self._error
        yield  # makes this a generator

"""How actors are addressed: references and typed requests.

A message is a frozen value; a `Signal` is one without fields. A `Request[R]` is one that carries the type of
its reply, so that `await Get(key).ask(ref)` checks receiver, message and reply.
"""

from __future__ import annotations

from asyncio import Future
from functools import lru_cache
from threading import get_ident
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from kubelite.runtime.mailbox import Asked

if TYPE_CHECKING:
    from kubelite.runtime.slot import Slot

M_contra = TypeVar("M_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

NOWHERE: Final = 0
"""No thread's number."""
PLAIN_REPLIES: Final = frozenset({type(None), bool, int, float, str, bytes, dict, list, tuple})
"""Classes of replies that are certainly nothing to wait for, the quick way to see it."""


@lru_cache(maxsize=256)
def is_deferred(reply_class: type) -> bool:
    """Whether replies of a class are something to wait for."""
    return issubclass(reply_class, (CoroutineType, Future))


class ActorStopped(Exception):  # noqa: N818 - the actor model's word
    """The actor has stopped, or crashed over the request: there will be no reply."""


class WrongLoop(RuntimeError):  # noqa: N818 - says what is wrong
    """The system belongs to another event loop than the one that runs now."""


class Ref(Generic[M_contra]):
    """The address of an actor; it survives the actor's restarts.

    Attributes:
        name: Of the actor.
        slot: The runtime's side of it.
    """

    __slots__ = ("_append", "name", "slot")

    def __init__(self, name: str, slot: Slot) -> None:
        self.name = name
        self.slot = slot
        self._append = slot.mailbox.queue.append

    def __repr__(self) -> str:
        return f"<Ref {self.name}>"

    def tell(self, message: M_contra) -> None:
        """Puts a message into the mailbox; never waits.

        Raises:
            MailboxFull: The mailbox is bounded and its policy is to raise.
            WrongLoop: Another loop than the actor's runs. (Not noticed while the actor is busy.)
        """
        if self.slot.is_open:
            self._append(message)
        else:
            self.slot.tell(message)


class Shown:
    """What shows its class and fields.

    The text that attrs makes for a class is code to compile when it is defined, a third of what the class
    costs. Messages, events and effects are many and hardly ever shown, so that they share this one:
    `@attrs.frozen(repr=False) class Stopped(Shown)`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        fields: tuple[Any, ...] = getattr(type(self), "__attrs_attrs__", ())
        shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields if each.repr)
        return f"{type(self).__name__}({shown})"


class Signal(Shown):
    """A message without fields: its class says it all."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


class Request(Shown, Generic[R_co]):
    """A message that is answered with an `R_co`."""

    __slots__ = ()

    async def ask(self, ref: Ref[Self]) -> R_co:
        """Sends the request and waits for the reply.

        A synchronous handler of an idle actor runs at once, in the asker's stack. Else the request queues,
        and the asker's cancellation does not reach the handler.

        Raises:
            ActorStopped: The actor stops, or crashes over it, before it replies.
            WrongLoop: Another loop than the actor's runs.
        """
        slot = ref.slot
        thread = get_ident()
        if slot.idle_in == thread:
            slot.idle_in = NOWHERE
            try:
                result: Any = slot.receive(self)
            except Exception as error:
                raise slot.raised_inline(error, self) from error
            slot.handled += 1
            if slot.waiter is not None:
                slot.idle_in = thread
            if result.__class__ in PLAIN_REPLIES or not is_deferred(result.__class__):
                return result  # type: ignore[no-any-return]
            return await slot.settle(result, self)  # type: ignore[no-any-return]
        if slot.is_open:
            reply = slot.make_future()
            ref._append(Asked(self, reply))  # noqa: SLF001 - both are halves of one mechanism
            return await reply  # type: ignore[no-any-return]
        return await slot.enqueue(self)  # type: ignore[no-any-return]

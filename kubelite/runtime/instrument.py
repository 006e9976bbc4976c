"""Hooks that see each message sent and handled; they cost nothing while off.

While hooks are on, each message sent records its cause: the message that was being handled at the time.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol
from weakref import WeakSet

cause: ContextVar[Any] = ContextVar("cause", default=None)


class Hooks(Protocol):
    """What an observer implements."""

    def sent(self, receiver: str, message: Any, cause: Any) -> None:
        """A message was put into a mailbox; `cause` is the message then handled, or None."""

    def handled(self, receiver: str, message: Any) -> None:
        """A message is about to be handled."""


class Watched(Protocol):
    """What has quick ways around the hooks while they are off."""

    def instrumented(self) -> None:
        """Closes them."""


hooks: Hooks | None = None
watched: WeakSet[Watched] = WeakSet()


def install(observer: Hooks | None) -> Hooks | None:
    """Switches hooks on, or off with None; answers with the former observer."""
    global hooks
    former, hooks = hooks, observer
    if observer is not None:
        for each in watched:
            each.instrumented()
    return former


def sent(receiver: str, message: Any) -> None:
    """Tells the observer of a message on its way."""
    if hooks is not None:
        hooks.sent(receiver, message, cause.get())


def handling(receiver: str, message: Any) -> None:
    """Tells the observer of a message about to be handled, which is the cause of what is sent meanwhile."""
    cause.set(message)
    if hooks is not None:
        hooks.handled(receiver, message)

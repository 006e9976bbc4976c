"""What led to what: the cause of what is being done now, which travels with the control flow.

Who acts upon a change says so with `current`; what it writes, and the tasks and timers that it starts, have
that cause. It costs a context variable, and means nothing to anybody but who keeps a record of writes.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, TypeAlias

import attrs


@attrs.frozen(eq=False)
class Happened:
    """Something that is no change of an object, such as the end of a container.

    Attributes:
        text: What.
        version: That of the object to which it happened; empty if there is none.
    """

    text: str
    version: str = ""


Single: TypeAlias = str | Happened
Cause: TypeAlias = Single | tuple[Single, ...] | None
"""The version (resourceVersion) that a change made, something else that happened, or several of these."""

current: Final[ContextVar[Cause]] = ContextVar("kubelite_cause", default=None)
CAUSES_MAX: Final = 4


class CausesOf:
    """What asked for a look at each key since the last one."""

    __slots__ = ("_former", "_fresh")

    def __init__(self) -> None:
        self._fresh: dict[str, tuple[Single, ...]] = {}
        self._former: dict[str, tuple[Single, ...]] = {}

    def note(self, key: str) -> None:
        """What is being done now asks for a look at the key."""
        cause = current.get()
        if cause is None:
            return
        found = cause if isinstance(cause, tuple) else (cause,)
        known = self._fresh.get(key)
        if known is not None:
            new = tuple(each for each in found if each not in known)
            found = (*known, *new) if len(known) + len(new) <= CAUSES_MAX else (*known[:-1], *new[-1:])
        self._fresh[key] = found[:CAUSES_MAX]

    def take(self, key: str) -> Cause:
        """A look begins: why. Where nothing new asked for it, what led to the look before."""
        former = self._former.pop(key, None)
        return self._fresh.pop(key, former)

    def keep(self, key: str, cause: Cause) -> None:
        """The same will lead to the next look."""
        if isinstance(cause, tuple):
            self._former[key] = cause

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self._fresh)} keys>"

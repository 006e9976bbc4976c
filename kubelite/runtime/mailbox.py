"""A mailbox: a deque with a bound.

Putting never waits. A bound is a counter with a policy: raise, drop the oldest, or keep one message per key.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Literal, NamedTuple

import attrs

Policy = Literal["raise", "drop_oldest", "coalesce"]


class MailboxFull(Exception):  # noqa: N818 - the actor model's word
    """The mailbox holds as many messages as it may."""


class Unfinished(NamedTuple):
    """A request over which the handler has run, and what it returned to be awaited."""

    request: Any
    work: Coroutine[Any, Any, Any]


@attrs.define(eq=False)
class Asked:
    """A request in the mailbox, and where its reply goes."""

    request: Any
    reply: asyncio.Future[Any]

    def fail(self, error: Exception) -> None:
        """There will be no reply; nobody need look."""
        if not self.reply.done():
            self.reply.set_exception(error)
            self.reply.exception()


class Mailbox:
    """Messages in the order in which they came.

    Args:
        bound: Messages that it may hold; 0 is no bound.
        policy: What happens when it is full. `coalesce` keeps, for each key, only the newest message, in the
            place of the older one, at any time; when it is full of different keys it raises. A request is
            never merged; one that is dropped fails with `MailboxFull`.
        key: For `coalesce`: the key of a message, None for one that is never merged.
    """

    __slots__ = ("_bound", "_key", "_policy", "dropped", "is_plain", "peak", "queue")

    def __init__(
        self, bound: int = 0, policy: Policy = "raise", key: Callable[[Any], Hashable | None] | None = None
    ) -> None:
        self.queue: deque[Any] = deque()
        self.dropped = 0
        self.peak = 0
        self._bound = bound
        self._policy = policy
        self._key = key if policy == "coalesce" else None
        self.is_plain = not bound and self._key is None

    def __repr__(self) -> str:
        bound = f"/{self._bound}" if self._bound else ""
        dropped = f", {self.dropped} dropped" if self.dropped else ""
        return f"<Mailbox {len(self.queue)}{bound}, peak {self.peak}{dropped}>"

    def __len__(self) -> int:
        return len(self.queue)

    def put(self, message: Any) -> None:
        """Adds a message.

        Raises:
            MailboxFull: It is full and its policy does not make room.
        """
        if self.is_plain:
            self.queue.append(message)
        else:
            self._put_by_policy(message)

    def _put_by_policy(self, message: Any) -> None:
        queue = self.queue
        key_of = self._key
        if key_of is not None and type(message) is not Asked and (key := key_of(message)) is not None:
            for index, other in enumerate(queue):
                if type(other) is not Asked and key_of(other) == key:
                    queue[index] = message
                    self.dropped += 1
                    return
        # What a handler has begun, which is first if it is there, waits no more: it is gone on with.
        begun = bool(queue) and type(queue[0]) is Asked and type(queue[0].request) is Unfinished
        if self._bound and len(queue) - begun >= self._bound:
            if self._policy != "drop_oldest":
                raise MailboxFull(f"{self!r}")
            oldest = queue[begun]
            del queue[begun]
            self.dropped += 1
            if type(oldest) is Asked:
                oldest.fail(MailboxFull(f"{self!r} made room for a newer message"))
        queue.append(message)

    def take(self) -> Any:
        """The oldest message.

        Raises:
            IndexError: There is none.
        """
        size = len(self.queue)
        self.peak = max(self.peak, size)
        return self.queue.popleft()

"""A mailbox: a deque with one waiter.

Putting never waits. A bound is a counter with a policy: raise, drop the oldest, or keep one message per key.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Literal

Policy = Literal["raise", "drop_oldest", "coalesce"]


class MailboxFull(Exception):  # noqa: N818 - the actor model's word
    """The mailbox holds as many messages as it may."""


class Mailbox:
    """Messages in the order in which they came.

    Args:
        bound: Messages that it may hold; 0 is no bound.
        policy: What happens when it is full. `coalesce` keeps, for each key, only the newest message, in the
            place of the older one, at any time; when it is full of different keys it raises.
        key: For `coalesce`: the key of a message, None for one that is never merged.
    """

    __slots__ = ("_key", "_policy", "bound", "dropped", "peak", "queue", "waiter")

    def __init__(
        self, bound: int = 0, policy: Policy = "raise", key: Callable[[Any], Hashable | None] | None = None
    ) -> None:
        self.queue: deque[Any] = deque()
        self.dropped = 0
        self.peak = 0
        self.bound = bound
        self._policy = policy
        self._key = key
        self.waiter: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        bound = f"/{self.bound}" if self.bound else ""
        dropped = f", {self.dropped} dropped" if self.dropped else ""
        return f"<Mailbox {len(self.queue)}{bound}, peak {self.peak}{dropped}>"

    def __len__(self) -> int:
        return len(self.queue)

    def put(self, message: Any) -> None:
        """Adds a message and wakes the waiter.

        Raises:
            MailboxFull: It is full and its policy does not make room.
        """
        if self.bound:
            self._put_bounded(message)
        else:
            self.queue.append(message)
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def _put_bounded(self, message: Any) -> None:
        queue = self.queue
        if self._policy == "coalesce" and self._key is not None and (key := self._key(message)) is not None:
            for index, other in enumerate(queue):
                if self._key(other) == key:
                    queue[index] = message
                    self.dropped += 1
                    return
        if len(queue) >= self.bound:
            if self._policy != "drop_oldest":
                raise MailboxFull(f"{self!r}")
            queue.popleft()
            self.dropped += 1
        queue.append(message)

    def take(self) -> Any:
        """The oldest message.

        Raises:
            IndexError: There is none.
        """
        self.saw(len(self.queue))
        return self.queue.popleft()

    def saw(self, size: int) -> None:
        """Takes note of a size, for the statistics."""
        self.peak = max(self.peak, size)

    async def wait(self) -> None:
        """Returns when there is a message, or on `wake`."""
        if self.queue:
            return
        assert self.waiter is None, "a mailbox has one reader"
        self.waiter = asyncio.get_running_loop().create_future()
        try:
            await self.waiter
        finally:
            self.waiter = None

    def wake(self) -> None:
        """Lets `wait` return although nothing came."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)
            self.waiter = None

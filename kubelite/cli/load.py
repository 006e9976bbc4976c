"""Load from inside a pod: requests one after another until told to stop, each on a new connection."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Self

import aiohttp
import attrs

if TYPE_CHECKING:
    from kubelite.cluster import Cluster

WORKERS = 8
REQUEST_TIMEOUT_S = 5.0
PAUSE_S = 0.01
"""After a failure, so that a refused client does not spin."""


@attrs.frozen
class Outcome:
    """One request: when it began (the cluster's monotonic seconds), who answered, or what went wrong."""

    began_s: float
    served_by: str = ""
    error: str = ""


@attrs.define
class Load:
    """Requests to one URL from within a pod, `WORKERS` at a time."""

    cluster: Cluster
    url: str
    pod: str
    outcomes: list[Outcome] = attrs.field(factory=list)
    begun: int = 0
    _stopping: bool = False
    _tasks: list[asyncio.Task[None]] = attrs.field(factory=list)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.ensure_future(self._work()) for _ in range(WORKERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Begins no more requests, and waits for those that are under way."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks)
        for task in self._tasks:
            task.result()
        self._tasks = []

    async def until_begun(self, count: int) -> None:
        """Waits until so many requests have begun."""
        while self.begun < count:
            await self.cluster.clock.sleep(0.01)

    async def _work(self) -> None:
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
        async with self.cluster.http(pod=self.pod) as http:
            while not self._stopping:
                began = self.cluster.clock.monotonic()
                self.begun += 1
                try:
                    async with http.get(self.url, timeout=timeout, headers={"Connection": "close"}) as answer:
                        text = await answer.text()
                        error = "" if answer.status == 200 else f"status {answer.status}"
                        self.outcomes.append(Outcome(began, text, error))
                except (aiohttp.ClientError, OSError, TimeoutError) as failure:
                    self.outcomes.append(Outcome(began, error=f"{type(failure).__name__}: {failure}"))
                    await self.cluster.clock.sleep(PAUSE_S)

    def failures(self, *, since_s: float = 0.0) -> list[Outcome]:
        """The requests that failed, of those that began at or after a time."""
        return [each for each in self.outcomes if each.error and each.began_s >= since_s]

    def counts(self) -> Counter[str]:
        """Answers by pod."""
        return Counter(each.served_by for each in self.outcomes if not each.error)

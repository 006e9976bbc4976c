"""The one place which makes raw tasks: for the runtime itself and for users' code in pods."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_alive: set[asyncio.Task[Any]] = set()


def start(
    coroutine: Coroutine[Any, Any, T], *, name: str, context: contextvars.Context | None = None
) -> asyncio.Task[T]:
    """Runs a coroutine as a task, which is kept alive until it ends.

    Args:
        coroutine: What to run.
        name: Of the task.
        context: Context variables; None copies the present ones.
    """
    task = asyncio.get_running_loop().create_task(coroutine, name=name, context=context)
    _alive.add(task)
    task.add_done_callback(_alive.discard)
    return task


async def cancel(*running: asyncio.Task[Any]) -> None:
    """Cancels tasks and waits until they have ended."""
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)


async def checkpoint() -> None:
    """Lets other tasks of the loop run."""
    await asyncio.sleep(0)

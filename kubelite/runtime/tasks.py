"""The one place which makes raw tasks: for the runtime itself and for users' code in pods."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from kubelite.runtime.logs import get_logger

T = TypeVar("T")
CANCEL_PATIENCE_S: Final = 5.0
CANCEL_ATTEMPTS: Final = 3
"""A task that swallows its cancellation is cancelled again so often, and then left alone with a warning."""

log = get_logger()
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
    """Cancels tasks and waits until they have ended; those that will not are named in a warning."""
    left = {task for task in running if not task.done()}
    for _ in range(CANCEL_ATTEMPTS):
        if not left:
            return
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_PATIENCE_S)
    for task in left:
        log.warning("task does not end", task=task.get_name())


async def finish(coroutine: Coroutine[Any, Any, T], *, name: str) -> T:
    """Awaits a coroutine to its end, even if whoever waits is cancelled; only then that is raised.

    Raises:
        CancelledError: The caller was cancelled meanwhile.
    """
    task, cancelled = start(coroutine, name=name), None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            raise cancelled from failure
        raise cancelled
    return task.result()


async def checkpoint() -> None:
    """Lets other tasks of the loop run."""
    await asyncio.sleep(0)

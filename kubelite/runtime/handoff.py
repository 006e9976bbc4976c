"""A blocking function as a coroutine: its thread runs only while the event loop waits for it.

Whatever the function has to wait for it hands to the loop as a coroutine, and gets back what came of it. So
only one of the two runs at a time, and the order of things is the same in every run, also in virtual time. A
function that computes for long is the exception: after `PATIENCE_S` the loop goes on beside it.

Invariant: after `run` has ended no thread is left, but for a function that swallows its end.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from kubelite.runtime.logs import get_logger
from kubelite.runtime.tasks import checkpoint

T = TypeVar("T")
PATIENCE_S: Final = 0.05
"""How long the loop stands still for a function that computes, in real seconds."""
GLANCE_S: Final = 0.001
"""How long it then stands still in each of its turns."""
END_S: Final = 1.0
"""How long a function may take to end that is cancelled, in real seconds."""


class Cancelled(BaseException):
    """Raised in the function where it waits, or computes, when its coroutine is cancelled."""


class Handoff:
    """One call of a blocking function.

    Args:
        function: Is given this object, for `wait`.
        name: Of its thread.
    """

    def __init__(self, function: Callable[[Handoff], T], name: str) -> None:
        self._function: Callable[[Handoff], Any] = function
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._work,), name=name, daemon=True)
        self._parked = threading.Event()
        self._resumed = threading.Event()
        self._wanted: Callable[[], Awaitable[Any]] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self._cancelled = False

    def __repr__(self) -> str:
        state = "waits" if self._wanted is not None else "runs" if self._thread.is_alive() else "ended"
        return f"<Handoff {self._thread.name}, {state}>"

    # --- on the loop

    async def run(self) -> Any:
        """Run the function to its end; what it returns or raises.

        Raises:
            asyncio.CancelledError: It was cancelled, and the function with it.
        """
        self._thread.start()
        try:
            while True:
                await self._until_parked()
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    break
                await self._do(wanted)
        except asyncio.CancelledError:
            self._cancel()
            raise
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result

    async def _until_parked(self) -> None:
        if self._parked.wait(PATIENCE_S):
            self._parked.clear()
            return
        while not self._parked.wait(GLANCE_S):
            await checkpoint()  # as the thread is no task, nothing else can be awaited
        self._parked.clear()

    async def _do(self, wanted: Callable[[], Awaitable[Any]]) -> None:
        self._result = self._error = None
        try:
            self._result = await wanted()
        except Exception as error:  # noqa: BLE001 - it is the function's to handle
            self._error = error
        self._resumed.set()

    def _cancel(self) -> None:
        self._cancelled = True
        self._resumed.set()
        if self._thread.ident is not None:
            identity = ctypes.c_ulong(self._thread.ident)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(Cancelled))
        self._thread.join(END_S)
        if self._thread.is_alive():
            get_logger().warning("thread does not end", thread=self._thread.name)

    # --- in the thread

    def wait(self, wanted: Callable[[], Awaitable[T]]) -> T:
        """Let the loop await what `wanted` gives; its result, or what it raises.

        Raises:
            Cancelled: The function is to end.
        """
        if self._cancelled:
            raise Cancelled
        self._wanted = wanted
        self._parked.set()
        self._resumed.wait()
        self._resumed.clear()
        if self._cancelled:
            raise Cancelled
        error, result = self._error, self._result
        self._error = self._result = None
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def _work(self) -> None:
        try:
            self._call()
        except Cancelled:
            return  # nobody waits any more

    def _call(self) -> None:
        try:
            result = self._function(self)
        except Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - told to whoever awaits it
            self._result, self._error = None, error
        else:
            self._result, self._error = result, None
        self._wanted = None
        self._parked.set()

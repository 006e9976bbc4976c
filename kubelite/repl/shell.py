"""IPython's prompt, if it is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from types import CoroutineType
from typing import Any

from kubelite.cluster.blocking import BlockingCluster
from kubelite.repl.console import tells_enough
from kubelite.repl.display import hush, shown


def is_installed() -> bool:
    """Whether there is an IPython."""
    return find_spec("IPython") is not None


class Cells:
    """Runs cells with an `await` on the cluster's loop; Ctrl-C cancels the one that runs."""

    def __init__(self, running: BlockingCluster) -> None:
        self._running = running
        self._task: asyncio.Task[Any] | None = None
        self._is_interrupted = False

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """IPython's own coroutine around a cell, which shows what the cell raises."""
        self._is_interrupted = False

        async def cell() -> Any:
            self._task = asyncio.current_task()
            return await coroutine

        future = self._running.submit(cell)
        while True:
            try:
                return future.result()
            except KeyboardInterrupt:
                self._running.run(self._interrupt)

    def _interrupt(self) -> None:
        self._is_interrupted = True
        if self._task is not None:
            self._task.cancel()

    def show(
        self,
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        trace: Any,
        tb_offset: Any = None,
    ) -> None:
        """An error without a traceback where its text says all."""
        if self._is_interrupted and kind is asyncio.CancelledError:
            self._is_interrupted = False
            print("\nKeyboardInterrupt")  # noqa: T201 - it is a prompt
        elif tells_enough(error):
            print(f"{kind.__name__}: {error}")  # noqa: T201 - as above
        else:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def make(running: BlockingCluster, scope: dict[str, Any], banner: str) -> Any:
    """An IPython shell whose cells with an `await` run on the cluster's loop."""
    from IPython.terminal import embed  # noqa: PLC0415 - optional

    cells = Cells(running)
    shell_class: Any = embed.InteractiveShellEmbed
    shell = shell_class(user_ns=scope, banner1=banner, exit_msg="")
    shell.autoawait = True
    shell.set_custom_exc((Exception, asyncio.CancelledError), cells.show)
    shell.loop_runner = cells.run
    plain = shell.display_formatter.formatters["text/plain"]
    for kind in (dict, list, CoroutineType):
        plain.for_type(kind, _printer(running, plain.for_type(kind) or _own_repr))
    return shell


def _own_repr(value: Any, printer: Any, _cycle: bool) -> None:
    printer.text(repr(value))


def _printer(running: BlockingCluster, plain: Callable[..., None]) -> Callable[[Any, Any, bool], None]:
    """Prints objects of the API as kubectl shows them, other values as before."""

    def show(value: Any, printer: Any, cycle: bool) -> None:
        instead = shown(running, value)
        if instead is value:
            plain(value, printer, cycle)
        else:
            printer.text(repr(instead))

    return show


def interact(running: BlockingCluster, scope: dict[str, Any], banner: str) -> None:
    """Read and run cells until the end of the input."""
    hush()
    make(running, scope, banner)()

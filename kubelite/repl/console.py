"""The prompt of the standard library, with `await` at the top level.

Source: the `asyncio` module's own prompt (asyncio/__main__.py) for the compiler flag.
"""

from __future__ import annotations

import ast
import asyncio
import code
import inspect
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import Any, Final

from kubelite.apimachinery.apierrors import APIError
from kubelite.client.wait import WaitTimeout
from kubelite.cluster.blocking import BlockingCluster
from kubelite.cluster.remote import Unsupported
from kubelite.repl.completion import completer
from kubelite.repl.display import hush, showing

HISTORY: Final = ".kubelite_history"
HISTORY_LINES: Final = 1000


class Console(code.InteractiveConsole):
    """Runs each statement on the cluster's loop; Ctrl-C cancels the one that runs."""

    def __init__(self, running: BlockingCluster, scope: dict[str, Any]) -> None:
        super().__init__(scope)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._running = running
        self._left = self._is_interrupted = False

    def runcode(self, code: CodeType) -> None:
        """Run a statement and show what it gives, or its traceback."""
        function = FunctionType(code, self.locals)
        self._is_interrupted = False

        async def statement() -> None:
            with self._caught(), showing(self._running):
                result = function()
                if inspect.iscoroutine(result):
                    await result

        future: Future[None] = self._running.submit(statement)
        try:
            future.result()
        except KeyboardInterrupt:
            self._is_interrupted = True
            future.cancel()
            self.write("\nKeyboardInterrupt\n")
        if self._left:
            raise SystemExit

    @contextmanager
    def _caught(self) -> Iterator[None]:
        """What a statement raises is shown, and must not take the cluster's loop along."""
        try:
            yield
        except SystemExit:
            self._left = True
        except (Exception, asyncio.CancelledError) as error:
            if self._is_interrupted and isinstance(error, asyncio.CancelledError):
                raise
            if tells_enough(error):
                self.write(f"{type(error).__name__}: {error}\n")
            else:
                error.__traceback__ = _from_typed(error.__traceback__)
                self.showtraceback()


def tells_enough(error: BaseException) -> bool:
    """Whether an error's text says all: an answer, or what was typed is at fault, not the code below."""
    if isinstance(error, APIError | WaitTimeout | Unsupported):
        return True
    is_about_network = isinstance(error, OSError)
    if not is_about_network and (
        not isinstance(error, ValueError | RuntimeError) or error.__cause__ is not None
    ):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    typed = [index for index, frame in enumerate(frames) if _is_typed(frame)]
    below = frames[typed[-1] + 1 :] if typed else frames
    modules = [str(frame.f_globals.get("__name__", "")) for frame in below]
    if is_about_network:  # nothing answers, or a file is missing
        return bool(modules) and modules[0].startswith("kubelite.")
    own = {"kubelite", "anyio", "concurrent", "asyncio"}
    return (
        bool(modules)
        and modules[-1].startswith("kubelite.")
        and all(each.partition(".")[0] in own for each in modules)
    )


def _from_typed(trace: TracebackType | None) -> TracebackType | None:
    """A traceback that shows what was typed and what came below; its first entry is left out when shown."""
    at = trace
    while at is not None and at.tb_next is not None:
        if _is_typed(at.tb_next.tb_frame):
            return at
        at = at.tb_next
    return trace


def _is_typed(frame: FrameType) -> bool:
    return frame.f_code.co_filename == "<console>" or frame.f_globals.get("__name__") == "__main__"


def interact(running: BlockingCluster, scope: dict[str, Any], banner: str, *, history: Path | None) -> None:
    """Read and run statements until the end of the input.

    Args:
        running: The cluster.
        scope: The names.
        banner: What is said first.
        history: Where the lines are kept from one time to the next; None keeps none.
    """
    readline = _line_editor(scope, history)
    hush()
    try:
        Console(running, scope).interact(banner=banner, exitmsg="")
    except SystemExit:
        return
    finally:
        if readline is not None and history is not None:
            readline.set_history_length(HISTORY_LINES)
            try:
                readline.write_history_file(history)
            except OSError as error:
                print(f"kubelite repl: the history is not kept: {error}", file=sys.stderr)  # noqa: T201


def _line_editor(scope: dict[str, Any], history: Path | None) -> Any:
    """Completion and history, where the platform has them and a person types."""
    if not sys.stdin.isatty():
        return None
    try:
        import readline  # noqa: PLC0415
        import rlcompleter  # noqa: PLC0415
    except ImportError:
        return None

    def line() -> str:
        return readline.get_line_buffer()[: readline.get_endidx()]

    readline.set_completer(completer(scope, rlcompleter.Completer(scope).complete, line))
    readline.parse_and_bind("tab: complete")
    if history is not None and history.exists():
        try:
            readline.read_history_file(history)
        except OSError as error:
            print(f"kubelite repl: the history cannot be read: {error}", file=sys.stderr)  # noqa: T201
    return readline

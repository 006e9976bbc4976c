"""IPython's prompt, if it is installed."""

from __future__ import annotations

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


def show(
    shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None
) -> None:
    """An error without a traceback where its text says all."""
    if tells_enough(error):
        print(f"{kind.__name__}: {error}")  # noqa: T201 - it is a prompt
    else:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def make(running: BlockingCluster, scope: dict[str, Any], banner: str) -> Any:
    """An IPython shell whose cells with an `await` run on the cluster's loop."""
    from IPython.terminal import embed  # noqa: PLC0415 - optional

    def on_the_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async def cell() -> Any:
            return await coroutine

        future = running.submit(cell)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    shell_class: Any = embed.InteractiveShellEmbed
    shell = shell_class(user_ns=scope, banner1=banner, exit_msg="")
    shell.autoawait = True
    shell.set_custom_exc((Exception,), show)
    shell.loop_runner = on_the_loop
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

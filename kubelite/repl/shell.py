"""IPython's prompt, if it is installed."""

from __future__ import annotations

from collections.abc import Coroutine
from importlib.util import find_spec
from typing import Any

from kubelite.cluster.blocking import BlockingCluster
from kubelite.repl.console import tells_enough


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
    return shell


def interact(running: BlockingCluster, scope: dict[str, Any], banner: str) -> None:
    """Read and run cells until the end of the input."""
    make(running, scope, banner)()

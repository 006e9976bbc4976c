"""IPython's prompt, if it is installed."""

from __future__ import annotations

from collections.abc import Coroutine
from importlib.util import find_spec
from typing import Any

from kubelite.cluster.blocking import BlockingCluster


def is_installed() -> bool:
    """Whether there is an IPython."""
    return find_spec("IPython") is not None


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
    shell.loop_runner = on_the_loop
    return shell


def interact(running: BlockingCluster, scope: dict[str, Any], banner: str) -> None:
    """Read and run cells until the end of the input."""
    make(running, scope, banner)()

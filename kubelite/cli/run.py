"""`kubelite run -- CMD`: an ephemeral cluster around one command."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable

from kubelite.cli.logs import configure_logging
from kubelite.cli.main import UsageError
from kubelite.cli.up import leave, make_cluster, not_startable, start_or_stop, stop_signals

_SIGNALLED = 128
_PR_SET_PDEATHSIG = 1


async def _run(options: argparse.Namespace, argv: list[str]) -> int:
    async with stop_signals() as stopped:
        cluster = make_cluster(options, expose=True)
        try:
            if not await start_or_stop(cluster, stopped):
                return _SIGNALLED + 2
        except OSError as error:
            raise not_startable(error, options) from error
        try:
            environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
            process = await asyncio.create_subprocess_exec(
                *argv, env=environment, preexec_fn=_die_with(os.getpid())
            )
            ended = asyncio.ensure_future(process.wait())
            waiting = asyncio.ensure_future(stopped.wait())
            await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                process.terminate()
            waiting.cancel()
            status = await ended
        finally:
            await cluster.stop()
    return leave(cluster, _SIGNALLED - status if status < 0 else status)


def _die_with(parent: int) -> Callable[[], None] | None:
    """What makes a child end when its parent is killed, which leaves it without a cluster; or None.

    Source: prctl(2), PR_SET_PDEATHSIG; the parent may have died before.
    """
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415 - only this needs it

    prctl = ctypes.CDLL(None).prctl

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return bind


def run_command(options: argparse.Namespace) -> int:
    """Runs `kubelite run`; answers with the command's exit status (128 + N if signal N ended it)."""
    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    if not argv:
        raise UsageError("say which command to run: kubelite run -- kubectl get nodes")
    if shutil.which(argv[0]) is None:
        print(f"kubelite run: there is no program {argv[0]!r} on the PATH", file=sys.stderr)
        return 127
    configure_logging(options.log_level)
    return asyncio.run(_run(options, argv))

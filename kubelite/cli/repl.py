"""`kubelite repl`: a prompt with a cluster in scope."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kubelite.apimachinery.apierrors import APIError
from kubelite.cli.logs import configure_logging
from kubelite.cli.main import UsageError
from kubelite.cli.up import cluster_options, not_startable, reason_of
from kubelite.cluster.blocking import start
from kubelite.repl import console, shell
from kubelite.repl.names import greeting, make_scope
from kubelite.runtime import VirtualClock


def repl(options: argparse.Namespace) -> int:
    """Runs `kubelite repl`; answers with the exit status.

    Raises:
        UsageError: The options do not go together, or a manifest cannot be applied.
    """
    configure_logging(options.log_level)
    clock = VirtualClock() if options.virtual_time else None
    try:
        running = start(**cluster_options(options), expose=clock is None, clock=clock)
    except OSError as error:
        raise not_startable(error, options) from error
    except ValueError as error:
        raise UsageError(str(error)) from error
    with running:
        for path in options.manifest:
            try:
                running.apply(path)
            except (OSError, TypeError, ValueError, APIError) as error:
                raise UsageError(f"--manifest {path}: {reason_of(error)}") from error
        scope, banner = make_scope(running), greeting(running)
        if not options.plain and sys.stdin.isatty() and shell.is_installed():
            shell.interact(running, scope, banner)
        else:
            console.interact(running, scope, banner, history=Path.home() / console.HISTORY)
    return 0

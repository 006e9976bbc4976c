"""The python images: a shell with its tools, and Python programs of one file.

A program runs in this process, as a task of its pod: it sees the container's files, arguments, environment,
streams and network, and the cluster's clock, through modules that stand in for those which would reach the
host. What it may import is in `modules`. It is a convenience, not a sandbox.

Source: python(1).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from kubelite.images.busybox import APPLETS, run_applets
from kubelite.images.container import Container
from kubelite.images.registry import Image
from kubelite.images.shell.process import Applet, Process


async def python(process: Process) -> int:
    """`python [-c CODE | -m MODULE | FILE] [ARGS]`; without any, the program is standard input."""
    from kubelite.images.python.command import run  # noqa: PLC0415 - most containers run no program

    return await run(process)


_APPLETS: Final[Mapping[str, Applet]] = {
    **APPLETS,
    "python": python,
    "python3": python,
    f"python3.{sys.version_info.minor}": python,
}


async def main(container: Container) -> int:
    """Runs a command of the image."""
    return await run_applets(container, _APPLETS)


IMAGE: Final = Image(program=main, kind="main", default_args=("python3",), exec=main, size=360_000_000)

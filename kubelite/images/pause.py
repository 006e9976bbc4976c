"""`pause`: does nothing until it is told to end, as the image of that name."""

from __future__ import annotations

import posixpath

from kubelite.images.container import CommandNotFoundError, Container
from kubelite.images.registry import Image


async def wait(container: Container) -> int:
    """Wait for SIGTERM, whatever the command is; exit 0."""
    await container.terminating.wait()
    return 0


async def main(container: Container) -> int:
    """The one command of the image: not even a shell is there.

    Raises:
        CommandNotFoundError: Another command is wanted.
    """
    if container.argv and posixpath.basename(container.argv[0]) != "pause":
        raise CommandNotFoundError(container.argv[0])
    return await wait(container)


IMAGE = Image(program=main, kind="main", entrypoint=("/pause",), exec=main, size=321_520)
WAITING = Image(program=wait, kind="main", size=321_520)
"""An image that stands for what has nothing to do here."""

"""`pause`: does nothing until it is told to end, as the image of that name."""

from __future__ import annotations

from kubelite.images.container import Container
from kubelite.images.registry import Image


async def main(container: Container) -> int:
    """Wait for SIGTERM; exit 0."""
    await container.terminating.wait()
    return 0


IMAGE = Image(program=main, kind="main", entrypoint=("/pause",), size=321_520)

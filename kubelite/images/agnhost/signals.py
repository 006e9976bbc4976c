"""How agnhost's loops end: at once with SIGTERM, as Go's programs do that take no note of it."""

from __future__ import annotations

from typing import Final

from kubelite.images.container import Container

TERMINATED: Final = 2
"""The exit status of Go's programs after SIGTERM as process 1, whose default action the kernel skips."""


async def is_terminated_within(container: Container, seconds: float) -> bool:
    """Waits so long; tells whether SIGTERM came meanwhile, or before."""
    try:
        async with container.clock.timeout(max(0.0, seconds)):
            await container.terminating.wait()
    except TimeoutError:
        return False
    return True

"""`agnhost logs-generator`: so many lines in so much time, each with its number.

Source: the logs-generator section of agnhost's README.
"""

from __future__ import annotations

from typing import Final

from kubelite.images.agnhost.netexec import note
from kubelite.images.agnhost.options import duration_s, flag
from kubelite.images.agnhost.signals import TERMINATED, is_terminated_within
from kubelite.images.container import Container

_METHODS: Final = ("GET", "POST", "PUT")
_NAMESPACES: Final = ("kube-system", "default", "ns")


def line(container: Container, number: int) -> str:
    """A line as an API server could have written it."""
    random = container.random
    path = f"/api/v1/namespaces/{random.choice(_NAMESPACES)}/pods/{random.suffix(random.choice((3, 4)))}"
    return f"{number} {random.choice(_METHODS)} {path} {random.choice(range(200, 600))}"


async def main(container: Container, args: list[str]) -> int:
    """`--log-lines-total N --run-duration D`: N lines, evenly over D."""
    total = int(flag(args, "log-lines-total", "0", short="t"))
    try:
        seconds = duration_s(flag(args, "run-duration", "0", short="d"))
    except ValueError as error:
        container.stderr.write(f"Error: {error}\n")
        return 1
    if total <= 0 or seconds <= 0:
        wrong = f"total number of lines: {total}" if total <= 0 else f"duration: {seconds}"
        container.stderr.write(f"Invalid {wrong}\n")
        return 255
    start = container.clock.monotonic()
    for number in range(total):
        note(container, line(container, number), "logs_generator.go:76")
        due = start + (number + 1) * seconds / total
        if await is_terminated_within(container, due - container.clock.monotonic()):
            return TERMINATED
    return 0

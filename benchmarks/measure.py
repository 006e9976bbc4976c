"""How things are measured: CPU time of this process, in turns with a floor, over some repetitions.

The machine may be shared, so wall time is not looked at.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Self

from benchmarks.row import Better, Row

CALIBRATION_ROUNDS: Final = 550_000
CALIBRATION_REFERENCE_S: Final = 0.1
"""CPU seconds that the calibration loop takes on the machine on which the suite was written (CPython 3.11).

Milliseconds are given as that machine would need them, so that a target means the same everywhere.
"""

Measured = Callable[[], Awaitable[float]]
"""Does something; answers with the CPU seconds of one operation."""


class Stopwatch:
    """CPU seconds of this process, from `with` to its end."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self._began = 0.0

    def __enter__(self) -> Self:
        self._began = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu_s = time.process_time() - self._began


def all_cpu_s() -> float:
    """CPU seconds of this process and of the children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def calibrate() -> float:
    """CPU seconds of a fixed piece of Python: calls, dictionaries, strings; the best of three."""
    return min(_calibration_loop() for _ in range(3))


def _calibration_loop() -> float:
    def work(table: dict[str, int], key: str) -> int:
        table[key] = table.get(key, 0) + len(key)
        return table[key]

    with Stopwatch() as watch:
        table: dict[str, int] = {}
        for number in range(CALIBRATION_ROUNDS):
            work(table, f"key-{number & 255}")
    return watch.cpu_s


class Bench:
    """What a benchmark is given.

    Args:
        group: Of the rows made.
        quick: Whether to be brief, for a smoke test: the figures mean little then.
    """

    def __init__(self, group: str, *, quick: bool) -> None:
        self.group = group
        self.quick = quick
        self._began = all_cpu_s()

    def repetitions(self, usual: int) -> int:
        """How often to repeat."""
        return 2 if self.quick else usual

    def size(self, usual: int) -> int:
        """How much to do in one repetition."""
        return max(1, usual // 20) if self.quick else usual

    def progress(self, text: str) -> None:
        """Says what is being done, on a terminal."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K  {text}")
            sys.stderr.flush()

    def spent_s(self) -> float:
        """CPU seconds that measuring has taken so far."""
        return all_cpu_s() - self._began

    async def compare(
        self,
        name: str,
        measured: Measured,
        floor: Measured,
        *,
        floor_name: str,
        target: float | None,
        repetitions: int = 7,
        better: Better = "higher",
    ) -> Row:
        """Runs both in turns.

        The ratio is the speed against that of the floor (floor / value) if higher is better, else the cost
        against that of the floor (value / floor): the median over the repetitions.
        """
        values, floors, ratios = [], [], []
        count = self.repetitions(repetitions)
        for repetition in range(count):
            self.progress(f"{name}: {repetition + 1} of {count}")
            gc.collect()
            floors.append(await floor())
            values.append(await measured())
            ratios.append(
                floors[-1] / values[-1] if better == "higher" else values[-1] / floors[-1],
            )
        scale, unit = _unit(statistics.median(values))
        return Row(
            name=name,
            group=self.group,
            value=statistics.median(values) * scale,
            unit=unit,
            floor=floor_name,
            floor_value=statistics.median(floors) * scale,
            ratio=statistics.median(ratios),
            target=target,
            better=better,
            cpu_s=self.spent_s(),
            spread=spread(ratios),
            repetitions=count,
        )

    def scaled(self, name: str, cpu_s: Sequence[float], *, target_ms: float | None, what: str = "") -> Row:
        """A row of milliseconds, scaled by the calibration loop to the machine for which the target holds.

        Args:
            name: Of the row.
            cpu_s: What each repetition took.
            target_ms: At most.
            what: Of what the milliseconds are, for the floor's text.
        """
        loop_s = calibrate()
        factor = CALIBRATION_REFERENCE_S / loop_s
        return Row(
            name=name,
            group=self.group,
            value=statistics.median(cpu_s) * 1000 * factor,
            unit="ms CPU",
            floor=f"calibration loop, {what + ', ' if what else ''}scaled by {factor:.2f}",
            floor_value=loop_s * 1000,
            ratio=None,
            target=target_ms,
            better="lower",
            cpu_s=self.spent_s(),
            spread=spread(cpu_s),
            repetitions=len(cpu_s),
        )

    def as_measured(
        self, name: str, values: Sequence[float], *, unit: str, target: float, better: Better
    ) -> Row:
        """A row of shares or speeds, scaled as above; the median as it was measured stands with the floor.

        Args:
            name: Of the row.
            values: Of each repetition: what costs falls on a quicker machine, what is a speed rises.
            unit: Of the values.
            target: For the scaled value.
            better: Which direction is.
        """
        factor = CALIBRATION_REFERENCE_S / calibrate()
        factor = factor if better == "lower" else 1 / factor
        value = statistics.median(values)
        return Row(
            name=name,
            group=self.group,
            value=value * factor,
            unit=unit,
            floor=f"calibration loop, scaled by {factor:.2f}; as measured",
            floor_value=value,
            ratio=None,
            target=None if self.quick else target,
            better=better,
            cpu_s=self.spent_s(),
            spread=spread(values),
            repetitions=len(values),
        )


def spread(values: Sequence[float]) -> float:
    """(highest - lowest) / median."""
    return (max(values) - min(values)) / statistics.median(values)


def _unit(seconds: float) -> tuple[float, str]:
    for scale, unit in ((1e9, "ns"), (1e6, "µs"), (1e3, "ms")):
        if seconds * scale < 1000:
            return scale, f"{unit} CPU"
    return 1.0, "s CPU"

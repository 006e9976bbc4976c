"""What a benchmark finds: rows that a table, a JSON file and a plot are made of."""

from __future__ import annotations

from typing import Literal

import attrs

Better = Literal["higher", "lower"]


@attrs.frozen(kw_only=True)
class Row:
    """One figure.

    Attributes:
        name: Unique in the suite.
        group: Rows of one group share a plot.
        value: In `unit`.
        floor: What it was measured against, in words.
        floor_value: Of the floor, in `unit`.
        ratio: Of value and floor as `floor` says; None where the target is a plain value.
        target: The bound of the ratio, or of the value where there is no ratio; None if there is none.
        better: On which side of the target it should be.
        cpu_s: CPU seconds that measuring it took.
        spread: (highest - lowest) / median over the repetitions.
    """

    name: str
    group: str
    value: float
    unit: str
    floor: str
    floor_value: float
    ratio: float | None
    target: float | None
    better: Better
    cpu_s: float
    spread: float
    repetitions: int

    @property
    def figure(self) -> float:
        """What the target is about."""
        return self.value if self.ratio is None else self.ratio

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.figure >= self.target if self.better == "higher" else self.figure <= self.target

    @property
    def target_text(self) -> str:
        """The target in words."""
        if self.target is None:
            return ""
        sign = "≥" if self.better == "higher" else "≤"
        return f"{sign} {self.target:g}" + (f" {self.unit}" if self.ratio is None else "")

    def to_json(self) -> dict[str, object]:
        """For `--json`."""
        return {**attrs.asdict(self), "met": self.met}

    @classmethod
    def from_json(cls, data: dict[str, object]) -> Row:
        """What `to_json` gave.

        Raises:
            TypeError: Something is missing.
        """
        names = {field.name for field in attrs.fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in names})  # type: ignore[arg-type]

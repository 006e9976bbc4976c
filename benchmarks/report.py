"""Tables of rows, and what got slower since an older run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.row import Row

HEADER: Final = ("name", "value", "unit", "floor", "ratio", "target", "met", "cpu_s", "spread")
NOISE_MIN: Final = 0.10
"""A change below this, or below the spread of either run, is noise."""


def table(rows: Sequence[Row]) -> str:
    """The rows in columns."""
    cells = [
        (
            row.name,
            f"{row.value:.4g}",
            row.unit,
            f"{row.floor} ({row.floor_value:.4g})",
            "" if row.ratio is None else f"{row.ratio:.3f}",
            row.target_text,
            {True: "yes", False: "NO", None: ""}[row.met],
            f"{row.cpu_s:.2f}",
            f"{row.spread:.0%}",
        )
        for row in rows
    ]
    return _columns([HEADER, *cells])


def _columns(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    texts.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(texts)


def save(path: Path, rows: Sequence[Row], environment: dict[str, object]) -> None:
    """Writes the JSON file."""
    data = {"environment": environment, "rows": [row.to_json() for row in rows]}
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path: Path) -> list[Row]:
    """Reads what `save` wrote.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no such file.
    """
    try:
        return [Row.from_json(each) for each in json.loads(path.read_text(encoding="utf-8"))["rows"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} was not written by --json: {error}") from error


def compare(rows: Sequence[Row], old: Sequence[Row]) -> str:
    """What changed: the change is positive where it got better."""
    before = {row.name: row for row in old}
    lines: list[Sequence[str]] = [("name", "was", "is", "change", "")]
    for row in rows:
        former = before.get(row.name)
        if former is None:
            lines.append((row.name, "", f"{row.figure:.4g}", "", "new"))
            continue
        change = row.figure / former.figure - 1 if former.figure else 0.0
        if row.better == "lower":
            change = -change
        noise = max(NOISE_MIN, row.spread / 2, former.spread / 2)
        verdict = "slower" if change < -noise else "faster" if change > noise else "same"
        lines.append((row.name, f"{former.figure:.4g}", f"{row.figure:.4g}", f"{change:+.0%}", verdict))
    return _columns(lines)

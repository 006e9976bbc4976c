"""A picture per group: what was reached, as a share of the target."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.row import Row


def draw(directory: Path, rows: Sequence[Row]) -> list[Path]:
    """Writes one PNG per group.

    Raises:
        ImportError: matplotlib is not installed; it is in the extra `bench`.
    """
    import matplotlib as mpl  # noqa: PLC0415 - only who asks for plots needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for group, members in groupby(sorted(rows, key=lambda row: row.group), key=lambda row: row.group):
        path = directory / f"{group.replace('/', '-')}.png"
        figure = _figure(plt, group, list(members))
        figure.savefig(path, dpi=120)
        plt.close(figure)
        written.append(path)
    return written


def _figure(pyplot: Any, group: str, rows: Sequence[Row]) -> Any:
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.6 * len(rows)), layout="constrained")
    colours = {True: "#2a7f3f", False: "#b3261e", None: "#5f6b7a"}
    shares = [_share(row) for row in rows]
    axes.barh([row.name for row in rows], shares, color=[colours[row.met] for row in rows], height=0.55)
    axes.axvline(1.0, color="black", linewidth=1, linestyle="--")
    for position, (row, share) in enumerate(zip(rows, shares, strict=True)):
        figure_text = f"{row.figure:.3g} (target {row.target_text})" if row.target else f"{row.figure:.3g}"
        axes.text(share, position, f" {figure_text}", va="center", fontsize=8)
    axes.set_xlim(0, max(1.0, *shares) * 1.45)
    axes.set_xlabel("performance as a share of the target (right of the dashed line: met)")
    axes.set_title(group)
    axes.invert_yaxis()
    return figure


def _share(row: Row) -> float:
    if not row.target:
        return 1.0
    return row.figure / row.target if row.better == "higher" else row.target / row.figure

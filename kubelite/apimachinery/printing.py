"""Tables as kubectl prints them, and as a notebook shows them.

Source: k8s.io/cli-runtime/pkg/printers (tableprinter.go: three spaces between columns, headers in capitals,
columns of priority 0 unless wide output is asked for).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from kubelite.apimachinery.scheme import Object

PADDING: Final = 3
NONE: Final = "<none>"
NAMESPACE: Final = "NAMESPACE"


def cells_of(table: Object, *, wide: bool = False, with_namespace: bool = False) -> list[list[str]]:
    """The header and the rows of a Table, as texts.

    Args:
        table: A `meta.k8s.io` Table whose rows carry their objects' metadata.
        wide: Columns of a lower priority too.
        with_namespace: The objects' namespaces come first.
    """
    shown = [
        (index, each["name"].upper())
        for index, each in enumerate(table["columnDefinitions"] or ())
        if wide or not each.get("priority")
    ]
    lead = [NAMESPACE] if with_namespace else []
    lines = [lead + [name for _, name in shown]]
    for row in table["rows"]:
        first = [row["object"]["metadata"].get("namespace", "")] if with_namespace else []
        lines.append(first + [_text(row["cells"][index]) for index, _ in shown])
    return lines


def as_text(cells: Sequence[Sequence[str]]) -> str:
    """Columns aligned to the left; without a line end at the end."""
    if not cells:
        return ""
    widths = [max(map(len, column)) + PADDING for column in zip(*cells, strict=True)]
    return "\n".join(
        "".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def as_html(cells: Sequence[Sequence[str]]) -> str:
    """A table element."""
    if not cells:
        return ""
    head = "".join(f"<th>{escape(text)}</th>" for text in cells[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in line) + "</tr>" for line in cells[1:]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(cell: object) -> str:
    if cell is None:
        return NONE
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell).partition("\n")[0]

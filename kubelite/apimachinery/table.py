"""Server-side Tables and metadata-only forms of objects.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal, Protocol

from kubelite.apimachinery.scheme import Object

META_V1: Final = "meta.k8s.io/v1"
IncludeObject = Literal["None", "Metadata", "Object"]


class Column(Protocol):
    """A column: its definition, and the cell of an object at a time (Unix seconds)."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def format(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102
    @property
    def priority(self) -> int: ...  # noqa: D102
    @property
    def cell(self) -> Callable[[Object, float], Any]: ...  # noqa: D102


def partial_metadata(obj: Object, api_version: str = META_V1) -> Object:
    """An object's metadata without the rest."""
    return {"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": obj.get("metadata", {})}


def column_definitions(columns: Sequence[Column]) -> list[Object]:
    """The columns as a Table declares them."""
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        }
        for column in columns
    ]


def make_row(
    obj: Object,
    columns: Sequence[Column],
    now: float,
    *,
    include_object: IncludeObject = "Metadata",
    conditions: Sequence[Object] = (),
    api_version: str = META_V1,
) -> Object:
    """The row of one object.

    Args:
        obj: The object.
        columns: What is shown of it.
        now: Unix seconds, for ages.
        include_object: What of the object itself goes along.
        conditions: Conditions of the row (`Completed` greys it out).
        api_version: Of the metadata that goes along.
    """
    row: Object = {"cells": [column.cell(obj, now) for column in columns]}
    if conditions:
        row["conditions"] = list(conditions)
    if include_object == "Object":
        row["object"] = obj
    elif include_object == "None":
        row["object"] = None
    else:
        row["object"] = partial_metadata(obj, api_version)
    return row


def make_table(
    columns: Sequence[Column],
    rows: Iterable[Object],
    metadata: Object,
    *,
    api_version: str = META_V1,
    with_columns: bool = True,
) -> Object:
    """A Table of rows.

    Args:
        columns: Their definitions.
        rows: Made by `make_row`.
        metadata: Of the list, or the resourceVersion of a single object.
        api_version: `meta.k8s.io/v1` or `meta.k8s.io/v1beta1`.
        with_columns: A watch names the columns only in its first Table.
    """
    definitions = column_definitions(columns) if with_columns else None
    return {
        "kind": "Table",
        "apiVersion": api_version,
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": list(rows),
    }

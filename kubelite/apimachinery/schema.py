"""What is known of a type's fields, as the patches and the checks of bodies need it.

The facts are the api package's; this is the shape in which it hands them down.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class SchemaField(Protocol):
    """One field of a type.

    Attributes:
        shape: `scalar`, `object` (free-form), `struct`, `list` or `map`.
        type: Go's word for a scalar's type (`string`, `int32`, `bool` …), for lists and maps that of the
            items.
        merge_key: By which field a strategic merge tells list items apart; "" if it does not merge.
        merges: Whether a list is merged (by `merge_key`, or as a set of scalars) and not replaced.
        retains_keys: A map or union of which a patch keeps only the keys that it names, where told so.
    """

    @property
    def shape(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def merge_key(self) -> str: ...  # noqa: D102
    @property
    def merges(self) -> bool: ...  # noqa: D102
    @property
    def retains_keys(self) -> bool: ...  # noqa: D102
    @property
    def struct(self) -> SchemaType | None:
        """The type of a struct, or of the items of a list or map of structs."""


class SchemaType(Protocol):
    """A type: its name as Go says it, and its fields by JSON name."""

    @property
    def name(self) -> str:
        """`ReplicationControllerSpec`."""

    @property
    def fields(self) -> Mapping[str, SchemaField]:
        """All fields."""

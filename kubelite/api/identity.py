"""Remember what a pure function made of a tree, by the tree's identity.

API objects are immutable and shared: a thousand pods of one template hold the very same spec, so that work
on it need be done only once. An entry keeps its key alive, therefore an identity cannot be taken by another
tree meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

R = TypeVar("R")

ENTRIES_MAX: Final = 64
"""How many trees one function remembers; the oldest is forgotten first."""


class ByIdentity(Generic[R]):
    """Wraps a pure function of one tree."""

    __slots__ = ("_entries", "_entries_max", "_function")

    def __init__(self, function: Callable[[Any], R], entries_max: int = ENTRIES_MAX) -> None:
        self._function = function
        self._entries_max = entries_max
        self._entries: dict[int, tuple[Any, R]] = {}

    def __call__(self, tree: Any) -> R:
        """The function's result for this very tree."""
        entry = self._entries.get(id(tree))
        if entry is not None:
            return entry[1]
        result = self._function(tree)
        if len(self._entries) >= self._entries_max:
            del self._entries[next(iter(self._entries))]
        self._entries[id(tree)] = (tree, result)
        return result

    def __repr__(self) -> str:
        return f"<ByIdentity {self._function.__name__} {len(self._entries)}/{self._entries_max}>"

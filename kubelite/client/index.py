"""An inverted index: which objects have which value of something, kept up change by change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from kubelite.apimachinery.scheme import Object

KeysOf = Callable[[Object], Iterable[str]]
PartOf = Callable[[Object], object]
_NONE: Final[Mapping[str, None]] = MappingProxyType({})


class Index:
    """Keys of objects by values; each bucket is in the order in which its objects came.

    Args:
        values_of: The values under which an object is found.
        part_of: The tree in the object on which they depend, if it is one: while that stays the same one,
            which costs little to see, so do they.
    """

    __slots__ = ("_buckets", "_part_of", "_values_of")

    def __init__(self, values_of: KeysOf, part_of: PartOf | None = None) -> None:
        self._values_of = values_of
        self._part_of = part_of
        self._buckets: dict[str, dict[str, None]] = {}

    def change(self, key: str, old: Object | None, new: Object | None) -> None:
        """Take note of what became of the object `key`; None for absent."""
        part_of = self._part_of
        if part_of is not None and old is not None and new is not None and part_of(old) is part_of(new):
            return
        before = () if old is None else tuple(self._values_of(old))
        after = () if new is None else tuple(self._values_of(new))
        if before == after:
            return
        for value in before:
            if value not in after:
                bucket = self._buckets[value]
                bucket.pop(key, None)
                if not bucket:
                    del self._buckets[value]
        for value in after:
            if value not in before:
                self._buckets.setdefault(value, {})[key] = None

    def get(self, value: str) -> Mapping[str, None]:
        """The keys of the objects with this value."""
        return self._buckets.get(value, _NONE)

    def __len__(self) -> int:
        return len(self._buckets)

    def __repr__(self) -> str:
        return f"<Index {len(self._buckets)} values>"

"""Environment variables in layers, of which containers share what they have in common.

Every container has variables of every Service of its namespace: a copy each would grow with the product of
both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain


class Variables(Mapping[str, str]):
    """Variables by name; a later layer beats those before it.

    Args:
        layers: They are kept, not copied, and must not change.
    """

    __slots__ = ("layers",)

    def __init__(self, *layers: Mapping[str, str]) -> None:
        self.layers = layers

    def __repr__(self) -> str:
        return f"<Variables {dict(self)}>"

    def __getitem__(self, name: str) -> str:
        for layer in reversed(self.layers):
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(chain.from_iterable(self.layers)))

    def __len__(self) -> int:
        return len(dict.fromkeys(chain.from_iterable(self.layers)))

"""Seeded chance. Streams are independent by name, whatever the order in which they are used."""

from __future__ import annotations

import hashlib
import random as standard
import secrets
from collections.abc import MutableSequence, Sequence
from typing import TypeVar

T = TypeVar("T")
_UUID_4 = 4 << 76 | 2 << 62
_UUID_KEPT = (1 << 128) - 1 - (0xF << 76) - (3 << 62)
"""Which bits of a UUID of version 4 are given, and which are by chance. Source: RFC 9562."""
SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Letters of generated names: no vowels and no look-alikes. Source: k8s.io/apimachinery/pkg/util/rand."""


class Randomness:
    """A generator; the same seed gives the same numbers in every process.

    Args:
        seed: None takes one by chance; `seed` tells which.
    """

    def __init__(self, seed: int | None = None, name: str = "") -> None:
        self.seed = secrets.randbits(32) if seed is None else seed
        self.name = name
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        self._random = standard.Random(int.from_bytes(digest[:16], "big"))  # noqa: S311 - repeatable on purpose
        self.random = self._random.random
        self.uniform = self._random.uniform
        self.randrange = self._random.randrange
        self.randbytes = self._random.randbytes

    def __repr__(self) -> str:
        return f"<Randomness seed={self.seed} {self.name!r}>"

    def fork(self, name: str) -> Randomness:
        """An independent stream; the same name gives the same stream."""
        return Randomness(self.seed, f"{self.name}/{name}")

    def choice(self, items: Sequence[T]) -> T:
        """One item.

        Raises:
            IndexError: There is none.
        """
        return self._random.choice(items)

    def shuffle(self, items: MutableSequence[T]) -> None:
        """Reorders in place."""
        self._random.shuffle(items)

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """Different items."""
        return self._random.sample(items, count)

    def uuid4(self) -> str:
        """A random UUID."""
        text = "%032x" % (self._random.getrandbits(128) & _UUID_KEPT | _UUID_4)  # quicker than an f-string
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def suffix(self, length: int = 5) -> str:
        """Letters for a generated name."""
        letters, random = SUFFIX_ALPHABET, self.random  # as `choices` does it, which is slow to begin
        return "".join([letters[int(random() * len(letters))] for _ in range(length)])

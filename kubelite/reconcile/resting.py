"""How long a key rests between two looks that events ask for: a burst of events costs a look or two.

A look goes through all objects of its key. The more there are, the dearer it is, and the longer the rest; so
that what all looks cost does not grow with the square of their number.
"""

from __future__ import annotations

from typing import Final

PER_OBJECT_S: Final = 1e-4
LONGEST_S: Final = 0.1
FEW: Final = 10
"""Among so many objects nothing rests."""


def rest_s(size: int) -> float:
    """Seconds between two looks that go through so many objects."""
    return min(LONGEST_S, size * PER_OBJECT_S) if size > FEW else 0.0

"""Sets of characters, as sorted ranges of code points that do not touch.

Source: https://pkg.go.dev/regexp/syntax (Perl, ASCII and Unicode character classes).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

LAST: Final = 0x10FFFF
_FOLDED_MAX: Final = 2048
"""Characters of a set that are folded one by one; larger sets are folded in ASCII only."""

DIGIT: Final[Ranges] = ((48, 57),)
WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE: Final[Ranges] = ((9, 10), (12, 13), (32, 32))
ANY: Final[Ranges] = ((0, LAST),)
NOT_NEWLINE: Final[Ranges] = ((0, 9), (11, LAST))

PERL: Final[dict[str, Ranges]] = {"d": DIGIT, "w": WORD, "s": SPACE}
POSIX: Final[dict[str, Ranges]] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}


def normalised(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same set in order, with ranges that touch made one."""
    made: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if made and low <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(high, made[-1][1]))
        else:
            made.append((low, high))
    return tuple(made)


def negated(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Every character that is not in the set."""
    made: list[tuple[int, int]] = []
    following = 0
    for low, high in normalised(ranges):
        if low > following:
            made.append((following, low - 1))
        following = high + 1
    if following <= LAST:
        made.append((following, LAST))
    return tuple(made)


def folded(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The set with the other cases of its characters."""
    given = normalised(ranges)
    made = list(given)
    if sum(high - low + 1 for low, high in given) <= _FOLDED_MAX:
        for low, high in given:
            for point in range(low, high + 1):
                character = chr(point)
                made += [
                    (ord(other), ord(other))
                    for other in (character.lower(), character.upper(), character.casefold())
                    if len(other) == 1
                ]
    for low, high, shift in ((65, 90, 32), (97, 122, -32)):
        for first, last in given:
            if first <= high and last >= low:
                made.append((max(first, low) + shift, min(last, high) + shift))
    return normalised(made)


def contains(ranges: Ranges, point: int) -> bool:
    """Whether a code point is in the set."""
    low, high = 0, len(ranges)
    while low < high:
        middle = (low + high) // 2
        if ranges[middle][1] < point:
            low = middle + 1
        else:
            high = middle
    return low < len(ranges) and ranges[low][0] <= point


@lru_cache(maxsize=64)
def unicode_class(name: str) -> Ranges | None:
    """The characters of a general category (`L`, `Lu`) or script (`Greek`); None if there is no such class.

    Scripts are told by the names of their characters, which Python's tables have in place of scripts.
    """
    if name == "Any":
        return ANY
    if len(name) <= 2 and name[:1].isupper():
        found = [point for point in range(LAST + 1) if unicodedata.category(chr(point)).startswith(name)]
    else:
        prefix = "CJK UNIFIED IDEOGRAPH" if name == "Han" else name.upper().replace("_", " ") + " "
        found = [point for point in range(0x20000) if unicodedata.name(chr(point), "").startswith(prefix)]
    return normalised((point, point) for point in found) or None

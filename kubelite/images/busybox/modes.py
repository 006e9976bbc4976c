"""The modes that chmod understands.

Source: POSIX.1-2017, Utilities, chmod, Extended Description.
"""

from __future__ import annotations

import re

_SHIFTS = {"u": 6, "g": 3, "o": 0}
_BITS = {"r": 4, "w": 2, "x": 1}
_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=][rwxXst]*)+)")
_ACTION = re.compile(r"([-+=])([rwxXst]*)")


def changed_mode(text: str, old: int, *, directory: bool = False) -> int:
    """What `chmod TEXT` makes of a mode.

    Raises:
        ValueError: The text is no mode.
    """
    if re.fullmatch("[0-7]{1,4}", text):
        return int(text, 8)
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise ValueError(text)
        who = "ugo" if not match[1] or "a" in match[1] else match[1]
        for sign, letters in _ACTION.findall(match[2]):
            bits = _bits(who, letters, old, directory=directory)
            if sign == "=":
                old = old & ~_bits(who, "rwx", old, directory=directory) | bits
            else:
                old = old | bits if sign == "+" else old & ~bits
    return old


def _bits(who: str, letters: str, old: int, *, directory: bool) -> int:
    runs = "x" in letters or ("X" in letters and (directory or bool(old & 0o111)))
    plain = sum(_BITS[letter] for letter in set(letters) & {"r", "w"}) + runs
    bits = sum(plain << _SHIFTS[each] for each in set(who))
    if "s" in letters:
        bits |= (0o4000 if "u" in who else 0) | (0o2000 if "g" in who else 0)
    return bits | (0o1000 if "t" in letters else 0)

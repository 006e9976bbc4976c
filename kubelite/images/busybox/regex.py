"""POSIX regular expressions, basic and extended, as Python's.

Source: POSIX.1-2017, Base Definitions, 9 Regular Expressions; the GNU extensions that BusyBox's libc knows.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kubelite.images.shell.pattern import bracket

_ESCAPES = {"<": r"\b(?=\w)", ">": r"\b(?<=\w)", "n": r"\n", "t": r"\t", "`": r"\A", "'": r"\Z"}
_KEPT = frozenset("bBwWsS123456789")


@lru_cache(maxsize=256)
def compile_regex(pattern: str, *, extended: bool, ignore_case: bool = False) -> re.Pattern[str]:
    """The expression, compiled.

    Raises:
        re.error: It is none.
    """
    return re.compile(
        to_python(pattern, extended=extended), re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    )


def to_python(pattern: str, *, extended: bool) -> str:
    r"""A POSIX expression as Python writes it; basic ones have `\(`, `\{`, `\|`, `\+`, `\?`."""
    made: list[str] = []
    at, starts = 0, True  # whether an expression starts here, so that `*` is ordinary and `^` an anchor
    while at < len(pattern):
        char, following = pattern[at], pattern[at + 1 : at + 2]
        at += 1
        special = char
        if char == "\\":
            at += 1
            if not extended and following and following in "(){}|+?":
                special = following
            else:
                made.append(_escaped(following))
                starts = False
                continue
        elif char in "(){}|+?" and not extended:
            made.append("\\" + char)
            starts = False
            continue
        if special == "[" and (found := bracket(pattern, at - 1, escapes=False, negation="^")) is not None:
            made.append(found[0])
            at, starts = found[1], False
            continue
        if special == "*" and starts:
            made.append(r"\*")
        elif special == "^":
            made.append(r"\A" if starts or extended else r"\^")
            continue
        elif special == "$":
            ends = extended or at == len(pattern) or pattern.startswith(("\\)", "\\|"), at)
            made.append(r"\Z" if ends else r"\$")
        elif special in "(|":
            made.append(special)
            starts = True
            continue
        elif special in "*+?.)}{|":
            made.append(special)
        else:
            made.append(re.escape(special))
        starts = False
    return "".join(made)


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return "\\" + char if char in _KEPT else re.escape(char)

"""Shell patterns: `*`, `?`, bracket expressions, `@(a|b)`; a backslash makes the next character ordinary.

Source: POSIX.1-2017, Shell Command Language, 2.13 Pattern Matching Notation; XBD 9.3.5 bracket expressions;
the Bash Reference Manual, 3.5.8.1 Pattern Matching (extglob).
"""

from __future__ import annotations

import re
from functools import lru_cache

WILD = re.compile(r"[*?\[]|[@+!]\(")
GROUP = re.compile(r"[@+*?!]\(")
"""The beginning of a group of patterns."""
_MEANT = re.compile(r"([*?\[\]\\!^@+()|-])")
_REPETITIONS = {"@": "", "?": "?", "*": "*", "+": "+"}
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\n\r\f\v",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


def escape(text: str) -> str:
    """A pattern that matches only `text`."""
    return _MEANT.sub(r"\\\1", text)


def bracket(text: str, at: int, *, escapes: bool, negation: str = "!^") -> tuple[str, int] | None:
    """A bracket expression as Python's regular expressions write it, and the place behind it.

    Args:
        text: Holds `[` at `at`.
        at: Where it begins.
        escapes: Whether a backslash in it makes the next character ordinary.
        negation: The signs of which one, standing first, negates.

    Returns:
        None if the bracket is not closed: then `[` is ordinary.
    """
    place, made = at + 1, ""
    if text[place : place + 1] and text[place] in negation:
        made, place = "^", place + 1
    first = place
    while place < len(text):
        char = text[place]
        if char == "]" and place > first:
            return f"[{made}]", place + 1
        if text.startswith("[:", place) and (end := text.find(":]", place)) > 0:
            made += _CLASSES.get(text[place + 2 : end], "")
            place = end + 2
            continue
        if char == "\\" and escapes and place + 1 < len(text):
            made += re.escape(text[place + 1])
            place += 2
            continue
        made += (
            char if char == "-" and place > first and text[place + 1 : place + 2] != "]" else re.escape(char)
        )
        place += 1
    return None


@lru_cache(maxsize=512)
def translate(pattern: str, *, lazy: bool = False) -> str:
    """The pattern as a regular expression of Python's (for `re.DOTALL`); `lazy` makes `*` match least."""
    made, at = list[str](), 0
    while at < len(pattern):
        char = pattern[at]
        if GROUP.match(pattern, at) and (group := _group(pattern, at + 1)) is not None:
            patterns, at = group
            choices = "|".join(translate(each, lazy=lazy) for each in patterns)
            if char == "!":
                rest = translate(pattern[at:], lazy=lazy)
                return "".join(made) + f"(?!(?:{choices}){rest}\\Z).*{'?' if lazy else ''}{rest}"
            made.append(f"(?:{choices}){_REPETITIONS[char]}")
            continue
        if char == "*":
            made.append(".*?" if lazy else ".*")
        elif char == "?":
            made.append(".")
        elif char == "[" and (found := bracket(pattern, at, escapes=True)) is not None:
            made.append(found[0])
            at = found[1]
            continue
        elif char == "\\" and at + 1 < len(pattern):
            at += 1
            made.append(re.escape(pattern[at]))
        else:
            made.append(re.escape(char))
        at += 1
    return "".join(made)


def _group(pattern: str, at: int) -> tuple[list[str], int] | None:
    """The patterns in the parentheses at `at`, and the place behind them; None if these are not closed."""
    depth, start, patterns = 0, at + 1, list[str]()
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif char == "(":
            depth += 1
        elif char == "|" and depth == 1:
            patterns.append(pattern[start:at])
            start = at + 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return [*patterns, pattern[start:at]], at + 1
        at += 1
    return None


def matches(text: str, pattern: str) -> bool:
    """Whether a whole text matches a shell pattern."""
    return re.fullmatch(translate(pattern), text, re.DOTALL) is not None


def unescape(pattern: str) -> str:
    """The text of a pattern whose wildcards did not match anything."""
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)

"""`{a,b}` and `{1..3}`, which make several words of one, before anything else is expanded.

Source: the Bash Reference Manual, 3.5.1 Brace Expansion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kubelite.images.shell.syntax import Literal, Word

_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?|([a-zA-Z])\.\.([a-zA-Z])(?:\.\.(-?\d+))?")
WORDS_MAX = 100_000
"""A range makes at most so many words."""


def brace_words(words: Iterable[Word]) -> Iterator[Word]:
    """The words with their braces expanded; only braces that stand within one unquoted piece count."""
    for word in words:
        for at, part in enumerate(word.parts):
            if isinstance(part, Literal) and not part.quoted and len(made := expand_braces(part.text)) > 1:
                before, after = word.parts[:at], word.parts[at + 1 :]
                yield from brace_words(Word((*before, *_literal(text), *after)) for text in made)
                break
        else:
            yield word


def _literal(text: str) -> tuple[Literal, ...]:
    return (Literal(text),) if text else ()


def expand_braces(text: str) -> list[str]:
    """What the first pair of braces that means something makes of a text, and those behind and within it."""
    start = text.find("{")
    while start >= 0:
        end = _closing(text, start)
        if end > 0 and (choices := _choices(text[start + 1 : end])):
            rest = expand_braces(text[end + 1 :])
            return [
                text[:start] + inner + tail
                for choice in choices
                for inner in expand_braces(choice)
                for tail in rest
            ]
        start = text.find("{", start + 1)
    return [text]


def _closing(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return at
    return -1


def _choices(inner: str) -> list[str]:
    """What stands between the commas, or the numbers or letters of a range; nothing if it is neither."""
    if match := _RANGE.fullmatch(inner):
        return _range(match)
    pieces, depth = [""], 0
    for char in inner:
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += char
    return pieces if len(pieces) > 1 else []


def _range(match: re.Match[str]) -> list[str]:
    first, last, step, letter, last_letter, letter_step = match.groups()
    if letter:
        step = letter_step
        first, last = str(ord(letter)), str(ord(last_letter))
    begin, end = int(first), int(last)
    stride = max(abs(int(step or 1)), 1) * (1 if end >= begin else -1)
    numbers = list(range(begin, end + (1 if stride > 0 else -1), stride))[:WORDS_MAX]
    if letter:
        return [chr(number) for number in numbers]
    padded = any(re.match(r"-?0\d", each) for each in (first, last))
    width = max(len(first), len(last)) if padded else 0
    return [f"{number:0{width}d}" for number in numbers]

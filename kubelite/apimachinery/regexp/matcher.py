"""Whether a text has a match of a pattern, in time linear in the text.

Python's engine tries one way after the other and needs exponential time on some patterns; those, and long
texts, are matched by an automaton whose states are sets of places in the pattern. Its steps are remembered,
so that it becomes the deterministic one as it runs.

Source: https://swtch.com/~rsc/regexp/regexp1.html.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, TypeAlias

from kubelite.apimachinery.regexp import charset
from kubelite.apimachinery.regexp.parser import (
    Alternate,
    Assert,
    AssertKind,
    Chars,
    Concat,
    Node,
    PatternError,
    Repeat,
    parse,
)

BACKTRACKED_MAX: Final = 256
"""Characters of a text that Python's engine is given."""
LOOPS_MAX: Final = 2
"""Unbounded repetitions of a pattern that Python's engine is given."""
STATES_MAX: Final = 50_000
_STEPS_MAX: Final = 20_000

_PYTHON_ASSERTS: Final[dict[AssertKind, str]] = {
    "begin": r"\A",
    "end": r"\Z",
    "line begin": r"(?:(?<=\n)|\A)",
    "line end": r"(?=\n|\Z)",
    "word": r"\b",
    "no word": r"\B",
}


def _to_python(node: Node) -> str:
    match node:
        case Chars(ranges=ranges):
            if not ranges:
                return r"(?!)"
            return "[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges) + "]"
        case Assert(kind=kind):
            return _PYTHON_ASSERTS[kind]
        case Concat(items=items):
            return "".join(map(_to_python, items))
        case Alternate(items=items):
            return "(?:" + "|".join(map(_to_python, items)) + ")"
        case Repeat(item=item, least=least, most=most):
            return f"(?:{_to_python(item)}){{{least},{'' if most is None else most}}}"


def _loops(node: Node, *, inside: bool = False) -> int:
    """How many unbounded repetitions of single characters there are; many if any repetition holds another."""
    match node:
        case Repeat(item=item, most=most):
            simple = isinstance(item, Chars)
            variable = most is None or most > 1
            if variable and (inside or not simple):
                return (
                    LOOPS_MAX + 1 if inside or _loops(item, inside=True) or isinstance(item, Alternate) else 1
                )
            return (1 if most is None else 0) + _loops(item, inside=inside)
        case Concat(items=items) | Alternate(items=items):
            return sum(_loops(each, inside=inside) for each in items)
        case _:
            return 0


# --- the automaton ------------------------------------------------------------------------------------------

_Edge: TypeAlias = tuple[AssertKind | None, int]


class _Program:
    """States of the automaton: each reads a character and goes on, or is passed through."""

    def __init__(self, node: Node) -> None:
        self.reads: dict[int, tuple[charset.Ranges, int]] = {}
        self.passes: dict[int, list[_Edge]] = {}
        self._count = 0
        self.accept = self._state()
        self.start = self._build(node, self.accept)

    def _state(self) -> int:
        self._count += 1
        if self._count > STATES_MAX:
            raise PatternError("expression too large", "")
        return self._count

    def _pass(self, *targets: int, kind: AssertKind | None = None) -> int:
        state = self._state()
        self.passes[state] = [(kind, target) for target in targets]
        return state

    def _build(self, node: Node, following: int) -> int:
        """The state at which `node` begins, if `following` comes after it."""
        match node:
            case Chars(ranges=ranges):
                state = self._state()
                self.reads[state] = (ranges, following)
                return state
            case Assert(kind=kind):
                return self._pass(following, kind=kind)
            case Concat(items=items):
                for each in reversed(items):
                    following = self._build(each, following)
                return following
            case Alternate(items=items):
                return self._pass(*(self._build(each, following) for each in items))
            case Repeat(item=item, least=least, most=most):
                return self._repeat(item, least, most, following)

    def _repeat(self, item: Node, least: int, most: int | None, following: int) -> int:
        if most is None:
            loop = self._state()
            self.passes[loop] = [(None, self._build(item, loop)), (None, following)]
            following = loop
        else:
            after = following
            for _ in range(most - least):
                following = self._pass(self._build(item, following), after)
        for _ in range(least):
            following = self._build(item, following)
        return following


def _is_word(character: str) -> bool:
    return character != "" and charset.contains(charset.WORD, ord(character))


def _holds(kind: AssertKind, before: str, after: str) -> bool:
    match kind:
        case "begin":
            return before == ""
        case "end":
            return after == ""
        case "line begin":
            return before in {"", "\n"}
        case "line end":
            return after in {"", "\n"}
        case "word":
            return _is_word(before) != _is_word(after)
        case "no word":
            return _is_word(before) == _is_word(after)


_States: TypeAlias = frozenset[int]


class _Automaton:
    """Runs a program; `""` stands for the ends of the text."""

    def __init__(self, node: Node) -> None:
        self._program = _Program(node)
        self._steps: dict[tuple[_States, str, str], tuple[bool, _States]] = {}

    def search(self, text: str) -> bool:
        states: _States = frozenset()
        before = ""
        for after in (*text, ""):
            key = (states, before, after)
            step = self._steps.get(key)
            if step is None:
                step = self._step(states, before, after)
                if len(self._steps) >= _STEPS_MAX:
                    self._steps.clear()
                self._steps[key] = step
            accepted, states = step
            if accepted:
                return True
            before = after
        return False

    def _step(self, states: _States, before: str, after: str) -> tuple[bool, _States]:
        """Whether a match ends here, and where its ways go on behind `after`."""
        program = self._program
        waiting = [program.start, *states]
        seen: set[int] = set()
        following: set[int] = set()
        while waiting:
            state = waiting.pop()
            if state in seen:
                continue
            seen.add(state)
            if state == program.accept:
                return True, frozenset()
            reads = program.reads.get(state)
            if reads is not None:
                if after and charset.contains(reads[0], ord(after)):
                    following.add(reads[1])
                continue
            for kind, target in program.passes[state]:
                if kind is None or _holds(kind, before, after):
                    waiting.append(target)
        return False, frozenset(following)


class Pattern:
    """A compiled pattern."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree = parse(text)
        self._python: re.Pattern[str] | None = None
        self._automaton: _Automaton | None = None
        if _loops(self._tree) <= LOOPS_MAX:
            self._python = re.compile(_to_python(self._tree), re.ASCII)

    def __repr__(self) -> str:
        return f"<Pattern {self.text!r}>"

    def search(self, text: str) -> bool:
        """Whether the pattern matches anywhere in the text."""
        if self._python is not None and len(text) <= BACKTRACKED_MAX:
            return self._python.search(text) is not None
        if self._automaton is None:
            self._automaton = _Automaton(self._tree)
        return self._automaton.search(text)


@lru_cache(maxsize=512)
def compile_pattern(text: str) -> Pattern:
    """The pattern of a text.

    Raises:
        PatternError: Go refuses it; the text says why as Go does.
    """
    return Pattern(text)

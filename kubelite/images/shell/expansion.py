"""Words into fields: parameters, command substitution, arithmetic, field splitting, path names.

Source: POSIX.1-2017, Shell Command Language, 2.6 Word Expansions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Protocol

from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.braces import brace_words
from kubelite.images.shell.control import ShellError
from kubelite.images.shell.pattern import WILD, escape, matches, translate
from kubelite.images.shell.syntax import (
    Arithmetic,
    CommandSubstitution,
    ListOfWords,
    Literal,
    Parameter,
    Part,
    Script,
    Word,
)

_CASES: Mapping[str, Callable[[str], str]] = {
    "^": str.upper,
    "^^": str.upper,
    ",": str.lower,
    ",,": str.lower,
}


class ExpansionError(ShellError):
    """`${x:?word}`, an unset variable under `set -u`, or a bad substitution."""


class Environment(Protocol):
    """What expansion needs of the shell."""

    @property
    def variables(self) -> MutableMapping[str, str]:
        """The shell variables; `${x:=word}` and arithmetic assign to them."""

    @property
    def nounset(self) -> bool:
        """`set -u`."""

    def elements(self, name: str) -> Mapping[str, str]:
        """The elements of an array by their keys."""

    def key(self, name: str, subscript: str) -> str:
        """The key that a subscript means."""

    def special(self, name: str) -> str | None:
        """The value of `$?`, `$#`, `$1` …; None if unset."""

    @property
    def braces(self) -> bool:
        """Whether `{a,b}` and `{1..3}` make several words, as in bash."""

    @property
    def positional(self) -> Sequence[str]:
        """`$1`, `$2`, …."""

    async def substitute(self, script: Script) -> str:
        """The output of a script."""

    def glob(self, pattern: str) -> list[str]:
        """The path names which match, sorted."""


class _Fields:
    """The fields of a word under construction; each is pieces of text and whether they were quoted."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.done: list[list[tuple[str, bool]]] = []
        self._current: list[tuple[str, bool]] | None = None
        separators = environment.variables.get("IFS", " \t\n")
        self._blanks = "".join(each for each in separators if each in " \t\n")
        self._marks = "".join(each for each in separators if each not in " \t\n")

    def add(self, text: str, *, quoted: bool) -> None:
        """Text that stays in one field."""
        if text or quoted:
            self._current = [*(self._current or ()), (text, quoted)]

    def end(self) -> None:
        """The present field, if any, is complete."""
        if self._current is not None:
            self.done.append(self._current)
            self._current = None

    def split(self, text: str) -> None:
        """The result of an unquoted expansion: `IFS` separates fields in it."""
        if not self._blanks and not self._marks:
            self.add(text, quoted=False)
            return
        start = at = 0
        while at < len(text):
            char = text[at]
            if char not in self._blanks and char not in self._marks:
                at += 1
                continue
            self.add(text[start:at], quoted=False)
            marked = False
            while at < len(text) and (text[at] in self._blanks or (text[at] in self._marks and not marked)):
                marked = marked or text[at] in self._marks
                at += 1
            if marked and self._current is None:
                self._current = []
            self.end()
            start = at
        self.add(text[start:], quoted=False)

    async def word(self, word: Word, *, expanded: bool = False) -> None:
        """All parts of a word; `expanded` if it comes from an expansion, so that its text is split too."""
        for part in word.parts:
            await self._part(part, expanded=expanded)

    async def _part(self, part: Part, *, expanded: bool) -> None:
        environment = self.environment
        if isinstance(part, Literal):
            if expanded and not part.quoted:
                self.split(part.text)
            else:
                self.add(part.text, quoted=part.quoted)
            return
        if isinstance(part, Parameter):
            listed = part.lists == "@" or (part.lists == "*" and not part.quoted)
            if listed and (values := await _listed(part, environment)) is not None:
                self._all(values, quoted=part.quoted)
                return
            word = await _chosen(part, environment)
            if word is not None:
                await self.word(word, expanded=not part.quoted)
                if part.quoted and not word.parts:
                    self.add("", quoted=True)
                return
        text = await _text(part, environment)
        if part.quoted:
            self.add(text, quoted=True)
        else:
            self.split(text)

    def _all(self, values: Sequence[str], *, quoted: bool) -> None:
        for index, value in enumerate(values):
            if index:
                self.end()
            if quoted:
                self.add(value, quoted=True)
            else:
                self.split(value)


async def expand_words(words: Sequence[Word], environment: Environment) -> list[str]:
    """The fields of a command's words, split and globbed.

    Raises:
        ExpansionError: A parameter that must be set is not.
    """
    found: list[str] = []
    for word in brace_words(words) if environment.braces else words:
        if (plain := word.plain) is not None and plain[:1] != "~" and not WILD.search(plain):
            found.append(plain)
            continue
        fields = _Fields(environment)
        await fields.word(_with_tilde(word, environment))
        fields.end()
        for field in fields.done:
            found.extend(_glob(field, environment))
    return found


async def expand_word(word: Word, environment: Environment) -> str:
    """The text of a word which is not split: an assignment, a here-document, a redirection's target.

    Raises:
        ExpansionError: A parameter that must be set is not.
    """
    return "".join([await _text(part, environment) for part in _with_tilde(word, environment).parts])


async def expand_pattern(word: Word, environment: Environment) -> str:
    """A word as a pattern: what was quoted matches only itself."""
    texts = []
    for part in word.parts:
        text = await _text(part, environment)
        texts.append(escape(text) if part.quoted else text)
    return "".join(texts)


def _with_tilde(word: Word, environment: Environment) -> Word:
    first = word.parts[0] if word.parts else None
    if isinstance(first, Literal) and not first.quoted and (first.text == "~" or first.text.startswith("~/")):
        home = environment.variables.get("HOME", "/root")
        return Word((Literal(home + first.text[1:], quoted=True), *word.parts[1:]))
    return word


def _glob(field: Sequence[tuple[str, bool]], environment: Environment) -> list[str]:
    text = "".join(piece for piece, _ in field)
    if not any(WILD.search(piece) for piece, quoted in field if not quoted):
        return [text]
    pattern = "".join(escape(piece) if quoted else piece for piece, quoted in field)
    return environment.glob(pattern) or [text]


async def _text(part: Part, environment: Environment) -> str:
    match part:
        case Literal():
            return part.text
        case CommandSubstitution():
            return (await environment.substitute(part.script)).rstrip("\n")
        case Arithmetic():
            return str(evaluate(await expand_word(part.expression, environment), environment.variables))
        case Parameter():
            return await _parameter(part, environment)
        case ListOfWords():
            raise ShellError('syntax error: unexpected "("')


async def _chosen(part: Parameter, environment: Environment) -> Word | None:
    """The word that `-` or `+` puts in the parameter's place, if it does."""
    if part.operator not in {"-", ":-", "+", ":+"}:
        return None
    value = await _value(part, environment)
    absent = value is None or (part.operator.startswith(":") and not value)
    return (part.word or Word(())) if absent == part.operator.endswith("-") else None


def _joined(part: Parameter, values: Sequence[str], environment: Environment) -> str:
    """All of a list as one text."""
    return (environment.variables.get("IFS", " ")[:1] if part.lists == "*" else " ").join(values)


def _all_of(part: Parameter, environment: Environment) -> Sequence[str]:
    """The positional parameters, or the elements of an array."""
    return environment.positional if part.subscript is None else [*environment.elements(part.name).values()]


async def _name(part: Parameter, environment: Environment) -> str:
    """The name of the variable, or of the element of an array."""
    if part.subscript is None:
        return part.name
    return f"{part.name}[{environment.key(part.name, await expand_word(part.subscript, environment))}]"


async def _value(part: Parameter, environment: Environment) -> str | None:
    if part.lists:
        values = _all_of(part, environment)
        return _joined(part, values, environment) if values else None
    name = await _name(part, environment)
    if name[0].isalpha() or name[0] == "_":
        return environment.variables.get(name)
    return environment.special(name)


async def _listed(part: Parameter, environment: Environment) -> Sequence[str] | None:
    """What an expansion of all elements makes of each; None if it makes one text of them."""
    operator = part.operator
    if operator == "keys":
        return [*environment.elements(part.name)]
    if operator in {"length", "indirect"} or (
        operator and operator[-1] in "-=+?" and operator[0] not in "%#/"
    ):
        return None
    values = _all_of(part, environment)
    if not operator:
        return values
    if operator == ":":
        return await _slice(part, values, environment)
    return [await _operated(part, value, environment) for value in values]


async def _slice(part: Parameter, values: Sequence[str], environment: Environment) -> Sequence[str]:
    """`${name[@]:offset:length}`; the positional parameters begin with `$0`."""
    if part.subscript is None:
        values = [environment.special("0") or "", *values]
    offset = evaluate(await expand_word(part.word or Word(()), environment), environment.variables)
    start = max(0, len(values) + offset) if offset < 0 else offset
    if part.replacement is None:
        return values[start:]
    return values[
        start : start + evaluate(await expand_word(part.replacement, environment), environment.variables)
    ]


async def _parameter(part: Parameter, environment: Environment) -> str:
    if part.lists and (values := await _listed(part, environment)) is not None:
        return _joined(part, values, environment)
    value = await _value(part, environment)
    operator = part.operator
    if operator == "length":
        if value is None and environment.nounset and not part.lists:
            raise ExpansionError(f"{part.name}: parameter not set")
        return str(len(_all_of(part, environment)) if part.lists else len(value or ""))
    if operator and operator[-1] in "-=+?" and operator[0] not in "%#/":
        return await _default(part, value, environment)
    if value is None:
        if environment.nounset and not part.lists:
            raise ExpansionError(f"{part.name}: parameter not set")
        value = ""
    if operator == "indirect":
        named = value if value[:1].isalpha() or value[:1] == "_" else ""
        return str(environment.variables.get(named, "")) if named else environment.special(value or "0") or ""
    return await _operated(part, value, environment)


async def _operated(part: Parameter, value: str, environment: Environment) -> str:
    """What an operator makes of a value."""
    operator = part.operator
    if not operator:
        return value
    if operator == ":":
        return await _substring(part, value, environment)
    pattern = await expand_pattern(part.word or Word(()), environment)
    if operator in _CASES:
        return _changed(value, pattern, operator)
    if operator in {"/", "//"}:
        replacement = await expand_word(part.replacement or Word(()), environment)
        return _replace(value, pattern, replacement, count=1 if operator == "/" else 0)
    return _trim(value, pattern, operator)


async def _default(part: Parameter, value: str | None, environment: Environment) -> str:
    absent = value is None or (part.operator.startswith(":") and value == "")
    word = part.word or Word(())
    match part.operator[-1]:
        case "-":
            return await expand_word(word, environment) if absent else value or ""
        case "+":
            return "" if absent else await expand_word(word, environment)
        case "=":
            if absent:
                value = await expand_word(word, environment)
                environment.variables[await _name(part, environment)] = value
            return value or ""
        case _:
            if absent:
                text = await expand_word(word, environment)
                raise ExpansionError(f"{part.name}: {text or 'parameter not set or null'}")
            return value or ""


async def _substring(part: Parameter, value: str, environment: Environment) -> str:
    offset = evaluate(await expand_word(part.word or Word(()), environment), environment.variables)
    start = max(0, len(value) + offset) if offset < 0 else offset
    if part.replacement is None:
        return value[start:]
    length = evaluate(await expand_word(part.replacement, environment), environment.variables)
    return value[start : start + length] if length >= 0 else value[start:length]


def _changed(value: str, pattern: str, operator: str) -> str:
    """`^` and `,` change the first letter, `^^` and `,,` all that the pattern matches (any without one)."""
    change = _CASES[operator]
    length = len(value) if len(operator) > 1 else 1
    head = "".join(change(each) if matches(each, pattern or "?") else each for each in value[:length])
    return head + value[length:]


def _trim(value: str, pattern: str, operator: str) -> str:
    lazy = len(operator) == 1
    if operator.startswith("#"):
        places = range(len(value) + 1) if lazy else range(len(value), -1, -1)
        return next((value[at:] for at in places if matches(value[:at], pattern)), value)
    places = range(len(value), -1, -1) if lazy else range(len(value) + 1)
    return next((value[:at] for at in places if matches(value[at:], pattern)), value)


def _replace(value: str, pattern: str, replacement: str, *, count: int) -> str:
    if not pattern:
        return value
    if pattern[0] == "#" and count:
        return re.sub(
            f"\\A(?:{translate(pattern[1:])})", lambda _: replacement, value, count=1, flags=re.DOTALL
        )
    if pattern[0] == "%" and count:
        return re.sub(
            f"(?:{translate(pattern[1:])})\\Z", lambda _: replacement, value, count=1, flags=re.DOTALL
        )
    return re.sub(f"(?:{translate(pattern)})", lambda _: replacement, value, count=count, flags=re.DOTALL)

"""Words into fields: parameters, command substitution, arithmetic, field splitting, path names.

Source: POSIX.1-2017, Shell Command Language, 2.6 Word Expansions.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, MutableMapping, Sequence
from typing import Protocol

from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.syntax import (
    Arithmetic,
    CommandSubstitution,
    Literal,
    Parameter,
    Part,
    Script,
    Word,
)


class ExpansionError(Exception):
    """`${x:?word}`, an unset variable under `set -u`, or a bad substitution."""


class Environment(Protocol):
    """What expansion needs of the shell."""

    @property
    def variables(self) -> MutableMapping[str, str]:
        """The shell variables; `${x:=word}` and arithmetic assign to them."""

    @property
    def nounset(self) -> bool:
        """`set -u`."""

    def special(self, name: str) -> str | None:
        """The value of `$?`, `$#`, `$1` …; None if unset."""

    @property
    def positional(self) -> Sequence[str]:
        """`$1`, `$2`, …."""

    async def substitute(self, script: Script) -> str:
        """The output of a script."""

    def glob(self, pattern: str) -> list[str]:
        """The path names which match, sorted."""


# A field under construction: pieces of text, each with whether it was quoted.
_Field = list[tuple[str, bool]]
_WILD = re.compile(r"[*?\[]")


async def expand_words(words: Sequence[Word], environment: Environment) -> list[str]:
    """The fields of a command's words, split and globbed.

    Raises:
        ExpansionError: A parameter that must be set is not.
    """
    fields: list[str] = []
    for word in words:
        for field in await _fields(word, environment):
            fields.extend(_glob(field, environment))
    return fields


async def expand_word(word: Word, environment: Environment) -> str:
    """The text of a word which is not split: an assignment, a here-document, a redirection's target.

    Raises:
        ExpansionError: A parameter that must be set is not.
    """
    return "".join([await _text(part, environment) for part in _with_tilde(word, environment).parts])


async def expand_pattern(word: Word, environment: Environment) -> str:
    """A word as a pattern of `fnmatch`: what was quoted matches only itself."""
    texts = []
    for part in word.parts:
        text = await _text(part, environment)
        quoted = part.quoted
        texts.append(_escape(text) if quoted else text)
    return "".join(texts)


def _escape(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


def matches(text: str, pattern: str) -> bool:
    """Whether a whole text matches a shell pattern."""
    return fnmatch.fnmatchcase(text, pattern)


def _with_tilde(word: Word, environment: Environment) -> Word:
    first = word.parts[0] if word.parts else None
    if isinstance(first, Literal) and not first.quoted and (first.text == "~" or first.text.startswith("~/")):
        home = environment.variables.get("HOME", "/root")
        return Word((Literal(home + first.text[1:], quoted=True), *word.parts[1:]))
    return word


async def _fields(word: Word, environment: Environment) -> list[_Field]:
    fields: list[_Field] = []
    current: _Field | None = None
    separators = environment.variables.get("IFS", " \t\n")
    for part in _with_tilde(word, environment).parts:
        if isinstance(part, Parameter) and part.name == "@" and not part.operator:
            values = list(environment.positional)
            for index, value in enumerate(values):
                if index == 0:
                    current = [*(current or []), (value, part.quoted)]
                else:
                    if current is not None:
                        fields.append(current)
                    current = [(value, part.quoted)]
            continue
        text = await _text(part, environment)
        if isinstance(part, Literal) or part.quoted:
            if text or part.quoted:
                current = [*(current or []), (text, part.quoted)]
            continue
        pieces = _split(text, separators)
        for index, piece in enumerate(pieces):
            if index > 0 and current is not None:
                fields.append(current)
                current = None
            if piece:
                current = [*(current or []), (piece, False)]
    if current is not None:
        fields.append(current)
    return fields


def _split(text: str, separators: str) -> list[str]:
    """Fields, with an empty first or last one where a separator stood at that end."""
    if not separators or not text:
        return [text]
    return re.split("[" + re.escape(separators) + "]+", text)


def _glob(field: _Field, environment: Environment) -> list[str]:
    text = "".join(piece for piece, _ in field)
    if not any(_WILD.search(piece) for piece, quoted in field if not quoted):
        return [text]
    pattern = "".join(_escape(piece) if quoted else piece for piece, quoted in field)
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


def _value(name: str, environment: Environment) -> str | None:
    if name in {"@", "*"}:
        separator = environment.variables.get("IFS", " ")[:1]
        return separator.join(environment.positional)
    if name.isalpha() or name[0].isalpha() or name[0] == "_":
        return environment.variables.get(name)
    return environment.special(name)


async def _parameter(part: Parameter, environment: Environment) -> str:
    value = _value(part.name, environment)
    operator = part.operator
    if operator == "length":
        return str(len(environment.positional) if part.name in {"@", "*"} else len(value or ""))
    if operator and operator[-1] in "-=+?" and operator[0] not in "%#/":
        return await _default(part, value, environment)
    if value is None:
        if environment.nounset and part.name not in {"@", "*"}:
            raise ExpansionError(f"{part.name}: parameter not set")
        value = ""
    if not operator:
        return value
    if operator == ":":
        return await _substring(part, value, environment)
    pattern = await expand_pattern(part.word or Word(()), environment)
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
                environment.variables[part.name] = value
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


def _trim(value: str, pattern: str, operator: str) -> str:
    places = range(len(value) + 1)
    if operator in {"#", "##"}:
        order: Sequence[int] = places if operator == "#" else places[::-1]
        found: Callable[[int], bool] = lambda at: matches(value[:at], pattern)  # noqa: E731
        return next((value[at:] for at in order if found(at)), value)
    order = places[::-1] if operator == "%" else places
    return next((value[:at] for at in order if matches(value[at:], pattern)), value)


def _replace(value: str, pattern: str, replacement: str, *, count: int) -> str:
    if not pattern:
        return value
    translated = fnmatch.translate(pattern)
    body = translated.removeprefix("(?s:").removesuffix(")\\Z")
    return re.sub(f"(?s:{body})", lambda _: replacement, value, count=count)

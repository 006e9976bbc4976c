"""Words into fields: parameters, command substitution, arithmetic, field splitting, path names.

Source: POSIX.1-2017, Shell Command Language, 2.6 Word Expansions; the Bash Reference Manual, 3.5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import attrs

from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.braces import brace_words
from kubelite.images.shell.control import ShellError
from kubelite.images.shell.parameters import cut, cut_list, transformed
from kubelite.images.shell.pattern import WILD, escape
from kubelite.images.shell.syntax import (
    Arithmetic,
    ArrayLiteral,
    CommandSubstitution,
    Literal,
    Parameter,
    Part,
    ProcessSubstitution,
    Script,
    Word,
)
from kubelite.images.shell.variables import Key, Variables

_NOTHING = Word(())
_INDIRECT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*|\d+|[@*#?$!-])(?:\[(.*)\])?", re.DOTALL)


class ExpansionError(ShellError):
    """`${x:?word}`, an unset variable under `set -u`, or a bad substitution."""


class Environment(Protocol):
    """What expansion needs of the shell."""

    @property
    def variables(self) -> Variables:
        """The shell variables; `${x:=word}` and arithmetic assign to them."""

    @property
    def nounset(self) -> bool:
        """`set -u`."""

    @property
    def bash(self) -> bool:
        """Whether `{a,b}` and `{1..3}` make several words."""

    @property
    def positional(self) -> Sequence[str]:
        """`$1`, `$2`, …."""

    def special(self, name: str) -> str | None:
        """The value of `$?`, `$#`, `$1` …; None if unset."""

    async def substitute(self, script: Script) -> str:
        """The output of a script."""

    async def file_of(self, part: ProcessSubstitution) -> str:
        """The path of a file that stands for a script's output or input."""

    def glob(self, pattern: str) -> list[str] | None:
        """The path names which match, sorted; None if the pattern stays as it is."""


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
            if self._current is None:
                self._current = []
            self._current.append((text, quoted))

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
            part = await _resolved(part, environment)
            word = await _chosen(part, environment)
            if word is not None:
                await self.word(
                    word if part.quoted else _with_tilde(word, environment), expanded=not part.quoted
                )
                if part.quoted and not word.parts:
                    self.add("", quoted=True)
                return
            values = await _several(part, environment)
            if values is not None:
                self._all(values, quoted=part.quoted)
                return
        text = await _text(part, environment)
        if part.quoted:
            self.add(text, quoted=True)
        else:
            self.split(text)

    def _all(self, values: Sequence[str], *, quoted: bool) -> None:
        separator = self.environment.variables.get("IFS", " ")[:1]
        if not quoted and self.environment.bash and separator:
            # What separates them is what else separates fields: bash splits all of them at once.
            self.split(separator.join(values))
            return
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
    for word in brace_words(words) if environment.bash else words:
        plain = word.plain
        if plain == "[" or (plain is not None and plain[:1] != "~" and not WILD.search(plain)):
            found.append(plain)
            continue
        fields = _Fields(environment)
        await fields.word(_with_tilde(word, environment))
        fields.end()
        for field in fields.done:
            found.extend(_glob(field, environment))
    return found


async def expand_word(word: Word, environment: Environment) -> str:
    """The text of a word which is not split: a here-document, a redirection's target.

    Raises:
        ExpansionError: A parameter that must be set is not.
    """
    return "".join([await _text(part, environment) for part in _with_tilde(word, environment).parts])


async def expand_value(word: Word, environment: Environment) -> str:
    """As `expand_word`, for the value of an assignment: a `~` behind a colon is the home directory, too.

    Raises:
        ExpansionError: A parameter that must be set is not.
    """
    parts = [
        attrs.evolve(part, text=part.text.replace(":~/", f":{_home(environment)}/"))
        if isinstance(part, Literal) and not part.quoted and ":~/" in part.text
        else part
        for part in word.parts
    ]
    return await expand_word(Word(tuple(parts)), environment)


async def expand_pattern(word: Word, environment: Environment) -> str:
    """A word as a pattern: what was quoted matches only itself.

    Raises:
        ExpansionError: A parameter that must be set is not.
    """
    texts = []
    for part in _with_tilde(word, environment).parts:
        text = await _text(part, environment)
        texts.append(escape(text) if part.quoted else text)
    return "".join(texts)


def _home(environment: Environment) -> str:
    return str(environment.variables.get("HOME", "/root"))


def _with_tilde(word: Word, environment: Environment) -> Word:
    first = word.parts[0] if word.parts else None
    if isinstance(first, Literal) and not first.quoted and (first.text == "~" or first.text.startswith("~/")):
        return Word((Literal(_home(environment) + first.text[1:], quoted=True), *word.parts[1:]))
    return word


def _glob(field: Sequence[tuple[str, bool]], environment: Environment) -> list[str]:
    text = "".join(piece for piece, _ in field)
    if not any(WILD.search(piece) for piece, quoted in field if not quoted):
        return [text]
    pattern = "".join(escape(piece) if quoted else piece for piece, quoted in field)
    found = environment.glob(pattern)
    return [text] if found is None else found


async def _text(part: Part, environment: Environment) -> str:
    match part:
        case Literal():
            return part.text
        case CommandSubstitution():
            return (await environment.substitute(part.script)).rstrip("\n")
        case Arithmetic():
            return str(evaluate(await expand_word(part.expression, environment), environment.variables))
        case ProcessSubstitution():
            return await environment.file_of(part)
        case ArrayLiteral():
            raise ShellError('syntax error: unexpected "("')
        case Parameter():
            return await _parameter(await _resolved(part, environment), environment)


# --- parameters ---------------------------------------------------------------------------------------------


async def _resolved(part: Parameter, environment: Environment) -> Parameter:
    """The parameter that is meant: by a reference, or by the value of the one that is written."""
    name = environment.variables.resolve(part.name)
    if name != part.name:
        part = attrs.evolve(part, name=name)
    if not part.indirect:
        return part
    text = await _value(part, environment) or ""
    found = _INDIRECT.fullmatch(text)
    if found is None:
        raise ExpansionError(f"{text}: invalid variable name")
    subscript = Word((Literal(found[2]),)) if found[2] is not None else None
    return attrs.evolve(part, name=found[1], subscript=subscript, indirect=False)


async def key_of(name: str, subscript: Word, environment: Environment) -> Key:
    """The key of an element: a word of an associative array, else a number, of which a negative counts back.

    Raises:
        ExpansionError: It is before the first element.
    """
    text = await expand_word(subscript, environment)
    variables = environment.variables
    if variables.is_associative(name):
        return text
    number = evaluate(text, variables)
    if number < 0:
        number += variables.arrays[name].next_number if name in variables.arrays else 1
        if number < 0:
            raise ExpansionError(f"{name}: bad array subscript")
    return number


async def _value(part: Parameter, environment: Environment) -> str | None:
    """The text of a parameter, all values joined if it means several; None if it is unset."""
    name, variables = part.name, environment.variables
    if part.all_by:
        values = _values(part, environment)
        separator = variables.get("IFS", " ")[:1] if part.all_by == "*" else " "
        return separator.join(values) if values else None
    if part.subscript is not None:
        return variables.element(name, await key_of(name, part.subscript, environment))
    if name[0].isalpha() or name[0] == "_":
        found: str | None = variables.get(name)
        return found
    return environment.special(name)


def _values(part: Parameter, environment: Environment) -> list[str]:
    """The positional parameters, or the elements of an array."""
    if part.subscript is None:
        return list(environment.positional)
    return environment.variables.elements(part.name)


async def _several(part: Parameter, environment: Environment) -> list[str] | None:
    """The values of `$@`, `${a[*]}` and their like, each of which is a field; None if all are one text."""
    if not part.all_by or (part.quoted and part.all_by == "*") or part.operator == "length":
        return None
    if part.operator and part.operator[-1] in "=?":
        return None
    return await _operated(part, environment)


async def _operated(part: Parameter, environment: Environment) -> list[str]:
    """All values of a parameter that means several, after its operator."""
    variables = environment.variables
    match part.operator:
        case "keys":
            array = variables.arrays.get(part.name)
            keys: Sequence[Key] = [0] if array is None and part.name in variables else ()
            return [str(key) for key in (array.keys() if array is not None else keys)]
        case "names":
            return sorted(name for name in {*variables, *variables.arrays} if name.startswith(part.name))
        case "" | "-" | ":-" | "+" | ":+":
            return _values(part, environment)
        case ":":
            offset, length = await _range(part, environment)
            values = _values(part, environment)
            if part.subscript is None:
                values = [environment.special("0") or "", *values]
            return cut_list(values, offset, length)
        case operator:
            pattern = await expand_pattern(part.word or _NOTHING, environment)
            replacement = await expand_word(part.replacement or _NOTHING, environment)
            values = _values(part, environment)
            return [transformed(value, operator, pattern, replacement) for value in values]


async def _range(part: Parameter, environment: Environment) -> tuple[int, int | None]:
    """Offset and length of `:`."""
    numbers = [
        evaluate(await expand_word(word, environment), environment.variables) if word is not None else None
        for word in (part.word, part.replacement)
    ]
    return numbers[0] or 0, numbers[1]


async def _chosen(part: Parameter, environment: Environment) -> Word | None:
    """The word that `-` or `+` puts in the parameter's place, if it does."""
    if part.operator not in {"-", ":-", "+", ":+"}:
        return None
    value = await _value(part, environment)
    absent = value is None or (part.operator.startswith(":") and not value)
    if absent == part.operator.endswith("-"):
        return part.word or _NOTHING
    # `+` in the place of nothing: no field at all, even of `${a[@]+"${a[@]}"}`.
    return _NOTHING if absent and not part.quoted else None


async def _parameter(part: Parameter, environment: Environment) -> str:
    operator = part.operator
    if operator in {"keys", "names"}:
        separator = environment.variables.get("IFS", " ")[:1] if part.all_by == "*" else " "
        return str(separator).join(await _operated(part, environment))
    if operator == "length" and part.all_by:
        return str(len(_values(part, environment)))
    value = await _value(part, environment)
    if operator and operator[-1] in "-=+?" and operator != "length":
        return await _default(part, value, environment)
    if value is None:
        if environment.nounset and not part.all_by:
            raise ExpansionError(f"{part.name}: parameter not set")
        value = ""
    if operator == "length":
        return str(len(value))
    if not operator:
        return value
    if part.all_by:
        separator = environment.variables.get("IFS", " ")[:1] if part.all_by == "*" else " "
        return str(separator).join(await _operated(part, environment))
    if operator == ":":
        return cut(value, *await _range(part, environment))
    pattern = await expand_pattern(part.word or _NOTHING, environment)
    return transformed(value, operator, pattern, await expand_word(part.replacement or _NOTHING, environment))


async def _default(part: Parameter, value: str | None, environment: Environment) -> str:
    absent = value is None or (part.operator.startswith(":") and value == "")
    word = part.word or _NOTHING
    match part.operator[-1]:
        case "-":
            return await expand_word(word, environment) if absent else value or ""
        case "+":
            return "" if absent else await expand_word(word, environment)
        case "=":
            if absent:
                value = await expand_word(word, environment)
                if part.subscript is not None:
                    key = await key_of(part.name, part.subscript, environment)
                    environment.variables.set_element(part.name, key, value)
                else:
                    environment.variables[part.name] = value
            return value or ""
        case _:
            if absent:
                text = await expand_word(word, environment)
                raise ExpansionError(f"{part.name}: {text or 'parameter not set or null'}")
            return value or ""

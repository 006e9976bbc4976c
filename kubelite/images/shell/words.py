"""The words of a script: quoting and expansions.

Invariant: keywords and operators are not known here; a word ends where the reader is told that one ends.
Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.6 Word Expansions; the Bash Reference Manual,
3.1.2 Quoting, 3.5 Shell Expansions, 6.7 Arrays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kubelite.images.shell import scan
from kubelite.images.shell.ansi import unescape_ansi
from kubelite.images.shell.scan import ShellSyntaxError
from kubelite.images.shell.syntax import (
    Arithmetic,
    ArrayLiteral,
    CommandSubstitution,
    Element,
    HereText,
    Literal,
    Parameter,
    Part,
    ProcessSubstitution,
    Script,
    Word,
)

META = frozenset(" \t\n;&|()<>")
_PARAMETER_OPERATORS = (
    *(":-", ":=", ":+", ":?", "%%", "##", "//", "-", "=", "+", "?", "%", "#", "/", "^^", "^", ",,", ",", "@"),
)
_SPECIAL_PARAMETERS = frozenset("@*#?-$!0123456789")
_ASSIGNING = frozenset({"-", "=", "+", "?"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ARRAY_BEGINS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_GROUPS = frozenset("@+*?!")
"""Signs before `(pattern|pattern)`."""


class Inside(NamedTuple):
    """A script in parentheses: its tree, the place behind it, and here-documents whose text comes later."""

    script: Script
    end: int
    pending: list[HereDocument]


class HereDocument:
    """A redirection whose text stands on the following lines."""

    def __init__(self, fd: int, delimiter: str, *, expands: bool, strips_tabs: bool) -> None:
        self.fd, self.delimiter = fd, delimiter
        self.expands, self.strips_tabs = expands, strips_tabs
        self.text = HereText()


class Grammar(NamedTuple):
    """What a reader of words needs of the parser.

    Attributes:
        parse: The tree of a script.
        inside: The tree of the script that begins at a place and ends with an unmatched `)`.
    """

    parse: Callable[[str], Script]
    inside: Callable[[str, int], Inside]


class WordReader:
    """Reads words from a place of a text."""

    def __init__(self, text: str, grammar: Grammar, at: int = 0) -> None:
        self.text = text
        self.at = at
        self.pending: list[HereDocument] = []
        self._grammar = grammar

    def peek(self, length: int = 1) -> str:
        """What comes next."""
        return self.text[self.at : self.at + length]

    def _reader(self, text: str) -> WordReader:
        return WordReader(text, self._grammar)

    # -- whole texts

    def here_document(self) -> Word:
        """The whole text as if within double quotes, in which quotes are ordinary."""
        return Word(tuple(self._double_quoted(closing="")))

    def arithmetic(self) -> Word:
        """The whole text as within double quotes; quotes in it are dropped."""
        return self.quoted_operand()

    def quoted_operand(self) -> Word:
        """The whole text as within double quotes; a `"` in it only groups, a `'` is ordinary."""
        return Word(tuple(self._double_quoted(closing="", drops='"')))

    def operand(self) -> Word:
        """The whole text as one word: blanks and operators in it are ordinary."""
        parts: list[Part] = []
        while self.at < len(self.text):
            if self.peek() in META:
                parts.append(Literal(self.peek()))
                self.at += 1
            else:
                parts.extend(self.word().parts)
        return Word(tuple(parts))

    # -- one word

    def word(self, ends: frozenset[str] = META, *, negates: bool = False) -> Word:
        """The word that begins here.

        Args:
            ends: What ends it, unquoted.
            negates: Whether `!(` begins a pattern, not a negated subshell.
        """
        parts: list[Part] = []
        text = ""
        depth = 0
        bracket_end = 0

        def flush() -> None:
            nonlocal text
            if text:
                parts.append(Literal(text))
                text = ""

        while self.at < len(self.text):
            char = self.peek()
            if char in "<>" and self.text[self.at + 1 : self.at + 2] == "(" and ends is META:
                flush()
                parts.append(self.process_substitution())
                continue
            if char in ends and not depth and self.at >= bracket_end:
                if char == "(" and not parts and _ARRAY_BEGINS.fullmatch(text):
                    flush()
                    parts.append(self._array())
                break
            if char == "'":
                flush()
                end = scan.single_quotes(self.text, self.at)
                parts.append(Literal(self.text[self.at + 1 : end - 1], quoted=True))
                self.at = end
            elif char == '"':
                flush()
                self.at += 1
                parts.extend(self._double_quoted(closing='"') or [Literal("", quoted=True)])
            elif char == "\\":
                if self.peek(2) != "\\\n":
                    flush()
                    parts.append(Literal(self.text[self.at + 1 : self.at + 2], quoted=True))
                self.at += 2
            elif char in {"$", "`"}:
                flush()
                parts.extend(self._expansion(quoted=False))
            else:
                if char in _GROUPS and self.text[self.at + 1 : self.at + 2] == "(":
                    if char != "!" or negates or text or parts or depth:
                        text, depth, self.at = text + char + "(", depth + 1, self.at + 2
                        continue
                elif depth and char in "()":
                    depth += 1 if char == "(" else -1
                elif char == "[" and not parts and not bracket_end and _NAME.fullmatch(text):
                    bracket_end = self._subscript_end()
                text += char
                self.at += 1
        flush()
        return Word(tuple(parts))

    def _subscript_end(self) -> int:
        """Behind the `]` of `name[…]=`, within which blanks are ordinary; else 0."""
        try:
            end = scan.brackets(self.text, self.at)
        except ShellSyntaxError:
            return 0
        return end if self.text.startswith(("=", "+="), end) else 0

    def _array(self) -> ArrayLiteral:
        self.at += 1
        elements: list[Element] = []
        while True:
            while self.peek() and self.peek() in " \t\n":
                self.at += 1
            if self.peek() == ")":
                self.at += 1
                return ArrayLiteral(tuple(elements))
            if self.peek() == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
                continue
            if not self.peek():
                raise ShellSyntaxError('unexpected end of file (expecting ")")', incomplete=True)
            elements.append(self._element())

    def _element(self) -> Element:
        if self.peek() == "[" and (end := self._subscript_end()):
            subscript = self._reader(self.text[self.at + 1 : end - 1]).operand()
            append = self.text[end] == "+"
            self.at = end + 1 + append
            return Element(self.word(), subscript, append)
        start = self.at
        word = self.word()
        if self.at == start:
            raise ShellSyntaxError(f'unexpected "{self.peek()}"')
        return Element(word)

    def _double_quoted(self, closing: str, drops: str = "") -> list[Part]:
        parts: list[Part] = []
        text = ""
        while True:
            if self.at >= len(self.text):
                if closing:
                    raise ShellSyntaxError("unterminated quoted string", incomplete=True)
                break
            char = self.peek()
            if char == closing:
                self.at += 1
                break
            if char == drops:
                self.at += 1
                continue
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in set("$`\\\n" + closing + drops):
                escaped = self.text[self.at + 1]
                text += "" if escaped == "\n" else escaped
                self.at += 2
            elif char in {"$", "`"}:
                if text:
                    parts.append(Literal(text, quoted=True))
                    text = ""
                parts.extend(self._expansion(quoted=True))
            else:
                text += char
                self.at += 1
        if text:
            parts.append(Literal(text, quoted=True))
        return parts

    # -- expansions

    def _expansion(self, *, quoted: bool) -> list[Part]:
        if self.peek() == "`":
            return [self._backquoted(quoted=quoted)]
        if self.peek(3) == "$((":
            end = scan.parentheses(self.text, self.at + 1)
            if self.text[end - 2 : end] == "))":
                inner = self.text[self.at + 3 : end - 2]
                self.at = end
                return [Arithmetic(self._reader(inner).arithmetic(), quoted)]
        if self.peek(2) == "$(":
            return [CommandSubstitution(self.parenthesized(2), quoted)]
        if self.peek(2) == "${":
            return [self._braced(quoted=quoted)]
        if not quoted and self.peek(2) == "$'":
            text, self.at = unescape_ansi(self.text, self.at + 2)
            return [Literal(text, quoted=True)]
        if not quoted and self.peek(2) == '$"':  # would be translated, if there were anything to do it
            self.at += 2
            return self._double_quoted(closing='"') or [Literal("", quoted=True)]
        following = self.text[self.at + 1 : self.at + 2]
        if following in _SPECIAL_PARAMETERS and following:
            self.at += 2
            return [Parameter(following, quoted=quoted)]
        found = _NAME.match(self.text, self.at + 1)
        if found is None:
            self.at += 1
            return [Literal("$", quoted)]
        self.at = found.end()
        return [Parameter(found[0], quoted=quoted)]

    def parenthesized(self, skipped: int) -> Script:
        """The script in parentheses which begins behind so many characters."""
        script, self.at, pending = self._grammar.inside(self.text, self.at + skipped)
        self.pending += pending
        return script

    def process_substitution(self) -> ProcessSubstitution:
        """`<(script)` or `>(script)`."""
        sign = self.peek()
        return ProcessSubstitution(self.parenthesized(2), sign)

    def _backquoted(self, *, quoted: bool) -> CommandSubstitution:
        end = scan.backquotes(self.text, self.at)
        meant = "`$\\" + ('"' if quoted else "")
        text = re.sub(f"\\\\([{re.escape(meant)}])", r"\1", self.text[self.at + 1 : end - 1])
        self.at = end
        return CommandSubstitution(self._grammar.parse(text), quoted)

    def _braced(self, *, quoted: bool) -> Parameter:
        end = scan.braces(self.text, self.at + 1, quoted=quoted)
        inner = self.text[self.at + 2 : end - 1]
        self.at = end
        measures = inner.startswith("#") and len(inner) > 1
        indirect = inner.startswith("!") and len(inner) > 1 and inner[1] not in "-+=?:#%/"
        if measures or indirect:
            inner = inner[1:]
        name, rest = _parameter_name(inner)
        subscript: Word | None = None
        if rest.startswith("["):
            stop = scan.brackets(rest, 0)
            subscript, rest = self._reader(rest[1 : stop - 1]).operand(), rest[stop:]
        if measures and not rest:
            return Parameter(name, "length", quoted=quoted, subscript=subscript)
        if indirect and rest in {"*", "@"}:
            return Parameter(name, "names", quoted=quoted, subscript=Word((Literal(rest),)))
        if indirect and not rest and subscript is not None and subscript.plain in {"@", "*"}:
            return Parameter(name, "keys", quoted=quoted, subscript=subscript)
        if measures:
            raise ShellSyntaxError("bad substitution")
        return self._operated(Parameter(name, quoted=quoted, subscript=subscript, indirect=indirect), rest)

    def _operated(self, parameter: Parameter, rest: str) -> Parameter:
        if not rest:
            return parameter
        for operator in _PARAMETER_OPERATORS:
            if rest.startswith(operator):
                return self._with_operator(parameter, operator, rest[len(operator) :])
        if rest.startswith(":"):
            offset, length = _cut(rest[1:])
            words = [
                self._reader(each).here_document() if each is not None else None for each in (offset, length)
            ]
            return _evolved(parameter, ":", words[0], words[1])
        raise ShellSyntaxError("bad substitution")

    def _with_operator(self, parameter: Parameter, operator: str, text: str) -> Parameter:
        replacement: Word | None = None
        if operator in {"/", "//"}:
            text, after = _halves(text)
            replacement = self._reader(after).operand()
        if operator == "@" and text not in {"Q", "U", "u", "L", "E", "P", "A", "a", "K", "k"}:
            raise ShellSyntaxError("bad substitution")
        literal = parameter.quoted and operator[-1] in _ASSIGNING
        reader = self._reader(text)
        word = reader.quoted_operand() if literal else reader.operand()
        return _evolved(parameter, operator, word, replacement)


def _evolved(parameter: Parameter, operator: str, word: Word | None, replacement: Word | None) -> Parameter:
    return Parameter(
        parameter.name,
        operator,
        word,
        replacement,
        parameter.quoted,
        parameter.subscript,
        parameter.indirect,
    )


def _parameter_name(inner: str) -> tuple[str, str]:
    """The name of a parameter in braces, and what follows it."""
    if inner[:1] in _SPECIAL_PARAMETERS and not inner[:1].isdigit():
        return inner[:1], inner[1:]
    found = re.match(r"\d+|[A-Za-z_][A-Za-z0-9_]*", inner)
    if found is None:
        raise ShellSyntaxError("bad substitution")
    return found[0], inner[found.end() :]


def _cut(text: str) -> tuple[str, str | None]:
    """`offset:length` at the colon that stands in no parentheses and belongs to no `?`."""
    depth = questions = 0
    for at, char in enumerate(text):
        depth += (char in "({") - (char in ")}")
        if depth == 0 and char == "?":
            questions += 1
        elif depth == 0 and char == ":":
            if not questions:
                return text[:at], text[at + 1 :]
            questions -= 1
    return text, None


def _halves(text: str) -> tuple[str, str]:
    """`pattern/replacement` at its first `/` that is not quoted."""
    at = 1 if text[:1] == "/" else 0
    while at < len(text) and text[at] != "/":
        at = scan.past(text, at) if text[at] in "\\$`\"'" else at + 1
    return text[:at], text[at + 1 :]

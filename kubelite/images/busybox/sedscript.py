"""The script of `sed` into commands.

Source: POSIX.1-2017, Utilities, sed.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import attrs

from kubelite.images.busybox.regex import compile_regex

Address: TypeAlias = "int | str | re.Pattern[str] | tuple[str, int, int]"
"""A line number, `$`, an expression, `("+", lines, 0)`, or `("~", step, first)`."""

_PLAIN = frozenset("dDpP=nNhHgGxl")


class SedSyntaxError(Exception):
    """The script does not parse."""


@attrs.define
class Command:
    """One command with the lines it is for; `target` is where a branch or a skipped block goes on.

    `text` is what is inserted, a label, an exit status, or the name of a file that is read or written.
    """

    first: Address | None
    last: Address | None
    negated: bool
    name: str
    text: str = ""
    pattern: re.Pattern[str] | None = None
    replacement: str = ""
    flags: str = ""
    target: int = 0


@attrs.frozen
class SedProgram:
    """Commands; `quiet` shows lines only when told."""

    commands: tuple[Command, ...]
    quiet: bool


def parse_sed(script: str, *, extended: bool, quiet: bool) -> SedProgram:
    """The program of a script.

    Raises:
        SedSyntaxError: The script does not parse.
    """
    quiet = quiet or script.startswith("#n\n")
    return SedProgram(tuple(_Reader(script, extended=extended).commands()), quiet)


class _Reader:
    def __init__(self, text: str, *, extended: bool) -> None:
        self._text, self._at, self._extended = text, 0, extended
        self._found: list[Command] = []
        self._last_pattern: re.Pattern[str] | None = None

    def commands(self) -> list[Command]:
        labels: dict[str, int] = {}
        blocks: list[Command] = []
        while self._skip(" \t\n;"):
            if self._text[self._at] == "#":
                self._line()
            elif self._text[self._at] == "}":
                self._at += 1
                if not blocks:
                    raise SedSyntaxError("unexpected '}'")
                blocks.pop().target = len(self._found)
            elif self._text[self._at] == ":":
                self._at += 1
                labels[self._label()] = len(self._found)
            else:
                command = self._command()
                self._found.append(command)
                if command.name == "{":
                    blocks.append(command)
        if blocks:
            raise SedSyntaxError("unterminated {")
        for command in self._found:
            if command.name in {"b", "t", "T"}:
                if command.text and command.text not in labels:
                    raise SedSyntaxError(f"can't find label for jump to '{command.text}'")
                command.target = labels.get(command.text, len(self._found))
        return self._found

    def _skip(self, characters: str) -> bool:
        while self._at < len(self._text) and self._text[self._at] in characters:
            self._at += 1
        return self._at < len(self._text)

    def _line(self) -> str:
        """The rest of the line; a backslash at its end makes it go on."""
        made = ""
        while self._at < len(self._text) and self._text[self._at] != "\n":
            if self._text[self._at] == "\\":
                self._at += 1
            made += self._text[self._at : self._at + 1]
            self._at += 1
        return made

    def _label(self) -> str:
        self._skip(" \t")
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in "\n;}":
            self._at += 1
        return self._text[start : self._at].strip()

    def _pattern(self, text: str, flags: str = "") -> re.Pattern[str]:
        if not text and self._last_pattern is not None:
            return self._last_pattern
        try:
            self._last_pattern = compile_regex(
                text, extended=self._extended, ignore_case="i" in flags.lower()
            )
        except re.error as error:
            raise SedSyntaxError(f"bad regex '{text}': {error}") from error
        return self._last_pattern

    def _until(self, separator: str, *, brackets: bool = False) -> str:
        made, start = "", self._at
        while self._at < len(self._text) and self._text[self._at] != separator:
            char, following = self._text[self._at], self._text[self._at + 1 : self._at + 2]
            if char == "\\":
                made += following if following == separator and separator != "&" else char + following
                self._at += 2
            elif char == "[" and brackets and (end := self._text.find("]", self._at + 2)) > 0:
                made += self._text[self._at : end + 1]
                self._at = end + 1
            else:
                made += char
                self._at += 1
        if self._at >= len(self._text):
            raise SedSyntaxError(f"unterminated {self._text[start - 1 : start]}")
        self._at += 1
        return made

    def _number(self) -> int | None:
        match = re.compile(r"\d+").match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return int(match.group(0))

    def _address(self) -> Address | None:
        char = self._text[self._at : self._at + 1]
        number = self._number()
        if number is not None:
            if self._text.startswith("~", self._at):
                self._at += 1
                return ("~", self._number() or 0, number)
            return number
        if char == "$":
            self._at += 1
            return "$"
        if char in {"/", "\\"}:
            self._at += 1 if char == "/" else 2
            text = self._until(self._text[self._at - 1], brackets=True)
            ignores = self._text.startswith("I", self._at)
            self._at += ignores
            return self._pattern(text, "i" if ignores else "")
        return None

    def _command(self) -> Command:
        first = self._address()
        last: Address | None = None
        self._skip(" \t")
        if first is not None and self._text.startswith(",", self._at):
            self._at += 1
            self._skip(" \t")
            if self._text.startswith("+", self._at):
                self._at += 1
                last = ("+", self._number() or 0, 0)
            else:
                last = self._address()
            if last is None:
                raise SedSyntaxError("unexpected ','")
        self._skip(" \t")
        negated = self._text.startswith("!", self._at)
        self._at += negated
        self._skip(" \t")
        name = self._text[self._at : self._at + 1]
        self._at += 1
        command = Command(first, last, negated, name)
        if name in {"s", "y"}:
            self._substitution(command)
        elif name in {"a", "i", "c"}:
            self._skip(" \t")
            if self._text.startswith("\\", self._at):
                self._at += 1
                self._skip(" \t")
                self._at += self._text.startswith("\n", self._at)
            command.text = self._line()
        elif name in {"r", "w"}:
            self._skip(" \t")
            command.text = self._line()
        elif name in {"b", "t", "T"}:
            command.text = self._label()
        elif name in {"q", "Q"}:
            self._skip(" \t")
            command.text = str(self._number() or 0)
        elif name != "{" and (not name or name not in _PLAIN):
            raise SedSyntaxError(f"unsupported command {name}")
        return command

    def _substitution(self, command: Command) -> None:
        separator = self._text[self._at : self._at + 1]
        self._at += 1
        before, after = self._until(separator, brackets=True), self._until(separator)
        if command.name == "y":
            command.text, command.replacement = before.replace("\\n", "\n"), after.replace("\\n", "\n")
            if len(command.text) != len(command.replacement):
                raise SedSyntaxError("strings for y command are of different lengths")
            return
        flags = re.compile(r"[gpiIme0-9]*").match(self._text, self._at)
        assert flags is not None
        self._at = flags.end()
        if self._text.startswith("w", self._at):
            self._at += 1
            self._skip(" \t")
            command.text = self._line()
        command.flags = flags.group(0)
        command.pattern, command.replacement = self._pattern(before, command.flags), after

"""A stream editor: addresses and the commands s, d, p, q, a, i, c, y, =.

Source: POSIX.1-2017, Utilities, sed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs


class SedSyntaxError(Exception):
    """The script does not parse."""


@attrs.frozen
class Command:
    """One command with the lines it is for: numbers, `$`, or expressions."""

    first: str | int | re.Pattern[str] | None
    last: str | int | re.Pattern[str] | None
    negated: bool
    name: str
    argument: str = ""
    pattern: re.Pattern[str] | None = None
    replacement: str = ""
    flags: str = ""


@attrs.define
class SedProgram:
    """Commands, run over lines."""

    commands: tuple[Command, ...]
    quiet: bool

    def run(self, lines: Sequence[str]) -> str:
        """What the program prints for these lines."""
        made: list[str] = []
        inside: set[int] = set()
        for number, line in enumerate(lines, 1):
            text, deleted, after, stop = line, False, [], False
            for index, command in enumerate(self.commands):
                if (
                    self._applies(index, command, number, text, number == len(lines), inside)
                    == command.negated
                ):
                    continue
                match command.name:
                    case "s":
                        text, changed = _substitute(command, text)
                        if changed and "p" in command.flags:
                            made.append(text)
                    case "y":
                        text = text.translate(str.maketrans(command.argument, command.replacement))
                    case "d":
                        deleted = True
                    case "p":
                        made.append(text)
                    case "=":
                        made.append(str(number))
                    case "i":
                        made.append(command.argument)
                    case "a":
                        after.append(command.argument)
                    case "c":
                        made.append(command.argument)
                        deleted = True
                    case "q":
                        stop = True
                if deleted or stop:
                    break
            if not deleted and not self.quiet:
                made.append(text)
            made += after
            if stop:
                break
        return "".join(each + "\n" for each in made)

    @staticmethod
    def _applies(
        index: int, command: Command, number: int, text: str, is_last: bool, inside: set[int]
    ) -> bool:
        if command.first is None:
            return True
        if index in inside:
            if _meets(command.last, number, text, is_last=is_last) or (
                isinstance(command.last, int) and number > command.last
            ):
                inside.discard(index)
            return True
        if not _meets(command.first, number, text, is_last=is_last):
            return False
        if command.last is not None and not (isinstance(command.last, int) and command.last <= number):
            inside.add(index)
        return True


def _meets(address: str | int | re.Pattern[str] | None, number: int, text: str, *, is_last: bool) -> bool:
    if isinstance(address, int):
        return number == address
    if isinstance(address, re.Pattern):
        return address.search(text) is not None
    return is_last


def _substitute(command: Command, text: str) -> tuple[str, bool]:
    assert command.pattern is not None
    digits = re.search(r"\d+", command.flags)
    wanted, seen = int(digits.group(0)) if digits else 0, 0

    def replace(match: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        if wanted and (seen < wanted or (seen > wanted and "g" not in command.flags)):
            return match.group(0)
        return re.sub(
            r"\\(\d)|\\n|\\t|\\(.)|&",
            lambda each: (
                (match.group(int(each.group(1))) or "")
                if each.group(1)
                else match.group(0)
                if each.group(0) == "&"
                else {"\\n": "\n", "\\t": "\t"}.get(each.group(0)) or each.group(2)
            ),
            command.replacement,
        )

    new = command.pattern.sub(replace, text, count=0 if "g" in command.flags or wanted else 1)
    return new, seen > 0


def parse_sed(script: str, *, extended: bool, quiet: bool) -> SedProgram:
    """The program of a script.

    Raises:
        SedSyntaxError: The script does not parse.
    """
    reader = _Reader(script, extended=extended)
    commands = []
    while reader.skip():
        commands.append(reader.command())
    return SedProgram(tuple(commands), quiet)


class _Reader:
    def __init__(self, text: str, *, extended: bool) -> None:
        self._text, self._at, self._extended = text, 0, extended

    def skip(self) -> bool:
        while self._at < len(self._text) and self._text[self._at] in " \t\n;":
            self._at += 1
        return self._at < len(self._text)

    def _pattern(self, text: str, flags: str = "") -> re.Pattern[str]:
        from kubelite.images.busybox.text import basic_to_python  # noqa: PLC0415 - text has the applet, which needs this file

        try:
            return re.compile(
                text if self._extended else basic_to_python(text),
                re.IGNORECASE if "i" in flags.lower() else 0,
            )
        except re.error as error:
            raise SedSyntaxError(f"bad regex '{text}': {error}") from error

    def _until(self, separator: str) -> str:
        made = ""
        while self._at < len(self._text) and self._text[self._at] != separator:
            if self._text[self._at] == "\\" and self._text[self._at + 1 : self._at + 2] == separator:
                made += separator
                self._at += 2
                continue
            if self._text[self._at] == "\\":
                made += self._text[self._at]
                self._at += 1
            made += self._text[self._at : self._at + 1]
            self._at += 1
        if self._at >= len(self._text):
            raise SedSyntaxError("unmatched '/'")
        self._at += 1
        return made

    def _address(self) -> str | int | re.Pattern[str] | None:
        if match := re.compile(r"\d+").match(self._text, self._at):
            self._at = match.end()
            return int(match.group(0))
        if self._text.startswith("$", self._at):
            self._at += 1
            return "$"
        if self._text.startswith("/", self._at):
            self._at += 1
            return self._pattern(self._until("/"))
        return None

    def command(self) -> Command:
        first = self._address()
        last = None
        if first is not None and self._text.startswith(",", self._at):
            self._at += 1
            last = self._address()
        while self._text.startswith(" ", self._at):
            self._at += 1
        negated = self._text.startswith("!", self._at)
        self._at += negated
        name = self._text[self._at : self._at + 1]
        self._at += 1
        if name in {"s", "y"}:
            separator = self._text[self._at : self._at + 1]
            self._at += 1
            before, after = self._until(separator), self._until(separator)
            if name == "y":
                return Command(first, last, negated, name, before, replacement=after)
            flags = re.compile(r"[gpiI0-9]*").match(self._text, self._at)
            assert flags is not None
            self._at = flags.end()
            return Command(
                first, last, negated, name, "", self._pattern(before, flags.group(0)), after, flags.group(0)
            )
        if name in {"a", "i", "c"}:
            end = self._text.find("\n", self._at)
            end = len(self._text) if end < 0 else end
            argument = self._text[self._at : end].lstrip(" \\")
            self._at = end
            return Command(first, last, negated, name, argument)
        if name in {"d", "p", "q", "="} and name:
            return Command(first, last, negated, name)
        raise SedSyntaxError(f"unsupported command {name}")

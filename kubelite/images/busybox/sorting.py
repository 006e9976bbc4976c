"""`sort` and `uniq`, in the C locale.

Source: POSIX.1-2017, Utilities, sort and uniq.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

import attrs

from kubelite.images.busybox.inputs import applet, read_lines
from kubelite.images.busybox.options import UsageError
from kubelite.images.shell.process import Applet, Process, encode

_KEY = re.compile(r"(\d+)(?:\.(\d+))?([bdfghinMrV]*)(?:,(\d+)(?:\.(\d+))?([bdfghinMrV]*))?")
_UNITS = "KMGTPEZY"
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_NUMBER = re.compile(r"\s*(-?\d*\.?\d*)")


@attrs.frozen
class _Key:
    """Fields (from 1) and characters that are compared, and how."""

    first: int
    first_character: int
    last: int
    last_character: int
    flags: str

    def text(self, line: str, separator: str) -> str:
        parts = line.split(separator) if separator else re.findall(r"[ \t]*[^ \t]*", line)
        last = self.last or len(parts)
        chosen = parts[self.first - 1 : last]
        if chosen and self.last and self.last_character:
            chosen = [*chosen[:-1], chosen[-1][: self.last_character]]
        text = separator.join(chosen)
        text = text.lstrip(" \t") if "b" in self.flags or "n" in self.flags else text
        return text[self.first_character - 1 :] if self.first_character > 1 else text


def _comparable(text: str, flags: str) -> object:
    """What of a text is compared: a number, a version, letters without their case, or itself."""
    if "h" in flags:
        return _size(text)
    if "n" in flags or "g" in flags:
        return _number(text)
    if "M" in flags:
        return _MONTHS.find(text.strip()[:3].upper())
    if "V" in flags:
        return [
            (1, int(each), "") if each.isdigit() else (0, 0, each) for each in re.findall(r"\d+|\D+", text)
        ]
    if "f" in flags:
        text = text.upper()
    return re.sub(r"[^\w \t]|_", "", text) if "d" in flags else text


def _size(text: str) -> tuple[int, float]:
    """A number with a unit: the unit counts first, as `sort -h` has it."""
    number = _number(text)
    unit = text.strip().lstrip("-0123456789.")[:1].upper()
    power = _UNITS.find(unit) + 1 if unit else 0
    return (-power if number < 0 else power, number)


def _number(text: str) -> float:
    match = _NUMBER.match(text)
    assert match is not None
    try:
        return float(match.group(1))
    except ValueError:
        return 0.0


def _keys(specifications: list[str], flags: str) -> list[_Key]:
    keys = []
    for text in specifications:
        match = _KEY.fullmatch(text)
        if match is None:
            raise UsageError(f"bad field specification '{text}'")
        first, first_character, one, last, last_character, two = match.groups()
        own = (one + (two or "")) or flags
        keys.append(
            _Key(int(first), int(first_character or 1), int(last or 0), int(last_character or 0), own)
        )
    return keys


@applet("nrufbMcsdgzCVhi", "ktoT", {"reverse": "r", "numeric-sort": "n", "unique": "u"})
async def _sort(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`sort [-nrufbcghsMV] [-k FIELD[,FIELD]] [-t SEPARATOR] [-o FILE] [FILE]...`."""
    lines, status = await read_lines(process, names)
    flags = "".join(each for each in "nfdbrghMV" if each in options)
    separator = options.get("t", "").replace("\\t", "\t")
    keys = _keys(options["k"].split("\n") if "k" in options else [], flags)

    def compared(line: str) -> list[Any]:
        """What lines that count as the same have in common."""
        if not keys:
            return [_comparable(line, flags)]
        return [_comparable(key.text(line, separator), key.flags) for key in keys]

    # Sorting keeps the order of what is the same, so that the key which counts least comes first.
    ordered = list(lines) if {"u", "s"} & set(options) else sorted(lines, reverse="r" in flags)
    for at, of_key in reversed(list(enumerate([key.flags for key in keys] or [flags]))):
        ordered.sort(key=lambda line, at=at: compared(line)[at], reverse="r" in of_key)  # type: ignore[misc]
    if "u" in options:
        ordered = [next(group) for _, group in itertools.groupby(ordered, compared)]
    if "c" in options or "C" in options:
        return int(ordered != lines)
    text = "".join(line + "\n" for line in ordered)
    if "o" in options:
        process.container.files.write(process.path(options["o"]), encode(text))
    else:
        await process.out(text)
    return status


async def sort(process: Process) -> int:
    """As `_sort`; several -k are joined first, as they are all of one kind."""
    argv, keys, rest = [process.argv[0]], list[str](), list(process.argv[1:])
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            argv += [arg, *rest]
            break
        if arg.startswith("-k"):
            keys.append(arg[2:] or (rest.pop(0) if rest else ""))
        else:
            argv.append(arg)
            if arg in {"-t", "-o"} and rest:
                argv.append(rest.pop(0))
    if keys:
        argv[1:1] = ["-k", "\n".join(keys)]
    return await _sort(attrs.evolve(process, argv=tuple(argv)))


@applet("cdui", "fsw")
async def uniq(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`uniq [-cdui] [-f FIELDS] [-s CHARACTERS] [-w CHARACTERS] [INPUT [OUTPUT]]`."""
    lines, status = await read_lines(process, names[:1])

    def key(line: str) -> str:
        line = (
            re.sub(r"^([ \t]*[^ \t]+){0," + options.get("f", "0") + "}", "", line) if "f" in options else line
        )
        line = line[int(options.get("s", 0)) :]
        line = line[: int(options["w"])] if "w" in options else line
        return line.lower() if "i" in options else line

    groups: list[tuple[str, int]] = []
    for line in lines:
        if groups and key(groups[-1][0]) == key(line):
            groups[-1] = (groups[-1][0], groups[-1][1] + 1)
        else:
            groups.append((line, 1))
    made = "".join(
        f"{count:7d} {line}\n" if "c" in options else f"{line}\n"
        for line, count in groups
        if not (("d" in options and count == 1) or ("u" in options and count > 1))
    )
    if len(names) > 1:
        process.container.files.write(process.path(names[1]), encode(made))
    else:
        await process.out(made)
    return status


APPLETS: Mapping[str, Applet] = {"sort": sort, "uniq": uniq}

"""`sort` and `uniq`, in the C locale.

Source: POSIX.1-2017, Utilities, sort and uniq.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import attrs

from kubelite.images.busybox.inputs import applet, read_lines
from kubelite.images.busybox.options import UsageError
from kubelite.images.shell.process import Applet, Process

_KEY = re.compile(r"(\d+)(?:\.(\d+))?([bdfinMr]*)(?:,(\d+)(?:\.(\d+))?([bdfinMr]*))?")
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


def _compare(left: str, right: str, flags: str) -> int:
    if "n" in flags:
        a, b = _number(left), _number(right)
        return (a > b) - (a < b)
    if "f" in flags:
        left, right = left.upper(), right.upper()
    if "d" in flags:
        left, right = (re.sub(r"[^\w \t]|_", "", each) for each in (left, right))
    return (left > right) - (left < right)


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


@applet("nrufbMcsdgzCVh", "kto")
async def _sort(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`sort [-nrufbc] [-k FIELD[,FIELD]] [-t SEPARATOR] [-o FILE] [FILE]...`."""
    lines, status = await read_lines(process, names)
    flags = "".join(each for each in "nfdbr" if each in options) + ("n" if "g" in options else "")
    separator = options.get("t", "").replace("\\t", "\t")
    keys = _keys(options["k"].split("\n") if "k" in options else [], flags)

    def by_keys(left: str, right: str) -> int:
        for key in keys:
            found = _compare(key.text(left, separator), key.text(right, separator), key.flags)
            if found:
                return -found if "r" in key.flags else found
        if keys:
            return 0
        found = _compare(left, right, flags)
        return -found if "r" in flags else found

    def whole(left: str, right: str) -> int:
        found = by_keys(left, right)
        if found or {"u", "s"} & set(options):
            return found
        last = (left > right) - (left < right)
        return -last if "r" in flags else last

    ordered = sorted(lines, key=functools.cmp_to_key(whole))
    if "c" in options or "C" in options:
        return int(ordered != lines)
    if "u" in options:
        kept: list[str] = []
        for line in ordered:
            if not kept or by_keys(kept[-1], line):
                kept.append(line)
        ordered = kept
    text = "".join(line + "\n" for line in ordered)
    if "o" in options:
        process.container.files.write(process.path(options["o"]), text.encode(errors="surrogateescape"))
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
        process.container.files.write(process.path(names[1]), made.encode(errors="surrogateescape"))
    else:
        await process.out(made)
    return status


APPLETS: Mapping[str, Applet] = {"sort": sort, "uniq": uniq}

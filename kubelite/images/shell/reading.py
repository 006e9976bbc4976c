"""The built-ins `read` and `getopts`.

Source: POSIX.1-2017, Utilities, read and getopts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kubelite.images.shell.assigning import Given, assign_text, store_elements
from kubelite.images.shell.control import SIGNAL_BASE
from kubelite.images.shell.process import decode
from kubelite.images.shell.streams import Input

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

TIMED_OUT = SIGNAL_BASE + 14


async def _line(stream: Input, *, raw: bool, most: int, end: bytes) -> tuple[list[tuple[str, bool]], bool]:
    """The characters of a line, each with whether a backslash stood before it; and whether the line ended."""
    data, escaped = bytearray(), False
    marks: list[bool] = []
    while most < 0 or len(marks) < most:
        byte = await stream.read(1)
        if not byte:
            break
        if not raw and not escaped and byte == b"\\":
            escaped = True
            continue
        if byte == end and not escaped:
            return _characters(bytes(data), marks), True
        if byte == b"\n" and escaped:
            escaped = False
            continue
        if byte == b"\0":
            continue
        data += byte
        marks.append(escaped)
        escaped = False
    return _characters(bytes(data), marks), most >= 0 and len(marks) == most


def _characters(data: bytes, marks: Sequence[bool]) -> list[tuple[str, bool]]:
    found, at = [], 0
    for char in decode(data):
        found.append((char, marks[at]))
        at += len(char.encode(errors="surrogateescape"))
    return found


def _split(characters: list[tuple[str, bool]], separators: str, count: int) -> list[str]:
    """At most `count` fields; the last one takes the rest of the line."""
    blanks = {each for each in separators if each in " \t\n"}
    marks = set(separators) - blanks

    def is_blank(at: int) -> bool:
        return at < end and not characters[at][1] and characters[at][0] in blanks

    def is_mark(at: int) -> bool:
        return at < end and not characters[at][1] and characters[at][0] in marks

    end = len(characters)
    while end and is_blank(end - 1):
        end -= 1
    at, fields = 0, list[str]()
    while is_blank(at):
        at += 1
    while len(fields) < count - 1 and at < end:
        start = at
        while at < end and not is_blank(at) and not is_mark(at):
            at += 1
        fields.append("".join(char for char, _ in characters[start:at]))
        while is_blank(at):
            at += 1
        if is_mark(at):
            at += 1
            while is_blank(at):
                at += 1
    rest = characters[at:end]
    if rest and is_mark(end - 1) and not any(is_mark(place) for place in range(at, end - 1)):
        rest = rest[:-1]  # one separator at the end only ends the last field
    return [*fields, "".join(char for char, _ in rest)]


async def read(shell: Shell, args: list[str]) -> int:
    """`read [-rs] [-a ARRAY] [-d DELIM] [-n COUNT] [-p PROMPT] [-t SECONDS] [-u FD] [NAME]...`; 1 at the end.

    A prompt is shown on terminals, and here is none.
    """
    raw, most, seconds, rest = False, -1, None, list(args)
    end, number, array = b"\n", 0, ""
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        flags = rest.pop(0)[1:]
        while flags:
            flag, flags = flags[0], flags[1:]
            raw = raw or flag == "r"
            if flag in "pntduNai":
                value, flags = flags or (rest.pop(0) if rest else ""), ""
                try:
                    match flag:
                        case "n" | "N":
                            most = int(value)
                        case "t":
                            seconds = float(value)
                        case "d":
                            end = value[:1].encode() or b"\0"
                        case "u":
                            number = int(value)
                        case "a":
                            array = value
                except ValueError:
                    await shell.process.err(f"{shell.name}: read: {value}: invalid number\n")
                    return 2
    stream = shell.process.streams.get(number)
    if stream is None:
        await shell.process.err(f"{shell.name}: read: {number}: Bad file descriptor\n")
        return 1
    try:
        async with shell.process.container.clock.timeout(seconds):
            characters, ended = await _line(stream, raw=raw, most=most, end=end)  # type: ignore[arg-type]
    except TimeoutError:
        return TIMED_OUT
    if array:
        fields = _split(characters, shell.variables.get("IFS", " \t\n"), len(characters) + 1)
        given = [Given(field) for field in fields[: None if fields[-1] else -1]]
        store_elements(shell, array, given, append=False)
        return int(not ended)
    if not rest:
        shell.variables["REPLY"] = "".join(char for char, _ in characters)
        return int(not ended)
    fields = _split(characters, shell.variables.get("IFS", " \t\n"), len(rest))
    for index, name in enumerate(rest):
        assign_text(shell, shell.variables.resolve(name), fields[index] if index < len(fields) else "")
    return int(not ended)


async def getopts(shell: Shell, args: list[str]) -> int:
    """`getopts OPTIONS NAME [ARG]...`: one option a call; 1 when there are none left."""
    if len(args) < 2:
        await shell.process.err(f"{shell.name}: getopts: usage: getopts optstring var [arg]\n")
        return 2
    known, name, given = args[0], args[1], args[2:] or shell.args
    index = int(shell.variables.get("OPTIND", "1") or 1)
    place = shell.option_place if index == shell.option_index else 1
    shell.variables.pop("OPTARG", None)
    word = given[index - 1] if index <= len(given) else ""
    if not word.startswith("-") or word in {"-", "--"}:
        shell.variables["OPTIND"] = str(index + (word == "--"))
        shell.variables[name] = "?"
        return 1
    letter = word[place]
    at = known.lstrip(":").find(letter) if letter != ":" else -1
    place += 1
    if at >= 0 and known.lstrip(":")[at + 1 : at + 2] == ":":
        index, place, value = index + 1, 1, word[place:]
        if not value and index <= len(given):
            value, index = given[index - 1], index + 1
        elif not value:
            await _complain(shell, known, name, letter, f"option requires an argument -- {letter}", ":")
            letter = ""
        if letter:
            shell.variables["OPTARG"] = value
    elif at < 0:
        await _complain(shell, known, name, letter, f"illegal option -- {letter}", "?")
        letter = ""
    if place >= len(word) and place > 1:
        index, place = index + 1, 1
    if letter:
        shell.variables[name] = letter
    shell.variables["OPTIND"] = str(index)
    shell.option_index, shell.option_place = index, place
    return 0


async def _complain(shell: Shell, known: str, name: str, letter: str, text: str, sign: str) -> None:
    """An option that is wrong: silent mode (`:` first) tells the script, otherwise the user is told."""
    if known.startswith(":"):
        shell.variables["OPTARG"] = letter
        shell.variables[name] = sign
    else:
        shell.variables[name] = "?"
        await shell.process.err(f"{shell.name}: {text}\n")

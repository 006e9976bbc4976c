"""`grep`, `egrep`, `fgrep`.

Source: POSIX.1-2017, Utilities, grep; BusyBox 1.36's help text.
"""

from __future__ import annotations

import posixpath
import re
from collections import deque
from collections.abc import Iterator, Mapping

import attrs

from kubelite.images.busybox.inputs import split_lines
from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.busybox.regex import to_python
from kubelite.images.shell.process import Applet, Process, decode
from kubelite.images.shell.streams import Buffer, Input, read_line

_FAILED = 2


@attrs.define
class _Search:
    expression: re.Pattern[str]
    options: Mapping[str, str]
    named: bool
    found: bool = False
    status: int = 1

    def prefix(self, name: str, sign: str, number: int) -> str:
        at = f"{number}{sign}" if "n" in self.options else ""
        return (f"{name}{sign}" if self.named else "") + at

    def matches(self, text: str) -> bool:
        return (self.expression.search(text) is not None) != ("v" in self.options)


def _expression(texts: list[str], options: Mapping[str, str], name: str) -> re.Pattern[str]:
    extended = "E" in options or name == "egrep"
    patterns = [line for text in texts for line in text.split("\n")]
    if "F" in options or name == "fgrep":
        patterns = [re.escape(each) for each in patterns]
    else:
        patterns = [to_python(each, extended=extended) for each in patterns]
    joined = "|".join(f"(?:{each})" for each in patterns)
    if "w" in options:
        joined = rf"(?<!\w)(?:{joined})(?!\w)"
    if "x" in options:
        joined = rf"\A(?:{joined})\Z"
    return re.compile(joined, re.DOTALL | (re.IGNORECASE if "i" in options else 0))


def _patterns(argv: list[str]) -> tuple[list[str], list[str]]:
    """The arguments of the options -e, taken out, and what is left: -e may be given several times."""
    rest, found = list[str](), list[str]()
    while argv:
        arg = argv.pop(0)
        if arg == "--":
            return [*rest, arg, *argv], found
        if re.fullmatch(r"-[a-zA-Z]*e", arg) and "f" not in arg and argv:
            found.append(argv.pop(0))
            arg = arg[:-1]
        elif arg.startswith("-e"):
            found.append(arg[2:])
            continue
        if arg != "-" or not found:
            rest.append(arg)
    return rest, found


async def grep(process: Process) -> int:
    """`grep [-ivnlLcqEFowxsHhrR] [-m N] [-A N] [-B N] [-C N] [-f FILE] [-e] PATTERN [FILE]...`."""
    name = posixpath.basename(process.argv[0])
    try:
        rest, texts = _patterns(list(process.argv[1:]))
        options, operands = parse_options(rest, "ivnlLcqEFowxsHhrRaz", "mABCf", {"color": "z"})
        if "f" in options:
            texts += split_lines(process.container.files.read(process.path(options["f"])))
        elif not texts:
            if not operands:
                return await process.fail("missing pattern", _FAILED)
            texts = [operands.pop(0)]
        expression = _expression(texts, options, name)
    except UsageError as error:
        return await process.fail(str(error), _FAILED)
    except re.error as error:
        return await process.fail(f"bad regex: {error}", _FAILED)
    recursive = bool({"r", "R"} & set(options))
    names = operands or (["."] if recursive else ["-"])
    named = (len(names) > 1 or recursive or "H" in options) and "h" not in options
    search, status = _Search(expression, options, named), 1
    for each in _files(process, names, recursive=recursive):
        source = await _open(process, each, options)
        if source is None:
            status = _FAILED
        elif await _one(process, search, "(standard input)" if each == "-" else each, source):
            search.found = True
            if "q" in options:
                return 0
    return status if status == _FAILED else int(not search.found)


def _files(process: Process, names: list[str], *, recursive: bool) -> Iterator[str]:
    files = process.container.files
    for name in names:
        if recursive and name != "-" and files.is_dir(process.path(name)):
            inner = [posixpath.join(name, each) for each in files.list(process.path(name))]
            yield from _files(process, inner, recursive=True)
        else:
            yield name


async def _open(process: Process, name: str, options: Mapping[str, str]) -> Input | None:
    if name == "-":
        return process.stdin
    try:
        return Buffer(process.container.files.read(process.path(name)))
    except OSError as error:
        if "s" not in options:
            await process.err(f"grep: {name}: {error.strerror}\n")
        return None


async def _one(process: Process, search: _Search, name: str, source: Input) -> bool:
    """Searches one input; tells whether it has a match (with -L: whether it has none)."""
    options = search.options
    before = int(options.get("B") or options.get("C") or 0)
    after = int(options.get("A") or options.get("C") or 0)
    counted = bool({"c", "l", "L", "q"} & set(options))
    most = int(options.get("m", -1))
    held: deque[tuple[int, str]] = deque(maxlen=before)
    matched = number = owed = shown = 0
    while matched != most and (line := await read_line(source)):
        number += 1
        text = decode(line).removesuffix("\n")
        if not search.matches(text):
            if owed and not counted:
                owed, shown = owed - 1, number
                await process.out(f"{search.prefix(name, '-', number)}{text}\n")
            else:
                held.append((number, text))
            continue
        matched += 1
        if counted:
            if "c" not in options:
                break
            continue
        first = held[0][0] if held else number
        if (before or after) and shown and first > shown + 1:
            await process.out("--\n")
        for at, earlier in held:
            await process.out(f"{search.prefix(name, '-', at)}{earlier}\n")
        held.clear()
        pieces = [text]
        if "o" in options:
            pieces = [hit.group(0) for hit in search.expression.finditer(text) if hit.group(0)]
        for piece in pieces:
            await process.out(f"{search.prefix(name, ':', number)}{piece}\n")
        owed, shown = after, number
    if "c" in options:
        await process.out((f"{name}:" if search.named else "") + f"{matched}\n")
    elif ("l" in options and matched) or ("L" in options and not matched):
        await process.out(f"{name}\n")
    return bool(matched) != ("L" in options)


APPLETS: Mapping[str, Applet] = {"grep": grep, "egrep": grep, "fgrep": grep}

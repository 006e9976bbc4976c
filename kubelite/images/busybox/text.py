"""Applets that read text and write text: cat, head, grep, sort, cut, ….

Source: POSIX.1-2017, Utilities; BusyBox 1.36's help texts.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import attrs

from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.busybox.sed import SedSyntaxError, parse_sed
from kubelite.images.shell.interpreter import run_program
from kubelite.images.shell.process import Applet, Process
from kubelite.images.shell.streams import Buffer, Input, read_line

CHUNK_BYTES = 65_536
FOLLOW_PERIOD_S = 1.0


async def open_inputs(process: Process, names: Sequence[str]) -> AsyncIterator[tuple[str, Input]]:
    """Each named file as an input; `-` or no name is standard input. Absent files are complained about."""
    for name in names or ("-",):
        if name == "-":
            yield "-", process.stdin
            continue
        try:
            yield name, Buffer(process.container.files.read(process.path(name)))
        except OSError as error:
            await process.fail(f"can't open '{name}': {error.strerror}")
            yield name, _Absent()


class _Absent(Buffer):
    """What could not be opened: it is empty, and makes the status 1."""


async def _lines(process: Process, names: Sequence[str]) -> tuple[list[str], int]:
    lines: list[str] = []
    status = 0
    async for _, source in open_inputs(process, names):
        status |= isinstance(source, _Absent)
        lines += (await source.read()).decode(errors="replace").splitlines()
    return lines, status


def _applet(flags: str, valued: str = "", long: dict[str, str] | None = None) -> Callable[[_Body], Applet]:
    """Parses the options of an applet before its body runs."""

    def wrap(body: _Body) -> Applet:
        async def applet(process: Process) -> int:
            try:
                options, operands = parse_options(process.argv[1:], flags, valued, long)
            except UsageError as error:
                return await process.fail(str(error))
            return await body(process, options, operands)

        applet.__doc__ = body.__doc__
        return applet

    return wrap


_Body = Callable[[Process, dict[str, str], list[str]], Awaitable[int]]


@_applet("nAevbEtTu")
async def cat(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`cat [-n] [FILE]...`."""
    status, number = 0, 0
    async for _, source in open_inputs(process, names):
        status |= isinstance(source, _Absent)
        if "n" in options:
            for line in (await source.read()).decode(errors="replace").splitlines():
                number += 1
                await process.out(f"{number:6d}\t{line}\n")
            continue
        while data := await source.read(CHUNK_BYTES):
            await process.out(data)
    return status


def _with_count(argv: Sequence[str]) -> list[str]:
    """`-5` is the old form of `-n 5`."""
    return [f"-n{arg[1:]}" if re.fullmatch(r"-\d+", arg) else arg for arg in argv]


async def head(process: Process) -> int:
    """`head [-n N | -c N] [FILE]...`."""
    options, names = parse_options(_with_count(process.argv[1:]), "q", "nc")
    async for _, source in open_inputs(process, names):
        if "c" in options:
            await process.out(await source.read(int(options["c"])))
            continue
        for _ in range(int(options.get("n", 10))):
            line = await read_line(source)
            if not line:
                break
            await process.out(line)
    return 0


async def tail(process: Process) -> int:
    """`tail [-f] [-n N | -c N] [FILE]...`."""
    options, names = parse_options(_with_count(process.argv[1:]), "fFq", "nc")
    async for _, source in open_inputs(process, names):
        data = await source.read()
        if "c" in options:
            count = options["c"]
            await process.out(data[int(count[1:]) - 1 :] if count.startswith("+") else data[-int(count) :])
            continue
        lines, count = data.splitlines(keepends=True), options.get("n", "10")
        chosen = (
            lines[int(count[1:]) - 1 :]
            if count.startswith("+")
            else lines[len(lines) - int(count) if int(count) < len(lines) else 0 :]
        )
        await process.out(b"".join(chosen))
    if ("f" in options or "F" in options) and names:
        await _follow(process, names[-1])
    return 0


async def _follow(process: Process, name: str) -> None:
    files, path = process.container.files, process.path(name)
    at = len(files.read(path)) if files.is_file(path) else 0
    while True:
        await process.container.clock.sleep(FOLLOW_PERIOD_S)
        data = files.read(path) if files.is_file(path) else b""
        if len(data) > at:
            await process.out(data[at:])
        at = len(data)


@_applet("clwL")
async def wc(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`wc [-clw] [FILE]...`."""
    total = [0, 0, 0]
    chosen = [index for index, flag in enumerate("lwc") if flag in options or not options]
    async for name, source in open_inputs(process, names):
        data = await source.read()
        counts = [data.count(b"\n"), len(data.split()), len(data)]
        total = [a + b for a, b in zip(total, counts, strict=True)]
        await process.out(_counts(counts, chosen, name if name != "-" else ""))
    if len(names) > 1:
        await process.out(_counts(total, chosen, "total"))
    return 0


def _counts(counts: Sequence[int], chosen: Sequence[int], name: str) -> str:
    if len(chosen) == 1:
        return f"{counts[chosen[0]]}" + (f" {name}" if name else "") + "\n"
    return " ".join(f"{counts[index]:9d}" for index in chosen) + (f" {name}" if name else "") + "\n"


@_applet("ivnlcqEFowsHhrR", "emABC")
async def grep(process: Process, options: dict[str, str], operands: list[str]) -> int:
    """`grep [-ivnlcqEFowsr] [-e] PATTERN [FILE]...`."""
    pattern = options.get("e")
    if pattern is None:
        if not operands:
            return await process.fail("missing pattern", 2)
        pattern = operands.pop(0)
    if "F" in options or process.argv[0].endswith("fgrep"):
        pattern = re.escape(pattern)
    elif "E" not in options and not process.argv[0].endswith("egrep"):
        pattern = basic_to_python(pattern)
    if "w" in options:
        pattern = rf"\b(?:{pattern})\b"
    try:
        expression = re.compile(pattern, re.IGNORECASE if "i" in options else 0)
    except re.error as error:
        return await process.fail(f"bad regex '{pattern}': {error}", 2)
    found = False
    async for name, source in open_inputs(process, operands):
        prefix = f"{name}:" if len(operands) > 1 and "h" not in options else ""
        matched, number = 0, 0
        while line := await read_line(source):
            number += 1
            text = line.decode(errors="replace").removesuffix("\n")
            hits = [match.group(0) for match in expression.finditer(text)]
            if bool(hits or expression.search(text)) == ("v" in options):
                continue
            matched += 1
            if "q" in options:
                return 0
            if not {"c", "l"} & set(options):
                at = f"{number}:" if "n" in options else ""
                for shown in hits if "o" in options else [text]:
                    await process.out(f"{prefix}{at}{shown}\n")
            if matched == int(options.get("m", -1)):
                break
        if "c" in options:
            await process.out(f"{prefix}{matched}\n")
        elif "l" in options and matched:
            await process.out(f"{name}\n")
        found = found or bool(matched)
    return int(not found)


def basic_to_python(pattern: str) -> str:
    r"""A basic regular expression as Python's: `\(`, `\{`, `\|`, `\+` are special, the bare signs are not."""
    made, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            following = pattern[at + 1]
            made += following if following in "(){}|+?" else "\\" + following
            at += 2
        elif char == "[":
            end = pattern.find("]", at + 2)
            end = len(pattern) - 1 if end < 0 else end
            made += (
                pattern[at : end + 1]
                .replace("[:space:]", r"\s")
                .replace("[:digit:]", r"\d")
                .replace("[:alpha:]", "a-zA-Z")
            )
            at = end + 1
        else:
            made += "\\" + char if char in "(){}|+?" else char
            at += 1
    return made


@_applet("nrufbM", "kto")
async def sort(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`sort [-nru] [-k FIELD] [-t SEPARATOR] [FILE]...`."""
    lines, status = await _lines(process, names)
    field, separator = options.get("k"), options.get("t")

    def key(line: str) -> tuple[float, str]:
        text = line
        if field:
            parts = line.split(separator) if separator else line.split()
            at = int(re.match(r"\d+", field).group(0)) - 1  # type: ignore[union-attr]
            text = parts[at] if at < len(parts) else ""
        if "n" in options or (field and field.endswith("n")):
            number = re.match(r"\s*-?\d+(?:\.\d+)?", text)
            return (float(number.group(0)) if number else 0.0, "")
        return (0.0, text.lower() if "f" in options else text)

    lines = sorted(dict.fromkeys(lines) if "u" in options else lines, key=key, reverse="r" in options)
    await process.out("".join(line + "\n" for line in lines))
    return status


@_applet("cdui")
async def uniq(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`uniq [-cdu] [FILE]`."""
    lines, status = await _lines(process, names)
    groups: list[tuple[str, int]] = []
    for line in lines:
        if groups and groups[-1][0] == line:
            groups[-1] = (line, groups[-1][1] + 1)
        else:
            groups.append((line, 1))
    for line, count in groups:
        if ("d" in options and count == 1) or ("u" in options and count > 1):
            continue
        await process.out(f"{count:7d} {line}\n" if "c" in options else f"{line}\n")
    return status


@_applet("s", "dfc")
async def cut(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`cut -d SEPARATOR -f LIST | -c LIST [FILE]...`."""
    lines, status = await _lines(process, names)
    ranges = []
    for part in (options.get("f") or options.get("c") or "1").split(","):
        low, dash, high = part.partition("-")
        ranges.append((int(low or 1), int(high or 10**9) if dash else int(low)))
    separator = options.get("d", "\t")
    for line in lines:
        parts = list(line) if "c" in options else line.split(separator)
        if "f" in options and len(parts) == 1:
            if "s" not in options:
                await process.out(line + "\n")
            continue
        chosen = [
            each for index, each in enumerate(parts, 1) if any(low <= index <= high for low, high in ranges)
        ]
        await process.out(("" if "c" in options else separator).join(chosen) + "\n")
    return status


@_applet("dscC")
async def tr(process: Process, options: dict[str, str], sets: list[str]) -> int:
    """`tr [-ds] SET1 [SET2]`."""
    text = (await process.stdin.read()).decode(errors="replace")
    first = _characters(sets[0]) if sets else ""
    second = _characters(sets[1]) if len(sets) > 1 else ""
    if "c" in options or "C" in options:
        first = "".join(sorted({char for char in text if char not in first}))
    if "d" in options:
        text = "".join(char for char in text if char not in first)
    elif second:
        second = second + second[-1] * (len(first) - len(second))
        text = text.translate({ord(a): b for a, b in zip(first, second, strict=False)})
    if "s" in options:
        squeezed = second or first
        text = re.sub(f"([{re.escape(squeezed)}])\\1+", r"\1", text) if squeezed else text
    await process.out(text)
    return 0


def _characters(text: str) -> str:
    classes = {
        "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
        "[:digit:]": "0123456789",
        "[:space:]": " \t\n\r\f\v",
    }
    for name, characters in classes.items():
        text = text.replace(name, characters)
    text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r").replace("\\0", "\0")
    return re.sub(
        r"(.)-(.)",
        lambda match: "".join(map(chr, range(ord(match.group(1)), ord(match.group(2)) + 1))),
        text,
        flags=re.DOTALL,
    )


async def tee(process: Process) -> int:
    """`tee [-a] [FILE]...`."""
    options, names = parse_options(process.argv[1:], "ai")
    files = process.container.files
    for name in names:
        files.write(process.path(name), b"", append="a" in options)
    while data := await process.stdin.read(CHUNK_BYTES):
        await process.out(data)
        for name in names:
            files.write(process.path(name), data, append=True)
    return 0


async def sed(process: Process) -> int:
    """`sed [-nEr] [-i] [-e] SCRIPT [FILE]...`: addresses, s, d, p, q, a, i, c, y, =."""
    options, operands = parse_options(process.argv[1:], "nEri", "e")
    script = options["e"] if "e" in options else operands.pop(0) if operands else ""
    try:
        program = parse_sed(script, extended=bool({"E", "r"} & set(options)), quiet="n" in options)
    except SedSyntaxError as error:
        return await process.fail(str(error))
    if "i" in options:
        for name in operands:
            path = process.path(name)
            text = program.run(process.container.files.read(path).decode(errors="replace").splitlines())
            process.container.files.write(path, text)
        return 0
    lines, status = await _lines(process, operands)
    await process.out(program.run(lines))
    return status


async def xargs(process: Process) -> int:
    """`xargs [-n N] [-I TEXT] PROG ARGS`."""
    rest, options = list(process.argv[1:]), dict[str, str]()
    while rest and rest[0] in {"-n", "-I", "-r", "-0"}:
        flag = rest.pop(0)
        options[flag] = rest.pop(0) if flag in {"-n", "-I"} and rest else ""
    command = rest or ["echo"]
    text = (await process.stdin.read()).decode(errors="replace")
    if "-I" in options:
        batches = [
            [arg.replace(options["-I"], line) for arg in command]
            for line in text.splitlines()
            if line.strip()
        ]
    else:
        words = text.split("\0") if "-0" in options else text.split()
        size = int(options.get("-n") or len(words) or 1)
        batches = [
            [*command, *words[at : at + size]]
            for at in range(0, max(len(words), 0 if "-r" in options else 1), size)
        ]
    status = 0
    for argv in batches:
        if await run_program(attrs.evolve(process, argv=tuple(argv))):
            status = 123
    return status


@_applet("dw", "w")
async def base64_applet(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`base64 [-d] [FILE]`."""
    async for _, source in open_inputs(process, names):
        data = await source.read()
        if "d" in options:
            await process.out(base64.b64decode(data))
        else:
            text = base64.b64encode(data).decode()
            await process.out("".join(text[at : at + 76] + "\n" for at in range(0, len(text), 76)))
    return 0


def _digest(algorithm: str) -> Applet:
    async def applet(process: Process) -> int:
        async for name, source in open_inputs(process, process.argv[1:]):
            digest = hashlib.new(algorithm, await source.read(), usedforsecurity=False).hexdigest()
            await process.out(f"{digest}  {name}\n")
        return 0

    return applet


APPLETS: Mapping[str, Applet] = {
    "cat": cat,
    "head": head,
    "tail": tail,
    "wc": wc,
    "grep": grep,
    "egrep": grep,
    "fgrep": grep,
    "sort": sort,
    "uniq": uniq,
    "cut": cut,
    "tr": tr,
    "tee": tee,
    "sed": sed,
    "xargs": xargs,
    "base64": base64_applet,
    "md5sum": _digest("md5"),
    "sha1sum": _digest("sha1"),
    "sha256sum": _digest("sha256"),
}

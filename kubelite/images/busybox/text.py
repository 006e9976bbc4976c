"""Applets that read text and write text: cat, head, grep, sort, cut, ….

Source: POSIX.1-2017, Utilities; BusyBox 1.36's help texts.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Mapping, Sequence

import attrs

from kubelite.images.busybox.inputs import Absent, applet, each_line, open_inputs, read_lines, split_lines
from kubelite.images.shell.process import Applet, Process, decode
from kubelite.images.shell.streams import Input, read_line

CHUNK_BYTES = 65_536
FOLLOW_PERIOD_S = 1.0
_WC_COLUMNS = "lwmcL"
"""Lines, words, characters, bytes, the longest line."""


@applet("nAevbEtTu")
async def cat(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`cat [-AbeEntTv] [FILE]...`."""
    status, number = 0, 0
    letters = "".join(options).replace("A", "vET").replace("e", "vE").replace("t", "vT")
    async for _, source in open_inputs(process, names):
        status |= isinstance(source, Absent)
        while data := await source.read(CHUNK_BYTES):
            if not set(letters) & set("nbvET"):
                await process.out(data)
                continue
            while not data.endswith(b"\n") and (more := await source.read(CHUNK_BYTES)):
                data += more
            for line in data.splitlines(keepends=True):
                numbered = "n" in letters or ("b" in letters and line != b"\n")
                number += numbered
                await process.out(f"{number:6d}\t".encode() * numbered + _visible(line, letters))
    return status


def _visible(line: bytes, letters: str) -> bytes:
    """A line in which `E` shows its end, `T` tabs and `v` what cannot be printed."""
    text, end = line.removesuffix(b"\n"), line[-1:] if line.endswith(b"\n") else b""
    if "v" in letters:
        text = b"".join(map(_as_shown, text))
    if "T" in letters:
        text = text.replace(b"\t", b"^I")
    return text + (b"$" if "E" in letters and end else b"") + end


def _as_shown(byte: int) -> bytes:
    if byte >= 128:
        return b"M-" + _as_shown(byte - 128)
    if byte == 127:
        return b"^?"
    return bytes((94, byte + 64)) if byte < 32 and byte != 9 else bytes((byte,))


def _with_count(argv: Sequence[str]) -> list[str]:
    """`-5` is the old form of `-n 5`; the number of -n may be negative."""
    made: list[str] = []
    for arg in argv:
        valued = bool(made) and made[-1] in {"-n", "-c"}
        made.append(f"-n{arg[1:]}" if re.fullmatch(r"-\d+", arg) and not valued else arg)
    return made


async def _headed(process: Process, name: str, names: Sequence[str], *, quiet: bool, first: bool) -> None:
    """The line that says which of several files follows."""
    if len(names) > 1 and not quiet:
        await process.out(f"{'' if first else chr(10)}==> {name} <==\n")


def _count(text: str) -> int:
    units = {"k": 1024, "K": 1024, "m": 1024**2, "M": 1024**2, "b": 512}
    return int(text[:-1]) * units[text[-1]] if text[-1:] in units else int(text)


@applet("qv", "nc")
async def _head(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`head [-q] [-n [-]N | -c [-]N] [FILE]...`."""
    status, first = 0, True
    async for name, source in open_inputs(process, names):
        if isinstance(source, Absent):
            status = 1
            continue
        await _headed(process, name, names, quiet="q" in options, first=first)
        first = False
        count = _count(options.get("c") or options.get("n", "10"))
        if "c" in options:
            await process.out(await _first_bytes(source, count))
        elif count < 0:
            lines = (await source.read()).splitlines(keepends=True)
            await process.out(b"".join(lines[:count]))
        else:
            for _ in range(count):
                line = await read_line(source)
                if not line:
                    break
                await process.out(line)
    return status


async def _first_bytes(source: Input, count: int) -> bytes:
    """The first `count` bytes; all but the last ones if it is negative."""
    if count < 0:
        return (await source.read())[:count]
    data = b""
    while len(data) < count and (chunk := await source.read(count - len(data))):
        data += chunk
    return data


async def head(process: Process) -> int:
    """`head`, with the old form `-5`."""
    return await _head(attrs.evolve(process, argv=("head", *_with_count(process.argv[1:]))))


@applet("fFqv", "ncs")
async def _tail(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`tail [-fFq] [-n [+]N | -c [+]N] [FILE]...`."""
    status, first = 0, True
    async for name, source in open_inputs(process, names):
        if isinstance(source, Absent):
            status = 1
            continue
        await _headed(process, name, names, quiet="q" in options, first=first)
        first = False
        data = await source.read()
        text = options.get("c") or options.get("n", "10")
        count = abs(_count(text))
        if "c" in options:
            await process.out(
                data[max(count, 1) - 1 :] if text.startswith("+") else data[max(0, len(data) - count) :]
            )
            continue
        lines = data.split(b"\n")
        lines = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
        start = max(count, 1) - 1 if text.startswith("+") else max(0, len(lines) - count)
        await process.out(b"".join(lines[start:]))
    if {"f", "F"} & set(options) and names:
        await _follow(process, names[-1])
    return status


async def tail(process: Process) -> int:
    """`tail`, with the old form `-5`."""
    return await _tail(attrs.evolve(process, argv=("tail", *_with_count(process.argv[1:]))))


async def _follow(process: Process, name: str) -> None:
    files, path = process.container.files, process.path(name)
    at = len(files.read(path)) if files.is_file(path) else 0
    while True:
        await process.container.clock.sleep(FOLLOW_PERIOD_S)
        data = files.read(path) if files.is_file(path) else b""
        if len(data) > at:
            await process.out(data[at:])
        at = len(data)


@applet("clwLm")
async def wc(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`wc [-clmwL] [FILE]...`."""
    status = 0
    total = [0] * len(_WC_COLUMNS)
    chosen = [index for index, flag in enumerate(_WC_COLUMNS) if flag in (options or "lwc")]
    async for name, source in open_inputs(process, names):
        if isinstance(source, Absent):
            status = 1
            continue
        data = await source.read()
        longest = max((len(line.expandtabs()) for line in split_lines(data)), default=0)
        counts = [data.count(b"\n"), len(data.split()), len(decode(data)), len(data), longest]
        total = [*(a + b for a, b in zip(total[:-1], counts, strict=False)), max(total[-1], longest)]
        await process.out(_counts(counts, chosen, name if name != "-" else ""))
    if len(names) > 1:
        await process.out(_counts(total, chosen, "total"))
    return status


def _counts(counts: Sequence[int], chosen: Sequence[int], name: str) -> str:
    if len(chosen) == 1:
        return f"{counts[chosen[0]]}" + (f" {name}" if name else "") + "\n"
    return " ".join(f"{counts[index]:9d}" for index in chosen) + (f" {name}" if name else "") + "\n"


@applet("sn", "dfcbO", {"output-delimiter": "O", "delimiter": "d", "fields": "f", "characters": "c"})
async def cut(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`cut -f LIST [-d SEPARATOR] [-s] | -c LIST | -b LIST [FILE]...`."""
    lists = options.get("f") or options.get("c") or options.get("b")
    if not lists:
        return await process.fail("expected a list of bytes, characters, or fields")
    ranges = []
    for part in re.split("[, ]", lists):
        low, dash, high = part.partition("-")
        ranges.append((int(low or 1), int(high or 10**9) if dash else int(low)))
    absent: list[str] = []
    separator = options.get("d", "\t") if "f" in options else ""
    async for whole in each_line(process, names, absent):
        line = whole.removesuffix("\n")
        parts = line.split(separator) if separator else list(line)
        if separator and len(parts) == 1:
            if "s" not in options:
                await process.out(line + "\n")
            continue
        chosen = [
            each for index, each in enumerate(parts, 1) if any(low <= index <= high for low, high in ranges)
        ]
        await process.out(options.get("O", separator).join(chosen) + "\n")
    return int(bool(absent))


@applet("dscC")
async def tr(process: Process, options: dict[str, str], sets: list[str]) -> int:
    """`tr [-ds] SET1 [SET2]`."""
    first = _characters(sets[0]) if sets else ""
    second = _characters(sets[1]) if len(sets) > 1 else ""
    if "c" in options or "C" in options:
        first = "".join(char for char in map(chr, range(256)) if char not in first)
    table: dict[int, str | None] = {}
    if "d" in options:
        table = dict.fromkeys(map(ord, first))
    elif second:
        second = second + second[-1] * (len(first) - len(second))
        table = {ord(a): b for a, b in zip(first, second, strict=False)}
    squeezed, last = (second or first) if "s" in options else "", ""
    while data := await process.stdin.read(CHUNK_BYTES):
        text = data.decode("latin-1").translate(table)
        if squeezed and text:
            # what ended the chunk before is part of a run that goes on
            text = re.sub(f"([{re.escape(squeezed)}])\\1+", r"\1", last + text).removeprefix(last)
            last = text[-1:] if text[-1:] in squeezed else last * (not text)
        await process.out(text.encode("latin-1"))
    return 0


@applet("bs", "w")
async def fold(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`fold [-bs] [-w WIDTH] [FILE]...`."""
    width, status = int(options.get("w", "80")), 0
    async for _, source in open_inputs(process, names):
        status |= isinstance(source, Absent)
        line = b""
        while data := await source.read(CHUNK_BYTES):
            *whole, line = (line + data).split(b"\n")
            for each in whole:
                await process.out(b"\n".join(_folded(each, width, words="s" in options)) + b"\n")
            *pieces, line = _folded(line, width, words="s" in options)
            await process.out(b"".join(piece + b"\n" for piece in pieces))
        await process.out(line)
    return status


def _folded(line: bytes, width: int, *, words: bool) -> list[bytes]:
    """Pieces of at most `width` bytes; with `words` they end after blanks where there are some."""
    pieces = []
    while len(line) > width:
        at = (line.rfind(b" ", 0, width) + 1 if words else 0) or width
        pieces.append(line[:at])
        line = line[at:]
    return [*pieces, line]


_SETS = {
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "digit": "0123456789",
    "space": "\t\n\v\f\r ",
    "blank": "\t ",
    "punct": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "xdigit": "0123456789ABCDEFabcdef",
    "cntrl": "".join(map(chr, [*range(32), 127])),
}
_SETS["alpha"] = _SETS["upper"] + _SETS["lower"]
_SETS["alnum"] = _SETS["digit"] + _SETS["alpha"]
_SETS["print"] = "".join(map(chr, range(32, 127)))
_SETS["graph"] = _SETS["print"][1:]


def _characters(text: str) -> str:
    """The characters of a set of `tr`: classes, ranges and escapes, one character a byte."""
    text = text.encode(errors="surrogateescape").decode("latin-1")
    made, at = "", 0
    while at < len(text):
        if match := re.compile(r"\[:(\w+):\]").match(text, at):
            made, at = made + _SETS.get(match.group(1), ""), match.end()
            continue
        char, at = _character(text, at)
        if text.startswith("-", at) and at + 1 < len(text):
            last, at = _character(text, at + 1)
            made += "".join(map(chr, range(ord(char), ord(last) + 1)))
        else:
            made += char
    return made


def _character(text: str, at: int) -> tuple[str, int]:
    if match := re.compile(r"\\([0-7]{1,3}|.)", re.DOTALL).match(text, at):
        code = match.group(1)
        named = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "b": "\b"}
        return (chr(int(code, 8) & 255) if code.isdigit() else named.get(code, code)), match.end()
    return text[at], at + 1


@applet("ai")
async def tee(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`tee [-a] [FILE]...`."""
    files = process.container.files
    for name in names:
        files.write(process.path(name), b"", append="a" in options)
    while data := await process.stdin.read(CHUNK_BYTES):
        await process.out(data)
        for name in names:
            files.write(process.path(name), data, append=True)
    return 0


@applet("", "bvwsin")
async def nl(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`nl [-b a|t] [-v START] [-w WIDTH] [-s SEPARATOR] [FILE]...`."""
    lines, status = await read_lines(process, names)
    number, width = int(options.get("v", "1")), int(options.get("w", "6"))
    step, separator = int(options.get("i", "1")), options.get("s", "\t")
    for line in lines:
        if line or options.get("b") == "a":
            await process.out(f"{number:{width}d}{separator}{line}\n")
            number += step
        else:
            await process.out(" " * (width + len(separator)) + line + "\n")
    return status


@applet("d", "lba")
async def split(process: Process, options: dict[str, str], operands: list[str]) -> int:
    """`split [-l LINES | -b BYTES] [-a LENGTH] [FILE [PREFIX]]`."""
    prefix, length = (operands[1:2] or ["x"])[0], int(options.get("a", "2"))
    async for _, source in open_inputs(process, operands[:1]):
        data = await source.read()
        size = _count(options.get("b") or options.get("l", "1000"))
        if "b" in options:
            pieces = [data[at : at + size] for at in range(0, len(data), size)]
        else:
            lines = data.splitlines(keepends=True)
            pieces = [b"".join(lines[at : at + size]) for at in range(0, len(lines), size)]
        letters = string.digits if "d" in options else string.ascii_lowercase
        for suffix, piece in zip(itertools.product(letters, repeat=length), pieces, strict=False):
            process.container.files.write(process.path(prefix + "".join(suffix)), piece)
    return 0


@applet("")
async def tac(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`tac [FILE]...`."""
    lines, status = await read_lines(process, names)
    await process.out("".join(line + "\n" for line in reversed(lines)))
    return status


@applet("")
async def rev(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`rev [FILE]...`."""
    lines, status = await read_lines(process, names)
    await process.out("".join(line[::-1] + "\n" for line in lines))
    return status


@applet("s", "d")
async def paste(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`paste [-s] [-d LIST] [FILE]...`."""
    separators = options.get("d", "\t").replace("\\t", "\t").replace("\\n", "\n") or "\t"
    columns = []
    async for _, source in open_inputs(process, names):
        columns.append(split_lines(await source.read()))
    rows = columns if "s" in options else [list(row) for row in itertools.zip_longest(*columns, fillvalue="")]
    for row in rows:
        text = row[0] if row else ""
        for index, each in enumerate(row[1:]):
            text += separators[index % len(separators)] + each
        await process.out(text + "\n")
    return 0


APPLETS: Mapping[str, Applet] = {
    "cat": cat,
    "head": head,
    "tail": tail,
    "wc": wc,
    "cut": cut,
    "tr": tr,
    "fold": fold,
    "tee": tee,
    "tac": tac,
    "rev": rev,
    "paste": paste,
    "nl": nl,
    "split": split,
}

"""Applets that compare files: cmp, diff, comm.

Source: POSIX.1-2017, Utilities, cmp, diff and comm; BusyBox 1.36's messages.
"""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Mapping, Sequence

from kubelite.images.busybox.inputs import Absent, applet, open_inputs, split_lines
from kubelite.images.shell.process import Applet, Process

_TROUBLE = 2
_CONTEXT = 3


async def _two(process: Process, names: Sequence[str]) -> list[bytes] | None:
    """The content of two inputs; None if one of them cannot be read."""
    found = []
    async for _, source in open_inputs(process, names[:2]):
        if isinstance(source, Absent):
            return None
        found.append(await source.read())
    return found


@applet("sl")
async def cmp(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`cmp [-ls] FILE1 [FILE2]`."""
    if not names:
        return await process.fail("missing operand", _TROUBLE)
    names = [names[0], *names[1:2]] if len(names) > 1 else [names[0], "-"]
    contents = await _two(process, names)
    if contents is None:
        return _TROUBLE
    one, two = contents
    differing = [at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b]
    if "l" in options:
        for at in differing:
            await process.out(f"{at + 1} {one[at]:3o} {two[at]:3o}\n")
    elif differing and "s" not in options:
        line = one.count(b"\n", 0, differing[0]) + 1
        await process.out(f"{names[0]} {names[1]} differ: char {differing[0] + 1}, line {line}\n")
    elif len(one) != len(two) and "s" not in options:
        await process.err(f"cmp: EOF on {names[0] if len(one) < len(two) else names[1]}\n")
    return int(bool(differing) or len(one) != len(two))


@applet("qubBiwadsNr", "UL")
async def diff(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`diff [-qubi] [-U LINES] FILE1 FILE2`."""
    if len(names) < 2:
        return await process.fail("missing operand", _TROUBLE)
    is_directory = process.container.files.is_dir
    if all(is_directory(process.path(name)) for name in names[:2]):
        return await _directories(process, options, names)
    contents = await _two(process, names)
    if contents is None:
        return _TROUBLE
    return await _compared(process, options, names, *map(split_lines, contents))


async def _directories(process: Process, options: dict[str, str], names: list[str]) -> int:
    """Files of the same name with each other; with `-r` also those of directories below."""
    files, status = process.container.files, 0
    left, right = (set(files.list(process.path(name))) for name in names[:2])
    for name in sorted(left | right):
        paths = [posixpath.join(each, name) for each in names[:2]]
        if name not in left & right and "N" not in options:
            await process.out(f"Only in {names[name in right]}: {name}\n")
            status = 1
            continue
        kinds = [files.is_dir(process.path(path)) for path in paths]
        if all(kinds):
            if "r" in options:
                status |= await _directories(process, options, paths)
            else:
                await process.out(f"Common subdirectories: {paths[0]} and {paths[1]}\n")
            continue
        known = [process.path(path) for path in paths]
        data = [files.read(path) if files.is_file(path) else b"" for path in known]
        if data[0] != data[1]:
            if "q" not in options:
                flags = " ".join(f"-{letter}{value}" for letter, value in options.items())
                await process.out(f"diff {flags}{' ' if flags else ''}{paths[0]} {paths[1]}\n")
            status |= await _compared(process, options, paths, *map(split_lines, data))
    return status


async def _compared(
    process: Process, options: dict[str, str], names: list[str], one: list[str], two: list[str]
) -> int:
    seen_one, seen_two = _seen(one, options), _seen(two, options)
    if seen_one == seen_two:
        if "s" in options:
            await process.out(f"Files {names[0]} and {names[1]} are identical\n")
        return 0
    if "q" in options:
        await process.out(f"Files {names[0]} and {names[1]} differ\n")
    elif "u" in options or "U" in options:
        context = int(options.get("U", _CONTEXT))
        for line in difflib.unified_diff(one, two, names[0], names[1], lineterm="", n=context):
            await process.out(line + "\n")
    else:
        matcher = difflib.SequenceMatcher(None, seen_one, seen_two, autojunk=False)
        for change in _normal(matcher.get_opcodes(), one, two):
            await process.out(change)
    return 1


def _seen(lines: Sequence[str], options: Mapping[str, str]) -> list[str]:
    """The lines as the options compare them."""
    made = list(lines)
    if "w" in options:
        made = ["".join(line.split()) for line in made]
    elif "b" in options:
        made = [" ".join(line.split()) for line in made]
    return [line.lower() for line in made] if "i" in options else made


def _normal(
    changes: Sequence[tuple[str, int, int, int, int]], one: Sequence[str], two: Sequence[str]
) -> Iterator[str]:
    """The changes in diff's first form: `1,2c1`, what goes with `<`, what comes with `>`."""
    for kind, start, end, new_start, new_end in changes:
        if kind == "equal":
            continue
        letter = {"replace": "c", "delete": "d", "insert": "a"}[kind]
        before = str(start) if kind == "insert" else _range(start, end)
        after = str(new_start) if kind == "delete" else _range(new_start, new_end)
        gone = "".join(f"< {line}\n" for line in one[start:end])
        come = "".join(f"> {line}\n" for line in two[new_start:new_end])
        yield f"{before}{letter}{after}\n{gone}{'---' + chr(10) if gone and come else ''}{come}"


def _range(start: int, end: int) -> str:
    return str(end) if end - start == 1 else f"{start + 1},{end}"


@applet("123")
async def comm(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`comm [-123] FILE1 FILE2`: lines only in the first, only in the second, in both of two sorted files."""
    contents = await _two(process, names)
    if contents is None or len(contents) < 2:
        return await process.fail("missing operand") if contents else 1
    one, two = map(split_lines, contents)
    while one or two:
        if not two or (one and one[0] < two[0]):
            column, line = 1, one.pop(0)
        elif not one or two[0] < one[0]:
            column, line = 2, two.pop(0)
        else:
            column, line = 3, one.pop(0)
            two.pop(0)
        if str(column) not in options:
            await process.out("\t" * sum(str(each) not in options for each in range(1, column)) + line + "\n")
    return 0


APPLETS: Mapping[str, Applet] = {"cmp": cmp, "diff": diff, "comm": comm}

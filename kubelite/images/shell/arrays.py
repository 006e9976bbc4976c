"""Assignments to arrays, and the built-ins `declare` and `mapfile`.

Source: the Bash Reference Manual, 6.7 Arrays, 4.2 Bash Builtin Commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubelite.images.shell import expansion
from kubelite.images.shell.control import ShellError
from kubelite.images.shell.parser import split_subscript
from kubelite.images.shell.process import decode
from kubelite.images.shell.streams import read_line
from kubelite.images.shell.syntax import Assignment, ListOfWords
from kubelite.images.shell.variables import Array

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

_FLAGS = frozenset("aAgirxp")


def is_list(assignment: Assignment) -> bool:
    """Whether it is `name=(…)`."""
    return any(isinstance(part, ListOfWords) for part in assignment.word.parts)


async def assign(shell: Shell, assignment: Assignment) -> None:
    """Carry out an assignment of any form.

    Raises:
        ShellError: The variable is read-only, or the shell knows no arrays.
    """
    name, variables = assignment.name, shell.variables
    match assignment.word.parts:
        case (ListOfWords() as items,):
            if not shell.braces:
                raise ShellError('syntax error: unexpected "("')
            await _assign_list(shell, name, items, appends=assignment.appends)
            return
    if assignment.subscript is not None:
        name = f"{name}[{shell.key(name, await expansion.expand_word(assignment.subscript, shell))}]"
    text = await expansion.expand_word(assignment.word, shell)
    variables[name] = str(variables.get(name, "")) + text if assignment.appends else text


async def _assign_list(shell: Shell, name: str, items: ListOfWords, *, appends: bool) -> None:
    variables = shell.variables
    if name in variables.constant:
        raise ShellError(f"{name}: is read only")
    found: list[tuple[str | None, str]] = []
    for word in items.words:
        keyed = split_subscript("", word)
        if keyed is None or keyed.subscript is None:
            found += [(None, text) for text in await expansion.expand_words((word,), shell)]
            continue
        key = await expansion.expand_word(keyed.subscript, shell)
        found.append((key, await expansion.expand_word(keyed.word, shell)))
    variables.declare(name)
    array = variables.arrays[name]
    if not appends:
        variables.put_back(name, array := Array(array.associative))
    if array.associative and all(key is None for key, _ in found):
        texts = [text for _, text in found]
        found = list(zip(texts[::2], texts[1::2], strict=False))
    for subscript, text in found:
        at = str(array.end) if subscript is None else shell.key(name, subscript)
        variables[f"{name}[{at}]"] = text


async def declare(shell: Shell, args: list[str]) -> int:
    """`declare [-aAgirxp] [NAME[=TEXT]]...`; in a function the names are local, unless -g."""
    flags, names = set[str](), list(args)
    while names and names[0][:1] in {"-", "+"} and len(names[0]) > 1:
        flag = names.pop(0)
        if not set(flag[1:]) <= _FLAGS:
            await shell.process.err(f"{shell.name}: declare: {flag}: invalid option\n")
            return 2
        flags |= set(flag[1:]) if flag[0] == "-" else set()
    if "p" in flags:
        return await _print(shell, names)
    for arg in names:
        name, equals, text = arg.partition("=")
        if shell.locals and "g" not in flags:
            shell.locals[-1].setdefault(name, shell.variables.kept(name))
            if name not in shell.variables.arrays or "A" in flags:
                shell.variables.pop(name)
        if flags & {"a", "A"}:
            shell.variables.declare(name, associative="A" in flags)
        if equals:
            shell.variables[name] = text
        if "x" in flags:
            shell.exported.add(name)
        if "r" in flags:
            shell.variables.constant.add(name)
    return 0


async def _print(shell: Shell, names: list[str]) -> int:
    status = 0
    for name in names or sorted({*shell.variables, *shell.variables.arrays}):
        array = shell.variables.arrays.get(name)
        if array is None and name not in shell.variables:
            await shell.process.err(f"{shell.name}: declare: {name}: not found\n")
            status = 1
            continue
        if array is None:
            mark = "x" if name in shell.exported else "-"
            await shell.process.out(f'declare -{mark} {name}="{shell.variables[name]}"\n')
            continue
        items = " ".join(f'[{key}]="{text}"' for key, text in array.ordered().items())
        await shell.process.out(f"declare -{'A' if array.associative else 'a'} {name}=({items})\n")
    return status


async def mapfile(shell: Shell, args: list[str]) -> int:
    """`mapfile [-t] [NAME]`: the lines of the input as an array."""
    names = [arg for arg in args if not arg.startswith("-")]
    trimmed = any(arg.startswith("-") and "t" in arg for arg in args)
    name = names[0] if names else "MAPFILE"
    variables = shell.variables
    variables.put_back(name, array := Array())
    while line := decode(await read_line(shell.process.stdin)):
        variables[f"{name}[{array.end}]"] = line.removesuffix("\n") if trimmed else line
    return 0


BUILTINS = {"declare": declare, "typeset": declare, "mapfile": mapfile, "readarray": mapfile}

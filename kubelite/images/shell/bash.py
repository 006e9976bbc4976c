"""The built-ins that only bash has.

Source: the Bash Reference Manual, 4.2 Bash Builtin Commands, 4.3.2 The Shopt Builtin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kubelite.images.shell import assigning, builtins
from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.process import decode
from kubelite.images.shell.streams import Buffer, read_line

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

_SHOPT: Final = frozenset(
    {
        *("nullglob", "globstar", "dotglob", "failglob", "extglob", "nocasematch", "nocaseglob", "lastpipe"),
        *("inherit_errexit", "expand_aliases", "globasciiranges", "checkwinsize", "cmdhist", "histappend"),
        *("autocd", "cdspell", "sourcepath", "xpg_echo", "huponexit", "checkjobs", "progcomp", "promptvars"),
    }
)
_TRAITS: Final = frozenset("ilu")
_DIRECTIVE: Final = re.compile(r"(?<!%)(?:%%)*%[^%(]")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


async def _declare(shell: Shell, args: list[str]) -> int:
    """`declare [-aAilnrux] [-g] [-p] [-f|-F] [NAME[=VALUE]]...`; in a function the names are local."""
    return await _declared(shell, "declare", args, local=bool(shell.locals))


async def _local(shell: Shell, args: list[str]) -> int:
    if not shell.locals:
        await shell.process.err(f"{shell.name}: local: can only be used in a function\n")
        return 1
    return await _declared(shell, "local", args, local=True)


async def _export(shell: Shell, args: list[str]) -> int:
    return await _declared(shell, "export", args, given="x")


async def _readonly(shell: Shell, args: list[str]) -> int:
    return await _declared(shell, "readonly", args, given="r")


async def _declared(
    shell: Shell, command: str, args: list[str], *, local: bool = False, given: str = ""
) -> int:
    on, off, names = set(given), set[str](), list(args)
    while names and names[0][:1] in {"-", "+"} and len(names[0]) > 1:
        flag = names.pop(0)
        if flag == "--":
            break
        (on if flag[0] == "-" else off).update(flag[1:])
    if command == "export" and "n" in on:
        shell.exported.difference_update(names)
        return 0
    if on & {"f", "F"}:
        return await _functions(shell, names, on)
    if "p" in on or not names:
        return await _shown(shell, names, on - {"p"})
    for arg in names:
        name, equals, value = arg.partition("=")
        append = name.endswith("+")
        name = name.removesuffix("+")
        if not _NAME.fullmatch(name):
            await shell.process.err(f"{shell.name}: {command}: `{arg}': not a valid identifier\n")
            return 1
        _declare_one(
            shell, name, value if equals else None, on, off, append=append, local=local and "g" not in on
        )
    return 0


def _declare_one(
    shell: Shell,
    name: str,
    value: str | None,
    on: set[str],
    off: set[str],
    *,
    append: bool,
    local: bool,
) -> None:
    variables = shell.variables
    if local and name not in shell.locals[-1]:
        variables.check(name)
        shell.locals[-1][name] = shell.hide(name)
        variables.pop(name)
        variables.references.pop(name, None)
    if "n" in on:
        variables.references[name] = value or name
        return
    if on & {"a", "A"}:
        variables.make_array(name, associative="A" in on)
    traits = (variables.traits.get(name, frozenset()) | (on & _TRAITS)) - off
    if traits:
        variables.traits[name] = traits
    else:
        variables.traits.pop(name, None)
    if value is not None:
        assigning.assign_text(shell, name, value, append=append)
    if "x" in on:
        shell.exported.add(name)
    if "x" in off:
        shell.exported.discard(name)
    if "r" in on:
        variables.constant.add(name)


async def _functions(shell: Shell, names: list[str], on: set[str]) -> int:
    """`declare -F`: which functions there are; their texts are not kept."""
    if not names:
        for name in sorted(shell.functions):
            await shell.process.out(f"declare -f {name}\n")
        return 0
    for name in names:
        if name not in shell.functions:
            return 1
        if "F" in on:
            await shell.process.out(f"{name}\n")
    return 0


async def _shown(shell: Shell, names: list[str], on: set[str]) -> int:
    """`declare -p`: variables as they could be declared again."""
    variables, status = shell.variables, 0
    for name in names or sorted({*variables, *variables.arrays}):
        if name not in variables and name not in variables.arrays:
            await shell.process.err(f"{shell.name}: declare: {name}: not found\n")
            status = 1
            continue
        flags = _flags(shell, name)
        if not names and not on <= set(flags):
            continue
        await shell.process.out(f"declare -{flags or '-'} {name}{_declared_value(shell, name)}\n")
    return status


def _flags(shell: Shell, name: str) -> str:
    array = shell.variables.arrays.get(name)
    kind = "" if array is None else "A" if array.associative else "a"
    traits = "".join(sorted(shell.variables.traits.get(name, ())))
    return kind + traits + "r" * (name in shell.variables.constant) + "x" * (name in shell.exported)


def _declared_value(shell: Shell, name: str) -> str:
    array = shell.variables.arrays.get(name)
    if array is None:
        return f"={_double_quoted(shell.variables[name])}"
    pairs = zip(array.keys(), array.values(), strict=True)
    inner = " ".join(f"[{key}]={_double_quoted(value)}" for key, value in pairs)
    return f"=({inner}{' ' if array.associative and inner else ''})"


def _double_quoted(text: str) -> str:
    return '"' + re.sub(r'(["$`\\])', r"\\\1", text) + '"'


async def _mapfile(shell: Shell, args: list[str]) -> int:
    """`mapfile [-t] [-d DELIM] [-n COUNT] [-O ORIGIN] [-s COUNT] [-u FD] [ARRAY]`: lines into an array."""
    rest, trims = list(args), False
    values = {"d": "\n", "n": "0", "O": "", "s": "0", "u": "0", "c": "", "C": ""}
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        flags = rest.pop(0)[1:]
        while flags:
            flag, flags = flags[0], flags[1:]
            if flag == "t":
                trims = True
            elif flag in values:
                values[flag], flags = flags or (rest.pop(0) if rest else ""), ""
            else:
                await shell.process.err(f"{shell.name}: mapfile: -{flag}: invalid option\n")
                return 2
    name = rest[0] if rest else "MAPFILE"
    stream = shell.process.streams.get(int(values["u"]))
    if stream is None:
        return 1
    end = (values["d"] or "\0")[0].encode()
    lines = list[str]()
    most, skipped = int(values["n"]), int(values["s"])
    while not most or len(lines) < most + skipped:
        line = await read_line(stream, end)  # type: ignore[arg-type]
        if not line:
            break
        lines.append(decode(line.removesuffix(end) if trims else line))
    origin = int(values["O"] or 0)
    given = [assigning.Given(line, origin + at) for at, line in enumerate(lines[skipped:])]
    assigning.store_elements(shell, name, given, append=bool(values["O"]))
    return 0


async def _shopt(shell: Shell, args: list[str]) -> int:
    """`shopt [-s|-u|-q] [OPTION]...`."""
    flags = "".join(arg[1:] for arg in args if arg.startswith("-"))
    names = [arg for arg in args if not arg.startswith("-")]
    known = set(builtins.OPTIONS) if "o" in flags else _SHOPT
    status = 0
    for name in names or sorted(known):
        if name not in known:
            await shell.process.err(f"{shell.name}: shopt: {name}: invalid shell option name\n")
            status = 1
            continue
        option = builtins.OPTIONS[name] if "o" in flags else name
        if names and "s" in flags:
            shell.options.add(option)
        elif names and "u" in flags:
            shell.options.discard(option)
        else:
            is_on = option in shell.options
            status = max(status, int(bool(names) and not is_on))
            if "q" not in flags:
                await shell.process.out(f"{name:<15}\t{'on' if is_on else 'off'}\n")
    return status


async def _printf(shell: Shell, args: list[str]) -> int:
    """`printf [-v NAME] FORMAT [ARG]...`."""
    if args[:1] != ["-v"]:
        return await shell.call_external(["printf", *_with_times(shell, args)])
    if len(args) < 2:
        await shell.process.err(f"{shell.name}: printf: -v: option requires an argument\n")
        return 2
    output = Buffer()
    status = await shell.subshell({1: output}).call_external(["printf", *_with_times(shell, args[2:])])
    name, bracket, key = args[1].partition("[")
    if bracket:
        number = key.removesuffix("]")
        is_word = shell.variables.is_associative(name)
        shell.variables.set_element(
            name, number if is_word else evaluate(number, shell.variables), decode(output.value)
        )
    else:
        shell.variables[shell.variables.resolve(name)] = decode(output.value)
    return status


def _with_times(shell: Shell, args: list[str]) -> list[str]:
    """The arguments of `printf` with its `%(layout)T` filled in, which take one argument each."""
    layout, rest = args[0] if args else "", list(args[1:])
    found = re.search(r"%\(([^)]*)\)T", layout)
    if found is None or _DIRECTIVE.search(layout[: found.start()]):
        return args
    given = rest.pop(0) if rest else "-1"
    time = shell.process.container.clock.now() if given in {"-1", "-2", ""} else float(given)
    text = datetime.fromtimestamp(time, UTC).strftime(found[1] or "%H:%M:%S").replace("%", "%%")
    return _with_times(shell, [layout[: found.start()] + text + layout[found.end() :], *rest])


async def _builtin(shell: Shell, args: list[str]) -> int:
    if not args:
        return 0
    found = shell.builtin(args[0])
    if found is None and args[0] in builtins.APPLETS_WITHIN:
        return await shell.call_external(args)
    if found is None:
        await shell.process.err(f"{shell.name}: builtin: {args[0]}: not a shell builtin\n")
        return 1
    return await found(shell, args[1:])


async def _pushd(shell: Shell, args: list[str]) -> int:
    before = shell.process.cwd
    if args:
        target = args[-1]
    elif shell.directories:
        target = shell.directories.pop(0)
    else:
        await shell.process.err(f"{shell.name}: pushd: no other directory\n")
        return 1
    if await builtins.change_directory(shell, target, "pushd"):
        return 1
    shell.directories.insert(0, before)
    return await _dirs(shell, [])


async def _popd(shell: Shell, _: list[str]) -> int:
    if not shell.directories:
        await shell.process.err(f"{shell.name}: popd: directory stack empty\n")
        return 1
    if await builtins.change_directory(shell, shell.directories.pop(0), "popd"):
        return 1
    return await _dirs(shell, [])


async def _dirs(shell: Shell, _: list[str]) -> int:
    home = shell.variables.get("HOME", "")
    shown = [
        "~" + each.removeprefix(home) if home and (each == home or each.startswith(home + "/")) else each
        for each in (shell.process.cwd, *shell.directories)
    ]
    await shell.process.out(" ".join(shown) + "\n")
    return 0


async def _disown(shell: Shell, args: list[str]) -> int:
    for pid in args or [str(shell.last_job)]:
        shell.jobs.pop(int(pid) if pid.isdigit() else 0, None)
    return 0


async def _caller(shell: Shell, _: list[str]) -> int:
    if not shell.locals:
        return 1
    await shell.process.out(f"{shell.line} {shell.name}\n")
    return 0


async def _nothing(_: Shell, __: list[str]) -> int:
    """Of completion and history there is nothing to be had without a terminal."""
    return 0


BUILTINS: Mapping[str, builtins.Builtin] = {
    "declare": _declare,
    "typeset": _declare,
    "local": _local,
    "export": _export,
    "readonly": _readonly,
    "mapfile": _mapfile,
    "readarray": _mapfile,
    "shopt": _shopt,
    "printf": _printf,
    "builtin": _builtin,
    "pushd": _pushd,
    "popd": _popd,
    "dirs": _dirs,
    "disown": _disown,
    "caller": _caller,
    "complete": _nothing,
    "compopt": _nothing,
    "history": _nothing,
    "enable": _nothing,
    "bind": _nothing,
}

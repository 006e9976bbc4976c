"""The commands that a shell runs itself, because they change it.

Source: POSIX.1-2017, Shell Command Language, 2.14 Special Built-In Utilities.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.arrays import BUILTINS as ARRAY_BUILTINS
from kubelite.images.shell.arrays import declare
from kubelite.images.shell.control import NOT_FOUND, Exit, LoopControl, Return, ShellError
from kubelite.images.shell.jobs import BUILTINS as JOB_BUILTINS
from kubelite.images.shell.jobs import signal_name
from kubelite.images.shell.parser import parse
from kubelite.images.shell.pattern import WILD, matches, unescape
from kubelite.images.shell.process import decode
from kubelite.images.shell.reading import getopts, read

if TYPE_CHECKING:
    from kubelite.images.files import FileSystem
    from kubelite.images.shell.interpreter import Shell

KEYWORDS = frozenset(
    {
        *("if", "then", "elif", "else", "fi", "while", "until", "for", "in", "do", "done"),
        *("case", "esac", "{", "}", "!", "function"),
    }
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_OPTIONS = {
    "allexport": "a",
    "errexit": "e",
    "noglob": "f",
    "monitor": "m",
    "noclobber": "C",
    "noexec": "n",
    "nounset": "u",
    "pipefail": "pipefail",
    "verbose": "v",
    "xtrace": "x",
}

Builtin = Callable[["Shell", list[str]], Awaitable[int]]


def glob_paths(files: FileSystem, cwd: str, pattern: str) -> list[str]:
    """The path names which match a pattern, sorted; hidden names match only a pattern that says the dot."""
    found = ["/" if pattern.startswith("/") else ""]
    for part in re.findall(r"/+|[^/]+", pattern.lstrip("/")):
        if part.startswith("/"):
            found = [base + "/" for base in found if files.is_dir(posixpath.join(cwd, base))]
        elif not WILD.search(part):
            found = [base + unescape(part) for base in found]
        else:
            found = [
                base + name
                for base in found
                if files.is_dir(posixpath.join(cwd, base))
                for name in files.list(posixpath.join(cwd, base))
                if matches(name, part) and (part.startswith(".") or not name.startswith("."))
            ]
    return sorted(path for path in found if _there(files, posixpath.join(cwd, path)))


def _there(files: FileSystem, path: str) -> bool:
    try:
        files.stat(path, follow=False)
    except OSError:
        return False
    return True


async def _number(shell: Shell, name: str, args: list[str], default: int) -> int:
    if not args:
        return default
    if not args[0].lstrip("-").isdigit():
        await shell.process.err(f"{shell.name}: {name}: Illegal number: {args[0]}\n")
        raise Exit(2)
    return int(args[0])


async def _colon(_: Shell, __: list[str]) -> int:
    return 0


async def _exit(shell: Shell, args: list[str]) -> int:
    raise Exit(await _number(shell, "exit", args, shell.status) & 255)


async def _return(shell: Shell, args: list[str]) -> int:
    raise Return(await _number(shell, "return", args, shell.status) & 255)


async def _leave(shell: Shell, name: str, args: list[str], *, goes_on: bool) -> int:
    levels = await _number(shell, name, args, 1)
    if not shell.loops:
        return 0
    raise LoopControl(min(levels, shell.loops), goes_on=goes_on)


async def _break(shell: Shell, args: list[str]) -> int:
    return await _leave(shell, "break", args, goes_on=False)


async def _continue(shell: Shell, args: list[str]) -> int:
    return await _leave(shell, "continue", args, goes_on=True)


async def _cd(shell: Shell, args: list[str]) -> int:
    target = args[0] if args else shell.variables.get("HOME", "/root")
    if target == "-":
        target = shell.variables.get("OLDPWD", "/")
    path = shell.process.path(target)
    if not shell.process.container.files.is_dir(path):
        await shell.process.err(f"{shell.name}: cd: can't cd to {target}: No such file or directory\n")
        return 1
    shell.variables["OLDPWD"], shell.variables["PWD"] = shell.process.cwd, path
    shell.process.cwd = path
    if args[:1] == ["-"]:
        await shell.process.out(path + "\n")
    return 0


async def _pwd(shell: Shell, _: list[str]) -> int:
    await shell.process.out(shell.process.cwd + "\n")
    return 0


async def _declare(shell: Shell, command: str, args: list[str]) -> int:
    """What `export` and `readonly` share: a list, or names with or without values."""
    names = [arg for arg in args if arg != "-p"]
    chosen = shell.exported if command == "export" else shell.variables.constant
    if not names:
        for name in sorted(chosen):
            value = f"={quote(shell.variables[name])}" if name in shell.variables else ""
            await shell.process.out(f"{command} {name}{value}\n")
    for arg in names:
        name, equals, value = arg.partition("=")
        if not _IDENTIFIER.fullmatch(name):
            await shell.process.err(f"{shell.name}: {command}: {name}: bad variable name\n")
            raise Exit(2)
        if equals:
            shell.variables[name] = value
        chosen.add(name)
    return 0


async def _export(shell: Shell, args: list[str]) -> int:
    if args[:1] == ["-n"]:
        shell.exported.difference_update(args[1:])
        return 0
    return await _declare(shell, "export", args)


async def _readonly(shell: Shell, args: list[str]) -> int:
    return await _declare(shell, "readonly", args)


def quote(text: str) -> str:
    """A word that the shell reads as exactly `text`."""
    return "'" + text.replace("'", "'\\''") + "'"


async def _unset(shell: Shell, args: list[str]) -> int:
    functions = args[:1] == ["-f"]
    for name in args[1:] if args[:1] in (["-f"], ["-v"]) else args:
        if functions:
            shell.functions.pop(name, None)
            continue
        if name in shell.variables.constant:
            raise ShellError(f"unset: {name}: is read only")
        shell.variables.pop(name, None)
        shell.exported.discard(name)
    return 0


async def _local(shell: Shell, args: list[str]) -> int:
    if not shell.locals:
        raise ShellError("local: not in a function")
    if args[:1] and args[0].startswith("-"):
        return await declare(shell, args)
    for arg in args:
        name, equals, value = arg.partition("=")
        shell.locals[-1].setdefault(name, shell.variables.kept(name))
        if equals:
            shell.variables[name] = value
    return 0


async def _set(shell: Shell, args: list[str]) -> int:
    rest = list(args)
    while rest and rest[0][:1] in {"-", "+"} and len(rest[0]) > 1:
        flag = rest.pop(0)
        if flag == "--":
            shell.args = rest
            return 0
        change = shell.options.add if flag[0] == "-" else shell.options.discard
        for letter in flag[1:]:
            if letter == "o" and rest:
                option = rest.pop(0)
                if option not in _OPTIONS:
                    await shell.process.err(f"{shell.name}: set: illegal option {flag} {option}\n")
                    raise Exit(2)
                change(_OPTIONS[option])
            elif letter == "o":
                for option, short in sorted(_OPTIONS.items()):
                    await shell.process.out(f"{option:16}{'on' if short in shell.options else 'off'}\n")
            elif letter in _OPTIONS.values():
                change(letter)
            else:
                await shell.process.err(f"{shell.name}: set: illegal option -{letter}\n")
                raise Exit(2)
    if rest:
        shell.args = rest
    elif not args:
        for name in sorted(shell.variables):
            await shell.process.out(f"{name}={quote(shell.variables[name])}\n")
    return 0


async def _shift(shell: Shell, args: list[str]) -> int:
    count = await _number(shell, "shift", args, 1)
    if count > len(shell.args):
        await shell.process.err(f"{shell.name}: shift: can't shift that many\n")
        raise Exit(2)
    del shell.args[:count]
    return 0


async def _trap(shell: Shell, args: list[str]) -> int:
    args = args[1:] if args[:1] == ["--"] else args
    if not args:
        for each, text in shell.traps.items():
            await shell.process.out(f"trap -- {quote(text)} {each}\n")
        return 0
    action, names = (args[0], args[1:]) if len(args) > 1 and not args[0].isdigit() else ("-", args)
    for each in names:
        if (name := signal_name(each)) is None:
            await shell.process.err(f"{shell.name}: trap: {each}: invalid signal specification\n")
            return 1
        if action == "-":
            shell.traps.pop(name, None)
        else:
            shell.traps[name] = action
    return 0


async def _eval(shell: Shell, args: list[str]) -> int:
    return await shell.run(parse(" ".join(args)))


async def _exec(shell: Shell, args: list[str]) -> int:
    if not args:
        return 0
    shell.traps.clear()
    raise Exit(await shell.call_external(args))


async def _source(shell: Shell, args: list[str]) -> int:
    files = shell.process.container.files
    path = shell.process.path(args[0]) if args else ""
    if not args or not files.is_file(path):
        await shell.process.err(f"{shell.name}: .: can't open '{' '.join(args[:1])}'\n")
        raise Exit(2)
    saved = shell.args
    shell.args = args[1:] or saved
    try:
        return await shell.run(parse(decode(files.read(path))))
    except Return as stop:
        return stop.status
    finally:
        shell.args = saved


async def _describe(shell: Shell, name: str, *, verbose: bool) -> bool:
    """Says what a command name means; False if it means nothing."""
    if name in shell.functions:
        text, kind = name, "is a function"
    elif name in BUILTINS or name in _APPLETS_WITHIN:
        text, kind = name, "is a shell builtin"
    elif name in KEYWORDS:
        text, kind = name, "is a shell keyword"
    elif "/" in name and shell.process.container.files.is_file(shell.process.path(name)):
        text, kind = name, f"is {name}"
    elif posixpath.basename(name) in shell.process.applets:
        path = name if "/" in name else f"/bin/{name}"
        text, kind = path, f"is {path}"
    else:
        return False
    await shell.process.out(f"{name} {kind}\n" if verbose else f"{text}\n")
    return True


async def _type(shell: Shell, args: list[str]) -> int:
    status = 0
    for name in args:
        if not await _describe(shell, name, verbose=True):
            await shell.process.err(f"{name}: not found\n")
            status = NOT_FOUND
    return status


async def _command(shell: Shell, args: list[str]) -> int:
    if args[:1] in (["-v"], ["-V"]):
        verbose = args[0] == "-V"
        found = [await _describe(shell, name, verbose=verbose) for name in args[1:]]
        return 0 if all(found) else NOT_FOUND
    args = args[1:] if args[:1] in (["--"], ["-p"]) else args
    if not args:
        return 0
    if (builtin := BUILTINS.get(args[0])) is not None:
        return await builtin(shell, args[1:])
    return await shell.call_external(args)


async def _let(shell: Shell, args: list[str]) -> int:
    values = [evaluate(arg, shell.variables) for arg in args]
    return int(not values or values[-1] == 0)


async def _umask(shell: Shell, args: list[str]) -> int:
    if not args:
        await shell.process.out("0022\n")
    return 0


async def _hash(shell: Shell, args: list[str]) -> int:
    """Programs are found anew each time: there is nothing to remember."""
    for name in args:
        if not name.startswith("-") and not _known(shell, name):
            await shell.process.err(f"{shell.name}: hash: {name}: not found\n")
            return 1
    return 0


def _known(shell: Shell, name: str) -> bool:
    return name in shell.functions or name in BUILTINS or posixpath.basename(name) in shell.process.applets


async def _ulimit(shell: Shell, args: list[str]) -> int:
    """Nothing is limited; a limit that is set is taken and does nothing."""
    if not args or args[-1].startswith("-"):
        await shell.process.out("unlimited\n")
    return 0


async def _times(shell: Shell, _: list[str]) -> int:
    await shell.process.out("0m0.00s 0m0.00s\n" * 2)
    return 0


BUILTINS: Mapping[str, Builtin] = {
    "hash": _hash,
    "ulimit": _ulimit,
    "times": _times,
    ":": _colon,
    "exit": _exit,
    "return": _return,
    "break": _break,
    "continue": _continue,
    "cd": _cd,
    "pwd": _pwd,
    "export": _export,
    "readonly": _readonly,
    "unset": _unset,
    "local": _local,
    "set": _set,
    "shift": _shift,
    "read": read,
    "getopts": getopts,
    "trap": _trap,
    "let": _let,
    **JOB_BUILTINS,
    **ARRAY_BUILTINS,
    "eval": _eval,
    "exec": _exec,
    ".": _source,
    "source": _source,
    "type": _type,
    "command": _command,
    "umask": _umask,
}

SPECIAL = frozenset(
    {
        *(":", ".", "break", "continue", "eval", "exec", "exit", "export"),
        *("readonly", "return", "set", "shift", "source", "trap", "unset"),
    }
)
"""The special built-ins: their errors end the shell, and assignments before them stay."""

ASSIGNING = frozenset({"export", "readonly", "local", "declare", "typeset"})
"""Commands whose arguments are assignments: they are not split."""

_APPLETS_WITHIN = frozenset({"echo", "printf", "test", "[", "[[", "true", "false"})

"""The commands that a shell runs itself, because they change it.

Source: POSIX.1-2017, Shell Command Language, 2.14 Special Built-In Utilities.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.control import NOT_FOUND, Exit, LoopControl, Return, ShellError
from kubelite.images.shell.expansion import key_of
from kubelite.images.shell.jobs import BUILTINS as JOB_BUILTINS
from kubelite.images.shell.jobs import signal_name
from kubelite.images.shell.parameters import quoted
from kubelite.images.shell.parser import parse
from kubelite.images.shell.process import SIGNALS, decode
from kubelite.images.shell.reading import getopts, read
from kubelite.images.shell.syntax import Literal, Word

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

KEYWORDS = frozenset(
    {
        *("if", "then", "elif", "else", "fi", "while", "until", "for", "in", "do", "done"),
        *("case", "esac", "{", "}", "!", "function"),
    }
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

OPTIONS = {
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
"""Long names of the options of `set`."""
_BASH_OPTIONS = {
    "braceexpand": "B",
    "errtrace": "E",
    "functrace": "T",
    "hashall": "h",
    "histexpand": "H",
    "history": "history",
    "ignoreeof": "ignoreeof",
    "notify": "b",
    "physical": "P",
    "posix": "posix",
    "privileged": "p",
}

Builtin = Callable[["Shell", list[str]], Awaitable[int]]


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
    physical, rest = False, list(args)
    while rest and rest[0] in {"-P", "-L", "--"}:
        physical = (flag := rest.pop(0)) == "-P" or (physical and flag != "-L")
    target = rest[0] if rest else shell.variables.get("HOME", "/root")
    if target != "-":
        return await change_directory(shell, target, "cd", physical=physical)
    status = await change_directory(shell, shell.variables.get("OLDPWD", "/"), "cd", physical=physical)
    if not status:
        await shell.process.out(shell.process.cwd + "\n")
    return status


async def change_directory(shell: Shell, target: str, command: str, *, physical: bool = False) -> int:
    """Works in another directory from now on; says so if it cannot."""
    path, files = shell.process.path(target), shell.process.container.files
    if not files.is_dir(path):
        if shell.bash:
            reason = "Not a directory" if files.exists(path) else "No such file or directory"
            await shell.process.err(f"{shell.name}: {command}: {target}: {reason}\n")
            return 1
        await shell.process.err(f"{shell.name}: {command}: can't cd to {target}: No such file or directory\n")
        return 2
    path = files.real_path(path) if physical else path
    shell.variables["OLDPWD"], shell.variables["PWD"] = shell.process.cwd, path
    shell.exported.add("OLDPWD")
    shell.process.cwd = path
    return 0


async def _pwd(shell: Shell, args: list[str]) -> int:
    files, cwd = shell.process.container.files, shell.process.cwd
    await shell.process.out((files.real_path(cwd) if args[:1] == ["-P"] else cwd) + "\n")
    return 0


async def _declare(shell: Shell, command: str, args: list[str]) -> int:
    """What `export` and `readonly` share: a list, or names with or without values."""
    names = [arg for arg in args if arg != "-p"]
    chosen = shell.exported if command == "export" else shell.variables.constant
    if not names:
        for name in sorted(chosen):
            value = f"={quoted(shell.variables[name])}" if name in shell.variables else ""
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


async def _unset(shell: Shell, args: list[str]) -> int:
    functions = args[:1] == ["-f"]
    for name in args[1:] if args[:1] in (["-f"], ["-v"], ["-n"]) else args:
        if functions:
            shell.functions.pop(name, None)
            continue
        if args[:1] == ["-n"]:
            shell.variables.references.pop(name, None)
            continue
        base, bracket, subscript = shell.variables.resolve(name).partition("[")
        if base in shell.variables.constant:
            raise ShellError(f"unset: {base}: is read only")
        if bracket:
            word = Word((Literal(subscript.removesuffix("]")),))
            if word.plain in {"@", "*"}:
                shell.variables.pop(base, None)
            else:
                shell.variables.remove_element(base, await key_of(base, word, shell))
        elif base in shell.variables or base in shell.variables.arrays:
            shell.variables.pop(base, None)
            shell.exported.discard(base)
        elif shell.bash:
            shell.functions.pop(base, None)
        else:
            shell.variables.pop(base, None)
    return 0


async def _local(shell: Shell, args: list[str]) -> int:
    if not shell.locals:
        raise ShellError("local: not in a function")
    for arg in args:
        name, equals, value = arg.partition("=")
        if name not in shell.locals[-1]:
            shell.locals[-1][name] = shell.hide(name)
            shell.variables.check(name)
            shell.variables.pop(name)
        if equals:
            shell.variables[name] = value
    return 0


async def _set(shell: Shell, args: list[str]) -> int:
    rest = list(args)
    if rest[:1] == ["-"]:  # as `--`, and tracing ends
        shell.options -= {"x", "v"}
        shell.args = rest[1:] or shell.args
        return 0
    while rest and rest[0][:1] in {"-", "+"} and len(rest[0]) > 1:
        flag = rest.pop(0)
        if flag == "--":
            shell.args = rest
            return 0
        options = {**OPTIONS, **_BASH_OPTIONS} if shell.bash else OPTIONS
        change = shell.options.add if flag[0] == "-" else shell.options.discard
        for letter in flag[1:]:
            if letter == "o" and rest:
                option = rest.pop(0)
                if option not in options:
                    await shell.process.err(f"{shell.name}: set: illegal option {flag} {option}\n")
                    raise Exit(2)
                change(options[option])
            elif letter == "o":
                for option, short in sorted(options.items()):
                    is_on = short in shell.options
                    await shell.process.out(
                        f"set {'-+'[not is_on]}o {option}\n"
                        if flag[0] == "+"
                        else f"{option:16}{'on' if is_on else 'off'}\n"
                    )
            elif letter in options.values():
                change(letter)
            else:
                await shell.process.err(f"{shell.name}: set: illegal option -{letter}\n")
                raise Exit(2)
    if rest:
        shell.args = rest
    elif not args:
        for name in sorted(shell.variables):
            await shell.process.out(f"{name}={quoted(shell.variables[name])}\n")
    return 0


async def _shift(shell: Shell, args: list[str]) -> int:
    count = await _number(shell, "shift", args, 1)
    if count > len(shell.args):
        return 1
    del shell.args[:count]
    return 0


async def _trap(shell: Shell, args: list[str]) -> int:
    shows = args[:1] == ["-p"]
    args = args[1:] if args[:1] in (["--"], ["-p"]) else args
    if not args or shows:
        wanted = {signal_name(each) for each in args}
        for each, text in shell.traps.items():
            if not args or each in wanted:
                prefix = "SIG" if shell.bash and each in SIGNALS else ""
                await shell.process.out(f"trap -- {quoted(text)} {prefix}{each}\n")
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
    sources = shell.variables.elements("BASH_SOURCE")
    if shell.bash:
        shell.variables.set_elements("BASH_SOURCE", (args[0], *sources))
    try:
        return await shell.run(parse(decode(files.read(path))))
    except Return as stop:
        return stop.status
    finally:
        shell.args = saved
        if shell.bash:
            shell.variables.set_elements("BASH_SOURCE", sources)


async def _describe(shell: Shell, name: str, *, verbose: bool) -> bool:
    """Says what a command name means; False if it means nothing."""
    if name in shell.functions:
        text, kind = name, "is a function"
    elif shell.builtin(name) is not None or name in APPLETS_WITHIN:
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


def _kind(shell: Shell, name: str) -> str:
    """What `type -t` says of a name; empty if it means nothing."""
    if name in KEYWORDS:
        return "keyword"
    if name in shell.functions:
        return "function"
    if shell.builtin(name) is not None or name in APPLETS_WITHIN:
        return "builtin"
    is_file = "/" in name and shell.process.container.files.is_file(shell.process.path(name))
    return "file" if is_file or posixpath.basename(name) in shell.process.applets else ""


async def _type(shell: Shell, args: list[str]) -> int:
    status = 0
    if args[:1] == ["-t"] and shell.bash:
        kinds = [_kind(shell, name) for name in args[1:]]
        await shell.process.out("".join(f"{kind}\n" for kind in kinds if kind))
        return int(not all(kinds))
    args = [arg for arg in args if not shell.bash or arg not in {"-a", "-p", "-P", "-f"}]
    for name in args:
        if await _describe(shell, name, verbose=True):
            continue
        if shell.bash:
            await shell.process.err(f"{shell.name}: type: {name}: not found\n")
            status = 1
        else:
            await shell.process.out(f"{name}: not found\n")
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
    if (builtin := shell.builtin(args[0])) is not None:
        return await builtin(shell, args[1:])
    return await shell.call_external(args)


async def _let(shell: Shell, args: list[str]) -> int:
    values = [evaluate(arg, shell.variables) for arg in args]
    return int(not values or values[-1] == 0)


async def _umask(shell: Shell, args: list[str]) -> int:
    """`umask [-S] [MODE]`: which bits new files do not get."""
    files = shell.process.container.files
    names = [arg for arg in args if arg not in {"-S", "-p"}]
    if not names:
        allowed = 0o777 & ~files.umask
        letters = (
            ",".join(
                who + "=" + "".join(bit for at, bit in enumerate("rwx") if allowed >> shift & (4 >> at))
                for who, shift in (("u", 6), ("g", 3), ("o", 0))
            )
            if "-S" in args
            else f"{files.umask:04o}"
        )
        await shell.process.out(f"{letters}\n")
        return 0
    try:
        files.umask = int(names[0], 8) & 0o777
    except ValueError:
        await shell.process.err(f"{shell.name}: umask: illegal mode: {names[0]}\n")
        return 1
    return 0


async def _hash(shell: Shell, args: list[str]) -> int:
    """Programs are found anew each time: there is nothing to remember."""
    for name in args:
        if not name.startswith("-") and not _known(shell, name):
            await shell.process.err(f"{shell.name}: hash: {name}: not found\n")
            return 1
    return 0


def _known(shell: Shell, name: str) -> bool:
    return (
        name in shell.functions
        or shell.builtin(name) is not None
        or posixpath.basename(name) in shell.process.applets
    )


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

APPLETS_WITHIN = frozenset({"echo", "printf", "test", "[", "[[", "true", "false"})
"""Applets that real shells have in them."""

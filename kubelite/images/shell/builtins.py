"""The commands that a shell runs itself, because they change it.

Source: POSIX.1-2017, Shell Command Language, 2.14 Special Built-In Utilities.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from kubelite.images.shell.control import NOT_FOUND, SIGNAL_BASE, Exit, LoopControl, Return
from kubelite.images.shell.expansion import matches
from kubelite.images.shell.streams import read_line
from kubelite.runtime import tasks

if TYPE_CHECKING:
    from kubelite.images.files import FileSystem
    from kubelite.images.shell.interpreter import Shell

SIGNALS = {"HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "USR1": 10, "USR2": 12, "TERM": 15}
_NUMBERS = {str(number): name for name, number in SIGNALS.items()} | {"0": "EXIT"}
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Builtin = Callable[["Shell", list[str]], Awaitable[int]]


def glob_paths(files: FileSystem, cwd: str, pattern: str) -> list[str]:
    """The path names which match a pattern, sorted; hidden names match only a pattern that says the dot."""
    absolute = pattern.startswith("/")
    found = ["/" if absolute else ""]
    for part in [each for each in pattern.split("/") if each]:
        following = []
        for base in found:
            directory = posixpath.join(cwd, base) or "/"
            if not files.is_dir(directory):
                continue
            following += [
                posixpath.join(base, name)
                for name in files.list(directory)
                if matches(name, part) and (part.startswith(".") or not name.startswith("."))
            ]
        found = following
    return sorted(found)


def _signal(text: str) -> str:
    name = text.upper().removeprefix("SIG")
    return _NUMBERS.get(name, name)


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


async def _break(shell: Shell, args: list[str]) -> int:
    raise LoopControl(await _number(shell, "break", args, 1), goes_on=False)


async def _continue(shell: Shell, args: list[str]) -> int:
    raise LoopControl(await _number(shell, "continue", args, 1), goes_on=True)


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
    return 0


async def _pwd(shell: Shell, _: list[str]) -> int:
    await shell.process.out(shell.process.cwd + "\n")
    return 0


async def _export(shell: Shell, args: list[str]) -> int:
    if not args or args == ["-p"]:
        for name in sorted(shell.exported):
            await shell.process.out(f"export {name}='{shell.variables.get(name, '')}'\n")
    for arg in args:
        name, equals, value = arg.partition("=")
        if not _IDENTIFIER.fullmatch(name):
            if arg != "-p":
                await shell.process.err(f"{shell.name}: export: {name}: bad variable name\n")
                return 2
            continue
        if equals:
            shell.variables[name] = value
        shell.exported.add(name)
    return 0


async def _unset(shell: Shell, args: list[str]) -> int:
    functions = args[:1] == ["-f"]
    for name in args[1:] if args[:1] in (["-f"], ["-v"]) else args:
        (shell.functions if functions else shell.variables).pop(name, None)
        shell.exported.discard(name)
    return 0


async def _local(shell: Shell, args: list[str]) -> int:
    for arg in args:
        name, equals, value = arg.partition("=")
        if shell.locals:
            shell.locals[-1].setdefault(name, shell.variables.get(name))
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
        if flag[1:] == "o" and rest:
            option = rest.pop(0)
            names = {"errexit": "e", "nounset": "u", "xtrace": "x", "pipefail": "pipefail"}
            letters = [names.get(option, option)]
        else:
            letters = [each for each in flag[1:] if each != "o"]
            if "o" in flag and rest:
                letters.append(rest.pop(0))
        for letter in letters:
            (shell.options.add if flag[0] == "-" else shell.options.discard)(letter)
    if rest:
        shell.args = rest
    elif not args:
        for name in sorted(shell.variables):
            await shell.process.out(f"{name}='{shell.variables[name]}'\n")
    return 0


async def _shift(shell: Shell, args: list[str]) -> int:
    count = await _number(shell, "shift", args, 1)
    if count > len(shell.args):
        return 1
    del shell.args[:count]
    return 0


async def _read(shell: Shell, args: list[str]) -> int:
    raw, names, rest = False, [], list(args)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        raw = raw or "r" in flag
        if flag.endswith(("p", "t", "n")) and rest:
            rest.pop(0)
    names = rest or ["REPLY"]
    line = (await read_line(shell.process.stdin)).decode(errors="replace")
    ended = not line.endswith("\n")
    text = line.removesuffix("\n")
    if not raw:
        text = re.sub(r"\\(.)", r"\1", text)
    separators = shell.variables.get("IFS", " \t\n")
    fields = (
        re.split("[" + re.escape(separators) + "]+", text.strip(separators), maxsplit=len(names) - 1)
        if separators
        else [text]
    )
    for index, name in enumerate(names):
        shell.variables[name] = fields[index] if index < len(fields) else ""
    return int(ended)


async def _trap(shell: Shell, args: list[str]) -> int:
    if not args:
        for name, text in shell.traps.items():
            await shell.process.out(f"trap -- '{text}' {name}\n")
        return 0
    action, names = (args[0], args[1:]) if len(args) > 1 else ("-", args)
    for name in names:
        if action == "-":
            shell.traps.pop(_signal(name), None)
        else:
            shell.traps[_signal(name)] = action
    return 0


async def _ends_first(job: asyncio.Task[int], shell: Shell) -> bool:
    """Whether a job ends before SIGTERM comes."""
    signalled = tasks.start(shell.process.container.terminating.wait(), name="sh wait")
    try:
        await asyncio.wait({job, signalled}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        signalled.cancel()
    return job.done()


async def _wait(shell: Shell, args: list[str]) -> int:
    jobs = [shell.jobs.pop(int(arg)) for arg in args if arg.isdigit() and int(arg) in shell.jobs]
    if not args:
        jobs, shell.jobs = list(shell.jobs.values()), {}
    elif not jobs:
        return NOT_FOUND
    status = 0
    for job in jobs:
        # A trapped signal ends `wait` at once; then the trap runs.
        if "TERM" in shell.traps and not await _ends_first(job, shell):
            await shell.run_pending_traps()
            return SIGNAL_BASE + SIGNALS["TERM"]
        await asyncio.wait({job})
        status = SIGNAL_BASE + SIGNALS["TERM"] if job.cancelled() else job.result()
    return status if args else 0


async def _kill(shell: Shell, args: list[str]) -> int:
    name, rest = "TERM", list(args)
    if rest and rest[0] == "-s" and len(rest) > 1:
        name, rest = _signal(rest[1]), rest[2:]
    elif rest and rest[0].startswith("-"):
        name, rest = _signal(rest[0][1:]), rest[1:]
    status = 0
    for each in rest:
        if each.isdigit() and int(each) == 1 and name in {"TERM", "INT"}:
            shell.process.container.terminating.set()
        elif each.isdigit() and (job := shell.jobs.get(int(each))) is not None:
            if name not in {"0", "EXIT"}:
                job.cancel()
        else:
            await shell.process.err(f"{shell.name}: can't kill pid {each}: No such process\n")
            status = 1
    return status


async def _eval(shell: Shell, args: list[str]) -> int:
    from kubelite.images.shell.parser import parse  # noqa: PLC0415 - the parser knows nothing of built-ins

    return await shell.run(parse(" ".join(args)))


async def _exec(shell: Shell, args: list[str]) -> int:
    if not args:
        return 0
    raise Exit(await shell.call(args))


async def _source(shell: Shell, args: list[str]) -> int:
    from kubelite.images.shell.parser import parse  # noqa: PLC0415 - as above

    path = shell.process.path(args[0]) if args else ""
    files = shell.process.container.files
    if not args or not files.is_file(path):
        await shell.process.err(f"{shell.name}: .: can't open '{' '.join(args[:1])}'\n")
        return 2
    return await shell.run(parse(files.read(path).decode(errors="replace")))


async def _type(shell: Shell, args: list[str]) -> int:
    names = [arg for arg in args if not arg.startswith("-")]
    status = 0
    for name in names:
        if name in shell.functions or name in BUILTINS:
            await shell.process.out(f"{name}\n")
        elif posixpath.basename(name) in shell.process.applets:
            await shell.process.out(f"/bin/{posixpath.basename(name)}\n")
        else:
            status = NOT_FOUND
    return status


async def _command(shell: Shell, args: list[str]) -> int:
    if args[:1] in (["-v"], ["-V"]):
        return await _type(shell, args[1:])
    return await shell.call(args) if args else 0


async def _umask(shell: Shell, args: list[str]) -> int:
    if not args:
        await shell.process.out("0022\n")
    return 0


BUILTINS: Mapping[str, Builtin] = {
    ":": _colon,
    "exit": _exit,
    "return": _return,
    "break": _break,
    "continue": _continue,
    "cd": _cd,
    "pwd": _pwd,
    "export": _export,
    "readonly": _export,
    "unset": _unset,
    "local": _local,
    "set": _set,
    "shift": _shift,
    "read": _read,
    "trap": _trap,
    "wait": _wait,
    "kill": _kill,
    "eval": _eval,
    "exec": _exec,
    ".": _source,
    "source": _source,
    "type": _type,
    "command": _command,
    "umask": _umask,
}

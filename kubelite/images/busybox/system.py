"""Applets about the system and its processes: echo, sleep, env, date, test, ….

Source: POSIX.1-2017, Utilities; BusyBox 1.36's help texts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import partial

import attrs

from kubelite.images.busybox.conditions import ConditionSyntaxError, holds
from kubelite.images.busybox.formats import FormatError, escape, format_printf
from kubelite.images.container import Container
from kubelite.images.shell.interpreter import Shell
from kubelite.images.shell.process import Applet, Process, decode
from kubelite.images.shell.programs import find_applet, run_program

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


async def echo(process: Process) -> int:
    """`echo [-neE] [ARG]...`: unknown options are text."""
    args, newline, escapes = list(process.argv[1:]), True, False
    while args and args[0].startswith("-") and len(args[0]) > 1 and set(args[0][1:]) <= set("neE"):
        flags = args.pop(0)[1:]
        newline = newline and "n" not in flags
        escapes = "e" in flags or (escapes and "E" not in flags)
    text = " ".join(args)
    if escapes:
        text, stopped = escape(text)
        newline = newline and not stopped
    await process.out(text + ("\n" if newline else ""))
    return 0


async def printf(process: Process) -> int:
    """`printf FORMAT [ARG]...`."""
    if len(process.argv) < 2:
        return await process.fail("missing format")
    layout, *args = process.argv[2:] if process.argv[1] == "--" else process.argv[1:]
    try:
        await process.out(format_printf(layout, args))
    except FormatError as error:
        await process.out(error.made)
        return await process.fail(str(error))
    except ValueError as error:
        return await process.fail(str(error))
    return 0


async def true(_: Process) -> int:
    """Succeeds."""
    return 0


async def false(_: Process) -> int:
    """Fails."""
    return 1


async def sleep(process: Process) -> int:
    """`sleep [N]...`: seconds, or with s, m, h, d; `inf` for ever."""
    seconds = 0.0
    if len(process.argv) < 2:
        return await process.fail("missing operand")
    for arg in process.argv[1:]:
        number, unit = (arg[:-1], arg[-1]) if arg[-1:] in UNITS_S else (arg, "s")
        try:
            seconds += float(number) * UNITS_S[unit]
        except ValueError:
            return await process.fail(f"invalid number '{arg}'")
    if seconds == float("inf"):
        await process.container.clock.sleep(10**9)
    await process.container.clock.sleep(seconds)
    return 0


async def printenv(process: Process) -> int:
    """`printenv [NAME]...`."""
    for name, value in process.env.items() if len(process.argv) == 1 else ():
        await process.out(f"{name}={value}\n")
    status = 0
    for name in process.argv[1:]:
        if name in process.env:
            await process.out(process.env[name] + "\n")
        else:
            status = 1
    return status


async def hostname(process: Process) -> int:
    """`hostname [-i|-f|-d|-s]`."""
    flag = process.argv[1] if len(process.argv) > 1 else ""
    container = process.container
    answers = {
        "-i": lambda: container.ip,
        "-I": lambda: container.ip,
        "-f": lambda: _full_name(container),
        "-d": lambda: _full_name(container).partition(".")[2],
    }
    await process.out(answers.get(flag, lambda: container.hostname)() + "\n")
    return 0


def _full_name(container: Container) -> str:
    """The first name of the line of `/etc/hosts` that names the host."""
    hosts = "/etc/hosts"
    text = container.files.read(hosts).decode() if container.files.is_file(hosts) else ""
    for line in text.splitlines():
        _, *names = line.partition("#")[0].split() or [""]
        if container.hostname in names:
            return names[0]
    return container.hostname


async def uptime(process: Process) -> int:
    """How long the clock has run."""
    stamp = time.strftime("%H:%M:%S", time.gmtime(process.container.clock.now()))
    minutes = int(process.container.clock.monotonic() // 60)
    await process.out(f" {stamp} up {minutes} min,  0 users,  load average: 0.00, 0.00, 0.00\n")
    return 0


async def test(process: Process) -> int:
    """`test EXPRESSION`, `[ EXPRESSION ]`, `[[ EXPRESSION ]]`."""
    name, *args = process.argv
    closing = {"[": "]", "[[": "]]"}.get(name)
    if closing:
        if args[-1:] != [closing]:
            return await process.fail(f"missing {closing}", 2)
        args = args[:-1]
    try:
        is_program = partial(_is_program, process)
        return int(not holds(args, process.container.files, process.path, is_program))
    except ConditionSyntaxError as error:
        return await process.fail(str(error), 2)


def _is_program(process: Process, path: str) -> bool:
    return find_applet(process, path) is not None


async def sh(process: Process) -> int:
    """`sh [-ceux] [-c SCRIPT [NAME [ARGS]]] [FILE [ARGS]]`; without either, the script is standard input."""
    rest, options, script = list(process.argv[1:]), set[str](), None
    while rest and rest[0][:1] in {"-", "+"} and len(rest[0]) > 1:
        flag = rest.pop(0)
        if flag == "--":
            break
        if flag == "-o" and rest:
            options.add(rest.pop(0))
            continue
        change = options.update if flag[0] == "-" else options.difference_update
        change(flag[1:])
        if "o" in flag and rest:
            options.add(rest.pop(0))
    own_name = process.argv[0]
    if "c" in options:
        if not rest:
            return await process.fail("-c requires an argument", 2)
        script, rest = rest[0], rest[1:]
        name, args = (rest[0], rest[1:]) if rest else (own_name, [])
    elif rest and "s" not in options:
        name, args = rest[0], rest[1:]
        try:
            script = decode(process.container.files.read(process.path(name)))
        except OSError:
            return await process.fail(f"can't open '{name}': No such file or directory", 2)
    else:
        name, args = own_name, rest
    shell = Shell.of(process, name, args)
    shell.is_argument = "c" in options
    shell.options = options & {"e", "u", "x", "f", "a", "C", "pipefail"}
    return await shell.run_stream(process.stdin) if script is None else await shell.run_text(script)


async def busybox_itself(process: Process) -> int:
    """`busybox APPLET ARGS`."""
    if len(process.argv) == 1 or process.argv[1] == "--list":
        await process.out("".join(f"{name}\n" for name in sorted(process.applets)))
        return 0
    return await run_program(attrs.evolve(process, argv=process.argv[1:]))


async def uname(process: Process) -> int:
    """`uname [-amnrs]`."""
    facts = {
        "s": "Linux",
        "n": process.container.hostname,
        "r": "6.6.0-kubelite",
        "v": "#1 SMP",
        "m": "x86_64",
        "o": "GNU/Linux",
    }
    letters = "".join(arg[1:] for arg in process.argv[1:]) or "s"
    await process.out(" ".join(facts[each] for each in "snrvmo" if each in letters or "a" in letters) + "\n")
    return 0


async def seq(process: Process) -> int:
    """`seq [-s SEPARATOR] [-w] [FIRST [STEP]] LAST`."""
    rest, numbers, separator, padded = list(process.argv[1:]), list[str](), "\n", False
    while rest:
        arg = rest.pop(0)
        if arg.startswith("-s"):
            separator = arg[2:] or (rest.pop(0) if rest else "")
        elif arg == "-w":
            padded = True
        elif re.fullmatch(r"[-+]?\d*\.?\d+", arg):
            numbers.append(arg)
        else:
            return await process.fail(f"invalid number '{arg}'")
    if not 1 <= len(numbers) <= 3:
        return await process.fail("missing operand")
    first, step, last = {1: ("1", "1", *numbers), 2: (numbers[0], "1", numbers[-1]), 3: tuple(numbers)}[
        len(numbers)
    ]
    places = max(len(each.partition(".")[2]) for each in (first, step, last))
    value, end, stride = float(first), float(last), float(step)
    if stride == 0:
        return await process.fail(f"illegal increment value: {step}")
    made = []
    while (value <= end + 1e-9) if stride > 0 else (value >= end - 1e-9):
        made.append(f"{value:.{places}f}")
        value += stride
    width = max(map(len, made), default=0) if padded else 0
    if made:
        await process.out(separator.join(each.zfill(width) for each in made) + "\n")
    return 0


async def which(process: Process) -> int:
    """`which NAME...`."""
    status = 0
    for name in process.argv[1:]:
        if name in process.applets:
            await process.out(f"/bin/{name}\n")
        else:
            status = 1
    return status


async def nproc(process: Process) -> int:
    """One processor."""
    await process.out("1\n")
    return 0


async def yes(process: Process) -> int:
    """`yes [TEXT]`, until nobody reads any more."""
    line = (" ".join(process.argv[1:]) or "y") + "\n"
    while True:
        await process.out(line * 64)
        await process.container.clock.sleep(0)


async def ps(process: Process) -> int:
    """The container's main command as process 1."""
    command = " ".join(process.container.argv) or "sh"
    await process.out(f"PID   USER     TIME  COMMAND\n    1 root      0:00 {command}\n")
    return 0


async def free(process: Process) -> int:
    """Memory, of which there is enough."""
    total, used = 8_000_000, 1_000_000
    columns = ("total", "used", "free", "shared", "buff/cache", "available")
    memory = (total, used, total - used, 0, 0, total - used)
    for title, row in (("", columns), ("Mem:", memory), ("Swap:", (0, 0, 0))):
        await process.out(f"{title:8}" + "".join(f"{each:>12}" for each in row) + "\n")
    return 0


async def sync(_: Process) -> int:
    """Nothing waits to be written."""
    return 0


APPLETS: Mapping[str, Applet] = {
    "free": free,
    "sync": sync,
    "echo": echo,
    "printf": printf,
    "true": true,
    "false": false,
    "sleep": sleep,
    "printenv": printenv,
    "hostname": hostname,
    "uptime": uptime,
    "test": test,
    "[": test,
    "[[": test,
    "sh": sh,
    "ash": sh,
    "bash": sh,
    "busybox": busybox_itself,
    "uname": uname,
    "seq": seq,
    "which": which,
    "nproc": nproc,
    "yes": yes,
    "ps": ps,
}

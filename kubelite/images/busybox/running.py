"""Applets that run another program: env, timeout, nice, nohup, time.

Source: POSIX.1-2017, Utilities; BusyBox 1.36's help texts.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from kubelite.images.busybox.system import UNITS_S
from kubelite.images.shell.control import SIGNAL_BASE
from kubelite.images.shell.jobs import signal_name
from kubelite.images.shell.process import SIGNALS, Applet, Process
from kubelite.images.shell.programs import run_program


async def env(process: Process) -> int:
    """`env [-i] [-u NAME] [NAME=VALUE]... [PROG ARGS]`."""
    variables, rest = dict(process.env), list(process.argv[1:])
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if flag in {"-i", "-"}:
            variables.clear()
        elif flag == "-u" and rest:
            variables.pop(rest.pop(0), None)
        else:
            return await process.fail(f"invalid option -- '{flag[1:2]}'")
    while rest and "=" in rest[0]:
        name, _, value = rest.pop(0).partition("=")
        variables[name] = value
    if rest:
        return await run_program(attrs.evolve(process, argv=tuple(rest), env=variables))
    for name, value in variables.items():
        await process.out(f"{name}={value}\n")
    return 0


async def timeout(process: Process) -> int:
    """`timeout [-s SIGNAL] [-k SECONDS] SECONDS PROG ARGS`: 128 + signal if the time ran out."""
    rest, name = list(process.argv[1:]), "TERM"
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        value = flag[2:] or (rest.pop(0) if rest else "")
        name = value if flag.startswith("-s") else name
    number = signal_name(name)
    try:
        unit = rest[0][-1:] if rest[0][-1:] in UNITS_S else ""
        seconds = float(rest[0].removesuffix(unit)) * UNITS_S.get(unit, 1)
    except (ValueError, IndexError):
        return await process.fail(f"invalid number '{''.join(rest[:1])}'")
    if number is None or len(rest) < 2:
        return await process.fail("usage: timeout [-s SIG] SECS PROG ARGS")
    try:
        async with process.container.clock.timeout(seconds) as scope:
            return await run_program(attrs.evolve(process, argv=tuple(rest[1:])), "timeout")
    except TimeoutError:
        if not scope.expired():
            raise
        return SIGNAL_BASE + SIGNALS[number]


async def nice(process: Process) -> int:
    """`nice [-n ADJUSTMENT] [PROG ARGS]`: all programs have the same priority here."""
    rest = list(process.argv[1:])
    if rest and rest[0].startswith("-"):
        rest = rest[1 if rest[0][2:] else 2 :]
    if not rest:
        await process.out("0\n")
        return 0
    return await run_program(attrs.evolve(process, argv=tuple(rest)), "nice")


async def alone(process: Process) -> int:
    """`nohup PROG ARGS`, `setsid PROG ARGS`: no terminal takes programs with it here."""
    rest = tuple(arg for arg in process.argv[1:2] if not arg.startswith("-")) + process.argv[2:]
    if not rest:
        return await process.fail("missing operand", SIGNAL_BASE - 1)
    return await run_program(attrs.evolve(process, argv=rest), process.argv[0])


async def time(process: Process) -> int:
    """`time PROG ARGS`: how long it took, by the cluster's clock."""
    clock = process.container.clock
    begin = clock.monotonic()
    rest = process.argv[1:]
    status = await run_program(attrs.evolve(process, argv=rest), "time") if rest else 0
    minutes, seconds = divmod(clock.monotonic() - begin, 60)
    await process.err(f"real\t{minutes:.0f}m {seconds:.2f}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n")
    return status


APPLETS: Mapping[str, Applet] = {
    "env": env,
    "timeout": timeout,
    "nice": nice,
    "nohup": alone,
    "setsid": alone,
    "time": time,
}

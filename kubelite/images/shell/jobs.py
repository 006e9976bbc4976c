"""The built-ins about background jobs and signals: wait, kill, jobs.

Source: POSIX.1-2017, Utilities, wait and kill; 2.11 Signals and Error Handling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from kubelite.images.shell.control import NOT_FOUND, SIGNAL_BASE
from kubelite.images.shell.process import MAIN_PID, SIGNALS, Job
from kubelite.runtime import tasks

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

_NUMBERS = {str(number): name for name, number in SIGNALS.items()} | {"0": "EXIT"}
_EVENTS = frozenset({"EXIT", "ERR", "DEBUG", "RETURN"})
"""What is no signal, but can be trapped."""


def signal_name(text: str) -> str | None:
    """The name of a signal given as `TERM`, `SIGTERM` or `15`; None if there is none of that name."""
    name = text.upper().removeprefix("SIG")
    name = _NUMBERS.get(name, name)
    return name if name in SIGNALS or name in _EVENTS else None


def _job_of(shell: Shell, text: str) -> int | None:
    """The process number that `123`, `%1`, `%%` or `%+` means."""
    if text.isdigit():
        return int(text)
    if not text.startswith("%"):
        return None
    if text[1:] in {"", "%", "+"}:
        return shell.last_job or None
    known = list(shell.jobs)
    place = int(text[1:]) if text[1:].isdigit() else 0
    return known[place - 1] if 0 < place <= len(known) else None


async def _ends_first(shell: Shell, job: Job) -> bool:
    """Whether a job ends before a signal comes that the shell has trapped."""
    assert job.task is not None
    watched: set[asyncio.Task[Any]] = set()
    if shell.traps:
        watched.add(tasks.start(shell.arrived.wait(), name="sh wait"))
        if shell.main and "TERM" in shell.traps and not shell.terminated:
            watched.add(tasks.start(shell.process.container.terminating.wait(), name="sh wait"))
    try:
        await asyncio.wait({job.task, *watched}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await tasks.cancel(*watched)
    return job.task.done()


async def _wait_for_any(shell: Shell) -> int:
    """`wait -n`: the status of the job that ends first."""
    waiting = {job.task: job for job in shell.jobs.values() if job.task is not None}
    if not waiting:
        return NOT_FOUND
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    job = next(job for task, job in waiting.items() if task in done)
    del shell.jobs[job.pid]
    return job.status


async def _wait(shell: Shell, args: list[str]) -> int:
    if args[:1] == ["-n"]:
        return await _wait_for_any(shell)
    status = 0
    for arg in args or list(map(str, shell.jobs)):
        job = shell.jobs.get(_job_of(shell, arg) or 0)
        if job is None:
            status = NOT_FOUND
            continue
        # A trapped signal ends `wait` at once; then the trap runs.
        if not await _ends_first(shell, job):
            name = shell.take_signal()
            if name is not None:
                shell.pending.insert(0, name)
            await shell.run_pending_traps()
            return SIGNAL_BASE + SIGNALS.get(name or "TERM", 15)
        shell.jobs.pop(job.pid, None)
        status = job.status
    return status if args else 0


async def _kill(shell: Shell, args: list[str]) -> int:
    name, rest = "TERM", list(args)
    if rest and rest[0] == "-l":
        for each in rest[1:]:
            known = signal_name(str(int(each) & 127) if each.isdigit() else each)
            await shell.process.out(f"{(known if each.isdigit() else SIGNALS.get(known or '')) or each}\n")
        if not rest[1:]:
            await shell.process.out("".join(f"{number:2d}) {each}\n" for each, number in SIGNALS.items()))
        return 0
    if rest and rest[0].startswith("-") and rest[0] != "--":
        text = rest.pop(0)[1:]
        text = rest.pop(0) if text == "s" and rest else text
        found = signal_name(text)
        if found is None:
            await shell.process.err(f"{shell.name}: kill: invalid signal '{text}'\n")
            return 1
        name = found
    status = 0
    for each in rest[1:] if rest[:1] == ["--"] else rest:
        pid = _job_of(shell, each)
        if pid == MAIN_PID:
            _signal_main(shell, name)
        elif pid is not None and (job := shell.process.table.jobs.get(pid)) and job.running:
            if name != "EXIT":
                job.signal(name)
                await shell.process.container.clock.sleep(0)
        else:
            await shell.process.err(f"{shell.name}: kill: can't kill pid {each}: No such process\n")
            status = 1
    return status


def _signal_main(shell: Shell, name: str) -> None:
    """Signals process 1, which ignores what it has not trapped."""
    if name == "TERM":
        shell.process.container.terminating.set()
    elif name not in {"EXIT", "KILL", "STOP"}:
        for receive in reversed(shell.process.table.main_receivers):
            if receive(name):
                return


async def _jobs(shell: Shell, args: list[str]) -> int:
    for number, job in enumerate([each for each in shell.jobs.values() if each.running], 1):
        await shell.process.out(f"{job.pid}\n" if "-p" in args else f"[{number}]   Running\n")
    return 0


BUILTINS: Mapping[str, Callable[[Shell, list[str]], Awaitable[int]]] = {
    "wait": _wait,
    "kill": _kill,
    "jobs": _jobs,
}

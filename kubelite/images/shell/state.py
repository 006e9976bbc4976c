"""What a shell knows: variables, parameters, functions, options, traps, jobs.

Source: POSIX.1-2017, Shell Command Language, 2.12 Shell Execution Environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self

import attrs

from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.control import ShellError
from kubelite.images.shell.process import Job, Process
from kubelite.images.shell.streams import Input, Output
from kubelite.images.shell.syntax import Command
from kubelite.images.shell.variables import Array, Variables

BASH_VERSION = "5.2.37(1)-release"
RANDOM_END = 1 << 15
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@attrs.define
class State:
    """A shell execution environment.

    Attributes:
        process: The command that the shell is.
        name: `$0`.
        args: The positional parameters.
        variables: All shell variables; those in `exported` reach commands.
        functions: By name.
        options: Letters of `set`, and `pipefail`.
        status: `$?`.
        substituted: Status of the last command substitution.
        last_job: `$!`, or 0.
        jobs: The background jobs it started and did not wait for, by process number.
        traps: Script text by signal name; "" ignores the signal.
        pid: `$$`.
        main: Whether SIGTERM to the container reaches it.
        locals: For each function that runs, what its local variables hid.
        loops: How many loops surround the present command.
        tested: How many conditions surround it: `set -e` does not apply there.
        pending: Signals whose traps have not run yet.
        arrived: Set when a signal comes that is trapped.
        terminated: Whether it has taken the container's SIGTERM.
        option_index: Which argument `getopts` reads.
        option_place: Where in it.
    """

    process: Process
    name: str = "sh"
    args: list[str] = attrs.field(factory=list)
    variables: Variables = attrs.field(factory=lambda: Variables({}))
    exported: set[str] = attrs.field(factory=set)
    functions: dict[str, Command] = attrs.field(factory=dict)
    options: set[str] = attrs.field(factory=set)
    status: int = 0
    substituted: int = 0
    last_job: int = 0
    jobs: dict[int, Job] = attrs.field(factory=dict)
    traps: dict[str, str] = attrs.field(factory=dict)
    pid: int = 1
    main: bool = True
    locals: list[dict[str, str | Array | None]] = attrs.field(factory=list)
    loops: int = 0
    tested: int = 0
    pending: list[str] = attrs.field(factory=list)
    arrived: asyncio.Event = attrs.field(factory=asyncio.Event)
    terminated: bool = False
    option_index: int = 0
    option_place: int = 1

    @classmethod
    def of(cls, process: Process, name: str = "sh", args: Sequence[str] = ()) -> Self:
        """A shell with the environment of a process, which gets the signals sent to it."""
        variables = {"IFS": " \t\n", "PS4": "+ ", "OPTIND": "1", "PPID": "0", "PATH": _PATH, **process.env}
        variables["PWD"] = process.cwd
        exported = {*process.env, "PATH", "PWD"}  # what is no name of a variable is handed on, too
        pid = process.job.pid if process.job else 1
        container = process.container
        started = container.clock.monotonic()
        if process.argv[0].endswith("bash"):
            variables.setdefault("BASH_VERSION", BASH_VERSION)
        computed = {
            "RANDOM": lambda: str(container.random.randrange(RANDOM_END)),
            "SECONDS": lambda: str(int(container.clock.monotonic() - started)),
        }
        shell = cls(
            process,
            name,
            list(args),
            Variables(variables, computed=computed),
            exported,
            pid=pid,
            main=process.job is None,
        )
        receivers = process.job.receivers if process.job else process.table.main_receivers
        receivers.append(shell.receive)
        return shell

    def subshell(self, streams: Mapping[int, Input | Output], job: Job | None = None) -> Self:
        """A copy: what it changes stays its own; `job` if it is a background process."""
        process = attrs.evolve(
            self.process, streams={**self.process.streams, **streams}, job=job or self.process.job
        )
        return attrs.evolve(
            self,
            process=process,
            args=list(self.args),
            variables=self.variables.copied(),
            exported=set(self.exported),
            functions=dict(self.functions),
            options=set(self.options),
            jobs={},
            traps={name: text for name, text in self.traps.items() if text == ""},
            main=False,
            locals=[],
            loops=0,
            pending=[],
            arrived=asyncio.Event(),
        )

    # -- signals

    def receive(self, name: str) -> bool:
        """Takes a signal if it is trapped or ignored."""
        action = self.traps.get(name)
        if action:
            self.pending.append(name)
            self.arrived.set()
        return action is not None

    def take_signal(self) -> str | None:
        """The next signal whose trap must run; SIGTERM comes once."""
        terminating = self.main and "TERM" in self.traps and self.process.container.terminating.is_set()
        if terminating and not self.terminated:
            self.terminated = True
            self.pending.append("TERM")
        if not self.pending:
            return None
        self.arrived.clear()
        return self.pending.pop(0)

    # -- what expansion asks for

    @property
    def nounset(self) -> bool:
        """`set -u`."""
        return "u" in self.options

    @property
    def braces(self) -> bool:
        """Whether it is a bash."""
        return self.process.argv[0].endswith("bash")

    def elements(self, name: str) -> Mapping[str, str]:
        """The elements of an array."""
        return self.variables.elements(name)

    def key(self, name: str, subscript: str) -> str:
        """The key that a subscript means: a number counts from the end if it is negative.

        Raises:
            ShellError: It is before the first.
        """
        array = self.variables.arrays.get(name)
        if array is not None and array.associative:
            return subscript
        index = evaluate(subscript, self.variables)
        if index < 0:
            index += 1 if array is None else array.end
            if index < 0:
                raise ShellError(f"{name}[{subscript}]: bad array subscript")
        return str(index)

    @property
    def positional(self) -> Sequence[str]:
        """`$1`, `$2`, …."""
        return self.args

    def special(self, name: str) -> str | None:
        """The value of `$?`, `$#`, `$1` …."""
        match name:
            case "?":
                return str(self.status)
            case "#":
                return str(len(self.args))
            case "$":
                return str(self.pid)
            case "!":
                return str(self.last_job) if self.last_job else None
            case "-":
                return "".join(sorted(each for each in self.options if len(each) == 1))
            case "0":
                return self.name
        at = int(name)
        return self.args[at - 1] if at <= len(self.args) else None

    def environment(self, assigned: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a command inherits."""
        inherited = {key: self.variables[key] for key in sorted(self.exported) if key in self.variables}
        return inherited | dict(assigned or {})

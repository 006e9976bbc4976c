"""What a shell knows: variables, parameters, functions, options, traps, jobs.

Source: POSIX.1-2017, Shell Command Language, 2.12 Shell Execution Environment.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping, Sequence
from typing import Self

import attrs

from kubelite.images.shell.process import Job, Process
from kubelite.images.shell.streams import Buffer, Input, Output, Pipe
from kubelite.images.shell.syntax import Command, Script
from kubelite.images.shell.variables import Hidden, Variables

Opened = tuple[str, Script | None, Buffer]
"""A file of `<(…)` or `>(…)`, the script whose input it is, and its bytes."""
_VERSION = ("5", "2", "15", "1", "release", "x86_64-pc-linux-gnu")
_ALWAYS = {"BASH": "/bin/bash", "OSTYPE": "linux-gnu", "SHLVL": "1"}
_COMPUTED_BY_ALL = frozenset({"RANDOM", "LINENO"})
_COMPUTED = _COMPUTED_BY_ALL.union(
    ("SECONDS", "EPOCHSECONDS", "HOSTNAME", "UID", "EUID", "BASHPID", "BASH_VERSION"), _ALWAYS
)
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
        bash: Whether it knows what only bash knows: arrays, braces, and more built-ins.
        line: `$LINENO`.
        is_argument: Whether its script is the argument of `-c`.
        began_at: `$SECONDS` counts from there.
        directories: The stack of `pushd`, without the present one.
        feeding: Processes of `<(…)` and `>(…)` that have not ended, and the pipes to them.
        opened: Files of `<(…)` that the present commands have.
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
    locals: list[dict[str, Hidden]] = attrs.field(factory=list)
    loops: int = 0
    tested: int = 0
    pending: list[str] = attrs.field(factory=list)
    arrived: asyncio.Event = attrs.field(factory=asyncio.Event)
    terminated: bool = False
    option_index: int = 0
    option_place: int = 1
    bash: bool = False
    line: int = 0
    is_argument: bool = False
    began_at: float = 0.0
    directories: list[str] = attrs.field(factory=list)
    feeding: dict[asyncio.Task[int], Pipe] = attrs.field(factory=dict)
    opened: list[Opened] = attrs.field(factory=list)

    @classmethod
    def of(
        cls, process: Process, name: str = "sh", args: Sequence[str] = (), *, interpreter: str = ""
    ) -> Self:
        """A shell with the environment of a process, which gets the signals sent to it.

        Args:
            process: What it is.
            name: `$0`.
            args: The positional parameters.
            interpreter: The program that it is; that of the process if empty.
        """
        variables = {"IFS": " \t\n", "PS4": "+ ", "OPTIND": "1", "PPID": "0", "PATH": _PATH, **process.env}
        variables["PWD"] = process.cwd
        exported = {*process.env, "PATH", "PWD"}  # what is no name of a variable is handed on, too
        pid = process.job.pid if process.job else 1
        program = posixpath.basename(interpreter or process.argv[0])
        shell = cls(
            process, name, list(args), Variables(variables), exported, pid=pid, main=process.job is None
        )
        shell.bash = program.endswith("bash")
        shell.began_at = process.container.clock.monotonic()
        if shell.bash:
            shell.variables.set_elements("BASH_VERSINFO", _VERSION)
            shell.variables.set_elements("BASH_SOURCE", [name])
        known = _COMPUTED if shell.bash else _COMPUTED_BY_ALL
        shell.variables.computed = known.difference(shell.variables)
        shell.variables.compute = shell.computed
        receivers = process.job.receivers if process.job else process.table.main_receivers
        receivers.append(shell.receive)
        return shell

    def subshell(self, streams: Mapping[int, Input | Output], job: Job | None = None) -> Self:
        """A copy: what it changes stays its own; `job` if it is a background process."""
        process = attrs.evolve(
            self.process, streams={**self.process.streams, **streams}, job=job or self.process.job
        )
        made = attrs.evolve(
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
            is_argument=False,
            locals=[],
            loops=0,
            pending=[],
            arrived=asyncio.Event(),
            directories=list(self.directories),
            feeding={},
            opened=[],
        )
        made.variables.compute = made.computed
        return made

    def computed(self, name: str) -> str:
        """The value of a variable that the shell itself knows."""
        container = self.process.container
        match name:
            case "RANDOM":
                return str(container.random.randrange(RANDOM_END))
            case "LINENO":
                return str(self.line)
            case "SECONDS":
                return str(int(container.clock.monotonic() - self.began_at))
            case "EPOCHSECONDS":
                return str(int(container.clock.now()))
            case "HOSTNAME":
                return container.hostname
            case "UID" | "EUID":
                return str(container.files.user.uid)
            case "BASHPID":
                return str(self.pid)
            case "BASH_VERSION":
                return f"{'.'.join(_VERSION[:3])}({_VERSION[3]})-{_VERSION[4]}"
            case _:
                return _ALWAYS[name]

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

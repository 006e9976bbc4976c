"""Runs the tree of a script over an image's applets.

As the command of a container the shell is process 1: SIGTERM only reaches scripts that `trap` it.
Source: POSIX.1-2017, Shell Command Language, 2.8 Exit Status and 2.9 Shell Commands.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs

from kubelite.images.container import Container
from kubelite.images.shell import builtins, expansion
from kubelite.images.shell.arithmetic import ArithmeticSyntaxError
from kubelite.images.shell.control import (
    NOT_EXECUTABLE,
    NOT_FOUND,
    SIGNAL_BASE,
    SYNTAX_ERROR,
    Exit,
    LoopControl,
    Return,
)
from kubelite.images.shell.lexer import ShellSyntaxError
from kubelite.images.shell.parser import parse
from kubelite.images.shell.redirect import RedirectionError, redirected
from kubelite.images.shell.streams import Buffer, Input, Null, Output, Pipe
from kubelite.images.shell.syntax import (
    AndOr,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Pipeline,
    Script,
    Simple,
    While,
)
from kubelite.runtime import tasks

SIGPIPE_STATUS = SIGNAL_BASE + 13
LOOPS_BEFORE_YIELD = 64


@attrs.define
class Process:
    """One command while it runs: what an applet is given.

    Attributes:
        argv: The command's name and its arguments.
        env: Its environment variables.
        cwd: Its working directory.
        streams: By file descriptor; 0, 1 and 2 always exist.
        container: Where it runs.
        applets: The programs of the image.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    streams: dict[int, Input | Output]
    container: Container
    applets: Mapping[str, Applet]

    @property
    def stdin(self) -> Input:
        """Standard input."""
        return self.streams[0]  # type: ignore[return-value]

    async def out(self, data: str | bytes) -> None:
        """Writes to standard output."""
        await self.streams[1].write(data.encode() if isinstance(data, str) else data)  # type: ignore[union-attr]

    async def err(self, text: str) -> None:
        """Writes to standard error."""
        await self.streams[2].write(text.encode())  # type: ignore[union-attr]

    async def fail(self, text: str, status: int = 1) -> int:
        """Writes `NAME: text` to standard error and answers with `status`."""
        await self.err(f"{posixpath.basename(self.argv[0])}: {text}\n")
        return status

    def path(self, name: str) -> str:
        """An absolute, normal path."""
        return posixpath.normpath(posixpath.join(self.cwd, name))


Applet = Callable[[Process], Awaitable[int]]


@attrs.define
class Shell:
    """A shell execution environment.

    Attributes:
        name: `$0`.
        args: The positional parameters.
        variables: All shell variables; those in `exported` reach commands.
        functions: By name.
        status: `$?`.
        jobs: Background jobs by process number.
        traps: Script text by signal name; "" ignores the signal.
        interactive_pid: `$$`.
    """

    process: Process
    name: str = "sh"
    args: list[str] = attrs.field(factory=list)
    variables: dict[str, str] = attrs.field(factory=dict)
    exported: set[str] = attrs.field(factory=set)
    functions: dict[str, Command] = attrs.field(factory=dict)
    options: set[str] = attrs.field(factory=set)
    status: int = 0
    last_job: int = 0
    jobs: dict[int, asyncio.Task[int]] = attrs.field(factory=dict)
    traps: dict[str, str] = attrs.field(factory=dict)
    pid: int = 1
    locals: list[dict[str, str | None]] = attrs.field(factory=list)
    _next_job: int = 7
    _trapped: bool = False
    _tested: int = 0

    @classmethod
    def of(cls, process: Process, name: str = "sh", args: Sequence[str] = ()) -> Shell:
        """A shell with the environment of a process."""
        variables = {
            "IFS": " \t\n",
            "PWD": process.cwd,
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        }
        variables.update(process.env)
        return cls(process, name, list(args), variables, set(process.env) | {"PATH", "PWD"})

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
                return str(self.last_job) if self.last_job else ""
            case "-":
                return "".join(sorted(self.options))
            case "0":
                return self.name
        at = int(name)
        return self.args[at - 1] if at <= len(self.args) else None

    async def substitute(self, script: Script) -> str:
        """The output of a script, run in a subshell."""
        output = Buffer()
        shell = self.subshell({1: output})
        self.status = await shell.run_to_end(script)
        return output.value.decode(errors="replace")

    def glob(self, pattern: str) -> list[str]:
        """The path names which match, sorted."""
        return builtins.glob_paths(self.process.container.files, self.process.cwd, pattern)

    # -- running

    def subshell(self, streams: Mapping[int, Input | Output]) -> Shell:
        """A copy: what it changes stays its own."""
        process = attrs.evolve(self.process, streams={**self.process.streams, **streams})
        traps = {name: text for name, text in self.traps.items() if text == ""}
        return attrs.evolve(
            self,
            process=process,
            args=list(self.args),
            variables=dict(self.variables),
            exported=set(self.exported),
            functions=dict(self.functions),
            options=set(self.options),
            jobs={},
            traps=traps,
            locals=[],
        )

    async def run_text(self, text: str) -> int:
        """Parses and runs a script to its end; answers with the exit status."""
        try:
            script = parse(text)
        except ShellSyntaxError as error:
            await self.process.err(f"{self.name}: syntax error: {error}\n")
            return SYNTAX_ERROR
        return await self.run_to_end(script)

    async def run_to_end(self, script: Script) -> int:
        """Runs a script as a shell of its own: `exit` ends it, the EXIT trap runs last."""
        try:
            status = await self.run(script)
        except Exit as stop:
            status = stop.status
        except LoopControl:
            status = self.status
        except (expansion.ExpansionError, ArithmeticSyntaxError) as error:
            await self.process.err(f"{self.name}: {error}\n")
            status = SYNTAX_ERROR
        except BrokenPipeError:
            status = SIGPIPE_STATUS
        if action := self.traps.pop("EXIT", ""):
            self.status = status
            try:
                await self.run(parse(action))
            except Exit as stop:
                status = stop.status
        return status

    async def run(self, script: Script) -> int:
        """Runs the lists of a script; the status is that of the last."""
        for item in script.items:
            if item.background:
                self._start_job(item)
                self.status = 0
            else:
                self.status = await self._and_or(item)
            await self.run_pending_traps()
        return self.status

    async def run_pending_traps(self) -> None:
        """Runs the TERM trap once SIGTERM came; a shell runs traps between commands."""
        action = self.traps.get("TERM")
        if action and not self._trapped and self.process.container.terminating.is_set():
            self._trapped = True
            status = self.status
            await self.run(parse(action))
            self.status = status

    def _start_job(self, item: AndOr) -> None:
        number = self._next_job
        self._next_job += 1
        shell = self.subshell({0: Null()})
        shell.pid = number
        script = Script((attrs.evolve(item, background=False),))
        self.jobs[number] = tasks.start(shell.run_to_end(script), name=f"sh job {number}")
        self.last_job = number

    async def _and_or(self, item: AndOr) -> int:
        self._tested += bool(item.rest)
        try:
            status = await self._pipeline(item.first)
        finally:
            self._tested -= bool(item.rest)
        for index, (operator, pipeline) in enumerate(item.rest):
            self.status = status
            if (status == 0) == (operator == "&&"):
                last = index == len(item.rest) - 1
                self._tested += not last
                try:
                    status = await self._pipeline(pipeline)
                finally:
                    self._tested -= not last
                if last and status:
                    self._exit_on_error(status, pipeline)
        if not item.rest:
            self._exit_on_error(status, item.first)
        return status

    def _exit_on_error(self, status: int, pipeline: Pipeline) -> None:
        if status and "e" in self.options and not self._tested and not pipeline.negated:
            raise Exit(status)

    async def _pipeline(self, pipeline: Pipeline) -> int:
        if len(pipeline.commands) == 1:
            status = await self._command(pipeline.commands[0])
        else:
            status = await self._piped(pipeline.commands)
        return int(status == 0) if pipeline.negated else status

    async def _piped(self, commands: Sequence[Command]) -> int:
        pipes = [Pipe() for _ in commands[1:]]
        running = []
        for index, command in enumerate(commands):
            streams: dict[int, Input | Output] = {}
            if index > 0:
                streams[0] = pipes[index - 1]
            if index < len(pipes):
                streams[1] = pipes[index]
            before = pipes[index - 1] if index > 0 else None
            after = pipes[index] if index < len(pipes) else None
            shell = self.subshell(streams)
            running.append(tasks.start(_stage(shell, command, before, after), name="sh pipeline"))
        try:
            statuses = [await task for task in running]
        except BaseException:
            for task in running:
                task.cancel()
            raise
        if "pipefail" in self.options:
            return next((status for status in reversed(statuses) if status), 0)
        return statuses[-1]

    async def _command(self, command: Command) -> int:
        match command:
            case Simple():
                return await self._simple(command)
            case Function(name, body):
                self.functions[name] = body
                return 0
        try:
            async with redirected(self, command.redirections):
                return await self._compound(command)
        except RedirectionError as error:
            await self.process.err(f"{self.name}: {error}\n")
            return 1

    async def _compound(self, command: Group | If | While | For | Case) -> int:
        match command:
            case Group(body, subshell=True):
                return await self.subshell({}).run_to_end(body)
            case Group(body):
                return await self.run(body)
            case If():
                return await self._if(command)
            case While():
                return await self._while(command)
            case For():
                return await self._for(command)
            case Case():
                return await self._case(command)

    async def _test(self, script: Script) -> bool:
        self._tested += 1
        try:
            return await self.run(script) == 0
        finally:
            self._tested -= 1

    async def _if(self, command: If) -> int:
        for condition, body in command.branches:
            if await self._test(condition):
                return await self.run(body)
        return await self.run(command.otherwise) if command.otherwise else 0

    async def _loop_body(self, body: Script) -> bool:
        """Runs the body once; tells whether the loop goes on."""
        try:
            await self.run(body)
        except LoopControl as control:
            if control.levels > 1:
                raise LoopControl(control.levels - 1, goes_on=control.goes_on) from None
            return control.goes_on
        return True

    async def _while(self, command: While) -> int:
        status, rounds = 0, 0
        while await self._test(command.condition) != command.until:
            goes_on = await self._loop_body(command.body)
            status = self.status
            rounds += 1
            if rounds % LOOPS_BEFORE_YIELD == 0:
                await self.process.container.clock.sleep(0)
            if not goes_on:
                break
        return status

    async def _for(self, command: For) -> int:
        values = (
            list(self.args) if command.words is None else await expansion.expand_words(command.words, self)
        )
        self.status = 0
        for value in values:
            self.variables[command.name] = value
            if not await self._loop_body(command.body):
                break
        return self.status

    async def _case(self, command: Case) -> int:
        subject = await expansion.expand_word(command.word, self)
        for patterns, body in command.branches:
            for pattern in patterns:
                if expansion.matches(subject, await expansion.expand_pattern(pattern, self)):
                    return await self.run(body)
        return 0

    async def _simple(self, command: Simple) -> int:
        substituted = self.status
        words = await expansion.expand_words(command.words, self)
        if "x" in self.options and words:
            await self.process.err("+ " + " ".join(words) + "\n")
        assigned = {}
        self.status = 0 if not words else substituted
        for name, word in command.assignments:
            assigned[name] = await expansion.expand_word(word, self)
            if not words:
                self.variables[name] = assigned[name]
        try:
            async with redirected(
                self, command.redirections, permanent=words[:1] == ["exec"] and len(words) == 1
            ):
                return await self.call(words, assigned) if words else self.status
        except RedirectionError as error:
            await self.process.err(f"{self.name}: {error}\n")
            return 1

    async def call(self, argv: Sequence[str], assigned: Mapping[str, str] | None = None) -> int:
        """Runs one command by name: a function, a built-in, an applet, or a script in the file system."""
        name = argv[0]
        if (body := self.functions.get(name)) is not None:
            return await self._call_function(body, argv[1:])
        if (builtin := builtins.BUILTINS.get(name)) is not None:
            if assigned:
                self.variables.update(assigned)
            return await builtin(self, list(argv[1:]))
        env = {key: self.variables[key] for key in sorted(self.exported) if key in self.variables}
        env.update(assigned or {})
        process = attrs.evolve(self.process, argv=tuple(argv), env=env)
        return await run_program(process)

    async def _call_function(self, body: Command, args: Sequence[str]) -> int:
        saved, self.args = self.args, list(args)
        self.locals.append({})
        try:
            return await self._command(body)
        except Return as stop:
            return stop.status
        finally:
            self.args = saved
            for name, value in self.locals.pop().items():
                if value is None:
                    self.variables.pop(name, None)
                else:
                    self.variables[name] = value


async def _stage(shell: Shell, command: Command, before: Pipe | None, after: Pipe | None) -> int:
    try:
        return await shell.run_to_end(Script((AndOr(Pipeline((command,))),)))
    finally:
        if before is not None:
            before.close_read()
        if after is not None:
            after.close_write()


async def run_program(process: Process) -> int:
    """Runs a program of the image, or a script of the file system, by name or path; 127 if there is none."""
    name = process.argv[0]
    files = process.container.files
    if "/" in name and files.exists(process.path(name)):
        path = process.path(name)
        if files.is_dir(path):
            return await process.fail("Permission denied", NOT_EXECUTABLE)
        return await _run_script(process, files.read(path))
    applet = process.applets.get(posixpath.basename(name))
    if applet is None:
        await process.err(f"sh: {name}: not found\n")
        return NOT_FOUND
    try:
        return await applet(process)
    except BrokenPipeError:
        return SIGPIPE_STATUS


async def _run_script(process: Process, content: bytes) -> int:
    text = content.decode(errors="replace")
    if text.startswith("#!"):
        interpreter = posixpath.basename(text.splitlines()[0][2:].split()[-1])
        if interpreter not in {"sh", "bash", "ash"}:
            applet = process.applets.get(interpreter)
            if applet is None:
                return await process.fail("not found", NOT_FOUND)
            return await applet(attrs.evolve(process, argv=(interpreter, *process.argv)))
    shell = Shell.of(process, process.argv[0], process.argv[1:])
    return await shell.run_text(text)

"""Runs the tree of a script over an image's applets.

As the command of a container the shell is process 1: SIGTERM only reaches scripts that `trap` it.
Source: POSIX.1-2017, Shell Command Language, 2.8 Exit Status and 2.9 Shell Commands.
"""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs

from kubelite.images.shell import arrays, builtins, conditional, expansion, loops
from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.control import (
    NOT_EXECUTABLE,
    NOT_FOUND,
    SIGNAL_BASE,
    SYNTAX_ERROR,
    Exit,
    Return,
    ShellError,
)
from kubelite.images.shell.parser import parse, split_assignment
from kubelite.images.shell.pattern import matches
from kubelite.images.shell.process import Process, decode
from kubelite.images.shell.redirect import RedirectionError, redirected
from kubelite.images.shell.scan import ShellSyntaxError
from kubelite.images.shell.state import State
from kubelite.images.shell.streams import Buffer, Input, Null, Output, Pipe, read_line
from kubelite.images.shell.syntax import (
    AndOr,
    Calculate,
    Case,
    Command,
    For,
    ForArithmetic,
    Function,
    Group,
    If,
    Literal,
    Pipeline,
    Script,
    Simple,
    Test,
    While,
    Word,
)
from kubelite.images.shell.variables import Array
from kubelite.runtime import tasks

SIGPIPE_STATUS = SIGNAL_BASE + 13
_BIN = frozenset({"", "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"})
_EXECUTABLE = 0o111
_CHARACTERS_QUOTED = frozenset(" !\"#$%&'()*;<=>?`[\\{|}~\t\n")


class Shell(State):
    """A shell that runs scripts."""

    async def substitute(self, script: Script) -> str:
        """The output of a script, run in a subshell."""
        output = Buffer()
        self.substituted = await self.subshell({1: output}).run_to_end(script)
        return decode(output.value.replace(b"\0", b""))

    def glob(self, pattern: str) -> list[str]:
        """The path names which match, sorted; none under `set -f`."""
        if "f" in self.options:
            return []
        return builtins.glob_paths(self.process.container.files, self.process.cwd, pattern)

    # -- whole scripts

    async def run_text(self, text: str) -> int:
        """Parses and runs a script to its end; answers with the exit status."""
        try:
            script = parse(text)
        except ShellSyntaxError:
            # What stands before the error runs.
            return await self.run_stream(Buffer(text.encode(errors="surrogateescape")))
        return await self.run_to_end(script)

    async def run_stream(self, source: Input) -> int:
        """Runs a script as it is read, line by line: commands may read what follows them."""

        async def lines() -> int:
            text = ""
            while True:
                line = decode(await read_line(source))
                text += line
                if line and text.endswith("\\\n"):
                    continue
                try:
                    script = parse(text, whole=not line)
                except ShellSyntaxError as error:
                    if not line or not error.incomplete:
                        raise
                    continue
                text = ""
                await self.run(script)
                if not line:
                    return self.status

        return await self._to_end(lines())

    async def run_to_end(self, script: Script) -> int:
        """Runs a script as a shell of its own: `exit` ends it, the EXIT trap runs last."""
        return await self._to_end(self.run(script))

    async def _to_end(self, body: Awaitable[int]) -> int:
        status = await self._guarded(body)
        if action := self.traps.pop("EXIT", ""):
            self.status = status
            ended = await self._guarded(self.run_trap(action))
            return status if ended < 0 else ended
        return status

    async def _guarded(self, body: Awaitable[int]) -> int:
        try:
            return await body
        except Exit as stop:
            return stop.status
        except (ShellError, ShellSyntaxError) as error:
            prefix = "syntax error: " if isinstance(error, ShellSyntaxError) else ""
            await self.process.err(f"{self.name}: {prefix}{error}\n")
            return SYNTAX_ERROR
        except RecursionError:
            await self.process.err(f"{self.name}: function calls are nested too deeply\n")
            return SYNTAX_ERROR
        except BrokenPipeError:
            return SIGPIPE_STATUS

    async def run_trap(self, action: str) -> int:
        """Runs a trap's script; answers with -1, as only `exit` changes the status."""
        status = self.status
        await self.run(parse(action))
        self.status = status
        return -1

    async def run_pending_traps(self) -> None:
        """Runs the traps of signals that came; a shell does that between commands."""
        while self.traps and (name := self.take_signal()) is not None:
            if action := self.traps.get(name):
                await self.run_trap(action)

    # -- lists and pipelines

    async def run(self, script: Script) -> int:
        """Runs the lists of a script; the status is that of the last."""
        if not script.items:
            self.status = 0
        for item in script.items:
            if item.background:
                self._start_job(item)
                self.status = 0
            else:
                self.status = await self._and_or(item)
            if self.traps:
                await self.run_pending_traps()
        return self.status

    def _start_job(self, item: AndOr) -> None:
        job = self.process.table.new()
        shell = self.subshell({0: Null()}, job)
        job.receivers.append(shell.receive)
        script = Script((attrs.evolve(item, background=False),))
        match item:
            case AndOr(Pipeline((Group(body, subshell=True, redirections=()),), negated=False), rest=()):
                script = body  # the job is that subshell, and its traps are the job's
        self.process.table.start(job, shell.run_to_end(script))
        self.jobs[job.pid] = job
        self.last_job = job.pid

    async def _and_or(self, item: AndOr) -> int:
        if not item.rest:
            status = await self._pipeline(item.first)
            self._exit_on_error(status, item.first)
            return status
        steps = (("", item.first), *item.rest)
        status = 0
        for index, (operator, pipeline) in enumerate(steps):
            if operator and (status == 0) != (operator == "&&"):
                continue
            last = index == len(steps) - 1
            self.tested += not last
            try:
                self.status = status = await self._pipeline(pipeline)
            finally:
                self.tested -= not last
            if last:
                self._exit_on_error(status, pipeline)
        return status

    def _exit_on_error(self, status: int, pipeline: Pipeline) -> None:
        if not status or "e" not in self.options or self.tested or pipeline.negated:
            return
        # Compound commands other than subshells have already exited where they had to.
        if len(pipeline.commands) > 1 or isinstance(pipeline.commands[0], Simple | Group | Test | Calculate):
            raise Exit(status)

    async def _pipeline(self, pipeline: Pipeline) -> int:
        self.tested += pipeline.negated
        try:
            if len(pipeline.commands) == 1:
                status = await self._command(pipeline.commands[0])
            else:
                status = await self._piped(pipeline.commands)
        finally:
            self.tested -= pipeline.negated
        return int(status == 0) if pipeline.negated else status

    async def _piped(self, commands: Sequence[Command]) -> int:
        pipes = [Pipe() for _ in commands[1:]]
        running = []
        for index, command in enumerate(commands):
            before = pipes[index - 1] if index > 0 else None
            after = pipes[index] if index < len(pipes) else None
            streams: dict[int, Input | Output] = {0: before} if before else {}
            if after:
                streams[1] = after
            stage = _stage(self.subshell(streams), command, before, after)
            running.append(tasks.start(stage, name="sh pipeline"))
        try:
            statuses = [await task for task in running]
        finally:
            await tasks.cancel(*(task for task in running if not task.done()))
        if "pipefail" in self.options:
            return next((status for status in reversed(statuses) if status), 0)
        return statuses[-1]

    # -- compound commands

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

    async def _compound(
        self, command: Group | If | While | For | ForArithmetic | Case | Test | Calculate
    ) -> int:
        match command:
            case Group(body, subshell=True):
                return await self.subshell({}).run_to_end(body)
            case Group(body):
                return await self.run(body)
            case If():
                return await self._if(command)
            case While():
                return await loops.run_while(self, command)
            case For():
                return await loops.run_for(self, command)
            case ForArithmetic():
                return await loops.run_for_arithmetic(self, command)
            case Case():
                return await self._case(command)
            case Test(items):
                return await conditional.holds(self, items)
            case Calculate(expression):
                return int(await self.calculated(expression) == 0)

    async def calculated(self, expression: Word, empty: int = 0) -> int:
        """The value of an arithmetic expression, or `empty` if there is none."""
        text = await expansion.expand_word(expression, self)
        return evaluate(text, self.variables) if text.strip() else empty

    async def test(self, script: Script) -> bool:
        """Whether a condition holds; `set -e` does not apply to it."""
        self.tested += 1
        try:
            return await self.run(script) == 0
        finally:
            self.tested -= 1

    async def _if(self, command: If) -> int:
        for condition, body in command.branches:
            if await self.test(condition):
                return await self.run(body)
        return await self.run(command.otherwise) if command.otherwise else 0

    async def _case(self, command: Case) -> int:
        self.status = 0
        subject = await expansion.expand_word(command.word, self)
        for patterns, body in command.branches:
            for pattern in patterns:
                if matches(subject, await expansion.expand_pattern(pattern, self)):
                    return await self.run(body)
        return self.status if not command.branches else 0

    # -- simple commands

    async def _simple(self, command: Simple) -> int:
        # With no command left, the status is that of the last command substitution.
        self.substituted = 0
        words = await self._words(command.words)
        assigned: dict[str, str] = {}
        try:
            async with redirected(
                self, command.redirections, permanent=words[:1] == ["exec"] and len(words) == 1
            ):
                for each in command.assignments:
                    if not words:
                        await arrays.assign(self, each)
                    if each.subscript is None and not arrays.is_list(each):
                        assigned[each.name] = (
                            await expansion.expand_word(each.word, self)
                            if words
                            else self.variables[each.name]
                        )
                if "x" in self.options:
                    await self._trace(assigned, words)
                if not words:
                    return self.substituted
                constant = set(self.variables.constant)
                status = await self.call(words, assigned)
                if words[0] in builtins.ASSIGNING:
                    await self._assign_lists(command.words, constant)
                return status
        except RedirectionError as error:
            await self.process.err(f"{self.name}: {error}\n")
            if words[:1] and words[0] in builtins.SPECIAL:
                raise Exit(1) from error
            return 1

    async def _words(self, words: Sequence[Word]) -> list[str]:
        if not words or words[0].plain not in builtins.ASSIGNING:
            return await expansion.expand_words(words, self)
        found: list[str] = []
        for word in words:
            first = word.parts[0] if word.parts else None
            if (assignment := split_assignment(word)) is not None and arrays.is_list(assignment):
                found.append(assignment.name)
            elif isinstance(first, Literal) and not first.quoted and "=" in first.text:
                found.append(await expansion.expand_word(word, self))
            else:
                found += await expansion.expand_words((word,), self)
        return found

    async def _assign_lists(self, words: Sequence[Word], constant: set[str]) -> None:
        """The lists among the arguments of a command that declares; `constant` names already were so."""
        for word in words:
            if (assignment := split_assignment(word)) is not None and arrays.is_list(assignment):
                declared, self.variables.constant = self.variables.constant, constant
                try:
                    await arrays.assign(self, assignment)
                finally:
                    self.variables.constant = declared

    async def _trace(self, assigned: Mapping[str, str], words: Sequence[str]) -> None:
        shown = [f"{name}={_quoted(value)}" for name, value in assigned.items()]
        text = " ".join([*shown, *map(_quoted, words)])
        if text:
            await self.process.err(f"{self.variables.get('PS4', '')}{text}\n")

    async def call(self, argv: Sequence[str], assigned: Mapping[str, str] | None = None) -> int:
        """Runs one command by name: a function, a built-in, an applet, or a script in the file system."""
        name = argv[0]
        if name in builtins.SPECIAL:
            self.variables.update(assigned or {})
            return await builtins.BUILTINS[name](self, list(argv[1:]))
        if name in self.functions or name in builtins.BUILTINS:
            return await self._with_variables(argv, assigned or {})
        return await self.call_external(argv, assigned)

    async def call_external(self, argv: Sequence[str], assigned: Mapping[str, str] | None = None) -> int:
        """Runs a command which is no part of the shell."""
        return await run_program(
            attrs.evolve(self.process, argv=tuple(argv), env=self.environment(assigned)), self.name
        )

    async def _with_variables(self, argv: Sequence[str], assigned: Mapping[str, str]) -> int:
        """Runs a function or a built-in; the assignments before it last as long as it does."""
        hidden = {name: self.variables.kept(name) for name in assigned}
        exported = set(assigned) - self.exported
        for name, value in assigned.items():
            self.variables[name] = value
        self.exported |= exported
        try:
            if (body := self.functions.get(argv[0])) is not None:
                return await self._call_function(body, argv[1:])
            return await builtins.BUILTINS[argv[0]](self, list(argv[1:]))
        finally:
            self.exported -= exported
            self.restore(hidden)

    def restore(self, hidden: Mapping[str, str | Array | None]) -> None:
        """Gives variables their former values."""
        for name, value in hidden.items():
            self.variables.put_back(name, value)

    async def _call_function(self, body: Command, args: Sequence[str]) -> int:
        saved, self.args = self.args, list(args)
        self.locals.append({})
        try:
            return await self._command(body)
        except Return as stop:
            return stop.status
        finally:
            self.args = saved
            self.restore(self.locals.pop())


def _quoted(text: str) -> str:
    """A word as `set -x` shows it."""
    if any(char in _CHARACTERS_QUOTED or char > "z" for char in text):
        return "'" + text.replace("'", "'\\''") + "'"
    return text


async def _stage(shell: Shell, command: Command, before: Pipe | None, after: Pipe | None) -> int:
    try:
        match command:
            case Group(body, subshell=True, redirections=()):
                return await shell.run_to_end(body)
        return await shell.run_to_end(Script((AndOr(Pipeline((command,))),)))
    finally:
        if before is not None:
            before.close_read()
        if after is not None:
            after.close_write()


def find_applet(process: Process, name: str) -> Callable[[Process], Awaitable[int]] | None:
    """The program of the image that a name or a path below /bin and its like means."""
    directory, _, base = name.rpartition("/")
    return process.applets.get(base) if directory in _BIN and base else None


async def run_program(process: Process, shell_name: str = "sh") -> int:
    """Runs a program of the image, or a script of the file system, by name or path; 127 if there is none."""
    name, files = process.argv[0], process.container.files
    path = process.path(name) if "/" in name else _in_path(process, name)
    try:
        if path and files.exists(path):
            if files.is_dir(path) or not files.stat(path).mode & _EXECUTABLE:
                await process.err(f"{shell_name}: {name}: Permission denied\n")
                return NOT_EXECUTABLE
            return await _run_script(process, files.read(path))
        applet = find_applet(process, name)
        if applet is None:
            await process.err(f"{shell_name}: {name}: not found\n")
            return NOT_FOUND
        return await applet(process)
    except BrokenPipeError:
        return SIGPIPE_STATUS
    except OSError as error:
        return await process.fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _in_path(process: Process, name: str) -> str:
    """A script of that name in a directory of `PATH`; applets come first, as they are links there."""
    if not name or name in process.applets:
        return ""
    files = process.container.files
    directories = process.env.get("PATH", "").split(":")
    found = (posixpath.join(each, name) for each in directories if each.startswith("/"))
    return next((path for path in found if files.is_file(path)), "")


async def _run_script(process: Process, content: bytes) -> int:
    text = decode(content)
    if text.startswith("#!"):
        words = text.splitlines()[0][2:].split()
        if words and posixpath.basename(words[0]) == "env":
            words = words[1:]
        interpreter = words[0] if words else "sh"
        if posixpath.basename(interpreter) not in {"sh", "bash", "ash", "dash"}:
            argv = (*words, process.argv[0], *process.argv[1:])
            if find_applet(process, interpreter) is None:
                await process.err(f"sh: {process.argv[0]}: not found\n")
                return NOT_FOUND
            return await run_program(attrs.evolve(process, argv=argv))
    shell = Shell.of(process, process.argv[0], process.argv[1:])
    return await shell.run_text(text)

"""Runs the tree of a script over an image's applets.

As the command of a container the shell is process 1: SIGTERM only reaches scripts that `trap` it.
Source: POSIX.1-2017, Shell Command Language, 2.8 Exit Status and 2.9 Shell Commands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence

import attrs

from kubelite.images.shell import (
    bash,
    builtins,
    conditional,
    expansion,
    loops,
    substitution,
)
from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.control import (
    NOT_FOUND,
    SIGPIPE_STATUS,
    SYNTAX_ERROR,
    Exit,
    Return,
    ShellError,
)
from kubelite.images.shell.globbing import glob_paths
from kubelite.images.shell.parser import parse
from kubelite.images.shell.pattern import matches
from kubelite.images.shell.pipelines import run_piped
from kubelite.images.shell.process import decode
from kubelite.images.shell.programs import run_program
from kubelite.images.shell.redirect import RedirectionError, redirected
from kubelite.images.shell.scan import ShellSyntaxError
from kubelite.images.shell.simple import run_simple
from kubelite.images.shell.state import State
from kubelite.images.shell.streams import Buffer, Input, Null, read_line
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
    Pipeline,
    ProcessSubstitution,
    Redirection,
    Script,
    Simple,
    Test,
    While,
    Word,
)
from kubelite.images.shell.variables import Hidden


class Shell(State):
    """A shell that runs scripts."""

    async def substitute(self, script: Script) -> str:
        """The output of a script, run in a subshell; `set -e` does not apply to it."""
        if self.bash and (redirection := substitution.read_file(script)) is not None:
            return await self._content(redirection)
        output = Buffer()
        shell = self.subshell({1: output})
        if "inherit_errexit" not in self.options:
            shell.options.discard("e")
        self.substituted = await shell.run_to_end(script)
        return decode(output.value.replace(b"\0", b""))

    async def _content(self, redirection: Redirection) -> str:
        """`$(<file)`: what is in a file, without a command that reads it."""
        shell = self.subshell({})
        try:
            async with redirected(shell, (redirection,)):
                return decode((await shell.process.stdin.read()).replace(b"\0", b""))
        except RedirectionError as error:
            await self.process.err(f"{self.name}: {error}\n")
            self.substituted = 1
            return ""

    def fits(self, text: str, pattern: str) -> bool:
        """Whether a text matches a pattern, in the way that this shell was told to compare."""
        if "nocasematch" in self.options:
            text, pattern = text.lower(), pattern.lower()
        return matches(text, pattern)

    def glob(self, pattern: str) -> list[str] | None:
        """The path names which match, sorted; None if there are none, or under `set -f`."""
        if "f" in self.options:
            return None
        hidden, deep = "dotglob" in self.options, "globstar" in self.options
        found = glob_paths(self.process.container.files, self.process.cwd, pattern, hidden=hidden, deep=deep)
        if not found and "failglob" in self.options:
            raise ShellError(f"no match: {pattern}")
        return found if found or "nullglob" in self.options else None

    async def file_of(self, part: ProcessSubstitution) -> str:
        """A file that holds what a script writes, or whose content a script gets when the command ended."""
        return await substitution.file_of(self, part)

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
        try:
            status = await self._guarded(body)
        finally:
            await substitution.end(self)
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
            if not self.bash or isinstance(error, ShellSyntaxError):
                return SYNTAX_ERROR
            return NOT_FOUND if self.is_argument and isinstance(error, expansion.ExpansionError) else 1
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
            await self._exit_on_error(status, item.first)
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
                await self._exit_on_error(status, pipeline)
        return status

    async def _exit_on_error(self, status: int, pipeline: Pipeline) -> None:
        if not status or self.tested or pipeline.negated:
            return
        # Compound commands other than subshells have already exited where they had to.
        if len(pipeline.commands) == 1 and not isinstance(
            pipeline.commands[0], Simple | Group | Test | Calculate
        ):
            return
        if (action := self.traps.get("ERR")) and (not self.locals or "E" in self.options):
            self.status = status
            await self.run_trap(action)
        if "e" in self.options:
            raise Exit(status)

    async def _pipeline(self, pipeline: Pipeline) -> int:
        self.tested += pipeline.negated
        try:
            if len(pipeline.commands) == 1:
                status = await self._command(pipeline.commands[0])
                statuses = [status]
            else:
                statuses = await run_piped(self, pipeline.commands)
                status = statuses[-1]
                if "pipefail" in self.options:
                    status = next((each for each in reversed(statuses) if each), 0)
        finally:
            self.tested -= pipeline.negated
        if self.bash:
            self.variables.set_elements("PIPESTATUS", map(str, statuses))
        return int(status == 0) if pipeline.negated else status

    # -- compound commands

    async def _command(self, command: Command) -> int:
        match command:
            case Simple():
                return await run_simple(self, command)
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
                files = self.process.container.files
                umask = files.umask
                try:
                    return await self.subshell({}).run_to_end(body)
                finally:
                    files.umask = umask
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
        status, falls = 0, False
        for patterns, body, end in command.branches:
            if not falls and not await self._matches(subject, patterns):
                continue
            status = await self.run(body)
            if end == ";;":
                break
            falls = end == ";&"
        return status

    async def _matches(self, subject: str, patterns: Sequence[Word]) -> bool:
        for pattern in patterns:
            if self.fits(subject, await expansion.expand_pattern(pattern, self)):
                return True
        return False

    # -- commands by name

    async def call(self, argv: Sequence[str], assigned: Mapping[str, str] | None = None) -> int:
        """Runs one command by name: a function, a built-in, an applet, or a script in the file system."""
        name = argv[0]
        if name in builtins.SPECIAL and not (self.bash and name in self.functions):
            for each, value in (assigned or {}).items():
                self.variables[each] = value
            builtin = self.builtin(name)
            assert builtin is not None
            return await builtin(self, list(argv[1:]))
        if name in self.functions or self.builtin(name) is not None:
            return await self._with_variables(argv, assigned or {})
        return await self.call_external(argv, assigned)

    async def call_external(self, argv: Sequence[str], assigned: Mapping[str, str] | None = None) -> int:
        """Runs a command which is no part of the shell."""
        return await run_program(
            attrs.evolve(self.process, argv=tuple(argv), env=self.environment(assigned)), self.name
        )

    async def _with_variables(self, argv: Sequence[str], assigned: Mapping[str, str]) -> int:
        """Runs a function or a built-in; the assignments before it last as long as it does."""
        hidden = {name: self.hide(name) for name in assigned}
        exported = set(assigned) - self.exported
        for name, value in assigned.items():
            self.variables[name] = value
        self.exported |= exported
        try:
            if (body := self.functions.get(argv[0])) is not None:
                return await self._call_function(argv[0], body, argv[1:])
            builtin = self.builtin(argv[0])
            assert builtin is not None
            return await builtin(self, list(argv[1:]))
        finally:
            self.exported -= exported
            self.restore(hidden)

    def builtin(self, name: str) -> builtins.Builtin | None:
        """The built-in of a name, if this shell has one."""
        found = builtins.BUILTINS.get(name)
        return bash.BUILTINS.get(name, found) if self.bash else found

    def hide(self, name: str) -> Hidden:
        """What a variable is, to be restored later."""
        return self.variables.hide(name, exported=name in self.exported)

    def restore(self, hidden: Mapping[str, Hidden]) -> None:
        """Gives variables their former values."""
        for name, before in hidden.items():
            self.variables.restore(name, before)
            (self.exported.add if before.exported else self.exported.discard)(name)

    async def _call_function(self, name: str, body: Command, args: Sequence[str]) -> int:
        saved, self.args = self.args, list(args)
        self.locals.append({"FUNCNAME": self.hide("FUNCNAME")} if self.bash else {})
        if self.bash:
            self.variables.set_elements("FUNCNAME", (name, *self.variables.elements("FUNCNAME")))
        try:
            return await self._command(body)
        except Return as stop:
            return stop.status
        finally:
            self.args = saved
            self.restore(self.locals.pop())

"""Simple commands: their words become arguments, their redirections and assignments are made, then they run.

Source: POSIX.1-2017, Shell Command Language, 2.9.1 Simple Commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from kubelite.images.shell import assigning, builtins, expansion, substitution, tracing
from kubelite.images.shell.control import Exit
from kubelite.images.shell.redirect import RedirectionError, redirected
from kubelite.images.shell.syntax import Assignment, Simple

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell


async def run_simple(shell: Shell, command: Simple) -> int:
    """Runs a simple command."""
    # With no command left, the status is that of the last command substitution.
    shell.substituted = 0
    shell.line = command.line or shell.line
    if not shell.bash and assigning.has_elements(command.assignments):
        # No assignment to a shell that knows no arrays: such a word is the command.
        head = next(at for at, each in enumerate(command.assignments) if each.subscript is not None)
        return await run_simple(
            shell,
            attrs.evolve(
                command,
                assignments=command.assignments[:head],
                words=(*(each.word for each in command.assignments[head:]), *command.words),
            ),
        )
    opened = len(shell.opened)
    try:
        return await _expanded(shell, command)
    finally:
        if len(shell.opened) > opened:
            await substitution.close(shell, opened)


async def _expanded(shell: Shell, command: Simple) -> int:
    """Runs a simple command: its words become arguments first."""
    arrays: list[tuple[Assignment, list[assigning.Given]]] = []
    if assigning.declares(shell, command.words):
        words, arrays = await assigning.declaration(shell, command.words)
    else:
        words = await expansion.expand_words(command.words, shell)
    try:
        async with redirected(
            shell, command.redirections, permanent=words[:1] == ["exec"] and len(words) == 1
        ):
            assigned = await _assigned(shell, command.assignments, kept=not words)
            if "x" in shell.options:
                await tracing.show(shell, assigned, words)
            if not words:
                return shell.substituted
            status = await shell.call(words, assigned)
            for assignment, given in arrays:
                _store(shell, assignment, given)
            return status
    except RedirectionError as error:
        await shell.process.err(f"{shell.name}: {error}\n")
        if words[:1] and words[0] in builtins.SPECIAL:
            raise Exit(1) from error
        return 1


async def _assigned(shell: Shell, assignments: Sequence[Assignment], *, kept: bool) -> dict[str, str]:
    """The values of assignments before a command, which without one are kept."""
    assigned: dict[str, str] = {}
    for each in assignments:
        if kept:
            assigned[each.name] = await assigning.assign(shell, each)
        elif each.subscript is None and each.elements is None:
            before = shell.variables.get(each.name, "") if each.append else ""
            assigned[each.name] = before + await expansion.expand_value(each.value, shell)
    return assigned


def _store(shell: Shell, assignment: Assignment, given: Sequence[assigning.Given]) -> None:
    """Gives an array that was declared its elements, be it read-only or not."""
    name = shell.variables.resolve(assignment.name)
    constant = name in shell.variables.constant
    shell.variables.constant.discard(name)
    assigning.store_elements(shell, name, given, append=assignment.append)
    if constant:
        shell.variables.constant.add(name)

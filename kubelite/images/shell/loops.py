"""The loops of a script.

Source: POSIX.1-2017, Shell Command Language, 2.9.4 Compound Commands.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from kubelite.images.shell import expansion
from kubelite.images.shell.control import LoopControl
from kubelite.images.shell.syntax import For, ForArithmetic, While

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

LOOPS_BEFORE_YIELD = 64


async def _round(shell: Shell, number: int, step: Awaitable[object]) -> bool:
    """Runs one round of a loop; tells whether the loop goes on."""
    if number % LOOPS_BEFORE_YIELD == LOOPS_BEFORE_YIELD - 1:
        await shell.process.container.clock.sleep(0)
    shell.loops += 1
    try:
        await step
    except LoopControl as control:
        if control.levels > 1:
            raise LoopControl(control.levels - 1, goes_on=control.goes_on) from None
        shell.status = 0
        return control.goes_on
    finally:
        shell.loops -= 1
    return True


async def run_while(shell: Shell, command: While) -> int:
    """`while` and `until`."""
    status, rounds, ended = 0, 0, False

    async def once() -> None:
        nonlocal status, ended
        if await shell.test(command.condition) == command.until:
            ended = True
            return
        status = 0
        status = await shell.run(command.body)

    while await _round(shell, rounds, once()) and not ended:
        rounds += 1
    return status


async def run_for(shell: Shell, command: For) -> int:
    """`for name in words`."""
    values = list(shell.args) if command.words is None else await expansion.expand_words(command.words, shell)
    shell.status = 0
    for index, value in enumerate(values):
        shell.variables[command.name] = value
        if not await _round(shell, index, shell.run(command.body)):
            break
    return shell.status


async def run_for_arithmetic(shell: Shell, command: ForArithmetic) -> int:
    """`for ((start; condition; step))`."""
    await shell.calculated(command.start)
    shell.status = rounds = 0
    while await shell.calculated(command.condition, empty=1):
        if not await _round(shell, rounds, shell.run(command.body)):
            break
        await shell.calculated(command.step)
        rounds += 1
    return shell.status

"""Assignments: of texts, of elements, of whole arrays; and the commands whose arguments are assignments.

Source: the Bash Reference Manual, 3.4 Shell Parameters, 4.2 Bash Builtin Commands (declare), 6.7 Arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import attrs

from kubelite.images.shell import expansion
from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.control import ShellError
from kubelite.images.shell.parser import DECLARING, split_assignment
from kubelite.images.shell.syntax import Assignment, Element, Word
from kubelite.images.shell.variables import Key

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

_SH_DECLARING: Final = DECLARING - {"declare", "typeset"}
_CHANGES: Final = {"u": str.upper, "l": str.lower}


@attrs.frozen
class Given:
    """An element whose words are expanded; without a key it comes behind the last one."""

    value: str
    key: Key | None = None
    append: bool = False


async def assign(shell: Shell, assignment: Assignment) -> str:
    """Makes an assignment; answers with the value, as `set -x` shows it.

    Raises:
        ShellError: The variable is read-only, or the value is an array and the shell knows none.
    """
    name = shell.variables.resolve(assignment.name)
    if assignment.elements is not None:
        store_elements(
            shell, name, await expanded(shell, name, assignment.elements), append=assignment.append
        )
        return "(…)"
    value = await expansion.expand_value(assignment.value, shell)
    if assignment.subscript is not None:
        key = await expansion.key_of(name, assignment.subscript, shell)
        shell.variables.set_element(
            name,
            key,
            _joined(shell, name, shell.variables.element(name, key), value, append=assignment.append),
        )
        return value
    assign_text(shell, name, value, append=assignment.append)
    return value


def assign_text(shell: Shell, name: str, value: str, *, append: bool = False) -> None:
    """Sets a variable as its traits ask for."""
    shell.variables[name] = _joined(shell, name, shell.variables.get(name), value, append=append)
    if "a" in shell.options:
        shell.exported.add(name)


def _joined(shell: Shell, name: str, before: str | None, value: str, *, append: bool) -> str:
    traits = shell.variables.traits.get(name, frozenset())
    if "i" in traits:
        number = evaluate(value, shell.variables)
        return str(number + (evaluate(before or "0", shell.variables) if append else 0))
    value = (before or "") + value if append else value
    for trait in traits & _CHANGES.keys():
        value = _CHANGES[trait](value)
    return value


async def expanded(
    shell: Shell, name: str, elements: Sequence[Element], *, associative: bool = False
) -> list[Given]:
    """The elements of an array, of which one word may make several.

    Args:
        shell: Expands the words.
        name: The array's.
        elements: As they are written.
        associative: Whether the array is yet to be made one whose subscripts are words.
    """
    if not shell.bash:
        raise ShellError('syntax error: unexpected "("')
    found: list[Given] = []
    for element in elements:
        if element.subscript is not None:
            key = (
                await expansion.expand_word(element.subscript, shell)
                if associative
                else await expansion.key_of(name, element.subscript, shell)
            )
            value = await expansion.expand_value(element.value, shell)
            found.append(Given(value, key, element.append))
        else:
            found += [Given(value) for value in await expansion.expand_words((element.value,), shell)]
    return found


def store_elements(shell: Shell, name: str, given: Sequence[Given], *, append: bool) -> None:
    """Makes an array of what is given, or adds it to the one that there is."""
    variables = shell.variables
    array = variables.make_array(name, empty=not append)
    if array.associative and given and all(each.key is None for each in given):
        pairs = [each.value for each in given]
        given = [Given(value, key) for key, value in zip(pairs[::2], [*pairs[1::2], ""], strict=False)]
    at = array.next_number if not array.associative else 0
    for each in given:
        key = at if each.key is None else each.key
        before = variables.element(name, key) if each.append else None
        variables.set_element(name, key, _joined(shell, name, before, each.value, append=each.append))
        at = key + 1 if isinstance(key, int) else at


def declares(shell: Shell, words: Sequence[Word]) -> bool:
    """Whether a command's arguments are assignments: they are not split, and may be arrays."""
    return bool(words) and words[0].plain in (DECLARING if shell.bash else _SH_DECLARING)


async def declaration(
    shell: Shell, words: Sequence[Word]
) -> tuple[list[str], list[tuple[Assignment, list[Given]]]]:
    """The arguments of such a command, and the arrays that are to be assigned after it."""
    found: list[str] = []
    arrays: list[tuple[Assignment, list[Given]]] = []
    associative = any((word.plain or "").startswith("-") and "A" in (word.plain or "") for word in words)
    for word in words:
        assignment = split_assignment(word)
        if assignment is None or assignment.subscript is not None:
            found += await expansion.expand_words((word,), shell)
        elif assignment.elements is not None:
            given = await expanded(shell, assignment.name, assignment.elements, associative=associative)
            arrays.append((assignment, given))
            found.append(assignment.name)
        else:
            sign = "+=" if assignment.append else "="
            found.append(assignment.name + sign + await expansion.expand_value(assignment.value, shell))
    return found, arrays


def has_elements(assignments: Sequence[Assignment]) -> bool:
    """Whether one of them is of an element of an array."""
    return any(each.subscript is not None for each in assignments)

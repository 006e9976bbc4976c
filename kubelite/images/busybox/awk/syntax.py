"""The tree of an awk program.

Source: POSIX.1-2017, Utilities, awk, Grammar.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs


class AwkSyntaxError(Exception):
    """The program is none; the text is what awk says."""


# --- expressions --------------------------------------------------------------------------------------------


@attrs.frozen
class Number:
    """A number."""

    value: float


@attrs.frozen
class Text:
    """A string."""

    value: str


@attrs.frozen
class Regex:
    """`/expression/`: by itself, whether the record matches."""

    pattern: str


@attrs.frozen
class Variable:
    """A variable, or a parameter of a function."""

    name: str


@attrs.frozen
class Field:
    """`$index`."""

    index: Expression


@attrs.frozen
class Element:
    """`array[keys]`."""

    array: str
    keys: tuple[Expression, ...]


Place: TypeAlias = Variable | Field | Element
"""What can be assigned to."""


@attrs.frozen
class Assign:
    """`place operator value`; the operator is that of the calculation, empty for a plain `=`."""

    place: Place
    operator: str
    value: Expression


@attrs.frozen
class Step:
    """`++place`, `place++` and with `--`: its value is that before if it stands behind."""

    place: Place
    by: int
    behind: bool


@attrs.frozen
class Unary:
    """`!`, `-`, `+`."""

    operator: str
    operand: Expression


@attrs.frozen
class Binary:
    """Calculations, comparisons, `&&`, `||`, `~`, `!~`, and concatenation as `" "`."""

    operator: str
    left: Expression
    right: Expression


@attrs.frozen
class Conditional:
    """`condition ? yes : no`."""

    condition: Expression
    yes: Expression
    no: Expression


@attrs.frozen
class In:
    """`keys in array`."""

    keys: tuple[Expression, ...]
    array: str


@attrs.frozen
class Group:
    """`(a, b)`, which is a list of what to print or the keys before `in`."""

    items: tuple[Expression, ...]


@attrs.frozen
class Call:
    """A function, built in or the program's own."""

    name: str
    args: tuple[Expression, ...]


@attrs.frozen
class Getline:
    """`getline place`: the next record, a line of a file (`<`) or of a command's output (`|`)."""

    place: Place | None
    kind: str = ""
    source: Expression | None = None


Expression: TypeAlias = (
    Number
    | Text
    | Regex
    | Variable
    | Field
    | Element
    | Assign
    | Step
    | Unary
    | Binary
    | Conditional
    | In
    | Group
    | Call
    | Getline
)

# --- statements ---------------------------------------------------------------------------------------------


@attrs.frozen
class Print:
    """`print items` or `printf items`, with where it goes: `>`, `>>`, `|` or nothing."""

    items: tuple[Expression, ...]
    formatted: bool
    redirection: str = ""
    target: Expression | None = None


@attrs.frozen
class Evaluate:
    """An expression by itself."""

    expression: Expression


@attrs.frozen
class Block:
    """Statements one after another."""

    body: tuple[Statement, ...]


@attrs.frozen
class If:
    """`if (condition) yes else no`."""

    condition: Expression
    yes: Statement
    no: Statement | None


@attrs.frozen
class Loop:
    """`while`, `do` (the body comes first) and `for` (with a step after each round)."""

    condition: Expression | None
    body: Statement
    before: Statement | None = None
    after: Statement | None = None
    body_first: bool = False


@attrs.frozen
class ForIn:
    """`for (name in array) body`."""

    name: str
    array: str
    body: Statement


@attrs.frozen
class Delete:
    """`delete array[keys]`, or the whole array."""

    array: str
    keys: tuple[Expression, ...] | None


@attrs.frozen
class Leave:
    """`next`, `nextfile`, `exit`, `break`, `continue`, `return`, with a value where there is one."""

    how: str
    value: Expression | None = None


Statement: TypeAlias = Print | Evaluate | Block | If | Loop | ForIn | Delete | Leave


@attrs.frozen
class Rule:
    """`pattern { body }`; `first, last` is a range.

    Without a pattern it is for every record, without a body it prints.
    """

    first: Expression | None
    last: Expression | None
    body: Block


@attrs.frozen
class Function:
    """A function of the program."""

    parameters: tuple[str, ...]
    body: Block


@attrs.frozen
class Program:
    """What runs before the first record, for each record, after the last one, and the functions."""

    begin: tuple[Block, ...]
    rules: tuple[Rule, ...]
    end: tuple[Block, ...]
    functions: Mapping[str, Function]

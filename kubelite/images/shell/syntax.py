"""The tree of a shell script.

Source: POSIX.1-2017, Shell Command Language, 2.10 Shell Grammar.
"""

from __future__ import annotations

from typing import TypeAlias

import attrs


@attrs.frozen
class Literal:
    """Text which stands for itself; quoted text is not split and its wildcards do not match."""

    text: str
    quoted: bool = False


@attrs.frozen
class Parameter:
    """`$name`, or `${name[subscript]<operator>word}`.

    Operators of their own: `length`; `keys`, of an array; `indirect`, of the variable whose name it holds.
    """

    name: str
    operator: str = ""
    word: Word | None = None
    replacement: Word | None = None
    quoted: bool = False
    subscript: Word | None = None

    @property
    def lists(self) -> str:
        """`@` or `*` if it means all elements of an array, or all positional parameters."""
        name = self.name if self.subscript is None else self.subscript.plain
        return name if name in {"@", "*"} else ""


@attrs.frozen
class CommandSubstitution:
    """`$(script)` or backquotes: the output of a script without its trailing newlines."""

    script: Script
    quoted: bool = False


@attrs.frozen
class Arithmetic:
    """`$((expression))`; the expression is expanded first, then calculated."""

    expression: Word
    quoted: bool = False


@attrs.frozen
class ListOfWords:
    """`(word word)` behind `name=`: the elements of an array."""

    words: tuple[Word, ...]
    quoted: bool = False


Part: TypeAlias = Literal | Parameter | CommandSubstitution | Arithmetic | ListOfWords


@attrs.frozen
class Word:
    """Parts that stand together without a blank between them."""

    parts: tuple[Part, ...]

    @property
    def plain(self) -> str | None:
        """The text, if it is one unquoted literal (only such words can be keywords)."""
        if len(self.parts) == 1 and isinstance(part := self.parts[0], Literal) and not part.quoted:
            return part.text
        return None


@attrs.frozen
class Redirection:
    """`fd operator target`; a here-document has its text as target."""

    fd: int
    operator: str
    target: Word


@attrs.frozen
class Assignment:
    """`name[subscript]=word`, or `+=`, which appends."""

    name: str
    word: Word
    subscript: Word | None = None
    appends: bool = False


@attrs.frozen
class Simple:
    """Assignments, words and redirections: a command with its arguments."""

    assignments: tuple[Assignment, ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...] = ()


@attrs.frozen
class Group:
    """`{ list; }`, or a subshell `( list )`, whose variables are its own."""

    body: Script
    subshell: bool
    redirections: tuple[Redirection, ...] = ()


@attrs.frozen
class If:
    """Pairs of condition and body in their order, and the `else` body."""

    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script | None
    redirections: tuple[Redirection, ...] = ()


@attrs.frozen
class While:
    """`while` or, negated, `until`."""

    condition: Script
    body: Script
    until: bool
    redirections: tuple[Redirection, ...] = ()


@attrs.frozen
class For:
    """`for name in words`; without `in`, over the positional parameters."""

    name: str
    words: tuple[Word, ...] | None
    body: Script
    redirections: tuple[Redirection, ...] = ()


@attrs.frozen
class Case:
    """`case word in pattern|pattern) body;; esac`."""

    word: Word
    branches: tuple[tuple[tuple[Word, ...], Script], ...]
    redirections: tuple[Redirection, ...] = ()


@attrs.frozen
class Function:
    """`name() body`."""

    name: str
    body: Command


@attrs.frozen
class Test:
    """`[[ expression ]]`: words, which are not split, and operators as texts."""

    items: tuple[Word | str, ...]
    redirections: tuple[Redirection, ...] = ()


@attrs.frozen
class Calculate:
    """`((expression))`: succeeds unless its value is 0."""

    expression: Word
    redirections: tuple[Redirection, ...] = ()


@attrs.frozen
class ForArithmetic:
    """`for ((start; condition; step))`; what is empty does nothing, and holds."""

    start: Word
    condition: Word
    step: Word
    body: Script
    redirections: tuple[Redirection, ...] = ()


Command: TypeAlias = Simple | Group | If | While | For | ForArithmetic | Case | Function | Test | Calculate


@attrs.frozen
class Pipeline:
    """Commands joined by `|`; `!` negates the status."""

    commands: tuple[Command, ...]
    negated: bool = False


@attrs.frozen
class AndOr:
    """Pipelines joined by `&&` and `||`; ended by `&`, they run in the background."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...] = ()
    background: bool = False


@attrs.frozen
class Script:
    """Lists in their order."""

    items: tuple[AndOr, ...]

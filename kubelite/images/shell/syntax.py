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

    Attributes:
        operator: As written; `length` for `${#name}`, `keys` for `${!name[@]}`, `names` for `${!name*}`.
        subscript: Of an element of an array; `@` and `*` mean all of them.
        indirect: The value names the parameter that is meant (`${!name}`).
    """

    name: str
    operator: str = ""
    word: Word | None = None
    replacement: Word | None = None
    quoted: bool = False
    subscript: Word | None = None
    indirect: bool = False

    @property
    def all_by(self) -> str:
        """`@` or `*` if all positional parameters or all elements are meant; else empty."""
        sign = self.subscript.plain if self.subscript is not None else self.name
        return sign if sign in {"@", "*"} else ""


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
class ProcessSubstitution:
    """`<(script)`: the name of a file that holds a script's output; `>(script)` of one that is its input."""

    script: Script
    sign: str
    quoted: bool = False


@attrs.frozen
class ArrayLiteral:
    """`(word [subscript]=word …)` behind the `=` of an assignment."""

    elements: tuple[Element, ...]
    quoted: bool = False


Part: TypeAlias = Literal | Parameter | CommandSubstitution | Arithmetic | ProcessSubstitution | ArrayLiteral


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
class Element:
    """One word of an `ArrayLiteral`, at a subscript or behind the last one."""

    value: Word
    subscript: Word | None = None
    append: bool = False


@attrs.frozen
class Assignment:
    """`name[subscript]=value`, or `+=`; `word` is the whole, an argument where no assignment may be."""

    name: str
    value: Word
    word: Word
    subscript: Word | None = None
    append: bool = False

    @property
    def elements(self) -> tuple[Element, ...] | None:
        """Those of an array that is assigned as a whole; None for a text."""
        first = self.value.parts[0] if self.value.parts else None
        return first.elements if isinstance(first, ArrayLiteral) else None


@attrs.define(eq=False)
class HereText:
    """The text of a here-document, which is read behind the line on which the command stands."""

    body: Word = Word(())


@attrs.frozen
class Redirection:
    """`fd operator target`."""

    fd: int
    operator: str
    target: Word | HereText


@attrs.frozen
class Simple:
    """Assignments, words and redirections: a command with its arguments; and the line that it begins on."""

    assignments: tuple[Assignment, ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...] = ()
    line: int = 0


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
    """`case word in pattern|pattern) body;; esac`; each branch with what ends it (`;;`, `;&`, `;;&`)."""

    word: Word
    branches: tuple[tuple[tuple[Word, ...], Script, str], ...]
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

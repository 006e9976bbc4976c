"""`[[ expression ]]`: conditions whose words are neither split nor path names.

Source: the Bash Reference Manual, 3.2.5.2 Conditional Constructs; BusyBox's ash knows the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kubelite.images.shell import expansion
from kubelite.images.shell.arithmetic import evaluate
from kubelite.images.shell.builtins import OPTIONS
from kubelite.images.shell.control import ShellError
from kubelite.images.shell.syntax import Literal, Word

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

_EQUAL = {"=": True, "==": True, "!=": False}
_BINARY = frozenset(
    {*("<", ">", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"), *_EQUAL}
)


async def holds(shell: Shell, items: Sequence[Word | str]) -> int:
    """The status: 0 if it is true, 1 if not.

    Raises:
        ShellError: The expression does not parse.
    """
    condition = _Condition(shell, list(items))
    value = await condition.disjunction(wanted=True)
    if condition.rest or not items:
        raise ShellError("syntax error in conditional expression")
    return int(not value)


class _Condition:
    """Recursive descent; what is not `wanted` is read but not expanded."""

    def __init__(self, shell: Shell, rest: list[Word | str]) -> None:
        self.rest = rest
        self._shell = shell

    def _take(self, text: str) -> bool:
        first = self.rest[0] if self.rest else None
        if first == text or (isinstance(first, Word) and first.plain == text == "!"):
            del self.rest[0]
            return True
        return False

    async def disjunction(self, *, wanted: bool) -> bool:
        value = await self._conjunction(wanted=wanted)
        while self._take("||"):
            value = await self._conjunction(wanted=wanted and not value) or value
        return value

    async def _conjunction(self, *, wanted: bool) -> bool:
        value = await self._negation(wanted=wanted)
        while self._take("&&"):
            value = await self._negation(wanted=wanted and value) and value
        return value

    async def _negation(self, *, wanted: bool) -> bool:
        if self._take("!"):
            return not await self._negation(wanted=wanted)
        if self._take("("):
            value = await self.disjunction(wanted=wanted)
            if not self._take(")"):
                raise ShellError("syntax error in conditional expression")
            return value
        return await self._primary(wanted=wanted)

    def _word(self) -> Word:
        if not self.rest or isinstance(self.rest[0], str):
            raise ShellError("syntax error in conditional expression")
        word = self.rest.pop(0)
        assert isinstance(word, Word)
        return word

    async def _primary(self, *, wanted: bool) -> bool:
        first = self._word()
        operator = self.rest[0] if self.rest else None
        name = operator.plain if isinstance(operator, Word) else operator
        if name in _BINARY:
            del self.rest[0]
            second = self._word()
            return wanted and await self._binary(first, str(name), second)
        plain = first.plain
        if plain is not None and re.fullmatch(r"-[a-zA-Z]", plain) and isinstance(operator, Word):
            operand = self._word()
            return wanted and await self._unary(plain, operand)
        return wanted and bool(await expansion.expand_word(first, self._shell))

    async def _unary(self, operator: str, operand: Word) -> bool:
        text = await expansion.expand_word(operand, self._shell)
        if operator == "-o":
            return OPTIONS.get(text, text) in self._shell.options
        if operator != "-v":
            return await self._tested(operator, text)
        name, bracket, rest = text.partition("[")
        variables = self._shell.variables
        if not bracket:
            return variables.get(name) is not None
        subscript = Word((Literal(rest.removesuffix("]")),))
        if subscript.plain in {"@", "*"}:
            return bool(variables.elements(name))
        return variables.element(name, await expansion.key_of(name, subscript, self._shell)) is not None

    async def _binary(self, first: Word, operator: str, second: Word) -> bool:
        left = await expansion.expand_word(first, self._shell)
        if operator in _EQUAL:
            pattern = await expansion.expand_pattern(second, self._shell)
            return self._shell.fits(left, pattern) == _EQUAL[operator]
        if operator == "=~":
            return await self._matches(left, second)
        right = await expansion.expand_word(second, self._shell)
        if operator in "<>":
            return left < right if operator == "<" else left > right
        if operator in {"-nt", "-ot", "-ef"}:
            return await self._tested(left, operator, right)
        numbers = [str(evaluate(each or "0", self._shell.variables)) for each in (left, right)]
        return await self._tested(numbers[0], operator, numbers[1])

    async def _matches(self, text: str, expression: Word) -> bool:
        """`=~`: what is quoted in the expression matches itself."""
        from kubelite.images.busybox.regex import compile_regex  # noqa: PLC0415 - that package imports this one

        parts = []
        for part in expression.parts:
            piece = await expansion.expand_word(Word((part,)), self._shell)
            parts.append(re.sub(r"([][\\^$.|?*+(){}])", r"\\\1", piece) if part.quoted else piece)
        try:
            folds = "nocasematch" in self._shell.options
            found = compile_regex("".join(parts), extended=True, ignore_case=folds).search(text)
        except re.error as error:
            raise ShellError(f"invalid regular expression: {error}") from error
        if self._shell.bash:
            groups = (found[0], *found.groups("")) if found is not None else ()
            self._shell.variables.set_elements("BASH_REMATCH", groups)
        return found is not None

    async def _tested(self, *words: str) -> bool:
        return await self._shell.call(["test", *words]) == 0

"""`$((…))`: C's integer expressions over shell variables.

Source: POSIX.1-2017, Shell Command Language, 2.6.4 Arithmetic Expansion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping

from kubelite.images.shell.control import ShellError

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|\*\*|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&|^]=|[-+*/%<>=!~&|^?:(),\[\]])"
)
_BINARY = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", "<=", ">", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^="})


class ArithmeticSyntaxError(ShellError):
    """The expression cannot be calculated."""


def evaluate(text: str, variables: MutableMapping[str, str]) -> int:
    """The value of an expression; assignments in it change `variables`.

    Raises:
        ArithmeticSyntaxError: The expression does not parse, or divides by zero.
    """
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise ArithmeticSyntaxError("arithmetic syntax error")
        tokens.append(match.group(1))
        at = match.end()
    if not tokens:
        return 0
    calculation = _Calculation(tokens, variables)
    value = calculation.comma()
    if calculation.at < len(tokens):
        raise ArithmeticSyntaxError("arithmetic syntax error")
    return value


class _Calculation:
    def __init__(self, tokens: list[str], variables: MutableMapping[str, str]) -> None:
        self._tokens, self._variables, self.at = tokens, variables, 0
        self._idle = 0

    def _peek(self) -> str:
        return self._tokens[self.at] if self.at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self.at += 1
        return token

    def comma(self) -> int:
        value = self._assignment()
        while self._peek() == ",":
            self.at += 1
            value = self._assignment()
        return value

    def _variable(self, name: str) -> int:
        text = self._variables.get(name, "").strip() or "0"
        if re.fullmatch(r"-?(0[xX][0-9a-fA-F]+|\d+)", text):
            return _number(text)
        return evaluate(text, self._variables) if text != name else 0

    def _reference(self) -> str:
        """The variable, or the element of an array, that is named here."""
        name = self._next()
        if self._peek() != "[":
            return name
        self.at += 1
        array = getattr(self._variables, "arrays", {}).get(name)
        key = self._next() if array is not None and array.associative else str(self.comma())
        if self._next() != "]":
            raise ArithmeticSyntaxError("arithmetic syntax error")
        return f"{name}[{key}]"

    def _assignment(self) -> int:
        start, name = self.at, self._peek()
        if name[:1].isalpha() or name[:1] == "_":
            name = self._reference()
            operator = self._peek()
            if operator not in _ASSIGNMENTS:
                self.at = start
                return self._conditional()
            self.at += 1
            value = self._assignment()
            if operator != "=":
                value = self._apply(operator[:-1], self._variable(name), value)
            self._variables[name] = str(value)
            return value
        return self._conditional()

    def _conditional(self) -> int:
        value = self._binary(0)
        if self._peek() != "?":
            return value
        self.at += 1
        yes = self._only_if(self._assignment, wanted=bool(value))
        if self._next() != ":":
            raise ArithmeticSyntaxError("arithmetic syntax error")
        no = self._only_if(self._assignment, wanted=not value)
        return yes if value else no

    def _only_if(self, parse: Callable[[], int], *, wanted: bool) -> int:
        """The value of an operand; one that is not wanted changes no variable and cannot fail."""
        if wanted:
            return parse()
        variables, self._variables = self._variables, dict(self._variables)
        self._idle += 1
        try:
            return parse()
        finally:
            self._variables = variables
            self._idle -= 1

    def _apply(self, operator: str, left: int, right: int) -> int:
        return 0 if self._idle and operator in {"/", "%"} and right == 0 else _apply(operator, left, right)

    def _binary(self, level: int) -> int:
        if level == len(_BINARY):
            return self._power()
        value = self._binary(level + 1)
        while self._peek() in _BINARY[level]:
            operator = self._next()
            if operator in {"&&", "||"}:
                wanted = bool(value) == (operator == "&&")
                right = self._only_if(lambda: self._binary(level + 1), wanted=wanted)
                value = int(bool(right)) if wanted else int(operator == "||")
            else:
                value = self._apply(operator, value, self._binary(level + 1))
        return value

    def _power(self) -> int:
        value = self._unary()
        if self._peek() != "**":
            return value
        self.at += 1
        exponent = self._power()
        if exponent < 0:
            raise ArithmeticSyntaxError("negative exponent")
        return _wrapped(pow(value, exponent, 2**64))

    def _unary(self) -> int:
        sign = self._next()
        if sign in {"++", "--"}:
            name = self._reference()
            value = self._variable(name) + (1 if sign == "++" else -1)
            self._variables[name] = str(value)
            return value
        if sign in {"+", "-", "!", "~"}:
            value = self._unary()
            return {"+": value, "-": _wrapped(-value), "!": int(not value), "~": ~value}[sign]
        if sign == "(":
            value = self.comma()
            if self._next() != ")":
                raise ArithmeticSyntaxError("arithmetic syntax error")
            return value
        if sign[:1].isdigit():
            return _number(sign)
        if sign[:1].isalpha() or sign[:1] == "_":
            self.at -= 1
            name = self._reference()
            value = self._variable(name)
            if self._peek() in {"++", "--"}:
                self._variables[name] = str(value + (1 if self._next() == "++" else -1))
            return value
        raise ArithmeticSyntaxError("arithmetic syntax error")


def _wrapped(value: int) -> int:
    """What a signed integer of 64 bits holds of a value."""
    return (value + 2**63) % 2**64 - 2**63


def _number(text: str) -> int:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    if digits[:2].lower() == "0x":
        return sign * int(digits, 16)
    try:
        return _wrapped(sign * int(digits, 8 if digits.startswith("0") and digits.isdigit() else 10))
    except ValueError as error:
        raise ArithmeticSyntaxError("arithmetic syntax error") from error


def _apply(operator: str, left: int, right: int) -> int:
    if operator in {"/", "%"}:
        if right == 0:
            raise ArithmeticSyntaxError("divide by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if operator == "/" else left - quotient * right
    results = {
        "+": left + right,
        "-": left - right,
        "*": left * right,
        "<": int(left < right),
        "<=": int(left <= right),
        ">": int(left > right),
        ">=": int(left >= right),
        "==": int(left == right),
        "!=": int(left != right),
        "&": left & right,
        "|": left | right,
        "^": left ^ right,
    }
    if operator in results:
        return _wrapped(results[operator])
    # As processors do it, the distance counts modulo 64.
    return _wrapped(left << (right & 63) if operator == "<<" else left >> (right & 63))

"""`$((…))`: C's integer expressions over shell variables.

Source: POSIX.1-2017, Shell Command Language, 2.6.4 Arithmetic Expansion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from kubelite.images.shell.control import ShellError
from kubelite.images.shell.scan import ShellSyntaxError, brackets
from kubelite.images.shell.variables import Key, Variables

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+#[0-9A-Za-z@_]+|\d+|[A-Za-z_]\w*|\*\*|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&|^]=|[-+*/%<>=!~&|^?:(),])"
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
_NUMBER = re.compile(r"-?(0[xX][0-9a-fA-F]+|\d+#[0-9A-Za-z@_]+|\d+)")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_"
_CASELESS_BASES = 36
_ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^="})


class ArithmeticSyntaxError(ShellError):
    """The expression cannot be calculated."""


def evaluate(text: str, variables: Variables) -> int:
    """The value of an expression; assignments in it change `variables`.

    Raises:
        ArithmeticSyntaxError: The expression does not parse, or divides by zero.
    """
    tokens = _tokens(text)
    if not tokens:
        return 0
    calculation = _Calculation(tokens, variables)
    value = calculation.comma()
    if calculation.at < len(tokens):
        raise ArithmeticSyntaxError("arithmetic syntax error")
    return value


@lru_cache(maxsize=512)
def _tokens(text: str) -> tuple[str, ...]:
    tokens, at = list[str](), 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise ArithmeticSyntaxError("arithmetic syntax error")
        token, at = match.group(1), match.end()
        if token[0].isidentifier() and stripped.startswith("[", at):
            try:
                end = brackets(stripped, at)
            except ShellSyntaxError as error:
                raise ArithmeticSyntaxError("arithmetic syntax error") from error
            token, at = token + stripped[at:end], end
        tokens.append(token)
    return tuple(tokens)


class _Calculation:
    def __init__(self, tokens: Sequence[str], variables: Variables) -> None:
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

    def _place(self, token: str) -> tuple[str, Key | None]:
        """The name that a token means, and the element if it is one of an array."""
        if not token.endswith("]"):
            return self._variables.resolve(token), None
        name, _, rest = token.partition("[")
        name = self._variables.resolve(name)
        if self._variables.is_associative(name):
            return name, rest[:-1].strip()
        number = evaluate(rest[:-1], self._variables)
        array = self._variables.arrays.get(name)
        return name, number + array.next_number if number < 0 and array is not None else number

    def _variable(self, token: str) -> int:
        if self._idle:
            return 0
        name, key = self._place(token)
        found = self._variables.get(name) if key is None else self._variables.element(name, key)
        text = (found or "").strip() or "0"
        if _NUMBER.fullmatch(text):
            return _number(text)
        return evaluate(text, self._variables) if text != token else 0

    def _assign(self, token: str, value: int) -> None:
        if self._idle:
            return
        name, key = self._place(token)
        if key is None:
            self._variables[name] = str(value)
        else:
            self._variables.set_element(name, key, str(value))

    def _assignment(self) -> int:
        name, operator = self._peek(), self._tokens[self.at + 1] if self.at + 1 < len(self._tokens) else ""
        if operator in _ASSIGNMENTS and (name[:1].isalpha() or name[:1] == "_"):
            self.at += 2
            value = self._assignment()
            if operator != "=":
                value = self._apply(operator[:-1], self._variable(name), value)
            self._assign(name, value)
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
        self._idle += 1
        try:
            return parse()
        finally:
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
            name = self._next()
            if not (name[:1].isalpha() or name[:1] == "_"):  # two signs, as in `--5`
                self.at -= 1
                return self._unary()
            value = self._variable(name) + (1 if sign == "++" else -1)
            self._assign(name, value)
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
            value = self._variable(sign)
            if self._peek() in {"++", "--"}:
                self._assign(sign, value + (1 if self._next() == "++" else -1))
            return value
        raise ArithmeticSyntaxError("arithmetic syntax error")


def _wrapped(value: int) -> int:
    """What a signed integer of 64 bits holds of a value."""
    return (value + 2**63) % 2**64 - 2**63


def _number(text: str) -> int:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    if digits[:2].lower() == "0x":
        return _wrapped(sign * int(digits, 16))
    base, has_base, digits_of_base = digits.partition("#")
    if has_base:
        return _wrapped(sign * _in_base(digits_of_base, int(base)))
    try:
        return _wrapped(sign * int(digits, 8 if digits.startswith("0") and digits.isdigit() else 10))
    except ValueError as error:
        raise ArithmeticSyntaxError("arithmetic syntax error") from error


def _in_base(digits: str, base: int) -> int:
    value = 0
    for digit in digits.lower() if base <= _CASELESS_BASES else digits:
        if (number := _DIGITS.index(digit)) >= base:
            raise ArithmeticSyntaxError("value too great for base")
        value = value * base + number
    return value


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

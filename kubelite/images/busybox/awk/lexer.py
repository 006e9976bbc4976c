"""Cuts an awk program into tokens.

Source: POSIX.1-2017, Utilities, awk, Lexical Conventions.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from kubelite.images.busybox.awk.syntax import AwkSyntaxError
from kubelite.images.busybox.formats import escape

KEYWORDS: Final = frozenset(
    {
        *("BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "in", "delete", "getline"),
        *("print", "printf", "next", "nextfile", "exit", "break", "continue", "return"),
    }
)
_BLANK: Final = re.compile(r"(?:[ \t\r]|\\\r?\n)+|#[^\n]*")
_TOKEN: Final = re.compile(
    r"""(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<text>"(?:[^"\\\n]|\\.|\\\n)*")
    |(?P<name>[A-Za-z_]\w*)
    |(?P<newline>\n)
    |(?P<sign>\*\*=|\*\*|[-+*/%^=!<>]=|\+\+|--|&&|\|\||>>|!~|[{}()\[\];,+\-*/%^!<>|?:~$=])""",
    re.VERBOSE | re.DOTALL,
)
_REGEX: Final = re.compile(r"/((?:[^/\\\n\[]|\\.|\[\]?(?:[^\]\\\n]|\\.)*\]|\[)*)/")
_BEFORE_DIVISION: Final = frozenset({")", "]", "$", "++", "--"})


class Token(NamedTuple):
    """One token: its kind (number, text, regex, name, call, keyword, newline, or the sign itself)."""

    kind: str
    text: str = ""


def tokens_of(program: str) -> list[Token]:
    """The tokens of a program, with one `end` behind them.

    Raises:
        AwkSyntaxError: A character can begin no token.
    """
    found: list[Token] = []
    at = 0
    while at < len(program):
        if blank := _BLANK.match(program, at):
            at = blank.end()
            continue
        if program[at] == "/" and not _ends_operand(found) and (regex := _REGEX.match(program, at)):
            found.append(Token("regex", regex[1].replace("\\/", "/")))
            at = regex.end()
            continue
        match = _TOKEN.match(program, at)
        if match is None:
            raise AwkSyntaxError(f"unexpected token '{program[at : at + 10]}'")
        found.append(_token(match, program))
        at = match.end()
    return [*found, Token("newline"), Token("end")]


def _token(match: re.Match[str], program: str) -> Token:
    kind, text = str(match.lastgroup), match[0]
    if kind == "text":
        return Token("text", escape(text[1:-1].replace("\\\n", "").replace("\\/", "/"))[0])
    if kind == "name" and text in KEYWORDS:
        return Token({"func": "function"}.get(text, text))
    if kind == "name" and program.startswith("(", match.end()):
        return Token("call", text)
    if kind == "sign":
        return Token(text.replace("**", "^"))
    return Token(kind, text)


def _ends_operand(found: list[Token]) -> bool:
    """Whether a slash divides, since an operand ends before it."""
    return bool(found) and (
        found[-1].kind in {"number", "text", "name", "regex"} or found[-1].kind in _BEFORE_DIVISION
    )

"""Where quotes and expansions end: each function is given a place and answers with the one behind the end.

Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.6 Word Expansions.
"""

from __future__ import annotations


class ShellSyntaxError(Exception):
    """The script does not parse; the text says where it stopped.

    Attributes:
        incomplete: Whether more text could complete it.
    """

    def __init__(self, text: str, *, incomplete: bool = False) -> None:
        super().__init__(text)
        self.incomplete = incomplete


def single_quotes(text: str, at: int) -> int:
    """Behind the quoted text that begins with the `'` at `at`."""
    end = text.find("'", at + 1)
    if end < 0:
        raise ShellSyntaxError("unterminated quoted string", incomplete=True)
    return end + 1


def double_quotes(text: str, at: int) -> int:
    """Behind the quoted text that begins with the `"` at `at`."""
    at += 1
    while at < len(text):
        char = text[at]
        if char == '"':
            return at + 1
        at = past(text, at) if char in "\\$`" else at + 1
    raise ShellSyntaxError("unterminated quoted string", incomplete=True)


def backquotes(text: str, at: int) -> int:
    """Behind the substitution that begins with the backquote at `at`."""
    at += 1
    while at < len(text):
        if text[at] == "`":
            return at + 1
        at += 2 if text[at] == "\\" else 1
    raise ShellSyntaxError("unterminated backquote substitution", incomplete=True)


def parentheses(text: str, at: int) -> int:
    """Behind the `)` that closes the `(` at `at`, where no script is parsed: in arithmetic, in braces."""
    depth = 0
    while at < len(text):
        char = text[at]
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        elif char == "#" and text[at - 1] in " \t\n;&|(" and text[at - 2 : at] != "$(":
            at = text.find("\n", at)
            if at < 0:
                break
        elif char in "'\"\\$`":
            at = past(text, at)
            continue
        at += 1
    raise ShellSyntaxError('unexpected end of file (expecting ")")', incomplete=True)


def brackets(text: str, at: int) -> int:
    """Behind the `]` that closes the `[` at `at`."""
    depth = 0
    while at < len(text):
        char = text[at]
        depth += (char == "[") - (char == "]")
        if depth == 0:
            return at + 1
        at = past(text, at) if char in "'\"\\$`" else at + 1
    raise ShellSyntaxError("bad substitution", incomplete=True)


def braces(text: str, at: int, *, quoted: bool) -> int:
    """Behind the `}` that closes the `{` at `at`; in quotes, `'` is ordinary."""
    at += 1
    while at < len(text):
        char = text[at]
        if char == "}":
            return at + 1
        at = past(text, at) if char in '\\$`"' or (char == "'" and not quoted) else at + 1
    raise ShellSyntaxError("bad substitution", incomplete=True)


def past(text: str, at: int) -> int:
    """Behind what begins at `at` with a quoting sign or an expansion; a lone `$` is one character."""
    match text[at]:
        case "'":
            return single_quotes(text, at)
        case '"':
            return double_quotes(text, at)
        case "`":
            return backquotes(text, at)
        case "\\":
            return at + 2
        case _ if text.startswith("$(", at):
            return parentheses(text, at + 1)
        case _ if text.startswith("${", at):
            return braces(text, at + 1, quoted=False)
        case _:
            return at + 1

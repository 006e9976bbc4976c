"""Shell text into tokens: words with their quoting and expansions, operators, newlines.

Tokens are read one by one as the parser asks for them: a script in `$(…)` ends where its grammar says.

Invariant: the parser alone decides what is a keyword; the lexer knows only quoting and operators.
Source: POSIX.1-2017, Shell Command Language, 2.3 Token Recognition, 2.7 Redirection.
"""

from __future__ import annotations

import attrs

from kubelite.images.shell import scan
from kubelite.images.shell.scan import ShellSyntaxError
from kubelite.images.shell.syntax import Literal, Redirection, Word
from kubelite.images.shell.words import META, Grammar, HereDocument, WordReader

_OPERATORS = (
    *(";;&", "&&", "||", ";;", ";&", "<<<", "<<-", "<<", ">>", ">&", "<&", "&>>", "&>", "|&", ">|", "<>"),
    *(";", "&", "|", "(", ")", "<", ">"),
)
_REDIRECTIONS = frozenset({"<", ">", ">>", ">&", "<&", "<<", "<<-", "<<<", "&>", "&>>", ">|", "<>"})
_BLANKS = frozenset(" \t\n")
_BRACKET_OPERATORS = ("&&", "||", "(", ")", "<", ">")
_BEFORE_COMMANDS = frozenset({"if", "then", "elif", "else", "while", "until", "do", "{", "!", "time"})
"""Words behind which a command begins."""


@attrs.frozen
class Operator:
    """`;`, `&&`, `(` …, or a newline."""

    text: str


@attrs.frozen
class Bracket:
    """`[[ expression ]]`."""

    items: tuple[Word | str, ...]


@attrs.frozen
class Calculation:
    """`((text))`, cut at its semicolons."""

    parts: tuple[Word, ...]


Token = Word | Operator | Redirection | HereDocument | Bracket | Calculation


class Lexer(WordReader):
    """Reads the tokens of a script.

    Args:
        text: The script.
        grammar: For the scripts inside `$(…)`.
        at: Where it begins.
        whole: Whether nothing follows the text, so that a here-document may lack its end.
    """

    def __init__(self, text: str, grammar: Grammar, at: int = 0, *, whole: bool = True) -> None:
        super().__init__(text, grammar, at)
        self._whole = whole
        self._last: Token | None = None
        self._line, self._counted = 1 + text.count("\n", 0, at), at

    def next(self) -> Token | None:
        """The next token; None at the end.

        Raises:
            ShellSyntaxError: A quote or an expansion is not closed.
        """
        self._last = token = self._next()
        return token

    @property
    def line(self) -> int:
        """The number of the line that has been reached."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def _next(self) -> Token | None:
        while self.at < len(self.text):
            char = self.peek()
            if char in " \t\r":
                self.at += 1
            elif self.peek(2) == "\\\n":
                self.at += 2
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char == "\n":
                self.at += 1
                self._read_here_documents()
                return Operator("\n")
            else:
                return self._operator_or_word()
        self._read_here_documents()
        return None

    def _operator_or_word(self) -> Token:
        last = self._last
        plain = last.plain if isinstance(last, Word) else None
        if last is None or isinstance(last, Operator) or plain in _BEFORE_COMMANDS:
            if self.peek(2) == "[[" and self.text[self.at + 2 : self.at + 3] in _BLANKS:
                return self._bracket()
            if self.peek(2) == "((" and (calculation := self._calculation()) is not None:
                return calculation
        elif plain == "for" and self.peek(2) == "((" and (calculation := self._calculation()) is not None:
            return calculation
        if self.peek(2) in {"<(", ">("}:
            return self.word()
        digits = 0
        while self.text[self.at + digits : self.at + digits + 1].isdigit():
            digits += 1
        if digits and self.text[self.at + digits : self.at + digits + 1] in {"<", ">"}:
            fd = int(self.peek(digits))
            self.at += digits
            return self._redirection(self._match_operator() or "", fd)
        operator = self._match_operator()
        if operator is None:
            return self.word(negates=isinstance(last, Word) and plain not in _BEFORE_COMMANDS)
        if operator in _REDIRECTIONS:
            return self._redirection(operator, 0 if operator.startswith("<") else 1)
        return Operator(operator)

    def _bracket(self) -> Bracket:
        """Within `[[ ]]` there are no redirections; behind `=~` only blanks outside of groups end a word."""
        self.at += 2
        items: list[Word | str] = []
        while True:
            while self.peek() and self.peek() in " \t\n":
                self.at += 1
            if self.peek(2) == "]]" and self.text[self.at + 2 : self.at + 3] in META | {""}:
                self.at += 2
                return Bracket(tuple(items))
            if not self.peek():
                raise ShellSyntaxError('unexpected end of file (expecting "]]")', incomplete=True)
            operator = next(
                (each for each in _BRACKET_OPERATORS if self.text.startswith(each, self.at)), None
            )
            if items and isinstance(items[-1], Word) and items[-1].plain == "=~":
                items.append(self.word(_BLANKS))
            elif operator is not None:
                self.at += len(operator)
                items.append(operator)
            else:
                items.append(self.word(negates=True))

    def _calculation(self) -> Calculation | None:
        """`((…))`; None if it is a subshell in a subshell."""
        try:
            inner = scan.parentheses(self.text, self.at + 1)
            end = scan.parentheses(self.text, self.at)
        except ShellSyntaxError:
            return None
        if end != inner + 1:
            return None
        text, self.at = self.text[self.at + 2 : inner - 1], end
        return Calculation(tuple(self._reader(part).arithmetic() for part in text.split(";")))

    def _match_operator(self) -> str | None:
        for operator in _OPERATORS:
            if self.text.startswith(operator, self.at):
                self.at += len(operator)
                return operator
        return None

    def _redirection(self, operator: str, fd: int) -> Redirection | HereDocument:
        while self.peek() in {" ", "\t"}:
            self.at += 1
        if not self.peek() or (self.peek() in META and self.peek(2) not in {"<(", ">("}):
            raise ShellSyntaxError("a redirection lacks its target")
        word = self.word()
        if operator in {"<<", "<<-"}:
            expands = all(isinstance(part, Literal) and not part.quoted for part in word.parts)
            delimiter = "".join(part.text for part in word.parts if isinstance(part, Literal))
            document = HereDocument(fd, delimiter, expands=expands, strips_tabs=operator == "<<-")
            self.pending.append(document)
            return document
        return Redirection(fd, operator, word)

    def _read_here_documents(self) -> None:
        for document in self.pending:
            lines = []
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                line = self.text[self.at : end if end >= 0 else len(self.text)]
                self.at = end + 1 if end >= 0 else len(self.text)
                if document.strips_tabs:
                    line = line.lstrip("\t")
                if line == document.delimiter:
                    break
                lines.append(line + "\n")
            else:
                if not self._whole:
                    raise ShellSyntaxError("unterminated here-document", incomplete=True)
            text = "".join(lines)
            document.text.body = (
                self._reader(text).here_document()
                if document.expands
                else Word((Literal(text, quoted=True),))
            )
        self.pending.clear()

"""Shell text into tokens: words with their quoting and expansions, operators, newlines.

Invariant: the parser alone decides what is a keyword; the lexer knows only quoting and operators.
Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.3 Token Recognition.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from kubelite.images.shell import scan
from kubelite.images.shell.scan import ShellSyntaxError
from kubelite.images.shell.syntax import (
    Arithmetic,
    CommandSubstitution,
    ListOfWords,
    Literal,
    Parameter,
    Part,
    Redirection,
    Script,
    Word,
)

_OPERATORS = (
    "&&",
    "||",
    ";;",
    "<<<",
    "<<-",
    "<<",
    ">>",
    ">&",
    "<&",
    "&>>",
    "&>",
    "|&",
    ">|",
    "<>",
    ";",
    "&",
    "|",
    "(",
    ")",
    "<",
    ">",
)
_REDIRECTIONS = frozenset({"<", ">", ">>", ">&", "<&", "<<", "<<-", "<<<", "&>", "&>>", ">|", "<>"})
_META = frozenset(" \t\n;&|()<>")
_BLANKS = frozenset(" \t\n")
_BRACKET_OPERATORS = ("&&", "||", "(", ")", "<", ">")
_PARAMETER_OPERATORS = (
    *(":-", ":=", ":+", ":?", "%%", "##", "//", "-", "=", "+", "?", "%", "#", "/", "^^", "^", ",,", ","),
)
_BEFORE_COMMANDS = frozenset({"if", "then", "elif", "else", "while", "until", "do", "{", "!", "time"})
"""Words behind which a command begins."""
_SPECIAL_PARAMETERS = frozenset("@*#?-$!0123456789")
CASE_PATTERNS_MAX = 64
"""Patterns of `case` commands within one `$(…)`."""
_ARRAY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_INDIRECT = re.compile(r"![A-Za-z_]")
_ASSIGNING = frozenset({"-", "=", "+", "?"})


@attrs.frozen
class Operator:
    """`;`, `&&`, `(` …, or a newline."""

    text: str


@attrs.define
class HereDocument:
    """A redirection whose text stands on the following lines."""

    fd: int
    delimiter: str
    expands: bool
    strips_tabs: bool
    body: Word = attrs.field(factory=lambda: Word(()))


@attrs.frozen
class Bracket:
    """`[[ expression ]]`."""

    items: tuple[Word | str, ...]


@attrs.frozen
class Calculation:
    """`((text))`, cut at its semicolons."""

    parts: tuple[Word, ...]


Token = Word | Operator | Redirection | HereDocument | Bracket | Calculation


class Lexer:
    """Reads one script; `parse` is called for the scripts inside `$(…)`."""

    def __init__(self, text: str, parse: Callable[[str], Script], *, whole: bool = True) -> None:
        self._text = text
        self._whole = whole
        self._at = 0
        self._parse = parse
        self._pending: list[HereDocument] = []

    def tokens(self) -> list[Token]:
        """All tokens.

        Raises:
            ShellSyntaxError: A quote or an expansion is not closed.
        """
        tokens: list[Token] = []
        while (token := self._next(tokens)) is not None:
            tokens.append(token)
        return tokens

    def _peek(self, length: int = 1) -> str:
        return self._text[self._at : self._at + length]

    def _next(self, tokens: list[Token]) -> Token | None:
        while self._at < len(self._text):
            char = self._peek()
            if char in " \t\r":
                self._at += 1
            elif self._peek(2) == "\\\n":
                self._at += 2
            elif char == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif char == "\n":
                self._at += 1
                self._read_here_documents()
                return Operator("\n")
            else:
                return self._operator_or_word(tokens)
        self._read_here_documents()
        return None

    def _operator_or_word(self, tokens: list[Token]) -> Token:
        last = tokens[-1] if tokens else None
        plain = last.plain if isinstance(last, Word) else None
        if last is None or isinstance(last, Operator) or plain in _BEFORE_COMMANDS:
            if self._peek(2) == "[[" and self._text[self._at + 2 : self._at + 3] in set(" \t\n"):
                return self._bracket()
            if self._peek(2) == "((" and (calculation := self._calculation()) is not None:
                return calculation
        elif plain == "for" and self._peek(2) == "((" and (calculation := self._calculation()) is not None:
            return calculation
        digits = 0
        while self._text[self._at + digits : self._at + digits + 1].isdigit():
            digits += 1
        if digits and self._text[self._at + digits : self._at + digits + 1] in {"<", ">"}:
            fd = int(self._peek(digits))
            self._at += digits
            return self._redirection(self._match_operator() or "", fd)
        operator = self._match_operator()
        if operator is None:
            return self._word()
        if operator in _REDIRECTIONS:
            return self._redirection(operator, 0 if operator.startswith("<") else 1)
        return Operator(operator)

    def _bracket(self) -> Bracket:
        """Within `[[ ]]` there are no redirections; behind `=~` only blanks end a word."""
        self._at += 2
        items: list[Word | str] = []
        while True:
            while self._peek() and self._peek() in " \t\n":
                self._at += 1
            if self._peek(2) == "]]" and self._text[self._at + 2 : self._at + 3] in _META | {""}:
                self._at += 2
                return Bracket(tuple(items))
            if not self._peek():
                raise ShellSyntaxError('unexpected end of file (expecting "]]")', incomplete=True)
            operator = next(
                (each for each in _BRACKET_OPERATORS if self._text.startswith(each, self._at)), None
            )
            if items and isinstance(items[-1], Word) and items[-1].plain == "=~":
                items.append(self._word(_BLANKS))
            elif operator is not None:
                self._at += len(operator)
                items.append(operator)
            else:
                items.append(self._word())

    def _calculation(self) -> Calculation | None:
        """`((…))`; None if it is a subshell in a subshell."""
        try:
            inner = scan.parentheses(self._text, self._at + 1)
            end = scan.parentheses(self._text, self._at)
        except ShellSyntaxError:
            return None
        if end != inner + 1:
            return None
        text, self._at = self._text[self._at + 2 : inner - 1], end
        return Calculation(tuple(Lexer(part, self._parse).arithmetic() for part in text.split(";")))

    def _match_operator(self) -> str | None:
        for operator in _OPERATORS:
            if self._text.startswith(operator, self._at):
                self._at += len(operator)
                return operator
        return None

    def _redirection(self, operator: str, fd: int) -> Redirection | HereDocument:
        while self._peek() in {" ", "\t"}:
            self._at += 1
        if not self._peek() or self._peek() in _META:
            raise ShellSyntaxError("a redirection lacks its target")
        word = self._word()
        if operator in {"<<", "<<-"}:
            expands = all(isinstance(part, Literal) and not part.quoted for part in word.parts)
            delimiter = "".join(part.text for part in word.parts if isinstance(part, Literal))
            document = HereDocument(fd, delimiter, expands, strips_tabs=operator == "<<-")
            self._pending.append(document)
            return document
        return Redirection(fd, operator, word)

    def _read_here_documents(self) -> None:
        for document in self._pending:
            lines = []
            while self._at < len(self._text):
                end = self._text.find("\n", self._at)
                line = self._text[self._at : end if end >= 0 else len(self._text)]
                self._at = end + 1 if end >= 0 else len(self._text)
                if document.strips_tabs:
                    line = line.lstrip("\t")
                if line == document.delimiter:
                    break
                lines.append(line + "\n")
            else:
                if not self._whole:
                    raise ShellSyntaxError("unterminated here-document", incomplete=True)
            text = "".join(lines)
            document.body = (
                Lexer(text, self._parse).here_document()
                if document.expands
                else Word((Literal(text, quoted=True),))
            )
        self._pending.clear()

    def here_document(self) -> Word:
        """The whole text as if within double quotes, in which quotes are ordinary."""
        return Word(tuple(self._double_quoted(closing="")))

    def _word(self, ends: frozenset[str] = _META) -> Word:
        parts: list[Part] = []
        text = ""

        def flush() -> None:
            nonlocal text
            if text:
                parts.append(Literal(text))
                text = ""

        while self._at < len(self._text) and (char := self._peek()) not in ends:
            if char == "'":
                flush()
                end = scan.single_quotes(self._text, self._at)
                parts.append(Literal(self._text[self._at + 1 : end - 1], quoted=True))
                self._at = end
            elif char == '"':
                flush()
                self._at += 1
                parts.extend(self._double_quoted(closing='"') or [Literal("", quoted=True)])
            elif char == "\\":
                if self._peek(2) != "\\\n":
                    flush()
                    parts.append(Literal(self._text[self._at + 1 : self._at + 2], quoted=True))
                self._at += 2
            elif char in {"$", "`"}:
                flush()
                parts.append(self._expansion(quoted=False))
            else:
                text += char
                self._at += 1
        opens = not parts and self._peek() == "(" and _ARRAY.fullmatch(text) is not None
        flush()
        if opens:
            parts.append(self._list_of_words())
        return Word(tuple(parts))

    def _list_of_words(self) -> ListOfWords:
        """`(…)` behind `name=`."""
        end = scan.parentheses(self._text, self._at)
        tokens = Lexer(self._text[self._at + 1 : end - 1], self._parse).tokens()
        words = tuple(token for token in tokens if isinstance(token, Word))
        if any(token != Operator("\n") for token in tokens if not isinstance(token, Word)):
            raise ShellSyntaxError('unexpected "("')
        self._at = end
        return ListOfWords(words)

    def _double_quoted(self, closing: str, drops: str = "") -> list[Part]:
        parts: list[Part] = []
        text = ""
        while True:
            if self._at >= len(self._text):
                if closing:
                    raise ShellSyntaxError("unterminated quoted string")
                break
            char = self._peek()
            if char == closing:
                self._at += 1
                break
            if char == drops:
                self._at += 1
                continue
            if char == "\\" and self._text[self._at + 1 : self._at + 2] in set("$`\\\n" + closing + drops):
                escaped = self._text[self._at + 1]
                text += "" if escaped == "\n" else escaped
                self._at += 2
            elif char in {"$", "`"}:
                if text:
                    parts.append(Literal(text, quoted=True))
                    text = ""
                parts.append(self._expansion(quoted=True))
            else:
                text += char
                self._at += 1
        if text:
            parts.append(Literal(text, quoted=True))
        return parts

    def _expansion(self, *, quoted: bool) -> Part:
        if self._peek() == "`":
            return self._backquoted(quoted=quoted)
        if self._peek(3) == "$((":
            end = scan.parentheses(self._text, self._at + 1)
            if self._text[end - 2 : end] == "))":
                inner = self._text[self._at + 3 : end - 2]
                self._at = end
                return Arithmetic(Lexer(inner, self._parse).arithmetic(), quoted)
        if self._peek(2) == "$(":
            return self._substitution(quoted=quoted)
        if self._peek(2) == "${":
            return self._braced(quoted=quoted)
        following = self._text[self._at + 1 : self._at + 2]
        if following in _SPECIAL_PARAMETERS and following:
            self._at += 2
            return Parameter(following, quoted=quoted)
        end = self._at + 1
        while end < len(self._text) and (self._text[end].isalnum() or self._text[end] == "_"):
            end += 1
        if end == self._at + 1:
            self._at += 1
            return Literal("$", quoted)
        name = self._text[self._at + 1 : end]
        self._at = end
        return Parameter(name, quoted=quoted)

    def _substitution(self, *, quoted: bool) -> CommandSubstitution:
        """`$(…)`; the `)` of `case` patterns are found out by parsing what is inside."""
        problem: ShellSyntaxError | None = None
        for unmatched in range(CASE_PATTERNS_MAX):
            try:
                end = scan.parentheses(self._text, self._at + 1, unmatched=unmatched)
                script = self._parse(self._text[self._at + 2 : end - 1])
            except ShellSyntaxError as error:
                problem = problem or error
                if "expecting" not in str(problem) and "case" not in self._text:
                    break
            else:
                self._at = end
                return CommandSubstitution(script, quoted)
        assert problem is not None
        raise problem

    def _backquoted(self, *, quoted: bool) -> CommandSubstitution:
        end = scan.backquotes(self._text, self._at)
        meant = "`$\\" + ('"' if quoted else "")
        text = re.sub(f"\\\\([{re.escape(meant)}])", r"\1", self._text[self._at + 1 : end - 1])
        self._at = end
        return CommandSubstitution(self._parse(text), quoted)

    def _braced(self, *, quoted: bool) -> Parameter:
        end = scan.braces(self._text, self._at + 1, quoted=quoted)
        inner = self._text[self._at + 2 : end - 1]
        self._at = end
        first = ""
        if (inner.startswith("#") and len(inner) > 1) or _INDIRECT.match(inner):
            first, inner = inner[0], inner[1:]
        split = 0
        if inner[:1] in _SPECIAL_PARAMETERS and not inner[:1].isdigit():
            split = 1
        else:
            while split < len(inner) and (inner[split].isalnum() or inner[split] == "_"):
                split += 1
        name, rest = inner[:split], inner[split:]
        if not name:
            raise ShellSyntaxError("bad substitution")
        subscript: Word | None = None
        if rest.startswith("["):
            split = scan.brackets(rest, 0)
            subscript, rest = self._operand(rest[1 : split - 1], quoted=False), rest[split:]
        parameter = Parameter(name, quoted=quoted, subscript=subscript)
        if first and not rest:
            operator = "length" if first == "#" else ("keys" if parameter.lists else "indirect")
            return attrs.evolve(parameter, operator=operator)
        if not rest and not first:
            return parameter
        if not first:
            for operator in _PARAMETER_OPERATORS:
                if rest.startswith(operator):
                    return self._with_operator(parameter, operator, rest[len(operator) :])
            if rest.startswith(":"):
                words = [
                    Lexer(each, self._parse).here_document() if each else None
                    for each in rest[1:].partition(":")[::2]
                ]
                return attrs.evolve(parameter, operator=":", word=words[0], replacement=words[1])
        raise ShellSyntaxError("bad substitution")

    def _with_operator(self, parameter: Parameter, operator: str, text: str) -> Parameter:
        replacement: Word | None = None
        if operator in {"/", "//"}:
            text, after = _halves(text)
            replacement = self._operand(after, quoted=False)
        literal = parameter.quoted and operator[-1] in _ASSIGNING
        word = self._operand(text, quoted=literal)
        return attrs.evolve(parameter, operator=operator, word=word, replacement=replacement)

    def _operand(self, text: str, *, quoted: bool) -> Word:
        lexer = Lexer(text, self._parse)
        return lexer.quoted_operand() if quoted else lexer.operand()

    def arithmetic(self) -> Word:
        """The whole text as within double quotes; quotes in it are dropped."""
        return self.quoted_operand()

    def quoted_operand(self) -> Word:
        """The whole text as within double quotes; a `"` in it only groups, a `'` is ordinary."""
        return Word(tuple(self._double_quoted(closing="", drops='"')))

    def operand(self) -> Word:
        """The whole text as one word: blanks and operators in it are ordinary."""
        parts: list[Part] = []
        while self._at < len(self._text):
            if self._peek() in _META:
                parts.append(Literal(self._peek()))
                self._at += 1
            else:
                parts.extend(self._word().parts)
        return Word(tuple(parts))


def _halves(text: str) -> tuple[str, str]:
    """`pattern/replacement` at its first `/` that is not quoted."""
    at = 1 if text[:1] == "/" else 0
    while at < len(text) and text[at] != "/":
        at += 2 if text[at] == "\\" else 1
    return text[:at], text[at + 1 :]

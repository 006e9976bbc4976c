"""Tokens into the tree, by recursive descent.

Source: POSIX.1-2017, Shell Command Language, 2.10 Shell Grammar.
"""

from __future__ import annotations

import re
from functools import lru_cache

import attrs

from kubelite.images.shell.lexer import Bracket, Calculation, Lexer, Operator, Token
from kubelite.images.shell.scan import ShellSyntaxError
from kubelite.images.shell.syntax import (
    AndOr,
    ArrayLiteral,
    Assignment,
    Calculate,
    Case,
    Command,
    For,
    ForArithmetic,
    Function,
    Group,
    If,
    Literal,
    Pipeline,
    Redirection,
    Script,
    Simple,
    Test,
    While,
    Word,
)
from kubelite.images.shell.words import Grammar, HereDocument, Inside

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FUNCTION_NAME = re.compile(r"[^$\s'\"\\=]+")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(\+?)=|(?=\[))")
_SUBSCRIPT_ENDS = re.compile(r"\](\+?)=")
DECLARING = frozenset({"export", "readonly", "local", "declare", "typeset"})
"""Commands whose arguments may be assignments."""
_BRANCH_ENDS = (";;", ";&", ";;&")
_FOR_PARTS = 3
_CLOSING = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}"})


@lru_cache(maxsize=256)
def parse(text: str, *, whole: bool = True) -> Script:
    """The tree of a script.

    Args:
        text: The script.
        whole: Whether nothing follows, so that a here-document may lack its end.

    Raises:
        ShellSyntaxError: The script does not parse.
    """
    parser = _Parser(Lexer(text, _GRAMMAR, whole=whole))
    script = parser.script(ends=frozenset())
    if parser.token is not None:
        raise parser.error()
    return script


def _inside(text: str, at: int) -> Inside:
    """See `Grammar.inside`: the lexer has read nothing behind the `)` when the parser comes to it."""
    lexer = Lexer(text, _GRAMMAR, at, whole=False)
    parser = _Parser(lexer)
    script = parser.script(ends=frozenset())
    if not parser.at_operator(")"):
        raise parser.error(' (expecting ")")')
    return Inside(script, lexer.at, lexer.pending)


_GRAMMAR = Grammar(parse, _inside)


class _Parser:
    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self._tokens: list[Token] = []
        self._lines: list[int] = []
        self._at = 0

    @property
    def token(self) -> Token | None:
        return self._ahead(0)

    def _ahead(self, count: int) -> Token | None:
        """The token so many places behind the present one; nothing is read before it is asked for."""
        while len(self._tokens) <= self._at + count:
            token = self._lexer.next()
            if token is None:
                return None
            self._tokens.append(token)
            self._lines.append(self._lexer.line)
        return self._tokens[self._at + count]

    def describe(self) -> str:
        token = self.token
        if token is None:
            return "end of file"
        if isinstance(token, Operator):
            return "newline" if token.text == "\n" else f'"{token.text}"'
        return f'"{token.plain}"' if isinstance(token, Word) and token.plain else "word"

    def error(self, more: str = "") -> ShellSyntaxError:
        """What the present token makes impossible."""
        return ShellSyntaxError(f"unexpected {self.describe()}{more}", incomplete=self.token is None)

    def at_operator(self, *operators: str) -> bool:
        return isinstance(self.token, Operator) and self.token.text in operators

    def _keyword(self) -> str | None:
        return self.token.plain if isinstance(self.token, Word) else None

    def _take(self, *operators: str) -> bool:
        if self.at_operator(*operators):
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        token = self.token
        if (isinstance(token, Operator) and token.text == text) or self._keyword() == text:
            self._at += 1
            return
        raise self.error(f' (expecting "{text}")')

    def _newlines(self) -> None:
        while self._take("\n"):
            pass

    def script(self, ends: frozenset[str]) -> Script:
        items: list[AndOr] = []
        while True:
            while self._take("\n", ";"):
                pass
            token = self.token
            if (
                token is None
                or self.at_operator(")", *_BRANCH_ENDS)
                or (self._keyword() in ends and self._keyword() is not None)
            ):
                return Script(tuple(items))
            if self._keyword() in _CLOSING:
                raise self.error()
            items.append(self._and_or())

    def _body(self, *ends: str) -> Script:
        script = self.script(frozenset(ends))
        if not script.items:
            raise self.error()
        return script

    def _and_or(self) -> AndOr:
        first, rest = self._pipeline(), []
        while self.at_operator("&&", "||"):
            operator = self.token
            self._at += 1
            self._newlines()
            assert isinstance(operator, Operator)
            rest.append((operator.text, self._pipeline()))
        background = self._take("&")
        if not background:
            self._take(";", "\n")
        return AndOr(first, tuple(rest), background)

    def _pipeline(self) -> Pipeline:
        negated = False
        while self._keyword() == "!":
            self._at += 1
            negated = not negated
        commands = [self._command()]
        while self.at_operator("|", "|&"):
            if self._take("|&"):
                commands[-1] = _with_errors(commands[-1])
            self._take("|")
            self._newlines()
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    def _command(self) -> Command:
        if self._take("("):
            body = self._body()
            self._expect(")")
            return Group(body, subshell=True, redirections=self._redirections())
        if isinstance(token := self.token, Bracket | Calculation):
            self._at += 1
            if isinstance(token, Bracket):
                return Test(token.items, self._redirections())
            return Calculate(token.parts[0], self._redirections())
        match self._keyword():
            case "{":
                self._at += 1
                body = self._body("}")
                self._expect("}")
                return Group(body, subshell=False, redirections=self._redirections())
            case "if":
                return self._if()
            case "while" | "until" as keyword:
                self._at += 1
                condition = self._body("do")
                body = self._do()
                return While(condition, body, keyword == "until", self._redirections())
            case "for":
                return self._for()
            case "case":
                return self._case()
            case "function":
                self._at += 1
                return self._function()
        if self._is_function():
            return self._function()
        return self._simple()

    def _is_function(self) -> bool:
        name = self._keyword()
        if name is None or not _FUNCTION_NAME.fullmatch(name):
            return False
        return self._ahead(1) == Operator("(") and self._ahead(2) == Operator(")")

    def _function(self) -> Function:
        name = self._keyword()
        if name is None:
            raise self.error()
        self._at += 1
        if self._take("("):
            self._expect(")")
        self._newlines()
        return Function(name, self._command())

    def _do(self) -> Script:
        self._expect("do")
        body = self._body("done")
        self._expect("done")
        return body

    def _if(self) -> If:
        branches, otherwise = [], None
        self._at += 1
        while True:
            condition = self._body("then")
            self._expect("then")
            branches.append((condition, self._body("elif", "else", "fi")))
            if self._keyword() == "elif":
                self._at += 1
                continue
            if self._keyword() == "else":
                self._at += 1
                otherwise = self._body("fi")
            self._expect("fi")
            return If(tuple(branches), otherwise, self._redirections())

    def _for(self) -> For | ForArithmetic:
        self._at += 1
        if isinstance(token := self.token, Calculation):
            if len(token.parts) != _FOR_PARTS:
                raise self.error()
            start, condition, step = token.parts
            self._at += 1
            while self._take(";", "\n"):
                pass
            return ForArithmetic(start, condition, step, self._do(), self._redirections())
        name = self._keyword()
        if name is None or not _NAME.fullmatch(name):
            raise ShellSyntaxError("bad for loop variable")
        self._at += 1
        self._newlines()
        words: tuple[Word, ...] | None = None
        if self._keyword() == "in":
            self._at += 1
            found = []
            while isinstance(self.token, Word):
                found.append(self.token)
                self._at += 1
            words = tuple(found)
        while self._take(";", "\n"):
            pass
        return For(name, words, self._do(), self._redirections())

    def _case(self) -> Case:
        self._at += 1
        word = self.token
        if not isinstance(word, Word):
            raise self.error()
        self._at += 1
        self._newlines()
        self._expect("in")
        branches = []
        while True:
            self._newlines()
            if self._keyword() == "esac":
                break
            self._take("(")
            patterns = []
            while isinstance(self.token, Word):
                patterns.append(self.token)
                self._at += 1
                if not self._take("|"):
                    break
            self._expect(")")
            body, end = self.script(frozenset({"esac"})), self.token
            branches.append((tuple(patterns), body, end.text if isinstance(end, Operator) else ";;"))
            if not self._take(*_BRANCH_ENDS):
                break
        self._expect("esac")
        return Case(word, tuple(branches), self._redirections())

    def _redirections(self) -> tuple[Redirection, ...]:
        found = []
        while isinstance(self.token, Redirection | HereDocument):
            found.append(_redirection(self.token))
            self._at += 1
        return tuple(found)

    def _simple(self) -> Simple:
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        line = self._lines[self._at] if self.token is not None else 0
        while (token := self.token) is not None:
            if isinstance(token, Redirection | HereDocument):
                redirections.append(_redirection(token))
            elif isinstance(token, Word):
                assignment = split_assignment(token)
                if assignment and not words:
                    assignments.append(assignment)
                elif _has_array(token) and not (assignment and words[0].plain in DECLARING):
                    raise ShellSyntaxError('unexpected "("')
                else:
                    words.append(token)
            else:
                break
            self._at += 1
        if not assignments and not words and not redirections:
            raise self.error()
        return Simple(tuple(assignments), tuple(words), tuple(redirections), line)


def _with_errors(command: Command) -> Command:
    """`|&`: standard error goes into the pipe, too."""
    if isinstance(command, Function):
        return command
    both = Redirection(2, ">&", Word((Literal("1"),)))
    return attrs.evolve(command, redirections=(*command.redirections, both))


def _redirection(token: Redirection | HereDocument) -> Redirection:
    return token if isinstance(token, Redirection) else Redirection(token.fd, "<<", token.text)


def _has_array(word: Word) -> bool:
    return bool(word.parts) and isinstance(word.parts[-1], ArrayLiteral)


def split_assignment(word: Word) -> Assignment | None:
    """The assignment that a word is, if it may be one where it stands."""
    first = word.parts[0] if word.parts else None
    if not isinstance(first, Literal) or first.quoted:
        return None
    match = _ASSIGNMENT.match(first.text)
    if match is None:
        return None
    name, append = match.groups()
    rest = (*_literal(first.text[match.end() :]), *word.parts[1:])
    if append is not None:
        return Assignment(name, Word(rest), word, append=bool(append))
    for at, part in enumerate(rest):
        if not isinstance(part, Literal) or part.quoted:
            continue
        if (end := _SUBSCRIPT_ENDS.search(part.text)) is not None:
            subscript = (*rest[:at], *_literal(part.text[: end.start()]))
            value = (*_literal(part.text[end.end() :]), *rest[at + 1 :])
            opening = subscript[0]
            assert isinstance(opening, Literal)
            inner = Word((*_literal(opening.text[1:]), *subscript[1:]))
            return Assignment(name, Word(value), word, inner, append=bool(end[1]))
    return None


def _literal(text: str) -> tuple[Literal, ...]:
    return (Literal(text),) if text else ()

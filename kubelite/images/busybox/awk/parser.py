"""Reads an awk program into its tree.

Source: POSIX.1-2017, Utilities, awk, Grammar and the table of precedence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kubelite.images.busybox.awk.lexer import Token, tokens_of
from kubelite.images.busybox.awk.syntax import (
    Assign,
    AwkSyntaxError,
    Binary,
    Block,
    Call,
    Conditional,
    Delete,
    Element,
    Evaluate,
    Expression,
    Field,
    ForIn,
    Function,
    Getline,
    Group,
    If,
    In,
    Leave,
    Loop,
    Number,
    Place,
    Print,
    Program,
    Regex,
    Rule,
    Statement,
    Step,
    Text,
    Unary,
    Variable,
)

_ASSIGNING: Final = {"=": "", "+=": "+", "-=": "-", "*=": "*", "/=": "/", "%=": "%", "^=": "^"}
_COMPARING: Final = frozenset({"<", "<=", "==", "!=", ">", ">="})
_CONCATENATED: Final = frozenset({"number", "text", "name", "call", "$", "(", "++", "--", "regex"})
"""What begins an operand behind another one: not a sign, which calculates."""
_LEAVING: Final = frozenset({"next", "nextfile", "exit", "break", "continue", "return"})
_WITH_VALUE: Final = frozenset({"exit", "return"})
_WITHOUT_PARENTHESES: Final = frozenset({"length"})
_ENDS: Final = frozenset({";", "newline", "}", "end"})
_REDIRECTIONS: Final = frozenset({">", ">>", "|"})


def parse_awk(program: str) -> Program:
    """The tree of a program.

    Raises:
        AwkSyntaxError: It is none.
    """
    return _Parser(tokens_of(program)).program()


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._printing = False  # `>` is where the output goes

    @property
    def _kind(self) -> str:
        return self._tokens[self._at].kind

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _take(self, *kinds: str) -> Token | None:
        return self._next() if self._kind in kinds else None

    def _expect(self, kind: str) -> Token:
        if self._kind != kind:
            token = self._tokens[self._at]
            raise AwkSyntaxError(f"unexpected token '{token.text or token.kind}'")
        return self._next()

    def _newlines(self) -> None:
        while self._take("newline"):
            pass

    def _terminators(self) -> None:
        while self._take("newline", ";"):
            pass

    # --- rules

    def program(self) -> Program:
        """All of it."""
        begin: list[Block] = []
        rules: list[Rule] = []
        end: list[Block] = []
        functions: dict[str, Function] = {}
        self._terminators()
        while self._kind != "end":
            if self._take("BEGIN"):
                begin.append(self._block())
            elif self._take("END"):
                end.append(self._block())
            elif self._take("function"):
                name = self._next().text
                functions[name] = self._function()
            else:
                rules.append(self._rule())
            self._terminators()
        return Program(tuple(begin), tuple(rules), tuple(end), functions)

    def _function(self) -> Function:
        parameters: list[str] = []
        self._expect("(")
        while not self._take(")"):
            parameters.append(self._expect("name").text)
            self._take(",")
            self._newlines()
        self._newlines()
        return Function(tuple(parameters), self._block())

    def _rule(self) -> Rule:
        first = last = None
        if self._kind != "{":
            first = self._expression()
            if self._take(","):
                self._newlines()
                last = self._expression()
        body = self._block() if self._kind == "{" else Block((Print((), formatted=False),))
        return Rule(first, last, body)

    # --- statements

    def _block(self) -> Block:
        self._expect("{")
        body: list[Statement] = []
        self._terminators()
        while not self._take("}"):
            body.append(self._statement())
            self._terminators()
        return Block(tuple(body))

    def _body(self) -> Statement:
        """What a loop or a condition governs."""
        self._newlines()
        return Block(()) if self._take(";") else self._statement()

    def _statement(self) -> Statement:
        match self._kind:
            case "{":
                return self._block()
            case "if":
                return self._if()
            case "while":
                self._next()
                return Loop(self._head(), self._body())
            case "do":
                return self._do()
            case "for":
                return self._for()
            case _:
                statement = self._simple()
                if self._kind not in _ENDS:
                    self._expect("newline")
                self._take(";", "newline")
                return statement

    def _head(self) -> Expression:
        self._expect("(")
        condition = self._expression()
        self._expect(")")
        return condition

    def _if(self) -> If:
        self._next()
        condition, yes = self._head(), self._body()
        at = self._at
        self._terminators()
        if self._take("else"):
            return If(condition, yes, self._body())
        self._at = at
        return If(condition, yes, None)

    def _do(self) -> Loop:
        self._next()
        body = self._body()
        self._terminators()
        self._expect("while")
        return Loop(self._head(), body, body_first=True)

    def _for(self) -> Statement:
        self._next()
        self._expect("(")
        kinds = [token.kind for token in self._tokens[self._at : self._at + 4]]
        if kinds == ["name", "in", "name", ")"]:
            name, _, array, _ = (self._next().text for _ in range(4))
            return ForIn(name, array, self._body())
        before = None if self._kind == ";" else self._simple()
        self._expect(";")
        self._newlines()
        condition = None if self._kind == ";" else self._expression()
        self._expect(";")
        self._newlines()
        after = None if self._kind == ")" else self._simple()
        self._expect(")")
        return Loop(condition, self._body(), before, after)

    def _simple(self) -> Statement:
        if self._kind in {"print", "printf"}:
            return self._print()
        if self._take("delete"):
            array = self._expect("name").text
            return Delete(array, self._keys() if self._kind == "[" else None)
        if self._kind in _LEAVING:
            how = self._next().kind
            valued = how in _WITH_VALUE and self._kind not in _ENDS
            return Leave(how, self._expression() if valued else None)
        return Evaluate(self._expression())

    def _print(self) -> Print:
        formatted = self._next().kind == "printf"
        items: tuple[Expression, ...] = ()
        if self._kind not in _ENDS | _REDIRECTIONS:
            self._printing = True
            items = self._list()
            self._printing = False
        if len(items) == 1 and isinstance(items[0], Group):
            items = items[0].items
        redirection = self._take(*_REDIRECTIONS)
        if redirection is None:
            return Print(items, formatted)
        self._printing = True  # a comparison needs parentheses here, too
        target = self._concatenation()
        self._printing = False
        return Print(items, formatted, redirection.kind, target)

    # --- expressions, the loosest first

    def _list(self) -> tuple[Expression, ...]:
        items = [self._expression()]
        while self._take(","):
            self._newlines()
            items.append(self._expression())
        return tuple(items)

    def _expression(self) -> Expression:
        left = self._conditional()
        if self._kind in _ASSIGNING and isinstance(left, Variable | Field | Element):
            operator = _ASSIGNING[self._next().kind]
            self._newlines()
            return Assign(left, operator, self._expression())
        return left

    def _conditional(self) -> Expression:
        condition = self._or()
        if not self._take("?"):
            return condition
        self._newlines()
        yes = self._expression()
        self._newlines()
        self._expect(":")
        self._newlines()
        return Conditional(condition, yes, self._expression())

    def _or(self) -> Expression:
        left = self._and()
        while self._take("||"):
            self._newlines()
            left = Binary("||", left, self._and())
        return left

    def _and(self) -> Expression:
        left = self._in()
        while self._take("&&"):
            self._newlines()
            left = Binary("&&", left, self._in())
        return left

    def _in(self) -> Expression:
        left = self._match()
        while self._take("in"):
            keys = left.items if isinstance(left, Group) else (left,)
            left = In(keys, self._expect("name").text)
        return left

    def _match(self) -> Expression:
        left = self._comparison()
        while token := self._take("~", "!~"):
            left = Binary(token.kind, left, self._comparison())
        return left

    def _comparison(self) -> Expression:
        left = self._concatenation()
        if self._kind in _COMPARING and not (self._printing and self._kind == ">"):
            left = Binary(self._next().kind, left, self._concatenation())
        while self._kind == "|" and self._tokens[self._at + 1].kind == "getline":
            self._at += 2
            left = Getline(self._maybe_place(), "|", left)
        return left

    def _concatenation(self) -> Expression:
        left = self._sum()
        while self._kind in _CONCATENATED:
            left = Binary(" ", left, self._sum())
        return left

    def _sum(self) -> Expression:
        left = self._product()
        while token := self._take("+", "-"):
            left = Binary(token.kind, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._unary()
        while token := self._take("*", "/", "%"):
            left = Binary(token.kind, left, self._unary())
        return left

    def _unary(self) -> Expression:
        if token := self._take("!", "-", "+"):
            return Unary(token.kind, self._unary())
        return self._power()

    def _power(self) -> Expression:
        base = self._stepped()
        if self._take("^"):
            sign = self._take("-", "+", "!")
            exponent = self._power()
            return Binary("^", base, Unary(sign.kind, exponent) if sign else exponent)
        return base

    def _stepped(self) -> Expression:
        if token := self._take("++", "--"):
            return Step(self._place(), 1 if token.kind == "++" else -1, behind=False)
        operand = self._primary()
        if isinstance(operand, Variable | Field | Element) and (token := self._take("++", "--")):
            return Step(operand, 1 if token.kind == "++" else -1, behind=True)
        return operand

    def _place(self) -> Place:
        place = self._primary()
        if not isinstance(place, Variable | Field | Element):
            raise AwkSyntaxError("unexpected token: a variable, a field or an element is needed here")
        return place

    def _maybe_place(self) -> Place | None:
        return self._place() if self._kind in {"name", "$"} else None

    def _keys(self) -> tuple[Expression, ...]:
        self._expect("[")
        keys = self._grouped(self._list)
        self._expect("]")
        return keys

    def _grouped(self, read: Callable[[], tuple[Expression, ...]]) -> tuple[Expression, ...]:
        """Within parentheses or brackets `>` compares."""
        printing, self._printing = self._printing, False
        found = read()
        self._printing = printing
        return found

    def _primary(self) -> Expression:
        token = self._next()
        match token.kind:
            case "number":
                return Number(float(int(token.text, 16) if token.text[:2] in {"0x", "0X"} else token.text))
            case "text":
                return Text(token.text)
            case "regex":
                return Regex(token.text)
            case "$":
                return Field(self._stepped() if self._kind in {"++", "--"} else self._primary())
            case "-" | "+" | "!":  # as in $-1
                return Unary(token.kind, self._primary())
            case "(":
                self._newlines()
                items = self._grouped(self._list)
                self._newlines()
                self._expect(")")
                return Group(items)
            case "call":
                return self._call(token.text)
            case "name" if self._kind == "[":
                return Element(token.text, self._keys())
            case "name" if token.text in _WITHOUT_PARENTHESES:
                return Call(token.text, ())
            case "name":
                return Variable(token.text)
            case "getline":
                place = self._maybe_place()
                return Getline(place, "<", self._primary()) if self._take("<") else Getline(place)
            case _:
                raise AwkSyntaxError(f"unexpected token '{token.text or token.kind}'")

    def _call(self, name: str) -> Call:
        self._expect("(")
        self._newlines()
        args = () if self._kind == ")" else self._grouped(self._list)
        self._newlines()
        self._expect(")")
        return Call(name, args)

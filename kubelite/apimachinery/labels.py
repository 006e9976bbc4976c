"""Label selectors: the text form of queries, the object form of specs, and plain maps.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/;
k8s.io/apimachinery/pkg/labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal

import attrs

from kubelite.apimachinery.strconv import NumberError, parse_int

Operator = Literal["=", "!=", "in", "notin", "exists", "!", ">", "<"]
_TOKEN = re.compile(r"\s*(==|!=|[=,()!<>]|[^\s=,()!<>]+)")
_SYMBOLS = frozenset({"=", "==", "!=", "(", ")", ",", "<", ">", "!"})
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
NAME_MAX, PREFIX_MAX, VALUE_MAX = 63, 253, 63
_ALPHANUMERIC = "alphanumeric characters, '-', '_' or '.'"
_ENDS = "and must start and end with an alphanumeric character"
_QUALIFIED = "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'"
_NAME_EXAMPLES = "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
_NAME_RULE = f"name part must consist of {_ALPHANUMERIC}, {_ENDS} {_NAME_EXAMPLES} {_QUALIFIED})"
_KEY_RULE = (
    f"a valid label key must consist of {_ALPHANUMERIC}, {_ENDS} {_NAME_EXAMPLES} {_QUALIFIED}) "
    "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)
_VALUE_RULE = (
    f"a valid label must be an empty string or consist of {_ALPHANUMERIC}, {_ENDS} "
    "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_SUBDOMAIN_RULE = (
    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    f"'-' or '.', {_ENDS} (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


class SelectorError(ValueError):
    """The selector does not parse; the text is Kubernetes'."""


@lru_cache(maxsize=4096)
def key_problems(key: str) -> tuple[str, ...]:
    """What is wrong with a label's key (a qualified name); empty if nothing is."""
    prefix, slash, name = key.rpartition("/")
    problems = []
    if slash:
        if not prefix:
            problems.append("prefix part must be non-empty")
        elif "/" in prefix:
            return (_KEY_RULE,)
        elif not _SUBDOMAIN.fullmatch(prefix):
            problems.append(_SUBDOMAIN_RULE)
        if len(prefix) > PREFIX_MAX:
            problems.append(f"prefix part must be no more than {PREFIX_MAX} characters")
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > NAME_MAX:
        problems.append(f"name part must be no more than {NAME_MAX} bytes")
    if not _NAME.fullmatch(name):
        problems.append(_NAME_RULE)
    return tuple(problems)


@lru_cache(maxsize=4096)
def value_problems(value: str) -> tuple[str, ...]:
    """What is wrong with a label's value; empty if nothing is."""
    problems = []
    if len(value) > VALUE_MAX:
        problems.append(f"must be no more than {VALUE_MAX} bytes")
    if value and not _NAME.fullmatch(value):
        problems.append(_VALUE_RULE)
    return tuple(problems)


@attrs.frozen
class Requirement:
    """One term of a selector."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it."""
        value = labels.get(self.key)
        match self.operator:
            case "=" | "in":
                return value is not None and value in self.values
            case "!=" | "notin":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
            case operator:
                return _compares(value, operator, self.values)

    def __str__(self) -> str:
        values = ",".join(sorted(self.values))
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({values})"
            case operator:
                return f"{self.key}{operator}{values}"


def _compares(value: str | None, operator: str, values: frozenset[str]) -> bool:
    try:
        number, bound = parse_int(value or ""), parse_int(next(iter(values)))
    except NumberError:
        return False
    return number > bound if operator == ">" else number < bound


def _is_integer(text: str) -> bool:
    try:
        parse_int(text)
    except NumberError:
        return False
    return True


@attrs.frozen
class Selector:
    """Requirements which must all be met.

    Attributes:
        nothing: Matches no labels at all (the selector that is absent).
        exact: What labels must be equal to, for look-ups in an index.
    """

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False
    exact: Mapping[str, str] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        exact = {
            each.key: next(iter(each.values))
            for each in self.requirements
            if each.operator in {"=", "in"} and len(each.values) == 1
        }
        object.__setattr__(self, "exact", exact)

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether labels (None: there are none) meet all requirements."""
        if self.nothing:
            return False
        present = labels or {}
        return all(each.matches(present) for each in self.requirements)

    @property
    def empty(self) -> bool:
        """Whether it matches everything."""
        return not self.requirements and not self.nothing

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


EVERYTHING = Selector()
NOTHING = Selector(nothing=True)


def from_set(labels: Mapping[str, str] | None) -> Selector:
    """All of these labels, as a Service or a ReplicationController selects."""
    return Selector(
        tuple(Requirement(key, "=", frozenset({value})) for key, value in sorted((labels or {}).items()))
    )


def from_label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """A `LabelSelector` object; an absent one matches nothing, an empty one everything.

    Raises:
        SelectorError: An operator is unknown.
    """
    if selector is None:
        return NOTHING
    made = list(from_set(selector.get("matchLabels")).requirements)
    operators: dict[str, Operator] = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    for expression in selector.get("matchExpressions") or ():
        operator = operators.get(expression.get("operator", ""))
        if operator is None:
            raise SelectorError(f'"{expression.get("operator", "")}" is not a valid label selector operator')
        made.append(Requirement(expression["key"], operator, frozenset(expression.get("values") or ())))
    return Selector(tuple(made))


def go_text(selector: Mapping[str, Any] | None) -> str:
    """A `LabelSelector` object as Go prints it, for messages."""
    if selector is None:
        return "nil"
    pairs = sorted((selector.get("matchLabels") or {}).items())
    matched = "".join(f"{key}: {value}," for key, value in pairs)
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{each['key']},Operator:{each['operator']},"
        f"Values:[{' '.join(each.get('values') or ())}],}},"
        for each in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{matched}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )


def parse_selector(text: str) -> Selector:
    """The selector of a query: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.

    Raises:
        SelectorError: The text does not parse, or a key or value is not allowed.
    """
    return _parse(text)


@lru_cache(maxsize=512)
def _parse(text: str) -> Selector:
    tokens = _TOKEN.findall(text)
    return Selector(tuple(sorted(_Parser(tokens).requirements(), key=lambda each: each.key)))


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at = tokens, 0

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        sign = self._peek()
        self._at += 1
        return sign

    def requirements(self) -> Iterable[Requirement]:
        found: list[Requirement] = []
        if self._peek() in _SYMBOLS - {"!"}:
            raise SelectorError(f"found '{self._peek()}', expected: !, identifier, or 'end of string'")
        while self._peek():
            found.append(self._requirement())
            sign = self._next()
            if sign not in {"", ","}:
                raise SelectorError(f"found '{sign}', expected: ',' or 'end of string'")
            if sign == "," and self._peek() in _SYMBOLS - {"!"} | {""}:
                raise SelectorError(f"found '{self._peek()}', expected: identifier after ','")
        return found

    def _key(self) -> str:
        key = self._next()
        if key in _SYMBOLS or not key:
            raise SelectorError(f"unable to parse requirement: found '{key}', expected: identifier")
        if problems := key_problems(key):
            raise SelectorError(
                f'unable to parse requirement: <nil>: Invalid value: "{key}": {"; ".join(problems)}'
            )
        return key

    def _requirement(self) -> Requirement:
        if self._peek() == "!":
            self._at += 1
            return Requirement(self._key(), "!")
        key = self._key()
        sign = self._peek()
        if sign in {"", ","}:
            return Requirement(key, "exists")
        self._at += 1
        if sign in {"in", "notin"}:
            return Requirement(key, "in" if sign == "in" else "notin", self._values(key))
        if sign not in {"=", "==", "!=", "<", ">"}:
            raise SelectorError(
                f"unable to parse requirement: found '{sign}', expected: in, notin, =, ==, !=, gt, lt"
            )
        value = "" if self._peek() in {"", ","} else self._next()
        operators: dict[str, Operator] = {"=": "=", "==": "=", "!=": "!=", "<": "<", ">": ">"}
        if sign in {"<", ">"} and not _is_integer(value):
            raise SelectorError(
                f'unable to parse requirement: values[0]: Invalid value: "{value}": '
                "for 'Gt', 'Lt' operators, the value must be an integer"
            )
        self._check_value(key, 0, value)
        return Requirement(key, operators[sign], frozenset({value}))

    def _values(self, key: str) -> frozenset[str]:
        if (sign := self._next()) != "(":
            raise SelectorError(f"unable to parse requirement: found '{sign}' expected: '('")
        found: list[str] = []
        expects_value = True
        while (sign := self._next()) != ")":
            if not sign:
                raise SelectorError("unable to parse requirement: found '', expected: ',' or ')'")
            if sign == ",":
                if expects_value:
                    found.append("")
                expects_value = True
            elif expects_value:
                found.append(sign)
                expects_value = False
            else:
                raise SelectorError(f"unable to parse requirement: found '{sign}', expected: ',' or ')'")
        if expects_value:
            found.append("")
        for index, value in enumerate(found):
            self._check_value(key, index, value)
        return frozenset(found)

    @staticmethod
    def _check_value(key: str, index: int, value: str) -> None:
        if problems := value_problems(value):
            raise SelectorError(
                f'unable to parse requirement: values[{index}][{key}]: Invalid value: "{value}": '
                + "; ".join(problems)
            )

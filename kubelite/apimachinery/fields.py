"""Field selectors: `metadata.name=x,status.phase!=Running`.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import attrs


class FieldSelectorError(ValueError):
    """The selector does not parse; the text is Kubernetes'."""


@attrs.frozen
class FieldRequirement:
    """One term: a field is, or is not, a text."""

    field: str
    value: str
    equal: bool

    def __str__(self) -> str:
        return f"{self.field}{'=' if self.equal else '!='}{_escape(self.value)}"


@attrs.frozen
class FieldSelector:
    """Terms which must all be met."""

    requirements: tuple[FieldRequirement, ...] = ()

    def matches(self, get: Callable[[str], str]) -> bool:
        """Whether an object meets all terms; `get` reads a field of it as text ("" if unset)."""
        return all((get(each.field) == each.value) == each.equal for each in self.requirements)

    @property
    def exact(self) -> Mapping[str, str]:
        """What fields must be equal to."""
        return {each.field: each.value for each in self.requirements if each.equal}

    @property
    def empty(self) -> bool:
        """Whether it matches everything."""
        return not self.requirements

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


EVERYTHING = FieldSelector()


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


@lru_cache(maxsize=512)
def parse_selector(text: str) -> FieldSelector:
    """The selector of a query.

    Raises:
        FieldSelectorError: A term has no operator, or an escape is wrong.
    """
    found = []
    for term in _split(text):
        if not term:
            continue
        for operator in ("!=", "==", "="):
            field, separator, value = term.partition(operator)
            if separator and "=" not in field and "!" not in field:
                found.append(FieldRequirement(field, _unescape(value), equal=operator != "!="))
                break
        else:
            raise FieldSelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
    return FieldSelector(tuple(found))


def _split(text: str) -> list[str]:
    terms, current, at = [], "", 0
    while at < len(text):
        if text[at] == "\\":
            current += text[at : at + 2]
            at += 2
            continue
        if text[at] == ",":
            terms.append(current)
            current = ""
        else:
            current += text[at]
        at += 1
    return [*terms, current]


def _unescape(value: str) -> str:
    made, at = "", 0
    while at < len(value):
        if value[at] == "\\":
            following = value[at + 1 : at + 2]
            if following not in {"\\", ",", "="} or not following:
                raise FieldSelectorError(f"invalid field selector: invalid escape sequence: \\{following}")
            made += following
            at += 2
        else:
            made += value[at]
            at += 1
    return made

"""Whether an applied configuration fits its type, in the words of Kubernetes.

Source: sigs.k8s.io/structured-merge-diff, typed (validate.go, helpers.go).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubelite.apimachinery import fieldset as fs
from kubelite.apimachinery.atoms import ATOMIC, BOOLEAN, NUMERIC, STRING, Atom, ListAtom
from kubelite.apimachinery.govalues import go_type, go_value
from kubelite.apimachinery.typed import ItemError, TypeMismatchError, item_element, kind_of


def check(atom: Atom, value: Any) -> None:
    """Judge an applied configuration.

    Raises:
        TypeMismatchError: It does not fit its type, or has items which cannot be told apart.
    """
    problems: list[tuple[str, str]] = []
    _check(atom, value, "", problems)
    if problems:
        raise TypeMismatchError(problems)


def _check(atom: Atom, value: Any, path: str, problems: list[tuple[str, str]]) -> None:
    if value is None:
        return
    kind = kind_of(atom, value)
    if kind == "map" and atom.map is not None:
        if not isinstance(value, dict):
            problems.append((path, f"expected map, got &{{{go_value(value)}}}"))
            return
        for name in sorted(value):
            inner_path = f"{path}.{name}"
            if not atom.map.knows(name):
                problems.append((inner_path, "field not declared in schema"))
                return
            _check(atom.map.field(name)[1], value[name], inner_path, problems)
    elif kind == "list" and atom.list is not None:
        if not isinstance(value, list):
            problems.append((path, f"expected list, got &{{{go_value(value)}}}"))
            return
        _check_items(atom.list, value, path, problems)
    elif why := _scalar_problem(atom.scalar, value):
        problems.append((path, why))


def _check_items(atom: ListAtom, value: Sequence[Any], path: str, problems: list[tuple[str, str]]) -> None:
    seen: set[str] = set()
    for index, item in enumerate(value):
        element = f"i:{index}"
        if atom.relationship != ATOMIC:
            try:
                element = item_element(atom, item)
            except ItemError as error:
                problems.append((path, f"element {index}: {error}"))
                return
            if element in seen:
                problems.append((path, f"duplicate entries for key {fs.shown(element)}"))
            seen.add(element)
        _check(atom.element, item, path + fs.shown(element), problems)


def _scalar_problem(kind: str, value: Any) -> str:
    """Why a value is no scalar of its kind; empty if it is one."""
    is_bool = isinstance(value, bool)
    match kind:
        case _ if kind == NUMERIC:
            fits = isinstance(value, int | float) and not is_bool
            return "" if fits else f"expected numeric (int or float), got {go_type(value)}"
        case _ if kind == STRING:
            if isinstance(value, str):
                return ""
            return f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
        case _ if kind == BOOLEAN:
            return "" if is_bool else f"expected boolean, got &{{{go_value(value)}}}"
        case _:
            if isinstance(value, str | int | float):
                return ""
            return f"expected any scalar, got &{{{go_value(value)}}}"


def _go_syntax(value: Any) -> str:
    """A value as Go prints it with %#v."""
    match value:
        case dict():
            inner = ", ".join(f"{fs.go_json(key)}:{_go_syntax(value[key])}" for key in sorted(value))
            return f"map[string]interface {{}}{{{inner}}}"
        case list():
            return "[]interface {}{" + ", ".join(map(_go_syntax, value)) + "}"
        case None:
            return "interface {}(nil)"
        case str():
            return fs.go_json(value)
        case _:
            return go_value(value)

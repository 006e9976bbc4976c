"""What one value applied over another gives, and what is left of one without a set of fields.

Pure functions of JSON trees and an `Atom`. A tree is never changed; what stays is shared.
Source: sigs.k8s.io/structured-merge-diff, typed (merge.go, remove.go).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubelite.apimachinery import fieldset as fs
from kubelite.apimachinery.atoms import ATOMIC, Atom, ListAtom, MapAtom
from kubelite.apimachinery.fieldset import EMPTY, SELF, FieldSet
from kubelite.apimachinery.typed import ABSENT, ItemError, TypeMismatchError, item_element, kind_of

# --- merging ------------------------------------------------------------------------------------------------


def merge(atom: Atom, live: Any, applied: Any) -> Any:
    """The live value with the applied one over it; `ABSENT` if nothing comes of them.

    Raises:
        TypeMismatchError: An item of a list cannot be told apart from others.
    """
    if live is ABSENT or applied is ABSENT:
        return applied if live is ABSENT else live
    kind = kind_of(atom, applied)
    if kind == "map" and atom.map is not None:
        ours = live if isinstance(live, dict) else EMPTY
        theirs = applied if isinstance(applied, dict) else EMPTY
        if atom.map.atomic or not (ours or theirs):
            return applied
        return _merge_maps(atom.map, ours, theirs)
    if kind == "list" and atom.list is not None:
        our_items = live if isinstance(live, list) else []
        their_items = applied if isinstance(applied, list) else []
        if atom.list.relationship == ATOMIC or not (our_items or their_items):
            return applied
        return _merge_lists(atom.list, our_items, their_items)
    return applied


def _merge_maps(atom: MapAtom, live: Mapping[str, Any], applied: Mapping[str, Any]) -> Any:
    if not applied:
        return live
    merged = dict(live)
    for name, value in applied.items():
        one = merge(atom.field(name)[1], live.get(name, ABSENT), value)
        if one is ABSENT:
            merged.pop(name, None)
        else:
            merged[name] = one
    return merged or ABSENT


def _indexed(atom: ListAtom, values: Sequence[Any], *, duplicates: bool) -> tuple[list[str], dict[str, Any]]:
    """The elements of items in their order, and the items; of one that repeats there is none."""
    elements: list[str] = []
    found: dict[str, Any] = {}
    problems = []
    for index, item in enumerate(values):
        try:
            element = item_element(atom, item)
        except ItemError as error:
            problems.append(("", f"element {index}: {error}"))
            continue
        if element in found and not duplicates:
            problems.append(("", f"duplicate entries for key {fs.shown(element)}"))
            continue
        found[element] = ABSENT if element in found else item
        elements.append(element)
    if problems:
        raise TypeMismatchError(problems)
    return elements, found


def _merge_lists(atom: ListAtom, live: Sequence[Any], applied: Sequence[Any]) -> Any:
    """The items of both lists: applied ones in the applied order, the others where they stood among them."""
    theirs, their_items = _indexed(atom, applied, duplicates=False)
    ours, our_items = _indexed(atom, live, duplicates=True)
    shared = iter([element for element in theirs if element in our_items])
    next_shared = next(shared, None)
    done: set[str] = set()
    merged: list[Any] = []

    def take(mine: Any, given: Any) -> None:
        one = merge(atom.element, mine, given)
        if one is not ABSENT:
            merged.append(one)

    i = j = 0
    while i < len(ours) or j < len(theirs):
        if i < len(ours) and j < len(theirs):
            element = ours[i]
            if element == theirs[j]:
                done.add(element)
                take(our_items[element], their_items[element])
                i, j = i + 1, j + 1
                next_shared = next(shared, None)
                continue
            if element in their_items and next_shared is not None and next_shared != element:
                i += 1
                continue
        if i < len(ours):
            element = ours[i]
            if element not in their_items:
                take(live[i], ABSENT)
                i += 1
                continue
            if element in done:
                i += 1
        if j < len(theirs):
            element = theirs[j]
            done.add(element)
            take(our_items.get(element, ABSENT), their_items[element])
            j += 1
            if next_shared == element:
                next_shared = next(shared, None)
    return merged or ABSENT


# --- removing and extracting --------------------------------------------------------------------------------


def remove(atom: Atom, value: Any, fields: FieldSet) -> Any:
    """The value without the fields of a set; None if nothing is left."""
    return _remove(atom, value, fields, extract=False)


def extract(atom: Atom, value: Any, fields: FieldSet) -> Any:
    """The value with the fields of a set only; None if there is nothing of it."""
    return _remove(atom, value, fields, extract=True)


def _remove(atom: Atom, value: Any, fields: FieldSet, *, extract: bool) -> Any:
    match kind_of(atom, value):
        case "map" if atom.map is not None:
            if not isinstance(value, dict) or not value:
                return None
            if atom.map.atomic:
                return value if extract else None
            return _remove_fields(atom.map, value, fields, extract=extract)
        case "list" if atom.list is not None:
            if not isinstance(value, list) or not value:
                return None
            if atom.list.relationship == ATOMIC:
                return value if extract else None
            return _remove_items(atom.list, value, fields, extract=extract)
        case _:
            return value


def _remove_items(atom: ListAtom, value: Sequence[Any], fields: FieldSet, *, extract: bool) -> Any:
    kept = []
    for item in value:
        try:
            node = fields.get(item_element(atom, item))
        except ItemError:
            node = None
        if node is None:
            if not extract:
                kept.append(item)
            continue
        if fs.is_member(node) and not extract:
            continue
        inner = _without_self(node)
        kept.append(_remove(atom.element, item, inner, extract=extract) if inner else item)
    return kept or None


def _remove_fields(atom: MapAtom, value: Mapping[str, Any], fields: FieldSet, *, extract: bool) -> Any:
    kept = {}
    for name, inner in value.items():
        element, field = atom.field(name)
        node = fields.get(element)
        if node is None:
            if not extract:
                kept[name] = inner
            continue
        if fs.is_member(node):
            if extract:
                kept[name] = _extracted(field, inner, _without_self(node))
            continue
        kept[name] = _remove(field, inner, node, extract=extract)
    return kept or None


def _extracted(atom: Atom, value: Any, below: FieldSet) -> Any:
    """What is extracted of a field that is in the set itself: all of it, or as much as is named below it."""
    found = _remove(atom, value, below, extract=True)
    return found if found is not None or value is None else type(value)()


def _without_self(node: FieldSet) -> FieldSet:
    return {key: inner for key, inner in node.items() if key != SELF} if SELF in node else node

"""Values under a type: which fields they have, and what differs between two of them.

Pure functions of JSON trees and an `Atom`.
Source: sigs.k8s.io/structured-merge-diff, typed (tofieldset.go, compare.go, reconcile_schema.go).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kubelite.apimachinery import fieldset as fs
from kubelite.apimachinery.atoms import ATOMIC, SET, Atom, ListAtom, MapAtom, Nodes
from kubelite.apimachinery.fieldset import EMPTY, MEMBER, SELF, FieldSet, key_element, value_element

ABSENT: Final[Any] = object()
"""What stands for a value that is not there; `None` is JSON's null."""


class ItemError(ValueError):
    """An item of a list that cannot be told apart from others; the text says why."""


class TypeMismatchError(ValueError):
    """A value that does not fit its type; the text is Kubernetes'."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        texts = [f"{path}: {why}" if path else why for path, why in problems]
        super().__init__(texts[0] if len(texts) == 1 else "\n  ".join(["errors:", *texts]))


# --- items of lists -----------------------------------------------------------------------------------------


def item_element(atom: ListAtom, item: Any) -> str:
    """The path element of an item of a set, or of a list of type map.

    Raises:
        ItemError: It has none.
    """
    if atom.relationship == SET or not atom.keys:
        if isinstance(item, dict):
            msg = "associative list without keys has an element that's a map type"
            raise ItemError(msg)
        if isinstance(item, list):
            msg = "not supported: associative list with lists as elements"
            raise ItemError(msg)
        if item is None:
            msg = "associative list without keys has an element that's an explicit null"
            raise ItemError(msg)
        return value_element(item)
    if not isinstance(item, dict):
        kind = "a null element" if item is None else "non-map elements"
        msg = f"associative list with keys may not have {kind}"
        raise ItemError(msg)
    keys = []
    for name in atom.keys:
        if name in item:
            keys.append((name, item[name]))
        elif name in atom.defaults:
            keys.append((name, atom.defaults[name]))
        else:
            msg = (
                f"associative list with keys has an element that omits key field {fs.go_json(name)} "
                "(and doesn't have default value)"
            )
            raise ItemError(msg)
    return key_element(tuple(keys))


def items_by_element(atom: ListAtom, values: Sequence[Any]) -> dict[str, list[Any]]:
    """The items by their path elements; more than one where they repeat."""
    found: dict[str, list[Any]] = {}
    for item in values:
        try:
            element = item_element(atom, item)
        except ItemError:
            continue
        found.setdefault(element, []).append(item)
    return found


def _ordered(node: FieldSet) -> FieldSet:
    return fs.in_order(node) if len(node) > 1 else node


# --- the fields of a value ----------------------------------------------------------------------------------


def field_set(atom: Atom, value: Any) -> FieldSet:
    """The fields that an applied configuration names: leaves and items, not the structs around them."""
    node = _field_set(atom, value)
    return node if node is not None else EMPTY


def _field_set(atom: Atom, value: Any) -> FieldSet | None:
    """A node; None for a value without fields of its own."""
    if isinstance(value, dict):
        if atom.map is not None:
            return _map_field_set(atom.map, value)
    elif isinstance(value, list):
        if atom.list is not None:
            return _list_field_set(atom.list, value)
    elif value is None and (atom.map is not None or atom.list is not None):
        whole = atom.map.atomic if atom.map is not None else is_whole(atom.list)
        return MEMBER if whole else None
    return MEMBER


def is_whole(atom: ListAtom | None) -> bool:
    """Whether a list is taken as a whole."""
    return atom is not None and atom.relationship == ATOMIC


def _map_field_set(atom: MapAtom, value: Mapping[str, Any]) -> FieldSet | None:
    if atom.atomic:
        return MEMBER
    made: FieldSet = {}
    for name in sorted(value):
        inner = value[name]
        element, field = atom.field(name)
        node = _field_set(field, inner)
        if inner is None or inner == {} or name not in atom.names:
            node = with_self(node)
        if node is not None:
            made[element] = node
    return made or None


def _list_field_set(atom: ListAtom, value: Sequence[Any]) -> FieldSet | None:
    if atom.relationship == ATOMIC:
        return MEMBER
    made: FieldSet = {}
    for element, items in items_by_element(atom, value).items():
        made[element] = MEMBER if len(items) > 1 else with_self(_field_set(atom.element, items[0]))
    return _ordered(made) or None


def with_self(node: FieldSet | None) -> FieldSet:
    """The node with its own field in the set."""
    if not node:
        return MEMBER
    return node if SELF in node else {SELF: MEMBER, **node}


# --- comparing ----------------------------------------------------------------------------------------------


class Comparison(NamedTuple):
    """What differs between an old and a new value; no field is in two of the sets."""

    removed: FieldSet = EMPTY
    modified: FieldSet = EMPTY
    added: FieldSet = EMPTY

    @property
    def is_same(self) -> bool:
        """Nothing differs."""
        return not (self.removed or self.modified or self.added)

    def filtered(self, keep: Callable[[FieldSet], FieldSet]) -> Comparison:
        """The same of the fields that `keep` leaves."""
        return Comparison(keep(self.removed), keep(self.modified), keep(self.added))


SAME: Final = Comparison()

_SAME: Final[Nodes] = (None, None, None)
_MODIFIED: Final[Nodes] = (None, MEMBER, None)


def compare(atom: Atom, old: Any, new: Any) -> Comparison:
    """What differs between two values of one type."""
    if old is new:
        return SAME
    removed, modified, added = _compare(atom, old, new)
    if removed is None and modified is None and added is None:
        return SAME
    return Comparison(removed or EMPTY, modified or EMPTY, added or EMPTY)


def changed_leaves(
    atom: MapAtom, old: Mapping[str, Any], new: Mapping[str, Any], among: FieldSet
) -> int | None:
    """How many leaves have other values; None if anything else differs, or a leaf that is not `among` some.

    Most updates are such: somebody sets again what is his. It takes a fraction of `compare` to see it.
    """
    if old.keys() != new.keys():
        return None
    count = 0
    for name, after in new.items():
        before = old[name]
        if before is after:
            continue
        element, field = atom.field(name)
        if field.leaf:
            if before != after:
                node = among.get(element)
                if node is None or not fs.is_member(node):
                    return None
                count += 1
        elif field.map is not None and isinstance(before, dict) and isinstance(after, dict):
            inner = changed_leaves(field.map, before, after, among.get(element) or EMPTY)
            if inner is None:
                return None
            count += inner
        elif before != after:
            return None
    return count


def _compare(atom: Atom, old: Any, new: Any) -> Nodes:
    if old is new or old == new:
        return _SAME
    old_kind, new_kind = kind_of(atom, old), kind_of(atom, new)
    nodes = _compare_as(new_kind, atom, old, new)
    if old_kind != new_kind:
        other = _compare_as(old_kind, atom, old, new)
        nodes = (_either(other[0], nodes[0]), _either(other[1], nodes[1]), _either(other[2], nodes[2]))
    return nodes


def _either(one: FieldSet | None, other: FieldSet | None) -> FieldSet | None:
    if one is None or other is None:
        return one if other is None else other
    if not one or not other:
        return with_self(one or other)
    return fs.union(one, other)


def kind_of(atom: Atom, value: Any) -> str:
    """As which of its kinds an atom treats a value; any that it has if the value is none of them."""
    if isinstance(value, dict):
        if atom.map is not None:
            return "map"
    elif isinstance(value, list):
        if atom.list is not None:
            return "list"
    elif value is not None and atom.scalar:
        return "scalar"
    return "map" if atom.map is not None else "scalar" if atom.scalar else "list"


def _compare_as(kind: str, atom: Atom, old: Any, new: Any) -> Nodes:
    if kind == "map" and atom.map is not None:
        return _compare_maps(
            atom.map, old if isinstance(old, dict) else EMPTY, new if isinstance(new, dict) else EMPTY
        )
    if kind == "list" and atom.list is not None:
        olds = old if isinstance(old, list) else []
        news = new if isinstance(new, list) else []
        if atom.list.relationship == ATOMIC or not (olds or news):
            return _MODIFIED
        return _compare_lists(atom.list, olds, news)
    return _MODIFIED


def _compare_maps(atom: MapAtom, old: Mapping[str, Any], new: Mapping[str, Any]) -> Nodes:
    if atom.atomic or not (old or new):
        return _MODIFIED
    pairs = atom.pairs
    if pairs is not None and (found := pairs.get((id(old), id(new)))) is not None:
        return found[2]
    nodes = _compare_fields(atom, old, new)
    return nodes if pairs is None else atom.remember_pair(old, new, nodes)


def _compare_fields(atom: MapAtom, old: Mapping[str, Any], new: Mapping[str, Any]) -> Nodes:
    removed: FieldSet = {}
    modified: FieldSet = {}
    added: FieldSet = {}
    names = [name for name, value in new.items() if value is not old.get(name, ABSENT)]
    names += [name for name in old if name not in new]
    names.sort()
    for name in names:
        before, after = old.get(name, ABSENT), new.get(name, ABSENT)
        element, field = atom.field(name)
        if before is ABSENT:
            added[element] = MEMBER if field.leaf else all_fields(field, after)
        elif after is ABSENT:
            removed[element] = MEMBER if field.leaf else all_fields(field, before)
        elif field.leaf:
            if before != after:
                modified[element] = MEMBER
        else:
            gone, changed, come = _compare(field, before, after)
            if gone is not None:
                removed[element] = gone
            if changed is not None:
                modified[element] = changed
            if come is not None:
                added[element] = come
    return removed or None, modified or None, added or None


def _compare_lists(atom: ListAtom, old: Sequence[Any], new: Sequence[Any]) -> Nodes:
    olds, news = items_by_element(atom, old), items_by_element(atom, new)
    removed: FieldSet = {}
    modified: FieldSet = {}
    added: FieldSet = {}
    for element in olds.keys() | news.keys():
        before, after = olds.get(element, []), news.get(element, [])
        if len(before) <= 1 and len(after) <= 1:
            if not before:
                added[element] = all_fields(atom.element, after[0])
            elif not after:
                removed[element] = all_fields(atom.element, before[0])
            else:
                gone, changed, come = _compare(atom.element, before[0], after[0])
                if gone is not None:
                    removed[element] = gone
                if changed is not None:
                    modified[element] = changed
                if come is not None:
                    added[element] = come
        elif len(before) > 1 and len(after) > 1:
            if before != after:
                modified[element] = MEMBER
        elif len(before) > 1:
            if after:
                added[element] = all_fields(atom.element, after[0])
            removed[element] = MEMBER
        else:
            if before:
                removed[element] = all_fields(atom.element, before[0])
            added[element] = MEMBER
    return _ordered(removed) or None, _ordered(modified) or None, _ordered(added) or None


def all_fields(atom: Atom, value: Any) -> FieldSet:
    """A node with the value's own field and all below it: what is added or removed with it."""
    if isinstance(value, dict):
        inner = atom.map
        if inner is None or inner.atomic or not value:
            return MEMBER
        if inner.shared is not None and (found := inner.shared.get(id(value))) is not None:
            return found[1]
        if (flat := inner.all_leaves(tuple(value))) is not None:
            return flat
        made = {SELF: MEMBER}
        for name in sorted(value):
            element, field = inner.field(name)
            below = value[name]
            made[element] = MEMBER if field.leaf else all_fields(field, below)
        return made if inner.shared is None else inner.remember(value, made)
    if isinstance(value, list):
        items = atom.list
        if items is None or items.relationship == ATOMIC or not value:
            return MEMBER
        made = {SELF: MEMBER}
        for element, each in items_by_element(items, value).items():
            made[element] = MEMBER if len(each) > 1 else all_fields(items.element, each[0])
        return _ordered(made)
    return MEMBER


# --- sets under a type --------------------------------------------------------------------------------------


def with_named_fields(atom: Atom, fields: FieldSet) -> FieldSet:
    """The set with the fields of structs that are only on the way to others."""
    made = {}
    changed = False
    for element, node in fields.items():
        below = node
        if node:
            inner = _atom_below(atom, element)
            below = with_named_fields(inner, node) if inner is not None else node
            if SELF not in below and atom.map is not None and element[:2] == "f:":
                below = {SELF: MEMBER, **below} if element[2:] in atom.map.names else below
        made[element] = below
        changed = changed or below is not node
    return made if changed else fields


def _atom_below(atom: Atom, element: str) -> Atom | None:
    if element[:2] == "f:":
        name = element[2:]
        if atom.map is None or not atom.map.knows(name):
            return None
        return atom.map.field(name)[1]
    return atom.list.element if atom.list is not None else None


def reconciled(atom: Atom, fields: FieldSet) -> FieldSet:
    """The set after its type changed: of what became atomic, whoever owned a part owns all.

    Parts that were atomic and now merge need nothing: owning the whole is then owning the list or map itself.
    """
    made = {}
    changed = False
    for element, node in fields.items():
        new = node
        if node and element != SELF:
            inner = _atom_below(atom, element)
            if inner is not None:
                new = MEMBER if _became_atomic(inner) else reconciled(inner, node)
        made[element] = new
        changed = changed or new is not node
    return made if changed else fields


def _became_atomic(atom: Atom) -> bool:
    return atom.single and atom.leaf and not atom.scalar

"""Sets of fields of an object, as `managedFields` hold them.

A set is kept in the very form in which Kubernetes writes it, `fieldsV1`: a tree of JSON objects whose keys
are path elements (`f:name` a field, `k:{…}` an item of a list by its keys, `v:…` an item by its value, `i:0`
an item by its index). `{}` under an element says that the field there is in the set; if something below it is
in the set, too, the key `.` says so. Nothing has to be decoded or encoded, and parts of sets are shared
between objects. Sets are never mutated.

Invariant: elements stand in Kubernetes' order (fields, keys, values, indices, each in its own order), `.`
first; there is no object without members but a member itself and the empty set.
Source: sigs.k8s.io/structured-merge-diff, fieldpath (set.go, element.go, serialize.go, serialize-pe.go).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson

FieldSet: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str, ...]
"""Path elements from the root."""

SELF: Final = "."
EMPTY: Final[FieldSet] = {}
MEMBER: Final[FieldSet] = {}
"""What stands under an element that is in the set, with nothing below it."""

ANY: Final = "*"
"""In a pattern: any element."""

_ELEMENTS_MAX: Final = 512
_HTML: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class FieldSetError(ValueError):
    """A text that is no path element, or a tree that is no set."""


# --- path elements ------------------------------------------------------------------------------------------


def go_json(value: Any) -> str:
    """A value as Go writes it in JSON: without blanks, keys sorted, HTML escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if any(char in text for char in _HTML):
        for char, escape in _HTML.items():
            text = text.replace(char, escape)
    return text


@lru_cache(_ELEMENTS_MAX)
def _text_element(value: str) -> str:
    return "v:" + go_json(value)


def value_element(value: Any) -> str:
    """The element of an item of a set."""
    return _text_element(value) if isinstance(value, str) else "v:" + go_json(value)


def key_element(keys: tuple[tuple[str, Any], ...]) -> str:
    """The element of an item of a list of type map: its keys and their values, sorted by name."""
    try:
        return _key_element(keys)
    except TypeError:  # a value that is no scalar
        return _new_key_element(keys)


def _new_key_element(keys: tuple[tuple[str, Any], ...]) -> str:
    return "k:{" + ",".join(f"{go_json(name)}:{go_json(value)}" for name, value in keys) + "}"


_key_element = lru_cache(_ELEMENTS_MAX, typed=True)(_new_key_element)


@lru_cache(_ELEMENTS_MAX)
def order(element: str) -> tuple[Any, ...]:
    """Where an element stands among others: compare these."""
    kind, rest = element[:2], element[2:]
    match kind:
        case "f:":
            return (1, rest)
        case "k:":
            keys = json.loads(rest)
            return (2, *((name, *_value_order(keys[name])) for name in sorted(keys)))
        case "v:":
            return (3, *_value_order(json.loads(rest)))
        case "i:":
            return (4, int(rest))
        case _:
            return (0, element)


def _value_order(value: Any) -> tuple[Any, ...]:
    match value:
        case bool():
            return (2, value)
        case int() | float():
            return (0, value)
        case str():
            return (1, value)
        case None:
            return (4, 0)
        case _:
            return (3, go_json(value))


@lru_cache(_ELEMENTS_MAX)
def shown(element: str) -> str:
    """An element as errors show it: `.name`, `[name="c"]`, `[="x"]`, `[0]`."""
    kind, rest = element[:2], element[2:]
    match kind:
        case "f:":
            return f".{rest}"
        case "k:":
            keys = json.loads(rest)
            return "[" + ",".join(f"{name}={_shown_value(keys[name])}" for name in sorted(keys)) + "]"
        case "v:":
            return f"[={_shown_value(json.loads(rest))}]"
        case _:
            return f"[{rest}]"


def _shown_value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def shown_path(path: Path) -> str:
    """A path as errors show it: `.spec.containers[name="c"].image`."""
    return "".join(map(shown, path))


@lru_cache(_ELEMENTS_MAX)
def _canonical(element: str) -> str:
    """The element as Kubernetes itself would write it; empty for one of an unknown sort.

    Raises:
        FieldSetError: It is none.
    """
    if element == SELF:
        return element
    if len(element) < 2:
        msg = "parsing key as path element: key must be 2 characters long:"
        raise FieldSetError(msg)
    kind, rest = element[0], element[2:]
    if element[1] != ":":
        msg = f"parsing key as path element: missing colon: {element}"
        raise FieldSetError(msg)
    try:
        match kind:
            case "f":
                return element
            case "k":
                keys = json.loads(rest)
                if not isinstance(keys, dict):
                    msg = f"parsing key as path element: expected an object: {element}"
                    raise FieldSetError(msg)
                return key_element(tuple(sorted(keys.items())))
            case "v":
                return value_element(json.loads(rest))
            case "i":
                return f"i:{int(rest)}"
            case _:
                return ""
    except ValueError as error:
        if isinstance(error, FieldSetError):
            raise
        msg = f"parsing key as path element: {error}"
        raise FieldSetError(msg) from error


# --- sharing ------------------------------------------------------------------------------------------------


class Shared:
    """Makes equal sets the same: most objects of a kind are owned alike.

    A set of a status is shared part by part, since it names addresses and the like, which differ.
    """

    def __init__(self, entries_max: int = 512) -> None:
        self._entries_max = entries_max
        self._nodes: dict[bytes, FieldSet] = {}
        self._sets: dict[tuple[Any, ...], FieldSet] = {}
        self._known: dict[int, FieldSet] = {}

    def __repr__(self) -> str:
        return f"<Shared {len(self._nodes)} nodes, {len(self._sets)} sets>"

    def __call__(self, fields: FieldSet) -> FieldSet:
        """The set; a former one that is equal, if it is known."""
        if id(fields) in self._known:
            return fields
        parts = {
            element: {inner: self._node(below) for inner, below in node.items()}
            if element == "f:status"
            else self._node(node)
            for element, node in fields.items()
        }
        key = tuple((element, id(node)) for element, node in parts.items())
        found = self._sets.get(key)
        if found is None:
            if "f:status" in parts:
                return parts
            found = _kept(self._sets, key, parts, self._entries_max)
        return _kept(self._known, id(found), found, self._entries_max)

    def _node(self, node: FieldSet) -> FieldSet:
        if not node:
            return MEMBER
        text = orjson.dumps(node)
        found = self._nodes.get(text)
        if found is None:  # the text is copied to its exact size: the encoder gives a larger one
            found = _kept(self._nodes, bytes(memoryview(text)), node, self._entries_max)
        return found


def _kept(kept: dict[Any, FieldSet], key: Any, fields: FieldSet, entries_max: int) -> FieldSet:
    if len(kept) >= entries_max:
        del kept[next(iter(kept))]
    kept[key] = fields
    return fields


# --- reading ------------------------------------------------------------------------------------------------


def read(fields: Any) -> FieldSet:
    """The set which `fieldsV1` of a client says, in canonical form.

    Raises:
        FieldSetError: It says none.
    """
    if not isinstance(fields, dict):
        msg = f"expected an object, got {go_json(fields)}"
        raise FieldSetError(msg)
    return _read(fields, root=True) or EMPTY


def _read(fields: Mapping[str, Any], *, root: bool) -> FieldSet | None:
    """A node; None if it holds no member."""
    if not fields:
        return None if root else MEMBER
    made: FieldSet = {}
    for element, below in fields.items():
        text = _canonical(element)
        if not text or (text == SELF and root):
            continue
        if not isinstance(below, dict):
            msg = f"expected an object under {element}"
            raise FieldSetError(msg)
        node = MEMBER if text == SELF else _read(below, root=False)
        if node is not None:
            made[text] = node
    if len(made) == 1 and SELF in made:
        return MEMBER
    return in_order(made) if made else None


def in_order(node: FieldSet) -> FieldSet:
    """A node with its elements in order; fields alone are so when their texts are."""
    elements = sorted(node)
    if elements and elements[-1] >= "g" and len(elements) > 1 + (elements[0] == SELF):
        elements.sort(key=order)  # there are keys, values or indices, whose texts sort otherwise
    return {element: node[element] for element in elements}


def of_paths(*paths: Path) -> FieldSet:
    """The set of these paths."""
    made: FieldSet = EMPTY
    for path in paths:
        node = MEMBER
        for element in reversed(path):
            node = {element: node}
        made = union(made, node)
    return made


def field_path(*names: str) -> Path:
    """The path through fields of these names."""
    return tuple(f"f:{name}" for name in names)


def has(fields: FieldSet, path: Path) -> bool:
    """Whether the field at a path is in the set itself."""
    node: Any = fields
    for element in path:
        node = node.get(element)
        if node is None:
            return False
    return bool(path) and is_member(node)


def is_member(node: FieldSet) -> bool:
    """Whether a node says that its own field is in the set."""
    return not node or SELF in node


def below(fields: FieldSet, element: str) -> FieldSet:
    """What of the set is below an element, as a set of its own."""
    node: FieldSet | None = fields.get(element)
    if not node:
        return EMPTY
    return {key: value for key, value in node.items() if key != SELF} if SELF in node else node


def paths(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """The paths in the set: those of one level before those below."""
    for element, node in fields.items():
        if element != SELF and is_member(node):
            yield (*prefix, element)
    for element, node in fields.items():
        if node:
            yield from paths(node, (*prefix, element))


# --- algebra ------------------------------------------------------------------------------------------------


def union(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in either set."""
    if not other or one is other:
        return one
    return _merged(one, other) if one else other


def _merged(one: FieldSet, other: FieldSet) -> FieldSet:
    """The union of two nodes of which neither is a mere member."""
    changed: FieldSet = {}
    added = False
    for element, node in other.items():
        mine = one.get(element)
        if mine is None:
            changed[element] = node
            added = True
        elif mine is not node:
            both = _union_node(mine, node)
            if both is not mine:
                changed[element] = both
    if not changed:
        return one
    merged = {**one, **changed}
    return in_order(merged) if added else merged


def _union_node(one: FieldSet, other: FieldSet) -> FieldSet:
    if not other:
        return one if is_member(one) else {SELF: MEMBER, **one}
    if not one:
        return other if SELF in other else {SELF: MEMBER, **other}
    return _merged(one, other)


def difference(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in the first set and not in the other; a field in the other does not take those below it."""
    if not other:
        return one
    return _difference(one, other, root=True) or EMPTY


def _difference(one: FieldSet, other: FieldSet, *, root: bool = False) -> FieldSet | None:
    """A node; None if nothing is left of it."""
    if one is other:
        return None
    member = not root and is_member(one)
    stays = member and not is_member(other)
    kept: FieldSet = {}
    same = stays == member
    for element, node in one.items():
        if element == SELF:
            continue
        theirs = other.get(element)
        left = node if theirs is None else _difference(node, theirs)
        if left is not None:
            kept[element] = left
        same = same and left is node
    if same:
        return one
    if stays:
        return {SELF: MEMBER, **kept} if kept else MEMBER
    return kept or None


def recursive_difference(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in the first set, less the fields in the other and all below them."""
    if not other:
        return one
    kept: FieldSet = {}
    for element, node in one.items():
        theirs = other.get(element)
        if theirs is None:
            kept[element] = node
        elif not is_member(theirs):
            left = recursive_difference(node, theirs) if node else node
            if left or not node:
                kept[element] = MEMBER if len(left) == 1 and SELF in left else left
    return one if len(kept) == len(one) and all(kept[e] is node for e, node in one.items()) else kept


def intersection(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in both sets."""
    if not one or not other:
        return EMPTY
    return _intersection(one, other, root=True) or EMPTY


def _intersection(one: FieldSet, other: FieldSet, *, root: bool = False) -> FieldSet | None:
    if one is other:
        return one
    member = not root and is_member(one) and is_member(other)
    kept: FieldSet = {}
    for element, node in one.items():
        if element == SELF:
            continue
        theirs = other.get(element)
        if theirs is not None:
            both = _intersection(node, theirs)
            if both is not None:
                kept[element] = both
    if member:
        return {SELF: MEMBER, **kept} if kept else MEMBER
    return kept or None


def matching(fields: FieldSet, patterns: Sequence[Path]) -> FieldSet:
    """What of the set a pattern matches: what is on the way to it, and all that is below.

    Args:
        fields: The set.
        patterns: Paths in which `ANY` stands for any element.
    """
    made = EMPTY
    for pattern in patterns:
        made = union(made, _matching(fields, pattern) or EMPTY)
    return made


def _matching(node: FieldSet, pattern: Path) -> FieldSet | None:
    if not pattern:
        return node
    first, rest = pattern[0], pattern[1:]
    kept: FieldSet = {}
    for element, inner in node.items():
        if element == SELF:
            kept[SELF] = MEMBER
        elif first in {ANY, element}:
            left = _matching(inner, rest) if inner else inner
            if left is not None:
                kept[element] = left
    if len(kept) == 1 and SELF in kept:
        return MEMBER
    return kept or None

"""Strategic merge patch: a merge patch that knows which lists merge, and by what.

Source: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, Final

from kubelite.apimachinery.govalues import go_type, go_value
from kubelite.apimachinery.patch import PatchFormatError, PatchSyntaxError
from kubelite.apimachinery.schema import SchemaField, SchemaType
from kubelite.apimachinery.scheme import Object

DIRECTIVE: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
DELETE_ITEMS: Final = "$deleteFromPrimitiveList/"
ELEMENT_ORDER: Final = "$setElementOrder/"

Name = Callable[[Any], Any]
"""What a list item is told apart by: the value of its merge key, or the item itself."""


def strategic_merge_patch(obj: Object, patch: Mapping[str, Any], schema: SchemaType | None) -> Object:
    """What a strategic merge patch makes of an object.

    Args:
        obj: Not touched.
        patch: With any of the directives `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`,
            `$setElementOrder/…`.
        schema: The type of the object; None merges maps and replaces lists.

    Raises:
        PatchSyntaxError: A directive is wrong, or a list item lacks the merge key.
    """
    if not isinstance(patch, Mapping):
        raise PatchSyntaxError("json: cannot unmarshal array into Go value of type map[string]interface {}")
    return _merge_map(obj, patch, schema)


def _merge_map(
    base: Mapping[str, Any], patch: Mapping[str, Any], schema: SchemaType | None
) -> dict[str, Any]:
    match patch.get(DIRECTIVE):
        case "replace":
            return {key: value for key, value in patch.items() if key != DIRECTIVE}
        case "delete":
            return {}
        case None | "merge":
            pass
        case directive:
            raise _unknown(directive, patch)
    merged = _retained(base, patch)
    directives = [key for key in patch if key[:1] == "$" and _is_directive_key(key)]
    for key, value in patch.items():
        if key in directives:
            continue
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict | list):
            field = schema.fields.get(key) if schema else None
            order = patch.get(ELEMENT_ORDER + key) if directives else None
            merged[key] = _merge_value(merged.get(key), value, field, order)
        else:
            merged[key] = value
    for key in directives:
        if key.startswith(ELEMENT_ORDER):
            name = key.removeprefix(ELEMENT_ORDER)
            if name not in patch and isinstance(items := merged.get(name), list):
                field = schema.fields.get(name) if schema else None
                merged[name] = _arranged(items, _order(patch[key], field), items, _naming(field))
    for key in directives:
        value, name = patch[key], key.removeprefix(DELETE_ITEMS)
        if key.startswith(DELETE_ITEMS) and isinstance(value, list) and isinstance(base.get(name), list):
            added = patch.get(name) or ()
            merged[name] = [item for item in merged.get(name) or () if item not in value or item in added]
    return merged


def _is_directive_key(key: str) -> bool:
    return key in {DIRECTIVE, RETAIN_KEYS} or key.startswith((DELETE_ITEMS, ELEMENT_ORDER))


def _retained(base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """What `$retainKeys` leaves of an object, as a new one.

    Raises:
        PatchSyntaxError: It is no list of texts, or the patch sets what is not in it.
    """
    if RETAIN_KEYS not in patch:
        return dict(base)
    retained = patch[RETAIN_KEYS]
    directives = (DIRECTIVE, RETAIN_KEYS, DELETE_ITEMS, ELEMENT_ORDER)
    if not isinstance(retained, list) or any(
        value is not None and key not in retained and not key.startswith(directives)
        for key, value in patch.items()
    ):
        raise PatchFormatError("invalid patch format of retainKeys")
    return {key: value for key, value in base.items() if key in retained}


def _merge_value(base: Any, value: Any, field: SchemaField | None, order: Any) -> Any:
    if isinstance(value, dict):
        before = base if isinstance(base, dict) else {}
        inner = field.struct if field is not None and field.shape in {"struct", "map"} else None
        if inner is not None and field is not None and field.shape == "map":
            return _merge_map_of(before, value, inner)
        return _merge_map(before, value, inner)
    if isinstance(value, list) and field is not None and field.merges:
        return _merge_list(base if isinstance(base, list) else [], value, field, order)
    return _without_directives(value)


def _merge_map_of(base: Mapping[str, Any], patch: Mapping[str, Any], inner: SchemaType) -> dict[str, Any]:
    """A map from text to structs of one type."""
    if DIRECTIVE in patch or RETAIN_KEYS in patch:
        return _merge_map(base, patch, None)
    merged = dict(base)
    for key, value in patch.items():
        before = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _merge_map(before if isinstance(before, dict) else {}, value, inner)
        else:
            merged[key] = value
    return merged


def _without_directives(value: Any) -> Any:
    """What is merged with nothing: nulls and directives are gone; the same tree if it had none."""
    if isinstance(value, dict):
        kept = {
            key: _without_directives(inner) if isinstance(inner, dict | list) else inner
            for key, inner in value.items()
            if inner is not None and key != DIRECTIVE
        }
        same = len(kept) == len(value) and all(value[key] is inner for key, inner in kept.items())
        return value if same else kept
    if isinstance(value, list):
        items = [item for item in value if not (isinstance(item, dict) and DIRECTIVE in item)]
        return [_without_directives(item) if isinstance(item, dict | list) else item for item in items]
    return value


# --- lists that merge -------------------------------------------------------------------------------------


def _merge_list(base: Sequence[Any], patch: Sequence[Any], field: SchemaField, order: Any) -> list[Any]:
    """A list merged with a patch, in the order of `$setElementOrder`, else of the patch's own items."""
    kinds = {_kind(item) for item in base} | {_kind(item) for item in patch}
    if len(kinds) > 1:
        raise PatchSyntaxError(f"list element types are not identical: [{go_value(base)} {go_value(patch)}]")
    if kinds != {dict} and kinds and field.merge_key:
        return [*base, *patch]  # what they are is wrong, but that is for whoever decodes the result to say
    name, kept = _naming(field), [item for item in patch if not _is_directive(item)]
    if field.merge_key:
        _check_merge_key(kept, field.merge_key)
    wanted = _order(order, field) if order is not None else None
    if wanted is not None:
        _check_order(kept, wanted, name)
    if not field.merge_key:
        added = [item for at, item in enumerate(kept) if item not in base and item not in kept[:at]]
        return _arranged([*base, *added], kept if wanted is None else wanted, base, name)
    left = _after_directives(base, patch, field.merge_key)
    if not left and wanted is None:
        return _merge_items(left, kept, field)
    merged = _merge_items(left, kept, field)
    return _arranged(merged, kept, left, name) if wanted is None else _arranged(merged, wanted, base, name)


def _after_directives(base: Sequence[Any], patch: Sequence[Any], merge_key: str) -> list[Any]:
    """The items that the directives among a patch's items leave."""
    left = [] if any(_is_directive(item, "replace") for item in patch) else list(base)
    for item in patch:
        if not _is_directive(item) or item[DIRECTIVE] == "replace":
            continue
        if item[DIRECTIVE] == "merge":
            raise PatchSyntaxError("merging lists cannot yet be specified in the patch")
        if item[DIRECTIVE] != "delete":
            raise _unknown(item[DIRECTIVE], item)
        _check_merge_key([item], merge_key)
        left = [each for each in left if each.get(merge_key) != item[merge_key]]
    return left


def _merge_items(items: Sequence[Any], patch: Sequence[Any], field: SchemaField) -> list[Any]:
    merge_key, inner, merged = field.merge_key, field.struct, list(items)
    for item in patch:
        mine = item[merge_key]
        for at, each in enumerate(merged):
            if each.get(merge_key) == mine:
                merged[at] = _merge_map(each, item, inner)
                break
        else:
            merged.append(_merge_map({}, item, inner))
    return merged


def _arranged(items: Sequence[Any], order: Sequence[Any], before: Sequence[Any], name: Name) -> list[Any]:
    """Items in the order that a patch gives some of them; the others keep theirs.

    Both keep their own order; an item that the patch does not name goes before the next named one only if it
    stood before that one already.
    """
    wanted, former = _places(order, name), _places(before, name)
    named: list[tuple[int, Any, Any]] = []
    others: list[tuple[int, Any]] = []
    for item in items:
        mine = _place_name(name(item))
        place = wanted.get(mine)
        if place is None:
            others.append((former.get(mine, len(before)), item))
        else:
            named.append((place, mine, item))
    if not others and not any(one[0] > other[0] for one, other in pairwise(named)):
        return list(items)
    named.sort(key=itemgetter(0))
    others.sort(key=itemgetter(0))
    made: list[Any] = []
    at = 0
    for _, mine, item in named:
        until = former.get(mine, -1)
        while at < len(others) and others[at][0] < until:
            made.append(others[at][1])
            at += 1
        made.append(item)
    return made + [item for _, item in others[at:]]


def _places(items: Sequence[Any], name: Name) -> dict[Any, int]:
    """Where the first item of each name stands."""
    places: dict[Any, int] = {}
    for at, item in enumerate(items):
        places.setdefault(_place_name(name(item)), at)
    return places


def _place_name(name: Any) -> Any:
    """A name by which an item is told apart, as a key: lists and maps by their text."""
    return go_value(name) if isinstance(name, dict | list) else name


def _naming(field: SchemaField | None) -> Name:
    merge_key = field.merge_key if field is not None else ""
    return lambda item: item.get(merge_key) if merge_key and isinstance(item, dict) else item


def _order(order: Any, field: SchemaField | None) -> list[Any]:
    if not isinstance(order, list):
        raise PatchSyntaxError(f"expected a []interface {{}}, but received a {go_type(order)}")
    if field is not None and field.merge_key:
        for index, item in enumerate(order):
            if not isinstance(item, dict):
                raise PatchSyntaxError(f"value for key {index} is not a map")
        _check_merge_key(order, field.merge_key)
    return order


def _check_order(patch: Sequence[Any], order: Sequence[Any], name: Name) -> None:
    """Refuses a patch whose items do not stand in its own `$setElementOrder`, in that order."""
    rest = iter([name(item) for item in order])
    if not all(any(each == name(item) for each in rest) for item in patch):
        raise PatchSyntaxError(
            f"The order in patch list:\n{go_value(patch)}\n doesn't match $setElementOrder list:\n"
            f"{go_value(order)}\n"
        )


def _check_merge_key(items: Iterable[Mapping[str, Any]], merge_key: str) -> None:
    for item in items:
        if merge_key not in item:
            raise PatchSyntaxError(f"map: {go_value(item)} does not contain declared merge key: {merge_key}")


def _is_directive(item: Any, directive: str | None = None) -> bool:
    return isinstance(item, dict) and DIRECTIVE in item and directive in {None, _hashable(item[DIRECTIVE])}


def _hashable(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _unknown(directive: Any, item: Mapping[str, Any]) -> PatchSyntaxError:
    text = directive if isinstance(directive, str) else go_value(directive)
    return PatchSyntaxError(f"unknown patch type: {text} in map: {go_value(item)}")


def _kind(value: Any) -> type:
    return dict if isinstance(value, dict) else type(value)

"""Strategic merge patch: a merge patch that knows which lists merge, and by what.

Source: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    for key, value in patch.items():
        if key in {DIRECTIVE, RETAIN_KEYS} or key.startswith((DELETE_ITEMS, ELEMENT_ORDER)):
            continue
        if value is None:
            merged.pop(key, None)
            continue
        field = schema.fields.get(key) if schema else None
        merged[key] = _merge_value(merged.get(key), value, field, patch.get(ELEMENT_ORDER + key))
    for key, value in patch.items():
        if key.startswith(ELEMENT_ORDER):
            name = key.removeprefix(ELEMENT_ORDER)
            if name not in patch and isinstance(items := merged.get(name), list):
                field = schema.fields.get(name) if schema else None
                merged[name] = _arranged(items, _order(value, field), items, _naming(field))
    for key, value in patch.items():
        name = key.removeprefix(DELETE_ITEMS)
        if key.startswith(DELETE_ITEMS) and isinstance(value, list) and isinstance(base.get(name), list):
            added = patch.get(name) or ()
            merged[name] = [item for item in merged.get(name) or () if item not in value or item in added]
    return merged


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
    if isinstance(value, Mapping):
        before = base if isinstance(base, Mapping) else {}
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
        elif isinstance(value, Mapping):
            merged[key] = _merge_map(before if isinstance(before, Mapping) else {}, value, inner)
        else:
            merged[key] = value
    return merged


def _without_directives(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _without_directives(inner)
            for key, inner in value.items()
            if key != DIRECTIVE and inner is not None
        }
    if isinstance(value, list):
        kept = [item for item in value if not (isinstance(item, Mapping) and DIRECTIVE in item)]
        return [_without_directives(item) for item in kept]
    return value


# --- lists that merge -------------------------------------------------------------------------------------


def _merge_list(base: Sequence[Any], patch: Sequence[Any], field: SchemaField, order: Any) -> list[Any]:
    """A list merged with a patch, in the order of `$setElementOrder`, else of the patch's own items."""
    if len({_kind(item) for item in [*base, *patch]}) > 1:
        raise PatchSyntaxError(f"list element types are not identical: [{go_value(base)} {go_value(patch)}]")
    if not all(isinstance(item, Mapping) for item in [*base, *patch]) and field.merge_key:
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
        for at, each in enumerate(merged):
            if each.get(merge_key) == item[merge_key]:
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
    wanted, former = [name(item) for item in order], [name(item) for item in before]
    named = sorted(
        (item for item in items if name(item) in wanted), key=lambda item: wanted.index(name(item))
    )
    others = [item for item in items if name(item) not in wanted]
    others.sort(key=lambda item: former.index(name(item)) if name(item) in former else len(former))
    made: list[Any] = []
    for item in named:
        mine = name(item)
        while others and mine in former and name(others[0]) in former[: former.index(mine)]:
            made.append(others.pop(0))
        made.append(item)
    return made + others


def _naming(field: SchemaField | None) -> Name:
    merge_key = field.merge_key if field is not None else ""
    return lambda item: item.get(merge_key) if merge_key and isinstance(item, Mapping) else item


def _order(order: Any, field: SchemaField | None) -> list[Any]:
    if not isinstance(order, list):
        raise PatchSyntaxError(f"expected a []interface {{}}, but received a {go_type(order)}")
    if field is not None and field.merge_key:
        for index, item in enumerate(order):
            if not isinstance(item, Mapping):
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
    return isinstance(item, Mapping) and DIRECTIVE in item and directive in {None, _hashable(item[DIRECTIVE])}


def _hashable(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _unknown(directive: Any, item: Mapping[str, Any]) -> PatchSyntaxError:
    text = directive if isinstance(directive, str) else go_value(directive)
    return PatchSyntaxError(f"unknown patch type: {text} in map: {go_value(item)}")


def _kind(value: Any) -> type:
    return dict if isinstance(value, Mapping) else type(value)

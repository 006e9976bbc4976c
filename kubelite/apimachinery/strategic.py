"""Strategic merge patch: a merge patch that knows which lists merge, and by what.

Source: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kubelite.apimachinery.patch import PatchSyntaxError
from kubelite.apimachinery.schema import SchemaField, SchemaType
from kubelite.apimachinery.scheme import Object

DIRECTIVE: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
DELETE_ITEMS: Final = "$deleteFromPrimitiveList/"
ELEMENT_ORDER: Final = "$setElementOrder/"


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
            raise PatchSyntaxError(f"Unknown patch type found: {directive}")
    merged = dict(base)
    if (retained := patch.get(RETAIN_KEYS)) is not None:
        if not isinstance(retained, list):
            raise PatchSyntaxError("invalid patch format of retainKeys")
        merged = {key: value for key, value in merged.items() if key in retained}
    for key, value in patch.items():
        if key in {DIRECTIVE, RETAIN_KEYS} or key.startswith((DELETE_ITEMS, ELEMENT_ORDER)):
            continue
        if value is None:
            merged.pop(key, None)
            continue
        merged[key] = _merge_value(
            merged.get(key), value, schema.fields.get(key) if schema else None, patch, key
        )
    for key, value in patch.items():
        if key.startswith(DELETE_ITEMS):
            name = key.removeprefix(DELETE_ITEMS)
            if name not in patch and isinstance(merged.get(name), list):
                merged[name] = [item for item in merged[name] if item not in value]
        elif key.startswith(ELEMENT_ORDER):
            name = key.removeprefix(ELEMENT_ORDER)
            if isinstance(merged.get(name), list) and name not in patch:
                field = schema.fields.get(name) if schema else None
                merged[name] = _ordered(merged[name], value, field.merge_key if field else "", base.get(name))
    return merged


def _merge_value(base: Any, value: Any, field: SchemaField | None, patch: Mapping[str, Any], key: str) -> Any:
    if isinstance(value, Mapping):
        inner = field.struct if field is not None and field.shape in {"struct", "map"} else None
        if field is not None and field.shape == "map":
            return _merge_map_of(base if isinstance(base, Mapping) else {}, value, inner)
        return _merge_map(base if isinstance(base, Mapping) else {}, value, inner)
    if isinstance(value, list) and field is not None and field.merges:
        order, deleted = patch.get(ELEMENT_ORDER + key), patch.get(DELETE_ITEMS + key) or ()
        items = base if isinstance(base, list) else []
        if field.merge_key:
            merged = _merge_items(items, value, field)
        else:
            kept = [item for item in items if item not in deleted]
            merged = kept + [
                item for index, item in enumerate(value) if item not in kept and item not in value[:index]
            ]
        return _ordered(merged, order, field.merge_key, base) if order is not None else merged
    return _without_directives(value)


def _merge_map_of(
    base: Mapping[str, Any], patch: Mapping[str, Any], inner: SchemaType | None
) -> dict[str, Any]:
    """A map from text: its values are structs of one type, or scalars."""
    if inner is None:
        return _merge_map(base, patch, None)
    if patch.get(DIRECTIVE) is not None or RETAIN_KEYS in patch:
        return _merge_map(base, patch, None)
    merged = dict(base)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_map(merged.get(key) or {}, value, inner)
    return merged


def _without_directives(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _without_directives(inner)
            for key, inner in value.items()
            if not key.startswith("$patch") and inner is not None
        }
    if isinstance(value, list):
        kept = [item for item in value if not (isinstance(item, Mapping) and DIRECTIVE in item)]
        return [_without_directives(item) for item in kept]
    return value


def _merge_items(items: Sequence[Any], patch: Sequence[Any], field: SchemaField) -> list[Any]:
    merge_key, inner = field.merge_key, field.struct
    directives = [item for item in patch if isinstance(item, Mapping) and DIRECTIVE in item]
    replaces = any(item[DIRECTIVE] == "replace" for item in directives)
    merged = [] if replaces else list(items)
    for item in directives:
        directive = item[DIRECTIVE]
        if directive == "delete":
            if merge_key not in item:
                raise PatchSyntaxError(f"map: {dict(item)} does not contain declared merge key: {merge_key}")
            merged = [
                each
                for each in merged
                if not (isinstance(each, Mapping) and each.get(merge_key) == item[merge_key])
            ]
        elif directive not in {"merge", "replace"}:
            raise PatchSyntaxError(f"Unknown patch type found: {directive}")
    for item in patch:
        if not isinstance(item, Mapping):
            raise PatchSyntaxError(f"expected map in list, got {type(item).__name__}")
        if item.get(DIRECTIVE) in {"delete", "replace"}:
            continue
        if merge_key not in item:
            raise PatchSyntaxError(f"map: {dict(item)} does not contain declared merge key: {merge_key}")
        at = next(
            (
                at
                for at, each in enumerate(merged)
                if isinstance(each, Mapping) and each.get(merge_key) == item[merge_key]
            ),
            None,
        )
        if at is None:
            merged.append(_merge_map({}, item, inner))
        else:
            merged[at] = _merge_map(merged[at], item, inner)
    return merged


def _ordered(items: Sequence[Any], order: Sequence[Any], merge_key: str, before: Any) -> list[Any]:
    """Items in the order that the patch asks for; those it does not name stay with their neighbours."""

    def name(item: Any) -> Any:
        return item.get(merge_key) if merge_key and isinstance(item, Mapping) else item

    wanted = [name(each) for each in order]
    named = sorted(
        (item for item in items if name(item) in wanted), key=lambda item: wanted.index(name(item))
    )
    former = [name(item) for item in before] if isinstance(before, list) else []
    result = list(named)
    for item in items:
        if name(item) in wanted:
            continue
        # Behind the nearest named item that stood before it, else at the front of what followed.
        place = former.index(name(item)) if name(item) in former else len(former)
        ahead = [each for each in former[:place] if any(name(done) == each for done in result)]
        at = 0
        if ahead:
            at = 1 + next(index for index, done in enumerate(result) if name(done) == ahead[-1])
        elif place == len(former):
            at = len(result)
        result.insert(at, item)
    return result

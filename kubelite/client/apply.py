"""`apply`: makes objects be as a manifest says.

It also takes back what an earlier manifest said and this one does not.

It is client-side apply as kubectl does it, with the same annotation, so that both can be used on one object.

Source: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from kubelite.api import facts
from kubelite.apimachinery import meta
from kubelite.apimachinery.apierrors import AlreadyExists, NotFound
from kubelite.apimachinery.schema import SchemaField, SchemaType
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.strategic import DELETE_ITEMS, ELEMENT_ORDER, RETAIN_KEYS
from kubelite.client.client import Client

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
FIELD_MANAGER: Final = "kubectl-client-side-apply"


async def apply_object(client: Client, resource: Resource, manifest: Object, namespace: str | None) -> Object:
    """Creates an object, or changes what differs from the manifest.

    Args:
        client: The door to the API server.
        resource: The manifest's.
        manifest: As the user wrote it.
        namespace: None for cluster-scoped kinds.

    Raises:
        APIError: The API server refuses.
    """
    wanted = _annotated(manifest, namespace)
    name = manifest["metadata"].get("name", "")
    if not name:
        return await client.create(resource, wanted, namespace)
    try:
        live = await client.get(resource, name, namespace)
    except NotFound:
        try:
            return await client.create(resource, wanted, namespace, field_manager=FIELD_MANAGER)
        except AlreadyExists:
            live = await client.get(resource, name, namespace)
    before = _last_applied(live)
    schema = facts.type_of(resource.api_version, resource.kind)
    patch = plan_patch(before, wanted, live, schema)
    if not patch:
        return live
    return await client.patch(
        resource,
        name,
        patch,
        namespace,
        patch_type="merge" if schema is None else "strategic",
        field_manager=FIELD_MANAGER,
    )


def _annotated(manifest: Object, namespace: str | None) -> Object:
    plain = meta.without(manifest, ("metadata", "annotations", LAST_APPLIED))
    if namespace:
        plain = meta.updated(plain, ("metadata", "namespace"), namespace)
    text = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    annotations = {**(plain["metadata"].get("annotations") or {}), LAST_APPLIED: text}
    return meta.updated(plain, ("metadata", "annotations"), annotations)


def _last_applied(live: Object) -> Object:
    text = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    if not text:
        return {}
    found: Object = orjson.loads(text)
    return found


def plan_patch(before: Any, wanted: Any, live: Any, schema: SchemaType | None) -> dict[str, Any]:
    """The strategic merge patch from the live object to the wanted one: pure.

    Args:
        before: The last manifest applied; what it has and `wanted` has not is deleted.
        wanted: The manifest.
        live: The object as it is; other people's fields in it are left alone.
        schema: How its lists merge; None replaces lists.
    """
    before = before if isinstance(before, Mapping) else {}
    live = live if isinstance(live, Mapping) else {}
    patch: dict[str, Any] = {key: None for key in before if key not in wanted and key in live}
    for key, value in wanted.items():
        field = schema.fields.get(key) if schema is not None else None
        if isinstance(value, Mapping):
            inner = plan_patch(before.get(key), value, live.get(key), field.struct if field else None)
            if inner or not isinstance(live.get(key), Mapping):
                patch[key] = _retaining(inner, value, field)
        elif isinstance(value, list) and field is not None and field.merges:
            patch |= _plan_list(key, before.get(key), value, live.get(key), field)
        elif live.get(key) != value:
            patch[key] = value
    return patch


def _retaining(patch: dict[str, Any], wanted: Mapping[str, Any], field: SchemaField | None) -> dict[str, Any]:
    """The patch of a union, such as a strategy of one of several types: what is not wanted goes."""
    if field is None or not field.retains_keys:
        return patch
    return {**patch, RETAIN_KEYS: sorted(key for key, value in wanted.items() if value is not None)}


def _plan_list(key: str, before: Any, wanted: list[Any], live: Any, field: SchemaField) -> dict[str, Any]:
    """The members of a patch that are about one list which merges."""
    if not field.merge_key:
        return _plan_values(key, before or (), wanted, live or ())
    name = field.merge_key

    def by_name(items: Any) -> dict[Any, Any]:
        return {each.get(name): each for each in items or () if isinstance(each, Mapping)}

    old, now, new = by_name(before), by_name(live), by_name(wanted)
    made: list[Any] = [{"$patch": "delete", name: item} for item in old if item not in new and item in now]
    for item, value in new.items():
        inner = plan_patch(old.get(item), value, now.get(item), field.struct)
        if item not in now:
            made.append(value)
        elif inner:
            made.append({name: item, **_retaining(inner, value, field)})
    return _ordered(key, made, [{name: item} for item in new], list(new), list(now))


def _plan_values(key: str, before: Sequence[Any], wanted: list[Any], live: Sequence[Any]) -> dict[str, Any]:
    """The same for a list of plain values that is a set."""
    gone = [each for each in before if each not in wanted and each in live]
    patch = _ordered(key, [each for each in wanted if each not in live], wanted, wanted, live)
    return {**patch, DELETE_ITEMS + key: gone} if gone else patch


def _ordered(
    key: str, made: list[Any], order: list[Any], wanted: Sequence[Any], live: Sequence[Any]
) -> dict[str, Any]:
    """Changes of a list, and the order that its items are to have; nothing if neither differs."""
    in_order = [each for each in live if each in wanted] == [each for each in wanted if each in live]
    if in_order and not made:
        return {}
    return {ELEMENT_ORDER + key: order, **({key: made} if made else {})}

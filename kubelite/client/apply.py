"""`apply`: makes objects be as a manifest says.

It also takes back what an earlier manifest said and this one does not.

It is client-side apply as kubectl does it, with the same annotation, so that both can be used on one object.

Source: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from kubelite.api import facts
from kubelite.apimachinery import meta
from kubelite.apimachinery.apierrors import AlreadyExists, NotFound
from kubelite.apimachinery.schema import SchemaField, SchemaType
from kubelite.apimachinery.scheme import Object, Resource
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
    patch_type = "strategic" if schema is not None else "merge"
    return await client.patch(
        resource,
        name,
        patch,
        namespace,
        patch_type="strategic" if patch_type == "strategic" else "merge",
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
                patch[key] = inner
        elif isinstance(value, list) and field is not None and field.merges and field.merge_key:
            items = _plan_items(before.get(key), value, live.get(key), field)
            if items:
                patch[key] = items
        elif live.get(key) != value:
            patch[key] = value
    return patch


def _plan_items(before: Any, wanted: list[Any], live: Any, field: SchemaField) -> list[Any]:
    name = field.merge_key

    def by_name(items: Any) -> dict[Any, Any]:
        return {each.get(name): each for each in items or () if isinstance(each, Mapping)}

    old, now, new = by_name(before), by_name(live), by_name(wanted)
    made: list[Any] = [{"$patch": "delete", name: key} for key in old if key not in new and key in now]
    for key, item in new.items():
        inner = plan_patch(old.get(key), item, now.get(key), field.struct)
        if key not in now:
            made.append(item)
        elif inner:
            made.append({name: key, **inner})
    return made

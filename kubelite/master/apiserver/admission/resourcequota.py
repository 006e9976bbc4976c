"""ResourceQuota: what would exceed a quota of its namespace is refused, what does not is charged at once.

A quota counts only once its controller has filled in its status: until then nothing that it limits is taken.

Source: k8s.io/apiserver/pkg/admission/plugin/resourcequota (controller.go, resource_access.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.api import quota
from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PODS, RESOURCEQUOTAS, SERVICES
from kubelite.apimachinery import quantity
from kubelite.apimachinery.quantity import Quantity
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.master.apiserver.admission.attributes import CREATE, UPDATE, Attributes, Plugin
from kubelite.master.apiserver.environment import Environment
from kubelite.master.store.entry import Entry
from kubelite.master.store.selection import everything_in

MANAGER: Final = "kube-apiserver"
_UPDATES: Final = {SERVICES: "", PERSISTENTVOLUMECLAIMS: "", PODS: "resize"}
"""Kinds of which an update may use more, and the endpoint at which it does."""


def _shown(amounts: Mapping[str, Quantity]) -> str:
    return ",".join(f"{name}={amounts[name]}" for name in sorted(amounts))


def _is_charged(attributes: Attributes) -> bool:
    if attributes.operation == CREATE:
        return bool(attributes.namespace) and not attributes.subresource
    return _UPDATES.get(attributes.resource) == attributes.subresource


def _validate(env: Environment, attributes: Attributes, obj: Object) -> None:
    if not _is_charged(attributes) or not env.store.count(RESOURCEQUOTAS):
        return
    entries = env.store.list(RESOURCEQUOTAS, everything_in(attributes.namespace)).entries
    if not entries:
        return
    resource, now = env.strategy(attributes.resource).storage, env.clock.now()
    if (
        attributes.operation == CREATE
        and env.get(resource, attributes.namespace, attributes.name) is not None
    ):
        return  # it will be refused for that
    usage = quota.usage_of(resource, obj, now)
    if attributes.old is not None:
        usage = quota.growth(usage, quota.usage_of(resource, attributes.old, now))
    charges = []
    for entry in entries:
        charged = _judge(attributes, resource, obj, usage, entry.object)
        if charged:
            charges.append((entry, charged))
    if not attributes.dry_run:
        for entry, charged in charges:
            _charge(env, entry, charged)


def _judge(
    attributes: Attributes, resource: Resource, obj: Object, usage: quota.Usage, found: Object
) -> dict[str, str]:
    """What of one quota is used afterwards, where that changes.

    Raises:
        Forbidden: That would be too much, or the pod does not say what it needs.
    """
    if not quota.applies(found, resource, obj):
        return {}
    name, status = found["metadata"]["name"], found.get("status") or {}
    hard = status.get("hard") or found["spec"].get("hard") or {}
    used: Mapping[str, str] = status.get("used") or {}
    if resource == PODS:
        silent = quota.missing(obj["spec"], hard)
        if silent:
            raise attributes.forbidden(f"failed quota: {name}: must specify {silent}")
    asked = {key: usage[key] for key in hard if key in usage}
    unknown = sorted(key for key in asked if key not in used)
    if unknown:
        why = f"status unknown for quota: {name}, resources: {','.join(unknown)}"
        raise attributes.forbidden(why)
    before = {key: quantity.parse(used[key]) for key in asked}
    limit = {key: quantity.parse(hard[key]) for key in asked}
    over = [key for key in asked if before[key] + asked[key] > limit[key]]
    if over:
        parts = (("requested", asked), ("used", before), ("limited", limit))
        told = ", ".join(f"{word}: {_shown({key: of[key] for key in over})}" for word, of in parts)
        raise attributes.forbidden(f"exceeded quota: {name}, {told}")
    return {key: str(before[key] + asked[key]) for key in asked if asked[key]}


def _charge(env: Environment, entry: Entry, charged: Mapping[str, str]) -> None:
    """Write what is used now."""
    strategy, old = env.strategy(RESOURCEQUOTAS), entry.object
    status = {**old["status"], "used": {**old["status"]["used"], **charged}}
    new = {**old, "status": status}
    new = env.field_managers.updated(strategy, old, new, new, MANAGER, env.now_text(), "status")
    env.store.update(RESOURCEQUOTAS, entry, new)


PLUGIN: Final = Plugin(name="ResourceQuota", resources=None, validate=_validate)
UPDATE_PLUGIN: Final = Plugin(
    name="ResourceQuota",
    resources=frozenset(resource.group_resource for resource in _UPDATES),
    operations=frozenset({UPDATE}),
    subresources=frozenset(_UPDATES.values()),
    validate=_validate,
)

"""Which pods belong together: those of the same Services and the same controller. Pure but for the listers.

Source: pkg/scheduler/framework/plugins/helper/spread.go (DefaultSelector).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kubelite.api.resources import REPLICASETS, REPLICATIONCONTROLLERS, SERVICES, STATEFULSETS
from kubelite.apimachinery import meta
from kubelite.apimachinery.labels import EVERYTHING, Selector, from_label_selector, from_set
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.serviceindex import selecting
from kubelite.scheduler.framework import Lister
from kubelite.scheduler.podinfo import PodInfo

OWNERS: Final[Mapping[tuple[str, str], Resource]] = {
    ("v1", "ReplicationController"): REPLICATIONCONTROLLERS,
    ("apps/v1", "ReplicaSet"): REPLICASETS,
    ("apps/v1", "StatefulSet"): STATEFULSETS,
}


def owner_resource(pod: Object) -> tuple[Resource, str] | None:
    """Kind and name of the controller of a pod, if it is of a kind that spreads its pods."""
    owner = meta.controller_of(pod)
    if owner is None:
        return None
    resource = OWNERS.get((owner.get("apiVersion") or "", owner["kind"]))
    return None if resource is None else (resource, owner["name"])


def sibling_selector(info: PodInfo, lister: Callable[[Resource], Lister]) -> Selector:
    """What selects a pod and those that it belongs together with; it is empty if there are none."""
    together: dict[str, str] = {}
    if info.labels:
        for service in selecting(info.labels, info.namespace, lister(SERVICES)):
            together.update(service["spec"]["selector"])
    found = owner_resource(info.pod)
    owner = lister(found[0]).get(info.namespace, found[1]) if found is not None else None
    if owner is None:
        return from_set(together) if together else EVERYTHING
    if found is not None and found[0] == REPLICATIONCONTROLLERS:
        return from_set({**together, **(owner["spec"].get("selector") or {})})
    selector = from_label_selector(owner["spec"].get("selector"))
    if selector.nothing:
        return from_set(together)
    if not together:
        return selector
    return Selector((*from_set(together).requirements, *selector.requirements))

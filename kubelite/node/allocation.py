"""Resizing a pod that runs: its containers keep what they were given until the node has what they now want.

Source: k8s.io/kubernetes/pkg/kubelet/allocation/allocation_manager.go; KEP-1287.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from kubelite.api import podutil
from kubelite.api.resourcelist import Amounts, amount
from kubelite.apimachinery.scheme import Object

INFEASIBLE: Final = "Infeasible"
DEFERRED: Final = "Deferred"
_RESIZED: Final = ("cpu", "memory")
_FIELDS: Final = ("containers", "initContainers")


def resources_of(spec: Object) -> dict[str, Object]:
    """The resources of a pod's containers, by their names."""
    return {
        container["name"]: container.get("resources") or {}
        for field in _FIELDS
        for container in spec.get(field) or ()
    }


def with_resources(spec: Object, resources: Mapping[str, Object]) -> Object:
    """The spec with the resources that its containers were given before."""
    changed = dict(spec)
    for field in _FIELDS:
        if spec.get(field):
            changed[field] = [
                {**container, "resources": resources.get(container["name"], container.get("resources") or {})}
                for container in spec[field]
            ]
    return changed


def is_resized(new: Object, given: Mapping[str, Object]) -> bool:
    """Whether a pod's containers want other resources than they were given."""
    return resources_of(new) != given


def refusal(
    spec: Object, used: Mapping[str, int], own: Amounts, has: Mapping[str, str]
) -> tuple[str, str] | None:
    """Why a node cannot give a pod what it now wants: (reason, message); None if it can.

    Args:
        spec: What the pod wants.
        used: What all pods of the node were given.
        own: What this one of them was given.
        has: What the node has.
    """
    wants = podutil.requests(spec)
    for resource in _RESIZED:
        total, wanted = amount(resource, has.get(resource, "0")), wants.get(resource, 0)
        if wanted > total:
            numbers = f"requested: {wanted}, capacity: {total}"
            return INFEASIBLE, f"Node didn't have enough capacity: {resource}, {numbers}"
    for resource in _RESIZED:
        total, wanted = amount(resource, has.get(resource, "0")), wants.get(resource, 0)
        taken = used.get(resource, 0) - own.get(resource, 0)
        if wanted > own.get(resource, 0) and taken + wanted > total:
            numbers = f"requested: {wanted}, used: {taken}, capacity: {total}"
            return DEFERRED, f"Node didn't have enough resource: {resource}, {numbers}"
    return None


def summary(pod: Object, error: str = "") -> str:
    """What a pod's containers want, as the Events of a resize tell it."""
    spec = pod["spec"]
    told: Object = {
        field: [
            {"name": each["name"], "resources": _ordered(each.get("resources") or {})} for each in spec[field]
        ]
        for field in ("initContainers", "containers")
        if spec.get(field)
    }
    told["generation"] = pod["metadata"].get("generation", 1)
    if error:
        told["error"] = error
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _ordered(resources: Object) -> Object:
    return {
        field: dict(sorted(resources[field].items()))
        for field in ("limits", "requests")
        if resources.get(field)
    }


def restarts_for(new: Object, old: Object) -> bool:
    """Whether a container has to restart to get its new resources, as its resize policy says."""
    after, before = new.get("resources") or {}, old.get("resources") or {}
    if after == before:
        return False
    for policy in new.get("resizePolicy") or ():
        name = policy.get("resourceName")
        if policy.get("restartPolicy") == "RestartContainer" and any(
            (after.get(field) or {}).get(name) != (before.get(field) or {}).get(name)
            for field in ("requests", "limits")
        ):
            return True
    return False

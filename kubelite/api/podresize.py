"""Pods that are resized: what their containers ask for, and what they have been given. Pure.

While a pod is resized the two differ, and the larger is set aside for it. A resize that cannot be is not
counted.

Source: k8s.io/component-helpers/resource/helpers.go (PodRequests, UseStatusResources).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from kubelite.api.conditions import get_condition
from kubelite.apimachinery import quantity
from kubelite.apimachinery.scheme import Object

_FIELDS: Final = ("containerStatuses", "initContainerStatuses")
Given: TypeAlias = tuple[Object, Object]
"""The resources that a container has, and those that are allocated to it."""


def given(pod: Object) -> dict[str, Given]:
    """What containers have been given, by their names; those of which nothing is told are left out."""
    status = pod.get("status") or {}
    return {
        each["name"]: (each.get("resources") or {}, each.get("allocatedResources") or {})
        for field in _FIELDS
        for each in status.get(field) or ()
        if each.get("resources") or each.get("allocatedResources")
    }


def spec_with_given(pod: Object) -> Object:
    """The spec of a pod, whose containers ask for the larger of what they want and have."""
    spec: Object = pod["spec"]
    found = given(pod)
    if not found:
        return spec
    pending = get_condition(pod, "PodResizePending") or {}
    is_wanted = (pending.get("status"), pending.get("reason")) != ("True", "Infeasible")
    made = dict(spec)
    for field in ("containers", "initContainers"):
        if spec.get(field):
            made[field] = [_with_given(each, found.get(each["name"]), is_wanted) for each in spec[field]]
    return made


def _with_given(container: Object, of_it: Given | None, is_wanted: bool) -> Object:
    if of_it is None:
        return container
    wanted = (container.get("resources") or {}) if is_wanted else {}
    has, allocated = of_it
    resources = {
        "requests": _larger(wanted.get("requests"), has.get("requests"), allocated),
        "limits": _larger(wanted.get("limits"), has.get("limits")),
    }
    return {**container, "resources": resources}


def _larger(*lists: Mapping[str, str] | None) -> dict[str, str]:
    """The largest amount of each resource."""
    made: dict[str, str] = {}
    for each in lists:
        for name, text in (each or {}).items():
            if name not in made or (text != made[name] and quantity.parse(text) > quantity.parse(made[name])):
                made[name] = text
    return made

"""A pod takes overhead, node selector and tolerations from its RuntimeClass.

Source: k8s.io/kubernetes/plugin/pkg/admission/runtimeclass.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resourcelist import amounts_of
from kubelite.api.resources import PODS, RUNTIMECLASSES
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import Attributes, Plugin
from kubelite.master.apiserver.environment import Environment

MISMATCH: Final = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
WITHOUT_CLASS: Final = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"


def _class_of(env: Environment, attributes: Attributes, spec: Object) -> Object | None:
    name = spec.get("runtimeClassName")
    if name is None:
        return None
    entry = env.store.get(RUNTIMECLASSES, "", name)
    if entry is None:
        raise attributes.forbidden(f'pod rejected: RuntimeClass "{name}" not found')
    return entry.object


def _overhead_of(found: Object | None) -> Object | None:
    overhead = (found or {}).get("overhead")
    if overhead is None:
        return None
    fixed: Object = overhead.get("podFixed") or {}
    return fixed


def conflict(spec: Object, selector: Object) -> str:
    """How a pod's node selector contradicts that of its class; "" if it does not."""
    own = spec.get("nodeSelector") or {}
    for key, value in selector.items():
        if own.get(key, value) != value:
            return (
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                f"pod.spec.nodeSelector[{key}] = {own[key]}"
            )
    return ""


def merged(spec: Object, scheduling: Object) -> Object:
    """The spec with the selector and tolerations of a class."""
    selector, tolerations = scheduling.get("nodeSelector") or {}, scheduling.get("tolerations") or []
    changed = dict(spec)
    if selector:
        changed["nodeSelector"] = {**(spec.get("nodeSelector") or {}), **selector}
    own = spec.get("tolerations") or []
    added = [toleration for toleration in tolerations if toleration not in own]
    if added:
        changed["tolerations"] = [*own, *added]
    return changed


def _admit(env: Environment, attributes: Attributes, obj: Object) -> Object:
    spec = obj["spec"]
    found = _class_of(env, attributes, spec)
    if found is None:
        return obj
    overhead = _overhead_of(found)
    if overhead is not None:
        if spec.get("overhead") and amounts_of(spec["overhead"]) != amounts_of(overhead):
            raise attributes.forbidden(MISMATCH)
        spec = {**spec, "overhead": overhead} if overhead else spec
    scheduling = found.get("scheduling")
    if scheduling:
        why = conflict(spec, scheduling.get("nodeSelector") or {})
        if why:
            raise attributes.forbidden(why)
        spec = merged(spec, scheduling)
    return obj if spec is obj["spec"] else {**obj, "spec": spec}


def _validate(env: Environment, attributes: Attributes, obj: Object) -> None:
    spec = obj["spec"]
    if spec.get("overhead") and _overhead_of(_class_of(env, attributes, spec)) is None:
        raise attributes.forbidden(WITHOUT_CLASS)


PLUGIN: Final = Plugin(
    name="RuntimeClass",
    resources=frozenset({PODS.group_resource}),
    admit=_admit,
    validate=_validate,
)

"""A pod's priority is that of its PriorityClass, or of the one that is the default.

Source: k8s.io/kubernetes/plugin/pkg/admission/priority.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import PODS, PRIORITYCLASSES
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import CREATE, UPDATE, Attributes, Plugin
from kubelite.master.apiserver.environment import Environment
from kubelite.master.store.selection import EVERYTHING
from kubelite.master.store.store import Store

SYSTEM_PRIORITIES: Final = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
PREEMPT: Final = "PreemptLowerPriority"

_CLASS_FIELDS: Final = ("priorityClassName", "priority", "preemptionPolicy")
"""What a pod can be wrong about; one that has none of these gets what it is given."""

NO_CLASS: Final[Object] = {"metadata": {"name": ""}, "value": 0, "preemptionPolicy": PREEMPT}
"""What stands for the class of pods that name none, where none is the default."""


def default_class(store: Store) -> Object | None:
    """The class that is the default: of several, the one with the lowest value."""
    defaults = [
        entry.object
        for entry in store.list(PRIORITYCLASSES, EVERYTHING).entries
        if entry.object.get("globalDefault")
    ]
    return min(defaults, key=lambda each: each.get("value") or 0) if defaults else None


def class_of(store: Store, spec: Object) -> Object | None:
    """The class of a pod; None if it names one that does not exist."""
    name = spec.get("priorityClassName")
    if not name:
        return default_class(store) or NO_CLASS
    entry = store.get(PRIORITYCLASSES, "", name)
    if entry is not None:
        return entry.object
    if name not in SYSTEM_PRIORITIES:
        return None
    return {"metadata": {"name": name}, "value": SYSTEM_PRIORITIES[name], "preemptionPolicy": PREEMPT}


def with_priority(pod: Object, found: Object) -> Object:
    """The pod with what its class says."""
    spec = {**pod["spec"], "priority": found.get("value") or 0}
    if found["metadata"]["name"]:
        spec["priorityClassName"] = found["metadata"]["name"]
    spec["preemptionPolicy"] = found.get("preemptionPolicy") or PREEMPT
    return {**pod, "spec": spec}


def problem(spec: Object, found: Object | None) -> str:
    """Why a pod may not have the priority that it asks for; "" if it may."""
    if found is None:
        return f"no PriorityClass with name {spec['priorityClassName']} was found"
    asked, value = spec.get("priority"), found.get("value") or 0
    if asked is not None and asked != value:
        return (
            f"the integer value of priority ({asked}) must not be provided in pod spec; "
            f"priority admission controller computed {value} from the given PriorityClass name"
        )
    asked, policy = spec.get("preemptionPolicy"), found.get("preemptionPolicy") or PREEMPT
    if asked is not None and asked != policy:
        return (
            f"the string value of PreemptionPolicy ({asked}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name"
        )
    return ""


def _kept(new: Object, old: Object) -> Object:
    """An update which leaves out what this plugin has set keeps it."""
    after, before = new["spec"], old["spec"]
    same_class = after.get("priorityClassName") == before.get("priorityClassName")
    missing = {
        key: before[key]
        for key in ("priority", "preemptionPolicy")
        if after.get(key) is None and before.get(key) is not None and same_class
    }
    return {**new, "spec": {**after, **missing}} if missing else new


def _admit(env: Environment, attributes: Attributes, obj: Object) -> Object:
    if attributes.operation == UPDATE:
        assert attributes.old is not None
        return _kept(obj, attributes.old)
    spec = obj["spec"]
    if not any(spec.get(field) is not None for field in _CLASS_FIELDS):
        return obj
    why = problem(spec, class_of(env.store, spec))
    if why:
        raise attributes.forbidden(why)
    return obj


def _decorate(env: Environment, attributes: Attributes, obj: Object) -> Object:
    if attributes.operation == UPDATE:
        return obj
    found = class_of(env.store, obj["spec"])
    assert found is not None, "it was there when the pod was admitted"
    return with_priority(obj, found)


def _validate_class(env: Environment, attributes: Attributes, obj: Object) -> None:
    if not obj.get("globalDefault"):
        return
    default = default_class(env.store)
    if default is None:
        return
    name = default["metadata"]["name"]
    if attributes.operation == CREATE or name != obj["metadata"]["name"]:
        why = f"PriorityClass {name} is already marked as default. Only one default can exist"
        raise attributes.forbidden(why)


PLUGIN: Final = Plugin(
    name="Priority",
    resources=frozenset({PODS.group_resource}),
    operations=frozenset({CREATE, UPDATE}),
    admit=_admit,
    decorate=_decorate,
)
CLASS_PLUGIN: Final = Plugin(
    name="Priority",
    resources=frozenset({PRIORITYCLASSES.group_resource}),
    operations=frozenset({CREATE, UPDATE}),
    validate=_validate_class,
)

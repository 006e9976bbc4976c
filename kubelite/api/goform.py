"""The form that an object has once a Go program has read and written it.

Kubernetes decodes JSON into Go structs and encodes those again. What comes out may differ from what went in:
null and empty values are gone, unless the field is a pointer; structs that are no pointers are always there;
quantities and times are in their canonical form. Clients compare objects, so this has to be the same here.

Whether a field is a pointer is not in Kubernetes' published facts: the exceptions are tables below.
Source: k8s.io/api (struct tags), encoding/json.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from kubelite.api import facts
from kubelite.api.identity import ByIdentity
from kubelite.apimachinery import quantity, timestamps
from kubelite.apimachinery.scheme import Object, Resource

_Fix = Callable[[Any], Any]

_DROP: Final = object()
"""What a fix returns for a value that Go would leave out."""

POINTERS: Final = frozenset({
    # integers
    "activeDeadlineSeconds", "deletionGracePeriodSeconds", "defaultMode", "expirationSeconds", "fsGroup",
    "leaseDurationSeconds", "leaseTransitions", "mode", "priority", "replicas", "runAsGroup", "runAsUser",
    "terminationGracePeriodSeconds", "tolerationSeconds", "minDomains",
    # booleans
    "allocateLoadBalancerNodePorts", "allowPrivilegeEscalation", "automountServiceAccountToken",
    "blockOwnerDeletion", "controller", "enableServiceLinks", "hostUsers", "immutable", "optional",
    "orphanDependents", "privileged", "readOnlyRootFilesystem", "ready", "recursiveReadOnlyMounts",
    "runAsNonRoot", "serving", "setHostnameAsFQDN", "shareProcessNamespace", "started", "terminating",
    # texts
    "appProtocol", "fsGroupChangePolicy", "holderIdentity", "hostnameOverride", "internalTrafficPolicy",
    "ipFamilyPolicy", "loadBalancerClass", "localhostProfile", "preemptionPolicy", "procMount",
    "runtimeClassName", "service", "storageClassName", "strategy", "preferredHolder",
    "unhealthyPodEvictionPolicy", "volumeMode",
})  # fmt: skip
"""Optional fields that keep a zero value wherever they occur."""

POINTERS_OF: Final[Mapping[str, frozenset[str]]] = {
    "api.core.v1.ClientIPConfig": frozenset({"timeoutSeconds"}),
    "api.core.v1.HostPathVolumeSource": frozenset({"type"}),
    "api.core.v1.EndpointAddress": frozenset({"nodeName"}),
    "api.discovery.v1.EndpointPort": frozenset({"name", "port", "protocol"}),
    "api.discovery.v1.Endpoint": frozenset({"hostname", "nodeName", "zone"}),
}
"""The same, by type, for names that elsewhere are no pointers."""

VALUES_OF: Final[Mapping[str, frozenset[str]]] = {
    "api.core.v1.ReplicationControllerStatus": frozenset({"replicas"}),
    "api.autoscaling.v1.ScaleSpec": frozenset({"replicas"}),
    "api.autoscaling.v1.ScaleStatus": frozenset({"replicas"}),
}
"""Fields of a pointer's name that are none."""

ALWAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "api.core.v1.Container": {"resources": {}},
    "api.core.v1.EphemeralContainer": {"resources": {}},
    "api.core.v1.ContainerStatus": {"state": {}, "lastState": {}},
    "api.core.v1.Endpoints": {"metadata": {}},
    "api.core.v1.Event": {
        "metadata": {},
        "involvedObject": {},
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    },
    "api.core.v1.Namespace": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.Node": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.NodeStatus": {"daemonEndpoints": {}, "nodeInfo": {}},
    "api.core.v1.NodeDaemonEndpoints": {"kubeletEndpoint": {}},
    "api.core.v1.DaemonEndpoint": {"Port": 0},
    "api.core.v1.NodeSystemInfo": dict.fromkeys(
        (
            "machineID",
            "systemUUID",
            "bootID",
            "kernelVersion",
            "osImage",
            "containerRuntimeVersion",
            "kubeletVersion",
            "kubeProxyVersion",
            "operatingSystem",
            "architecture",
        ),
        "",
    ),
    "api.core.v1.Pod": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.PodSpec": {"containers": None},
    "api.core.v1.PodTemplateSpec": {"metadata": {}, "spec": {}},
    "api.core.v1.ReplicationController": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.ReplicationControllerStatus": {"replicas": 0},
    "api.core.v1.Service": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.ServiceStatus": {"loadBalancer": {}},
    "api.coordination.v1.Lease": {"metadata": {}, "spec": {}},
    "api.discovery.v1.EndpointSlice": {"metadata": {}, "endpoints": None, "ports": None},
    "api.discovery.v1.Endpoint": {"conditions": {}},
    "api.policy.v1.PodDisruptionBudget": {"metadata": {}, "spec": {}, "status": {}},
    "api.policy.v1.PodDisruptionBudgetStatus": {
        "disruptionsAllowed": 0,
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "expectedPods": 0,
    },
    "api.autoscaling.v1.Scale": {"metadata": {}, "spec": {}, "status": {}},
    "api.autoscaling.v1.ScaleStatus": {"replicas": 0},
}
"""What Go writes whether it was there or not. Fields in the order of the struct; a struct's own entries
follow."""

_SHARED: Final = frozenset({"api.core.v1.PodSpec"})
"""Types whose objects many others hold: their form is found once for each tree."""

_CANONICAL_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CANONICAL_MICRO_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def go_form(resource: Resource, obj: Object) -> Object:
    """The object in the form in which Kubernetes keeps it.

    Args:
        resource: the kind; a kind without facts (a custom resource) comes back as it is.
        obj: of types that fit the schema; fields that the schema does not know stay.

    Returns:
        The same object if it was in that form already.
    """
    index = facts.index_of(resource.api_version, resource.kind)
    return obj if index is None else _struct_fix(index)(obj)


@lru_cache(maxsize=4096)
def canonical_quantity(text: str | float) -> str:
    """The one text that stands for an amount: "1000m" is "1", "0.5" is "500m"."""
    return str(quantity.parse(text))


def _time(value: Any) -> Any:
    if not isinstance(value, str) or _CANONICAL_TIME.fullmatch(value):
        return _DROP if value is None else value
    return timestamps.format_time(timestamps.parse_time(value))


def _micro_time(value: Any) -> Any:
    if not isinstance(value, str) or _CANONICAL_MICRO_TIME.fullmatch(value):
        return _DROP if value is None else value
    return timestamps.format_micro_time(timestamps.parse_time(value))


def _quantity(value: Any) -> Any:
    return _DROP if value is None else canonical_quantity(value)


def _keep(value: Any) -> Any:
    return _DROP if value is None else value


def _drop_empty(value: Any) -> Any:
    return value or _DROP


def _items_fix(fix: _Fix, *, kept: bool) -> _Fix:
    empty = None if kept else _DROP

    def items(value: Any) -> Any:
        if not value:
            return empty
        if not isinstance(value, list):
            return value
        new = [None if (fixed := fix(item)) is _DROP else fixed for item in value]
        return value if all(a is b for a, b in zip(value, new, strict=True)) else new

    return items


def _values_fix(fix: _Fix, *, kept: bool, zero: Any) -> _Fix:
    empty = None if kept else _DROP

    def values(value: Any) -> Any:
        if not value:
            return empty
        if not isinstance(value, dict):
            return value
        new = {key: zero if (fixed := fix(item)) is _DROP else fixed for key, item in value.items()}
        return value if all(new[key] is item for key, item in value.items()) else new

    return values


@cache
def _struct_fix(index: int) -> _Fix:
    """The fix of one type, compiled once: a table of what to do with each field."""
    name = facts.type_name(index)
    text = facts.type_text(index)
    if text.startswith("="):
        return _special_fix(name, text)
    always = ALWAYS.get(name, {})
    pointers = (POINTERS | POINTERS_OF.get(name, frozenset())) - VALUES_OF.get(name, frozenset())
    fixes: dict[str, _Fix] = {}
    zeros: dict[str, Any] = {}
    for field, required, shape, _ in facts.split_fields(text):
        if shape.isdigit() and index == int(shape):
            continue
        fixes[field] = _field_fix(shape, kept=required or field in pointers or field in always)
        if field in always:
            zero = always[field]
            zeros[field] = fixes[field](zero) if isinstance(zero, dict) else zero
    fix = _compiled(fixes, zeros)
    return ByIdentity(fix) if name in _SHARED else fix


def _compiled(fixes: Mapping[str, _Fix], zeros: Mapping[str, Any]) -> _Fix:
    def fix_struct(obj: Any) -> Any:
        if not isinstance(obj, dict):
            return _DROP if obj is None else obj
        changes: dict[str, Any] = {}
        for field, value in obj.items():
            fix = fixes.get(field)
            if fix is not None:
                new = fix(value)
                if new is not value:
                    changes[field] = new
        for field, zero in zeros.items():
            if changes.get(field, obj.get(field, _DROP)) is _DROP:
                changes[field] = zero
        if not changes:
            return obj
        merged = {**obj, **changes}
        return {field: value for field, value in merged.items() if value is not _DROP}

    return fix_struct


def _special_fix(name: str, text: str) -> _Fix:
    if text == "=Q":
        return _quantity
    if text == "=T":
        return _micro_time if name.endswith("MicroTime") else _time
    return _keep


def _field_fix(shape: str, *, kept: bool) -> _Fix:
    if shape.startswith("["):
        return _items_fix(_field_fix(shape[1:], kept=True), kept=kept)
    if shape.startswith("{"):
        zero = "" if shape == "{s" else None
        return _values_fix(_field_fix(shape[1:], kept=True), kept=kept, zero=zero)
    if shape.isdigit():
        return _late(int(shape))
    return _keep if kept else _drop_empty


def _late(index: int) -> _Fix:
    """The fix of a type, compiled when first needed: most objects use few of the types they may hold."""

    def fix(value: Any) -> Any:
        return _struct_fix(index)(value)

    return fix

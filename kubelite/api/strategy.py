"""What the API server sets in an object before it validates and stores it, kind by kind.

A client's word on the status counts only at the status endpoint, on the rest only at the main one;
`generation` counts the changes of what is wanted.

Source: k8s.io/kubernetes/pkg/registry/*/strategy.go, k8s.io/apiserver/pkg/registry/rest/{create,update}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from kubelite.api import (
    certificates,
    clusterstrategy,
    podsubresources,
    servicestrategy,
    volumestrategy,
    workloadstrategy,
)
from kubelite.api import resources as r
from kubelite.api.conversion.autoscaling import ROUND_TRIP
from kubelite.api.defaults.apps import TEMPLATE_GENERATION
from kubelite.api.features import GATED_FIELDS, Features, without_disabled_fields
from kubelite.api.identity import ByIdentity
from kubelite.api.podutil import PENDING, qos_class
from kubelite.apimachinery.managedfields import is_same_but_for_entries
from kubelite.apimachinery.scheme import Object, Resource

NAMESPACE_FINALIZER: Final = "kubernetes"

_UNCOUNTED_KINDS: Final = frozenset(
    {
        r.NAMESPACES,
        r.NODES,
        r.SERVICES,
        r.PERSISTENTVOLUMES,
        r.PERSISTENTVOLUMECLAIMS,
        r.RESOURCEQUOTAS,
        r.CERTIFICATESIGNINGREQUESTS,
        r.HORIZONTALPODAUTOSCALERS,
        r.HORIZONTALPODAUTOSCALERS_V1,
        *clusterstrategy.UNCOUNTED,
    }
)

_WITH_GENERATION: Final = frozenset(
    {
        r.PODS,
        r.REPLICATIONCONTROLLERS,
        r.PODDISRUPTIONBUDGETS,
        r.ENDPOINTSLICES,
        r.PODTEMPLATES,
        *clusterstrategy.COUNTED,
        *(
            resource
            for resource in r.SERVED
            if "status" in resource.subresources and resource not in _UNCOUNTED_KINDS
        ),
    }
)
"""Kinds whose changes are counted."""

_KEEPS_STATUS_AT_CREATION: Final = frozenset({r.NODES})
_EMPTY_STATUS: Final[Mapping[Resource, Object]] = {
    **clusterstrategy.EMPTY_STATUS,
    r.REPLICATIONCONTROLLERS: {"replicas": 0},
    r.SERVICES: {"loadBalancer": {}},
    r.NAMESPACES: {"phase": "Active"},
    r.DAEMONSETS: {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    },
    r.DEPLOYMENTS: {},
    r.REPLICASETS: {"replicas": 0},
    r.STATEFULSETS: {"replicas": 0, "availableReplicas": 0},
    r.CRONJOBS: {},
    r.JOBS: {},
    r.RESOURCEQUOTAS: {},
    r.HORIZONTALPODAUTOSCALERS: {"desiredReplicas": 0, "currentMetrics": None},
    r.HORIZONTALPODAUTOSCALERS_V1: {"currentReplicas": 0, "desiredReplicas": 0},
    r.PODDISRUPTIONBUDGETS: {
        "disruptionsAllowed": 0,
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "expectedPods": 0,
    },
}
_SERVER_FIELDS: Final = ("uid", "creationTimestamp")
_UNCOUNTED: Final = frozenset({"metadata", "status"})

_qos_class: Final = ByIdentity(qos_class)


def prepare_for_create(resource: Resource, obj: Object, features: Features = frozenset()) -> Object:
    """The object as it is to be stored, but for what only the server knows (uid, times, addresses).

    Args:
        resource: its kind.
        obj: with defaults.
        features: those that are on.
    """
    metadata = _without(
        obj.get("metadata") or {},
        ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"),
    )
    if resource in _WITH_GENERATION or resource in clusterstrategy.NUMBERED_ONCE:
        metadata = {**metadata, "generation": 1}
    obj = {**obj, "metadata": metadata}
    if "status" in resource.subresources and resource not in _KEEPS_STATUS_AT_CREATION:
        status = _EMPTY_STATUS.get(resource)
        obj = {**obj, "status": status} if status is not None else _without(obj, ("status",))
    obj = without_disabled_fields(resource, obj, None, features)
    prepare = _CREATE.get(resource)
    return obj if prepare is None else prepare(obj)


def prepare_for_update(
    resource: Resource, new: Object, old: Object, features: Features = frozenset()
) -> Object:
    """The new object with what the main endpoint may not change taken from the old one.

    The generation counts up if something was changed that is counted.

    Args:
        resource: its kind.
        new: with defaults.
        old: what is stored.
        features: those that are on.
    """
    new = with_server_metadata(new, old)
    is_gated, prepare, counts = _at_updates(resource)
    if is_gated:
        new = without_disabled_fields(resource, new, old, features)
    if "status" in resource.subresources:
        new = _taken(new, old, "status")
    if prepare is not None:
        new = prepare(new, old)
    if counts and _is_counted(resource, new, old):
        generation = (old["metadata"].get("generation") or 0) + 1
        new = {**new, "metadata": {**new["metadata"], "generation": generation}}
    return new


@cache
def _at_updates(resource: Resource) -> tuple[bool, Callable[[Object, Object], Object] | None, bool]:
    """Whether a kind has fields that may be off, what else is done to it, and whether changes are counted."""
    counts = resource in _WITH_GENERATION or resource in clusterstrategy.COUNTED_FROM_ZERO
    return resource in GATED_FIELDS, _UPDATE.get(resource), counts


def prepare_for_status_update(resource: Resource, new: Object, old: Object) -> Object:
    """The new object with all but status, labels, annotations and the like taken from the old one."""
    new = with_server_metadata(new, old)
    for field in old.keys() | new.keys():
        if field not in _UNCOUNTED:
            new = _taken(new, old, field)
    prepare = _UPDATE_STATUS.get(resource)
    if prepare is not None:
        new = prepare(new, old)
    if resource in clusterstrategy.STATUS_KEEPS_METADATA:
        managed = {"managedFields": new["metadata"].get("managedFields")}
        version = {"resourceVersion": new["metadata"].get("resourceVersion")}
        metadata = _taken({**old["metadata"], **version}, managed, "managedFields")
        new = {**new, "metadata": metadata}
    if resource == r.PODS:
        metadata = _taken(new["metadata"], old["metadata"], "ownerReferences")
        metadata = _taken(metadata, old["metadata"], "deletionTimestamp")
        new = {**new, "metadata": metadata}
        before = (old.get("status") or {}).get("qosClass")
        status = new.get("status") or {}
        if before and not status.get("qosClass"):
            new = {**new, "status": {**status, "qosClass": before}}
    return new


def prepare_for_finalize(new: Object, old: Object) -> Object:
    """A namespace of which only `spec.finalizers` and metadata are taken from the client."""
    return _taken(with_server_metadata(new, old), old, "status")


_SUBRESOURCES: Final[Mapping[tuple[Resource, str], Callable[[Object, Object], Object]]] = {
    (r.NAMESPACES, "finalize"): prepare_for_finalize,
    (r.PODS, "ephemeralcontainers"): lambda new, old: podsubresources.prepare_for_ephemeral_containers(
        with_server_metadata(new, old), old
    ),
    (r.PODS, "resize"): lambda new, old: podsubresources.prepare_for_resize(
        with_server_metadata(new, old), old
    ),
    (r.CERTIFICATESIGNINGREQUESTS, "approval"): lambda new, old: certificates.prepare_for_approval(
        with_server_metadata(new, old), old
    ),
}
"""What is kept of an update through a subresource other than the status."""


def updates(resource: Resource, subresource: str) -> bool:
    """Whether a subresource (empty for the object itself) takes PUT and PATCH, besides `scale`."""
    if not subresource:
        return True
    if subresource == "status":
        return "status" in resource.subresources
    return (resource, subresource) in _SUBRESOURCES


def prepare_for_subresource_update(resource: Resource, subresource: str, new: Object, old: Object) -> Object:
    """The new object with all that the subresource may not change taken from the old one."""
    if subresource == "status":
        return prepare_for_status_update(resource, new, old)
    return _SUBRESOURCES[resource, subresource](new, old)


def unversioned(resource: Resource, obj: Object) -> Object:
    """The object without the annotations that stand for fields which its version does not have."""
    stand_ins = _STAND_INS.get(resource)
    annotations = obj["metadata"].get("annotations") or {}
    if not stand_ins or not stand_ins & annotations.keys():
        return obj
    kept = {key: text for key, text in annotations.items() if key not in stand_ins}
    metadata = _without(obj["metadata"], ("annotations",))
    return {**obj, "metadata": {**metadata, "annotations": kept} if kept else metadata}


_STAND_INS: Final[Mapping[Resource, frozenset[str]]] = {
    r.DAEMONSETS: frozenset({TEMPLATE_GENERATION}),
    r.HORIZONTALPODAUTOSCALERS_V1: ROUND_TRIP,
}
"""Annotations that stand for fields of other versions."""


def _without(obj: Object, fields: tuple[str, ...]) -> Object:
    if obj.keys().isdisjoint(fields):
        return obj
    return {key: value for key, value in obj.items() if key not in fields}


def _taken(new: Object, old: Object, field: str) -> Object:
    """`new` with the field as `old` has it, absent if it is absent there."""
    value = old.get(field)
    if value is None:
        return _without(new, (field,))
    return new if new.get(field) is value else {**new, field: value}


def with_server_metadata(new: Object, old: Object) -> Object:
    """Metadata that a client may leave out or cannot change: it is as stored."""
    before: Object = old["metadata"]
    metadata: Object = new["metadata"]
    if is_same_but_for_entries(metadata, before):
        return new
    metadata = _taken(metadata, before, "creationTimestamp")
    metadata = _taken(metadata, before, "generation")
    if not metadata.get("uid"):
        metadata = _taken(metadata, before, "uid")
    if before.get("deletionTimestamp"):
        metadata = _taken(metadata, before, "deletionTimestamp")
        if metadata.get("deletionGracePeriodSeconds") is None:
            metadata = _taken(metadata, before, "deletionGracePeriodSeconds")
    metadata = _without(metadata, ("selfLink",))
    return new if metadata is new["metadata"] else {**new, "metadata": metadata}


def _is_counted(resource: Resource, new: Object, old: Object) -> bool:
    for field in new.keys() | old.keys():
        if field in _UNCOUNTED or new.get(field) is old.get(field):
            continue
        if new.get(field) != old.get(field):
            return True
    if resource == r.DEPLOYMENTS:
        return (new["metadata"].get("annotations") or {}) != (old["metadata"].get("annotations") or {})
    if resource != r.ENDPOINTSLICES:
        return False
    ignored = ("resourceVersion", "managedFields", "generation")
    return _without(new["metadata"], ignored) != _without(old["metadata"], ignored)


@cache
def _pending(qos_class: str) -> Object:
    """The status of a new pod; the same tree each time."""
    return {"phase": PENDING, "qosClass": qos_class}


def _create_pod(pod: Object) -> Object:
    spec: Object = pod["spec"]
    status = _pending(_qos_class(spec))
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        spec = {**spec, "terminationGracePeriodSeconds": 1}
    if spec.get("affinity") or spec.get("topologySpreadConstraints"):
        from kubelite.api.podlabelkeys import with_label_keys  # noqa: PLC0415 - few pods have any

        spec = with_label_keys(spec, pod["metadata"].get("labels") or {})
    if spec.get("schedulingGates"):
        gated = {
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": None,
            "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        }
        status = {**status, "conditions": [gated]}
    return {**pod, "spec": spec, "status": status}


def _create_namespace(namespace: Object) -> Object:
    spec = namespace.get("spec") or {}
    finalizers = spec.get("finalizers") or []
    if NAMESPACE_FINALIZER in finalizers:
        return namespace
    return {**namespace, "spec": {**spec, "finalizers": [*finalizers, NAMESPACE_FINALIZER]}}


def _update_namespace(new: Object, old: Object) -> Object:
    finalizers = (old.get("spec") or {}).get("finalizers")
    spec = _taken(new.get("spec") or {}, {"finalizers": finalizers}, "finalizers")
    return {**new, "spec": spec}


def _named(limit_range: Object) -> Object:
    """LimitRanges need no name: their own unique one serves."""
    metadata = limit_range["metadata"]
    return (
        limit_range
        if metadata.get("name")
        else {**limit_range, "metadata": {**metadata, "name": metadata["uid"]}}
    )


_CREATE: Final[Mapping[Resource, Callable[[Object], Object]]] = {
    **clusterstrategy.CREATE,
    r.PODS: _create_pod,
    r.CERTIFICATESIGNINGREQUESTS: certificates.prepare_for_create,
    r.NAMESPACES: _create_namespace,
    r.SERVICES: servicestrategy.prepare_for_create,
    r.DAEMONSETS: workloadstrategy.create_daemon_set,
    r.JOBS: workloadstrategy.create_job,
    r.PERSISTENTVOLUMECLAIMS: volumestrategy.create_claim,
    r.PERSISTENTVOLUMES: volumestrategy.create_volume,
    r.LIMITRANGES: _named,
}
_UPDATE: Final[Mapping[Resource, Callable[[Object, Object], Object]]] = {
    r.CERTIFICATESIGNINGREQUESTS: certificates.prepare_for_update,
    **clusterstrategy.UPDATE,
    r.NAMESPACES: _update_namespace,
    r.SERVICES: servicestrategy.prepare_for_update,
    r.DAEMONSETS: workloadstrategy.update_daemon_set,
    r.PERSISTENTVOLUMECLAIMS: volumestrategy.update_claim,
}
_UPDATE_STATUS: Final[Mapping[Resource, Callable[[Object, Object], Object]]] = {
    r.DAEMONSETS: workloadstrategy.update_daemon_set_status,
    r.DEPLOYMENTS: workloadstrategy.update_deployment_status,
    r.CERTIFICATESIGNINGREQUESTS: certificates.prepare_for_status_update,
}
"""What the status endpoint keeps besides the spec."""

"""Which fields of a kind a field selector may name, and how each is read.

Source: k8s.io/kubernetes/pkg/apis/core/v1/conversion.go (AddFieldLabelConversionsFor*),
pkg/registry/*/strategy.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, TypeAlias

from kubelite.api import resources as r
from kubelite.apimachinery.scheme import Object, Resource

Reader: TypeAlias = Callable[[Object], str]


def _at(*path: str) -> Reader:
    """Reads the text at a path; "" if it is not there."""

    def read(obj: Object) -> str:
        value: object = obj
        for key in path:
            if not isinstance(value, dict):
                return ""
            value = value.get(key)
        return _text(value)

    return read


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _bool_at(*path: str) -> Reader:
    """As `_at` for a truth value, which is false when absent."""
    read = _at(*path)
    return lambda obj: read(obj) or "false"


def _pod_ip(pod: Object) -> str:
    status = pod.get("status") or {}
    addresses = status.get("podIPs") or ()
    return _text(addresses[0].get("ip") if addresses else status.get("podIP"))


def _event_source(event: Object) -> str:
    source = event.get("source") or {}
    return _text(source.get("component") or event.get("reportingComponent"))


def _replicas(controller: Object) -> str:
    return _text((controller.get("status") or {}).get("replicas", 0))


def _successful(job: Object) -> str:
    return _text((job.get("status") or {}).get("succeeded", 0))


_NAME: Final = _at("metadata", "name")
_NAMESPACE: Final = _at("metadata", "namespace")

_LABELS: Final[Mapping[Resource, Mapping[str, Reader]]] = {
    r.PODS: {
        "spec.host": _at("spec", "nodeName"),
        "spec.nodeName": _at("spec", "nodeName"),
        "spec.restartPolicy": _at("spec", "restartPolicy"),
        "spec.schedulerName": _at("spec", "schedulerName"),
        "spec.serviceAccountName": _at("spec", "serviceAccountName"),
        "spec.hostNetwork": _bool_at("spec", "hostNetwork"),
        "status.phase": _at("status", "phase"),
        "status.podIP": _pod_ip,
        "status.podIPs": lambda _: "",  # it may be named, and is never anything
        "status.nominatedNodeName": _at("status", "nominatedNodeName"),
    },
    r.NODES: {"spec.unschedulable": _bool_at("spec", "unschedulable")},
    r.NAMESPACES: {"status.phase": _at("status", "phase")},
    r.REPLICATIONCONTROLLERS: {"status.replicas": _replicas},
    r.JOBS: {"status.successful": _successful},
    r.PERSISTENTVOLUMECLAIMS: {"name": _NAME},
    r.PERSISTENTVOLUMES: {"name": _NAME},
    r.SECRETS: {"type": _at("type")},
    r.CERTIFICATESIGNINGREQUESTS: {"spec.signerName": _at("spec", "signerName")},
    r.SERVICES: {"spec.clusterIP": _at("spec", "clusterIP"), "spec.type": _at("spec", "type")},
    r.RESOURCESLICES: {"spec.driver": _at("spec", "driver"), "spec.nodeName": _at("spec", "nodeName")},
    r.EVENTS_V1: {
        **{
            f"regarding.{field}": _at("regarding", field)
            for field in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        },
        "reason": _at("reason"),
        "reportingController": _at("reportingController"),
        "type": _at("type"),
    },
    r.EVENTS: {
        **{
            f"involvedObject.{field}": _at("involvedObject", field)
            for field in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        },
        "reason": _at("reason"),
        "reportingComponent": _at("reportingComponent"),
        "source": _event_source,
        "type": _at("type"),
    },
}


@cache
def field_labels(resource: Resource) -> Mapping[str, Reader]:
    """Field label -> how it is read from an object.

    Every kind has `metadata.name` and, if its objects live in namespaces, `metadata.namespace`.
    """
    labels = {"metadata.name": _NAME, **({"metadata.namespace": _NAMESPACE} if resource.namespaced else {})}
    return MappingProxyType({**labels, **_LABELS.get(resource, {})})


def getter(resource: Resource, obj: Object) -> Callable[[str], str]:
    """Reads an object's field labels, for `FieldSelector.matches`.

    A label that the kind does not have reads as "".
    """
    labels = field_labels(resource)

    def get(label: str) -> str:
        read = labels.get(label)
        return "" if read is None else read(obj)

    return get

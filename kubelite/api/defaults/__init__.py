"""The values that Kubernetes fills in for what a manifest leaves out, kind by kind.

Only what every object of a kind gets belongs here; what depends on other objects (admission) or on the
request (addresses, uid, times) does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from kubelite.api import resources as r
from kubelite.api.defaults import core, persistentvolumes, podspec, quota
from kubelite.api.goform import go_form
from kubelite.api.groups import table
from kubelite.apimachinery.scheme import Object, Resource

_DEFAULTS: Final[Mapping[Resource, Callable[[Object], Object]]] = {
    r.PODS: podspec.default_pod,
    r.NAMESPACES: core.default_namespace,
    r.NODES: core.default_node,
    r.REPLICATIONCONTROLLERS: core.default_replication_controller,
    r.SERVICES: core.default_service,
    r.SECRETS: core.default_secret,
    r.ENDPOINTS: core.default_endpoints,
    r.ENDPOINTSLICES: core.default_endpoint_slice,
    r.LIMITRANGES: quota.default_limit_range,
    r.PERSISTENTVOLUMECLAIMS: persistentvolumes.default_claim,
    r.PERSISTENTVOLUMES: persistentvolumes.default_persistent_volume,
    r.PODTEMPLATES: lambda obj: podspec.changed(obj, "template", podspec.default_pod_template),
}


_OF_SPEC: Final = frozenset({r.PODS, r.DEPLOYMENTS, r.REPLICASETS, r.STATEFULSETS})
"""Kinds whose defaults look at nothing but the spec."""


def apply_defaults(resource: Resource, obj: Object, former: Object | None = None) -> Object:
    """The object as Kubernetes holds it after reading it: in Go's form, with the defaults of its kind.

    Args:
        resource: its kind; one without defaults (a custom resource) comes back as it is.
        obj: of types that fit the schema. Not changed; the result shares what stayed.
        former: an object of that kind which came out of here: trees that both share stay as they are.
    """
    obj = go_form(resource, obj, former)
    default = _default_of(resource)
    if default is None:
        return obj
    if former is not None and resource in _OF_SPEC and obj["spec"] is former["spec"]:
        return obj
    return default(obj)


@cache
def _default_of(resource: Resource) -> Callable[[Object], Object] | None:
    """What a kind fills in; None if nothing."""
    if resource in _DEFAULTS:
        return _DEFAULTS[resource]
    defaults: Mapping[Resource, Callable[[Object], Object]] | None = table(
        "defaults", resource.group, "DEFAULTS"
    )
    return None if defaults is None else defaults.get(resource)

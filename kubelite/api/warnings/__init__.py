"""What the API server tells a client of an object that it takes: mistakes that are allowed, fields that age.

Each warning is a text that begins with the path of the field it is about; clients show it to people.

Source: k8s.io/kubernetes/pkg/registry/*/strategy.go (WarningsOnCreate, WarningsOnUpdate);
k8s.io/apiserver/pkg/endpoints/deprecation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.groups import table
from kubelite.api.warnings import configuration, pods, services, workloads
from kubelite.apimachinery.scheme import Object, Resource

_CREATE: Final[Mapping[Resource, Callable[[Object], list[str]]]] = {
    r.PODS: pods.pod_warnings,
    r.SERVICES: services.service_warnings,
    r.ENDPOINTS: services.endpoints_warnings,
    r.ENDPOINTSLICES: services.endpoint_slice_warnings,
    **configuration.CREATE,
    **workloads.CREATE,
}

_UPDATE: Final[Mapping[Resource, Callable[[Object, Object], list[str]]]] = {
    r.SERVICES: lambda new, _: services.service_warnings(new),
    r.ENDPOINTS: lambda new, _: services.endpoints_warnings(new),
    r.ENDPOINTSLICES: lambda new, _: services.endpoint_slice_warnings(new),
    **configuration.UPDATE,
    **workloads.UPDATE,
}
"""Pods are not here: they are updated too often, and hardly ever by people."""

_DEPRECATED: Final[Mapping[Resource, str]] = {
    r.COMPONENTSTATUSES: "v1 ComponentStatus is deprecated in v1.19+",
    r.ENDPOINTS: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}


def warnings_on_create(resource: Resource, obj: Object) -> tuple[str, ...]:
    """The warnings about a new object, as it is stored."""
    warn = _CREATE.get(resource) or _of_group(resource, "CREATE")
    return () if warn is None else tuple(warn(obj))


def warnings_on_update(resource: Resource, new: Object, old: Object) -> tuple[str, ...]:
    """The warnings about an update through the main endpoint."""
    warn = _about_updates(resource)
    return () if warn is None else tuple(warn(new, old))


@cache
def _about_updates(resource: Resource) -> Callable[[Object, Object], list[str]] | None:
    return _UPDATE.get(resource) or _of_group(resource, "UPDATE")


def _of_group(resource: Resource, name: str) -> Any:
    warnings: Mapping[Resource, Any] | None = table("warnings", resource.group, name)
    return None if warnings is None else warnings.get(resource)


def deprecation_warning(resource: Resource) -> str:
    """What everybody is told who asks for a kind that should not be used any more; "" of all others."""
    return _DEPRECATED.get(resource, "")

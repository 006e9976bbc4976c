"""Whether an object is one that Kubernetes would take, with the errors it would name, in its order and words.

The tables here are those of the kinds that every cluster has; other groups have tables of their own, which
are imported when an object of the group is first judged (`rules`).
What depends on other objects (quotas, addresses that are taken, absent namespaces) is not judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from kubelite.api import resources as r
from kubelite.api.validation import (
    core,
    endpoints,
    nodes,
    persistentvolumes,
    pods,
    podstatus,
    podsubresources,
    quota,
    services,
)
from kubelite.api.validation.metadata import validate_metadata, validate_metadata_update
from kubelite.api.validation.problems import Errors
from kubelite.api.validation.rules import MetadataRule, nothing, rules_of
from kubelite.apimachinery.scheme import Object, Resource

_CREATE: Final[Mapping[Resource, Callable[[Object], Errors]]] = {
    r.CONFIGMAPS: core.validate_config_map,
    r.ENDPOINTS: endpoints.validate_endpoints,
    r.EVENTS: core.validate_event,
    r.NAMESPACES: core.validate_namespace,
    r.NODES: nodes.validate_node,
    r.PODS: pods.validate_pod,
    r.REPLICATIONCONTROLLERS: core.validate_replication_controller,
    r.SECRETS: core.validate_secret,
    r.SERVICES: services.validate_service,
    r.PODDISRUPTIONBUDGETS: core.validate_pod_disruption_budget,
    r.LEASES: core.validate_lease,
    r.ENDPOINTSLICES: endpoints.validate_endpoint_slice,
    r.LIMITRANGES: quota.validate_limit_range,
    r.PERSISTENTVOLUMECLAIMS: persistentvolumes.validate_claim,
    r.PERSISTENTVOLUMES: persistentvolumes.validate_persistent_volume,
    r.PODTEMPLATES: lambda obj: pods.validate_template(obj["template"], "template"),
    r.RESOURCEQUOTAS: quota.validate_resource_quota,
}

_UPDATE: Final[Mapping[Resource, Callable[[Object, Object], Errors]]] = {
    r.CONFIGMAPS: core.validate_config_map_update,
    r.NODES: nodes.validate_node_update,
    r.NAMESPACES: lambda _new, _old: [],
    r.PODS: pods.validate_pod_update,
    r.SECRETS: core.validate_secret_update,
    r.SERVICES: services.validate_service_update,
    r.ENDPOINTS: endpoints.validate_endpoints_update,
    r.ENDPOINTSLICES: endpoints.validate_endpoint_slice_update,
    r.PERSISTENTVOLUMECLAIMS: persistentvolumes.validate_claim_update,
    r.PERSISTENTVOLUMES: persistentvolumes.validate_persistent_volume_update,
    r.REPLICATIONCONTROLLERS: lambda new, _: 2 * core.validate_replication_controller(new),
    r.PODTEMPLATES: lambda new, _: 2 * pods.validate_template(new["template"], "template"),
    r.RESOURCEQUOTAS: quota.validate_resource_quota_update,
}
"""Kinds which judge an update by more than what they ask of a new object."""

_METADATA: Final[Mapping[Resource, MetadataRule]] = {
    r.CONFIGMAPS: "both",
    r.ENDPOINTS: "both",
    r.ENDPOINTSLICES: "create",
    r.NODES: "both",
    r.SECRETS: "both",
    r.SERVICEACCOUNTS: "both",
    r.SERVICES: "both",
}
"""Which judgements of the metadata these kinds repeat at an update; others: that of the change."""

_STATUS: Final[Mapping[Resource, Callable[[Object, Object], Errors]]] = {
    r.NAMESPACES: core.validate_namespace_status_update,
    r.NODES: nodes.validate_node_change,
    r.PODS: podstatus.validate_pod_status_update,
    r.REPLICATIONCONTROLLERS: lambda new, _: core.validate_replication_controller_status(new),
    r.SERVICES: services.validate_service_status,
    r.PERSISTENTVOLUMECLAIMS: persistentvolumes.validate_claim_status,
    r.PODDISRUPTIONBUDGETS: core.validate_pod_disruption_budget_status,
    r.RESOURCEQUOTAS: quota.validate_resource_quota_status,
}


_SUBRESOURCES: Final[Mapping[tuple[Resource, str], Callable[[Object, Object], Errors]]] = {
    (r.PODS, "ephemeralcontainers"): lambda new, old: podsubresources.validate_ephemeral_containers_update(
        new, old, pods.validate_pod_spec
    ),
    (r.NAMESPACES, "finalize"): core.validate_namespace_finalize,
    (r.PODS, "resize"): lambda new, old: podsubresources.validate_resize(new, old, pods.validate_pod_spec),
}
"""Subresources other than the status which judge an update by rules of their own."""


def validate_create(resource: Resource, obj: Object) -> Errors:
    """The errors of a new object.

    Args:
        resource: its kind; of a kind unknown here (a custom resource) only the metadata is judged.
        obj: with defaults, prepared for creation, its name generated.
    """
    errors = validate_metadata(resource, obj.get("metadata") or {})
    validate = _CREATE.get(resource)
    if validate is None:
        rules = rules_of(resource)
        validate = None if rules is None else rules.create
    return errors if validate is None else errors + validate(obj)


def validate_update(resource: Resource, new: Object, old: Object) -> Errors:
    """The errors of an update through the main endpoint.

    Kubernetes judges the metadata once for all kinds and once more for the kind, so these errors come twice;
    in a message they show once, among the causes twice.

    Args:
        resource: its kind.
        new: with defaults, prepared for update.
        old: what is stored.
    """
    repeated, validate = _update_rules(resource)
    return _metadata_errors(resource, new, old, repeated) + validate(new, old)


@cache
def _update_rules(resource: Resource) -> tuple[MetadataRule, Callable[[Object, Object], Errors]]:
    """Which judgements of the metadata a kind repeats at an update, and what else it judges."""
    rules = rules_of(resource)
    if rules is None:
        repeated = _METADATA.get(resource, "update")
        create, update = _CREATE.get(resource, nothing), _UPDATE.get(resource)
    else:
        repeated, create, update = rules.update_metadata, rules.create, rules.update
    return repeated, update or (lambda new, _: create(new))


def _metadata_errors(resource: Resource, new: Object, old: Object, repeated: MetadataRule) -> Errors:
    errors = validate_metadata_update(new["metadata"], old["metadata"])
    again = [] if repeated == "create" else errors
    if repeated != "update":
        again = again + validate_metadata(resource, new["metadata"])
    return errors + again


def validate_status_update(resource: Resource, new: Object, old: Object) -> Errors:
    """The errors of an update of the status."""
    errors = validate_metadata_update(new["metadata"], old["metadata"])
    errors += errors
    rules = rules_of(resource)
    validate = _STATUS.get(resource) if rules is None else rules.status
    return errors if validate is None else errors + validate(new, old)


def validate_subresource_update(resource: Resource, subresource: str, new: Object, old: Object) -> Errors:
    """The errors of an update through a subresource."""
    if subresource == "status":
        return validate_status_update(resource, new, old)
    rules = rules_of(resource)
    validate = (
        _SUBRESOURCES.get((resource, subresource)) if rules is None else rules.subresources.get(subresource)
    )
    if validate is None:
        return validate_update(resource, new, old)
    errors = validate_metadata_update(new["metadata"], old["metadata"])
    return errors + errors + validate(new, old)

"""What `kubectl get` shows of each kind: columns as data, cells as pure functions of object and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.api import resources as r
from kubelite.api.columns import autoscaling, certificates, core, volumes, workloads
from kubelite.api.columns.pods import POD_COLUMNS
from kubelite.api.columns.pods import row_conditions as pod_row_conditions
from kubelite.api.columns.text import Column
from kubelite.api.groups import table
from kubelite.apimachinery.scheme import Object, Resource

__all__ = ["Column", "columns_for", "row_conditions"]

_COLUMNS: Final[Mapping[Resource, tuple[Column, ...]]] = {
    r.COMPONENTSTATUSES: core.COMPONENT_STATUS_COLUMNS,
    r.CONFIGMAPS: core.CONFIG_MAP_COLUMNS,
    r.ENDPOINTS: core.ENDPOINTS_COLUMNS,
    r.EVENTS: core.EVENT_COLUMNS,
    r.NAMESPACES: core.NAMESPACE_COLUMNS,
    r.NODES: core.NODE_COLUMNS,
    r.PODS: POD_COLUMNS,
    r.REPLICATIONCONTROLLERS: core.REPLICATION_CONTROLLER_COLUMNS,
    r.SECRETS: core.SECRET_COLUMNS,
    r.SERVICEACCOUNTS: core.SERVICE_ACCOUNT_COLUMNS,
    r.SERVICES: core.SERVICE_COLUMNS,
    r.PODDISRUPTIONBUDGETS: core.POD_DISRUPTION_BUDGET_COLUMNS,
    r.LEASES: core.LEASE_COLUMNS,
    r.ENDPOINTSLICES: core.ENDPOINT_SLICE_COLUMNS,
    r.CERTIFICATESIGNINGREQUESTS: certificates.CERTIFICATE_SIGNING_REQUEST_COLUMNS,
    r.CONTROLLERREVISIONS: workloads.CONTROLLER_REVISION_COLUMNS,
    r.DAEMONSETS: workloads.DAEMON_SET_COLUMNS,
    r.DEPLOYMENTS: workloads.DEPLOYMENT_COLUMNS,
    r.REPLICASETS: workloads.REPLICA_SET_COLUMNS,
    r.STATEFULSETS: workloads.STATEFUL_SET_COLUMNS,
    r.CRONJOBS: workloads.CRON_JOB_COLUMNS,
    r.JOBS: workloads.JOB_COLUMNS,
    r.PODTEMPLATES: workloads.POD_TEMPLATE_COLUMNS,
    r.HORIZONTALPODAUTOSCALERS: autoscaling.AUTOSCALER_COLUMNS,
    r.HORIZONTALPODAUTOSCALERS_V1: autoscaling.AUTOSCALER_COLUMNS,
    r.PERSISTENTVOLUMECLAIMS: volumes.CLAIM_COLUMNS,
    r.PERSISTENTVOLUMES: volumes.VOLUME_COLUMNS,
    r.RESOURCEQUOTAS: volumes.QUOTA_COLUMNS,
}


def columns_for(resource: Resource, subresource: str = "") -> tuple[Column, ...]:
    """The columns of a kind; Name and Created At if it has none of its own."""
    if subresource == "scale":
        return core.SCALE_COLUMNS
    columns = _COLUMNS.get(resource)
    if columns is None:
        of_group: Mapping[Resource, tuple[Column, ...]] | None = table("columns", resource.group, "COLUMNS")
        columns = None if of_group is None else of_group.get(resource)
    return core.GENERIC_COLUMNS if columns is None else columns


def row_conditions(resource: Resource, obj: Object) -> list[Object]:
    """The conditions of an object's row; empty for nearly all."""
    return pod_row_conditions(obj) if resource == r.PODS else []

"""How the registry treats each kind: what a delete answers, who may be made by PUT, grace periods.

What a kind does with its own fields is `kubelite.api.strategy`.
Source: k8s.io/kubernetes/pkg/registry/*/*/{strategy,storage/storage}.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.api import podutil
from kubelite.api import resources as r
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.strategy import Rules


def _pod_grace_period_s(pod: Object, asked_s: int | None) -> int:
    """Seconds that a deleted pod has: none without a node or after its end, else those asked or its own."""
    period = asked_s if asked_s is not None else pod["spec"].get("terminationGracePeriodSeconds", 0)
    if not podutil.is_scheduled(pod) or podutil.is_terminal(pod):
        return 0
    return 1 if period < 0 else int(period)


_CLUSTER_RULES: Final[Mapping[str, Rules]] = {
    **{
        resource.group_resource: Rules(returns_deleted=True)
        for resource in (
            *(r.STORAGECLASSES, r.VOLUMEATTRIBUTESCLASSES, r.DEVICECLASSES, r.RESOURCECLAIMS),
            *(r.RESOURCECLAIMTEMPLATES, r.RESOURCESLICES),
        )
    },
    **{
        resource.group_resource: Rules(returns_deleted=True, unconditional_update=False)
        for resource in (r.VOLUMEATTACHMENTS, r.CSIDRIVERS, r.CSINODES)
    },
    **{
        resource.group_resource: Rules(unconditional_update=False)
        for resource in (
            *(r.CSISTORAGECAPACITIES, r.RUNTIMECLASSES, r.APISERVICES, r.VALIDATINGADMISSIONPOLICIES),
            *(r.VALIDATINGADMISSIONPOLICYBINDINGS, r.MUTATINGADMISSIONPOLICIES),
            *(r.MUTATINGADMISSIONPOLICYBINDINGS, r.MUTATINGWEBHOOKCONFIGURATIONS),
            r.VALIDATINGWEBHOOKCONFIGURATIONS,
        )
    },
    **{
        resource.group_resource: Rules(creates_on_update=True)
        for resource in (r.ROLES, r.CLUSTERROLES, r.ROLEBINDINGS, r.CLUSTERROLEBINDINGS)
    },
}
"""Networking, storage, admission, devices and the like."""

RULES: Final[Mapping[str, Rules]] = {
    **_CLUSTER_RULES,
    r.PODS.group_resource: Rules(returns_deleted=True, grace_period_s=_pod_grace_period_s),
    r.SERVICES.group_resource: Rules(returns_deleted=True, creates_on_update=True),
    r.REPLICATIONCONTROLLERS.group_resource: Rules(deletion="orphan"),
    r.PODDISRUPTIONBUDGETS.group_resource: Rules(unconditional_update=False),
    r.ENDPOINTS.group_resource: Rules(creates_on_update=True),
    r.EVENTS.group_resource: Rules(deletion="unsupported", creates_on_update=True),
    r.LEASES.group_resource: Rules(creates_on_update=True, unconditional_update=False),
    r.PODTEMPLATES.group_resource: Rules(returns_deleted=True),
    r.PERSISTENTVOLUMECLAIMS.group_resource: Rules(returns_deleted=True),
    r.PERSISTENTVOLUMES.group_resource: Rules(returns_deleted=True),
    r.RESOURCEQUOTAS.group_resource: Rules(returns_deleted=True),
    r.JOBS.group_resource: Rules(deletion="orphan"),
    r.SERVICEACCOUNTS.group_resource: Rules(returns_deleted=True, unconditional_update=False),
    r.EVENTS_V1.group_resource: Rules(deletion="unsupported", creates_on_update=True),
}
"""By resource and group; kinds that are not here follow the common rules."""

COMMON: Final = Rules()


def rules_of(resource: Resource) -> Rules:
    """The rules for a kind."""
    return RULES.get(resource.group_resource, COMMON)

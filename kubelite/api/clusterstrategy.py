"""The tables of `strategy` for networking, storage, admission, flow control, devices and the like.

Source: k8s.io/kubernetes/pkg/registry/*/*/strategy.go, k8s.io/kube-aggregator/pkg/registry/apiservice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kubelite.api import resources as r
from kubelite.apimachinery.scheme import Object, Resource

COUNTED: Final = (
    r.DEVICECLASSES,
    r.INGRESSCLASSES,
    r.MUTATINGADMISSIONPOLICIES,
    r.MUTATINGADMISSIONPOLICYBINDINGS,
    r.MUTATINGWEBHOOKCONFIGURATIONS,
    r.NETWORKPOLICIES,
    r.RESOURCESLICES,
    r.VALIDATINGADMISSIONPOLICYBINDINGS,
    r.VALIDATINGWEBHOOKCONFIGURATIONS,
)
"""Kinds without a status whose changes are counted."""

UNCOUNTED: Final = (r.APISERVICES, r.RESOURCECLAIMS, r.SERVICECIDRS, r.VOLUMEATTACHMENTS)
"""Kinds with a status whose changes are not."""

NUMBERED_ONCE: Final = frozenset({r.PRIORITYCLASSES})
"""Kinds that begin with a generation which never changes."""

COUNTED_FROM_ZERO: Final = frozenset({r.CSIDRIVERS})
"""Kinds that have no generation until they are changed."""

STATUS_KEEPS_METADATA: Final = frozenset(
    {r.APISERVICES, r.FLOWSCHEMAS, r.PRIORITYLEVELCONFIGURATIONS, r.RESOURCECLAIMS, r.VOLUMEATTACHMENTS}
)
"""Kinds of which an update of the status changes nothing of the metadata."""

EMPTY_STATUS: Final[Mapping[Resource, Object]] = {
    r.FLOWSCHEMAS: {},
    r.INGRESSES: {"loadBalancer": {}},
    r.PRIORITYLEVELCONFIGURATIONS: {},
    r.RESOURCECLAIMS: {},
    r.SERVICECIDRS: {},
    r.VALIDATINGADMISSIONPOLICIES: {},
    r.VOLUMEATTACHMENTS: {"attached": False},
}


def _create_api_service(service: Object) -> Object:
    """What the server serves itself is there from the beginning."""
    if (service.get("spec") or {}).get("service") is not None:
        return {**service, "status": {}}
    condition = {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": service["metadata"].get("creationTimestamp"),
        "reason": "Local",
        "message": "Local APIServices are always available",
    }
    return {**service, "status": {"conditions": [condition]}}


def _create_service_account(account: Object) -> Object:
    """Of the secrets only the names are kept."""
    secrets = account.get("secrets")
    if not secrets:
        return account
    return {
        **account,
        "secrets": [{"name": secret["name"]} if secret.get("name") else {} for secret in secrets],
    }


_ELECTION: Final = ("strategy", "preferredHolder")
"""What a Lease has for coordinated leader election, which is switched off."""


def _update_lease(lease: Object, old: Object) -> Object:
    """Fields of a feature that is off are dropped, unless they are there already."""
    spec, before = lease.get("spec") or {}, old.get("spec") or {}
    dropped = [field for field in _ELECTION if spec.get(field) is not None and before.get(field) is None]
    if not dropped:
        return lease
    return {**lease, "spec": {field: value for field, value in spec.items() if field not in dropped}}


CREATE: Final[Mapping[Resource, Callable[[Object], Object]]] = {
    r.APISERVICES: _create_api_service,
    r.LEASES: lambda lease: _update_lease(lease, {}),
    r.SERVICEACCOUNTS: _create_service_account,
}
UPDATE: Final[Mapping[Resource, Callable[[Object, Object], Object]]] = {
    r.LEASES: _update_lease,
    r.SERVICEACCOUNTS: lambda new, _: _create_service_account(new),
}

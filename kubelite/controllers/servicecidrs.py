"""ServiceCIDR controller: says that a range of cluster addresses is ready, lets it go when nobody has any.

A range that is deleted stays while an IPAddress would be left without any range, unless a larger or equal one
contains it whole. After that it stays for a grace period: whoever gives addresses away has to hear of it.

Source: k8s.io/kubernetes/pkg/controller/servicecidrs/servicecidrs_controller.go,
k8s.io/kubernetes/pkg/api/servicecidr, KEP-1880.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from kubelite.api.conditions import get_condition
from kubelite.api.resources import IPADDRESSES, SERVICECIDRS
from kubelite.apimachinery import meta
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time, parse_time
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import Intent, PatchObject, RequeueAfter, Steps, UpdateObject

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

FINALIZER: Final = "networking.k8s.io/service-cidr-finalizer"
MANAGED_BY: Final = "ipaddress.kubernetes.io/managed-by"
ALLOCATOR: Final = "ipallocator.k8s.io"
DELETION_GRACE_S: Final = 10.0
READY: Final = {"type": "Ready", "status": "True", "message": "Kubernetes Service CIDR is ready"}
TERMINATING: Final = {
    "type": "Ready",
    "status": "False",
    "reason": "Terminating",
    "message": (
        "There are still IPAddresses referencing the ServiceCIDR, "
        "please remove them or create a new ServiceCIDR"
    ),
}


@lru_cache(maxsize=256)
def _network(cidr: str) -> Network:
    return ipaddress.ip_network(cidr)


def networks(service_cidr: Object) -> list[Network]:
    """The ranges of a ServiceCIDR."""
    return [_network(each) for each in service_cidr["spec"]["cidrs"]]


def has_address(network: Network, address: Address) -> bool:
    """Whether a range could give an address away: not that of the network, nor the last one of IPv4."""
    if address == network.network_address:
        return False
    return address in network and (network.version == 6 or address != network.broadcast_address)


def _says(service_cidr: Object, wanted: Object) -> bool:
    condition = get_condition(service_cidr, wanted["type"]) or {}
    return all((condition.get(key) or "") == wanted.get(key, "") for key in ("status", "reason", "message"))


def can_go(service_cidr: Object, all_cidrs: Iterable[Object], addresses: Iterable[str]) -> bool:
    """Whether no address is left without a range once a ServiceCIDR is gone.

    Args:
        service_cidr: That one.
        all_cidrs: All that exist.
        addresses: Those that Services have.
    """
    name = service_cidr["metadata"]["name"]
    others = [network for each in all_cidrs if each["metadata"]["name"] != name for network in networks(each)]
    mine = networks(service_cidr)
    if all(any(_contains(each, network) for each in others) for network in mine):
        return True
    for text in addresses:
        address = ipaddress.ip_address(text)
        if any(has_address(each, address) for each in mine) and not any(
            has_address(each, address) for each in others
        ):
            return False
    return True


def _contains(large: Network, small: Network) -> bool:
    return large.version == small.version and large.prefixlen <= small.prefixlen and large.overlaps(small)


def plan(
    service_cidr: Object, all_cidrs: Iterable[Object], addresses: Iterable[str], now: float
) -> tuple[Intent, ...]:
    """What becomes of one ServiceCIDR.

    Args:
        service_cidr: The ServiceCIDR.
        all_cidrs: All that exist.
        addresses: Those that Services have.
        now: Unix seconds.
    """
    metadata = service_cidr["metadata"]
    name, finalizers = metadata["name"], metadata.get("finalizers") or ()
    if not meta.is_being_deleted(service_cidr):
        intents: list[Intent] = []
        if FINALIZER not in finalizers:
            patch = {"metadata": {"finalizers": [FINALIZER]}}
            intents.append(PatchObject(SERVICECIDRS, None, name, patch, patch_type="strategic"))
        if not _says(service_cidr, READY):
            intents.append(_apply(name, READY, now))
        return tuple(intents)
    if not can_go(service_cidr, all_cidrs, addresses):
        return () if _says(service_cidr, TERMINATING) else (_apply(name, TERMINATING, now),)
    left_s = parse_time(metadata["deletionTimestamp"]) + DELETION_GRACE_S - now
    if left_s > 0:
        return (RequeueAfter(left_s),)
    if FINALIZER not in finalizers:
        return ()
    kept = [each for each in finalizers if each != FINALIZER]
    return (UpdateObject(SERVICECIDRS, {**service_cidr, "metadata": {**metadata, "finalizers": kept}}),)


def _apply(name: str, condition: Object, now: float) -> Intent:
    applied = {
        "apiVersion": SERVICECIDRS.api_version,
        "kind": SERVICECIDRS.kind,
        "metadata": {"name": name},
        "status": {"conditions": [{**condition, "lastTransitionTime": format_time(now)}]},
    }
    manager = ServiceCIDRsController.name
    return PatchObject(SERVICECIDRS, None, name, applied, "apply", "status", manager)


class ServiceCIDRsController(Reconciler):
    """Keys are ServiceCIDRs."""

    name = "service-cidr-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._cidrs = self.informer(SERVICECIDRS)
        self._addresses = self.informer(IPADDRESSES)

    def watches(self) -> Sequence[Watch]:
        """ServiceCIDRs, which concern those they overlap; addresses, which may hold or free theirs."""
        return Watch(SERVICECIDRS, self._overlapping), Watch(IPADDRESSES, self._containing)

    def _overlapping(self, old: Object | None, new: Object | None) -> Iterable[str]:
        changed = new or old or {}
        yield changed["metadata"]["name"]
        if old is not None and new is not None:
            return
        mine = networks(changed)
        for each in self._cidrs.list():
            if any(
                one.version == two.version and one.overlaps(two) for one in networks(each) for two in mine
            ):
                yield each["metadata"]["name"]

    def _containing(self, old: Object | None, new: Object | None) -> Iterable[str]:
        changed = new or old or {}
        if (old is None) is (new is None) or not _is_managed(changed):
            return
        address = ipaddress.ip_address(changed["metadata"]["name"])
        for each in self._cidrs.list():
            if any(has_address(network, address) for network in networks(each)):
                yield each["metadata"]["name"]

    def sync(self, key: str) -> Steps:
        """One ServiceCIDR."""
        service_cidr = self._cidrs.get(None, key)
        if service_cidr is not None:
            managed = (each["metadata"]["name"] for each in self._addresses.list() if _is_managed(each))
            yield plan(service_cidr, self._cidrs.list(), managed, self.clock.now())


def _is_managed(address: Object) -> bool:
    return (address["metadata"].get("labels") or {}).get(MANAGED_BY) == ALLOCATOR

"""Setting right the IPAddress objects of Services, which anybody may delete or relabel.

There is one for each cluster address, and none by this server's allocator for anything else.

Source: k8s.io/kubernetes/pkg/registry/core/service/ipallocator/controller/repairip.go.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from kubelite.api.resources import IPADDRESSES, SERVICECIDRS, SERVICES
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.timestamps import parse_time
from kubelite.client.events import reference_to
from kubelite.client.eventseries import series_event
from kubelite.master.apiserver import serviceaddresses
from kubelite.master.apiserver.environment import Environment
from kubelite.master.store.entry import Entry
from kubelite.master.store.selection import EVERYTHING

COMPONENT: Final = "ipallocator-repair-controller"
FAMILY: Final = "ipaddress.kubernetes.io/ip-family"
MANAGED_BY: Final = "ipaddress.kubernetes.io/managed-by"
ALLOCATOR: Final = "ipallocator.k8s.io"
_PARENT: Final = ("group", "resource", "namespace", "name")
LEAKED_AFTER_S: Final = 60.0
"""A Service may still be on its way when its address is there."""


class Finding(NamedTuple):
    """Something that is not as it should be.

    Attributes:
        about: The Service or the address.
        reason: Of the Event.
        text: Of the Event.
        remove: The name of the object that has to go; empty for none.
        make: The address that needs an object; empty for none.
    """

    about: Object
    reason: str
    text: str
    remove: str = ""
    make: str = ""


def of_service(
    service: Object, addresses: dict[str, Object], services: dict[str, Object], networks: list[str]
) -> Iterator[Finding]:
    """What is wrong about the addresses of a Service. Pure.

    Args:
        service: The Service.
        addresses: All IPAddress objects by name.
        services: All Services by key.
        networks: All ranges.
    """
    key = _key(service["metadata"])
    for address in serviceaddresses.addresses_of(service):
        family = _family(address)
        shown = f"Cluster IP [{family}]: {address}"
        if not any(ipaddress.ip_address(address) in ipaddress.ip_network(each) for each in networks):
            text = f"{shown} is not within any configured Service CIDR; please recreate service"
            yield Finding(service, "ClusterIPOutOfRange", text)
            continue
        found = addresses.get(address)
        if found is None:
            text = f"{shown} is not allocated; repairing"
            yield Finding(service, "ClusterIPNotAllocated", text, make=address)
            continue
        parent = found["spec"]["parentRef"]
        other = services.get(_key(parent))
        if not _is_of_service(parent) or (_key(parent) != key and other is None):
            text = f"the ClusterIP [{family}]: {address} for Service {key} has a wrong reference; repairing"
            yield Finding(service, "ClusterIPNotAllocated", text, address, address)
            continue
        if _key(parent) != key and address in serviceaddresses.addresses_of(other):
            text = (
                f"Cluster IP [{family}]:{address} was assigned to multiple services; please recreate service"
            )
            yield Finding(service, "ClusterIPAlreadyAllocated", text)
        if (found["metadata"].get("labels") or {}).get(FAMILY) != family or not _is_ours(found):
            yield Finding(service, "", "", address, address)


def of_address(address: Object, services: dict[str, Object], now: float) -> Finding | None:
    """What is wrong about an IPAddress object. Pure.

    Args:
        address: The object.
        services: All Services by key.
        now: Unix seconds.
    """
    metadata, parent = address["metadata"], address["spec"]["parentRef"]
    if not _is_ours(address):
        return None
    name = metadata["name"]
    if not _is_of_service(parent):
        fields = ",".join(f"{field.title()}:{parent.get(field, '')}" for field in _PARENT) + ","
        text = (
            f"IPAddress {name} appears to have been modified, not referencing a Service "
            f"&ParentReference{{{fields}}}: cleaning up"
        )
        return Finding(address, "IPAddressNotAllocated", text, name)
    service, shown = services.get(_key(parent)), f"IPAddress: {name} for Service {_key(parent)}"
    if service is None:
        if now - parse_time(metadata["creationTimestamp"]) <= LEAKED_AFTER_S:
            return None
        text = f"{shown} appears to have leaked: cleaning up"
        return Finding(address, "IPAddressNotAllocated", text, name)
    if name in serviceaddresses.addresses_of(service):
        return None
    return Finding(address, "IPAddressWrongReference", f"{shown} has a wrong reference; cleaning up", name)


def repair(env: Environment) -> tuple[list[Object], bool]:
    """Set right what is wrong; gives the Events that tell of it, and whether something is left for later."""
    services = {_key(entry.object["metadata"]): entry.object for entry in _entries(env, SERVICES)}
    addresses = {entry.object["metadata"]["name"]: entry.object for entry in _entries(env, IPADDRESSES)}
    networks = [cidr for entry in _entries(env, SERVICECIDRS) for cidr in entry.object["spec"]["cidrs"]]
    now = env.clock.now()
    found = [one for each in services.values() for one in of_service(each, addresses, services, networks)]
    found += [one for each in addresses.values() if (one := of_address(each, services, now)) is not None]
    events: list[Object] = []
    for number, finding in enumerate(found):
        if finding.remove and (entry := env.store.get(IPADDRESSES, "", finding.remove)) is not None:
            env.store.delete(IPADDRESSES, entry)
        if finding.make and env.store.get(IPADDRESSES, "", finding.make) is None:
            serviceaddresses.make(env, finding.make, finding.about)
        if finding.reason:
            action = (
                "IPAddressAllocation" if finding.about["kind"] == IPADDRESSES.kind else "ClusterIPAllocation"
            )
            reference = reference_to(finding.about)
            text = finding.text
            events.append(
                series_event(COMPONENT, reference, "Warning", finding.reason, text, now, action, number)
            )
    removed = {finding.remove for finding in found}
    waits = any(
        _key(each["spec"]["parentRef"]) not in services and _is_ours(each)
        for name, each in addresses.items()
        if name not in removed
    )
    return events, waits


def _is_ours(address: Object) -> bool:
    return (address["metadata"].get("labels") or {}).get(MANAGED_BY) == ALLOCATOR


def _entries(env: Environment, resource: Resource) -> Sequence[Entry]:
    return env.store.list(resource, EVERYTHING).entries


def _key(reference: Object) -> str:
    return f"{reference.get('namespace', '')}/{reference.get('name', '')}"


def _is_of_service(parent: Object) -> bool:
    return not parent.get("group") and parent.get("resource") == SERVICES.plural


def _family(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"

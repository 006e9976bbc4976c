"""The Endpoints object of each Service with a selector: subsets of addresses that share their ports.

Pods that are not ready stand under notReadyAddresses, terminating and terminal ones nowhere. At most 1000
addresses are kept, ready ones first, which the annotation over-capacity says.

Source: k8s.io/kubernetes/pkg/controller/endpoint/endpoints_controller.go, pkg/api/v1/endpoints/util.go.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

from kubelite.api import podutil
from kubelite.api.resources import ENDPOINTS
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.endpoint.batching import WHOLE
from kubelite.controllers.endpoint.findings import Findings
from kubelite.controllers.endpoint.serviceparts import (
    HEADLESS_LABEL,
    belongs,
    is_headless,
    pod_addresses,
    published_hostname,
    resolved_ports,
    target_ref,
    with_trigger_time,
)
from kubelite.controllers.endpoint.servicereconciler import ServiceReconciler, is_followed
from kubelite.reconcile.controller import Environment, Watch
from kubelite.reconcile.intents import CreateObject, DeleteObject, Intent, RecordEvent, Steps, UpdateObject
from kubelite.reconcile.ownership import key_of, split_key

CAPACITY: Final = 1000
OVER_CAPACITY: Final = "endpoints.kubernetes.io/over-capacity"
MANAGED_BY: Final = "endpoints.kubernetes.io/managed-by"
CONTROLLER: Final = "endpoint-controller"

PortId = tuple[str, str, int, str]


def make_address(pod: Object, service: Object, ip: str) -> Object:
    """The entry of a pod."""
    address: dict[str, Any] = {"ip": ip}
    hostname = published_hostname(pod, service)
    if hostname:
        address["hostname"] = hostname
    if pod["spec"].get("nodeName"):
        address["nodeName"] = pod["spec"]["nodeName"]
    address["targetRef"] = target_ref(pod)
    return address


def make_port(port: PortId) -> Object:
    """A port of a subset."""
    name, protocol, number, app_protocol = port
    entry: dict[str, Any] = {"name": name} if name else {}
    entry |= {"port": number, "protocol": protocol}
    if app_protocol:
        entry["appProtocol"] = app_protocol
    return entry


class Member(NamedTuple):
    """What Endpoints say of a pod.

    Attributes:
        uid: Of the pod.
        address: Its entry.
        is_ready: Where that stands.
        order: Of the entry among others.
        ports: The Service's ports as this pod has them; None stands for having none to have.
    """

    uid: str
    address: Object
    is_ready: bool
    order: tuple[bool, tuple[int, ...], str]
    ports: tuple[PortId | None, ...]


def member_of(service: Object, pod: Object) -> Member | None:
    """A pod as a member of a Service; None if it is none."""
    published = bool(service["spec"].get("publishNotReadyAddresses"))
    family = (service["spec"].get("ipFamilies") or ["IPv4"])[0]
    ips = pod_addresses(pod, family)
    if not ips or not belongs(pod, terminating_too=published):
        return None
    ports: tuple[PortId | None, ...] = (None,)
    if service["spec"].get("ports") or not is_headless(service):
        ports = tuple(
            (port.get("name") or "", port.get("protocol") or "TCP", number, port.get("appProtocol") or "")
            for port, number in resolved_ports(service, pod)
        )
    address, is_ready = make_address(pod, service, ips[0]), published or podutil.is_ready(pod)
    return Member(pod["metadata"]["uid"], address, is_ready, _address_order(address), ports)


def make_subsets(members: Iterable[Member | None]) -> list[Object]:
    """The subsets: ports that have the very same addresses stand together."""
    by_port: dict[PortId | None, dict[str, Member]] = {}
    for member in members:
        if member is not None:
            for port in member.ports:
                by_port.setdefault(port, {})[member.uid] = member
    groups: dict[tuple[str, ...], list[PortId | None]] = {}
    for port, entries in by_port.items():
        groups.setdefault(tuple(entries), []).append(port)
    subsets = [_subset(ports, by_port[ports[0]].values()) for ports in groups.values()]
    return sorted(
        subsets, key=lambda subset: [tuple(map(str, p.values())) for p in subset.get("ports") or ()]
    )


def _subset(ports: Sequence[PortId | None], members: Iterable[Member]) -> Object:
    subset: dict[str, Any] = {}
    in_order = sorted(members, key=attrgetter("order"))
    ready = [member.address for member in in_order if member.is_ready]
    not_ready = [member.address for member in in_order if not member.is_ready]
    if ready:
        subset["addresses"] = ready
    if not_ready:
        subset["notReadyAddresses"] = not_ready
    named = sorted(port for port in ports if port is not None)
    if named:
        subset["ports"] = [make_port(port) for port in named]
    return subset


def _address_order(address: Object) -> tuple[bool, tuple[int, ...], str]:
    ip = address["ip"]
    numbers = tuple(int(part) for part in ip.split(".")) if ":" not in ip else ()
    return ":" in ip, numbers, ip


def truncate(subsets: Sequence[Object], capacity: int = CAPACITY) -> tuple[list[Object], bool]:
    """Keep at most `capacity` addresses, ready ones first, in proportion over the subsets.

    Returns:
        The subsets, and whether something was left out.
    """
    ready = sum(len(subset.get("addresses") or ()) for subset in subsets)
    not_ready = sum(len(subset.get("notReadyAddresses") or ()) for subset in subsets)
    if ready + not_ready <= capacity:
        return list(subsets), False
    field, room, total = "notReadyAddresses", capacity - ready, not_ready
    if ready > capacity:
        field, room, total = "addresses", capacity, ready
    kept: list[Object] = []
    left = room
    for subset in subsets:
        addresses = subset.get(field) or []
        count = min(left, math.ceil(len(addresses) / total * room))
        left -= count
        dropped = {field} if field == "notReadyAddresses" else {field, "notReadyAddresses"}
        shorter = {name: value for name, value in subset.items() if name not in dropped}
        if count:
            shorter = {field: addresses[:count], **shorter}
        if shorter.get("addresses") or shorter.get("notReadyAddresses"):
            kept.append(shorter)
    return kept, True


def plan(
    service: Object, members: Iterable[Member | None], current: Object | None, time: str | None
) -> tuple[Intent, ...]:
    """Create or update the Service's Endpoints, if it differs.

    Args:
        service: The Service.
        members: Its pods.
        current: The object as it is, or None.
        time: When the change happened that is published.
    """
    subsets, truncated = truncate(make_subsets(members))
    labels = {
        name: value
        for name, value in (service["metadata"].get("labels") or {}).items()
        if name not in {HEADLESS_LABEL, MANAGED_BY}
    }
    if is_headless(service):
        labels[HEADLESS_LABEL] = ""
    labels[MANAGED_BY] = CONTROLLER
    labels = dict(sorted(labels.items()))
    known = (current or {}).get("metadata", {})
    was_truncated = (known.get("annotations") or {}).get(OVER_CAPACITY) == "truncated"
    if (
        current is not None
        and (current.get("subsets") or []) == subsets
        and known.get("labels") == labels
        and was_truncated == truncated
    ):
        return ()
    annotations = with_trigger_time(known.get("annotations"), time)
    annotations.pop(OVER_CAPACITY, None)
    if truncated:
        annotations[OVER_CAPACITY] = "truncated"
    metadata: dict[str, Any] = {name: value for name, value in known.items() if name != "annotations"}
    metadata |= {"name": service["metadata"]["name"], "namespace": service["metadata"]["namespace"]}
    metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    endpoints: dict[str, Any] = {"kind": "Endpoints", "apiVersion": "v1", "metadata": metadata}
    if subsets:
        endpoints["subsets"] = subsets
    if current is None:
        return (CreateObject(ENDPOINTS, endpoints, exists_ok=True),)
    return (UpdateObject(ENDPOINTS, endpoints),)


def failure_event(write: CreateObject | UpdateObject, key: str, error: str) -> RecordEvent:
    """What is told of Endpoints that could not be written."""
    if isinstance(write, CreateObject):
        text = f"Failed to create endpoint for service {key}: {error}"
        return RecordEvent(write.object, "Warning", "FailedToCreateEndpoint", text)
    text = f"Failed to update endpoint {key}: {error}"
    return RecordEvent(write.object, "Warning", "FailedToUpdateEndpoint", text)


class EndpointsController(ServiceReconciler):
    """Keeps the Endpoints of each Service with a selector."""

    name = "endpoints-controller"
    component = "endpoint-controller"
    batching = WHOLE

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._endpoints = self.informer(ENDPOINTS)
        self._members: Findings[None, Member | None] = Findings()
        self._written: dict[str, str] = {}

    def watches(self) -> Sequence[Watch]:
        """Services, their pods, and Endpoints that somebody else changes or deletes."""
        return *super().watches(), Watch(ENDPOINTS, self._endpoints_keys)

    def first_keys(self) -> Iterable[str]:
        """Endpoints that this controller made and whose Service is gone."""
        for endpoints in self._endpoints.list():
            if (endpoints["metadata"].get("labels") or {}).get(MANAGED_BY) == CONTROLLER:
                yield key_of(endpoints)

    def _endpoints_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if new is None:
            return (key_of(old or {}),)
        if old is None or self._services.get(new["metadata"]["namespace"], new["metadata"]["name"]) is None:
            return ()
        key = key_of(new)
        return () if self._written.get(key) == new["metadata"]["resourceVersion"] else (key,)

    def sync(self, key: str) -> Steps:
        """Write the Endpoints if they differ; delete those of a Service that is gone."""
        namespace, name = split_key(key)
        service = self._services.get(namespace, name)
        current = self._endpoints.get(namespace, name)
        if service is None:
            self._forget(key)
            if current is not None:
                yield (DeleteObject(ENDPOINTS, namespace, name, uid=current["metadata"]["uid"]),)
            return
        if not is_followed(service):
            return
        pods, time = self._look(key, service)
        members = self._members.find(
            key, service, ((pod, None) for pod in pods), lambda pod, _: member_of(service, pod)
        )
        outcomes = yield plan(service, members, current, time)
        for outcome in outcomes:
            if outcome.object is not None:
                self._written[key] = outcome.object["metadata"]["resourceVersion"]
            elif outcome.failed and isinstance(outcome.intent, CreateObject | UpdateObject):
                yield (failure_event(outcome.intent, key, str(outcome.error)),)

    def _forget(self, key: str) -> None:
        super()._forget(key)
        self._members.forget(key)
        self._written.pop(key, None)

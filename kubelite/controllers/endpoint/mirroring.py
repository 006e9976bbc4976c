"""Slices that mirror hand-made Endpoints, so that proxies need only read slices.

Not mirrored: Endpoints labelled skip-mirror, those used for leader election, and those whose Service is
missing or has a selector.

Source: k8s.io/kubernetes/pkg/controller/endpointslicemirroring.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from kubelite.api.resources import ENDPOINTS, ENDPOINTSLICES, SERVICES
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.endpoint import batching
from kubelite.controllers.endpoint.endpointslice import (
    BY_SERVICE,
    MANAGED_BY,
    SERVICE_NAME,
    by_service,
)
from kubelite.controllers.endpoint.serviceparts import HEADLESS_LABEL, TRIGGER_TIME
from kubelite.controllers.endpoint.sliceendpoints import port_key
from kubelite.controllers.endpoint.slicefailures import failure_event, failures_of
from kubelite.controllers.endpoint.slicepacking import endpoint_key, pack
from kubelite.controllers.endpoint.slicetracker import SliceTracker
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    Intent,
    RecordEvent,
    RequeueAfter,
    Steps,
    Together,
    UpdateObject,
)
from kubelite.reconcile.ownership import controller_ref, key_of, split_key

CONTROLLER: Final = "endpointslicemirroring-controller.k8s.io"
SKIP: Final = "endpointslice.kubernetes.io/skip-mirror"
LEADER: Final = "control-plane.alpha.kubernetes.io/leader"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
SUBSET_MAX: Final = 1000
"""Addresses of one subset that are mirrored."""

Group = tuple[str, tuple[tuple[str, str, int, str], ...]]


def is_mirrored(endpoints: Object | None, service: Object | None) -> bool:
    """True if the Endpoints of this Service are to be mirrored."""
    if endpoints is None or service is None or service["spec"].get("selector"):
        return False
    metadata = endpoints["metadata"]
    if metadata.get("deletionTimestamp"):
        return False
    return (metadata.get("labels") or {}).get(SKIP) != "true" and LEADER not in (
        metadata.get("annotations") or {}
    )


def desired(endpoints: Object) -> dict[Group, tuple[list[Object], dict[str, Object]]]:
    """The endpoints wanted, by address family and ports."""
    groups: dict[Group, tuple[list[Object], dict[str, Object]]] = {}
    for subset in endpoints.get("subsets") or ():
        ports = [_port(port) for port in subset.get("ports") or ()]
        entries = [(address, True) for address in subset.get("addresses") or ()]
        entries += [(address, False) for address in subset.get("notReadyAddresses") or ()]
        for address, ready in entries[:SUBSET_MAX]:
            family = "IPv6" if ":" in address["ip"] else "IPv4"
            group = groups.setdefault((family, port_key(ports)), (ports, {}))
            endpoint: dict[str, Any] = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
            for field in ("hostname", "targetRef", "nodeName"):
                if address.get(field):
                    endpoint[field] = address[field]
            group[1][endpoint_key(endpoint)] = endpoint
    return groups


def surplus(endpoints: Object) -> tuple[Intent, ...]:
    """An Event, if some addresses are not mirrored because there are too many."""
    sizes = [
        len(subset.get("addresses") or ()) + len(subset.get("notReadyAddresses") or ())
        for subset in endpoints.get("subsets") or ()
    ]
    skipped = sum(max(0, size - SUBSET_MAX) for size in sizes)
    if not skipped:
        return ()
    text = (
        f"A max of {SUBSET_MAX} addresses can be mirrored to EndpointSlices per Endpoints subset. "
        f"{skipped} addresses were skipped"
    )
    return (RecordEvent(endpoints, "Warning", "TooManyAddressesToMirror", text),)


def _port(port: Object) -> Object:
    entry: dict[str, Any] = {
        "name": port.get("name") or "",
        "protocol": port.get("protocol") or "TCP",
        "port": port["port"],
    }
    if port.get("appProtocol"):
        entry["appProtocol"] = port["appProtocol"]
    return entry


def make_metadata(endpoints: Object, service: Object) -> Object:
    """Labels, annotations and owner of a mirrored slice."""
    labels = {
        name: value
        for name, value in (endpoints["metadata"].get("labels") or {}).items()
        if name != HEADLESS_LABEL
    }
    labels |= {SERVICE_NAME: service["metadata"]["name"], MANAGED_BY: CONTROLLER}
    if service["spec"].get("clusterIP") in {None, "", "None"}:
        labels[HEADLESS_LABEL] = ""
    metadata: dict[str, Any] = {"labels": dict(sorted(labels.items()))}
    annotations = {
        name: value
        for name, value in (endpoints["metadata"].get("annotations") or {}).items()
        if name not in {LAST_APPLIED, TRIGGER_TIME}
    }
    if annotations:
        metadata["annotations"] = annotations
    metadata["ownerReferences"] = [controller_ref(endpoints, ENDPOINTS)]
    return metadata


def plan(endpoints: Object, service: Object, slices: Sequence[Object]) -> tuple[Intent, ...]:
    """Create, update and delete slices so that they mirror the Endpoints."""
    metadata = make_metadata(endpoints, service)
    existing: dict[Group, list[Object]] = {}
    for each in slices:
        existing.setdefault((each["addressType"], port_key(each.get("ports"))), []).append(each)
    intents: list[Intent] = []
    for group, (ports, wanted) in desired(endpoints).items():
        packing = pack(existing.pop(group, ()), wanted, endpoints_max=SUBSET_MAX)
        for chunk in packing.create:
            name = endpoints["metadata"]["name"]
            created = {
                "kind": "EndpointSlice",
                "apiVersion": "discovery.k8s.io/v1",
                "metadata": {
                    "generateName": f"{name}-",
                    "namespace": endpoints["metadata"]["namespace"],
                    **metadata,
                },
                "addressType": group[0],
                "endpoints": chunk,
                "ports": ports or None,
            }
            intents.append(CreateObject(ENDPOINTSLICES, created))
        changed = list(packing.update)
        changed += [
            (each, each["endpoints"])
            for each in packing.unchanged
            if any(each["metadata"].get(field) != metadata.get(field) for field in ("labels", "annotations"))
        ]
        for each, chunk in changed:
            bare = {name: value for name, value in each["metadata"].items() if name != "annotations"}
            updated = {**each, "metadata": {**bare, **metadata}, "endpoints": chunk}
            intents.append(UpdateObject(ENDPOINTSLICES, updated))
        intents += [_deletion(each) for each in packing.delete]
    intents += [_deletion(each) for leftover in existing.values() for each in leftover]
    return tuple(intents)


def _deletion(each: Object) -> Intent:
    metadata = each["metadata"]
    return DeleteObject(ENDPOINTSLICES, metadata["namespace"], metadata["name"], uid=metadata["uid"])


class EndpointSliceMirroringController(Reconciler):
    """Mirrors Endpoints into slices."""

    name = "endpointslice-mirroring-controller"
    component = "endpoint-slice-mirroring-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._services = self.informer(SERVICES)
        self._endpoints = self.informer(ENDPOINTS)
        self._slices = self.informer(ENDPOINTSLICES)
        self._slices.add_index(BY_SERVICE, by_service)
        self._tracker = SliceTracker()

    def watches(self) -> Sequence[Watch]:
        """Services without selector, their Endpoints, and the slices that mirror."""
        return (
            Watch(SERVICES, self._service_keys),
            Watch(ENDPOINTS, self._endpoints_keys),
            Watch(ENDPOINTSLICES, self._slice_keys),
        )

    def _service_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        selectors = [bool(each["spec"].get("selector")) for each in (old, new) if each is not None]
        return () if all(selectors) else (key_of(new or old or {}),)

    def _endpoints_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        metadata = (new or old or {})["metadata"]
        service = self._services.get(metadata["namespace"], metadata["name"])
        if service is not None and service["spec"].get("selector"):
            return ()
        return (key_of(new or old or {}),)

    def _slice_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        obj = new or old
        assert obj is not None
        if (obj["metadata"].get("labels") or {}).get(MANAGED_BY) != CONTROLLER:
            return ()
        return () if self._tracker.observe(old, new) else by_service(obj)

    def sync(self, key: str) -> Steps:
        """Mirror, or remove what mirrors no more."""
        namespace, name = split_key(key)
        service = self._services.get(namespace, name)
        endpoints = self._endpoints.get(namespace, name)
        slices = [
            each
            for each in self._slices.by_index(BY_SERVICE, key)
            if each["metadata"]["labels"].get(MANAGED_BY) == CONTROLLER
        ]
        now = self.clock.now()
        if self._tracker.is_stale(key, slices, now):
            yield (RequeueAfter(batching.SLICES.gather_s),)
            return
        intents: tuple[Intent, ...]
        if endpoints is None or service is None or not is_mirrored(endpoints, service):
            intents = tuple(_deletion(each) for each in slices)
        else:
            intents = plan(endpoints, service, slices)
            yield surplus(endpoints)
        if intents:
            outcomes = yield (Together(intents),)
            self._tracker.wrote(key, outcomes, now)
            failures = failures_of(endpoints, outcomes) if endpoints is not None else []
            if endpoints is not None and failures:
                yield (failure_event(endpoints, failures),)
        if service is None and endpoints is None:
            self._tracker.forget(key)

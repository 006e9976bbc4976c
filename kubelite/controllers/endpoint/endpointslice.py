"""EndpointSlices of Services with a selector.

Up to 100 endpoints stand in a slice, and there is one set of slices per set of port numbers.
A Service without pods keeps one empty slice. A terminating pod stays in its slice, not ready, but serving
while its probe says so, until it is gone.

Source: k8s.io/endpointslice/{reconciler,utils}.go, k8s.io/kubernetes/pkg/controller/endpointslice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from kubelite.api.conditions import get_condition
from kubelite.api.resources import ENDPOINTSLICES, NODES, SERVICES
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.endpoint import topologyhints
from kubelite.controllers.endpoint.batching import SLICES
from kubelite.controllers.endpoint.findings import Findings
from kubelite.controllers.endpoint.serviceparts import (
    HEADLESS_LABEL,
    ZONE_LABEL,
    is_headless,
    with_trigger_time,
)
from kubelite.controllers.endpoint.servicereconciler import ServiceReconciler, is_followed
from kubelite.controllers.endpoint.sliceendpoints import (
    Desired,
    Found,
    PortKey,
    desired_endpoints,
    endpoint_of,
    port_key,
)
from kubelite.controllers.endpoint.slicefailures import failure_event, failures_of
from kubelite.controllers.endpoint.slicepacking import endpoint_key, pack
from kubelite.controllers.endpoint.slicetracker import SliceTracker
from kubelite.reconcile.controller import Environment, Watch
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
from kubelite.reconcile.ownership import controller_ref, split_key

_NODE_RETRY_S: Final = 1.0
SERVICE_NAME: Final = "kubernetes.io/service-name"
MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
CONTROLLER: Final = "endpointslice-controller.k8s.io"
FAMILIES: Final = ("IPv4", "IPv6")
BY_SERVICE: Final = "service"
"""Index: key of a Service -> its slices."""


def by_service(obj: Object) -> Iterable[str]:
    """The index `BY_SERVICE`."""
    name = (obj["metadata"].get("labels") or {}).get(SERVICE_NAME)
    return () if name is None else (f"{obj['metadata']['namespace']}/{name}",)


def slice_labels(service: Object) -> dict[str, str]:
    """The Service's labels, its name, the managing controller, and a mark on those of headless Services."""
    reserved = {SERVICE_NAME, MANAGED_BY, HEADLESS_LABEL}
    labels = {
        name: value
        for name, value in (service["metadata"].get("labels") or {}).items()
        if name not in reserved
    }
    labels[SERVICE_NAME] = service["metadata"]["name"]
    labels[MANAGED_BY] = CONTROLLER
    if is_headless(service):
        labels[HEADLESS_LABEL] = ""
    return dict(sorted(labels.items()))


def _new_slice(service: Object, family: str, ports: list[Object], endpoints: list[Object]) -> Object:
    return {
        "kind": "EndpointSlice",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": {
            "generateName": f"{service['metadata']['name']}-",
            "namespace": service["metadata"]["namespace"],
            "labels": slice_labels(service),
            "ownerReferences": [controller_ref(service, SERVICES)],
        },
        "addressType": family,
        "endpoints": endpoints or None,
        "ports": ports or None,
    }


def plan_family(
    service: Object, slices: Sequence[Object], groups: Mapping[PortKey, Desired], family: str
) -> tuple[list[Object], list[Object], list[Object]]:
    """The slices of one address family to create, update and delete.

    Args:
        family: `IPv4` or `IPv6`.
        service: The Service.
        slices: Those which exist, of this family.
        groups: The endpoints wanted.
    """
    labels = slice_labels(service)
    existing: dict[PortKey, list[Object]] = {}
    for each in slices:
        existing.setdefault(port_key(each.get("ports")), []).append(each)
    create: list[Object] = []
    update: list[Object] = []
    delete: list[Object] = []
    for key, group in groups.items():
        packing = pack(existing.pop(key, ()), group.endpoints)
        create += [_new_slice(service, family, group.ports, endpoints) for endpoints in packing.create]
        update += [{**each, "endpoints": endpoints} for each, endpoints in packing.update]
        update += [each for each in packing.unchanged if (each["metadata"].get("labels") or {}) != labels]
        delete += packing.delete
    for leftover in existing.values():
        delete += leftover
    if not create and not update and len(delete) == len(slices):
        create.append(_new_slice(service, family, [], []))
    return _reuse(create, update, delete, labels)


def plan_hinted_family(
    service: Object,
    slices: Sequence[Object],
    groups: Mapping[PortKey, Desired],
    family: str,
    shares: Mapping[str, float],
) -> tuple[list[Object], list[Object], list[Object]] | str:
    """As `plan_family`, with each zone's part of the hints; or why there can be none.

    Args:
        family: `IPv4` or `IPv6`.
        service: The Service.
        slices: Those which exist, of this family.
        groups: The endpoints wanted.
        shares: What the zones should have.
    """
    ready = sum(
        topologyhints.is_ready(each) for group in groups.values() for each in group.endpoints.values()
    )
    allocations = topologyhints.allocate(shares, ready)
    if isinstance(allocations, str):
        return allocations
    old = {endpoint_key(one): one for each in slices for one in each.get("endpoints") or ()}
    kept = {
        ports: Desired(
            group.ports,
            {
                name: topologyhints.with_old_hints(each, old[name]) if name in old else each
                for name, each in group.endpoints.items()
            },
        )
        for ports, group in groups.items()
    }
    create, update, delete = plan_family(service, slices, kept, family)
    changed = {each["metadata"]["uid"] for each in (*update, *delete)}
    unchanged = [each for each in slices if each["metadata"]["uid"] not in changed]
    made = topologyhints.add_hints(create, update, unchanged, allocations)
    return topologyhints.NO_ZONE if made is None else (*made, delete)


def _reuse(
    create: list[Object], update: list[Object], delete: list[Object], labels: Mapping[str, str]
) -> tuple[list[Object], list[Object], list[Object]]:
    """Turn pairs of a deletion and a creation into updates; leave out an empty slice that stays as it is."""
    update = [{**each, "metadata": {**each["metadata"], "labels": dict(labels)}} for each in update]
    while create and delete:
        new, old = create.pop(0), delete.pop(0)
        metadata = {
            **old["metadata"],
            "labels": dict(labels),
            "ownerReferences": new["metadata"]["ownerReferences"],
        }
        reused = {**old, "metadata": metadata, "endpoints": new["endpoints"], "ports": new["ports"]}
        if not _same(reused, old):
            update.append(reused)
    return create, update, delete


def _same(new: Object, old: Object) -> bool:
    return (
        not new.get("endpoints")
        and not old.get("endpoints")
        and not new.get("ports")
        and not old.get("ports")
        and new["metadata"].get("labels") == old["metadata"].get("labels")
        and new["metadata"].get("ownerReferences") == old["metadata"].get("ownerReferences")
    )


def _stamped(obj: Object, time: str | None) -> Object:
    annotations = with_trigger_time(obj["metadata"].get("annotations"), time)
    metadata = {name: value for name, value in obj["metadata"].items() if name != "annotations"}
    if annotations:
        metadata["annotations"] = annotations
    return {**obj, "metadata": metadata}


class EndpointSliceController(ServiceReconciler):
    """Keeps the slices of each Service with a selector."""

    name = "endpointslice-controller"
    component = "endpoint-slice-controller"
    batching = SLICES

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._nodes = self.informer(NODES)
        self._slices = self.informer(ENDPOINTSLICES)
        self._slices.add_index(BY_SERVICE, by_service)
        self._tracker = SliceTracker()
        self._found: Findings[str | None, Found | str | None] = Findings()
        self._by_topology: set[str] = set()
        self._hinted: set[str] = set()

    def watches(self) -> Sequence[Watch]:
        """Services, their pods, nodes, and the slices themselves."""
        return (
            *super().watches(),
            Watch(NODES, self._node_keys),
            Watch(ENDPOINTSLICES, self._slice_keys),
        )

    def _slice_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        obj = new or old
        assert obj is not None
        if (obj["metadata"].get("labels") or {}).get(MANAGED_BY) != CONTROLLER:
            return () if old is None or new is None else by_service(old)
        if self._tracker.observe(old, new):
            return ()
        keys = dict.fromkeys([*by_service(obj), *(() if old is None else by_service(old))])
        if new is None:
            for key in keys:
                self._tracker.lost(key, obj["metadata"]["uid"])
        return keys

    def _node_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """The Services whose hints follow the CPUs of zones, if these have changed."""
        if not self._by_topology or (
            old is not None and new is not None and _capacity(old) == _capacity(new)
        ):
            return ()
        return sorted(self._by_topology)

    def _zone_of(self, pod: Object) -> str | None:
        """The zone of a pod's node; empty if it has none, or no node; None if there is no such node."""
        name = pod["spec"].get("nodeName")
        if not name:
            return ""
        node = self._nodes.get(None, name)
        if node is None:
            return None
        zone: str = (node["metadata"].get("labels") or {}).get(ZONE_LABEL, "")
        return zone

    def _desired(
        self, key: str, service: Object, pods: Sequence[Object], family: str
    ) -> tuple[dict[PortKey, Desired], list[str]]:
        found = self._found.find(
            (key, family),
            service,
            ((pod, self._zone_of(pod)) for pod in pods),
            lambda pod, zone: endpoint_of(service, pod, family, zone),
        )
        return desired_endpoints(found)

    def _forget(self, key: str) -> None:
        super()._forget(key)
        self._tracker.forget(key)
        for family in FAMILIES:
            self._found.forget((key, family))
        self._by_topology.discard(key)
        self._hinted.discard(key)

    def sync(self, key: str) -> Steps:
        """Write the slices that differ; wait while own writes have not been seen."""
        namespace, name = split_key(key)
        service = self._services.get(namespace, name)
        if service is None:
            self._forget(key)
            return
        if not is_followed(service):
            return
        now = self.clock.now()
        slices = [
            each
            for each in self._slices.by_index(BY_SERVICE, key)
            if each["metadata"]["labels"].get(MANAGED_BY) == CONTROLLER
            and not each["metadata"].get("deletionTimestamp")
        ]
        if self._tracker.is_stale(key, slices, now):
            yield (RequeueAfter(SLICES.gather_s),)
            return
        pods, time = self._look(key, service)
        families = service["spec"].get("ipFamilies") or ["IPv4"]
        intents: list[Intent] = [_deletion(each) for each in slices if each["addressType"] not in families]
        problems: list[str] = []
        again = True
        events: list[Intent] = []
        for family in families:
            groups, left_out = self._desired(key, service, pods, family)
            problems += left_out
            of_family = [each for each in slices if each["addressType"] == family]
            create, update, delete, event = self._plan(key, service, of_family, groups, family)
            intents += [CreateObject(ENDPOINTSLICES, _stamped(each, time)) for each in create]
            intents += [UpdateObject(ENDPOINTSLICES, _stamped(each, time)) for each in update]
            intents += [_deletion(each) for each in delete]
            if event is not None:
                reason, text = event
                type_: Literal["Normal", "Warning"] = (
                    "Normal" if reason == topologyhints.ENABLED else "Warning"
                )
                events.append(RecordEvent(service, type_, reason, f"{text}, addressType: {family}"))
        if intents:
            outcomes = yield (Together(tuple(intents)),)
            self._tracker.wrote(key, outcomes, now)
            failures = failures_of(service, outcomes)
            problems += failures
            again = not failures  # what failed is tried again anyway
        if problems:
            events.append(failure_event(service, problems))
            if again:
                events.append(RequeueAfter(_NODE_RETRY_S))
        if events:
            yield tuple(events)

    def _plan(
        self,
        key: str,
        service: Object,
        slices: Sequence[Object],
        groups: dict[PortKey, Desired],
        family: str,
    ) -> tuple[list[Object], list[Object], list[Object], tuple[str, str] | None]:
        """The slices of a family to create, update and delete, and what is to be told of hints."""
        if not topologyhints.is_wanted(service):
            self._by_topology.discard(key)
            event = None
            if key in self._hinted:
                self._hinted.discard(key)
                event = topologyhints.DISABLED, topologyhints.HAS_BEEN_DISABLED
            return (*plan_family(service, slices, groups, family), event)
        self._by_topology.add(key)
        shares = topologyhints.share_of_zones(self._nodes.list())
        made = plan_hinted_family(service, slices, groups, family, shares)
        if isinstance(made, str):
            self._hinted.discard(key)
            return (*plan_family(service, slices, groups, family), (topologyhints.DISABLED, made))
        event = None if key in self._hinted else (topologyhints.ENABLED, topologyhints.HAS_BEEN_ENABLED)
        self._hinted.add(key)
        return (*made, event)


def _capacity(node: Object) -> tuple[Any, ...]:
    """What of a node decides how many endpoints its zone should have."""
    ready = get_condition(node, "Ready")
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    return node["metadata"].get("labels"), (ready or {}).get("status"), allocatable.get("cpu")


def _deletion(each: Object) -> Intent:
    metadata = each["metadata"]
    return DeleteObject(ENDPOINTSLICES, metadata["namespace"], metadata["name"], uid=metadata["uid"])

"""Hints by the annotation topology-mode: zones get endpoints in proportion to their CPUs. Pure.

Endpoints are meant for their own zone at first; zones with more than their share then give some to those with
less. Where no zone could be kept from an overload of more than 20 %, or something is not known, there are no
hints at all.

Source: k8s.io/endpointslice/topologycache/{topologycache,utils,sliceinfo,event}.go;
https://kubernetes.io/docs/concepts/services-networking/topology-aware-routing/.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Final, NamedTuple

from kubelite.api.conditions import get_condition
from kubelite.apimachinery import quantity
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.endpoint.serviceparts import ZONE_LABEL

MODE: Final = "service.kubernetes.io/topology-mode"
OLD_MODE: Final = "service.kubernetes.io/topology-aware-hints"
ENABLED, DISABLED = "TopologyAwareHintsEnabled", "TopologyAwareHintsDisabled"
HAS_BEEN_ENABLED: Final = "Topology Aware Hints has been enabled"
HAS_BEEN_DISABLED: Final = "Topology Aware Hints has been disabled"
NO_NODE_INFO: Final = (
    "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
)
TOO_FEW: Final = "Insufficient number of endpoints"
OVERLOAD: Final = (
    "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold"
)
NO_ZONE: Final = "One or more endpoints do not have a zone specified"
OVERLOAD_MAX: Final = 0.2
_CONTROL_PLANE: Final = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")

Zones = dict[str, int]


class Allocation(NamedTuple):
    """How many endpoints a zone should have."""

    maximum: int
    desired: float


def is_wanted(service: Object) -> bool:
    """Whether a Service's annotation asks for hints."""
    annotations = service["metadata"].get("annotations") or {}
    return annotations.get(MODE, annotations.get(OLD_MODE)) in {"Auto", "auto"}


def share_of_zones(nodes: Iterable[Object]) -> dict[str, float]:
    """Each zone's part of the CPUs of ready workers; empty if one is not known, or there is but one."""
    cpus: dict[str, float] = {}
    for node in nodes:
        labels = node["metadata"].get("labels") or {}
        ready = get_condition(node, "Ready")
        if any(label in labels for label in _CONTROL_PLANE) or ready is None or ready["status"] != "True":
            continue
        text = ((node.get("status") or {}).get("allocatable") or {}).get("cpu")
        cpu = float(quantity.parse(text).value) if text else 0.0
        zone = labels.get(ZONE_LABEL)
        if not zone or not cpu:
            return {}
        cpus[zone] = cpus.get(zone, 0.0) + cpu
    total = sum(cpus.values())
    return {zone: cpus[zone] / total for zone in sorted(cpus)} if len(cpus) > 1 else {}


def allocate(shares: Mapping[str, float], endpoints: int) -> dict[str, Allocation] | str:
    """What each zone should have of so many ready endpoints; or why there can be no hints."""
    if not shares:
        return NO_NODE_INFO
    numbers = f"({endpoints} endpoints, {len(shares)} zones)"
    if len(shares) > endpoints:
        return f"{TOO_FEW} {numbers}"
    desired = {zone: share * endpoints for zone, share in shares.items()}
    least = {zone: ceil(each * (1 / (1 + OVERLOAD_MAX))) for zone, each in desired.items()}
    spare = endpoints - sum(least.values())
    if spare < 0:
        return f"{OVERLOAD} {numbers}"
    return {zone: Allocation(least[zone] + spare, max(desired[zone], float(least[zone]))) for zone in shares}


def is_ready(endpoint: Object) -> bool:
    """Whether an endpoint is ready."""
    return bool((endpoint.get("conditions") or {}).get("ready"))


def hints_of(
    endpoints: Iterable[Object], had: Mapping[str, int], allocations: Mapping[str, Allocation]
) -> Zones | None:
    """For which zones a slice's endpoints are meant; None if that will not do any more.

    Args:
        endpoints: Of the slice.
        had: What other slices give to zones.
        allocations: What zones should have.
    """
    found: Counter[str] = Counter()
    for endpoint in endpoints:
        if is_ready(endpoint):
            zones = [each["name"] for each in (endpoint.get("hints") or {}).get("forZones") or ()]
            if not zones or any(zone not in allocations for zone in zones):
                return None
            found.update(zones)
    if any(count + had.get(zone, 0) > allocations[zone].maximum for zone, count in found.items()):
        return None
    return dict(found)


def assign(
    endpoints: Sequence[Object], had: Mapping[str, int], allocations: Mapping[str, Allocation]
) -> list[Object] | None:
    """The endpoints with hints; None if the zone of one is not known.

    Args:
        endpoints: Of all slices that change.
        had: What the other slices give to zones.
        allocations: What zones should have.
    """
    ready = [endpoint for endpoint in endpoints if is_ready(endpoint)]
    if not all(endpoint.get("zone") for endpoint in ready):
        return None
    given = Counter(had)
    given.update(endpoint["zone"] for endpoint in ready)
    giving, receiving = exchange(given, allocations)
    made: list[Object] = []
    for endpoint in endpoints:
        bare = {name: value for name, value in endpoint.items() if name != "hints"}
        if not is_ready(endpoint):
            made.append(bare)
            continue
        zone = endpoint["zone"]
        if giving.get(zone) and receiving:
            giving[zone] -= 1
            zone = next(iter(receiving))
            receiving[zone] -= 1
            if not receiving[zone]:
                del receiving[zone]
        made.append({**bare, "hints": {"forZones": [{"name": zone}]}})
    return made


def exchange(given: Mapping[str, int], allocations: Mapping[str, Allocation]) -> tuple[Zones, Zones]:
    """How many endpoints zones have to give to others, and how many to get."""
    surplus = {zone: given.get(zone, 0) - each.desired for zone, each in allocations.items()}
    giving: Counter[str] = Counter()
    receiving: Counter[str] = Counter()
    while surplus:
        richest = max(surplus, key=lambda zone: surplus[zone])
        poorest = min(surplus, key=lambda zone: surplus[zone])
        more, less = surplus[richest], -surplus[poorest]
        if min(more, less) < 0.5 or max(more, less) < 1:
            break
        giving[richest] += 1
        receiving[poorest] += 1
        surplus[richest] -= 1
        surplus[poorest] += 1
    return dict(giving), dict(receiving)


def with_old_hints(endpoint: Object, old: Object) -> Object:
    """An endpoint with the zones that it was meant for: slices change for other reasons, or if these fail."""
    return {**endpoint, "hints": old["hints"]} if is_ready(endpoint) and old.get("hints") else endpoint


def add_hints(
    create: Sequence[Object],
    update: Sequence[Object],
    unchanged: Sequence[Object],
    allocations: Mapping[str, Allocation],
) -> tuple[list[Object], list[Object]] | None:
    """The slices to create and update, with hints; None if the zone of an endpoint is not known.

    Args:
        create: New slices.
        update: Slices that change anyway.
        unchanged: The others: they change, too, if their hints will not do any more.
        allocations: What zones should have.
    """
    had: Counter[str] = Counter()
    changing = [*create, *update]
    for each in unchanged:
        found = hints_of(each.get("endpoints") or (), had, allocations)
        if found is None:
            changing.append(each)
        else:
            had.update(found)
    hinted = assign([one for each in changing for one in each.get("endpoints") or ()], had, allocations)
    if hinted is None:
        return None
    made: list[Object] = []
    for each in changing:
        count = len(each.get("endpoints") or ())
        made.append({**each, "endpoints": hinted[:count]} if count else each)
        hinted = hinted[count:]
    return made[: len(create)], made[len(create) :]

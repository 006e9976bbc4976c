"""Whom an endpoint is meant for."""

from __future__ import annotations

import pytest

from kubelite.controllers.endpoint.endpointslice import plan_hinted_family
from kubelite.controllers.endpoint.mirroring import surplus
from kubelite.controllers.endpoint.sliceendpoints import Desired, make_hints, port_key
from kubelite.controllers.endpoint.slicepacking import endpoint_key
from kubelite.controllers.endpoint.topologyhints import (
    MODE,
    NO_NODE_INFO,
    NO_ZONE,
    OLD_MODE,
    Allocation,
    allocate,
    exchange,
    hints_of,
    is_wanted,
    share_of_zones,
)

ZONE, NODE = {"forZones": [{"name": "z"}]}, {"forNodes": [{"name": "n"}]}


def service(annotations=None, **spec):
    metadata = {"name": "s", "namespace": "default", "uid": "u", "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("preferred", "ready", "hints"),
    [
        (None, True, {}),
        ("PreferClose", True, ZONE),
        ("PreferSameZone", True, ZONE),
        ("PreferSameNode", True, ZONE | NODE),
        ("PreferSameNode", False, {}),
    ],
)
def test_ready_endpoints_are_for_what_is_near(preferred, ready, hints):
    endpoint = {"conditions": {"ready": ready}, "zone": "z", "nodeName": "n"}
    assert make_hints(service(trafficDistribution=preferred), endpoint) == hints


def test_an_endpoint_without_a_zone_is_for_everybody():
    endpoint = {"conditions": {"ready": True}, "nodeName": "n"}
    assert make_hints(service(trafficDistribution="PreferClose"), endpoint) == {}


@pytest.mark.parametrize(
    ("annotations", "wanted"),
    [
        ({}, False),
        ({MODE: "Auto"}, True),
        ({MODE: "auto"}, True),
        ({OLD_MODE: "auto"}, True),
        ({MODE: "Disabled", OLD_MODE: "auto"}, False),
    ],
)
def test_the_annotation_goes_before_the_field(annotations, wanted):
    found = service(annotations, trafficDistribution="PreferClose")
    assert is_wanted(found) is wanted
    endpoint = {"conditions": {"ready": True}, "zone": "z"}
    assert make_hints(found, endpoint) == ({} if wanted else ZONE)


def node(zone, cpu="4", *, ready="True", **labels):
    return {
        "metadata": {"labels": {"topology.kubernetes.io/zone": zone, **labels} if zone else labels},
        "status": {"allocatable": {"cpu": cpu}, "conditions": [{"type": "Ready", "status": ready}]},
    }


@pytest.mark.parametrize(
    ("nodes", "shares"),
    [
        ([node("a"), node("b"), node("b", "8")], {"a": 0.25, "b": 0.75}),
        ([node("a"), node("a")], {}),
        ([node("a"), node("b"), node("")], {}),
        ([node("a"), node("b"), node("c", ready="False")], {"a": 0.5, "b": 0.5}),
        (
            [node("a"), node("b"), node("", **{"node-role.kubernetes.io/control-plane": ""})],
            {"a": 0.5, "b": 0.5},
        ),
        ([node("a"), node("b", "0")], {}),
    ],
)
def test_zones_count_by_the_cpus_of_ready_workers(nodes, shares):
    assert share_of_zones(nodes) == shares


@pytest.mark.parametrize(
    ("shares", "endpoints", "found"),
    [
        ({}, 9, NO_NODE_INFO),
        ({"a": 0.5, "b": 0.5}, 1, "Insufficient number of endpoints (1 endpoints, 2 zones)"),
        (
            {"a": 0.5, "b": 0.5},
            3,
            (
                "Unable to allocate minimum required endpoints to each zone without exceeding overload "
                "threshold (3 endpoints, 2 zones)"
            ),
        ),
        ({"a": 0.5, "b": 0.5}, 4, {"a": Allocation(2, 2.0), "b": Allocation(2, 2.0)}),
        ({"a": 0.25, "b": 0.75}, 8, {"a": Allocation(3, 2.0), "b": Allocation(6, 6.0)}),
    ],
)
def test_what_each_zone_should_have(shares, endpoints, found):
    assert allocate(shares, endpoints) == found


def test_who_has_too_much_gives_to_who_has_too_little():
    even = {zone: Allocation(3, 2.0) for zone in "abc"}
    assert exchange({"a": 6}, even) == ({"a": 4}, {"b": 2, "c": 2})
    assert exchange({"a": 2, "b": 2, "c": 2}, even) == ({}, {})
    uneven = {"a": Allocation(3, 2.4), "b": Allocation(3, 1.6)}
    assert exchange({"a": 2, "b": 2}, uneven) == ({}, {}), "less than one is not worth it"


def test_old_hints_do_until_a_zone_has_too_many_or_is_gone():
    allocations = {"a": Allocation(1, 1.0), "b": Allocation(2, 2.0)}
    one = {"conditions": {"ready": True}, "hints": {"forZones": [{"name": "a"}]}}
    assert hints_of([one], {}, allocations) == {"a": 1}
    assert hints_of([one], {"a": 1}, allocations) is None
    assert hints_of([{**one, "hints": {"forZones": [{"name": "z"}]}}], {}, allocations) is None
    assert hints_of([{"conditions": {"ready": True}}], {}, allocations) is None
    assert hints_of([{"conditions": {"ready": False}}], {}, allocations) == {}


AUTO = service({MODE: "Auto"}, clusterIP="10.0.0.1")
PORTS = [{"name": "", "port": 80, "protocol": "TCP"}]


def endpoint(number, zone, *, ready=True):
    made = {"addresses": [f"10.1.0.{number}"], "conditions": {"ready": ready}, "nodeName": zone}
    return {**made, "zone": zone} if zone else made


def plan(endpoints, slices=(), shares=None):
    groups = {port_key(PORTS): Desired(PORTS, {endpoint_key(each): each for each in endpoints})}
    return plan_hinted_family(
        AUTO, list(slices), groups, "IPv4", {"a": 0.5, "b": 0.5} if shares is None else shares
    )


def zones(slice_):
    return [each["hints"]["forZones"][0]["name"] for each in slice_["endpoints"] if "hints" in each]


def stored(slice_):
    return {**slice_, "metadata": {**slice_["metadata"], "name": "s-1", "uid": "slice"}}


def test_endpoints_are_for_their_zone_and_those_too_many_for_another():
    create, update, delete = plan([endpoint(1, "a"), endpoint(2, "a"), endpoint(3, "a"), endpoint(4, "b")])
    assert (zones(create[0]), update, delete) == (["b", "a", "a", "b"], [], [])


def test_what_stands_there_stays_while_it_will_do():
    endpoints = [endpoint(1, "a"), endpoint(2, "a"), endpoint(3, "a"), endpoint(4, "b")]
    (made,), _, _ = plan(endpoints)
    assert plan(endpoints, [stored(made)]) == ([], [], [])
    (_, changed, _) = plan(endpoints, [stored(made)], {"a": 0.25, "b": 0.75})
    assert sorted(zones(changed[0])) == ["a", "b", "b", "b"]
    (_, changed, _) = plan([*endpoints, endpoint(5, "b", ready=False)], [stored(made)])
    assert sorted(zones(changed[0])) == ["a", "a", "b", "b"]


def test_an_endpoint_without_a_zone_ends_all_hints():
    assert plan([endpoint(1, "a"), endpoint(2, "")]) == NO_ZONE
    assert plan([endpoint(1, "a")]) == "Insufficient number of endpoints (1 endpoints, 2 zones)"


def test_addresses_that_are_too_many_to_be_mirrored_are_told():
    def endpoints(*sizes):
        subsets = [
            {"addresses": [{"ip": f"10.0.{n // 250}.{n % 250}"} for n in range(size)]} for size in sizes
        ]
        return {"metadata": {"name": "e", "namespace": "n"}, "subsets": subsets}

    assert surplus(endpoints(1000, 3)) == ()
    (told,) = surplus(endpoints(1002, 1001))
    assert (told.reason, told.message) == (
        "TooManyAddressesToMirror",
        (
            "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. "
            "3 addresses were skipped"
        ),
    )

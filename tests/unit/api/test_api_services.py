"""Services: the addresses and families they may ask for, and other mistakes in them."""

from __future__ import annotations

import pytest

from kubelite.api.defaults import apply_defaults
from kubelite.api.resources import SERVICES
from kubelite.api.servicefamilies import settled
from kubelite.api.validation import validate_create, validate_status_update, validate_update

ADDRESS = "10.96.0.7"


def service(**spec):
    spec.setdefault("ports", [{"port": 80}])
    obj = {
        "metadata": {"name": "web", "namespace": "default", "uid": "u", "resourceVersion": "1"},
        "spec": spec,
    }
    return apply_defaults(SERVICES, obj)


def settled_service(**spec):
    made, errors = settled(service(**spec))
    assert errors == []
    return made


def refusals(old=None, **spec):
    _, errors = settled(service(**spec), old)
    return [str(error) for error in errors]


@pytest.mark.parametrize(
    ("spec", "policy", "families"),
    [
        ({}, "SingleStack", ["IPv4"]),
        ({"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", ["IPv4"]),
        ({"clusterIP": "None", "selector": {"a": "b"}}, "SingleStack", ["IPv4"]),
        ({"clusterIP": "None"}, "RequireDualStack", ["IPv4", "IPv6"]),
        ({"clusterIP": "None", "ipFamilies": ["IPv6"]}, "RequireDualStack", ["IPv6", "IPv4"]),
        ({"clusterIP": "None", "ipFamilyPolicy": "SingleStack"}, "SingleStack", ["IPv4"]),
        ({"clusterIP": ADDRESS}, "SingleStack", ["IPv4"]),
    ],
)
def test_a_service_gets_the_families_of_the_cluster(spec, policy, families):
    made = settled_service(**spec)["spec"]
    assert (made["ipFamilyPolicy"], made["ipFamilies"]) == (policy, families)


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (
            {"ipFamilyPolicy": "RequireDualStack"},
            (
                'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for '
                "dual-stack services"
            ),
        ),
        (
            {"ipFamilies": ["IPv6"]},
            'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
        ),
        (
            {"ipFamilies": ["IPv4", "IPv6"]},
            (
                "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or "
                "'PreferDualStack' when multiple IP families are specified"
            ),
        ),
        ({"ipFamilies": ["IPv4", "IPv4"]}, 'spec.ipFamilies[1]: Duplicate value: "IPv4"'),
        (
            {"clusterIP": "fd00::1"},
            'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
        ),
        (
            {"clusterIPs": [ADDRESS]},
            f'spec.clusterIPs: Invalid value: ["{ADDRESS}"]: must be empty when `clusterIP` is not specified',
        ),
        (
            {"clusterIP": "None", "clusterIPs": ["None", ADDRESS]},
            (
                f'spec.clusterIPs: Invalid value: ["None","{ADDRESS}"]: '
                "'None' must be the first and only value"
            ),
        ),
        (
            {"clusterIP": ADDRESS, "clusterIPs": [ADDRESS, "10.96.0.8"]},
            (
                f'spec.clusterIPs: Invalid value: ["{ADDRESS}","10.96.0.8"]: '
                "may specify no more than one IP for each IP family"
            ),
        ),
        (
            {"clusterIP": ADDRESS, "ipFamilies": ["IPv6"]},
            (
                f'spec.clusterIPs[0]: Invalid value: "{ADDRESS}": '
                "expected an IPv6 value as indicated by `ipFamilies[0]`"
            ),
        ),
        (
            {"clusterIP": ADDRESS, "clusterIPs": ["10.96.0.8"]},
            'spec.clusterIPs: Invalid value: ["10.96.0.8"]: first value must match `clusterIP`',
        ),
    ],
)
def test_families_that_the_cluster_has_not_are_refused(spec, error):
    assert refusals(**spec) == [error]


def test_a_second_family_goes_when_a_single_one_is_asked_for():
    both = {"clusterIP": "None", "selector": {"a": "b"}, "ipFamilies": ["IPv4", "IPv6"]}
    old = service(**both, ipFamilyPolicy="PreferDualStack")
    made, errors = settled(service(**both, ipFamilyPolicy="SingleStack"), old)
    assert (made["spec"]["ipFamilies"], errors) == (["IPv4"], [])


def test_a_second_family_stays_unless_a_single_one_is_asked_for():
    old = service(clusterIP="None", ipFamilies=["IPv4", "IPv6"])
    assert refusals(old, clusterIP="None", ipFamilies=["IPv4"], ipFamilyPolicy="PreferDualStack") == [
        (
            "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be 'SingleStack' to release the "
            "secondary IP family"
        )
    ]


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (
            {"type": "LoadBalancer", "loadBalancerSourceRanges": ["x"]},
            (
                'spec.LoadBalancerSourceRanges[0]: Invalid value: "x": '
                "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            ),
        ),
        (
            {"loadBalancerSourceRanges": ["10.0.0.0/8"]},
            "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ),
        (
            {"trafficDistribution": "x"},
            (
                'spec.trafficDistribution: Unsupported value: "x": supported values: "PreferClose", '
                '"PreferSameNode", "PreferSameZone"'
            ),
        ),
        (
            {"externalIPs": ["0.0.0.0"]},
            'spec.externalIPs[0]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
        ),
        (
            {"externalIPs": ["x"]},
            (
                'spec.externalIPs[0]: Invalid value: "x": must be a valid IP address, '
                "(e.g. 10.9.8.7 or 2001:db8::ffff)"
            ),
        ),
        (
            {"ports": [{"port": 80, "nodePort": 30001}]},
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ),
    ],
)
def test_mistakes_in_services_are_named(spec, error):
    assert [str(found) for found in validate_create(SERVICES, settled_service(**spec))] == [error]


def test_source_ranges_may_come_by_an_annotation():
    made = settled_service(type="LoadBalancer")
    key = "service.beta.kubernetes.io/load-balancer-source-ranges"
    made["metadata"] = {**made["metadata"], "annotations": {key: "10.0.0.0/8, x"}}
    errors = [str(error) for error in validate_create(SERVICES, made)]
    detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    assert errors == [f'metadata.annotations[{key}]: Invalid value: "x": {detail}']


def update_errors(new, old):
    return [str(error) for error in validate_update(SERVICES, new, old)]


def test_the_first_address_of_a_service_stays():
    old = settled_service(clusterIP=ADDRESS)
    detail = "may not change once set"
    assert update_errors(settled_service(clusterIP="10.96.0.9"), old) == [
        f'spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: {detail}'
    ]
    assert update_errors(settled_service(clusterIP="None", ipFamilyPolicy="SingleStack"), old) == [
        f'spec.clusterIPs[0]: Invalid value: ["None"]: {detail}'
    ]


def test_the_health_check_port_of_a_service_stays():
    balancer = {"type": "LoadBalancer", "clusterIP": ADDRESS, "externalTrafficPolicy": "Local"}
    old = settled_service(**balancer, healthCheckNodePort=30001)
    new = settled_service(**balancer, healthCheckNodePort=30002)
    assert update_errors(new, old) == ["spec.healthCheckNodePort: Forbidden: field is immutable"]


def status_errors(ingress, type_="LoadBalancer"):
    old = settled_service(type=type_, clusterIP=ADDRESS)
    new = {**old, "status": {"loadBalancer": {"ingress": ingress}}}
    return [str(error) for error in validate_status_update(SERVICES, new, old)]


def test_only_a_load_balancer_has_an_address_outside():
    assert status_errors([{"ip": "1.2.3.4", "ipMode": "VIP"}]) == []
    assert status_errors([{"ip": "1.2.3.4"}], "ClusterIP") == [
        "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"
    ]


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"ip": "1.2.3.4"}, "ipMode: Required value: must be specified when `ip` is set"),
        (
            {"hostname": "a.b", "ipMode": "VIP"},
            "ipMode: Forbidden: may not be specified when `ip` is not set",
        ),
        (
            {"ip": "1.2.3.4", "ipMode": "x"},
            'ipMode: Unsupported value: "x": supported values: "Proxy", "VIP"',
        ),
        (
            {"hostname": "1.2.3.4"},
            'hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
        ),
    ],
)
def test_mistakes_in_the_address_outside_are_named(entry, error):
    assert status_errors([entry]) == [f"status.loadBalancer.ingress[0].{error}"]

"""What is known of pods from one look to the next, and what Endpoints that were judged before cost."""

from __future__ import annotations

from kubelite.api.resources import ENDPOINTS, ENDPOINTSLICES
from kubelite.api.validation import validate_update
from kubelite.controllers.endpoint.findings import Findings

SERVICE = {"metadata": {"name": "web"}}


def asked_of(findings, service, pods):
    """The names of the pods that a look asks about, and what it finds."""
    asked = []

    def find(pod, zone):
        asked.append(pod["name"])
        return f"{pod['name']} in {zone}"

    return findings.find("default/web", service, pods, find), asked


def test_only_pods_that_have_changed_are_asked_about():
    findings = Findings()
    one, two, other = {"name": "one"}, {"name": "two"}, {"name": "two"}
    found, asked = asked_of(findings, SERVICE, [(one, "a"), (two, "a")])
    assert (found, asked) == (["one in a", "two in a"], ["one", "two"])
    assert asked_of(findings, SERVICE, [(one, "a"), (two, "a")]) == (found, [])
    assert asked_of(findings, SERVICE, [(one, "a"), (other, "a")])[1] == ["two"]
    assert asked_of(findings, SERVICE, [(one, "b"), (other, "a")]) == (["one in b", "two in a"], ["one"])
    assert asked_of(findings, SERVICE, [(other, "a")]) == (["two in a"], [])


def test_of_another_version_of_the_service_everything_is_found_anew():
    findings = Findings()
    one = {"name": "one"}
    asked_of(findings, SERVICE, [(one, None)])
    assert asked_of(findings, dict(SERVICE), [(one, None)])[1] == ["one"]
    findings.forget("default/web")
    assert asked_of(findings, SERVICE, [(one, None)])[1] == ["one"]


def endpoints(*addresses):
    metadata = {"name": "web", "namespace": "default", "resourceVersion": "1"}
    subsets = [{"addresses": list(addresses), "ports": [{"port": 80, "protocol": "TCP"}]}]
    return {"kind": "Endpoints", "apiVersion": "v1", "metadata": metadata, "subsets": subsets}


def endpoint_slice(address_type, *addressed):
    return {
        "kind": "EndpointSlice",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": {"name": "web", "namespace": "default", "resourceVersion": "1"},
        "addressType": address_type,
        "endpoints": list(addressed),
        "ports": [{"name": "", "port": 80, "protocol": "TCP"}],
    }


def test_an_address_is_judged_unless_it_is_the_one_that_stands_there():
    good, bad = {"ip": "10.0.0.1"}, {"ip": "10.0.0.256"}
    assert validate_update(ENDPOINTS, endpoints(good), endpoints(good)) == []
    (error,) = validate_update(ENDPOINTS, endpoints(good, bad), endpoints(good))
    assert error.field == "subsets[0].addresses[1].ip"


def test_an_endpoint_is_judged_again_when_the_slice_is_of_another_family():
    good, bad = {"addresses": ["10.0.0.1"]}, {"addresses": ["10.0.0.256"]}
    old = endpoint_slice("IPv4", good)
    (error,) = validate_update(ENDPOINTSLICES, endpoint_slice("IPv4", good, bad), old)
    assert error.field == "endpoints[1].addresses[0]"
    fields = [each.field for each in validate_update(ENDPOINTSLICES, endpoint_slice("IPv6", good), old)]
    assert fields == ["endpoints[0].addresses", "addressType"]

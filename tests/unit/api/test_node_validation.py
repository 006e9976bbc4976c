"""What Nodes, namespaces, endpoints and old Events must be, in Kubernetes' words."""

import base64

import pytest

from kubelite.api import resources as r
from kubelite.api.defaults import apply_defaults
from kubelite.api.validation import (
    validate_create,
    validate_status_update,
    validate_subresource_update,
    validate_update,
)


def made(resource, name="n", **fields):
    metadata = {"name": name, "uid": "1", "resourceVersion": "1"}
    if resource.namespaced:
        metadata["namespace"] = "ns"
    return apply_defaults(resource, {"metadata": metadata, **fields})


def errors_of(resource, **fields):
    return [str(error) for error in validate_create(resource, made(resource, **fields))]


def node(spec=None, status=None):
    return made(r.NODES, spec=spec or {}, status=status or {})


def test_taints_are_judged_below_the_metadata():
    taints = [
        {"key": "a b", "effect": "NoSchedule"},
        {"key": "k", "value": "-", "effect": "Never"},
        {"key": "k"},
        {"key": "t", "effect": "NoExecute"},
        {"key": "t", "effect": "NoExecute"},
    ]
    errors = errors_of(r.NODES, spec={"taints": taints})
    assert errors[0].startswith('metadata.taints[0].key: Invalid value: "a b": name part must consist of')
    assert errors[1].startswith('metadata.taints[1].value: Invalid value: "-": a valid label must be')
    assert errors[2] == (
        'metadata.taints[1].effect: Unsupported value: "Never": supported values: "NoSchedule", '
        '"PreferNoSchedule", "NoExecute"'
    )
    assert errors[3] == "metadata.taints[2].effect: Required value"
    assert errors[4] == (
        'metadata.taints[4]: Duplicate value: {"Key":"t","Value":"","Effect":"NoExecute","TimeAdded":null}: '
        "taints must be unique by key and effect pair"
    )
    assert len(errors) == 5


def test_amounts_of_a_node_are_not_negative_and_whole_where_they_come_in_pieces():
    status = {"capacity": {"pods": "1500m"}, "allocatable": {"cpu": "-1"}}
    assert errors_of(r.NODES, status=status) == [
        'status.capacity.pods: Invalid value: "1500m": must be an integer',
        'status.allocatable.cpu: Invalid value: "-1": must be greater than or equal to 0',
    ]


def test_features_of_a_node_are_names_in_order():
    assert errors_of(r.NODES, status={"declaredFeatures": ["B", "B", "A/b"]}) == [
        'status.declaredFeatures[1]: Duplicate value: "B"',
        'status.declaredFeatures[2]: Invalid value: "A/b": list must be sorted alphabetically',
    ]
    (error,) = errors_of(r.NODES, status={"declaredFeatures": ["small"]})
    assert 'invalid feature name "small": must start with an UpperCamelCase segment' in error


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        (["10.1.0.0/24"], []),
        (["10.1.0.0/24", "fd00::/64"], []),
        (
            ["x"],
            [
                (
                    'spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or '
                    "2001:db8::/64)"
                )
            ],
        ),
        (
            ["10.1.0.0/24", "10.2.0.0/24"],
            [
                (
                    'spec.podCIDRs: Invalid value: ["10.1.0.0/24","10.2.0.0/24"]: may specify no more than '
                    "one CIDR for each IP family"
                )
            ],
        ),
        (
            ["10.1.0.0/24", "10.1.0.0/24"],
            [
                (
                    'spec.podCIDRs: Invalid value: ["10.1.0.0/24","10.1.0.0/24"]: may specify no more than '
                    "one CIDR for each IP family"
                ),
                'spec.podCIDRs[1]: Duplicate value: "10.1.0.0/24"',
            ],
        ),
    ],
)
def test_networks_of_pods(networks, expected):
    assert errors_of(r.NODES, spec={"podCIDRs": networks}) == expected


def test_networks_that_cannot_be_read_are_no_pair():
    errors = errors_of(r.NODES, spec={"podCIDRs": ["10.1.0.0/24", "y"]})
    assert errors[1] == (
        "spec.podCIDRs: Internal error: invalid PodCIDRs. failed to check with dual stack with "
        "error:invalid CIDR[1]: <nil> (invalid CIDR address: y)"
    )
    assert errors[2].endswith("may specify no more than one CIDR for each IP family")


def test_what_a_node_was_given_once_it_keeps():
    old = node({"podCIDRs": ["10.1.0.0/24"], "providerID": "a", "unschedulable": True})
    new = node({"podCIDRs": ["10.2.0.0/24"], "providerID": "b"})
    expected = [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
        'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]
    assert list(map(str, validate_update(r.NODES, new, old))) == expected
    assert list(map(str, validate_status_update(r.NODES, new, old))) == expected
    assert not validate_update(r.NODES, new, node())


def test_addresses_of_a_node_are_named_once():
    address = {"type": "InternalIP", "address": "10.0.0.1"}
    new = node(status={"addresses": [address, address]})
    assert [str(error) for error in validate_status_update(r.NODES, new, node())] == [
        'status.addresses[1]: Duplicate value: {"Type":"InternalIP","Address":"10.0.0.1"}'
    ]


def test_finalizers_of_a_namespace_have_an_index_only_when_they_are_finalized():
    wrong = made(r.NAMESPACES, spec={"finalizers": ["x"]})
    detail = 'Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified'
    assert [str(error) for error in validate_create(r.NAMESPACES, wrong)] == [f"spec.finalizers: {detail}"]
    errors = validate_subresource_update(r.NAMESPACES, "finalize", wrong, made(r.NAMESPACES))
    assert [str(error) for error in errors] == [f"spec.finalizers[0]: {detail}"]
    assert not validate_update(r.NAMESPACES, wrong, made(r.NAMESPACES))


def test_docker_configuration_is_an_object():
    data = {".dockerconfigjson": base64.b64encode(b"[]").decode()}
    assert errors_of(r.SECRETS, type="kubernetes.io/dockerconfigjson", data=data) == [
        (
            'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal '
            "array into Go value of type map[string]interface {}"
        )
    ]


def test_an_event_of_the_core_group_with_a_time_is_judged_as_a_new_one():
    about = {"kind": "Pod", "namespace": "ns", "name": "p"}
    assert not errors_of(r.EVENTS, involvedObject=about)
    assert errors_of(r.EVENTS, involvedObject={**about, "namespace": "other"}) == [
        'involvedObject.namespace: Invalid value: "other": does not match event.namespace'
    ]
    errors = errors_of(r.EVENTS, involvedObject=about, eventTime="2026-01-01T00:00:00.000000Z", message="m")
    assert errors[0] == "reportingComponent: Required value"
    assert errors[-3:] == [
        "reportingInstance: Required value",
        "action: Required value",
        "reason: Required value",
    ]


def subset(address, **port):
    return [{"addresses": [address], "ports": [{"port": 80, **port}]}]


def test_endpoints_have_plain_addresses_and_qualified_protocols():
    errors = errors_of(r.ENDPOINTS, subsets=subset({"ip": "010.0.0.1"}, appProtocol="a b"))
    assert errors[0] == 'subsets[0].addresses[0].ip: Invalid value: "010.0.0.1": must not have leading 0s'
    assert errors[1].startswith('subsets[0].ports[0].appProtocol: Invalid value: "a b": name part must')
    assert errors_of(r.ENDPOINTS, subsets=subset({"ip": "x"})) == [
        (
            'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or '
            "2001:db8::ffff)"
        )
    ]
    (error,) = errors_of(r.ENDPOINTS, subsets=subset({"ip": "224.0.0.5"}))
    assert error.endswith("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
    assert not errors_of(r.ENDPOINTS, subsets=subset({"ip": "239.0.0.5"}))


def endpoint_slice(type_, endpoint, **port):
    return {"addressType": type_, "endpoints": [endpoint], "ports": [{"name": "p", **port}]}


def test_addresses_of_a_slice_are_of_its_type():
    assert errors_of(r.ENDPOINTSLICES, **endpoint_slice("IPv4", {"addresses": ["fd00::1"]})) == [
        'endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address'
    ]
    assert not errors_of(r.ENDPOINTSLICES, **endpoint_slice("FQDN", {"addresses": ["a.example.com."]}))
    assert errors_of(r.ENDPOINTSLICES, **endpoint_slice("FQDN", {"addresses": ["a", ""]})) == [
        (
            'endpoints[0].addresses[0]: Invalid value: "a": should be a domain with at least two segments '
            "separated by dots"
        ),
        "endpoints[0].addresses[1]: Required value",
    ]


def test_hints_are_few_and_each_stands_once():
    hints = {"forZones": [{"name": "a"}, {"name": "a"}], "forNodes": [{"name": str(n)} for n in range(9)]}
    fields = endpoint_slice("IPv4", {"addresses": ["10.0.0.1"], "hints": hints})
    assert errors_of(r.ENDPOINTSLICES, **fields) == [
        'endpoints[0].hints.forZones[1].name: Duplicate value: "a"',
        "endpoints[0].hints.forNodes: Too many: 9: must have at most 8 items",
    ]


def test_topology_of_old_slices_is_labels():
    topology = {str(number): "" for number in range(17)}
    fields = endpoint_slice("IPv4", {"addresses": ["10.0.0.1"], "deprecatedTopology": topology})
    assert errors_of(r.ENDPOINTSLICES, **fields) == [
        "endpoints[0].deprecatedTopology: Too many: 17: must have at most 16 items"
    ]


@pytest.mark.parametrize(("resource", "times"), [(r.CONFIGMAPS, 3), (r.ENDPOINTSLICES, 2), (r.LEASES, 2)])
def test_a_kind_judges_the_metadata_of_an_update_as_often_as_kubernetes(resource, times):
    fields = {"addressType": "IPv4"} if resource == r.ENDPOINTSLICES else {}
    old = made(resource, **fields)
    new = {**old, "metadata": {**old["metadata"], "labels": {"a b": ""}}}
    assert len(validate_update(resource, new, old)) == times


def test_addresses_in_pods_have_no_leading_zeros():
    container = {"name": "c", "image": "i", "ports": [{"containerPort": 1, "hostIP": "010.0.0.1"}]}
    spec = {
        "containers": [container],
        "dnsConfig": {"nameservers": ["::ffff:1.2.3.4"]},
        "hostAliases": [{"ip": "1.2.3", "hostnames": ["a"]}],
    }
    assert {
        error.partition(": ")[0]: error.rpartition(": ")[2] for error in errors_of(r.PODS, spec=spec)
    } == {
        "spec.containers[0].ports[0].hostIP": "must not have leading 0s",
        "spec.dnsConfig.nameservers[0]": "must not be an IPv4-mapped IPv6 address",
        "spec.hostAliases[0].ip": "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
    }


def test_old_events_may_have_any_name_that_fits_in_a_path():
    event = made(r.EVENTS, "A_b", involvedObject={"namespace": "ns"})
    assert not validate_create(r.EVENTS, event)
    event = made(r.EVENTS, "a/b", involvedObject={"namespace": "ns"})
    (error,) = validate_create(r.EVENTS, event)
    assert str(error) == "metadata.name: Invalid value: \"a/b\": may not contain '/'"

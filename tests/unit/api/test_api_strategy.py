from kubelite.api import resources as r
from kubelite.api.defaults import apply_defaults
from kubelite.api.goform import go_form
from kubelite.api.strategy import prepare_for_create, prepare_for_status_update, prepare_for_update
from kubelite.api.validation import validate_status_update, validate_update


def make_stored(resource, **parts):
    metadata = {"name": "x", "uid": "u", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    if resource.namespaced:
        metadata["namespace"] = "default"
    obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **parts}
    return prepare_for_create(resource, apply_defaults(resource, obj))


POD_SPEC = {"containers": [{"name": "c", "image": "i"}]}


def update(resource, old, **parts):
    return prepare_for_update(resource, apply_defaults(resource, {**old, **parts}), old)


def errors(resource, new, old):
    return [str(error) for error in validate_update(resource, new, old)]


def test_a_pods_image_and_tolerations_may_change_and_are_counted():
    old = make_stored(r.PODS, spec=POD_SPEC)
    new = update(
        r.PODS, old, spec={**old["spec"], "containers": [{**old["spec"]["containers"][0], "image": "j"}]}
    )
    assert new["metadata"]["generation"] == 2
    assert errors(r.PODS, new, old) == []


def test_the_rest_of_a_pods_spec_may_not():
    old = make_stored(r.PODS, spec=POD_SPEC)
    new = update(r.PODS, old, spec={**old["spec"], "nodeSelector": {"a": "b"}})
    (error,) = errors(r.PODS, new, old)
    assert error.startswith(
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*]"
    )
    more = update(
        r.PODS,
        old,
        spec={**old["spec"], "containers": [*old["spec"]["containers"], {"name": "d", "image": "i"}]},
    )
    assert errors(r.PODS, more, old) == [
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    ]


def test_an_unchanged_update_is_not_counted():
    old = make_stored(
        r.REPLICATIONCONTROLLERS, spec={"template": {"metadata": {"labels": {"a": "b"}}, "spec": POD_SPEC}}
    )
    new = update(r.REPLICATIONCONTROLLERS, old, status={"replicas": 7})
    assert new == old
    assert new["metadata"]["generation"] == 1


def test_a_status_update_leaves_the_spec():
    old = make_stored(
        r.REPLICATIONCONTROLLERS, spec={"template": {"metadata": {"labels": {"a": "b"}}, "spec": POD_SPEC}}
    )
    new = prepare_for_status_update(
        r.REPLICATIONCONTROLLERS,
        {**old, "spec": {**old["spec"], "replicas": 9}, "status": {"replicas": 1}},
        old,
    )
    assert new["spec"] == old["spec"]
    assert new["status"] == {"replicas": 1}
    assert [str(e) for e in validate_status_update(r.REPLICATIONCONTROLLERS, new, old)] == []


def test_labels_of_a_slice_are_counted_and_its_address_type_is_for_ever():
    old = make_stored(
        r.ENDPOINTSLICES, addressType="IPv4", endpoints=[{"addresses": ["192.0.2.1"]}], ports=[]
    )
    assert old["endpoints"] == [{"addresses": ["192.0.2.1"], "conditions": {}}]
    assert old["ports"] is None
    new = update(
        r.ENDPOINTSLICES,
        old,
        metadata={**old["metadata"], "labels": {"x": "y"}},
        addressType="IPv6",
        endpoints=[],
    )
    assert new["metadata"]["generation"] == 2
    assert errors(r.ENDPOINTSLICES, new, old) == ['addressType: Invalid value: "IPv6": field is immutable']


SERVICE = {"selector": {"a": "b"}, "ports": [{"port": 80}]}


def with_address(service):
    spec = {
        **service["spec"],
        "clusterIP": "127.1.0.5",
        "clusterIPs": ["127.1.0.5"],
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
    }
    return {**service, "spec": spec}


def test_a_service_keeps_the_address_that_an_update_leaves_out():
    old = with_address(make_stored(r.SERVICES, spec=SERVICE))
    new = update(r.SERVICES, old, spec={**SERVICE, "selector": {"c": "d"}})
    assert new["spec"]["clusterIPs"] == ["127.1.0.5"]
    assert errors(r.SERVICES, new, old) == []


def test_a_service_may_not_change_its_address():
    old = with_address(make_stored(r.SERVICES, spec=SERVICE))
    new = update(r.SERVICES, old, spec={**old["spec"], "clusterIP": "None"})
    assert errors(r.SERVICES, new, old) == [
        'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set'
    ]


def test_an_external_name_has_no_address():
    old = with_address(make_stored(r.SERVICES, spec=SERVICE))
    new = update(
        r.SERVICES, old, spec={**old["spec"], "type": "ExternalName", "externalName": "x.example.com"}
    )
    assert errors(r.SERVICES, new, old) == []
    assert new["spec"] == {
        "ports": [{"protocol": "TCP", "port": 80, "targetPort": 80}], "selector": {"a": "b"},
        "type": "ExternalName", "sessionAffinity": "None", "externalName": "x.example.com",
    }  # fmt: skip


def test_node_ports_go_with_the_type():
    old = with_address(make_stored(r.SERVICES, spec={**SERVICE, "type": "NodePort"}))
    ports = [{**old["spec"]["ports"][0], "nodePort": 30001}]
    old = {**old, "spec": {**old["spec"], "ports": ports}}
    kept = update(r.SERVICES, old, spec={**SERVICE, "type": "NodePort"})
    assert kept["spec"]["ports"][0]["nodePort"] == 30001
    gone = update(r.SERVICES, old, spec={**old["spec"], "type": "ClusterIP"})
    assert "nodePort" not in gone["spec"]["ports"][0]
    assert "externalTrafficPolicy" not in gone["spec"]
    assert errors(r.SERVICES, gone, old) == []


def test_an_immutable_config_map():
    old = make_stored(r.CONFIGMAPS, data={"a": "b"}, immutable=True)
    words = "Forbidden: field is immutable when `immutable` is set"
    assert errors(r.CONFIGMAPS, update(r.CONFIGMAPS, old, data={}), old) == [f"data: {words}"]
    assert errors(r.CONFIGMAPS, update(r.CONFIGMAPS, old, immutable=False), old) == [f"immutable: {words}"]


def test_a_config_map_of_more_than_a_mebibyte():
    old = make_stored(r.CONFIGMAPS)
    new = update(r.CONFIGMAPS, old, data={"a": "x" * (1 << 20), "b": "x"})
    assert errors(r.CONFIGMAPS, new, old) == ["[]: Too long: may not be more than 1048576 bytes"]


def test_metadata_that_may_not_change_is_told_twice():
    old = make_stored(r.CONFIGMAPS)
    new = update(
        r.CONFIGMAPS,
        old,
        metadata={**old["metadata"], "uid": "v", "creationTimestamp": "2001-01-01T00:00:00Z"},
    )
    assert errors(r.CONFIGMAPS, new, old) == ['metadata.uid: Invalid value: "v": field is immutable'] * 2


def test_no_finalizer_may_be_added_while_an_object_is_deleted():
    old = make_stored(r.CONFIGMAPS)
    old = {
        **old,
        "metadata": {**old["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b"]},
    }
    new = update(r.CONFIGMAPS, old, metadata={**old["metadata"], "finalizers": ["a/b", "c/d"]})
    assert errors(r.CONFIGMAPS, new, old)[0] == (
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"c/d"}'
    )


def test_a_namespace_keeps_its_finalizers_and_status():
    old = make_stored(r.NAMESPACES)
    assert old["spec"] == {"finalizers": ["kubernetes"]}
    new = update(r.NAMESPACES, old, spec={}, status={"phase": "Terminating"})
    assert (new["spec"], new["status"]) == (old["spec"], old["status"])


def test_a_nodes_spec_hardly_changes():
    old = make_stored(r.NODES, spec={"podCIDR": "127.2.0.0/24"})
    assert old["spec"]["podCIDRs"] == ["127.2.0.0/24"]
    cordoned = update(r.NODES, old, spec={**old["spec"], "unschedulable": True})
    assert errors(r.NODES, cordoned, old) == []
    moved = update(r.NODES, old, spec={"podCIDR": "127.3.0.0/24"})
    assert errors(r.NODES, moved, old)[0].startswith("spec.podCIDRs: Forbidden: node updates may not change")


def test_the_spec_of_a_template_is_defaulted_once():
    spec = {"containers": [{"name": "c", "image": "i"}]}
    first = apply_defaults(r.PODS, {"metadata": {"name": "a"}, "spec": spec})
    second = apply_defaults(r.PODS, {"metadata": {"name": "b"}, "spec": spec})
    assert first["spec"] is second["spec"]


def test_values_read_as_go_writes_them():
    pod = {
        "metadata": {"name": "p", "labels": {}, "creationTimestamp": None},
        "spec": {
            "hostNetwork": False,
            "nodeSelector": {},
            "automountServiceAccountToken": False,
            "containers": [
                {"name": "c", "resources": {"limits": {"cpu": "1000m", "memory": "0.5Gi"}}, "args": []}
            ],
        },
    }
    assert go_form(r.PODS, pod) == {
        "metadata": {"name": "p"},
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [{"name": "c", "resources": {"limits": {"cpu": "1", "memory": "512Mi"}}}],
        },
        "status": {},
    }


def test_what_is_in_go_form_stays_the_same_tree():
    pod = make_stored(r.PODS, spec=POD_SPEC)
    assert go_form(r.PODS, pod) is pod


def test_an_update_looks_only_at_what_it_does_not_share_with_what_is_stored():
    stored = apply_defaults(r.PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}})
    new = {
        **stored,
        "status": {"phase": "Running", "reason": "", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    once = apply_defaults(r.PODS, new, stored)
    assert once == apply_defaults(r.PODS, new)
    assert once["spec"] is stored["spec"]
    assert "reason" not in once["status"]
    assert apply_defaults(r.PODS, {**stored, "spec": {**stored["spec"], "nodeName": ""}}, stored) == stored

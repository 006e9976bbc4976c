"""Trees against the facts of their type: what is unknown, what is wrong, and in which words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api import facts
from kubelite.apimachinery.decode import SHARED_BYTES_MAX, DecodeError, decode

TYPES = {
    name: facts.type_of("v1", name)
    for name in ("Pod", "ConfigMap", "ReplicationController", "Secret", "Service")
}


def test_a_good_object_stays_as_it_is():
    obj = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c"}]},
    }
    assert decode(obj, TYPES["Pod"]) == (obj, [])


def test_unknown_fields_are_told_by_path_and_pruned():
    obj = {
        "spec": {"replica": 1, "template": {"spec": {"containers": [{"name": "c", "imagepullpolicy": "x"}]}}},
        "metadata": {"name": "n", "hue": 2},
        "extra": 1,
    }
    made, unknown = decode(obj, TYPES["ReplicationController"])
    assert sorted(unknown) == [
        "extra",
        "metadata.hue",
        "spec.replica",
        "spec.template.spec.containers[0].imagepullpolicy",
    ]
    assert made == {
        "metadata": {"name": "n"},
        "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}},
    }
    assert "extra" in obj


def test_nulls_are_left_out():
    assert decode({"metadata": None, "spec": {"nodeName": None}}, TYPES["Pod"])[0] == {"spec": {}}
    assert decode({"data": {"a": None}}, TYPES["ConfigMap"])[0] == {"data": {"a": ""}}


def test_nulls_among_the_elements_of_lists_and_maps_are_zero_values():
    container = {"name": "c", "args": ["x", None], "resources": {"limits": {"cpu": None}}}
    made = decode({"spec": {"containers": [container, None]}}, TYPES["Pod"])[0]
    zeroed = {"name": "c", "args": ["x", ""], "resources": {"limits": {"cpu": "0"}}}
    assert made == {"spec": {"containers": [zeroed, {}]}}
    assert decode({"data": {"a": None}}, TYPES["Secret"])[0] == {"data": {"a": ""}}


@pytest.mark.parametrize("number", [1e35, -1e35, 1.0, 3 * 10**9, 2**70])
def test_numbers_which_go_does_not_read_as_integers_of_the_type_are_refused(number):
    with pytest.raises(DecodeError, match="cannot unmarshal number"):
        decode({"spec": {"replicas": number}}, TYPES["ReplicationController"])


@pytest.mark.parametrize(
    ("kind", "obj", "why"),
    [
        (
            "ReplicationController",
            {"spec": {"replicas": "x"}},
            (
                "json: cannot unmarshal string into Go struct field "
                "ReplicationControllerSpec.spec.replicas of type int32"
            ),
        ),
        (
            "Service",
            {"spec": {"ports": [{"port": "x"}]}},
            "json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32",
        ),
        (
            "Service",
            {"spec": {"ports": [{"port": 80.5}]}},
            (
                "json: cannot unmarshal number 80.5 into Go struct field "
                "ServicePort.spec.ports.port of type int32"
            ),
        ),
        (
            "Service",
            {"spec": {"ports": [{"targetPort": 3_000_000_000}]}},
            (
                "json: cannot unmarshal number 3000000000 into Go struct field "
                "ServicePort.spec.ports.targetPort of type int32"
            ),
        ),
        (
            "ConfigMap",
            {"data": ["x"]},
            "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string",
        ),
        (
            "ConfigMap",
            {"data": {"a": 1}},
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        ),
        (
            "ConfigMap",
            {"metadata": {"labels": {"a": 1}}},
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            "ConfigMap",
            {"metadata": {"name": True}},
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string",
        ),
        ("Secret", {"data": {"a": "?"}}, "illegal base64 data at input byte 0"),
        (
            "Pod",
            {"spec": {"containers": [{"resources": {"limits": {"cpu": "x"}}}]}},
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            "Pod",
            {"metadata": {"creationTimestamp": "yesterday"}},
            'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
        ),
    ],
)
def test_the_words_for_a_wrong_type(kind, obj, why):
    with pytest.raises(DecodeError) as caught:
        decode(obj, TYPES[kind])
    assert str(caught.value) == why


def test_integers_are_bounded():
    with pytest.raises(DecodeError, match="cannot unmarshal number 2147483648 into Go struct field"):
        decode({"spec": {"replicas": 2**31}}, TYPES["ReplicationController"])
    assert decode({"spec": {"replicas": 2**31 - 1}}, TYPES["ReplicationController"])[1] == []


def test_int_or_string():
    for port in (80, "http"):
        made, _ = decode({"spec": {"ports": [{"port": 80, "targetPort": port}]}}, TYPES["Service"])
        assert made["spec"]["ports"][0]["targetPort"] == port
    with pytest.raises(DecodeError):
        decode({"spec": {"ports": [{"targetPort": []}]}}, TYPES["Service"])


def test_an_object_nested_too_deeply_is_refused():
    schema = {}
    for _ in range(900):
        schema = {"not": schema}
    crd = {"spec": {"versions": [{"schema": {"openAPIV3Schema": schema}}]}}
    with pytest.raises(DecodeError, match="exceeded max depth"):
        decode(crd, facts.type_of("apiextensions.k8s.io/v1", "CustomResourceDefinition"))


KEYS = st.sampled_from(
    ["metadata", "spec", "name", "labels", "containers", "ports", "x", "replicas", "data", "env"]
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(sorted(TYPES)), st.dictionaries(KEYS, TREES, max_size=4))
def test_any_tree_is_decoded_or_refused_and_decoding_twice_changes_nothing(kind, tree):
    try:
        made, _ = decode(tree, TYPES[kind])
    except DecodeError:
        return
    assert decode(made, TYPES[kind]) == (made, [])


def pod_body(name, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i"}], **spec},
    }


def test_equal_specs_and_labels_become_one_tree():
    pod = facts.type_of("v1", "Pod")
    (one, _), (other, _), (third, _) = (
        decode(pod_body("a"), pod),
        decode(pod_body("b"), pod),
        decode(pod_body("c", hostname="h"), pod),
    )
    assert one["spec"] is other["spec"]
    assert one["metadata"]["labels"] is other["metadata"]["labels"]
    assert third["spec"] is not one["spec"]
    assert (one["metadata"]["name"], other["metadata"]["name"]) == ("a", "b")


def test_what_is_shared_is_judged_each_time():
    pod, deployment = facts.type_of("v1", "Pod"), facts.type_of("apps/v1", "Deployment")
    for _ in range(3):
        assert decode(pod_body("a", bad=1), pod)[1] == ["spec.bad"]
        template = {"metadata": {}, "spec": pod_body("a", bad=1)["spec"]}
        body = {"metadata": {"name": "d"}, "spec": {"template": template}}
        assert decode(body, deployment)[1] == ["spec.template.spec.bad"]
        with pytest.raises(DecodeError, match="hostname"):
            decode(pod_body("a", hostname=1), pod)


def test_values_that_python_takes_for_equal_are_told_apart():
    pod = facts.type_of("v1", "Pod")
    assert decode(pod_body("a", terminationGracePeriodSeconds=1), pod)[0]["spec"] is not None
    with pytest.raises(DecodeError, match="bool"):
        decode(pod_body("a", terminationGracePeriodSeconds=True), pod)


def test_large_values_are_not_remembered():
    pod = facts.type_of("v1", "Pod")
    specs = [decode(pod_body("a", hostname="h" * SHARED_BYTES_MAX), pod)[0]["spec"] for _ in range(2)]
    assert specs[0] == specs[1]
    assert specs[0] is not specs[1]


def test_the_statuses_of_many_pods_share_names_times_and_what_their_nodes_say_alike():
    body = b"""{"status": {"hostIPs": [{"ip": "10.0.0.1"}], "startTime": "2026-01-02T03:04:05Z", "conditions":
        [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z"}]}}"""
    pod = facts.type_of("v1", "Pod")
    one, other = (decode(json.loads(body), pod)[0]["status"] for _ in range(2))
    assert one["hostIPs"] is other["hostIPs"]
    assert one["startTime"] is other["conditions"][0]["lastTransitionTime"]
    assert all(name is again for name, again in zip(one, other, strict=True))

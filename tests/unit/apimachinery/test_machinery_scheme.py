"""Resources and how they are found; metadata helpers; tables; times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery import meta, timestamps
from kubelite.apimachinery.scheme import Resource, Scheme
from kubelite.apimachinery.table import make_row, make_table, partial_metadata

PODS = Resource("", "v1", "pods", "Pod", namespaced=True, short_names=("po",), subresources=("status",))
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", namespaced=True, short_names=("deploy",))
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)


@pytest.fixture
def scheme():
    made = Scheme()
    for resource in (PODS, DEPLOYMENTS, NODES):
        made.register(resource)
    return made


def test_names_of_a_resource():
    assert (PODS.api_version, PODS.group_resource, PODS.list_kind, PODS.singular) == (
        "v1",
        "pods",
        "PodList",
        "pod",
    )
    assert (DEPLOYMENTS.api_version, DEPLOYMENTS.group_resource) == ("apps/v1", "deployments.apps")


@pytest.mark.parametrize(
    ("resource", "arguments", "path"),
    [
        (PODS, (), "/api/v1/pods"),
        (PODS, ("ns",), "/api/v1/namespaces/ns/pods"),
        (PODS, ("ns", "p", "log"), "/api/v1/namespaces/ns/pods/p/log"),
        (DEPLOYMENTS, ("ns", "d"), "/apis/apps/v1/namespaces/ns/deployments/d"),
        (NODES, ("ignored", "n"), "/api/v1/nodes/n"),
    ],
)
def test_paths(resource, arguments, path):
    assert resource.path(*arguments) == path


def test_resources_are_equal_by_what_a_path_names():
    same = Resource("", "v1", "pods", "Pod", namespaced=True)
    assert same == PODS
    assert {same: 1}[PODS] == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("po", PODS),
        ("pod", PODS),
        ("Pods", PODS),
        ("deploy", DEPLOYMENTS),
        ("deployments.apps", DEPLOYMENTS),
        ("deployments.v1.apps", DEPLOYMENTS),
        ("deployments.extensions", None),
        ("pods.apps", None),
        ("nothing", None),
    ],
)
def test_find_by_what_people_say(scheme, text, found):
    assert scheme.find(text) == found


def test_look_ups_and_generation(scheme):
    assert scheme.by_plural("apps", "v1", "deployments") is DEPLOYMENTS
    assert scheme.by_kind("apps/v1", "Deployment") is DEPLOYMENTS
    assert list(scheme.resources()) == [PODS, DEPLOYMENTS, NODES]
    before = scheme.generation
    scheme.unregister(DEPLOYMENTS)
    scheme.unregister(DEPLOYMENTS)
    assert scheme.by_kind("apps/v1", "Deployment") is None
    assert scheme.generation > before
    assert "2 resources" in repr(scheme)


def test_keys():
    assert meta.key({"metadata": {"name": "p", "namespace": "n"}}) == "n/p"
    assert meta.key({"metadata": {"name": "p"}}) == "p"
    assert meta.split_key("n/p") == ("n", "p")
    assert meta.split_key("p") == (None, "p")


def test_controller_is_the_owner_that_says_so():
    owner = {"kind": "RC", "uid": "2", "controller": True}
    obj = {"metadata": {"name": "p", "ownerReferences": [{"kind": "X", "uid": "1"}, owner]}}
    assert meta.controller_of(obj) is owner
    assert meta.controller_of({"metadata": {"name": "p"}}) is None


def test_a_change_makes_a_new_spine_and_shares_the_rest():
    obj = {"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"x": 1}}
    changed = meta.updated(obj, ["metadata", "labels"], {"c": "d"})
    assert changed["spec"] is obj["spec"]
    assert obj["metadata"]["labels"] == {"a": "b"}
    assert changed["metadata"] == {"name": "p", "labels": {"c": "d"}}
    assert meta.updated({}, ["a", "b"], 1) == {"a": {"b": 1}}
    assert meta.without(obj, ["metadata", "labels"])["metadata"] == {"name": "p"}
    assert meta.without(obj, ["metadata", "zz"]) is obj
    assert meta.with_status(obj, {"y": 1})["metadata"] is obj["metadata"]
    assert meta.with_metadata(obj, labels=None, uid="u")["metadata"] == {"name": "p", "uid": "u"}


def test_lookup():
    obj = {"a": [{"b": 1}]}
    assert meta.lookup(obj, ["a", 0, "b"]) == 1
    assert meta.lookup(obj, ["a", -1, "b"]) == 1
    assert meta.lookup(obj, ["a", 1, "b"], "none") == "none"
    assert meta.lookup(obj, ["a", "b"]) is None


def test_being_deleted():
    assert meta.is_being_deleted({"metadata": {"deletionTimestamp": "x"}})
    assert not meta.is_being_deleted({"metadata": {}})


class _Name:
    name, type, format, description, priority = "Name", "string", "name", "its name", 0

    @staticmethod
    def cell(obj, now):
        return obj["metadata"]["name"]


POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "spec": {}}


@pytest.mark.parametrize(
    ("include", "shown"),
    [
        ("None", None),
        ("Object", POD),
        (
            "Metadata",
            {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "p"}},
        ),
    ],
)
def test_rows_carry_what_was_asked_for(include, shown):
    assert make_row(POD, [_Name], 0.0, include_object=include) == {"cells": ["p"], "object": shown}


def test_table():
    row = make_row(POD, [_Name], 0.0, conditions=[{"type": "Completed"}])
    table = make_table([_Name], [row], {"resourceVersion": "5"}, api_version="meta.k8s.io/v1beta1")
    assert table["apiVersion"] == "meta.k8s.io/v1beta1"
    assert table["metadata"] == {"resourceVersion": "5"}
    assert table["columnDefinitions"] == [
        {"name": "Name", "type": "string", "format": "name", "description": "its name", "priority": 0}
    ]
    assert table["rows"][0]["conditions"] == [{"type": "Completed"}]
    assert make_table([_Name], [], {}, with_columns=False)["columnDefinitions"] is None
    assert partial_metadata(POD, "meta.k8s.io/v1beta1")["apiVersion"] == "meta.k8s.io/v1beta1"


def test_times_as_text():
    assert timestamps.format_time(1767323045.9) == "2026-01-02T03:04:05Z"
    assert timestamps.format_time(-1.5) == "1969-12-31T23:59:58Z"
    assert timestamps.format_micro_time(1767323045.25) == "2026-01-02T03:04:05.250000Z"
    assert timestamps.format_micro_time(1.9999999) == "1970-01-01T00:00:02.000000Z"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-02T03:04:05Z", 1767323045.0),
        ("2026-01-02T03:04:05.5Z", 1767323045.5),
        ("2026-01-02T05:04:05+02:00", 1767323045.0),
        ("2026-01-02T02:34:05-00:30", 1767323045.0),
        ("0001-01-01T00:00:00Z", -62135596800.0),
    ],
)
def test_texts_as_times(text, seconds):
    assert timestamps.parse_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-01-02", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05"]
)
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="cannot parse"):
        timestamps.parse_time(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("2026-13-02T03:04:05Z", "month"),
        ("2026-02-30T03:04:05Z", "day"),
        ("2026-01-02T24:04:05Z", "hour"),
        ("2026-01-02T03:60:05Z", "minute"),
        ("2026-01-02T03:04:60Z", "second"),
    ],
)
def test_times_that_do_not_exist(text, part):
    with pytest.raises(ValueError, match=f'parsing time "{text}": {part} out of range'):
        timestamps.parse_time(text)


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_all_years_have_four_digits(seconds):
    text = timestamps.format_time(seconds)
    assert len(text) == len("2026-01-02T03:04:05Z")
    assert timestamps.parse_time(text) == seconds


@given(st.integers(-2_000_000_000, 200_000_000_000))
def test_times_survive_the_text(seconds):
    assert timestamps.parse_time(timestamps.format_time(seconds)) == seconds


@given(st.integers(0, 4_000_000_000_000_000))
def test_micro_times_survive_the_text(micros):
    text = timestamps.format_micro_time(micros / 1e6)
    assert round(timestamps.parse_time(text) * 1e6) == micros

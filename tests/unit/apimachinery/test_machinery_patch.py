"""JSON patch and merge patch, as the API server applies them."""

import copy
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery.patch import (
    OPERATIONS_MAX,
    PatchError,
    PatchSyntaxError,
    json_patch,
    merge_patch,
)

OBJ = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}}


def op(name, path, **more):
    return {"op": name, "path": path, **more}


def labels(obj):
    return obj["metadata"]["labels"]


def names(obj):
    return [item["name"] for item in obj["spec"]["containers"]]


def test_add_replace_remove():
    changed = json_patch(
        OBJ,
        [
            op("add", "/metadata/labels/c", value="d"),
            op("replace", "/metadata/labels/a", value="x"),
            op("remove", "/spec/containers/0"),
            op("add", "/spec/containers/-", value={"name": "z"}),
            op("add", "/spec/containers/0", value={"name": "y"}),
        ],
    )
    assert labels(changed) == {"a": "x", "c": "d"}
    assert names(changed) == ["y", "b", "z"]


def test_replace_of_an_absent_member_adds_it():
    assert labels(json_patch(OBJ, [op("replace", "/metadata/labels/new", value="z")])) == {
        "a": "b",
        "new": "z",
    }


def test_move_and_copy():
    changed = json_patch(
        OBJ,
        [
            op("copy", "/metadata/labels/c", **{"from": "/metadata/labels/a"}),
            op("move", "/metadata/labels/d", **{"from": "/metadata/labels/a"}),
            op("move", "/spec/containers/-", **{"from": "/spec/containers/0"}),
        ],
    )
    assert labels(changed) == {"c": "b", "d": "b"}
    assert names(changed) == ["b", "a"]


def test_escaped_names():
    obj = {"metadata": {"annotations": {"x/y": "1", "a~b": "2"}}}
    changed = json_patch(
        obj,
        [
            op("test", "/metadata/annotations/x~1y", value="1"),
            op("replace", "/metadata/annotations/a~0b", value="3"),
        ],
    )
    assert changed["metadata"]["annotations"] == {"x/y": "1", "a~b": "3"}


@pytest.mark.parametrize(
    "operation",
    [
        op("test", "/metadata/labels/a", value="b"),
        op("test", "/metadata/labels/zz", value=None),
        op("test", "/spec/containers/0", value={"name": "a"}),
        op("test", "/spec/containers/-1/name", value="b"),
    ],
)
def test_tests_that_hold(operation):
    assert json_patch(OBJ, [operation]) == OBJ


@pytest.mark.parametrize(
    "operation",
    [
        op("test", "/metadata/labels/a", value="z"),
        op("test", "/metadata/labels/zz", value="q"),
        op("test", "/metadata/labels/a"),
        op("remove", "/metadata/labels/zz"),
        op("remove", "/metadata/zz/zz"),
        op("remove", "/spec/containers/-"),
        op("remove", "/spec/containers/9"),
        op("remove", ""),
        op("add", "/metadata/zz/zz", value=1),
        op("add", "/spec/containers/9", value=1),
        op("add", "/spec/containers/x", value=1),
        op("add", "metadata", value=1),
        op("add", "/metadata/labels/a/deeper", value=1),
        op("replace", "/metadata/zz/new", value=1),
        op("replace", "/spec/containers/9", value=1),
        op("move", "/metadata/labels/c", **{"from": "/metadata/labels/zz"}),
        op("move", "/spec/containers", **{"from": "/spec"}),
        op("copy", "/metadata/labels/c", **{"from": "/metadata/zz/zz"}),
        op("copy", "/metadata/labels/c"),
        op("zap", "/metadata"),
        op(None, "/metadata"),
        {"path": "/metadata"},
        {"op": "add", "value": 1},
        {"op": "add", "path": 5, "value": 1},
        op("replace", "", value=5),
        op("replace", "/spec/containers/2", value=1),
        op("add", "", value={}),
        op("add", "/spec/containers/-4", value=1),
        op("test", "/spec/containers/9", value=None),
        op("test", "/zz/zz", value=None),
        op("copy", "/n", **{"from": ""}),
    ],
    ids=str,
)
def test_what_cannot_be_carried_out(operation):
    with pytest.raises(PatchError):
        json_patch(OBJ, [operation])


def test_indices_may_count_from_the_end():
    assert names(json_patch(OBJ, [op("add", "/spec/containers/-1", value={"name": "z"})])) == ["a", "b", "z"]
    assert names(json_patch(OBJ, [op("add", "/spec/containers/-3", value={"name": "z"})])) == ["z", "a", "b"]
    assert names(json_patch(OBJ, [op("remove", "/spec/containers/-1")])) == ["a"]
    assert names(json_patch(OBJ, [op("replace", "/spec/containers/-1", value={"name": "z"})])) == ["a", "z"]
    assert names(json_patch(OBJ, [op("add", "/spec/containers/01", value={"name": "z"})])) == ["a", "z", "b"]


def test_the_place_to_move_to_is_counted_without_what_moves():
    moved = json_patch(OBJ, [op("move", "/spec/containers/-1", **{"from": "/spec/containers/0"})])
    assert names(moved) == ["b", "a"]


def test_no_value_is_null():
    assert labels(json_patch(OBJ, [op("add", "/metadata/labels/c")]))["c"] is None
    copied = json_patch(OBJ, [op("copy", "/metadata/labels/c", **{"from": "/metadata/labels/zz"})])
    assert labels(copied)["c"] is None


def test_one_is_not_true():
    with pytest.raises(PatchError):
        json_patch({"n": 1}, [op("test", "/n", value=True)])
    assert json_patch({"n": 1}, [op("test", "/n", value=1.0)]) == {"n": 1}


def test_copies_that_double_the_object_are_refused():
    doubling = op("copy", "/a/-", **{"from": "/a"})
    with pytest.raises(PatchError, match="accumulated size increase of copy"):
        json_patch({"a": ["x" * 1000]}, [doubling] * 40)


def test_the_patch_can_be_used_again():
    patch = [op("add", "/a", value={}), op("add", "/a/b", value=1)]
    assert json_patch({}, patch) == json_patch({}, patch) == {"a": {"b": 1}}
    assert patch[0]["value"] == {}


def test_a_failing_operation_undoes_all():
    before = copy.deepcopy(OBJ)
    with pytest.raises(PatchError):
        json_patch(
            OBJ, [op("add", "/metadata/labels/c", value="d"), op("test", "/metadata/labels/c", value="x")]
        )
    assert before == OBJ


@pytest.mark.parametrize("patch", [{}, "x", None, [5], [[]]])
def test_what_is_no_json_patch(patch):
    with pytest.raises(PatchSyntaxError):
        json_patch(OBJ, patch)


def test_operations_are_bounded():
    with pytest.raises(PatchSyntaxError, match=f"maximum operations in a JSON patch is {OPERATIONS_MAX}"):
        json_patch(OBJ, [op("test", "", value=OBJ)] * (OPERATIONS_MAX + 1))


SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"])
KEYS = st.sampled_from(["a", "b", "c", "spec", "x/y", "~"])
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, TREES, max_size=4)
PATHS = st.sampled_from(
    ["", "/", "/a", "/a/b", "/a/0", "/a/-", "/a/-1", "/a/01", "/x~1y", "/~0", "a", "/b/9", "/~"]
)
OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]) | TREES,
        "path": PATHS | SCALARS,
        "from": PATHS | SCALARS,
        "value": TREES,
    },
)


@given(OBJECTS, st.lists(OPERATIONS, max_size=3))
def test_no_json_patch_breaks_out_or_touches_the_object(obj, operations):
    before, given_operations = copy.deepcopy(obj), copy.deepcopy(operations)
    with suppress(PatchError, PatchSyntaxError):
        assert isinstance(json_patch(obj, operations), dict)
    assert obj == before
    assert operations == given_operations


@pytest.mark.parametrize(
    ("base", "patch", "merged"),
    [
        # RFC 7396, appendix A.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        # evanphx/json-patch: no nulls in what is new, but in lists that replace objects.
        ({}, {"a": [{"b": None, "c": 1}, None]}, {"a": [{"c": 1}, None]}),
        ({"a": [1]}, {"a": [{"b": None}]}, {"a": [{}]}),
        ({"a": {"b": 1}}, {"a": [{"b": None}]}, {"a": [{"b": None}]}),
    ],
)
def test_merge_patch(base, patch, merged):
    assert merge_patch(base, patch) == merged


def _difference(old, new):
    """The merge patch that makes `new` of `old`; they hold no nulls."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    removed = dict.fromkeys(old.keys() - new.keys())
    return removed | {
        key: _difference(old.get(key), value) for key, value in new.items() if old.get(key) != value
    }


FULL = st.recursive(
    st.booleans() | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
FULL_OBJECTS = st.dictionaries(KEYS, FULL, max_size=3)


@given(FULL_OBJECTS, FULL_OBJECTS)
def test_merge_patch_does_what_its_difference_says(old, new):
    before = copy.deepcopy(old)
    patch = _difference(old, new)
    once = merge_patch(old, patch)
    assert once == new
    assert merge_patch(once, patch) == new
    assert old == before

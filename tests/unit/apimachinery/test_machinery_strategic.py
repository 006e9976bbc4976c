"""Strategic merge patch, directive by directive; expected is what `kubectl patch --local` makes."""

import copy
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api import facts
from kubelite.apimachinery.patch import PatchSyntaxError
from kubelite.apimachinery.strategic import strategic_merge_patch

POD = facts.type_of("v1", "Pod")
OBJ = {
    "metadata": {"labels": {"a": "b"}, "finalizers": ["x/a", "x/b", "x/c"]},
    "spec": {
        "containers": [{"name": "a", "image": "1", "args": ["x"]}, {"name": "b", "image": "2"}],
        "volumes": [{"name": "v", "emptyDir": {}}],
    },
}


def patched(patch, obj=OBJ, schema=POD):
    before = copy.deepcopy(obj)
    made = strategic_merge_patch(obj, patch, schema)
    assert obj == before, "the object was touched"
    return made


def containers(patch):
    return patched({"spec": patch})["spec"]["containers"]


def names(patch):
    return [item["name"] for item in containers(patch)]


def finalizers(patch):
    return [item[2:] for item in patched({"metadata": patch})["metadata"]["finalizers"]]


def test_an_item_is_found_by_its_merge_key():
    assert containers({"containers": [{"name": "b", "image": "9"}]})[1] == {"name": "b", "image": "9"}
    assert containers({"containers": [{"name": "a", "image": "9"}]})[0] == {
        "name": "a",
        "image": "9",
        "args": ["x"],
    }


def test_a_list_without_merge_key_is_replaced():
    assert containers({"containers": [{"name": "a", "args": ["y", "z"]}]})[0]["args"] == ["y", "z"]


def test_null_removes():
    assert "containers" not in patched({"spec": {"containers": None}})["spec"]
    assert patched({"metadata": {"labels": {"a": None, "c": "d"}}})["metadata"]["labels"] == {"c": "d"}
    assert containers({"containers": [{"name": "a", "args": None}]})[0] == {"name": "a", "image": "1"}


def test_delete_an_item():
    assert names({"containers": [{"name": "a", "$patch": "delete"}, {"name": "zz", "$patch": "delete"}]}) == [
        "b"
    ]


def test_replace_a_list():
    assert containers({"containers": [{"$patch": "replace"}, {"name": "z"}]}) == [{"name": "z"}]
    assert containers({"containers": [{"name": "z"}, {"$patch": "replace"}]}) == [{"name": "z"}]


def test_replace_and_delete_a_map():
    labels = patched({"metadata": {"labels": {"$patch": "replace", "c": "d"}}})["metadata"]["labels"]
    assert labels == {"c": "d"}
    assert patched({"metadata": {"labels": {"$patch": "delete"}}})["metadata"]["labels"] == {}
    assert patched({"spec": {"$patch": "replace", "containers": []}})["spec"] == {"containers": []}


def test_retain_keys():
    patch = {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/"}}]}
    assert patched({"spec": patch})["spec"]["volumes"] == [{"name": "v", "hostPath": {"path": "/"}}]


def test_retained_keys_must_contain_what_the_patch_sets():
    patch = {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name"], "hostPath": {"path": "/"}}]}}
    with pytest.raises(PatchSyntaxError, match="invalid patch format of retainKeys"):
        patched(patch)


def test_new_items_stand_first():
    assert names({"containers": [{"name": "c", "image": "3"}]}) == ["c", "a", "b"]
    assert names({"containers": [{"name": "c"}, {"name": "b"}]}) == ["c", "a", "b"]
    assert names({"containers": [{"name": "x"}, {"name": "x", "image": "2"}]}) == ["x", "a", "b"]
    assert finalizers({"finalizers": ["x/d", "x/a"]}) == ["d", "a", "b", "c"]


def test_order_of_items_that_stay():
    order = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
    assert names(order) == ["b", "a"]
    assert names({"$setElementOrder/containers": [{"name": "b"}]}) == ["a", "b"]


def test_order_with_a_new_item_and_one_removed():
    patch = {
        "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}],
        "containers": [{"name": "c", "image": "3"}, {"name": "a", "$patch": "delete"}],
    }
    assert names(patch) == ["b", "c"]


def test_an_order_that_the_patch_does_not_keep_is_refused():
    patch = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "c"}]}
    with pytest.raises(PatchSyntaxError, match="doesn't match .setElementOrder list"):
        containers(patch)


def test_order_deletion_and_addition_at_once():
    patch = {
        "$setElementOrder/finalizers": ["x/z", "x/b"],
        "finalizers": ["x/z"],
        "$deleteFromPrimitiveList/finalizers": ["x/a"],
    }
    assert finalizers(patch) == ["z", "b", "c"]
    assert finalizers({"$deleteFromPrimitiveList/finalizers": ["x/a"], "finalizers": ["x/a"]}) == [
        "a",
        "b",
        "c",
    ]
    assert finalizers({"$deleteFromPrimitiveList/finalizers": 5}) == ["a", "b", "c"]


def test_delete_from_a_list_of_texts():
    assert finalizers({"$deleteFromPrimitiveList/finalizers": ["x/b"]}) == ["a", "c"]
    assert finalizers({"$deleteFromPrimitiveList/finalizers": ["x/zz"]}) == ["a", "b", "c"]


def test_order_of_a_list_of_texts():
    order = {"$setElementOrder/finalizers": ["x/c", "x/a"]}
    assert finalizers({**order, "$deleteFromPrimitiveList/finalizers": ["x/b"]}) == ["c", "a"]


def test_a_list_of_texts_is_a_set():
    assert sorted(finalizers({"finalizers": ["x/a", "x/d", "x/d"]})) == ["a", "b", "c", "d"]


def test_ports_of_a_service_are_told_apart_by_port():
    service = {"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81}]}}
    made = patched(
        {"spec": {"ports": [{"port": 80, "name": "b"}]}}, obj=service, schema=facts.type_of("v1", "Service")
    )
    assert made["spec"]["ports"] == [{"port": 80, "name": "b"}, {"port": 81}]


def test_conditions_are_told_apart_by_type():
    pod = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    made = patched({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}, obj=pod)
    assert made["status"]["conditions"] == [{"type": "Ready", "status": "False"}]


def test_what_is_not_named_is_shared():
    assert patched({"metadata": {"labels": {"c": "d"}}})["spec"] is OBJ["spec"]


def test_without_facts_maps_merge_and_lists_are_replaced():
    made = patched({"spec": {"containers": [{"name": "z"}], "x": {"y": 1}}}, schema=None)
    assert made["spec"]["containers"] == [{"name": "z"}]
    assert made["spec"]["x"] == {"y": 1}
    assert made["spec"]["volumes"] == OBJ["spec"]["volumes"]


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        (
            {"spec": {"containers": [{"image": "1"}]}},
            "map: .*image.* does not contain declared merge key: name",
        ),
        (
            {"spec": {"containers": [{"$patch": "delete"}]}},
            "map: .*delete.* does not contain declared merge key: name",
        ),
        ({"spec": {"volumes": [{"name": "v", "$retainKeys": 5}]}}, "invalid patch format of retainKeys"),
        ({"metadata": {"labels": {"$patch": "zap"}}}, "zap"),
        ({"spec": {"containers": [{"name": "a", "$patch": "zap"}]}}, "zap"),
        ({"spec": {"containers": ["z"]}}, "list"),
        ([], "json: cannot unmarshal array into Go value"),
        (
            {"metadata": {"$setElementOrder/finalizers": 5}},
            r"expected a \[\]interface {}, but received a int64",
        ),
        ({"spec": {"$setElementOrder/containers": [5]}}, "value for key 0 is not a map"),
        ({"spec": {"containers": [{"$patch": {}}]}}, r"unknown patch type: map\[\] in map"),
        (
            {"spec": {"containers": [{"name": "a", "$patch": "merge"}]}},
            "merging lists cannot yet be specified in the patch",
        ),
        (
            {"metadata": {"finalizers": [5]}},
            r"list element types are not identical: \[\[x/a x/b x/c\] \[5\]\]",
        ),
    ],
    ids=str,
)
def test_wrong_patches(patch, why):
    with pytest.raises(PatchSyntaxError, match=why):
        strategic_merge_patch(OBJ, patch, POD)


KEYS = st.sampled_from(
    [
        "a",
        "name",
        "$patch",
        "$retainKeys",
        "$setElementOrder/containers",
        "$deleteFromPrimitiveList/finalizers",
    ]
    + ["containers", "finalizers", "$setElementOrder/finalizers", "spec", "metadata", "volumes", "labels"]
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "delete", "replace", "merge"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, TREES, max_size=4), st.dictionaries(KEYS, TREES, max_size=4))
def test_no_patch_breaks_out_or_touches_the_object(obj, patch):
    before, given_patch = copy.deepcopy(obj), copy.deepcopy(patch)
    with suppress(PatchSyntaxError):
        assert isinstance(strategic_merge_patch(obj, patch, POD), dict)
    assert obj == before
    assert patch == given_patch


NAMES = st.sampled_from("abcdef")
CONTAINERS = st.lists(NAMES, max_size=4, unique=True)


@given(CONTAINERS, CONTAINERS)
def test_a_merge_has_all_items_once_and_the_patchs_values(before, added):
    obj = {"spec": {"containers": [{"name": name, "image": "old"} for name in before]}}
    patch = {"spec": {"containers": [{"name": name, "image": "new"} for name in added]}}
    once = strategic_merge_patch(obj, patch, POD)
    found = {item["name"]: item["image"] for item in once["spec"].get("containers", [])}
    assert found == dict.fromkeys(before, "old") | dict.fromkeys(added, "new")
    assert len(once["spec"].get("containers", [])) == len(found)
    assert strategic_merge_patch(once, patch, POD) == once


@given(st.lists(NAMES, min_size=1, max_size=5, unique=True), st.randoms(use_true_random=False))
def test_the_order_asked_for_is_the_order_given(before, random):
    after = list(before)
    random.shuffle(after)
    obj = {"spec": {"containers": [{"name": name} for name in before]}}
    patch = {"spec": {"$setElementOrder/containers": [{"name": name} for name in after]}}
    assert [item["name"] for item in strategic_merge_patch(obj, patch, POD)["spec"]["containers"]] == after


def test_items_of_a_keyed_list_that_are_no_objects_are_left_to_the_decoder():
    patch = {"spec": {"containers": [-1]}}
    assert strategic_merge_patch({"spec": {"containers": []}}, patch, facts.type_of("v1", "Pod")) == patch

"""Fields of values, comparing, merging, removing: rule by rule, and laws that hold for all values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api.ownership import atom_of, object_metadata
from kubelite.apimachinery import fieldset as fs
from kubelite.apimachinery.atoms import DEDUCED, of_schema
from kubelite.apimachinery.merging import extract, merge, remove
from kubelite.apimachinery.typecheck import check
from kubelite.apimachinery.typed import (
    Comparison,
    TypeMismatchError,
    changed_leaves,
    compare,
    field_set,
    reconciled,
    with_named_fields,
)

SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer"},
                "name": {"type": "string"},
                "on": {"type": "boolean"},
                "when": {"type": "string", "format": "date-time"},
                "port": {"x-kubernetes-int-or-string": True},
                "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "names": {"type": "array", "items": {"type": "string"}},
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name", "kind"],
                    "items": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "kind": {"type": "string", "default": "K"},
                            "count": {"type": "integer"},
                            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                        },
                    },
                },
                "whole": {
                    "type": "object",
                    "x-kubernetes-map-type": "atomic",
                    "additionalProperties": {"type": "string"},
                },
                "open": {"type": "object", "additionalProperties": {"type": "string"}},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        }
    },
}
THING = of_schema(SCHEMA, object_metadata())


def fields_of(spec):
    return field_set(THING, {"spec": spec}).get("f:spec")


def part(name, **more):
    return {"name": name, **more}


A = 'k:{"kind":"K","name":"a"}'
B = 'k:{"kind":"K","name":"b"}'


# --- the fields of a configuration --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({"size": 1, "name": "x"}, {"f:name": {}, "f:size": {}}),
        ({"tags": ["y", "x"]}, {"f:tags": {'v:"x"': {}, 'v:"y"': {}}}),
        ({"tags": []}, None),
        ({"names": ["y", "x"]}, {"f:names": {}}),
        ({"whole": {"a": "b"}}, {"f:whole": {}}),
        ({"open": {"a": "b"}}, {"f:open": {"f:a": {}}}),
        ({"open": {}}, {"f:open": {}}),
        ({"open": None}, {"f:open": {}}),
        ({"free": {"a": [1], "b": {"c": 1}}}, {"f:free": {"f:a": {}, "f:b": {".": {}, "f:c": {}}}}),
        ({"parts": [part("a", count=1)]}, {"f:parts": {A: {".": {}, "f:count": {}, "f:name": {}}}}),
        ({}, {}),
    ],
)
def test_the_fields_of_a_configuration(spec, fields):
    assert fields_of(spec) == fields


def test_a_built_in_list_is_keyed_with_its_default_protocol():
    service = {"spec": {"ports": [{"port": 80}]}}
    fields = field_set(atom_of("v1", "Service"), service)
    assert fields == {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}}}


def test_references_and_selectors_are_one_field():
    pod = {"metadata": {"ownerReferences": [{"uid": "u", "name": "n"}]}, "spec": {"nodeSelector": {"a": "b"}}}
    fields = field_set(atom_of("v1", "Pod"), pod)
    assert fields == {
        "f:metadata": {"f:ownerReferences": {'k:{"uid":"u"}': {}}},
        "f:spec": {"f:nodeSelector": {}},
    }


# --- comparing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"size": 1}, {"size": 1}, Comparison()),
        ({"size": 1}, {"size": 2}, Comparison(modified={"f:size": {}})),
        ({}, {"size": 2}, Comparison(added={"f:size": {}})),
        ({"size": 1, "name": "x"}, {"name": "x"}, Comparison(removed={"f:size": {}})),
        ({"open": {"a": "1"}}, {"open": {"a": "2", "b": "1"}}, Comparison(
            modified={"f:open": {"f:a": {}}}, added={"f:open": {"f:b": {}}})),
        ({}, {"open": {"b": "1"}}, Comparison(added={"f:open": {".": {}, "f:b": {}}})),
        ({"open": {}}, {"open": {"b": "1"}}, Comparison(added={"f:open": {"f:b": {}}})),
        ({"open": None}, {"open": {"b": "1"}}, Comparison(added={"f:open": {"f:b": {}}})),
        ({"open": None}, {"open": {}}, Comparison(modified={"f:open": {}})),
        ({"whole": {"a": "1"}}, {"whole": {"b": "1"}}, Comparison(modified={"f:whole": {}})),
        ({"names": ["a", "b"]}, {"names": ["b", "a"]}, Comparison(modified={"f:names": {}})),
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}, Comparison()),
        ({"tags": ["a"]}, {"tags": ["b"]}, Comparison(
            removed={"f:tags": {'v:"a"': {}}}, added={"f:tags": {'v:"b"': {}}})),
        ({"parts": [part("a", count=1)]}, {"parts": [part("a", count=2), part("b")]}, Comparison(
            modified={"f:parts": {A: {"f:count": {}}}}, added={"f:parts": {B: {".": {}, "f:name": {}}}})),
        ({"free": {"a": {"x": 1}}}, {"free": {"a": 1}}, Comparison(
            removed={"f:free": {"f:a": {"f:x": {}}}}, modified={"f:free": {"f:a": {}}})),
    ],
)  # fmt: skip
def test_what_differs(old, new, expected):
    change = compare(THING, {"spec": old}, {"spec": new})
    assert (change.removed, change.modified, change.added) == tuple(
        {"f:spec": each} if each else {} for each in (expected.removed, expected.modified, expected.added)
    )


def test_items_that_repeat_are_compared_as_one():
    def change(old, new):
        found = compare(THING, {"spec": {"parts": old}}, {"spec": {"parts": new}})
        return tuple(
            each.get("f:spec", {}).get("f:parts", {}).get(A)
            for each in (found.removed, found.modified, found.added)
        )

    twice = [part("a"), part("a")]
    assert change(twice, [part("a"), part("a", count=1)]) == (None, {}, None)
    assert change([part("a")], twice) == ({".": {}, "f:name": {}}, None, {})
    assert change(twice, [part("a")]) == ({}, None, {".": {}, "f:name": {}})
    assert change([], twice) == (None, None, {})


# --- merging ------------------------------------------------------------------------------------------------


def merged(live, applied):
    return merge(THING, {"spec": live}, {"spec": applied})["spec"]


def test_merging_maps_keeps_what_is_not_applied():
    assert merged({"size": 1, "open": {"a": "1"}}, {"name": "x", "open": {"b": "2"}}) == {
        "size": 1,
        "open": {"a": "1", "b": "2"},
        "name": "x",
    }


def test_merging_takes_atomic_values_as_a_whole():
    assert merged({"whole": {"a": "1"}, "names": ["a"]}, {"whole": {"b": "2"}, "names": ["b"]}) == {
        "whole": {"b": "2"},
        "names": ["b"],
    }


@pytest.mark.parametrize(
    ("live", "applied", "result"),
    [
        ("ab", "c", "abc"),
        ("abc", "cb", "acb"),
        ("abcd", "dxb", "acdxb"),
        ("ab", "xb", "axb"),
        ("abc", "abc", "abc"),
        ("", "ba", "ba"),
        ("ab", "", "ab"),
        ("cab", "abx", "cabx"),
    ],
)
def test_items_of_merged_lists_stand_in_the_applied_order_among_the_others(live, applied, result):
    def parts(names):
        return [part(name) for name in names]

    found = merged({"parts": parts(live)}, {"parts": parts(applied)})["parts"]
    assert "".join(each["name"] for each in found) == result


def test_an_applied_item_merges_into_the_live_one():
    found = merged({"parts": [part("a", kind="K", count=1)]}, {"parts": [part("a", labels={"x": "y"})]})
    assert found["parts"] == [{"name": "a", "kind": "K", "count": 1, "labels": {"x": "y"}}]


def test_live_items_that_repeat_are_replaced_by_the_applied_one():
    found = merged({"parts": [part("a", count=1), part("b"), part("a", count=2)]}, {"parts": [part("a")]})
    assert found["parts"] == [part("a"), part("b")]


def test_merging_an_item_without_its_key_is_refused():
    with pytest.raises(TypeMismatchError) as refused:
        merged({"parts": [part("a")]}, {"parts": [{"count": 1}]})
    assert str(refused.value) == (
        'element 0: associative list with keys has an element that omits key field "name" '
        "(and doesn't have default value)"
    )


# --- removing and extracting --------------------------------------------------------------------------------


def test_removing_takes_fields_and_items():
    spec = {"size": 1, "tags": ["a", "b"], "parts": [part("a", count=1), part("b", count=2)]}
    fields = {"f:spec": {"f:size": {}, "f:tags": {'v:"a"': {}}, "f:parts": {A: {}, B: {"f:count": {}}}}}
    assert remove(THING, {"spec": spec}, fields) == {"spec": {"tags": ["b"], "parts": [part("b")]}}
    assert extract(THING, {"spec": spec}, fields) == {
        "spec": {"size": 1, "tags": ["a"], "parts": [part("a", count=1), {"count": 2}]}
    }


def test_named_fields_on_the_way_are_members_and_keys_of_maps_are_not():
    fields = {"f:spec": {"f:open": {"f:a": {}}, "f:parts": {A: {"f:count": {}}}}}
    assert with_named_fields(THING, fields) == {
        "f:spec": {
            ".": {},
            "f:open": {".": {}, "f:a": {}},
            "f:parts": {".": {}, A: {"f:count": {}}},
        }
    }


def test_parts_of_what_became_atomic_are_the_whole():
    fields = {
        "f:spec": {
            "f:whole": {"f:a": {}},
            "f:names": {"v:1": {}},
            "f:open": {"f:a": {}},
            "f:gone": {"f:x": {}},
        }
    }
    assert reconciled(THING, fields) == {
        "f:spec": {"f:whole": {}, "f:names": {}, "f:open": {"f:a": {}}, "f:gone": {"f:x": {}}}
    }
    assert reconciled(DEDUCED, fields) is fields


# --- checking -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ([1], ".spec: expected map, got &{[1]}"),
        ({"size": "x"}, ".spec.size: expected numeric (int or float), got string"),
        ({"size": True}, ".spec.size: expected numeric (int or float), got bool"),
        ({"name": 1}, ".spec.name: expected string, got &value.valueUnstructured{Value:1}"),
        ({"on": "x"}, ".spec.on: expected boolean, got &{x}"),
        ({"when": {}}, ".spec.when: expected any scalar, got &{map[]}"),
        ({"names": {"a": 1}}, ".spec.names: expected list, got &{map[a:1]}"),
        ({"names": [1]}, ".spec.names[0]: expected string, got &value.valueUnstructured{Value:1}"),
        ({"none": 1}, ".spec.none: field not declared in schema"),
        ({"tags": ["a", "a"]}, '.spec.tags: duplicate entries for key [="a"]'),
        ({"parts": [part("a"), part("a")]}, '.spec.parts: duplicate entries for key [kind="K",name="a"]'),
        (
            {"parts": ["a"]},
            ".spec.parts: element 0: associative list with keys may not have non-map elements",
        ),
        (
            {"parts": [part("a", count="x")]},
            '.spec.parts[kind="K",name="a"].count: expected numeric (int or float), got string',
        ),
        (
            {"name": 1, "on": 1},
            (
                "errors:\n  .spec.name: expected string, got &value.valueUnstructured{Value:1}\n"
                "  .spec.on: expected boolean, got &{1}"
            ),
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_kubernetes_words(spec, words):
    with pytest.raises(TypeMismatchError) as refused:
        check(THING, {"spec": spec})
    assert str(refused.value) == words


def test_null_fits_everywhere_and_free_fields_take_anything():
    check(THING, {"spec": {"size": None, "parts": None, "free": {"a": [1, "x", {}]}, "port": "80%"}})


# --- laws ---------------------------------------------------------------------------------------------------

TEXTS = st.sampled_from(["a", "b", "c"])
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"name": TEXTS}, optional={"count": st.integers(0, 2), "labels": st.just({"x": "y"})}
    ),
    max_size=3,
    unique_by=lambda each: each["name"],
)
JSON = st.recursive(
    st.integers(0, 2) | TEXTS,
    lambda inner: (
        st.dictionaries(TEXTS, inner, min_size=1, max_size=2) | st.lists(inner, min_size=1, max_size=2)
    ),
    max_leaves=4,
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "size": st.integers(0, 2),
        "tags": st.lists(TEXTS, min_size=1, max_size=3, unique=True),
        "names": st.lists(TEXTS, min_size=1, max_size=3),
        "parts": ITEMS.filter(bool),
        "whole": st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=2),
        "open": st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=2),
        "free": st.dictionaries(TEXTS, JSON, min_size=1, max_size=2),
    },
).filter(bool)
OBJECTS = st.fixed_dictionaries({"spec": SPECS})


def by_key(value):
    """The value with its keyed lists as maps: the order of their items is no difference."""
    spec = dict(value["spec"])
    if "parts" in spec:
        spec["parts"] = {each["name"]: each for each in spec["parts"]}
    if "tags" in spec:
        spec["tags"] = set(spec["tags"])
    return spec


@given(OBJECTS)
def test_a_configuration_applied_to_nothing_or_itself_is_itself(value):
    assert merge(THING, {}, value) == value
    assert merge(THING, value, value) == value


@given(OBJECTS, OBJECTS)
def test_merging_twice_is_merging_once(live, applied):
    once = merge(THING, live, applied)
    assert by_key(merge(THING, once, applied)) == by_key(once)


@given(OBJECTS, OBJECTS)
def test_what_is_extracted_by_the_fields_of_a_configuration_is_the_configuration(live, applied):
    once = merge(THING, live, applied)
    found = extract(THING, once, with_named_fields(THING, field_set(THING, applied)))
    assert by_key(found) == by_key(applied)


@given(OBJECTS, OBJECTS)
def test_a_change_is_told_exactly_once_and_backwards_it_is_the_opposite(old, new):
    there, back = compare(THING, old, new), compare(THING, new, old)
    assert there.is_same == (by_key(old) == by_key(new))
    assert there.removed == back.added
    assert there.added == back.removed
    sets = [frozenset(fs.paths(each)) for each in (there.removed, there.modified, there.added)]
    assert len(sets[0]) + len(sets[1]) + len(sets[2]) == len(sets[0] | sets[1] | sets[2])


@given(OBJECTS, OBJECTS, OBJECTS)
def test_what_is_seen_quickly_of_a_change_is_all_that_differs(old, new, other):
    among = field_set(THING, other)
    count, whole = changed_leaves(THING.map, old, new, among), compare(THING, old, new)
    if count is not None:
        assert not whole.removed
        assert not whole.added
        assert not fs.difference(whole.modified, among)
        assert len(list(fs.paths(whole.modified))) == count


def test_leaves_that_were_set_before_are_counted_others_are_not():
    old, new = {"spec": {"size": 1, "open": {"a": "b"}}}, {"spec": {"size": 2, "open": {"a": "c"}}}
    among = field_set(THING, old)
    assert changed_leaves(THING.map, old, new, among) == 2
    assert changed_leaves(THING.map, old, old, {}) == 0
    assert changed_leaves(THING.map, old, new, fs.of_paths(fs.field_path("spec", "size"))) is None
    assert changed_leaves(THING.map, old, {"spec": {"size": 1}}, among) is None
    assert changed_leaves(THING.map, old, {"spec": {**old["spec"], "name": "x"}}, among) is None


@given(OBJECTS)
def test_nothing_is_left_without_all_fields(value):
    assert not remove(THING, value, with_named_fields(THING, field_set(THING, value)))

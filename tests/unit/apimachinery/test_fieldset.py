"""Field sets in the form of fieldsV1: reading, order, algebra against a set of paths."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery import fieldset as fs

ELEMENTS = st.one_of(
    st.sampled_from(["f:a", "f:b", "f:c"]),
    st.sampled_from(
        ['k:{"name":"x"}', 'k:{"port":80}', 'k:{"port":9}', 'v:"x"', "v:1", "i:0", "i:10", "i:9"]
    ),
)
PATHS = st.lists(ELEMENTS, min_size=1, max_size=4).map(tuple)
SETS = st.frozensets(PATHS, max_size=12)


def tree(paths):
    return fs.of_paths(*sorted(paths))


def model(fields):
    return frozenset(fs.paths(fields))


@given(SETS)
def test_a_set_has_the_paths_it_is_made_of(paths):
    fields = tree(paths)
    assert model(fields) == paths
    assert all(fs.has(fields, path) for path in paths)


@given(SETS)
def test_a_set_read_from_its_json_in_any_order_is_itself(paths):
    fields = tree(paths)
    shuffled = json.loads(json.dumps(fields, sort_keys=True))
    assert json.dumps(fs.read(shuffled)) == json.dumps(fields)


@given(SETS, SETS)
def test_algebra_is_that_of_sets_of_paths(one, other):
    a, b = tree(one), tree(other)
    assert model(fs.union(a, b)) == one | other
    assert model(fs.intersection(a, b)) == one & other
    assert model(fs.difference(a, b)) == one - other


@given(SETS, SETS)
def test_results_are_in_canonical_form(one, other):
    a, b = tree(one), tree(other)
    for result in (fs.union(a, b), fs.intersection(a, b), fs.difference(a, b), fs.recursive_difference(a, b)):
        assert json.dumps(result) == json.dumps(tree(model(result)))


@given(SETS, SETS)
def test_recursive_difference_takes_what_is_below_too(one, other):
    left = {path for path in one if not any(path[: len(each)] == each for each in other)}
    assert model(fs.recursive_difference(tree(one), tree(other))) == left


@given(SETS, PATHS)
def test_matching_keeps_the_way_to_a_pattern_and_all_below(paths, pattern):
    kept = {
        path
        for path in paths
        if all(step in {fs.ANY, each} for step, each in zip(pattern, path, strict=False))
    }
    assert model(fs.matching(tree(paths), [pattern])) == kept


@given(SETS)
def test_a_set_less_itself_is_empty_and_united_with_itself_the_same(paths):
    fields = tree(paths)
    assert fs.difference(fields, tree(paths)) == {}
    assert fs.union(fields, tree(paths)) is fields


def test_below_is_the_set_under_an_element():
    fields = tree({("f:a",), ("f:a", "f:b"), ("f:c",)})
    assert fs.below(fields, "f:a") == {"f:b": {}}
    assert fs.below(fields, "f:c") == {}
    assert fs.below(fields, "f:none") == {}


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        ("f:data", ".data"),
        ('k:{"name":"c"}', '[name="c"]'),
        ('k:{"port":80,"protocol":"TCP"}', '[port=80,protocol="TCP"]'),
        ('v:"x"', '[="x"]'),
        ("i:3", "[3]"),
    ],
)
def test_elements_are_shown_as_kubernetes_shows_them(element, shown):
    assert fs.shown(element) == shown


def test_fields_come_before_keys_before_values_before_indices_numbers_by_size():
    fields = fs.read({"i:2": {}, 'v:"a"': {}, 'k:{"p":10}': {}, 'k:{"p":9}': {}, "f:z": {}, "f:a": {}})
    assert list(fields) == ["f:a", "f:z", 'k:{"p":9}', 'k:{"p":10}', 'v:"a"', "i:2"]


def test_reading_writes_keys_as_kubernetes_does():
    assert fs.read({'k:{"b": 1, "a": "<"}': {}}) == {'k:{"a":"\\u003c","b":1}': {}}


def test_reading_passes_over_elements_of_unknown_sorts_and_empty_branches():
    assert fs.read({"x:y": {}, "f:a": {"x:y": {}}, ".": {}}) == {}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([], "expected an object"),
        ({"f": {}}, "key must be 2 characters long:"),
        ({"name": {}}, "missing colon: name"),
        ({"i:x": {}}, "parsing key as path element"),
        ({"k:[1]": {}}, "expected an object"),
        ({"f:a": 1}, "expected an object under f:a"),
    ],
)
def test_what_is_no_set_is_refused(fields, words):
    with pytest.raises(fs.FieldSetError) as refused:
        fs.read(fields)
    assert words in str(refused.value)

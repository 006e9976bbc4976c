"""The strategy of a custom resource: what is read, kept, judged and shown of its objects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api.customresources import naming
from kubelite.api.customresources.kind import compile_kind
from kubelite.api.customresources.printercolumns import columns_of
from kubelite.api.customresources.strategy import CustomResourceStrategy
from kubelite.api.resources import CUSTOMRESOURCEDEFINITIONS
from kubelite.api.scheme import new_scheme
from kubelite.apimachinery.apierrors import BadRequest, MethodNotAllowed
from kubelite.apimachinery.decode import DecodeError, FieldProblems

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
FIELDS: dict[str, Any] = {
    "text": TEXT,
    "number": NUMBER,
    "null": {**TEXT, "nullable": True},
    "colour": {**TEXT, "default": "red"},
    "pod": {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "x-kubernetes-preserve-unknown-fields": True,
    },
    "tags": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
}


def make_strategy(*, deleted: bool = False, **version: Any) -> CustomResourceStrategy:
    """The strategy of a version with these fields."""
    definitions = new_scheme().strategy(CUSTOMRESOURCEDEFINITIONS)
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": FIELDS},
            "status": {"type": "object", "properties": {"n": NUMBER, "s": TEXT}},
        },
    }
    served = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    given_definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [{**served, **version}],
        },
    }
    decoded, _ = definitions.decode(given_definition, "Strict")
    definition = definitions.prepare_for_create(definitions.default(decoded))
    definition = naming.established(naming.named(definition, naming.taken_by([]), 0), 0)
    if deleted:
        definition = {
            **definition,
            "metadata": {**definition["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"},
        }
    return CustomResourceStrategy(compile_kind(definition), "v1", converts=False)


THINGS = make_strategy()


def make_thing(metadata: Any = None, **spec: Any) -> dict[str, Any]:
    """An object as a client sends it."""
    return {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "a", "namespace": "default"} if metadata is None else metadata,
        "spec": spec,
    }


# --- reading ------------------------------------------------------------------------------------------------


def test_unknown_fields_are_dropped_and_told_in_their_order() -> None:
    obj = make_thing({"name": "a", "foo": 1}, text="x", other=1, pod={"metadata": {"bar": 1}, "any": 1})
    made, warnings = THINGS.decode(obj, "Warn")
    assert made["metadata"] == {"name": "a"}
    assert made["spec"] == {"text": "x", "pod": {"metadata": {}, "any": 1}, "colour": "red"}
    assert warnings == (
        'unknown field "metadata.foo"',
        'unknown field "spec.other"',
        'unknown field "spec.pod.metadata.bar"',
    )
    assert THINGS.decode(obj, "Ignore") == (made, ())
    with pytest.raises(FieldProblems, match=r'unknown field "metadata.foo", unknown field "spec.other"'):
        THINGS.decode(obj, "Strict")


def test_nulls_stay_where_they_may_be_and_give_way_to_defaults() -> None:
    made, _ = THINGS.decode(make_thing(null=None, colour=None), "Strict")
    assert made["spec"] == {"null": None, "colour": "red"}


def test_whole_numbers_are_integers() -> None:
    made, _ = THINGS.decode(make_thing(number=3.0), "Strict")
    assert made["spec"]["number"] == 3
    assert isinstance(made["spec"]["number"], int)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (
            {"labels": {"a": 1}},
            "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type",
        ),
        ("x", "json: cannot unmarshal string into Go value of type v1.ObjectMeta"),
        ({"creationTimestamp": "x"}, 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x"'),
    ],
)
def test_metadata_has_to_fit_its_type(metadata: Any, message: str) -> None:
    with pytest.raises(DecodeError) as raised:
        THINGS.decode(make_thing(metadata), "Ignore")
    assert message in str(raised.value)


def test_metadata_of_embedded_objects_has_to_fit_its_type() -> None:
    with pytest.raises(DecodeError, match=r"spec.pod.metadata: Invalid value: .*ObjectMeta.labels of type"):
        THINGS.decode(make_thing(pod={"metadata": {"labels": {"a": 1}}}), "Ignore")


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: Any = {}
    for _ in range(300):
        value = {"a": value}
    with pytest.raises(DecodeError, match="exceeded max depth"):
        THINGS.decode(make_thing(pod=value), "Ignore")


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FIELDS, "metadata", "kind"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_what_was_read_reads_the_same_again(spec: Any) -> None:
    obj = {**make_thing(), "spec": spec}
    try:
        made, _ = THINGS.decode(obj, "Ignore")
    except DecodeError:
        return
    assert THINGS.decode(made, "Strict") == (made, ())
    assert THINGS.default(made) == made
    THINGS.validate_create(made)


# --- writing ------------------------------------------------------------------------------------------------


def errors_of(strategy: CustomResourceStrategy, obj: dict[str, Any]) -> list[str]:
    """What is wrong with a new object."""
    return [str(error) for error in strategy.validate_create(obj)]


def test_objects_are_judged_by_kind_then_by_schema() -> None:
    assert errors_of(THINGS, make_thing()) == []
    assert errors_of(THINGS, {**make_thing(number="x"), "apiVersion": "example.com/v2"}) == [
        'apiVersion: Invalid value: "example.com/v2": must be example.com/v1'
    ]
    assert errors_of(THINGS, make_thing({"name": "A", "namespace": "default"}, number="x"))[1:] == [
        'spec.number: Invalid value: "string": spec.number in body must be of type integer: "string"'
    ]


def test_sets_and_embedded_objects_are_judged_too() -> None:
    assert errors_of(THINGS, make_thing(tags=["a", "a"], pod={})) == [
        "spec.pod.apiVersion: Required value",
        "spec.pod.kind: Required value",
        'spec.tags[1]: Duplicate value: "a"',
    ]


def test_a_set_that_was_wrong_before_is_let_pass() -> None:
    old = make_thing(tags=["a", "a"])
    old["metadata"]["resourceVersion"] = "1"
    assert THINGS.validate_update({**old, "spec": {"tags": ["a", "a"], "text": "x"}}, old) == []


def test_a_definition_that_is_going_takes_no_new_objects() -> None:
    strategy = make_strategy(deleted=True)
    with pytest.raises(MethodNotAllowed, match="create not allowed while custom resource definition"):
        strategy.prepare_for_create(make_thing())
    old = make_thing()
    assert strategy.prepare_for_update(make_thing(text="x"), old)["spec"] == {"text": "x"}


def test_finalizers_without_a_domain_are_warned_of() -> None:
    obj = make_thing({"name": "a", "finalizers": ["foo", "example.com/foo"]})
    assert THINGS.warnings_on_create(obj) == (
        (
            'metadata.finalizers: "foo": prefer a domain-qualified finalizer name including a path (/) to '
            "avoid accidental conflicts with other finalizer writers"
        ),
    )
    assert THINGS.warnings_on_update(obj, obj) == ()


# --- scales -------------------------------------------------------------------------------------------------

PATHS = {
    "specReplicasPath": ".spec.number",
    "statusReplicasPath": ".status.n",
    "labelSelectorPath": ".status.s",
}
SCALABLE = make_strategy(subresources={"scale": PATHS})


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"spec": {"number": -1}}, [".spec.number: Invalid value: -1: should be a non-negative integer"]),
        (
            {"spec": {"number": 2**31}},
            [f".spec.number: Invalid value: {2**31}: should be less than or equal to {2**31 - 1}"],
        ),
        ({"status": {"n": -1}}, [".status.n: Invalid value: -1: should be a non-negative integer"]),
    ],
)
def test_replicas_have_bounds(change: dict[str, Any], errors: list[str]) -> None:
    assert errors_of(SCALABLE, {**make_thing(), **change}) == errors


def test_a_scale_tells_what_the_paths_lead_to() -> None:
    obj = {**make_thing(number=3), "status": {"n": 2, "s": "a=b"}}
    scale = SCALABLE.read_scale(obj)
    assert (scale["spec"], scale["status"]) == ({"replicas": 3}, {"replicas": 2, "selector": "a=b"})
    with pytest.raises(
        BadRequest, match=r".status.s accessor error: 1 is of the type int64, expected string"
    ):
        SCALABLE.read_scale({**obj, "status": {"s": 1}})


# --- presenting ---------------------------------------------------------------------------------------------

VALUES: dict[str, Any] = {
    "i": 3,
    "f": 1.5,
    "big": 2000000.5,
    "b": True,
    "t": "x",
    "n": None,
    "d": "2026-01-01T00:00:00Z",
    "o": {"b": "<", "a": [1]},
    "l": ["x", "y"],
}


@pytest.mark.parametrize(
    ("type_", "field", "cell"),
    [
        ("integer", "i", 3),
        ("integer", "f", 1),
        ("integer", "t", None),
        ("number", "f", 1.5),
        ("number", "i", 3),
        ("boolean", "b", True),
        ("boolean", "t", None),
        ("string", "t", "x"),
        ("string", "i", "3"),
        ("string", "b", "true"),
        ("string", "big", "2.0000005e+06"),
        ("string", "o", '{"a":[1],"b":"\\u003c"}'),
        ("string", "l", '["x","y"]'),
        ("string", "l[1]", "y"),
        ("string", "nothing", None),
        ("date", "d", "10s"),
        ("date", "t", "<invalid>"),
    ],
)
def test_cells_are_what_the_column_is_for(type_: str, field: str, cell: Any) -> None:
    column = columns_of([{"name": "C", "type": type_, "jsonPath": f".spec.{field}"}])[1]
    obj = {"metadata": {"name": "a"}, "spec": VALUES}
    now = 1767225610.0
    assert column.cell(obj, now) == cell


def test_columns_are_name_and_age_if_nothing_is_said() -> None:
    assert [column.name for column in columns_of(None)] == ["Name", "Age"]

"""Structural schemas: reading them, pruning, defaulting, judging them and values by them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery.structural import UnsupportedSchema, defaulting, formats, parse
from kubelite.apimachinery.structural.listtypes import validate_lists
from kubelite.apimachinery.structural.pruning import prune
from kubelite.apimachinery.structural.structure import validate_structure
from kubelite.apimachinery.structural.values import Validator, equal

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def an_object(**properties: Any) -> dict[str, Any]:
    """The schema of an object."""
    return {"type": "object", "properties": properties}


def errors_of(schema: dict[str, Any], value: Any, **how: Any) -> list[str]:
    """The errors of a value, as texts."""
    return [str(error) for error in Validator(schema).validate(value, **how)]


# --- pruning ------------------------------------------------------------------------------------------------


def test_pruning_takes_out_and_tells_what_is_not_specified() -> None:
    schema = parse(
        an_object(spec=an_object(size=NUMBER, parts={"type": "array", "items": an_object(name=TEXT)}))
    )
    value = {"extra": 1, "spec": {"size": 3, "deep": {"x": 1}, "parts": [{"name": "a", "y": 2}]}}
    pruned, unknown = prune(value, schema, is_resource=True)
    assert pruned == {"spec": {"size": 3, "parts": [{"name": "a"}]}}
    assert unknown == ["extra", "spec.deep", "spec.parts[0].y"]


def test_pruning_leaves_an_objects_own_fields_and_embedded_ones() -> None:
    embedded = {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": an_object()}}
    value = {
        "apiVersion": "v1",
        "kind": "X",
        "metadata": {"name": "x"},
        "t": {"kind": "Y", "metadata": {"a": 1}, "b": 2},
    }
    pruned, unknown = prune(value, parse(an_object(t=embedded)), is_resource=True)
    assert pruned == {**value, "t": {"kind": "Y", "metadata": {"a": 1}}}
    assert unknown == ["t.b"]


def test_preserved_fields_stay_but_what_is_specified_inside_is_pruned() -> None:
    schema = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {"known": an_object(a=TEXT)},
    }
    value = {"free": {"any": [1]}, "known": {"a": "x", "b": 1}}
    assert prune(value, parse(schema), is_resource=False) == (
        {"free": {"any": [1]}, "known": {"a": "x"}},
        ["known.b"],
    )


def test_additional_properties_without_a_schema_keep_names_and_prune_inside() -> None:
    schema = parse({"type": "object", "additionalProperties": True})
    assert prune({"a": {"b": 1}, "c": 1}, schema, is_resource=False) == ({"a": {}, "c": 1}, ["a.b"])
    typed = parse({"type": "object", "additionalProperties": an_object(b=NUMBER)})
    assert prune({"a": {"b": 1, "c": 2}}, typed, is_resource=False) == ({"a": {"b": 1}}, ["a.c"])


def test_a_tree_without_unknown_fields_is_not_rebuilt() -> None:
    value = {"spec": {"a": "x"}}
    schema = parse(an_object(spec=an_object(a=TEXT)))
    assert prune(value, schema, is_resource=True)[0] is value
    assert defaulting.apply(value, schema) is value


# --- defaulting ---------------------------------------------------------------------------------------------


def test_defaults_are_filled_in_everywhere() -> None:
    part = an_object(count={**NUMBER, "default": 1})
    schema = parse(
        an_object(
            mode={**TEXT, "default": "fast"},
            made={**an_object(inner={**TEXT, "default": "i"}), "default": {}},
            absent=an_object(inner={**TEXT, "default": "i"}),
            parts={"type": "array", "items": part},
            named={"type": "object", "additionalProperties": part},
        )
    )
    assert defaulting.apply({"parts": [{}, {"count": 2}], "named": {"a": {}}}, schema) == {
        "parts": [{"count": 1}, {"count": 2}],
        "named": {"a": {"count": 1}},
        "mode": "fast",
        "made": {"inner": "i"},
    }


def test_null_gives_way_to_a_default_unless_it_may_be() -> None:
    schema = parse(an_object(a={**TEXT, "default": "x"}, b={**TEXT, "default": "x", "nullable": True}))
    assert defaulting.apply({"a": None, "b": None}, schema) == {"a": "x", "b": None}


def test_nulls_that_may_not_be_and_have_no_default_go() -> None:
    schema = parse(
        an_object(a=TEXT, b={**TEXT, "nullable": True}, c={**TEXT, "default": "x"}, d=an_object(e=TEXT))
    )
    value = {"a": None, "b": None, "c": None, "d": {"e": None}, "unknown": None}
    assert defaulting.prune_nulls(value, schema) == {"b": None, "c": None, "d": {}, "unknown": None}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)


def _node(children: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(
            lambda properties, keeps: {
                "type": "object",
                "properties": properties,
                **({"x-kubernetes-preserve-unknown-fields": True} if keeps else {}),
            },
            st.dictionaries(st.sampled_from("abc"), children, max_size=3),
            st.booleans(),
        ),
        st.builds(lambda items: {"type": "array", "items": items}, children),
        st.builds(lambda inner: {"type": "object", "additionalProperties": inner}, children),
    )


_SCHEMAS = st.recursive(
    st.sampled_from([TEXT, NUMBER, {**TEXT, "default": "d"}, {**TEXT, "nullable": True}]), _node, max_leaves=8
)


@given(_SCHEMAS, _VALUES)
def test_pruning_twice_is_pruning_once(schema: dict[str, Any], value: Any) -> None:
    parsed = parse(schema)
    once, _ = prune(value, parsed, is_resource=False)
    assert prune(once, parsed, is_resource=False) == (once, [])


@given(_SCHEMAS, _VALUES)
def test_defaulting_twice_is_defaulting_once(schema: dict[str, Any], value: Any) -> None:
    parsed = parse(schema)
    once = defaulting.apply(defaulting.prune_nulls(value, parsed), parsed)
    assert equal(defaulting.apply(defaulting.prune_nulls(once, parsed), parsed), once)


# --- values -------------------------------------------------------------------------------------------------

RULES = [
    (NUMBER, "3", '<nil>: Invalid value: "string":  in body must be of type integer: "string"'),
    (NUMBER, 3.5, '<nil>: Invalid value: "number":  in body must be of type integer: "number"'),
    (NUMBER, None, '<nil>: Invalid value: "null":  in body must be of type integer: "null"'),
    (TEXT, True, '<nil>: Invalid value: "boolean":  in body must be of type string: "boolean"'),
    ({**TEXT, "enum": ["b", "a"]}, "c", '<nil>: Unsupported value: "c": supported values: "b", "a"'),
    ({**NUMBER, "enum": [1, 2]}, 3, '<nil>: Unsupported value: 3: supported values: "1", "2"'),
    ({**TEXT, "pattern": "^a$"}, "b", "<nil>: Invalid value: \"b\":  in body should match '^a$'"),
    ({**TEXT, "maxLength": 2}, "abc", "<nil>: Too long: may not be more than 2 bytes"),
    ({**TEXT, "minLength": 2}, "a", '<nil>: Invalid value: "a":  in body should be at least 2 chars long'),
    ({**NUMBER, "minimum": 1}, 0, "<nil>: Invalid value: 0:  in body should be greater than or equal to 1"),
    (
        {**NUMBER, "minimum": 1, "exclusiveMinimum": True},
        1,
        "<nil>: Invalid value: 1:  in body should be greater than 1",
    ),
    ({**NUMBER, "maximum": 5}, 6, "<nil>: Invalid value: 6:  in body should be less than or equal to 5"),
    (
        {"type": "number", "maximum": 1.5, "exclusiveMaximum": True},
        1.5,
        "<nil>: Invalid value: 1.5:  in body should be less than 1.5",
    ),
    ({**NUMBER, "multipleOf": 3}, 4, "<nil>: Invalid value: 4:  in body should be a multiple of 3"),
    ({"type": "array", "maxItems": 1}, [1, 2], "<nil>: Too many: 2: must have at most 1 items"),
    ({"type": "array", "minItems": 1}, [], "<nil>: Invalid value: 0:  in body should have at least 1 items"),
    (
        {"type": "object", "maxProperties": 1},
        {"a": 1, "b": 2},
        "<nil>: Too many: 2: must have at most 1 items",
    ),
    (
        {"type": "object", "minProperties": 1},
        {},
        "<nil>: Invalid value: 0:  in body should have at least 1 properties",
    ),
    ({"type": "object", "required": ["a"]}, {}, "a: Required value"),
    (
        {"type": "object", "additionalProperties": False},
        {"a": 1},
        '<nil>: Invalid value: "a": .a in body is a forbidden property',
    ),
    ({**TEXT, "format": "date"}, "x", '<nil>: Invalid value: "x":  in body must be of type date: "x"'),
    (
        {"x-kubernetes-int-or-string": True},
        True,
        '<nil>: Invalid value: "boolean":  in body must be of type integer,string: "boolean"',
    ),
    ({"not": {"enum": [1]}}, 1, '<nil>: Invalid value: "": "" must not validate the schema (not)'),
]


@pytest.mark.parametrize(("schema", "value", "error"), RULES)
def test_a_broken_rule_is_told_as_kubernetes_does(schema: dict[str, Any], value: Any, error: str) -> None:
    assert errors_of(schema, value) == [error]


FITTING = [
    (NUMBER, 3.0),
    ({"type": "number"}, 3),
    ({**TEXT, "nullable": True}, None),
    ({"x-kubernetes-int-or-string": True}, "80%"),
    ({**NUMBER, "format": "int32"}, 2**40),
    ({**TEXT, "format": "made-up"}, "anything"),
    ({"type": "object", "additionalProperties": NUMBER}, {"a": 1}),
    ({}, {"any": ["thing"]}),
]


@pytest.mark.parametrize(("schema", "value"), FITTING)
def test_a_value_that_fits_has_no_errors(schema: dict[str, Any], value: Any) -> None:
    assert errors_of(schema, value) == []


def test_errors_name_the_way_to_the_value() -> None:
    schema = an_object(
        spec=an_object(
            parts={"type": "array", "items": an_object(n=NUMBER)},
            named={"type": "object", "additionalProperties": NUMBER},
        )
    )
    value = {"spec": {"parts": [{"n": 1}, {"n": "x"}], "named": {"a": "y"}}}
    assert [error.partition(":")[0] for error in errors_of(schema, value)] == [
        "spec.named.a",
        "spec.parts[1].n",
    ]
    assert errors_of(NUMBER, "x", path="spec.x.default") == [
        'spec.x.default: Invalid value: "string":  in body must be of type integer: "string"'
    ]


def test_alternatives_tell_the_errors_of_the_nearest() -> None:
    one_of = {**an_object(a=TEXT, b=TEXT), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    schema = an_object(u=one_of)
    only_one = '<nil>: Invalid value: "": "u" must validate one and only one schema (oneOf). Found'
    none, both = f"{only_one} none valid", f"{only_one} 2 valid alternatives"
    assert errors_of(schema, {"u": {}}) == [none, "u.a: Required value"]
    assert errors_of(schema, {"u": {"a": "1", "b": "2"}}) == [both]
    assert errors_of(schema, {"u": {"a": "1"}}) == []
    any_of = {"anyOf": [{"minimum": 5}, {"maximum": 1}], **NUMBER}
    assert errors_of(any_of, 3) == [
        '<nil>: Invalid value: "": "" must validate at least one schema (anyOf)',
        "<nil>: Invalid value: 3:  in body should be greater than or equal to 5",
    ]
    all_of = {"allOf": [{"minimum": 5}, {"maximum": 9}], **NUMBER}
    assert errors_of(all_of, 3) == [
        "<nil>: Invalid value: 3:  in body should be greater than or equal to 5",
        '<nil>: Invalid value: "": "" must validate all the schemas (allOf)',
    ]


def test_what_was_wrong_before_and_is_the_same_is_let_pass() -> None:
    schema = an_object(
        a={**NUMBER, "minimum": 5},
        b={**NUMBER, "minimum": 5},
        parts={
            "type": "array",
            "items": an_object(name=TEXT, n={**NUMBER, "minimum": 5}),
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
        plain={"type": "array", "items": {**NUMBER, "minimum": 5}},
    )
    old = {"a": 1, "b": 9, "parts": [{"name": "x", "n": 1}], "plain": [1]}
    new = {"a": 1, "b": 2, "parts": [{"name": "y", "n": 2}, {"name": "x", "n": 1}], "plain": [1, 9]}
    assert [error.partition(":")[0] for error in errors_of(schema, new, old=old)] == [
        "b",
        "parts[0].n",
        "plain[0]",
    ]
    assert errors_of(schema, old, old=old) == []


def test_true_is_not_one() -> None:
    assert not equal(True, 1)
    assert errors_of({"enum": [1]}, True)


# --- lists --------------------------------------------------------------------------------------------------


def test_items_of_sets_and_maps_stand_there_once() -> None:
    schema = parse(
        an_object(
            tags={"type": "array", "x-kubernetes-list-type": "set", "items": TEXT},
            parts={
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name", "port"],
                "items": an_object(name=TEXT, port=NUMBER),
            },
        )
    )
    value = {"tags": ["a", "b", "a", "a"], "parts": [{"name": "x", "port": 1}, {"name": "x"}, {"name": "x"}]}
    assert [str(error) for error in validate_lists(value, schema)] == [
        'parts[2]: Duplicate value: {"name":"x"}',
        'tags[2]: Duplicate value: "a"',
    ]
    assert [str(error) for error in validate_lists({"parts": [1]}, schema)] == [
        "parts[0]: Invalid value: 1: must be an object for an array of list-type map"
    ]


# --- schemas ------------------------------------------------------------------------------------------------

STRUCTURES = [
    ({}, ["s.type: Required value: must not be empty at the root"]),
    ({"type": "array", "items": TEXT}, ['s.type: Invalid value: "array": must be object at the root']),
    (
        an_object(a={}),
        ["s.properties[a].type: Required value: must not be empty for specified object fields"],
    ),
    (an_object(a={"type": "array"}), ["s.properties[a].items: Required value: must be specified"]),
    (
        an_object(a={"type": "array", "items": {}}),
        ["s.properties[a].items.type: Required value: must not be empty for specified array items"],
    ),
    (
        {"type": "object", "additionalProperties": TEXT},
        ["s.additionalProperties: Forbidden: must not be used at the root"],
    ),
    (
        {**an_object(a=TEXT), "anyOf": [{"properties": {"a": {"type": "string"}}}]},
        ["s.anyOf[0].properties[a].type: Forbidden: must be empty to be structural"],
    ),
    (
        {"type": "object", "anyOf": [{"properties": {"a": {"minLength": 1}}}]},
        ["s.properties[a]: Required value: because it is defined in s.anyOf[0].properties[a]"],
    ),
    (
        an_object(metadata={"type": "object", "required": ["name"]}),
        [
            (
                "s.properties[metadata]: Forbidden: must not specify anything other than name and "
                "generateName, but metadata is implicitly specified"
            )
        ],
    ),
    (
        an_object(a={**TEXT, "pattern": "["}),
        [
            (
                's.properties[a].pattern: Invalid value: "[": must be a valid regular expression, but isn\'t'
                ": error parsing regexp: missing closing ]: `[`"
            )
        ],
    ),
    (
        an_object(a={"x-kubernetes-embedded-resource": True, "type": "object"}),
        [
            (
                "s.properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-"
                "resource is true without x-kubernetes-preserve-unknown-fields"
            )
        ],
    ),
    (an_object(a={"x-kubernetes-int-or-string": True, "anyOf": [NUMBER, TEXT]}), []),
    (an_object(a={"x-kubernetes-int-or-string": True, "allOf": [{"anyOf": [NUMBER, TEXT]}]}), []),
    (an_object(metadata=an_object(name={**TEXT, "maxLength": 5})), []),
    (an_object(a={"x-kubernetes-preserve-unknown-fields": True}), []),
]


@pytest.mark.parametrize(("schema", "errors"), STRUCTURES)
def test_a_schema_has_to_be_structural(schema: dict[str, Any], errors: list[str]) -> None:
    assert [str(error) for error in validate_structure(parse(schema), "s")] == errors


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"$ref": "#/x"}, "OpenAPIV3Schema '$ref' is not supported"),
        ({"id": "x"}, "OpenAPIV3Schema 'id' is not supported"),
        ({"items": [TEXT]}, "OpenAPIV3Schema 'items' must be a schema, but is an array"),
        (an_object(a={"definitions": {"x": {}}}), "OpenAPIV3Schema 'definitions' is not supported"),
        (
            {"anyOf": [{"patternProperties": {"x": {}}}]},
            "OpenAPIV3Schema 'patternProperties' is not supported",
        ),
    ],
)
def test_parts_of_openapi_that_are_not_supported_are_named(schema: dict[str, Any], why: str) -> None:
    with pytest.raises(UnsupportedSchema) as refused:
        parse(schema)
    assert str(refused.value) == why


# --- formats ------------------------------------------------------------------------------------------------

FORMATS = {
    "date": (["2024-02-29"], ["2023-02-29", "2024-2-9", "x"]),
    "date-time": (
        ["2024-01-02T03:04:05Z", "2024-01-02t03:04:05.123+01:00"],
        ["2024-01-02", "2024-01-02T25:00:00Z"],
    ),
    "duration": (["1h30m", "-1.5s", "0", "3 days", "2w"], ["", "1", "h", "1 fortnight"]),
    "uuid": (["123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000"], ["123", "x" * 36]),
    "uuid4": (["123e4567-e89b-42d3-a456-426614174000"], ["123e4567-e89b-12d3-a456-426614174000"]),
    "ipv4": (["10.0.0.1"], ["10.0.0", "::1", "010.0.0.1"]),
    "ipv6": (["::1", "2001:db8::"], ["10.0.0.1", "fe80::1%eth0"]),
    "cidr": (["10.0.0.0/8", "::/0"], ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/08"]),
    "mac": (["00:00:5e:00:53:01", "0000.5e00.5301"], ["00:00", "00:00:5e:00:53:0g"]),
    "email": (["a@example.com", "A B <a@example.com>"], ["a", "@b", "a@", "a b@c"]),
    "uri": (
        ["https://example.com/x?y#z", "/path", "mailto:a@b"],
        ["", "example.com", "https://a b/", "/%zz"],
    ),
    "hostname": (["example.com", "localhost"], ["-a.com", "a..b", ""]),
    "byte": (["YQ=="], ["", "YQ", "%"]),
    "hexcolor": (["#fff", "A0B1C2"], ["#ffff", "red"]),
    "rgbcolor": (["rgb(0, 10,255)"], ["rgb(0,0,256)"]),
    "isbn": (["0321751043", "978-0321751041"], ["0321751044"]),
    "creditcard": (["4111 1111 1111 1111"], ["4111 1111 1111 1112"]),
    "ssn": (["111-22-3333"], ["11-22-333"]),
    "bsonobjectid": (["507f1f77bcf86cd799439011"], ["507f"]),
    "password": (["anything"], []),
    "k8s-short-name": (["a-b"], ["a.b", "-a", "a" * 64]),
    "k8s-long-name": (["a.b-c"], ["A.b", ".a"]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_takes_what_it_is_for_and_nothing_else(name: str) -> None:
    fits = formats.checker(name)
    assert fits is not None
    good, bad = FORMATS[name]
    assert [text for text in good if not fits(text)] == []
    assert [text for text in bad if fits(text)] == []


def test_formats_of_numbers_are_not_checked() -> None:
    assert formats.checker("int32") is None
    assert formats.checker("") is None

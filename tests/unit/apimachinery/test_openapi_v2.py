"""The version 2 document as protobuf: decoded by the facts, it is the document again."""

import struct

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubelite.api import facts, resources
from kubelite.apimachinery import openapi
from kubelite.apimachinery.openapi_schemas import Knowledge
from kubelite.apimachinery.openapi_v2 import encode_v2
from kubelite.apimachinery.protobuf import read_fields

FACTS = facts.protobuf()
KNOWLEDGE = Knowledge(facts.type_of, resources.subresource_of)
WRAPPERS = {
    "ParametersItem",
    "Parameter",
    "NonBodyParameter",
    "ResponseValue",
    "SchemaItem",
    "AdditionalPropertiesItem",
    "ItemsItem",
}


def camel(name):
    first, *rest = name.split("_")
    return "$ref" if name == "_ref" else first + "".join(part.capitalize() for part in rest)


def scalar(value, wire, type_):
    if type_ == "string":
        return value.decode()
    if type_ == "bool":
        return bool(value)
    if type_ == "double":
        return struct.unpack("<d", value)[0]
    assert wire == 0
    return value


def decode(data, type_="Document"):
    """A reader of gnostic's messages that shares nothing with the writer but the facts."""
    rows = {row[0]: row for row in FACTS["openapi.v2." + type_]}
    made = {}
    for number, wire, value in read_fields(data):
        _, name, inner, *label = rows[number]
        inner = inner.removeprefix("openapi.v2.")
        is_message = "openapi.v2." + inner in FACTS
        read = decode(value, inner) if is_message else scalar(value, wire, inner)
        if type_ == "Any":
            return orjson.loads(read)
        if type_ in WRAPPERS:
            return read
        if type_ == "TypeItem":
            return read
        if is_message and inner.startswith("Named"):
            made[read["name"]] = read.get("value", {})
        elif "repeated" in label:
            made.setdefault(camel(name), []).append(read)
        else:
            made[camel(name)] = read
    return made


@pytest.mark.parametrize("served", [resources.SERVED[:12], resources.SERVED])
def test_the_document_comes_back(served):
    document = openapi.build_v2(served, KNOWLEDGE)
    assert decode(encode_v2(document, FACTS)) == document


names = st.text(st.characters(codec="utf-8", exclude_characters="-"), min_size=1, max_size=8)
texts = st.text(min_size=1, max_size=20)
json_values = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
leaves = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "object", "integer"]),
        "format": texts,
        "description": texts,
        "default": json_values,
        "enum": st.lists(json_values, min_size=1, max_size=3),
        "maxLength": st.integers(1, 2**40),
        "minimum": st.floats(0.5, 100),
        "uniqueItems": st.just(True),
        "required": st.lists(names, min_size=1, max_size=3),
        "x-kubernetes-thing": json_values,
        "$ref": texts,
    },
)
schemas = st.recursive(
    leaves,
    lambda inner: st.builds(
        dict.__or__,
        leaves,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(names, inner, max_size=3),
                "items": inner,
                "additionalProperties": inner | st.booleans(),
                "allOf": st.lists(inner, min_size=1, max_size=2),
            },
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, schemas, max_size=4))
def test_any_schema_comes_back(definitions):
    document = {"swagger": "2.0", "definitions": definitions}
    assert decode(encode_v2(document, FACTS)) == document


def test_a_body_and_a_query_parameter_are_wrapped_apart():
    body = {"name": "body", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Pod"}}
    query = {"name": "limit", "in": "query", "type": "integer", "uniqueItems": True}
    path = {"name": "name", "in": "path", "required": True, "type": "string"}
    header = {"name": "X-Thing", "in": "header", "type": "string"}
    operation = {"operationId": "x", "parameters": [body, query, path, header], "x-kubernetes-action": "post"}
    document = {"swagger": "2.0", "paths": {"/a": {"post": operation}, "x-mark": {"a": 1}}}
    assert decode(encode_v2(document, FACTS)) == document


def test_an_extension_is_a_yaml_text():
    document = {"swagger": "2.0", "x-thing": [{"kind": "Pod"}]}
    assert b'[{"kind":"Pod"}]\n' in encode_v2(document, FACTS)


def test_parts_that_are_shared_are_written_each_time():
    shared = {"type": "string"}
    document = {"swagger": "2.0", "definitions": {"a": shared, "b": shared}}
    assert decode(encode_v2(document, FACTS)) == document


def test_it_is_no_document():
    with pytest.raises(KeyError):
        encode_v2({"swagger": "2.0"}, {})

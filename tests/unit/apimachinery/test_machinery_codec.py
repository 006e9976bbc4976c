"""JSON and YAML bodies: Go's reading of YAML 1.1, keys that stand twice, bombs."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery import codec
from kubelite.apimachinery.depth import DEPTH_MAX


@pytest.mark.parametrize(
    ("body", "duplicates"),
    [
        (b'{"a":1,"b":2}', ()),
        (b'{"a":1,"a":2}', ("a",)),
        (b'{"a":{"b":1,"b":2,"b":3}}', ("a.b",)),
        (b'{"a":[{"b":1},{"c":1,"c":2}]}', ("a[1].c",)),
        (b'[{"a":1,"a":2}]', ("[0].a",)),
    ],
)
def test_keys_that_stand_twice(body, duplicates):
    assert codec.parse_json(body, duplicates=True).duplicates == duplicates
    assert codec.parse_json(body).duplicates == ()
    assert codec.parse_json(body, duplicates=True).value == orjson.loads(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"apiVersion":"v1",', "unexpected end of JSON input"),
        (b'["a",', "unexpected end of JSON input"),
        (b"{x", "invalid character 'x' looking for beginning of object key string"),
        (b"{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        (b"nope", "invalid character 'o' in literal null (expecting 'u')"),
        (b'{"a":1} x', "invalid character 'x' after top-level value"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b"[1, ]", "invalid character ']' looking for beginning of value"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b'{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        (b'"a\nb"', "invalid character '\\n' in string literal"),
        (b'"\\q"', "invalid character 'q' in string escape code"),
    ],
)
def test_what_is_no_json(body, why):
    with pytest.raises(codec.CodecError) as caught:
        codec.parse_json(body)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    "body", [b"[" * 5000, b"[" * 2000 + b"]" * 2000, b'{"a":' * 1020 + b"1" + b"}" * 1020]
)
def test_json_nested_too_deeply(body):
    with pytest.raises(codec.CodecError, match="exceeded max depth|unexpected end of JSON input"):
        codec.parse_json(body, duplicates=True)


def yaml(text):
    return codec.parse_yaml(f"a: {text}".encode()).value["a"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # As Go's YAML reads them (`kubectl label --local -f … -o json`).
        ("y", True),
        ("on", True),
        ("Yes", True),
        ("n", False),
        ("off", False),
        ("yEs", "yEs"),
        ("~", None),
        ("", None),
        ("22:22", "22:22"),
        ("1:30.5", "1:30.5"),
        ("190:20:30", "190:20:30"),
        ("1e3", 1000),
        ("0.1e1", 1),
        ("1.0", 1),
        ("1.", 1),
        ("-.5", -0.5),
        ("08", 8),
        ("012", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", 3),
        ("-0b11", -3),
        ("1_000", 1000),
        ("+1", 1),
        ("-0", 0),
        ("0b", "0b"),
        ("0x", "0x"),
        ("_1", "_1"),
        ("1.2.3.4", "1.2.3.4"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("12345678901234567890123", 1.2345678901234568e22),
        ("18446744073709551615", 18446744073709551615),
        ("2001-01-01", "2001-01-01"),
        ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z"),
        ("=", "="),
        ("!!binary aGk=", "hi"),
        ("!!timestamp 2020-01-01", "2020-01-01"),
        ("!!str 5", "5"),
        ('!!int "5"', 5),
        ("!!float 5", 5),
        ("!!set {x}", {"x": None}),
        ("!foo bar", "bar"),
        ("!foo [1, {b: c}]", [1, {"b": "c"}]),
        ("|\n  x\n  y\n", "x\ny\n"),
    ],
)
def test_scalars_of_yaml(text, value):
    found = yaml(text)
    assert found == value
    assert type(found) is type(value)


def test_keys_of_yaml_are_text():
    parsed = codec.parse_yaml(b"1: a\ntrue: b\n1.5: c\n1e3: d\n0x10: e\nno: f\n")
    assert parsed.value == {"1": "a", "true": "b", "1.5": "c", "1000": "d", "16": "e", "false": "f"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (".inf", r"json: unsupported value: \+Inf"),
        ("-.Inf", "json: unsupported value: -Inf"),
        (".nan", "json: unsupported value: NaN"),
        ("{[1]: b}", "yaml: invalid map key"),
        ("!!int x", "yaml: "),
        ("[1,2", "yaml: "),
        ("\x07", "yaml: "),
    ],
)
def test_what_yaml_cannot_be(text, why):
    with pytest.raises(codec.CodecError, match=why):
        yaml(text)


def test_a_key_that_stands_twice_is_told_with_its_line():
    parsed = codec.parse_yaml(b"a: 1\nb: 2\na: 3\n")
    assert parsed.value == {"a": 3, "b": 2}
    assert parsed.duplicates == ('  line 3: key "a" already set in map',)


def test_aliases():
    assert codec.parse_yaml(b"a: &x {k: 1}\nb: *x\nc: {<<: *x, l: 2}").value == {
        "a": {"k": 1},
        "b": {"k": 1},
        "c": {"k": 1, "l": 2},
    }


def test_a_bomb_of_aliases_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(codec.CodecError, match="excessive aliasing"):
        codec.parse_yaml("\n".join(lines).encode())


@pytest.mark.parametrize("depth", [900, 2000, 20000])
def test_deep_yaml_is_refused(depth):
    with pytest.raises(codec.CodecError, match="yaml: exceeded max"):
        codec.parse_yaml(b"[" * depth + b"]" * depth)


def test_an_anchor_in_itself_is_refused():
    with pytest.raises(codec.CodecError):
        codec.parse_yaml(b"a: &x [*x]")


def test_documents():
    assert codec.parse_yaml_documents("a: 1\n---\n---\n- 2\n") == [{"a": 1}, [2]]
    assert codec.parse_yaml_documents('{"a": 1}') == [{"a": 1}]
    assert codec.parse_yaml(b"").value is None
    with pytest.raises(codec.CodecError):
        codec.parse_yaml(b"\xff\xfe\xfd")


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)


@given(TREES)
def test_json_survives(tree):
    assert codec.parse_json(orjson.dumps(tree), duplicates=True) == codec.Parsed(tree)


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
PRINTABLE_TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | PRINTABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PRINTABLE, inner, max_size=3),
    max_leaves=10,
)


@given(PRINTABLE_TREES)
def test_what_json_says_yaml_says_too(tree):
    assert codec.parse_yaml(orjson.dumps(tree)).value == tree


@given(st.text(alphabet="ab01:-_.+~=!&*?[]{}<>'\"|# \n", max_size=20))
def test_no_yaml_breaks_out_and_all_of_it_is_json(text):
    try:
        parsed = codec.parse_yaml(text.encode())
    except codec.CodecError:
        return
    orjson.dumps(parsed.value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":1,"b":{"a":2}}', ()),
        (b'{ "a" : "x:y:z" , "b" : [ {"c":":"} ] }', ()),
        (b'{"a":1,"a":2}', ("a",)),
        (b'{"a":":","a":1}', ("a",)),
        (b'{"a":1,"a":"\\u003a"}', ("a",)),
        (b'{"x":{"a":{"b":1},"a":"\\u003A::"}}', ("x.a",)),
        (b'{"a":"\\u003a"}', ()),
        (b'[{"a":1},{"a":1,"b":2,"a":3}]', ("[1].a",)),
    ],
)
def test_keys_that_stand_twice_are_found_whatever_colons_there_are(body, expected):
    assert codec.parse_json(body, duplicates=True).duplicates == expected


@given(
    st.recursive(st.text(max_size=4), lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=4))
)
def test_nothing_stands_twice_in_what_was_written_from_a_tree(value):
    for body in (orjson.dumps(value), json.dumps(value).encode(), json.dumps(value, indent=1).encode()):
        assert codec.parse_json(body, duplicates=True).duplicates == ()


def test_yaml_has_no_anchors_where_trees_are_shared():
    shared = {"x": {}}
    assert codec.to_yaml({"a": shared, "b": shared}) == b"a:\n  x: {}\nb:\n  x: {}\n"


def test_nesting_beyond_what_can_be_written_again_is_refused_in_json_and_yaml():
    def nested(depth):
        return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)

    assert codec.parse_json(nested(DEPTH_MAX)).value
    for parse in (codec.parse_json, codec.parse_yaml):
        with pytest.raises(codec.CodecError, match="exceeded max depth"):
            parse(nested(DEPTH_MAX + 1))
    with pytest.raises(codec.CodecError, match="exceeded max depth"):
        codec.parse_json(b"[" * 5000 + b"]" * 5000)
    assert codec.parse_json(b"[" + b"[],{}," * 500 + b"0]").value[-1] == 0


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b'"a\xffb"', "a\ufffdb"),
        (b'"\xe2\x82"', "\ufffd\ufffd"),
        (rb'"\ud800"', "\ufffd"),
        (rb'"\udc00\ud800x"', "\ufffd\ufffdx"),
        (rb'"\ud83d\ude00 \\ud800 \ud800\u0041"', "\U0001f600 \\ud800 \ufffdA"),
    ],
)
def test_what_is_no_unicode_is_replaced_as_go_does(sent, read):
    assert codec.parse_json(sent).value == read
    assert codec.parse_json(b'{"a":' + sent + b',"a":1}', duplicates=True).duplicates == ("a",)


def test_broken_json_with_broken_unicode_is_refused_for_its_syntax():
    with pytest.raises(codec.CodecError, match="invalid character '}'"):
        codec.parse_json(b'{"a": "\xff",}')


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9" * 30, 1e30),
        ("9" * 5000, "9" * 5000),
        ("0x" + "f" * 5000, "0x" + "f" * 5000),
        ("1e999", "1e999"),
    ],
)
def test_numbers_of_yaml_that_are_too_large_for_json_are_floats_or_stay_texts(text, value):
    assert codec.parse_yaml(f"a: {text}".encode()).value == {"a": value}


def test_a_tag_that_does_not_fit_is_named():
    with pytest.raises(codec.CodecError, match="^yaml: cannot decode !!str `abc` as a !!int$"):
        codec.parse_yaml(b"a: !!int abc")


def test_aliases_count_for_the_depth_of_a_document():
    half = DEPTH_MAX // 2 + 1
    text = b"a: &a " + b"[" * half + b"]" * half + b"\nb: " + b"[" * half + b"*a" + b"]" * half
    with pytest.raises(codec.CodecError, match="exceeded max depth"):
        codec.parse_yaml(text)


@pytest.mark.parametrize(
    "text", ["9" * 10_000, "9" * 400, "-" + "9" * 400, "1e400", "0x" + "f" * 40, "0" + "7" * 5000]
)
def test_what_is_too_large_for_a_number_is_a_text_in_yaml(text):
    assert codec.parse_yaml(f"a: {text}".encode()).value == {"a": text}


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 10_000])
def test_what_is_too_large_for_a_number_is_refused_in_json(text):
    with pytest.raises(codec.CodecError) as refused:
        codec.parse_json(f'{{"a": {text}}}'.encode())
    assert str(refused.value) == f"json: cannot unmarshal number {text} into Go value of type float64"


def test_keys_that_become_the_same_by_that_are_told():
    assert codec.parse_json(b'{"\xff": 1, "\xfe": 2}', duplicates=True).duplicates == ("\ufffd",)

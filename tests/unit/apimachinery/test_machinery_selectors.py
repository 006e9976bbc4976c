"""Label and field selectors: what they match, and what Kubernetes says of those that do not parse."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery import fields, labels

LABELS = {"app": "web", "tier": "front", "n": "5", "empty": ""}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web , tier=front", True),
        ("app=web,tier=back", False),
        ("app!=web", False),
        ("missing!=web", True),
        ("app", True),
        ("missing", False),
        ("!missing", True),
        ("! app", False),
        ("app in (db, web)", True),
        ("app in (db)", False),
        ("app notin (db)", True),
        ("app notin (web)", False),
        ("missing notin (web)", True),
        ("empty=", True),
        ("empty in ()", True),
        ("app in (,web)", True),
        ("n>4", True),
        ("n>5", False),
        ("n<6", True),
        ("n<5", False),
        ("app>4", False),
        ("missing>4", False),
        ("in in (in)", False),
    ],
)
def test_what_a_selector_matches(text, matches):
    assert labels.parse_selector(text).matches(LABELS) is matches


def test_absent_labels_are_no_labels():
    assert labels.parse_selector("!a").matches(None)
    assert not labels.parse_selector("a").matches(None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        # Recorded from a real label parser: `kubectl create pdb --selector=… --dry-run=client`.
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a!", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a notin x", "unable to parse requirement: found 'x' expected: '('"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        (",a", "found ',', expected: !, identifier, or 'end of string'"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        (")", "found ')', expected: !, identifier, or 'end of string'"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("a=b,", "found '', expected: identifier after ','"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
        (
            "a>1.5",
            (
                'unable to parse requirement: values[0]: Invalid value: "1.5": '
                "for 'Gt', 'Lt' operators, the value must be an integer"
            ),
        ),
        (
            "a>9999999999999999999",
            (
                'unable to parse requirement: values[0]: Invalid value: "9999999999999999999": '
                "for 'Gt', 'Lt' operators, the value must be an integer"
            ),
        ),
        ("/b=c", 'unable to parse requirement: <nil>: Invalid value: "/b": prefix part must be non-empty'),
    ],
)
def test_what_is_said_of_a_wrong_selector(text, why):
    with pytest.raises(labels.SelectorError) as caught:
        labels.parse_selector(text)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("a==b==c", "found '==', expected: ',' or 'end of string'"),
        ("!a,!b=c", "found '=', expected: ',' or 'end of string'"),
    ],
)
def test_what_go_says_of_text_after_a_requirement(text, why):
    with pytest.raises(labels.SelectorError) as caught:
        labels.parse_selector(text)
    assert str(caught.value) == why


def test_values_that_are_no_numbers_for_go_are_neither_more_nor_less():
    assert not labels.parse_selector("n>1").matches({"n": "1_000"})
    assert not labels.parse_selector("n<1").matches({"n": "-" + "9" * 19})


@pytest.mark.parametrize(
    "text", ["a=b,", "a,,b", "a=b c", "a==b==c", "=a", ",a", "(a)", ")", "a in (b", "a>x", "a=-b", "/b=c"]
)
def test_wrong_selectors_are_refused(text):
    with pytest.raises(labels.SelectorError):
        labels.parse_selector(text)


def test_exact_is_what_an_index_can_be_asked_for():
    selector = labels.parse_selector("a=b,c in (d),e in (f,g),h!=i,j")
    assert selector.exact == {"a": "b", "c": "d"}
    assert not selector.empty
    assert labels.EVERYTHING.empty


def test_label_selector_objects():
    selector = labels.from_label_selector(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["front", "back"]},
                {"key": "x", "operator": "DoesNotExist"},
                {"key": "n", "operator": "Exists"},
                {"key": "n", "operator": "NotIn", "values": ["6"]},
            ],
        }
    )
    assert selector.matches(LABELS)
    assert not selector.matches({**LABELS, "x": ""})
    assert not selector.matches({**LABELS, "n": "6"})


def test_an_absent_label_selector_matches_nothing_and_an_empty_one_everything():
    assert not labels.from_label_selector(None).matches(LABELS)
    assert not labels.from_label_selector(None).empty
    assert labels.from_label_selector({}).matches({})


def test_unknown_operator():
    with pytest.raises(labels.SelectorError, match='"Near" is not a valid label selector operator'):
        labels.from_label_selector({"matchExpressions": [{"key": "a", "operator": "Near"}]})


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("a", True),
        ("A_b.c-d", True),
        ("example.com/a", True),
        ("x" * 63, True),
        ("x" * 64, False),
        ("", False),
        ("-a", False),
        ("a-", False),
        ("/a", False),
        ("a/", False),
        ("a/b/c", False),
        ("Example.com/a", False),
        ("bad key", False),
        ("ü", False),
    ],
)
def test_label_keys(key, good):
    assert (not labels.key_problems(key)) is good


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("", True),
        ("a", True),
        ("1.2_3-x", True),
        ("x" * 63, True),
        ("x" * 64, False),
        ("a b", False),
        ("-", False),
    ],
)
def test_label_values(value, good):
    assert (not labels.value_problems(value)) is good


NAMES = st.from_regex(r"[a-z]([-a-z0-9.]{0,8}[a-z0-9])?", fullmatch=True)
TERMS = st.one_of(
    st.builds(lambda key, value: labels.Requirement(key, "=", frozenset({value})), NAMES, NAMES),
    st.builds(lambda key, value: labels.Requirement(key, "!=", frozenset({value})), NAMES, NAMES),
    st.builds(
        lambda key, values, negated: labels.Requirement(key, "notin" if negated else "in", values),
        NAMES,
        st.frozensets(NAMES, min_size=1, max_size=3),
        st.booleans(),
    ),
    st.builds(lambda key: labels.Requirement(key, "exists"), NAMES),
    st.builds(lambda key: labels.Requirement(key, "!"), NAMES),
)


@given(st.lists(TERMS, max_size=4))
def test_selectors_survive_the_text(terms):
    selector = labels.Selector(tuple(sorted(terms, key=lambda term: term.key)))
    assert labels.parse_selector(str(selector)) == selector


@given(st.dictionaries(NAMES, NAMES, max_size=3), st.dictionaries(NAMES, NAMES, max_size=4))
def test_a_set_selects_what_contains_it(wanted, present):
    assert labels.from_set(wanted).matches(present) is (wanted.items() <= present.items())
    assert labels.from_set(wanted).matches({**present, **wanted})
    assert labels.from_set(wanted).exact == wanted


@given(st.text(alphabet="ab=!,()<> in\u0661-", max_size=14))
def test_no_text_breaks_the_label_parser(text):
    with suppress(labels.SelectorError):
        labels.parse_selector(text).matches({"a": "b"})


POD = {"metadata.name": "p", "status.phase": "Running", "x": "a,b=c\\d"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("metadata.name=p", True),
        ("metadata.name==p", True),
        ("metadata.name!=p", False),
        ("metadata.name=p,status.phase!=Failed", True),
        ("metadata.name=p,,status.phase=Failed", False),
        ("spec.nodeName=", True),
        ("x=a\\,b\\=c\\\\d", True),
    ],
)
def test_field_selectors(text, matches):
    assert fields.parse_selector(text).matches(lambda field: POD.get(field, "")) is matches


def test_exact_fields():
    selector = fields.parse_selector("metadata.name=p,status.phase!=Failed")
    assert selector.exact == {"metadata.name": "p"}
    assert not selector.empty
    assert fields.EVERYTHING.empty


def test_wrong_field_selectors():
    with pytest.raises(fields.FieldSelectorError, match="invalid selector: 'a'; can't understand 'a'"):
        fields.parse_selector("a")
    with pytest.raises(fields.FieldSelectorError, match="invalid escape sequence"):
        fields.parse_selector("a=b\\x")


@given(st.lists(st.tuples(NAMES, st.text(max_size=6), st.booleans()), max_size=3))
def test_field_selectors_survive_the_text(terms):
    selector = fields.FieldSelector(tuple(fields.FieldRequirement(*term) for term in terms))
    assert fields.parse_selector(str(selector)) == selector

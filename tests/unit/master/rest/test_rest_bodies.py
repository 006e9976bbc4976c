"""Bodies and options."""

import pytest

from kubelite.apimachinery.apierrors import BadRequest, Invalid, UnsupportedMediaType
from kubelite.client.requests import DeleteOptions
from kubelite.master.rest import bodies, options
from kubelite.master.rest.requestinfo import parse_query

UNRECOGNIZED = "the object provided is unrecognized (must be of type ConfigMap): "


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (
            b'{"apiVersion":"v1",',
            "",
            (
                "couldn't get version/kind; json parse error: "
                'unexpected end of JSON input ({"apiVersion":"v1",)'
            ),
        ),
        (b"", "", "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"),
        (
            b"a: b: c",
            "application/yaml",
            "yaml: mapping values are not allowed in this context (613a20623a2063)",
        ),
        (b"k8s\0\xff", "application/vnd.kubernetes.protobuf", None),
    ],
)
def test_what_does_not_parse(body, content_type, message):
    with pytest.raises(BadRequest) as found:
        bodies.parse_object(body, content_type, "ConfigMap")
    if message is not None:
        assert found.value.message == UNRECOGNIZED + message


def test_what_parses():
    assert bodies.parse_object(b'{"a":1}', "application/json; charset=utf-8", "X").value == {"a": 1}
    assert bodies.parse_object(b"null", "", "X").value == {}
    assert bodies.parse_object(b"a: 1", "application/yaml", "X").value == {"a": 1}
    twice = bodies.parse_object(b'{"data":{"x":"1","x":"2"}}', "", "X")
    assert twice.problems == ('duplicate field "data.x"',)
    assert twice.value == {"data": {"x": "2"}}
    with pytest.raises(UnsupportedMediaType):
        bodies.parse_object(b"{}", "text/plain", "X")
    with pytest.raises(BadRequest, match="cannot unmarshal array"):
        bodies.parse_object(b"[1]", "", "X")


def test_patches():
    assert bodies.patch_type_of("application/merge-patch+json; charset=utf-8") == "merge"
    with pytest.raises(UnsupportedMediaType, match="415"):
        bodies.patch_type_of("application/json")
    assert bodies.parse_patch(b'[{"op":"test"}]', "json").value == [{"op": "test"}]
    assert bodies.parse_patch(b"a: {b: c}", "apply").value == {"a": {"b": "c"}}
    for body, kind in (
        (b"{}", "json"),
        (b"[]", "merge"),
        (b"1", "strategic"),
        (b"{", "merge"),
        (b"a: b: c", "apply"),
    ):
        with pytest.raises(BadRequest):
            bodies.parse_patch(body, kind)


def test_delete_options():
    query = parse_query("gracePeriodSeconds=0&propagationPolicy=Orphan&dryRun=All")
    expected = DeleteOptions(grace_period_s=0, propagation_policy="Orphan", dry_run=True)
    assert bodies.delete_options(b"", "", query) == expected
    body = b'{"kind":"DeleteOptions","preconditions":{"uid":"u"},"gracePeriodSeconds":5}'
    assert bodies.delete_options(body, "application/json", query) == DeleteOptions(
        grace_period_s=5, uid="u", dry_run=True
    )
    for wrong in (
        b'{"propagationPolicy":"Maybe"}',
        b'{"propagationPolicy":"Orphan","orphanDependents":true}',
        b'{"dryRun":["Some"]}',
    ):
        with pytest.raises(Invalid):
            bodies.delete_options(wrong, "", parse_query(""))
    with pytest.raises(BadRequest, match="cannot unmarshal string"):
        bodies.delete_options(b'{"gracePeriodSeconds":"5"}', "", parse_query(""))
    with pytest.raises(BadRequest, match="strconv.ParseInt"):
        bodies.delete_options(b"", "", parse_query("gracePeriodSeconds=x"))


def test_write_options():
    with pytest.raises(Invalid) as found:
        options.check_write_options(parse_query("fieldValidation=Loud"), "CreateOptions")
    assert found.value.message == (
        'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Loud": '
        'supported values: "", "Ignore", "Strict", "Warn"'
    )
    for query in ("dryRun=Some", "fieldManager=" + "x" * 129, "fieldManager=a%0Ab"):
        with pytest.raises(Invalid):
            options.check_write_options(parse_query(query), "CreateOptions")
    with pytest.raises(Invalid, match="is required for apply patch"):
        options.check_patch_options(parse_query(""), "apply")
    with pytest.raises(Invalid, match="may not be specified for non-apply patch"):
        options.check_patch_options(parse_query("force=true"), "merge")
    assert options.field_manager(parse_query(""), "kubectl/v1.37 (linux)") == "kubectl"
    assert options.field_validation(parse_query("")) == "Warn"


@pytest.mark.parametrize(
    ("query", "watch"),
    [
        ("resourceVersionMatch=Exact", False),
        ("resourceVersionMatch=Odd&resourceVersion=1", False),
        ("resourceVersionMatch=Exact&resourceVersion=0", False),
        ("sendInitialEvents=true", False),
        ("sendInitialEvents=true", True),
        ("resourceVersionMatch=NotOlderThan", True),
    ],
)
def test_versions_that_contradict(query, watch):
    with pytest.raises(Invalid):
        options.check_list_options(parse_query(query), watch=watch)


def test_versions_that_fit():
    options.check_list_options(parse_query("resourceVersion=5&resourceVersionMatch=Exact"), watch=False)
    options.check_list_options(
        parse_query("sendInitialEvents=true&resourceVersionMatch=NotOlderThan"), watch=True
    )

"""The JSONPath of conditions."""

import pytest

from kubelite.apimachinery import jsonpath

OBJ = {
    "status": {
        "readyReplicas": 3,
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}],
    },
    "items": [{"n": 1}, {"n": 2}, {}],
    "metadata": {"labels": {"app.kubernetes.io/name": "q", "a/b": "z"}},
}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("{.status.readyReplicas}", [3]),
        ("status.readyReplicas", [3]),
        ("{$.status.readyReplicas}", [3]),
        ("{.items[0].n}", [1]),
        ("{.items[-2].n}", [2]),
        ("{.items[9].n}", []),
        ("{.items[*].n}", [1, 2]),
        ('{.status.conditions[?(@.type=="Ready")].status}', ["True"]),
        ("{.status.conditions[?(@.type=='Other')].status}", ["False"]),
        ('{.status.conditions[?(@.type!="Ready")].type}', ["Other"]),
        ("{.items[?(@.n)].n}", [1, 2]),
        ("{.items[?(@.n==2)].n}", [2]),
        ("{.metadata.labels['a/b']}", ["z"]),
        (r"{.metadata.labels.app\.kubernetes\.io/name}", ["q"]),
        (r"{.metadata.labels['app\.kubernetes\.io/name']}", ["q"]),
        ("{.metadata.labels.missing.deeper}", []),
        ("{.status.*}", [3, OBJ["status"]["conditions"]]),
    ],
)
def test_find(expression, found):
    assert jsonpath.parse(expression).find(OBJ) == found


@pytest.mark.parametrize(
    "expression", ["{.a", "{.a b}", "{.a[1:2]}", "{.a[0,1]}", "{.a[?(@.n>1)]}", "{..a}", "{.a..b}"]
)
def test_what_is_not_understood_is_refused(expression):
    with pytest.raises(ValueError, match="does not parse"):
        jsonpath.parse(expression)


def test_values_as_text():
    assert jsonpath.format_value("x") == "x"
    assert jsonpath.format_value(3) == "3"
    assert jsonpath.format_value(True) == "true"
    assert jsonpath.format_value({"a": [1]}) == '{"a":[1]}'

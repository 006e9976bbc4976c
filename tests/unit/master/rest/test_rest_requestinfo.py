"""The grammar of paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.master.rest.requestinfo import parse_query, parse_request

NAMES = st.text("abcdefghij-", min_size=1, max_size=8).filter(
    lambda text: text not in {"watch", "namespaces"}
)


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/api/v1/pods", "", ("list", "", "v1", "", "pods", "", "")),
        ("GET", "/api/v1/pods", "watch=1", ("watch", "", "v1", "", "pods", "", "")),
        ("GET", "/api/v1/pods", "watch=false", ("list", "", "v1", "", "pods", "", "")),
        ("GET", "/api/v1/namespaces/d/pods/", "", ("list", "", "v1", "d", "pods", "", "")),
        ("GET", "/api/v1/namespaces/d/pods/p", "watch=1", ("get", "", "v1", "d", "pods", "p", "")),
        ("GET", "/api/v1/namespaces/d/pods/p/log", "", ("get", "", "v1", "d", "pods", "p", "log")),
        ("GET", "/api/v1/watch/namespaces/d/pods/p", "", ("watch", "", "v1", "d", "pods", "p", "")),
        ("GET", "/api/v1/watch/pods", "", ("watch", "", "v1", "", "pods", "", "")),
        ("GET", "/api/v1/namespaces/d", "", ("get", "", "v1", "", "namespaces", "d", "")),
        ("PUT", "/api/v1/namespaces/d/finalize", "", ("update", "", "v1", "", "namespaces", "d", "finalize")),
        ("PUT", "/api/v1/namespaces/d/status", "", ("update", "", "v1", "", "namespaces", "d", "status")),
        ("DELETE", "/api/v1/namespaces/d/pods", "", ("deletecollection", "", "v1", "d", "pods", "", "")),
        ("DELETE", "/api/v1/namespaces/d/pods/p", "", ("delete", "", "v1", "d", "pods", "p", "")),
        ("POST", "/apis/apps/v1/namespaces/d/x", "", ("create", "apps", "v1", "d", "x", "", "")),
        ("PATCH", "/apis/g.k/v2/x/a%3Ab%20c", "", ("patch", "g.k", "v2", "", "x", "a:b c", "")),
    ],
)
def test_resource_paths(method, path, query, expected):
    info = parse_request(method, path, query)
    assert info.is_resource
    assert (
        info.verb,
        info.group,
        info.version,
        info.namespace,
        info.plural,
        info.name,
        info.subresource,
    ) == expected


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/version", "//api/v1/pods", "/x/y/z/a"],
)
def test_other_paths(path):
    assert not parse_request("GET", path).is_resource


@given(NAMES, NAMES, NAMES)
def test_what_is_built_is_parsed(namespace, plural, name):
    info = parse_request("GET", f"/apis/example.com/v1/namespaces/{namespace}/{plural}/{name}")
    assert (info.namespace, info.plural, info.name) == (namespace, plural, name)


def test_query():
    query = parse_query("a=1&b&c=false&a=2&d=0&e=x%20y")
    assert query.texts("a") == ("1", "2")
    assert query.flag("b")
    assert not query.flag("c")
    assert not query.flag("d")
    assert not query.flag("none")
    assert query.text("e") == "x y"


@given(st.text(max_size=60), st.text(max_size=30))
def test_nothing_makes_it_raise(path, query):
    parse_request("GET", "/" + path, query)

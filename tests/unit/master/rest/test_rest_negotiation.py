"""Which form an Accept header gets."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery.apierrors import NotAcceptable
from kubelite.master.rest.negotiation import DISCOVERY_FORMS, NO_FORMS, Form, negotiate

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Form()),
        ("*/*", Form()),
        ("application/json", Form()),
        ("application/vnd.kubernetes.protobuf,application/json", Form()),
        ("application/vnd.kubernetes.protobuf", Form("application/vnd.kubernetes.protobuf")),
        ("application/yaml", Form("application/yaml")),
        ("text/html;q=0.9, */*;q=0.1", Form()),
        ("application/json;q=0.1, application/yaml", Form("application/yaml")),
        (TABLE, Form("application/json", "Table", "meta.k8s.io", "v1")),
        (f"{TABLE},application/json", Form("application/json", "Table", "meta.k8s.io", "v1")),
        ("application/json;as=Picture;v=v1;g=meta.k8s.io,application/json", Form()),
    ],
)
def test_forms(accept, expected):
    assert negotiate(accept) == expected


def test_refusals_differ():
    with pytest.raises(NotAcceptable, match="406: Not Acceptable") as found:
        negotiate("text/html")
    assert found.value.details == {}
    with pytest.raises(NotAcceptable, match="only the following") as found:
        negotiate("application/json;as=Picture;v=v1;g=meta.k8s.io")
    assert found.value.details is None
    with pytest.raises(NotAcceptable):
        negotiate(TABLE, NO_FORMS)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
            "APIGroupDiscoveryList",
        ),
        ("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", ""),
        ("application/json", ""),
    ],
)
def test_discovery(accept, kind):
    assert negotiate(accept, DISCOVERY_FORMS).kind == kind


@given(st.text(max_size=80))
def test_any_header_gets_a_form_or_a_refusal(accept):
    with contextlib.suppress(NotAcceptable):
        assert negotiate(accept).media_type

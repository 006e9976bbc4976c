"""Tables as text and as HTML."""

import pytest

from kubelite.apimachinery import printing

TABLE = {
    "columnDefinitions": [
        {"name": "Name", "priority": 0},
        {"name": "Ready", "priority": 0},
        {"name": "Node", "priority": 1},
    ],
    "rows": [
        {"cells": ["web-1", True, None], "object": {"metadata": {"namespace": "shop"}}},
        {"cells": ["a", 3, "first\nsecond"], "object": {"metadata": {"namespace": "default"}}},
    ],
}


def test_columns_stand_three_spaces_apart_under_headers_in_capitals():
    assert printing.as_text(printing.cells_of(TABLE)) == "NAME    READY\nweb-1   true\na       3"


def test_wide_output_has_the_columns_of_a_lower_priority():
    assert printing.cells_of(TABLE, wide=True)[1:] == [["web-1", "true", "<none>"], ["a", "3", "first"]]


def test_namespaces_come_first_where_they_differ():
    assert [line[0] for line in printing.cells_of(TABLE, with_namespace=True)] == [
        "NAMESPACE",
        "shop",
        "default",
    ]


def test_html_is_escaped():
    assert printing.as_html([["NAME"], ["<b>"]]) == (
        "<table><thead><tr><th>NAME</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>"
    )


@pytest.mark.parametrize("shape", [printing.as_text, printing.as_html])
def test_nothing_is_nothing(shape):
    assert shape([]) == ""

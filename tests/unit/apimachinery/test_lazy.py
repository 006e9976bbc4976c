"""What is imported when it is first used."""

from __future__ import annotations

import pytest

from kubelite.apimachinery import quantity
from kubelite.apimachinery.lazy import load


def test_a_name_of_a_module_is_what_the_module_holds():
    assert load("kubelite.apimachinery.quantity:parse") is quantity.parse


@pytest.mark.parametrize(
    ("where", "kind", "named"),
    [
        ("kubelite.apimachinery.nowhere:x", ModuleNotFoundError, "kubelite.apimachinery.nowhere"),
        ("kubelite.apimachinery.quantity:nothing", AttributeError, "nothing"),
    ],
)
def test_what_is_not_there_is_named_each_time(where, kind, named):
    for _ in range(2):
        with pytest.raises(kind, match=named):
            load(where)

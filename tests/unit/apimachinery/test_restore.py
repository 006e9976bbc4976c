"""What a strategic merge made and does not fit is refused in the words of Go's converter."""

import pytest

from kubelite.api.facts import type_of
from kubelite.apimachinery.restore import mismatch

POD = type_of("v1", "Pod")


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        ({"metadata": {"labels": ["x"]}}, "cannot restore map from slice"),
        ({"metadata": {"labels": {"a": 1}}}, "cannot convert int64 to string"),
        ({"metadata": {"labels": {"a": True}}}, "unrecognized type: string"),
        ({"metadata": {"name": {}}}, "unrecognized type: string"),
        ({"spec": {"containers": {}}}, "cannot restore slice from map"),
        ({"spec": {"containers": ["x"]}}, "cannot restore struct from: string"),
        ({"spec": {"priority": "x"}}, "unrecognized type: int32"),
        ({"spec": {"priority": 1.5}}, "cannot convert float64 to int32"),
        ({"spec": {"hostNetwork": 1}}, "unrecognized type: bool"),
        ({"spec": 5}, "cannot restore struct from: int64"),
        ({"spec": {"priority": 1, "hostNetwork": True, "containers": [{"name": "c"}]}}, ""),
        ({"metadata": {"labels": None}, "spec": {"priority": 2.0}}, ""),
    ],
)
def test_the_first_misfit_in_the_order_of_the_struct_is_told(pod, words):
    assert mismatch(pod, POD) == words

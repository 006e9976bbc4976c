"""Values: copies with other fields."""

import attrs
import pytest

from kubelite.runtime.values import evolve


@attrs.frozen
class Point:
    x: int
    y: int = 0
    name: str = ""


def test_an_evolved_value_differs_only_in_the_fields_named():
    point = Point(1, 2, "a")
    assert evolve(point, y=5) == attrs.evolve(point, y=5) == Point(1, 5, "a")
    assert point == Point(1, 2, "a")


def test_an_unknown_field_cannot_evolve():
    with pytest.raises(KeyError):
        evolve(Point(1), z=1)

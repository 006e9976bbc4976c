"""Errors of fields: values as Go prints them."""

import pytest

from kubelite.apimachinery.field import FieldError, format_float, format_value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.5, "1.5"),
        (-2.25, "-2.25"),
        (999999.0, "999999"),
        (1e6, "1e+06"),
        (1234567.5, "1.2345675e+06"),
        (0.0001, "0.0001"),
        (1.5e-5, "1.5e-05"),
        (1e300, "1e+300"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_floats_are_short_and_have_exponents_where_go_has_them(value: float, text: str) -> None:
    assert format_float(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("a\n", '"a\\n"'), (None, "null"), (True, "true"), (3, "3"), (1e6, "1e+06"), ({"a": [1]}, '{"a":[1]}')],
)
def test_values_are_shown_by_their_type(value: object, text: str) -> None:
    assert format_value(value) == text
    assert str(FieldError.invalid("spec", value, "why")) == f"spec: Invalid value: {text}: why"

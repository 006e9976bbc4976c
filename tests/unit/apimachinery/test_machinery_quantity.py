"""Quantities: exact, canonical, ordered."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery import quantity


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        # As Go's resource.Quantity prints them (`kubectl create quota --hard=cpu=… --dry-run=client`).
        ("0", "0"),
        ("-0", "0"),
        ("1000m", "1"),
        ("1.5", "1500m"),
        ("-1.5", "-1500m"),
        (".5", "500m"),
        ("1500000u", "1500m"),
        ("0.1n", "1n"),
        ("1.23456789012", "1234567891n"),
        ("1e-3", "1e-3"),
        ("1000000", "1M"),
        ("1000k", "1M"),
        ("5000000000", "5G"),
        ("1025", "1025"),
        ("1Ki", "1Ki"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1536Ki", "1536Ki"),
        ("1000Ki", "1000Ki"),
        ("0.5Ki", "512"),
        ("0.1Ki", "102400m"),
        ("0.0001Ki", "102400u"),
        ("1.0001Ki", "1024102400u"),
        ("-1.1Ki", "-1126400m"),
        ("0Ki", "0"),
        ("1e3", "1e3"),
        ("1.5e3", "1500"),
        ("15e2", "1500"),
        ("1e18", "1e18"),
        ("100E", "100E"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("11111111111111111111111111111.5", "11111111111111111111111111111500m"),
        ("123456789.123456789123", "123456789123456790n"),
        ("-0.1n", "-1n"),
        ("1e-400", "1e-9"),
        ("1e19", "10e18"),
        ("1e30", "1e30"),
        ("0e99999", "0"),
        ("8Ei", "9223372036854775807"),
        ("2000Ei", "9223372036854775807"),
        ("1.1Ei", "1268213655067531673600m"),
    ],
)
def test_canonical_form(text, canonical):
    assert str(quantity.parse(text)) == canonical


@pytest.mark.parametrize("text", ["", " ", " 1", "1 ", "abc", "1Z", "1e5k", "--1", "1.2.3", "Ki", ".", "1,5"])
def test_what_is_no_quantity(text):
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        quantity.parse(text)


@pytest.mark.parametrize("text", ["1i", "1e", "1mi", "1e9999999", "1e-9999999999", "1e401"])
def test_suffixes_that_are_none_or_out_of_all_proportion(text):
    with pytest.raises(ValueError, match="unable to parse quantity's suffix"):
        quantity.parse(text)


@pytest.mark.parametrize("text", ["1" * 500, "\u0661"])
def test_hostile_texts(text):
    with pytest.raises(ValueError, match="quantities must match"):
        quantity.parse(text)


def test_numbers_of_json():
    assert quantity.parse(2) == quantity.parse("2")
    assert quantity.parse(0.5) == quantity.parse("500m")


def test_arithmetic_and_order():
    one, half = quantity.parse("1"), quantity.parse("500m")
    assert str(one + half) == "1500m"
    assert str(one - half) == "500m"
    assert str(-one) == "-1"
    assert half < one <= quantity.parse("1000m")
    assert quantity.parse("1Gi") > quantity.parse("1G")
    assert hash(quantity.parse("1")) == hash(quantity.parse("1000m"))
    assert one
    assert not quantity.parse("0")
    assert one != 1


def test_a_sum_keeps_the_form_of_what_it_began_with():
    assert str(quantity.parse("1Gi") + quantity.parse("1Mi")) == "1025Mi"
    assert str(quantity.parse("0") + quantity.parse("1Mi")) == "1Mi"


def test_as_numbers():
    assert quantity.parse("1500m").milli() == 1500
    assert quantity.parse("1u").milli() == 1
    assert quantity.parse("-1u").milli() == -1
    assert quantity.parse("1500m").integer() == 2
    assert quantity.parse("1Ki").integer() == 1024
    assert quantity.parse("250m").to_float() == 0.25
    assert "1500m" in repr(quantity.parse("1.5"))


SUFFIXES = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "m": Fraction(1, 1000),
}
AMOUNTS = st.builds(
    lambda number, suffix: (f"{number}{suffix}", Fraction(number) * SUFFIXES[suffix]),
    st.integers(-(10**7), 10**7),
    st.sampled_from(sorted(SUFFIXES)),
)


@given(AMOUNTS, AMOUNTS)
def test_it_computes_as_fractions_do(left, right):
    (left_text, left_value), (right_text, right_value) = left, right
    a, b = quantity.parse(left_text), quantity.parse(right_text)
    assert (a < b) is (left_value < right_value)
    assert (a == b) is (left_value == right_value)
    assert Fraction((a + b).value) == left_value + right_value
    assert Fraction((a - b).value) == left_value - right_value


@given(AMOUNTS)
def test_the_canonical_form_is_the_same_amount_and_stays(amount):
    made = quantity.parse(amount[0])
    again = quantity.parse(str(made))
    assert again == made
    assert str(again) == str(made)

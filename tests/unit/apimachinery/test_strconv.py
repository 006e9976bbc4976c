"""Whole numbers as Go reads them."""

import pytest

from kubelite.apimachinery.strconv import NumberError, parse_int, parse_uint


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("-0", 0), ("+7", 7), ("0" * 5000 + "12", 12), ("-" + "0" * 5000 + "3", -3)]
    + [(str(edge), edge) for edge in (-(1 << 63), (1 << 63) - 1)],
)
def test_signed_numbers(text, number):
    assert parse_int(text) == number


@pytest.mark.parametrize("parse", [parse_int, parse_uint])
@pytest.mark.parametrize("text", ["", "-", "+-1", "1_0", "0x1", " 1", "1 ", "1.0", "\u0661", "1\n"])
def test_what_is_no_number(parse, text):
    with pytest.raises(NumberError, match="invalid syntax$"):
        parse(text)


def test_a_sign_is_no_part_of_a_number_without_one():
    with pytest.raises(NumberError) as refused:
        parse_uint("-1")
    assert str(refused.value) == 'strconv.ParseUint: parsing "-1": invalid syntax'


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_int, str(1 << 63)),
        (parse_int, str(-(1 << 63) - 1)),
        (parse_int, "9" * 5000),
        (parse_uint, str(1 << 64)),
        (parse_uint, "9" * 5000),
    ],
)
def test_what_is_too_large(parse, text):
    with pytest.raises(NumberError, match="value out of range$"):
        parse(text)


def test_all_of_64_bits_may_be_used():
    assert parse_uint(str((1 << 64) - 1)) == (1 << 64) - 1

"""Numbers and shares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery.intorstring import scaled


@pytest.mark.parametrize(
    ("value", "total", "up", "expected"),
    [
        (3, 10, True, 3),
        (None, 10, True, 0),
        ("25%", 10, True, 3),
        ("25%", 10, False, 2),
        ("0%", 10, True, 0),
        ("100%", 7, False, 7),
        ("1%", 0, True, 0),
    ],
)
def test_a_share_is_rounded_up_or_down(value, total, up, expected):
    assert scaled(value, total, up=up) == expected


@given(st.integers(0, 100), st.integers(0, 10_000))
def test_a_share_is_a_whole_number_beside_the_exact_one(percent, total):
    up, down = (scaled(f"{percent}%", total, up=up) for up in (True, False))
    assert down * 100 <= percent * total <= up * 100
    assert up - down in {0, 1}

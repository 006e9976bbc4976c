"""Go's durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery.godurations import DurationError, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("5s", 5),
        ("1h15m30.918s", 4530.918),
        ("-1.5h", -5400),
        ("+2m", 120),
        ("300ms", 0.3),
        ("2us", 2e-6),
        ("2µs", 2e-6),
        ("10ns", 1e-8),
        (".5s", 0.5),
        ("1.s", 1),
    ],
)
def test_durations(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", 'time: invalid duration ""'),
        ("abc", 'time: invalid duration "abc"'),
        ("-", 'time: invalid duration "-"'),
        (".s", 'time: invalid duration ".s"'),
        ("10", 'time: missing unit in duration "10"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("3s4", 'time: missing unit in duration "3s4"'),
        ("99999999999h", 'time: invalid duration "99999999999h"'),
    ],
)
def test_refusals_are_in_gos_words(text, why):
    with pytest.raises(DurationError) as caught:
        parse_duration(text)
    assert str(caught.value) == why


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_refused(text):
    try:
        found = parse_duration(text)
    except DurationError as error:
        found = str(error)
    assert isinstance(found, float) or found.startswith("time: ")

"""How long a key rests between looks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubelite.reconcile.resting import FEW, LONGEST_S, rest_s


def test_among_few_nothing_rests():
    assert rest_s(0) == rest_s(FEW) == 0.0
    assert rest_s(FEW + 1) > 0


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_more_there_are_the_longer_the_rest_up_to_a_bound(one, other):
    few, many = sorted((one, other))
    assert rest_s(few) <= rest_s(many) <= LONGEST_S

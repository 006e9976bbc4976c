"""How far an autoscaler goes at once."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from kubelite.controllers.podautoscaler.limits import Mark, Memory, limit

NOW = 10_000.0


def spec(low=1, high=100, **behavior):
    rules = {
        "scaleUp": {
            "selectPolicy": "Max",
            "policies": [{"type": "Percent", "value": 900, "periodSeconds": 60}],
        },
        "scaleDown": {
            "selectPolicy": "Max",
            "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
        },
    }
    made = {"minReplicas": low, "maxReplicas": high}
    if behavior:
        made["behavior"] = {side: {**rules[side], **behavior.get(side, {})} for side in rules}
    return made


def recommended(*marks):
    return Memory(recommendations=tuple(Mark(replicas, NOW - age) for replicas, age in marks))


@pytest.mark.parametrize(
    ("current", "desired", "expected", "reason"),
    [
        (3, 5, 5, "DesiredWithinRange"),
        (3, 7, 6, "ScaleUpLimit"),  # twice as many
        (1, 9, 4, "ScaleUpLimit"),  # or four
        (8, 40, 10, "TooManyReplicas"),
        (8, 1, 2, "TooFewReplicas"),
    ],
)
def test_without_a_behaviour_replicas_double_at_most(current, desired, expected, reason):
    found = limit(spec(2, 10), Memory(), current, desired, NOW)
    assert (found.replicas, found.limited[0]) == (expected, reason)
    assert found.is_limited == (reason != "DesiredWithinRange")
    assert found.able[0] == "ReadyForNewScale"


@pytest.mark.parametrize(("age", "expected"), [(299, 8), (300, 8), (301, 2)])
def test_a_scale_down_waits_for_the_highest_recommendation_of_five_minutes_to_pass(age, expected):
    found = limit(spec(), recommended((8, age)), 8, 2, NOW)
    assert found.replicas == expected
    assert found.able[0] == ("ScaleDownStabilized" if expected == 8 else "ReadyForNewScale")
    assert found.memory.recommendations[-1] == Mark(2, NOW)


def test_recommendations_are_forgotten_after_the_longest_window():
    found = limit(spec(), recommended((9, 3601), (8, 3600)), 2, 2, NOW)
    assert found.memory == recommended((8, 3600), (2, 0))


@pytest.mark.parametrize(("age", "expected"), [(59, 3), (60, 8)])
def test_a_scale_up_waits_where_the_behaviour_has_a_window(age, expected):
    rules = spec(scaleUp={"stabilizationWindowSeconds": 60})
    found = limit(rules, recommended((3, age)), 3, 8, NOW)
    assert found.replicas == expected
    assert found.able[0] == ("ScaleUpStabilized" if expected == 3 else "ReadyForNewScale")


@pytest.mark.parametrize(
    ("rules", "age", "expected"),
    [({}, 299, 8), ({}, 300, 2), ({"stabilizationWindowSeconds": 0}, 1, 2)],
)
def test_the_window_of_scale_downs_is_that_of_the_behaviour(rules, age, expected):
    found = limit(spec(scaleDown=rules, scaleUp={}), recommended((8, age)), 8, 2, NOW)
    assert found.replicas == expected


def policies(*given, select="Max"):
    made = [{"type": type_, "value": value, "periodSeconds": period} for type_, value, period in given]
    return {"selectPolicy": select, "stabilizationWindowSeconds": 0, "policies": made}


@pytest.mark.parametrize(
    ("select", "expected"),
    [("Max", 15), ("Min", 12), ("Disabled", 10)],
)
def test_policies_limit_a_scale_up(select, expected):
    rules = spec(scaleUp=policies(("Pods", 2, 60), ("Percent", 50, 60), select=select))
    found = limit(rules, Memory(), 10, 50, NOW)
    assert (found.replicas, found.limited[0]) == (expected, "ScaleUpLimit")


@pytest.mark.parametrize(
    ("select", "expected"),
    [("Max", 5), ("Min", 8), ("Disabled", 10)],
)
def test_policies_limit_a_scale_down(select, expected):
    rules = spec(scaleDown=policies(("Pods", 2, 60), ("Percent", 50, 60), select=select))
    found = limit(rules, Memory(), 10, 1, NOW)
    assert (found.replicas, found.limited[0]) == (expected, "ScaleDownLimit")


def test_what_was_added_in_the_period_counts():
    rules = spec(scaleUp=policies(("Pods", 4, 60)))
    memory = Memory().scaled(5, 8, NOW - 30)
    assert limit(rules, memory, 8, 50, NOW).replicas == 9
    assert limit(rules, memory, 8, 50, NOW + 30).replicas == 12  # that was a minute ago
    fewer = memory.scaled(8, 6, NOW - 10)
    assert limit(rules, fewer, 6, 50, NOW).replicas == 9  # five, at the start of the period, and four


def test_no_policy_turns_a_scale_up_into_a_scale_down():
    rules = spec(scaleUp=policies(("Pods", 1, 60)))
    assert limit(rules, Memory().scaled(2, 8, NOW - 5), 8, 50, NOW).replicas == 8
    rules = spec(scaleDown=policies(("Pods", 1, 60)))
    assert limit(rules, Memory().scaled(8, 2, NOW - 5), 2, 1, NOW).replicas == 2


def test_percentages_are_rounded_up_on_the_way_up_and_down_on_the_way_down():
    up = spec(scaleUp=policies(("Percent", 10, 60)))
    assert limit(up, Memory(), 3, 50, NOW).replicas == 4
    down = spec(scaleDown=policies(("Percent", 10, 60)))
    assert limit(down, Memory(), 3, 1, NOW).replicas == 2


def test_the_bounds_hold_with_a_behaviour_too():
    rules = spec(3, 12, scaleUp={})
    assert limit(rules, Memory(), 5, 40, NOW).limited[0] == "TooManyReplicas"
    found = limit(rules, Memory(), 5, 1, NOW)
    assert (found.replicas, found.limited[0]) == (3, "TooFewReplicas")


METRICS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 120)), min_size=1, max_size=25)
"""What metrics ask for, and after how many seconds."""


@given(METRICS, st.integers(1, 20), st.integers(0, 20))
def test_without_a_behaviour_it_never_falls_below_what_was_asked_for_lately(metrics, low, span):
    made, memory, current, now, asked = spec(low, low + span), Memory(), low, NOW, []
    for desired, wait_s in metrics:
        now += wait_s
        asked.append((now, desired))
        found = limit(made, memory, current, desired, now)
        assert low <= found.replicas <= low + span
        if found.replicas < current:
            lately = [each for time, each in asked if time >= now - 300]
            assert found.replicas == max(low, *lately)
        assert found.replicas <= max(2 * current, 4, low)
        memory, current = found.memory, found.replicas


@pytest.mark.parametrize("side", ["scaleUp", "scaleDown"])
@given(METRICS, st.integers(1, 5), st.integers(15, 90), st.integers(0, 120))
def test_in_each_period_it_goes_no_further_than_its_policy_allows(side, metrics, value, period_s, window_s):
    policy = {"type": "Pods", "value": value, "periodSeconds": period_s}
    made = spec(0, 50, **{side: {"policies": [policy], "stabilizationWindowSeconds": window_s}})
    memory, current, now = Memory(), 20, NOW
    history = [(now, current)]
    for desired, wait_s in metrics:
        now += wait_s
        found = limit(made, memory, current, desired, now)
        before = [each for time, each in history if time <= now - period_s] or [20]
        allowed = before[-1] + value if side == "scaleUp" else before[-1] - value
        if side == "scaleUp":
            assert found.replicas <= max(current, allowed)
        else:
            assert found.replicas >= min(current, allowed)
        assert (found.replicas - current) * (desired - current) >= 0, "never away from what is asked for"
        memory = found.memory
        if found.replicas != current:
            memory, current = memory.scaled(current, found.replicas, now), found.replicas
            history.append((now, current))

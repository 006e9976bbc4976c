"""Which nodes a pod's selector and required affinity allow, and which taints its tolerations cover."""

from __future__ import annotations

import pytest

from kubelite.api.nodeselector import allows_node, matches_expression, matches_terms
from kubelite.api.tolerations import covers, tolerates


@pytest.mark.parametrize(
    ("operator", "values", "met"),
    [
        ("In", ["3"], True),
        ("NotIn", ["3"], False),
        ("Exists", None, True),
        ("DoesNotExist", None, False),
        ("Gt", ["2"], True),
        ("Lt", ["2"], False),
        ("Gt", ["x"], False),
        ("Near", ["3"], False),
    ],
)
def test_operators_of_a_requirement(operator, values, met):
    assert matches_expression({"key": "k", "operator": operator, "values": values}, {"k": "3"}) is met


def test_numbers_are_those_of_go():
    requirement = {"key": "k", "operator": "Gt", "values": ["2"]}
    assert not matches_expression(requirement, {"k": "1_000"})
    assert not matches_expression(requirement, {"k": "9" * 19})


def test_one_term_suffices_and_an_empty_one_matches_nothing():
    zone = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
    named = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
    assert matches_terms([zone, named], {"zone": "b"}, "n1")
    assert not matches_terms([zone, named], {"zone": "b"}, "n2")
    assert not matches_terms([{}], {}, "n1")


def test_selector_and_affinity_must_both_allow_a_node():
    term = {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    spec = {"nodeSelector": {"disk": "ssd"}, "affinity": {"nodeAffinity": required}}
    assert allows_node(spec, {"disk": "ssd", "zone": "a"}, "n")
    assert not allows_node(spec, {"disk": "ssd"}, "n")
    assert not allows_node(spec, {"zone": "a"}, "n")
    assert allows_node({}, {}, "n")


def test_a_toleration_covers_by_effect_key_and_value():
    taint = {"key": "k", "value": "v", "effect": "NoSchedule"}
    assert covers({"key": "k", "value": "v"}, taint)
    assert covers({"operator": "Exists"}, taint)
    assert not covers({"key": "k", "value": "w"}, taint)
    assert not covers({"key": "k", "operator": "Exists", "effect": "NoExecute"}, taint)
    assert not covers({}, taint)
    assert tolerates(taint, [{"key": "x"}, {"key": "k", "operator": "Exists"}])

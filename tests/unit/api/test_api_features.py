"""Feature gates: what they are called, what is dropped without them, and what is filled in with them."""

from __future__ import annotations

import argparse

import pytest

from kubelite.api import resources as r
from kubelite.api.features import features_of, with_enabled_defaults
from kubelite.api.scheme import new_scheme
from kubelite.cli.main import parse_feature_gates
from kubelite.cluster.config import make_config
from tests.workloads import made, stored

GATE = "MaxUnavailableStatefulSet"
ROLLING = {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}}


def rolling_of(stateful_set):
    return stateful_set["spec"]["updateStrategy"]["rollingUpdate"]


def test_gates_that_are_not_named_are_as_in_kubernetes():
    assert features_of({}) == frozenset()
    assert features_of({GATE: True}) == {GATE}
    assert make_config({"feature_gates": {GATE: True}}).features == {GATE}


@pytest.mark.parametrize(
    ("gates", "hint"),
    [
        ({"MaxUnavailableStatefulset": True}, "did you mean MaxUnavailableStatefulSet?"),
        ({"Nonsense": True}, "there are MaxUnavailableStatefulSet"),
        ({GATE: "true"}, "is True or False, not 'true'"),
    ],
)
def test_other_gates_are_refused_with_a_hint(gates, hint):
    with pytest.raises(ValueError, match="feature_gates") as caught:
        make_config({"feature_gates": gates})
    assert hint in str(caught.value)


def test_the_command_line_takes_gates_as_kubernetes_does():
    assert parse_feature_gates("A=true,B=False") == {"A": True, "B": False}
    for text in ("A", "A=1", "=true", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="NAME=true"):
            parse_feature_gates(text)


@pytest.mark.parametrize(("features", "kept"), [({GATE}, 2), (set(), None)])
def test_a_field_is_kept_with_its_feature_only(features, kept):
    strategy = new_scheme(frozenset(features)).strategy(r.STATEFULSETS)
    obj = strategy.prepare_for_create(strategy.default({**made(r.STATEFULSETS), "spec": given(ROLLING)}))
    assert rolling_of(obj).get("maxUnavailable") == kept


def given(changes):
    spec = made(r.STATEFULSETS)["spec"]
    strategy = {**spec["updateStrategy"], "rollingUpdate": changes["updateStrategy"]["rollingUpdate"]}
    return {**spec, "updateStrategy": strategy}


def test_a_field_that_is_stored_stays_when_its_feature_is_turned_off():
    plain = stored(made(r.STATEFULSETS))
    used = {**plain, "spec": given(ROLLING)}
    strategy = new_scheme().strategy(r.STATEFULSETS)
    assert rolling_of(strategy.prepare_for_update(used, used))["maxUnavailable"] == 2
    assert "maxUnavailable" not in rolling_of(strategy.prepare_for_update(used, plain))


def test_with_the_feature_one_member_may_be_missing_unless_told_otherwise():
    features = frozenset({GATE})
    assert rolling_of(with_enabled_defaults(r.STATEFULSETS, made(r.STATEFULSETS), features)) == {
        "partition": 0,
        "maxUnavailable": 1,
    }
    on_delete = made(r.STATEFULSETS, {"updateStrategy": {"type": "OnDelete"}})
    assert with_enabled_defaults(r.STATEFULSETS, on_delete, features) == on_delete

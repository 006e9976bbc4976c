"""Label keys of a new pod become part of its selectors, and must make sense."""

from __future__ import annotations

import pytest

from kubelite.api.podlabelkeys import with_label_keys
from kubelite.api.validation.pods import validate_pod_spec

LABELS = {"app": "a", "rev": "1"}
SELECTOR = {"matchLabels": {"app": "a"}}
IN = {"key": "rev", "operator": "In", "values": ["1"]}
NOT_IN = {"key": "app", "operator": "NotIn", "values": ["a"]}


def test_values_are_merged_into_selectors_wherever_keys_are_named():
    term = {"labelSelector": SELECTOR, "matchLabelKeys": ["rev", "none"], "mismatchLabelKeys": ["app"]}
    spec = {
        "topologySpreadConstraints": [{"labelSelector": SELECTOR, "matchLabelKeys": ["rev"]}, {"maxSkew": 1}],
        "affinity": {
            "nodeAffinity": {"x": "y"},
            "podAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}]
            },
            "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
        },
    }
    made = with_label_keys(spec, LABELS)
    spread, plain = made["topologySpreadConstraints"]
    assert spread["labelSelector"] == {**SELECTOR, "matchExpressions": [IN]}
    assert plain == {"maxSkew": 1}
    affinity = made["affinity"]
    (near,) = affinity["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    (far,) = affinity["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    for each in (near["podAffinityTerm"], far):
        assert each["labelSelector"]["matchExpressions"] == [IN, NOT_IN]
    assert affinity["nodeAffinity"] == {"x": "y"}
    assert "matchExpressions" not in SELECTOR


def test_a_rule_without_a_selector_stays_as_it_is():
    spec = {"topologySpreadConstraints": [{"matchLabelKeys": ["rev"]}]}
    assert with_label_keys(spec, LABELS) == spec


def spread(**rule):
    made = {"maxSkew": 1, "topologyKey": "k", "whenUnsatisfiable": "DoNotSchedule", **rule}
    return {"topologySpreadConstraints": [made]}


def far(**rule):
    terms = {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "k", **rule}]}
    return {"affinity": {"podAntiAffinity": terms}}


AFFINITY = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]"
SPREAD = "spec.topologySpreadConstraints[0]"


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            spread(matchLabelKeys=["rev"]),
            f"{SPREAD}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
        ),
        (
            spread(matchLabelKeys=["app"], labelSelector=SELECTOR),
            (
                f'{SPREAD}.matchLabelKeys[0]: Invalid value: "app": '
                "exists in both matchLabelKeys and labelSelector"
            ),
        ),
        (
            far(mismatchLabelKeys=["rev"]),
            f"{AFFINITY}.mismatchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
        ),
        (
            far(matchLabelKeys=["rev"], mismatchLabelKeys=["rev"], labelSelector=SELECTOR),
            (
                f'{AFFINITY}.mismatchLabelKeys[0]: Invalid value: "rev": '
                "exists in both matchLabelKeys and mismatchLabelKeys"
            ),
        ),
        (spread(matchLabelKeys=["rev"], labelSelector={**SELECTOR, "matchExpressions": [IN]}), None),
    ],
)
def test_keys_that_make_no_sense_are_refused(rules, message):
    container = {"name": "c", "image": "i", "imagePullPolicy": "Always", "terminationMessagePolicy": "File"}
    spec = {"containers": [container], "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", **rules}
    assert [str(error) for error in validate_pod_spec(spec)] == ([message] if message else [])

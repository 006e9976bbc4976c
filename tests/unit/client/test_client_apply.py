"""What `apply` changes of an object: pure plans, carried out by the strategic merge that the server does."""

from __future__ import annotations

import pytest

from kubelite.api import facts
from kubelite.apimachinery.strategic import strategic_merge_patch
from kubelite.client.apply import plan_patch

DEPLOYMENT = facts.type_of("apps/v1", "Deployment")
POD = facts.type_of("v1", "Pod")
NAMESPACE = facts.type_of("v1", "Namespace")


def applied(before, wanted, live, schema):
    """The patch, and what it makes of the live object."""
    patch = plan_patch(before, wanted, live, schema)
    return patch, strategic_merge_patch(live, patch, schema)


def pod(*containers, **spec):
    return {"spec": {"containers": list(containers), **spec}}


def container(name, **more):
    return {"name": name, "image": "nginx", **more}


def test_what_is_as_wanted_needs_no_patch():
    manifest = pod(container("a", env=[{"name": "A", "value": "1"}]), container("b"))
    live = pod(
        container("a", env=[{"name": "A", "value": "1"}], terminationMessagePath="/x"),
        container("b"),
        dnsPolicy="ClusterFirst",
    )
    assert plan_patch(manifest, manifest, live, POD) == {}


def test_a_field_that_is_wanted_no_more_goes_and_those_of_others_stay():
    before = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    live = {"metadata": {"labels": {"a": "1", "b": "2", "other": "3"}}}
    patch, after = applied(before, {"metadata": {"labels": {"a": "1"}}}, live, POD)
    assert patch == {"metadata": {"labels": {"b": None}}}
    assert after == {"metadata": {"labels": {"a": "1", "other": "3"}}}


def test_a_strategy_of_another_type_loses_what_belongs_to_the_first():
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    patch, after = applied(
        {"spec": {}},
        {"spec": {"strategy": {"type": "Recreate"}}},
        {"spec": {"strategy": rolling}},
        DEPLOYMENT,
    )
    assert patch == {"spec": {"strategy": {"type": "Recreate", "$retainKeys": ["type"]}}}
    assert after == {"spec": {"strategy": {"type": "Recreate"}}}


def test_a_volume_of_another_sort_loses_the_first():
    patch, after = applied(
        {},
        {"spec": {"volumes": [{"name": "v", "configMap": {"name": "c"}}]}},
        {"spec": {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}]}},
        POD,
    )
    assert patch["spec"]["volumes"][0]["$retainKeys"] == ["configMap", "name"]
    assert after["spec"]["volumes"] == [
        {"name": "v", "configMap": {"name": "c"}},
        {"name": "w", "emptyDir": {}},
    ]


@pytest.mark.parametrize(
    ("names", "live", "after"),
    [("abc", "ac", "abc"), ("ba", "ab", "ba"), ("xab", "ab", "xab"), ("b", "ab", "b")],
)
def test_items_stand_in_the_order_of_the_manifest(names, live, after):
    made = applied(pod(*map(container, live)), pod(*map(container, names)), pod(*map(container, live)), POD)[
        1
    ]
    assert [each["name"] for each in made["spec"]["containers"]] == list(after)


def test_values_of_a_set_go_when_they_are_wanted_no_more_and_those_of_others_stay():
    def finalizers(*names):
        return {"metadata": {"finalizers": list(names)}}

    before, live = finalizers("x/a", "x/b"), finalizers("x/a", "x/b", "x/other")
    assert plan_patch(before, before, live, NAMESPACE) == {}
    _, after = applied(before, finalizers("x/a", "x/c"), live, NAMESPACE)
    assert sorted(after["metadata"]["finalizers"]) == ["x/a", "x/c", "x/other"]


def test_kinds_without_a_schema_have_their_lists_replaced():
    patch = plan_patch({"spec": {"a": [1, 2]}}, {"spec": {"a": [1]}}, {"spec": {"a": [1, 2]}}, None)
    assert patch == {"spec": {"a": [1]}}

"""Fault plans as data: whom they concern, and how often they take hold."""

from __future__ import annotations

import math

import attrs
import pytest

from kubelite.api.resources import DEPLOYMENTS, PODS
from kubelite.api.scheme import new_scheme
from kubelite.client.faultplans import Asked, FaultPlan, Limits, Refuse, Target, parse_verbs, parse_what
from kubelite.client.faults import Faults

STATUS = Asked(
    "patch", DEPLOYMENTS, "status", "shop", "web-1", "kopf/1.37 Python/3.11", "system:serviceaccount:shop:op"
)
LIST = Asked("list", PODS, "", "", "", "kubectl/v1.37", "admin")


@pytest.mark.parametrize(
    ("what", "concerned"),
    [
        ("deployments/status", True),
        ("deploy/status", True),
        ("deployments.apps/status", True),
        ("deployments/*", True),
        ("*/status", True),
        ("*", True),
        ("deployments", False),
        ("deployments/scale", False),
        ("pods/status", False),
        ("lamps.example.com/status", False),
    ],
)
def test_resources_are_named_as_in_rbac_rules(what, concerned):
    plural, group, subresource = parse_what(what, new_scheme().find)
    assert Target(parse_verbs("PATCH"), plural, group, subresource).matches(STATUS) is concerned


@pytest.mark.parametrize(
    ("verbs", "concerned"),
    [
        ("PATCH", True),
        ("patch", True),
        ("*", True),
        (("PUT", "PATCH"), True),
        ("PUT", False),
        (["get", "list"], False),
    ],
)
def test_verbs_are_methods_in_capitals_or_kubernetes_own(verbs, concerned):
    assert Target(parse_verbs(verbs), "*", None, None).matches(STATUS) is concerned


def test_get_as_a_method_is_every_read_and_as_a_verb_that_of_one_object():
    assert Target(parse_verbs("GET"), "pods").matches(LIST)
    assert not Target(parse_verbs("get"), "pods").matches(LIST)
    assert Target(parse_verbs("LIST"), "pods").matches(LIST)


@pytest.mark.parametrize(
    ("filters", "concerned"),
    [
        ({"client": "kopf"}, True),
        ({"client": "KOPF/*"}, True),
        ({"client": "kopf/2*"}, False),
        ({"client": "kubectl"}, False),
        ({"user": "system:serviceaccount:shop:*"}, True),
        ({"user": "shop"}, False),
        ({"namespace": "shop"}, True),
        ({"namespace": "s?op", "name": "web-*"}, True),
        ({"namespace": "default"}, False),
        ({"name": "web"}, False),
    ],
)
def test_filters_narrow_a_target(filters, concerned):
    assert Target(parse_verbs("*"), "*", None, None, **filters).matches(STATUS) is concerned


def test_paths_concern_what_is_no_resource():
    target = Target(parse_verbs("GET"), "", path="/apis/*")
    asked = Asked("get", None, "", "", "", "kubectl", "admin", "/apis/apps")
    assert target.matches(asked)
    assert not target.matches(attrs.evolve(asked, path="/version"))
    assert Target(parse_verbs("GET"), "", path="/version").matches(attrs.evolve(asked, path="/version/"))
    assert not Target(parse_verbs("*"), "*", None, None).matches(asked)


@pytest.mark.parametrize(
    ("path", "asked", "concerned"),
    [
        ("/apis/apps/v1/namespaces/shop/deployments/web-1/status", STATUS, True),
        ("/apis/apps/v1/namespaces/*/status", STATUS, True),
        ("/apis/apps/v1/namespaces/shop/deployments/web-1", STATUS, False),
        ("/apis/apps/v1/deployments", STATUS, False),
        ("/api/v1/pods", LIST, True),
        ("/api/v1/pods/", LIST, True),
        ("/api/v1/namespaces/shop/pods", attrs.evolve(LIST, namespace="shop"), True),
        ("/api/v1/namespaces/shop/pods", attrs.evolve(LIST, verb="create", namespace="shop", name="a"), True),
        (
            "/api/v1/namespaces/shop/pods/a/binding",
            attrs.evolve(LIST, verb="create", subresource="binding", namespace="shop", name="a"),
            True,
        ),
    ],
)
def test_paths_concern_resources_too(path, asked, concerned):
    assert Target(parse_verbs("*"), "", path=path).matches(asked) is concerned


def plan(*chances, **limits):
    return FaultPlan(
        Target(parse_verbs("*"), "*", None, None),
        Refuse(503),
        Limits(**limits),
        iter(chances).__next__,
        FaultPlan.removed,
    )


def test_times_and_skip_count_what_is_concerned():
    it = plan(times=2, skip=1)
    assert [it.strikes(0.0) for _ in range(5)] == [False, True, True, False, False]
    assert (it.hits, it.is_used_up) == (2, True)


def test_a_plan_holds_between_its_times_only():
    it = plan(begins_s=10.0, ends_s=20.0)
    assert [it.strikes(now) for now in (9.9, 10.0, 19.9, 20.0)] == [False, True, True, False]


def test_chance_is_asked_of_what_is_concerned_and_in_time():
    it = plan(0.1, 0.9, 0.3, probability=0.5, begins_s=1.0, ends_s=math.inf)
    assert [it.strikes(now) for now in (0.0, 1.0, 2.0, 3.0)] == [False, True, False, True]


def test_with_removes_a_plan():
    with plan() as it:
        assert it.strikes(0.0)
    assert it.is_removed
    assert not it.strikes(0.0)
    assert repr(it) == "<FaultPlan * *: error 503, 1 hits, removed>"


class Silent:
    """An engine that only knows the kinds."""

    plans = ()
    find = staticmethod(new_scheme().find)


@pytest.mark.parametrize(
    ("say", "why"),
    [
        (lambda faults: faults.on("FETCH", "pods"), "'FETCH' is neither a method nor a verb"),
        (lambda faults: faults.on("GET", "pots"), "no resource 'pots' is served"),
        (lambda faults: faults.on("GET", "pods", probability=0), "a probability is above 0"),
        (lambda faults: faults.on("GET", "pods", lasts=0), "lasts is more than 0"),
        (lambda faults: faults.on("GET", "pods").error(200), "a code of 400 to 599, not 200"),
        (lambda faults: faults.on("GET", "pods").conflict(times=0), "not 0 times"),
        (lambda faults: faults.on("GET", "pods").delay(0), "more than 0 s"),
        (lambda faults: faults.watch("pods").lag(-1), "more than 0 s"),
        (lambda faults: faults.watch("pods").drop(after_events=0), "1 event or more"),
    ],
)
def test_what_cannot_be_meant_is_refused(say, why):
    with pytest.raises(ValueError, match=why):
        say(Faults(Silent))

"""Which FlowSchema takes a request."""

import pytest

from kubelite.client.requests import UserInfo
from kubelite.master.rest.flowcontrol import Classifier
from kubelite.master.rest.requestinfo import parse_request

ALICE = UserInfo("alice", ("devs", "system:authenticated"))
ADMIN = UserInfo("root", ("system:masters",))
BOT = UserInfo("system:serviceaccount:ci:bot", ("system:serviceaccounts",))


def make_level(name, type_="Limited"):
    return {"metadata": {"name": name, "uid": f"level-{name}"}, "spec": {"type": type_}}


def make_schema(name, level, precedence, subjects, resources=(), paths=()):
    rule = {"subjects": list(subjects), "resourceRules": list(resources), "nonResourceRules": list(paths)}
    spec = {
        "matchingPrecedence": precedence,
        "priorityLevelConfiguration": {"name": level},
        "rules": [rule],
    }
    return {"metadata": {"name": name, "uid": f"schema-{name}"}, "spec": spec}


def group(name):
    return {"kind": "Group", "group": {"name": name}}


def resource_rule(**given):
    rule = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
    return {**rule, **given}


def path_rule(*urls, verbs=("*",)):
    return {"verbs": list(verbs), "nonResourceURLs": list(urls)}


LEVELS = [make_level("exempt", "Exempt"), make_level("low"), make_level("high")]
EVERYTHING = {"resources": [resource_rule()], "paths": [path_rule("*")]}


def matched(schemas, user, method, path):
    found = Classifier(schemas, LEVELS).classify(user, parse_request(method, *path.partition("?")[::2]))
    return None if found is None else (found.flow_schema, found.priority_level, found.is_exempt)


def test_the_smallest_precedence_wins_and_then_the_name():
    schemas = [
        make_schema("late", "low", 900, [group("*")], **EVERYTHING),
        make_schema("b", "low", 100, [group("*")], **EVERYTHING),
        make_schema("a", "high", 100, [group("*")], **EVERYTHING),
        make_schema("masters", "exempt", 1, [group("system:masters")], **EVERYTHING),
    ]
    assert matched(schemas, ALICE, "GET", "/api/v1/pods") == ("schema-a", "level-high", False)
    assert matched(schemas, ADMIN, "GET", "/api/v1/pods") == ("schema-masters", "level-exempt", True)


def test_a_schema_without_its_level_takes_nothing():
    schemas = [
        make_schema("broken", "gone", 1, [group("*")], **EVERYTHING),
        make_schema("whole", "low", 2, [group("*")], **EVERYTHING),
    ]
    assert matched(schemas, ALICE, "GET", "/version")[0] == "schema-whole"
    assert matched(schemas[:1], ALICE, "GET", "/version") is None


@pytest.mark.parametrize(
    ("subject", "user", "holds"),
    [
        ({"kind": "User", "user": {"name": "alice"}}, ALICE, True),
        ({"kind": "User", "user": {"name": "*"}}, ALICE, True),
        ({"kind": "User", "user": {"name": "bob"}}, ALICE, False),
        (group("devs"), ALICE, True),
        (group("ops"), ALICE, False),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "ci", "name": "bot"}}, BOT, True),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "ci", "name": "*"}}, BOT, True),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "c", "name": "*"}}, BOT, False),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "ci", "name": "other"}}, BOT, False),
        ({"kind": "Robot"}, BOT, False),
    ],
)
def test_subjects(subject, user, holds):
    schemas = [make_schema("s", "low", 1, [subject], **EVERYTHING)]
    assert (matched(schemas, user, "GET", "/api/v1/pods") is not None) is holds


@pytest.mark.parametrize(
    ("rule", "method", "path", "holds"),
    [
        ({}, "GET", "/api/v1/pods", True),
        ({"verbs": ["list"]}, "GET", "/api/v1/pods", True),
        ({"verbs": ["list"]}, "GET", "/api/v1/pods?watch=1", False),
        ({"apiGroups": ["apps"]}, "GET", "/apis/apps/v1/deployments", True),
        ({"apiGroups": ["apps"]}, "GET", "/api/v1/pods", False),
        ({"resources": ["pods"]}, "PUT", "/api/v1/namespaces/a/pods/x/status", False),
        ({"resources": ["pods/status"]}, "PUT", "/api/v1/namespaces/a/pods/x/status", True),
        ({"clusterScope": False}, "GET", "/api/v1/nodes", False),
        ({"clusterScope": False}, "GET", "/api/v1/namespaces/a/pods", True),
        ({"namespaces": ["a"]}, "GET", "/api/v1/namespaces/a/pods", True),
        ({"namespaces": ["a"]}, "GET", "/api/v1/namespaces/b/pods", False),
        ({"namespaces": ["a"]}, "GET", "/api/v1/namespaces/a", True),
        ({}, "GET", "/version", False),
    ],
)
def test_resource_rules(rule, method, path, holds):
    schemas = [make_schema("s", "low", 1, [group("*")], resources=[resource_rule(**rule)])]
    assert (matched(schemas, ALICE, method, path) is not None) is holds


@pytest.mark.parametrize(
    ("rule", "path", "holds"),
    [
        (path_rule("*"), "/anything", True),
        (path_rule("/healthz"), "/healthz", True),
        (path_rule("/healthz"), "/healthz/etcd", True),
        (path_rule("/healthz"), "/healthzzz", False),
        (path_rule("/healthz/*"), "/healthz/etcd", True),
        (path_rule("*", verbs=["post"]), "/healthz", False),
        (path_rule("*"), "/api/v1/pods", False),
    ],
)
def test_path_rules(rule, path, holds):
    schemas = [make_schema("s", "low", 1, [group("*")], paths=[rule])]
    assert (matched(schemas, ALICE, "GET", path) is not None) is holds


def test_what_was_classified_is_remembered_within_bounds(monkeypatch):
    monkeypatch.setattr("kubelite.master.rest.flowcontrol.REMEMBERED_MAX", 2)
    classifier = Classifier([make_schema("s", "low", 1, [group("*")], **EVERYTHING)], LEVELS)
    for index in range(5):
        assert classifier.classify(ALICE, parse_request("GET", f"/x{index}")) is not None
    assert "1 flow schemas, 1 remembered" in repr(classifier)

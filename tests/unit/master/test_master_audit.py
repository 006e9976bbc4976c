"""The audit log: records, policy rules, events."""

import pytest

from kubelite.client.requests import UserInfo
from kubelite.master.audit import AuditLog, Record, events_of, rule_matches

ALICE = UserInfo("alice", ("devs",), uid="7", extra={"scopes": ("a",)})


def make_record(**given):
    made = Record("id-1", 1.5, "/apis/apps/v1/namespaces/n/deployments/d?x=1", "get", "127.0.0.1", "curl/8")
    made.group, made.version, made.plural = "apps", "v1", "deployments"
    made.namespace, made.name, made.user = "n", "d", ALICE
    for name, value in given.items():
        setattr(made, name, value)
    return made


def test_an_event_tells_who_asked_what_and_what_the_answer_was():
    record = make_record(ended=2.0, code=200, decision="allow")
    received, complete = events_of(record)
    assert (received["stage"], received["stageTimestamp"]) == (
        "RequestReceived",
        "1970-01-01T00:00:01.500000Z",
    )
    assert complete == {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": "id-1",
        "stage": "ResponseComplete",
        "requestURI": "/apis/apps/v1/namespaces/n/deployments/d?x=1",
        "verb": "get",
        "user": {"username": "alice", "uid": "7", "groups": ["devs"], "extra": {"scopes": ["a"]}},
        "sourceIPs": ["127.0.0.1"],
        "userAgent": "curl/8",
        "objectRef": {
            "resource": "deployments",
            "namespace": "n",
            "name": "d",
            "apiGroup": "apps",
            "apiVersion": "v1",
        },
        "requestReceivedTimestamp": "1970-01-01T00:00:01.500000Z",
        "stageTimestamp": "1970-01-01T00:00:02.000000Z",
        "responseStatus": {"metadata": {}, "code": 200},
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    }


def test_a_status_is_told_and_who_is_acted_for():
    status = {"kind": "Status", "status": "Failure", "reason": "NotFound", "message": "no", "code": 404}
    record = make_record(ended=2.0, code=404, status=status, impersonated=UserInfo("bob"))
    event = events_of(record)[-1]
    assert event["responseStatus"] == {
        "metadata": {},
        "status": "Failure",
        "message": "no",
        "reason": "NotFound",
        "code": 404,
    }
    assert event["impersonatedUser"] == {"username": "bob"}


def test_what_lasts_has_a_stage_more():
    stages = [event["stage"] for event in events_of(make_record(started=2.0, ended=3.0, code=200))]
    assert stages == ["RequestReceived", "ResponseStarted", "ResponseComplete"]
    assert [event["stage"] for event in events_of(make_record())] == ["RequestReceived"]


def test_the_log_is_bounded_and_reads_as_a_sequence():
    log = AuditLog(records_max=2)
    for index in range(3):
        log.add(make_record(audit_id=str(index), received=float(index)))
    assert [event["auditID"] for event in log] == ["1", "2"]
    assert len(log) == 2
    assert log[-1]["auditID"] == "2"
    assert repr(log) == "<AuditLog Metadata, 2 of 3 requests kept>"
    log.clear()
    assert list(log) == []


def test_a_level_of_none_records_nothing_and_others_do_not_exist():
    log = AuditLog("None")
    log.add(make_record())
    assert len(log) == 0
    with pytest.raises(ValueError, match="an audit level is one of None, Metadata, not 'All'"):
        AuditLog("All")
    with pytest.raises(ValueError, match="not 'RequestResponse'"):
        AuditLog(rules=[{"level": "RequestResponse"}])


def test_the_first_rule_that_matches_decides():
    rules = [{"level": "Metadata", "verbs": ["delete"]}, {"level": "None", "userGroups": ["devs"]}]
    log = AuditLog(rules=rules)
    log.add(make_record())
    assert len(log) == 0
    log.add(make_record(verb="delete"))
    log.add(make_record(user=UserInfo("eve")))
    assert len(log) == 2


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({}, True),
        ({"users": ["alice"]}, True),
        ({"users": ["bob"]}, False),
        ({"verbs": ["get", "list"]}, True),
        ({"namespaces": ["n"]}, True),
        ({"namespaces": ["m"]}, False),
        ({"resources": [{"group": "apps"}]}, True),
        ({"resources": [{"group": ""}]}, False),
        ({"resources": [{"group": "apps", "resources": ["deployments"]}]}, True),
        ({"resources": [{"group": "apps", "resources": ["*"]}]}, True),
        ({"resources": [{"group": "apps", "resources": ["deployments/status"]}]}, False),
        ({"resources": [{"group": "apps", "resources": ["deployments"], "resourceNames": ["e"]}]}, False),
        ({"nonResourceURLs": ["/apis*"]}, False),
    ],
)
def test_rules(rule, holds):
    assert rule_matches(rule, make_record()) is holds


@pytest.mark.parametrize(
    ("wanted", "holds"), [("deployments/*", True), ("*/scale", True), ("deployments", False)]
)
def test_rules_for_subresources(wanted, holds):
    rule = {"resources": [{"group": "apps", "resources": [wanted]}]}
    assert rule_matches(rule, make_record(subresource="scale")) is holds


@pytest.mark.parametrize(("wanted", "holds"), [("/healthz", True), ("/health*", True), ("/version", False)])
def test_rules_for_paths(wanted, holds):
    record = make_record(uri="/healthz?verbose", plural="", group="", namespace="", name="")
    assert rule_matches({"nonResourceURLs": [wanted]}, record) is holds

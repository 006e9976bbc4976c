"""Reviews of rights: questions about somebody, oneself, or a namespace."""

from __future__ import annotations

import pytest

from kubelite.api.resources import (
    LOCALSUBJECTACCESSREVIEWS,
    PODS,
    SELFSUBJECTACCESSREVIEWS,
    SELFSUBJECTREVIEWS,
    SELFSUBJECTRULESREVIEWS,
    SUBJECTACCESSREVIEWS,
)
from kubelite.apimachinery.apierrors import BadRequest, Forbidden, Invalid
from kubelite.client.requests import ANONYMOUS, UserInfo
from tests.harness import api_server

ALICE = UserInfo("alice", ("dev", "system:authenticated"), "u1", {"b": ("x",), "a": ("y", "z")})
PODS_OF_DEFAULT = {"namespace": "default", "verb": "list", "resource": "pods"}


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


async def ask(client, resource, where=None, *, metadata=None, **spec):
    body = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": metadata or {},
        "spec": spec,
    }
    return await client.create(resource, body, where)


async def test_one_may_ask_who_one_is(client):
    answer = await ask(client.as_user(ALICE), SELFSUBJECTREVIEWS)
    assert answer["status"]["userInfo"] == {
        "username": "alice",
        "uid": "u1",
        "groups": ["dev", "system:authenticated"],
        "extra": {"a": ["y", "z"], "b": ["x"]},
    }
    assert answer["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


async def test_nobody_unknown_may_ask(client):
    with pytest.raises(Forbidden):
        await ask(client.as_user(ANONYMOUS), SELFSUBJECTREVIEWS)


async def test_one_may_ask_for_ones_rights(client):
    for user, allowed in ((client.user, True), (ALICE, False)):
        answer = await ask(client.as_user(user), SELFSUBJECTACCESSREVIEWS, resourceAttributes=PODS_OF_DEFAULT)
        assert answer["status"] == {"allowed": allowed}


async def test_nobody_but_masters_may_ask_about_others(client):
    with pytest.raises(Forbidden):
        await ask(client.as_user(ALICE), SUBJECTACCESSREVIEWS, user="bob", resourceAttributes=PODS_OF_DEFAULT)


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ({"user": "alice", "resourceAttributes": PODS_OF_DEFAULT}, False),
        ({"user": "a", "groups": ["system:masters"], "resourceAttributes": PODS_OF_DEFAULT}, True),
        ({"groups": ["system:masters"], "nonResourceAttributes": {"path": "/x", "verb": "get"}}, True),
        ({"user": "alice", "nonResourceAttributes": {"path": "/version", "verb": "get"}}, True),
        ({"user": "alice", "nonResourceAttributes": {"path": "/metrics", "verb": "get"}}, False),
    ],
)
async def test_masters_may_ask_about_anybody(client, spec, allowed):
    assert (await ask(client, SUBJECTACCESSREVIEWS, **spec))["status"] == {"allowed": allowed}


IN = {"key": "a", "operator": "In", "values": ["b"]}


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({"user": "a"}, "spec.resourceAttributes", "exactly one of nonResourceAttributes or"),
        ({"resourceAttributes": {}}, "spec.user", "at least one of user or group must be specified"),
        (
            {"user": "a", "resourceAttributes": {}, "nonResourceAttributes": {}},
            "spec.nonResourceAttributes",
            '{"Path":"","Verb":""}: cannot be specified in combination with resourceAttributes',
        ),
        (
            {"user": "a", "resourceAttributes": {"fieldSelector": {}}},
            "spec.resourceAttributes.fieldSelector.requirements",
            "when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is",
        ),
        (
            {
                "user": "a",
                "resourceAttributes": {"labelSelector": {"rawSelector": "a", "requirements": [IN]}},
            },
            "spec.resourceAttributes.labelSelector.rawSelector",
            "may not specified at the same time as requirements",
        ),
        (
            {"user": "a", "resourceAttributes": {"fieldSelector": {"requirements": [{**IN, "key": ""}]}}},
            "spec.resourceAttributes.fieldSelector.requirements[0].key",
            "must be specified",
        ),
        (
            {"user": "a", "resourceAttributes": {"fieldSelector": {"requirements": [{**IN, "values": []}]}}},
            "spec.resourceAttributes.fieldSelector.requirements[0].values",
            "must be specified when `operator` is 'In' or 'NotIn'",
        ),
        (
            {
                "user": "a",
                "resourceAttributes": {"labelSelector": {"requirements": [{**IN, "operator": "Exists"}]}},
            },
            "spec.resourceAttributes.labelSelector.requirements[0].values",
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
    ],
)
async def test_a_review_says_who_and_what(client, spec, field, words):
    with pytest.raises(Invalid) as refused:
        await ask(client, SUBJECTACCESSREVIEWS, **spec)
    assert [error.field for error in refused.value.errors] == [field]
    assert words in refused.value.message


async def test_a_review_has_no_metadata(client):
    with pytest.raises(Invalid) as refused:
        await ask(client, SELFSUBJECTACCESSREVIEWS, metadata={"name": "x"}, resourceAttributes={})
    assert "metadata: Invalid value" in refused.value.message
    assert "must be empty" in refused.value.message


async def test_a_local_review_is_about_its_namespace(client):
    answer = await ask(
        client, LOCALSUBJECTACCESSREVIEWS, "default", user="a", resourceAttributes=PODS_OF_DEFAULT
    )
    assert answer["metadata"]["namespace"] == "default"
    assert answer["status"] == {"allowed": False}
    with pytest.raises(Invalid) as refused:
        await ask(
            client,
            LOCALSUBJECTACCESSREVIEWS,
            "default",
            user="a",
            resourceAttributes={**PODS_OF_DEFAULT, "namespace": "other"},
        )
    assert "spec.resourceAttributes.namespace" in refused.value.message
    with pytest.raises(Invalid) as refused:
        await ask(client, LOCALSUBJECTACCESSREVIEWS, "default", user="a", nonResourceAttributes={"path": "/"})
    assert "disallowed on this kind of request" in refused.value.message


async def test_rules_are_told_for_a_namespace(client):
    answer = await ask(client, SELFSUBJECTRULESREVIEWS, namespace="default")
    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in answer["status"]["resourceRules"]
    assert answer["status"]["incomplete"] is False
    answer = await ask(client.as_user(ALICE), SELFSUBJECTRULESREVIEWS, namespace="default")
    assert {
        "verbs": ["create"],
        "apiGroups": ["authentication.k8s.io"],
        "resources": ["selfsubjectreviews"],
    } in answer["status"]["resourceRules"]
    with pytest.raises(BadRequest) as refused:
        await ask(client, SELFSUBJECTRULESREVIEWS)
    assert refused.value.message == "no namespace on request"


async def test_nothing_else_is_allowed_to_those_who_are_known(client):
    with pytest.raises(Forbidden):
        await client.as_user(ALICE).list(PODS, "default")


async def test_a_namespace_of_a_review_that_has_none_is_left_out(client):
    answer = await ask(
        client.as_user(ALICE),
        SELFSUBJECTACCESSREVIEWS,
        metadata={"namespace": "x"},
        resourceAttributes=PODS_OF_DEFAULT,
    )
    assert "namespace" not in answer["metadata"]
    assert "allowed" in answer["status"]

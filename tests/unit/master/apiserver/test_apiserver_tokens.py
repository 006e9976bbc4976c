"""Tokens of service accounts: what is asked for, what they claim, and how long they are good."""

from __future__ import annotations

import json

import pytest

from kubelite.api.resources import NODES, PODS, SECRETS, SERVICEACCOUNTS, TOKENREVIEWS
from kubelite.apimachinery.apierrors import BadRequest, Conflict, Forbidden, Invalid, NotFound
from kubelite.client.requests import ADMIN
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.auth.jwt import TokenKey, decode
from kubelite.master.auth.serviceaccounts import InvalidTokenError, ServiceAccountTokens
from tests.harness import api_server, make_pod

ISSUER = "https://kubernetes.default.svc"


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


async def ask(client, name="default", *, metadata=None, **spec):
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": metadata or {},
        "spec": spec,
    }
    return await client.create(SERVICEACCOUNTS, body, "default", name=name, subresource="token")


async def review(client, token, **spec):
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token, **spec},
    }
    return (await client.create(TOKENREVIEWS, body))["status"]


def claims_of(token):
    return json.loads(decode(token.split(".")[1]))


async def test_a_token_has_kubernetes_claims(client):
    account = await client.get(SERVICEACCOUNTS, "default", "default")
    answer = await ask(client)
    assert answer["metadata"]["name"] == "default"
    assert answer["metadata"]["uid"] == account["metadata"]["uid"]
    assert answer["spec"] == {"audiences": [ISSUER], "expirationSeconds": 3600, "boundObjectRef": None}
    claims = claims_of(answer["status"]["token"])
    assert claims["iss"] == ISSUER
    assert claims["aud"] == [ISSUER]
    assert claims["sub"] == "system:serviceaccount:default:default"
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["nbf"] == claims["iat"]
    assert claims["kubernetes.io"] == {
        "namespace": "default",
        "serviceaccount": {"name": "default", "uid": account["metadata"]["uid"]},
    }
    assert answer["status"]["expirationTimestamp"] == "2026-01-01T01:00:00Z"


async def test_a_token_authenticates_its_account(client):
    account = await client.get(SERVICEACCOUNTS, "default", "default")
    token = (await ask(client))["status"]["token"]
    status = await review(client, token)
    jti = claims_of(token)["jti"]
    assert status == {
        "authenticated": True,
        "user": {
            "username": "system:serviceaccount:default:default",
            "uid": account["metadata"]["uid"],
            "groups": ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
            "extra": {"authentication.kubernetes.io/credential-id": [f"JTI={jti}"]},
        },
        "audiences": [ISSUER],
    }


async def test_a_token_for_others_is_not_for_the_api_server(client):
    token = (await ask(client, audiences=["vault"]))["status"]["token"]
    assert await review(client, token) == {
        "user": {},
        "error": (
            '[invalid bearer token, token audiences ["vault"] is invalid for the target audiences '
            f'["{ISSUER}"]]'
        ),
    }
    assert (await review(client, token, audiences=["other", "vault"]))["audiences"] == ["vault"]


async def test_an_unknown_token_is_invalid(client):
    assert await review(client, "nonsense") == {"user": {}, "error": "invalid bearer token"}
    with pytest.raises(BadRequest) as refused:
        await review(client, "")
    assert refused.value.message == "token is required for TokenReview in authentication"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(599, "less than 10 minutes"), (2**32 + 1, "larger than 2^32 seconds")],
)
async def test_the_life_of_a_token_has_bounds(client, seconds, words):
    with pytest.raises(Invalid) as refused:
        await ask(client, expirationSeconds=seconds)
    assert refused.value.message == (
        'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: '
        f"Invalid value: {seconds}: may not specify a duration {words}"
    )


async def test_the_account_has_to_exist(client):
    with pytest.raises(NotFound):
        await ask(client, "none")


async def test_the_body_may_not_name_another_account(client):
    with pytest.raises(Invalid) as refused:
        await ask(client, metadata={"name": "other"})
    assert [error.field for error in refused.value.errors] == ["metadata.name"]
    with pytest.raises(BadRequest):
        await ask(client, metadata={"namespace": "other"})


async def test_another_uid_is_a_conflict(client):
    with pytest.raises(Conflict) as refused:
        await ask(client, metadata={"uid": "other"})
    assert "the UID in the token request (other) does not match" in refused.value.message


async def test_an_expired_token_is_good_for_a_minute_of_leeway(client):
    token = (await ask(client, expirationSeconds=600))["status"]["token"]
    await client.clock.sleep(655)
    assert (await review(client, token))["authenticated"]
    await client.clock.sleep(10)
    assert (await review(client, token))["error"] == (
        "[invalid bearer token, service account token has expired]"
    )


# --- bound tokens -------------------------------------------------------------------------------------------


async def test_a_token_bound_to_a_pod_names_pod_and_node(client):
    node = await client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
    pod = await client.create(PODS, make_pod(nodeName="n1"), "default")
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "web"}
    token = (await ask(client, boundObjectRef=reference))["status"]["token"]
    private = claims_of(token)["kubernetes.io"]
    assert private["pod"] == {"name": "web", "uid": pod["metadata"]["uid"]}
    assert private["node"] == {"name": "n1", "uid": node["metadata"]["uid"]}
    extra = (await review(client, token))["user"]["extra"]
    assert extra["authentication.kubernetes.io/pod-name"] == ["web"]
    assert extra["authentication.kubernetes.io/node-uid"] == [node["metadata"]["uid"]]


async def test_a_bound_token_dies_with_its_object(client):
    await client.create(PODS, make_pod(), "default")
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "web"}
    token = (await ask(client, boundObjectRef=reference))["status"]["token"]
    await client.delete(PODS, "web", "default", grace_period_s=0)
    words = "[invalid bearer token, service account token has been invalidated]"
    assert (await review(client, token))["error"] == words
    await client.create(PODS, make_pod(), "default")
    assert "does not match service account pod ref claim" in (await review(client, token))["error"]


async def test_a_pods_own_token_lives_on_for_a_year(client):
    await client.create(PODS, make_pod(), "default")
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "web"}
    answer = await ask(client, boundObjectRef=reference, expirationSeconds=3607)
    claims = claims_of(answer["status"]["token"])
    assert claims["exp"] - claims["iat"] == 365 * 24 * 3600
    assert claims["kubernetes.io"]["warnafter"] - claims["iat"] == 3607
    assert answer["status"]["expirationTimestamp"] == "2026-01-01T01:00:07Z"


async def test_a_token_bound_to_a_secret_dies_with_it(client):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    await client.create(SECRETS, secret, "default")
    reference = {"kind": "Secret", "apiVersion": "v1", "name": "s"}
    token = (await ask(client, boundObjectRef=reference))["status"]["token"]
    assert (await review(client, token))["authenticated"]
    await client.delete(SECRETS, "s", "default")
    assert "has been invalidated" in (await review(client, token))["error"]


async def test_what_a_token_is_bound_to_has_to_fit(client):
    with pytest.raises(NotFound):
        await ask(client, boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "none"})
    with pytest.raises(BadRequest) as refused:
        await ask(client, boundObjectRef={"kind": "Deployment", "apiVersion": "apps/v1", "name": "d"})
    assert refused.value.message == "cannot bind token to object of type apps/v1, Kind=Deployment"
    await client.create(PODS, make_pod(), "default")
    with pytest.raises(Conflict) as conflict:
        await ask(client, boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "web", "uid": "other"})
    assert "the UID in the bound object reference (other) does not match" in conflict.value.message
    other = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "other"}}
    await client.create(SERVICEACCOUNTS, other, "default")
    with pytest.raises(BadRequest) as refused:
        await ask(client, "other", boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "web"})
    assert "to pod running with different serviceaccount name." in refused.value.message


async def test_a_token_dies_with_its_account(client):
    token = (await ask(client))["status"]["token"]
    await client.delete(SERVICEACCOUNTS, "default", "default")
    assert (await review(client, token))["error"] == (
        '[invalid bearer token, serviceaccounts "default" not found]'
    )
    again = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    await client.create(SERVICEACCOUNTS, again, "default")
    assert "does not match claim" in (await review(client, token))["error"]


# --- the authenticator --------------------------------------------------------------------------------------


async def test_static_tokens_are_for_the_api_server(client):
    authenticator = Authenticator({"secret": ADMIN})
    assert authenticator.review("secret").user == ADMIN
    with pytest.raises(InvalidTokenError):
        authenticator.review("secret", ["vault"])


async def legacy(client):
    """A Secret with the token of the default account, and what issues and knows such tokens."""
    tokens = ServiceAccountTokens(TokenKey(), client.store, client.clock.now)
    token = tokens.issue_legacy(await client.get(SERVICEACCOUNTS, "default", "default"), "legacy")
    metadata = {"name": "legacy", "annotations": {"kubernetes.io/service-account.name": "default"}}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "kubernetes.io/service-account-token",
        "stringData": {"token": token},
    }
    await client.create(SECRETS, secret, "default")
    return tokens, token


async def test_a_legacy_token_lives_as_long_as_its_secret(client):
    tokens, token = await legacy(client)
    found = tokens.authenticate(token)
    assert found is not None
    assert found.user.name == "system:serviceaccount:default:default"
    await client.patch(SECRETS, "legacy", {"stringData": {"token": "another"}}, "default")
    with pytest.raises(InvalidTokenError, match="does not match server's copy"):
        tokens.authenticate(token)
    await client.delete(SECRETS, "legacy", "default")
    with pytest.raises(InvalidTokenError):
        tokens.authenticate(token)


async def test_the_use_of_a_legacy_token_is_told_once_a_day(client):
    tokens, token = await legacy(client)
    told = []
    tokens.on_used = lambda secret, day: told.append((secret["metadata"]["name"], day))
    tokens.authenticate(token)
    [(name, day)] = told
    assert name == "legacy"
    label = {"metadata": {"labels": {"kubernetes.io/legacy-token-last-used": day}}}
    await client.patch(SECRETS, "legacy", label, "default")
    tokens.authenticate(token)
    assert len(told) == 1


async def test_a_legacy_token_marked_as_invalid_is_refused(client):
    tokens, token = await legacy(client)
    label = {"metadata": {"labels": {"kubernetes.io/legacy-token-invalid-since": "2026-01-01"}}}
    await client.patch(SECRETS, "legacy", label, "default")
    with pytest.raises(
        InvalidTokenError, match="for service account default/default has been marked invalid"
    ):
        tokens.authenticate(token)


async def test_nothing_new_is_made_for_a_namespace_that_goes(client):
    from kubelite.api.resources import CONFIGMAPS, NAMESPACES

    await client.namespace("gone")
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "finalizers": ["a.b/c"]}}
    await client.create(CONFIGMAPS, held, "gone")
    await client.delete(NAMESPACES, "gone")
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    with pytest.raises(Forbidden) as refused:
        await client.create(SERVICEACCOUNTS, body, "gone", name="default", subresource="token")
    assert "because it is being terminated" in refused.value.message

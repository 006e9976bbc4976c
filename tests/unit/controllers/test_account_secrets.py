"""Secrets of service accounts: filled, kept right, deleted with the account; and those that nobody uses."""

from __future__ import annotations

import base64

import pytest

from kubelite.api.resources import PODS, SECRETS, SERVICEACCOUNTS
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.registry import ControllersConfig
from kubelite.controllers.serviceaccount import tokencleaner
from kubelite.controllers.serviceaccount.tokens import TokensController, plan_reference
from kubelite.controllers.serviceaccount.tokens import plan as plan_token
from kubelite.reconcile.intents import DeleteObject, PatchObject
from tests.harness import make_pod
from tests.unit.controllers.rig import rig

ACCOUNT = {"metadata": {"name": "a", "namespace": "n", "uid": "u"}}


def secret(data=None, **annotations):
    named = {"kubernetes.io/service-account.name": "a", **annotations}
    metadata = {"name": "s", "namespace": "n", "uid": "v", "resourceVersion": "7", "annotations": named}
    return {"metadata": metadata, "type": "kubernetes.io/service-account-token", "data": data or {}}


def issue(account, name):
    return f"{account['metadata']['name']}/{name}"


def decoded(data):
    return {key: base64.b64decode(text).decode() for key, text in data.items()}


def test_a_secret_is_filled():
    [intent] = plan_token(secret(), ACCOUNT, "PEM", issue)
    assert decoded(intent.object["data"]) == {"ca.crt": "PEM", "namespace": "n", "token": "a/s"}
    assert intent.object["metadata"]["annotations"]["kubernetes.io/service-account.uid"] == "u"
    assert plan_token(intent.object, ACCOUNT, "PEM", issue) == ()


@pytest.mark.parametrize("account", [None, {"metadata": {**ACCOUNT["metadata"], "uid": "other"}}])
def test_a_secret_goes_with_its_account(account):
    made = secret(**{"kubernetes.io/service-account.uid": "u"})
    [intent] = plan_token(made, account, "PEM", issue)
    assert (intent.name, intent.uid, intent.resource_version) == ("s", "v", "7")


def test_only_what_is_missing_or_of_another_authority_is_written():
    own = {"ca.crt": "b2xk", "namespace": "eA==", "token": "eQ==", "more": "eg=="}
    [intent] = plan_token(secret(own), ACCOUNT, "PEM", issue)
    assert intent.object["data"] == {**own, "ca.crt": base64.b64encode(b"PEM").decode()}
    assert plan_token(secret(intent.object["data"]), ACCOUNT, "PEM", issue) == ()


def test_an_account_forgets_a_secret_that_is_gone():
    account = {**ACCOUNT, "secrets": [{"name": "s"}, {"name": "t"}]}
    [intent] = plan_reference(account, "s")
    assert intent.object["secrets"] == [{"name": "t"}]
    [intent] = plan_reference(intent.object, "t")
    assert "secrets" not in intent.object
    assert plan_reference(intent.object, "t") == ()


def token_secret(name, account="default", **annotations):
    named = {"kubernetes.io/service-account.name": account, **annotations}
    kind = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token"}
    return {**kind, "metadata": {"name": name, "annotations": named}}


async def test_secrets_come_and_go_with_their_accounts():
    async with rig(TokensController.name, config=ControllersConfig(root_ca="PEM", issue_token=issue)) as r:
        made = await r.client.create(SECRETS, token_secret("s"), "default")
        await r.settle()
        found = await r.client.get(SECRETS, "s", "default")
        assert decoded(found["data"])["token"] == "default/s"
        patch = {"secrets": [{"name": "s"}, {"name": "other"}]}
        await r.client.patch(SERVICEACCOUNTS, "default", patch, "default")
        await r.client.delete(SECRETS, "s", "default", uid=made["metadata"]["uid"])
        await r.settle()
        account = await r.client.get(SERVICEACCOUNTS, "default", "default")
        assert account["secrets"] == [{"name": "other"}]
        await r.client.create(SECRETS, token_secret("t"), "default")
        await r.client.create(SECRETS, token_secret("nobody", "missing"), "default")
        await r.settle()
        await r.gone(SECRETS, "nobody", "default")
        await r.client.delete(SERVICEACCOUNTS, "default", "default")
        await r.gone(SECRETS, "t", "default")


# --- tokens that nobody uses --------------------------------------------------------------------------------

YEAR_S = tokencleaner.UNUSED_S
NOW = 1_800_000_000.0


def day(ago_s=0.0):
    return format_time(NOW - ago_s)[:10]


def old(age_s=2 * YEAR_S, **labels):
    made = secret()
    names = {"used": tokencleaner.LAST_USED, "invalid": tokencleaner.INVALID_SINCE}
    labelled = {names[key]: value for key, value in labels.items()}
    since = format_time(NOW - age_s)
    return {**made, "metadata": {**made["metadata"], "creationTimestamp": since, "labels": labelled}}


@pytest.mark.parametrize(
    ("item", "unused"),
    [
        (old(), True),
        (old(age_s=YEAR_S), False),
        (old(used=day(YEAR_S)), False),
        (old(used=day(YEAR_S + 86400)), True),
        (old(used="yesterday"), False),
    ],
)
def test_a_token_is_unused_after_a_year_without_use(item, unused):
    assert tokencleaner.is_unused(item, NOW) is unused


def test_an_unused_token_is_marked_and_deleted_a_year_later():
    [mark] = tokencleaner.plan(old(), NOW)
    assert isinstance(mark, PatchObject)
    assert mark.patch["metadata"] == {"uid": "v", "labels": {tokencleaner.INVALID_SINCE: day()}}
    assert tokencleaner.plan(old(invalid=day(YEAR_S)), NOW) == ()
    [gone] = tokencleaner.plan(old(invalid=day(YEAR_S + 86400)), NOW)
    assert isinstance(gone, DeleteObject)
    assert gone.resource_version == "7"


async def test_only_tokens_that_accounts_list_are_looked_at():
    config = ControllersConfig(token_unused_s=86400)
    async with rig(tokencleaner.TokenCleaner.name, config=config) as r:
        for name in ("made", "manual", "mounted"):
            await r.client.create(SECRETS, token_secret(name), "default")
        listed = {"secrets": [{"name": "made"}, {"name": "mounted"}]}
        await r.client.patch(SERVICEACCOUNTS, "default", listed, "default")
        await r.client.create(PODS, make_pod("p", imagePullSecrets=[{"name": "mounted"}]), "default")

        async def marked():
            secrets = [each["metadata"] for each in (await r.client.list(SECRETS, "default")).items]
            return [each["name"] for each in secrets if tokencleaner.INVALID_SINCE in each.get("labels", {})]

        await r.settle(86400)
        assert await marked() == []
        await r.settle(2 * 86400)
        assert await marked() == ["made"]
        await r.settle(2 * 86400)
        await r.gone(SECRETS, "made", "default")

"""The tokens that pods mount: asked for when the pod starts, renewed while it runs."""

from __future__ import annotations

import json

import pytest

from kubelite.api.resources import CONFIGMAPS, SERVICEACCOUNTS
from kubelite.images.files import FileSystem
from kubelite.master.auth.jwt import decode
from kubelite.node.tokens import Token, TokenSpec, due_tokens, renew_at, token_request, wanted_tokens
from tests.unit.node.conftest import running_node

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path


def projected(*sources):
    return {"volumes": [{"name": "v", "projected": {"sources": list(sources)}}]}


def pod(*sources):
    return {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": projected(*sources)}


def source(**fields):
    return {"serviceAccountToken": {"path": "t", **fields}}


def test_each_token_is_wanted_once():
    found = wanted_tokens(pod(source(), source(path="u"), source(audience="vault", expirationSeconds=600)))
    assert found == (TokenSpec("", 3600), TokenSpec("vault", 600))


def test_a_token_is_renewed_after_four_fifths_of_its_life_or_a_day():
    assert renew_at(TokenSpec("", 1000), 10.0) == 810.0
    assert renew_at(TokenSpec("", 10**6), 0.0) == 24 * 3600


def test_missing_and_old_tokens_are_due():
    spec = TokenSpec("", 3600)
    assert due_tokens(pod(source()), {}, 0.0) == (spec,)
    assert due_tokens(pod(source()), {spec: Token("t", 5.0)}, 4.0) == ()
    assert due_tokens(pod(source()), {spec: Token("t", 5.0)}, 5.0) == (spec,)


def test_a_token_is_bound_to_its_pod():
    spec = token_request(pod(), TokenSpec("vault", 600))["spec"]
    assert spec == {
        "expirationSeconds": 600,
        "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": "u"},
        "audiences": ["vault"],
    }


# --- with an API server -------------------------------------------------------------------------------------


@pytest.fixture
async def node():
    async with running_node() as node:
        yield node


def is_running(pod):
    return pod["status"].get("phase") == "Running"


def token_of(node, pod):
    worker = node.machine.workers[pod["metadata"]["uid"]]
    [directory] = worker.volumes.values()
    text = FileSystem(directory).read("/token").decode()
    return json.loads(decode(text.split(".")[1]))


async def with_token(node, **spec):
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}}
    await node.client.create(CONFIGMAPS, {**data, "data": {"ca.crt": "x"}}, "default")
    await node.run(automountServiceAccountToken=True, **spec)


async def test_a_pod_mounts_a_token_that_is_bound_to_it(node):
    await with_token(node)
    pod = await node.until(is_running)
    claims = token_of(node, pod)
    assert claims["sub"] == "system:serviceaccount:default:default"
    assert claims["kubernetes.io"]["pod"] == {"name": "web", "uid": pod["metadata"]["uid"]}
    assert claims["kubernetes.io"]["node"]["name"] == "n1"


async def test_a_token_is_renewed_while_its_pod_runs(node):
    await with_token(node)
    pod = await node.until(is_running)
    before = token_of(node, pod)
    await node.clock.sleep(3607 * 0.8 - 10)
    assert token_of(node, pod) == before
    await node.clock.sleep(20)
    assert token_of(node, pod)["iat"] > before["iat"]


async def test_a_pod_waits_for_its_account(node):
    await node.client.create(
        SERVICEACCOUNTS,
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app"}},
        "default",
    )
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}}
    await node.client.create(CONFIGMAPS, {**data, "data": {"ca.crt": "x"}}, "default")
    pod = await node.run(automountServiceAccountToken=True, serviceAccountName="app")
    await node.client.delete(SERVICEACCOUNTS, "app", "default")
    await node.clock.sleep(5)
    assert not is_running(await node.get())
    [message] = {text for _, reason, text in node.recorder.events if reason == "FailedMount"}
    volume = pod["spec"]["volumes"][0]["name"]
    assert message == (
        f'MountVolume.SetUp failed for volume "{volume}" : failed to fetch token: serviceaccounts '
        f'"app" not found'
    )
    await node.client.create(
        SERVICEACCOUNTS,
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app"}},
        "default",
    )
    await node.until(is_running)

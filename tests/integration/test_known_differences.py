"""What differs from Kubernetes for now: each a row of the README's table, each to be undone."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.resources import CONFIGMAPS, CUSTOMRESOURCEDEFINITIONS, ROLEBINDINGS, ROLES
from kubelite.apimachinery.apierrors import APIError
from kubelite.client.inprocess import InProcessClient
from kubelite.client.requests import UserInfo
from kubelite.testing import VirtualClock

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as running:
        yield running


@pytest.mark.xfail(strict=True, reason="CEL rules are kept, not evaluated")
async def test_rules_of_custom_resources_are_enforced(cluster):
    spec = {
        "type": "object",
        "properties": {"size": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.size < 3"}],
    }
    schema = {"type": "object", "properties": {"spec": spec}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": CUSTOMRESOURCEDEFINITIONS.kind,
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }
    await cluster.apply(definition)
    await cluster.wait_for("crd/things.example.com", "condition=Established")
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}}
    with pytest.raises(APIError):
        await cluster.apply({**thing, "spec": {"size": 3}})


@pytest.mark.xfail(strict=True, reason="webhooks are not called")
async def test_a_webhook_that_cannot_be_called_fails_the_request(cluster):
    hook = {
        "name": "hook.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
        ],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kind = "ValidatingWebhookConfiguration"
    await cluster.apply(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": "hooks"},
            "webhooks": [hook],
        }
    )
    await cluster.clock.sleep(2)
    with pytest.raises(APIError):
        await cluster.apply(CONFIG_MAP)


@pytest.mark.xfail(strict=True, reason="roles are kept, not asked")
async def test_a_role_gives_rights(cluster):
    group = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{group}/v1", "kind": ROLES.kind, "metadata": {"name": "r"}}
    role["rules"] = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
    binding = {"apiVersion": f"{group}/v1", "kind": ROLEBINDINGS.kind, "metadata": {"name": "b"}}
    binding["roleRef"] = {"apiGroup": group, "kind": "Role", "name": "r"}
    binding["subjects"] = [{"apiGroup": group, "kind": "User", "name": "alice"}]
    await cluster.apply(role)
    await cluster.apply(binding)
    alice = InProcessClient(cluster.client._ref, UserInfo("alice", ("system:authenticated",)))
    assert (await alice.list(CONFIGMAPS, "default")).items

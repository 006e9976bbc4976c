"""ClusterRoles that aggregate others, on a real API server."""

from __future__ import annotations

from kubelite.api.resources import CLUSTERROLES
from tests.unit.controllers.rig import rig

AGGREGATION = "clusterrole-aggregation-controller"
TO_ADMIN = "rbac.authorization.k8s.io/aggregate-to-mine"


def role(name, rules, labels=None, **fields):
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": labels or {}},
        "rules": rules,
        **fields,
    }


def rule(resource, *verbs):
    return {"verbs": list(verbs), "apiGroups": [""], "resources": [resource]}


async def test_a_role_has_the_rules_of_all_that_it_selects_and_no_others():
    rule_ = {"clusterRoleSelectors": [{"matchLabels": {TO_ADMIN: "true"}}]}
    async with rig(AGGREGATION) as r:

        async def rules():
            await r.settle()
            return (await r.client.get(CLUSTERROLES, "sum")).get("rules") or []

        await r.client.create(CLUSTERROLES, role("sum", [rule("own", "get")], aggregationRule=rule_))
        assert await rules() == []
        pods, secrets = rule("pods", "get", "list"), rule("secrets", "get")
        await r.client.create(CLUSTERROLES, role("b", [pods, secrets], {TO_ADMIN: "true"}))
        await r.client.create(CLUSTERROLES, role("a", [secrets], {TO_ADMIN: "true"}))
        await r.client.create(CLUSTERROLES, role("c", [rule("nodes", "get")], {TO_ADMIN: "false"}))
        assert await rules() == [secrets, pods]
        found = await r.client.get(CLUSTERROLES, "sum")
        (applied,) = [each for each in found["metadata"]["managedFields"] if each["operation"] == "Apply"]
        assert applied["manager"] == AGGREGATION
        await r.client.delete(CLUSTERROLES, "a")
        assert await rules() == [pods, secrets]
        await r.client.delete(CLUSTERROLES, "b")
        assert await rules() == []

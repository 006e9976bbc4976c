"""Pod security over HTTP: what clients are warned of."""

from __future__ import annotations

import pytest

from tests.unit.master.rest.door import opened

NAMESPACE = "/api/v1/namespaces/default"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
async def door():
    async with opened() as door:
        yield door


def pod_spec(**spec):
    return {"containers": [{"name": "c", "image": "i"}], **spec}


async def with_label(door, name, value):
    labels = {f"pod-security.kubernetes.io/{name}": value}
    async with door.http.patch(NAMESPACE, json={"metadata": {"labels": labels}}, headers=MERGE) as response:
        assert response.status == 200
        return response.headers.getall("Warning", [])


async def test_a_stricter_level_tells_of_the_pods_that_are_beyond_it(door):
    for name in ("a", "b", "c"):
        pod = {"metadata": {"name": name}, "spec": pod_spec(hostNetwork=name != "c")}
        async with door.http.post(f"{NAMESPACE}/pods", json=pod) as response:
            assert response.status == 201
    existing = 'existing pods in namespace \\"default\\" violate the new PodSecurity enforce level'
    assert await with_label(door, "enforce", "baseline") == [
        f'299 - "{existing} \\"baseline:latest\\""',
        '299 - "a (and 1 other pod): host namespaces"',
    ]
    assert await with_label(door, "enforce", "privileged") == []


async def test_a_template_beyond_the_level_is_warned_of(door):
    await with_label(door, "enforce", "baseline")
    labels = {"a": "b"}
    template = {"metadata": {"labels": labels}, "spec": pod_spec(hostPID=True)}
    deployment = {
        "metadata": {"name": "d"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    async with door.http.post(DEPLOYMENTS, json=deployment) as response:
        assert response.status == 201
        assert response.headers.getall("Warning") == [
            '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostPID=true)"'
        ]

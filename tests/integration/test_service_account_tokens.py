"""A pod's token: where programs look for it, and what it is good for."""

import base64
import json

import pytest

import kubelite
from kubelite.testing import VirtualClock

FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "image": "busybox", "command": ["sleep", "86400"]}]},
}


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as running:
        yield running


async def read(cluster, name):
    result = await cluster.exec("p", ["cat", f"{FOLDER}/{name}"])
    assert result.exit_code == 0
    return result.stdout


async def test_a_pod_authenticates_with_its_token(cluster):
    await cluster.apply(POD)
    await cluster.wait_for("pod/p")
    token = await read(cluster, "token")
    assert await read(cluster, "namespace") == "default"
    assert "BEGIN CERTIFICATE" in await read(cluster, "ca.crt")
    headers = {"Authorization": f"Bearer {token}"}
    url = "https://kubernetes.default.svc"
    async with cluster.http() as http:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        path = f"{url}/apis/authentication.k8s.io/v1/selfsubjectreviews"
        async with http.post(path, json=body, headers=headers, ssl=False) as answer:
            user = (await answer.json())["status"]["userInfo"]
        assert user["username"] == "system:serviceaccount:default:default"
        assert user["extra"]["authentication.kubernetes.io/pod-name"] == ["p"]
        async with http.get(f"{url}/api/v1/pods", headers=headers, ssl=False) as answer:
            assert answer.status == 403
        async with http.get(f"{url}/.well-known/openid-configuration", headers=headers, ssl=False) as answer:
            configuration = json.loads(await answer.read())
        assert configuration["issuer"] == "https://kubernetes.default.svc"
        async with http.get(configuration["jwks_uri"], headers=headers, ssl=False) as answer:
            assert answer.headers["Content-Type"] == "application/jwk-set+json"
            [key] = json.loads(await answer.read())["keys"]
            assert key["alg"] == "ES256"
        bad = {"Authorization": f"Bearer {token}x"}
        async with http.get(f"{url}/version", headers=bad, ssl=False) as answer:
            assert answer.status == 401


async def test_a_pod_verifies_a_token_by_the_documents_of_its_issuer(cluster):
    source = {"serviceAccountToken": {"path": "sa-token", "audience": "check", "expirationSeconds": 7200}}
    for name, audience, code in (("good", "check", 0), ("bad", "others", 1)):
        command = "test-service-account-issuer-discovery"
        args = [command, "--token-path=/tokens/sa-token", f"--audience={audience}"]
        container = {"name": "c", "image": "agnhost", "args": args}
        container["volumeMounts"] = [{"name": "t", "mountPath": "/tokens"}]
        spec = {
            "restartPolicy": "Never",
            "containers": [container],
            "volumes": [{"name": "t", "projected": {"sources": [source]}}],
        }
        await cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
        phase = "Failed" if code else "Succeeded"
        await cluster.wait_for(f"pod/{name}", f"jsonpath={{.status.phase}}={phase}")
    assert "OK: Validated signature on JWT" in await cluster.logs("good")
    assert "expected audience 'others' got ['check']" in await cluster.logs("bad")


async def test_a_secret_with_a_token_says_when_it_was_used(cluster):
    metadata = {"name": "long", "annotations": {"kubernetes.io/service-account.name": "default"}}
    kind = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token"}
    await cluster.apply({**kind, "metadata": metadata})
    secret = await cluster.wait_for("secret/long", lambda each: (each.get("data") or {}).get("token"))
    token = base64.b64decode(secret["data"]["token"]).decode()
    async with cluster.http() as http:
        url, headers = "https://kubernetes.default.svc/version", {"Authorization": f"Bearer {token}"}
        async with http.get(url, headers=headers, ssl=False) as answer:
            assert answer.status == 200
    today = secret["metadata"]["creationTimestamp"][:10]
    label = "kubernetes.io/legacy-token-last-used"
    await cluster.wait_for(
        "secret/long", lambda each: (each["metadata"].get("labels") or {}).get(label) == today
    )

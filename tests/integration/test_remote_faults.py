"""A cluster elsewhere, over ways and through troubles that real ones have."""

import asyncio
import json

import pytest

import kubelite
from kubelite.client.kubeconfig import read_kubeconfig
from kubelite.client.requests import ADMIN
from tests.determinism import SERVICE, deployment

CLIENT = "kubectl-client-side-apply"


@pytest.fixture
async def near():
    async with kubelite.Cluster() as cluster:
        yield cluster


@pytest.fixture
async def far(near):
    async with kubelite.Cluster.connect(near.kubeconfig) as cluster:
        yield cluster


def changed(near, tmp_path, *, cluster=None, user=None, context=None):
    """The kubeconfig with something else in it."""
    content = json.loads(near.kubeconfig.read_text())
    content["clusters"][0]["cluster"].update(cluster or {})
    content["users"][0]["user"].update(user or {})
    content["contexts"][0]["context"].update(context or {})
    path = tmp_path / "changed"
    path.write_text(json.dumps(content))
    return path


async def test_waits_survive_watches_that_break_expire_and_come_twice(near, far):
    faults = near.faults
    plans = [
        faults.watch("deployments", client=CLIENT).drop(after_events=1, times=2),
        faults.watch("deployments", client=CLIENT, skip=2).gone(after_events=1, times=1),
        faults.on("LIST", "deployments", client=CLIENT).error(503, times=2),
        faults.on("GET", "services", client=CLIENT).error(429, times=1, retry_after=1),
    ]
    faults.watch("deployments", client=CLIENT).duplicate()
    waiting = asyncio.ensure_future(
        far.wait_for("deployment/web", lambda it: it["metadata"]["labels"]["turn"] == "9", timeout=60)
    )
    for turn in range(10):
        body = deployment("web", 1, "1")
        await near.apply({**body, "metadata": {"name": "web", "labels": {"turn": str(turn)}}})
        await asyncio.sleep(0.3)
    assert (await waiting)["metadata"]["labels"] == {"turn": "9"}
    await far.apply(SERVICE)
    assert [plan.hits for plan in plans] == [2, 1, 2, 1]


async def test_a_wait_in_vain_tells_of_a_server_that_did_not_answer(near, far):
    near.faults.on("LIST", "pods", client=CLIENT).error(503)
    with pytest.raises(
        kubelite.WaitTimeout, match="the API server did not answer at last: .*unable to handle"
    ):
        await far.wait_for("pod/web", timeout=0.2)


async def test_requests_that_are_forbidden_are_not_repeated(near, far):
    plan = near.faults.on("LIST", "pods", client=CLIENT).error(403)
    with pytest.raises(kubelite.APIError):
        await far.wait_for("pod/web", timeout=30)
    assert plan.hits == 1


async def test_a_proxy_and_another_name_of_the_server(near, tmp_path):
    asked = []

    async def relay(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def connect(reader, writer):
        line = (await reader.readuntil(b"\r\n\r\n")).decode().split()
        asked.append(line[:2])
        host, _, port = line[1].rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(relay(reader, back), relay(there, writer))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    path = changed(
        near,
        tmp_path,
        cluster={"proxy-url": f"http://127.0.0.1:{port}", "tls-server-name": "kubernetes.default.svc"},
    )
    async with kubelite.Cluster.connect(path) as far:
        assert len(await far.get("nodes")) == 1
        where = near.url.removeprefix("https://")
    server.close()
    await server.wait_closed()
    assert asked[0] == ["CONNECT", where]
    wrong = changed(near, tmp_path, cluster={"tls-server-name": "other.example"})
    with pytest.raises(kubelite.APIError, match="certificate"):
        async with kubelite.Cluster.connect(wrong):
            pass


async def test_a_token_that_ran_out_is_read_anew(near, tmp_path):
    token = read_kubeconfig(near.kubeconfig).credentials.token
    (tmp_path / "token").write_text(token)
    path = changed(near, tmp_path, user={"token": "", "tokenFile": "token"})
    async with kubelite.Cluster.connect(path) as far:
        near._running.authenticator.add_token("next", ADMIN)
        (tmp_path / "token").write_text("next")
        plan = near.faults.on("GET", "nodes", client=CLIENT).error(401, times=1)
        assert len(await far.get("nodes")) == 1
        assert plan.hits == 1


async def test_the_contexts_namespace_is_that_of_methods(near, tmp_path):
    await near.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    path = changed(near, tmp_path, context={"namespace": "shop"})
    async with kubelite.Cluster.connect(path) as far:
        await far.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "here"}})
    assert (await near.get("configmap", "here", namespace="shop"))["metadata"]["namespace"] == "shop"


async def test_the_kubeconfig_means_the_context_that_was_asked_for(near):
    async with kubelite.Cluster.connect(near.kubeconfig, context="kubelite-certificate") as far:
        path = far.kubeconfig
        content = json.loads(path.read_text())
        assert content["current-context"] == "kubelite-certificate"
        assert path != near.kubeconfig
        async with kubelite.Cluster.connect(path) as other:
            assert len(await other.get("nodes")) == 1
    assert not path.exists()
    async with kubelite.Cluster.connect(near.kubeconfig) as far:
        assert far.kubeconfig == near.kubeconfig

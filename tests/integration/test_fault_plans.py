"""Fault plans at work: for clients in this process and over HTTP alike."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

import kubelite
from kubelite.api.resources import CONFIGMAPS, EVENTS
from kubelite.apimachinery.apierrors import (
    AlreadyExists,
    APIError,
    Conflict,
    NotFound,
    ServiceUnavailable,
    Timeout,
    TooManyRequests,
)
from kubelite.apimachinery.timestamps import parse_time
from kubelite.client.http import HTTPClient
from kubelite.client.kubeconfig import read_kubeconfig
from kubelite.testing import VirtualClock

DOORS = pytest.mark.parametrize("door", ["in process", "http"])


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=0, clock=VirtualClock(), seed=1, secure=False) as cluster:
        yield cluster


@pytest.fixture
async def client(cluster, door):
    if door == "in process":
        yield cluster.client.as_agent("operator/1")
        return
    async with HTTPClient(read_kubeconfig(cluster.kubeconfig), user_agent="operator/1") as client:
        yield client


def deployment(name, replicas):
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def config_map(name, **data):
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


# --- requests -----------------------------------------------------------------------------------------------


@DOORS
async def test_a_conflict_happens_as_often_as_planned(cluster, client):
    made = await client.create(CONFIGMAPS, config_map("a"))
    plan = cluster.faults.on("PUT", "configmaps").conflict(times=2)
    for _ in range(2):
        with pytest.raises(Conflict, match="the object has been modified; please apply your changes"):
            await client.update(CONFIGMAPS, made)
    await client.update(CONFIGMAPS, {**made, "data": {"k": "v"}})
    assert plan.hits == 2
    assert list(cluster.faults) == []


@DOORS
@pytest.mark.parametrize(
    ("code", "error", "text"),
    [
        (404, NotFound, 'configmaps "a" not found'),
        (409, AlreadyExists, 'configmaps "a" already exists'),
        (429, TooManyRequests, "Too many requests"),
        (500, APIError, "etcdserver: leader changed"),
        (503, ServiceUnavailable, "currently unable to handle the request"),
        (504, Timeout, "did not complete"),
        (418, APIError, "unknown error"),
        (599, APIError, "."),
    ],
)
async def test_an_error_is_the_status_that_a_real_server_gives(cluster, client, code, error, text):
    plan = cluster.faults.on("POST", "configmaps", client="operator").error(code)
    with pytest.raises(error, match=text) as caught:
        await client.create(CONFIGMAPS, config_map("a"))
    assert caught.value.code == code
    assert (caught.value.retry_after_s == 1) is (code == 429)
    plan.remove()
    await client.create(CONFIGMAPS, config_map("a"))
    assert plan.hits == 1


@DOORS
async def test_an_error_says_what_the_plan_says(cluster, client):
    cluster.faults.on("GET", "configmaps").error(503, message="maintenance", retry_after=7)
    with pytest.raises(ServiceUnavailable, match="maintenance") as caught:
        await client.list(CONFIGMAPS, "default")
    assert caught.value.retry_after_s == 7


@DOORS
async def test_a_delay_is_one_of_the_clusters_clock(cluster, client):
    plan = cluster.faults.on("create", "configmaps").delay(2)
    began = cluster.clock.now()
    await client.create(CONFIGMAPS, config_map("a"))
    assert cluster.clock.now() - began == pytest.approx(2, abs=0.1)
    cluster.faults.on("create", "configmaps").error(503)
    with pytest.raises(ServiceUnavailable):
        await client.create(CONFIGMAPS, config_map("b"))
    assert cluster.clock.now() - began == pytest.approx(4, abs=0.1)
    assert plan.hits == 2


async def test_a_delay_over_the_servers_deadline_is_its_time_out(cluster):
    cluster.faults.on("GET", "configmaps").delay(600)
    async with HTTPClient(read_kubeconfig(cluster.kubeconfig)) as client:
        began = cluster.clock.now()
        with pytest.raises(Timeout):
            await client.list(CONFIGMAPS, "default")
        assert cluster.clock.now() - began == pytest.approx(60, abs=1)


@DOORS
async def test_a_timeout_after_the_commit_hides_a_write_that_was_made(cluster, client):
    plan = cluster.faults.on("POST", "configmaps").timeout_after_commit(times=1)
    with pytest.raises(Timeout):
        await client.create(CONFIGMAPS, config_map("a"))
    with pytest.raises(AlreadyExists):
        await client.create(CONFIGMAPS, config_map("a"))
    assert plan.hits == 1


@DOORS
async def test_what_is_refused_anyway_does_not_count_as_committed(cluster, client):
    plan = cluster.faults.on("PATCH", "configmaps").timeout_after_commit()
    with pytest.raises(NotFound):
        await client.patch(CONFIGMAPS, "none", {"data": {}}, "default")
    assert plan.hits == 0


@DOORS
async def test_a_connection_that_breaks_gives_no_answer(cluster, client):
    cluster.faults.on("POST", "configmaps", name="before").disconnect(times=2)
    cluster.faults.on("POST", "configmaps", name="after").disconnect_after_commit(times=1)
    for name in ("before", "after"):
        with pytest.raises(ServiceUnavailable):
            await client.create(CONFIGMAPS, config_map(name))
    found = await client.list(CONFIGMAPS, "default")
    names = {each["metadata"]["name"] for each in found.items}
    assert "after" in names
    assert "before" not in names


@DOORS
async def test_others_are_spared(cluster, client):
    cluster.faults.on("*", "*", client="kubectl").error(503)
    cluster.faults.on("*", "configmaps", namespace="kube-*").error(503)
    cluster.faults.on("*", "configmaps", user="system:node:*").error(503)
    await client.create(CONFIGMAPS, config_map("a"))
    assert [plan.hits for plan in cluster.faults] == [0, 0, 0]
    with pytest.raises(ServiceUnavailable):
        await client.list(CONFIGMAPS, "kube-system")


@DOORS
async def test_chance_is_that_of_the_seed(door):
    async def outcomes():
        async with kubelite.Cluster(nodes=0, clock=VirtualClock(), seed=7, secure=False) as cluster:
            cluster.faults.on("LIST", "configmaps", probability=0.5, client="operator").error(503)
            client = cluster.client.as_agent("operator")
            if door == "http":
                client = HTTPClient(read_kubeconfig(cluster.kubeconfig), user_agent="operator")
            seen = ""
            for _ in range(20):
                try:
                    await client.list(CONFIGMAPS, "default")
                    seen += "."
                except ServiceUnavailable:
                    seen += "x"
            if door == "http":
                await client.close()
            return seen

    first = await outcomes()
    assert first == await outcomes()
    assert 3 < first.count("x") < 17


async def test_a_plan_holds_for_its_time(cluster):
    client = cluster.client
    cluster.faults.on("LIST", "configmaps", starts_in=10, lasts=5).error(503)
    await client.list(CONFIGMAPS, "default")
    await cluster.clock.sleep(12)
    with pytest.raises(ServiceUnavailable):
        await client.list(CONFIGMAPS, "default")
    await cluster.clock.sleep(5)
    await client.list(CONFIGMAPS, "default")
    assert list(cluster.faults) == []


async def test_paths_that_are_no_resource_fail_over_http_too(cluster):
    with cluster.faults.on("GET", "/version", client="aiohttp").error(503) as plan:
        async with aiohttp.ClientSession() as http:
            token = read_kubeconfig(cluster.kubeconfig).credentials.token
            headers = {"Authorization": f"Bearer {token}"}
            async with http.get(f"{cluster.url}/version", headers=headers) as answer:
                assert answer.status == 503
                assert (await answer.json())["kind"] == "Status"
            async with http.get(f"{cluster.url}/readyz", headers=headers) as answer:
                assert answer.status == 200
    assert plan.hits == 1


async def test_without_plans_nothing_stands_in_the_way(cluster):
    point = cluster._components.faults
    assert point.engine is None
    plan = cluster.faults.on("*", "*").error(503)
    assert point.engine is not None
    plan.remove()
    assert point.engine is None
    cluster.faults.watch("pods").drop()
    assert point.engine is None


async def test_a_stopped_cluster_has_no_plans():
    cluster = kubelite.Cluster(nodes=0, clock=VirtualClock(), secure=False)
    await cluster.start()
    plan = cluster.faults.on("*", "pods").error(503)
    await cluster.stop()
    assert plan.is_removed
    plan.remove()
    with pytest.raises(RuntimeError, match="does not run"):
        cluster.faults.on("*", "pods")


# --- watches ------------------------------------------------------------------------------------------------


async def events_of(watcher, count):
    return [await asyncio.wait_for(anext(watcher), 30) for _ in range(count)]


def names(events):
    return [f"{each.type} {each.object['metadata']['name']}" for each in events]


async def watching(client, cluster, **options):
    """A watch of config maps from now on."""
    version = (await cluster.client.list(CONFIGMAPS, "default")).resource_version
    return await client.watch(CONFIGMAPS, "default", resource_version=version, bookmarks=False, **options)


@DOORS
async def test_a_dropped_watch_ends_and_goes_on_where_it_was(cluster, client):
    watcher = await watching(client, cluster)
    await cluster.client.create(CONFIGMAPS, config_map("a"))
    (event,) = await events_of(watcher, 1)
    plan = cluster.faults.watch("configmaps", client="operator").drop()
    assert plan.hits == 1
    with pytest.raises(StopAsyncIteration):
        await anext(watcher)
    await cluster.client.create(CONFIGMAPS, config_map("b"))
    version = event.object["metadata"]["resourceVersion"]
    watcher = await client.watch(CONFIGMAPS, "default", resource_version=version)
    assert names(await events_of(watcher, 1)) == ["ADDED b"]
    watcher.stop()


async def test_over_http_a_dropped_watch_is_a_broken_answer(cluster):
    token = read_kubeconfig(cluster.kubeconfig).credentials.token
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{cluster.url}/api/v1/pods?watch=1"
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
        cluster.faults.watch("pods", client="aiohttp").drop()
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.content.read()


@DOORS
async def test_a_watch_is_told_that_its_version_is_gone(cluster, client):
    watcher = await watching(client, cluster)
    assert cluster.faults.watch("configmaps", client="operator").gone().hits == 1
    (event,) = await events_of(watcher, 1)
    assert event.type == "ERROR"
    assert (event.object["code"], event.object["reason"]) == (410, "Expired")
    assert event.object["message"].startswith("too old resource version: ")
    with pytest.raises(StopAsyncIteration):
        await anext(watcher)


@DOORS
async def test_a_watch_that_asks_for_what_is_gone_is_told_as_by_a_real_server(cluster, client):
    cluster.faults.on("WATCH", "configmaps", client="operator").gone(times=1)
    (event,) = await events_of(await watching(client, cluster), 1)
    assert (event.type, event.object["reason"]) == ("ERROR", "Expired")


@DOORS
async def test_watches_end_after_so_many_events_later_ones_too(cluster, client):
    plan = cluster.faults.watch("configmaps", client="operator").drop(after_events=2)
    for round_ in range(2):
        watcher = await watching(client, cluster)
        for name in "abc":
            await cluster.client.create(CONFIGMAPS, config_map(f"{name}{round_}"))
        seen = [event async for event in watcher]
        assert names(seen) == [f"ADDED a{round_}", f"ADDED b{round_}"]
    assert plan.hits == 2


@DOORS
async def test_events_lag_in_their_order(cluster, client):
    watcher = await watching(client, cluster)
    plan = cluster.faults.watch("configmaps", client="operator").lag(5)
    began = cluster.clock.now()
    await cluster.client.create(CONFIGMAPS, config_map("a"))
    await cluster.clock.sleep(3)
    await cluster.client.create(CONFIGMAPS, config_map("b"))
    assert names(await events_of(watcher, 1)) == ["ADDED a"]
    assert cluster.clock.now() - began == pytest.approx(5, abs=0.1)
    assert names(await events_of(watcher, 1)) == ["ADDED b"]
    assert cluster.clock.now() - began == pytest.approx(8, abs=0.1)
    await cluster.client.create(CONFIGMAPS, config_map("c"))
    plan.remove()
    assert names(await events_of(watcher, 1)) == ["ADDED c"]
    assert cluster.clock.now() - began == pytest.approx(8, abs=0.1)
    assert plan.hits == 3
    watcher.stop()


@DOORS
async def test_events_come_twice(cluster, client):
    plan = cluster.faults.watch("configmaps", client="operator").duplicate(times=1)
    watcher = await watching(client, cluster)
    for name in "ab":
        await cluster.client.create(CONFIGMAPS, config_map(name))
    assert names(await events_of(watcher, 3)) == ["ADDED a", "ADDED a", "ADDED b"]
    assert plan.hits == 1
    watcher.stop()


async def test_a_drop_can_be_planned_for_later(cluster):
    watcher = await watching(cluster.client.as_agent("operator"), cluster)
    began = cluster.clock.now()
    cluster.faults.watch("configmaps", client="operator", starts_in=30).drop()
    assert [event async for event in watcher] == []
    assert cluster.clock.now() - began == pytest.approx(30, abs=0.1)


# --- a whole cluster ----------------------------------------------------------------------------------------


async def test_a_rollout_ends_well_whatever_befalls_the_control_plane():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=3) as cluster:
        faults = cluster.faults
        faults.on("*", "deployments/status", client="deployment-controller").conflict(times=3)
        lost = faults.on("POST", "pods", client="replicaset-controller").timeout_after_commit(times=2)
        faults.on("*", "*", probability=0.1, client="kube*").error(503)
        faults.watch("pods").lag(2)
        faults.watch("*").duplicate()
        await cluster.apply(deployment("web", replicas=3))
        await cluster.wait_for("deploy/web", "ready", timeout=600)
        faults.watch("*").gone()
        await cluster.scale("deploy/web", 5)
        await cluster.wait_for("deploy/web", "ready", timeout=600)
        assert lost.hits == 2
        faults.clear()
        await cluster.clock.sleep(30)
        assert len(await cluster.get("pods")) == 5


async def test_a_node_whose_kubelet_is_refused_is_lost_and_comes_back():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=3) as cluster:
        with cluster.faults.on("*", "leases", user="system:node:node-1").error(503) as plan:
            await cluster.wait_for("node/node-1", "condition=Ready=Unknown", timeout=120)
        assert plan.hits > 3
        began = cluster.clock.now()
        await cluster.wait_for("node/node-1", "ready", timeout=30)
        assert cluster.clock.now() - began < 15
        node = await cluster.get("node", "node-2")
        assert {each["type"]: each["status"] for each in node["status"]["conditions"]}["Ready"] == "True"


async def test_a_renewal_that_is_refused_is_tried_again_at_once():
    async with kubelite.Cluster(clock=VirtualClock(), seed=3) as cluster:
        namespace = "kube-node-lease"
        with cluster.faults.on("PUT", "leases", user="system:node:node-1").error(503, times=3) as plan:
            await cluster.clock.advance(11)
            assert plan.hits == 3
        lease = await cluster.get("lease", "node-1", namespace=namespace)
        age = cluster.clock.now() - parse_time(lease["spec"]["renewTime"])
        assert age < 2


def test_a_blocking_cluster_has_fault_plans_for_any_thread_and_client():
    kubernetes = pytest.importorskip("kubernetes")
    with kubelite.start(nodes=0) as cluster:
        kubernetes_client = kubernetes.config.new_client_from_config(str(cluster.kubeconfig))
        with kubernetes_client:
            core = kubernetes.client.CoreV1Api(kubernetes_client)
            with cluster.faults.on("POST", "configmaps", client="OpenAPI-Generator").error(503) as plan:
                with pytest.raises(kubernetes.client.ApiException) as caught:
                    core.create_namespaced_config_map("default", config_map("a"))
                assert caught.value.status == 503
            assert (plan.hits, plan.is_removed, list(cluster.faults)) == (1, True, [])
            core.create_namespaced_config_map("default", config_map("a"))


@DOORS
async def test_events_in_another_version_lag_in_that_version(cluster, client):
    events = cluster._running.scheme.find("events.events.k8s.io")
    plan = cluster.faults.watch("events.events.k8s.io").lag(5)
    about = {"kind": "Node", "name": "n", "namespace": "default"}
    metadata = {"name": "e", "namespace": "default"}
    await cluster.client.create(EVENTS, {"metadata": metadata, "involvedObject": about, "reason": "Before"})
    watcher = await client.watch(events, "default", bookmarks=False)
    await cluster.client.patch(EVENTS, "e", {"reason": "After"}, "default")
    seen = await events_of(watcher, 2)
    assert [event.object["reason"] for event in seen] == ["Before", "After"]
    assert [event.object["regarding"]["name"] for event in seen] == ["n", "n"]
    assert plan.hits == 2
    watcher.stop()

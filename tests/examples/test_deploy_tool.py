"""How a deploy tool is tested that uses the official client: good versions, and one that does not exist."""

from __future__ import annotations

import pytest

pytest.importorskip("kubernetes", reason="the official client is not installed")

import kubernetes
from aiohttp import web

from tests.examples.deploytool import RolloutFailed, deploy

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("rubbish"), pytest.mark.kubelite(nodes=2)]


def version(number):
    def make():
        async def answer(request):
            return web.Response(text=f"version {number}")

        app = web.Application()
        app.router.add_get("/", answer)
        return app

    return make


@pytest.fixture
def cluster(kubelite_cluster_sync):
    running = kubelite_cluster_sync
    for number in (1, 2):
        running.images[f"shop:{number}"] = version(number)
    running.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "shop"},
            "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80}]},
        }
    )
    kubernetes.config.load_kube_config(str(running.kubeconfig))
    return running


def says(cluster):
    cluster.wait_for("pods", "ready", selector="app=shop")
    return cluster.http("http://shop/")


def test_versions_follow_each_other(cluster):
    assert deploy("shop", "shop:1") == "created"
    assert says(cluster) == (200, "version 1")
    assert deploy("shop", "shop:2") == "updated"
    assert says(cluster) == (200, "version 2")


def test_a_version_that_does_not_exist_is_rolled_back(cluster):
    deploy("shop", "shop:1")
    with pytest.raises(RolloutFailed, match="shop:3 does not start"):
        deploy("shop", "shop:3")
    assert says(cluster) == (200, "version 1")


def test_an_api_server_that_falters_is_asked_again(cluster):
    deploy("shop", "shop:1")
    busy = cluster.faults.on("PATCH", "deployments", client="OpenAPI-Generator/").error(503, times=2)
    dropped = cluster.faults.watch("deployments", client="OpenAPI-Generator/").drop(after_events=1, times=1)
    assert deploy("shop", "shop:2") == "updated"
    assert says(cluster) == (200, "version 2")
    assert (busy.hits, dropped.hits) == (2, 1)

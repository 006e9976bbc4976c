"""What a cluster does not need until it is asked for is not imported before the first response."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import asyncio, sys
import kubelite

async def main():
    from aiohttp import web

    async def hello(_):
        return web.Response(text="hello")

    def make():
        app = web.Application()
        app.router.add_get("/", hello)
        return app

    container = {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    pods = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "web"},
        "spec": {"replicas": 1, "selector": {"app": "web"}, "template": template},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    async with kubelite.Cluster(images={"web:1": make}) as cluster:
        await cluster.apply([pods, service])
        await cluster.wait_for("rc/web", "ready")
        await cluster.wait_for("service/web", "ready")
        async with cluster.http() as http, http.get("http://web/") as answer:
            assert answer.status == 200

asyncio.run(main())
print(*sys.modules)
"""
UNNEEDED = {
    "jsonpatch",
    "kubelite.apimachinery.openapi",
    "kubelite.apimachinery.protobuf",
    "kubelite.apimachinery.regexp",
    "kubelite.apimachinery.structural",
    "kubelite.controllers.certificatesigning",
    "kubelite.controllers.cronjob.controller",
    "kubelite.controllers.daemonset.controller",
    "kubelite.controllers.deployment.controller",
    "kubelite.controllers.disruption.controller",
    "kubelite.controllers.podautoscaler.controller",
    "kubelite.controllers.job.controller",
    "kubelite.controllers.job.orphans",
    "kubelite.controllers.namespace",
    "kubelite.controllers.volume.binding",
    "kubelite.controllers.replicaset.controller",
    "kubelite.controllers.resourcequota",
    "kubelite.controllers.statefulset.controller",
    "kubelite.controllers.nodelifecycle.tainteviction",
    "kubelite.controllers.volume.protection",
    "kubelite.images.agnhost",
    "kubelite.images.busybox",
    "kubelite.images.shell",
    "kubelite.master.rest.app",
    "kubelite.network.spdy",
    "kubelite.testing",
    "prometheus_client",
    "rich",
    "structlog",
    "yaml",
}


def test_the_first_response_needs_none_of_what_is_rarely_used():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    assert "kubelite.controllers.replicaset.replication" in imported
    assert sorted(UNNEEDED & imported) == []

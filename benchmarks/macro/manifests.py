"""What the cluster benchmarks run: a web application, its controller and its Service."""

from __future__ import annotations

from typing import Any

from aiohttp import web

IMAGE = "benchmark/web:1"
LABELS = {"app": "web"}


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


def make_app() -> web.Application:
    """Answers `GET /` with a greeting."""
    app = web.Application()
    app.router.add_get("/", _hello)
    return app


def controller(replicas: int) -> dict[str, Any]:
    """A ReplicationController of the application."""
    container = {"name": "web", "image": IMAGE, "ports": [{"containerPort": 80}]}
    return {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": LABELS,
            "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}},
        },
    }


def service() -> dict[str, Any]:
    """A Service of it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": 80}]},
    }

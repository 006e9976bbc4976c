"""A deploy tool to test: it rolls a Deployment out, and back when the new version does not start."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from kubernetes import client, watch
from urllib3.exceptions import ProtocolError

TRIES: Final = 4
BUSY: Final = (429, 503)
PATIENCE_S: Final = 30


class RolloutFailed(Exception):
    """The new version did not start; the old one serves again."""


def deploy(name: str, image: str, *, replicas: int = 2, namespace: str = "default") -> str:
    """Makes the Deployment `name` run an image; answers with `created` or `updated`.

    Raises:
        RolloutFailed: The image cannot be pulled, or the rollout makes no progress.
    """
    apps = client.AppsV1Api()
    spec = {
        "replicas": replicas,
        "progressDeadlineSeconds": 30,
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "image": image}]},
        },
    }
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
    former = None
    try:
        former = apps.read_namespaced_deployment(name, namespace).spec.template.spec.containers[0].image
        made, done = _asked(apps.patch_namespaced_deployment, name, namespace, body), "updated"
    except client.ApiException as error:
        if error.status != 404:
            raise
        made, done = apps.create_namespaced_deployment(namespace, body), "created"
    if not _rolled_out(apps, made):
        if former is not None:
            undo = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": former}]}}}}
            _rolled_out(apps, apps.patch_namespaced_deployment(name, namespace, undo))
        raise RolloutFailed(f"{image} does not start")
    return done


def _asked(request: Callable[..., Any], *arguments: Any) -> Any:
    """Asks again, a few times, when the API server is busy."""
    for left in reversed(range(TRIES)):
        try:
            return request(*arguments)
        except client.ApiException as error:
            if error.status not in BUSY or not left:
                raise
            time.sleep(0.05)
    raise AssertionError("no request was made")


def _rolled_out(apps: client.AppsV1Api, deployment: client.V1Deployment) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            return _followed(apps, deployment)
        except ProtocolError:  # the connection broke: what was missed is told anew
            continue
    return False


def _followed(apps: client.AppsV1Api, deployment: client.V1Deployment) -> bool:
    name, namespace = deployment.metadata.name, deployment.metadata.namespace
    pods = client.CoreV1Api()
    events = watch.Watch()
    for event in events.stream(
        apps.list_namespaced_deployment,
        namespace,
        field_selector=f"metadata.name={name}",
        timeout_seconds=PATIENCE_S,
    ):
        now, status = event["object"], event["object"].status
        current = (status.observed_generation or 0) >= deployment.metadata.generation
        wanted = now.spec.replicas
        counts = (status.updated_replicas, status.available_replicas, status.replicas)
        if current and counts == (wanted, wanted, wanted):
            events.stop()
            return True
        if current and _cannot_start(pods, name, namespace):
            events.stop()
            return False
    return False


def _cannot_start(pods: client.CoreV1Api, name: str, namespace: str) -> bool:
    found = pods.list_namespaced_pod(namespace, label_selector=f"app={name}")
    waiting = [
        each.state.waiting.reason
        for pod in found.items
        for each in pod.status.container_statuses or ()
        if each.state.waiting is not None
    ]
    return "ImagePullBackOff" in waiting or "ErrImagePull" in waiting

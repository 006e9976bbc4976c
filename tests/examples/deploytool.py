"""A deploy tool to test: it rolls a Deployment out, and back when the new version does not start."""

from __future__ import annotations

from kubernetes import client, watch


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
        made, done = apps.patch_namespaced_deployment(name, namespace, body), "updated"
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


def _rolled_out(apps: client.AppsV1Api, deployment: client.V1Deployment) -> bool:
    name, namespace = deployment.metadata.name, deployment.metadata.namespace
    pods = client.CoreV1Api()
    events = watch.Watch()
    for event in events.stream(
        apps.list_namespaced_deployment, namespace, field_selector=f"metadata.name={name}", timeout_seconds=30
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

"""Pods for benchmarks of what is stored: as a controller makes them, and as a kubelet reports them."""

from __future__ import annotations

from typing import Any, Final

import orjson

from benchmarks.macro.api import pod
from kubelite.api.resources import PODS
from kubelite.client.requests import ADMIN, Create, List, Message, Patch
from kubelite.master.rest import bodies
from kubelite.runtime import Ref

OWNER: Final = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "name": "web-7d4b9c6f5d",
    "uid": "0a7f1f53-33a5-4b12-9d0c-5a4f8f2f6c11",
    "controller": True,
    "blockOwnerDeletion": True,
}
CONDITIONS: Final = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def owned(number: int) -> dict[str, Any]:
    """One of a controller's pods: they differ in their names only."""
    made = pod(f"web-7d4b9c6f5d-{number:05}", {"pod-template-hash": "7d4b9c6f5d"})
    made["metadata"]["ownerReferences"] = [OWNER]
    return made


def unrelated(number: int) -> dict[str, Any]:
    """A pod that has no value in common with others but what Kubernetes itself sets."""
    own = f"{number:05}"
    made = pod(f"single-{own}")
    made["metadata"]["labels"] = {"app": f"app-{own}", "tier": f"tier-{own}"}
    made["metadata"]["annotations"] = {"example.com/note": f"pod number {own}, written by hand"}
    (container,) = made["spec"]["containers"]
    container["name"] = f"main-{own}"
    container["image"] = f"registry.example.com/team-{own}/app:{own}"
    container["ports"] = [{"name": f"p{own}", "containerPort": 1024 + number, "protocol": "TCP"}]
    container["env"] = [
        {"name": f"SETTING_{own}", "value": own},
        {"name": f"OTHER_{own}", "value": f"o{own}"},
    ]
    container["resources"] = {"requests": {"cpu": f"{number + 1}m", "memory": f"{number + 1}Ki"}}
    container["readinessProbe"] = {"httpGet": {"path": f"/healthz/{own}", "port": f"p{own}"}}
    return made


def running(stored: Any, number: int) -> dict[str, Any]:
    """What a kubelet says of a pod that runs, as a patch of its status."""
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    at = f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    (container,) = stored["spec"]["containers"]
    status = {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"{container['image']}@sha256:{'0a1b2c3d' * 8}",
        "containerID": f"containerd://{number:064x}",
        "ready": True,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": at}},
        "lastState": {},
    }
    return {
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": each, "status": "True", "lastProbeTime": None, "lastTransitionTime": at}
                for each in CONDITIONS
            ],
            "containerStatuses": [status],
            "hostIP": "10.1.0.1",
            "hostIPs": [{"ip": "10.1.0.1"}],
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": at,
        }
    }


class Writer:
    """Writes pods through the API server as requests over HTTP do, but for the connection.

    Bodies are bytes, which the server parses; answers are encoded.
    """

    def __init__(self, apiserver: Ref[Message]) -> None:
        self._apiserver = apiserver

    async def create(self, obj: dict[str, Any]) -> Any:
        """A POST."""
        body = bodies.parse_object(orjson.dumps(obj), "application/json", "Pod")
        answer = await Create(
            user=ADMIN,
            resource=PODS,
            namespace="default",
            object=body.value,
            problems=body.problems,
            field_validation="Warn",
            field_manager="benchmark",
        ).ask(self._apiserver)
        answer.item.json()
        return answer.object

    async def report(self, name: str, status: dict[str, Any]) -> Any:
        """A PATCH of the status."""
        body = bodies.parse_patch(orjson.dumps(status), "strategic")
        answer = await Patch(
            user=ADMIN,
            resource=PODS,
            namespace="default",
            name=name,
            subresource="status",
            patch=body.value,
            patch_type="strategic",
            problems=body.problems,
            field_validation="Warn",
            field_manager="kubelet",
        ).ask(self._apiserver)
        answer.item.json()
        return answer.object

    async def run(self, obj: dict[str, Any], number: int) -> Any:
        """A pod, and that it runs."""
        stored = await self.create(obj)
        return await self.report(stored["metadata"]["name"], running(stored, number))

    async def list_items(self) -> int:
        """List all as a client over HTTP does, so that everything has been encoded; how many there are."""
        listing = await List(user=ADMIN, resource=PODS).ask(self._apiserver)
        return sum(1 for item in listing.items if item.list_json())

"""Controllers on a real API server in virtual time, and hands that play scheduler and kubelet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kubelite.api.resources import LEASES, NODES, PODS, REPLICATIONCONTROLLERS, SERVICES
from kubelite.apimachinery.apierrors import APIError, NotFound
from kubelite.apimachinery.timestamps import format_micro_time, format_time
from kubelite.client.informer import InformerFactory
from kubelite.controllers.daemonset.pods import target_node
from kubelite.controllers.registry import ControllersConfig, controller_specs
from kubelite.master.apiserver.config import APIServerConfig
from kubelite.runtime import System
from tests.faultyclients import LaggingClient
from tests.harness import api_server


class Events(list):
    """A recorder that keeps (reason, message)."""

    def event(self, obj, type, reason, message):  # noqa: A002
        self.append((type, reason, message))

    def reasons(self):
        return {reason for _, reason, _ in self}


class Rig:
    """Attributes: client, informers, events, clock."""

    def __init__(self, client, informers, events):
        self.client, self.informers, self.events = client, informers, events
        self.clock = client.system.clock
        self.pods = informers.informer(PODS)
        self.nodes = informers.informer(NODES)
        self.ips = 0
        self.dead = set()
        self.spare = "n2"
        self.task = None
        self.manager = None

    async def settle(self, seconds=1.0):
        await self.clock.sleep(seconds)

    async def until(self, check, seconds=60.0):
        for _ in range(int(seconds / 0.05)):
            value = check()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return value
            await self.clock.sleep(0.05)
        raise AssertionError("it did not come to pass")

    async def gone(self, resource, name, namespace=None):
        async def check():
            try:
                await self.client.get(resource, name, namespace)
            except NotFound:
                return True
            return False

        await self.until(check)

    async def node(self, name, ready="True"):
        now = self.clock.now()
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {}}}
        made = await self.client.create(NODES, node)
        conditions = [{"type": "Ready", "status": ready, "lastHeartbeatTime": format_time(now)}]
        await self.client.update(NODES, {**made, "status": {"conditions": conditions}}, subresource="status")

    async def heartbeat(self, name):
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"renewTime": format_micro_time(self.clock.now())},
        }
        try:
            await self.client.patch(LEASES, name, {"spec": lease["spec"]}, "kube-node-lease")
        except NotFound:
            await self.client.create(LEASES, lease, "kube-node-lease")

    async def rc(self, name="web", replicas=3, **template):
        rc = {
            "apiVersion": "v1",
            "kind": "ReplicationController",
            "metadata": {"name": name},
            "spec": {
                "replicas": replicas,
                "selector": {"app": name},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "c", "image": "nginx"}], **template},
                },
            },
        }
        return await self.client.create(REPLICATIONCONTROLLERS, rc, "default")

    async def service(self, name="web", **spec):
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "labels": {"l": "m"}},
            "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}], **spec},
        }
        return await self.client.create(SERVICES, service, "default")

    # --- scheduler and kubelet -----------------------------------------------------------------------------

    def play_kubelet(self, node="n1"):
        self.task = asyncio.get_running_loop().create_task(self._kubelet(node))

    async def _kubelet(self, node):
        wake = asyncio.Event()
        self.pods.add_handler(lambda old, new: wake.set())
        while True:
            await wake.wait()
            wake.clear()
            for pod in self.pods.list():
                try:
                    await self._run(pod, node)
                except APIError:
                    wake.set()
                    await self.clock.sleep(0.01)

    async def _run(self, pod, node):
        metadata = pod["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]
        if not pod["spec"].get("nodeName"):
            free = node if node not in self.dead else self.spare
            binding = {
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"name": name},
                "target": {"kind": "Node", "name": target_node(pod) or free},
            }
            await self.client.create(PODS, binding, namespace, name=name, subresource="binding")
        elif pod["spec"]["nodeName"] in self.dead:
            return
        elif metadata.get("deletionTimestamp"):
            await self.client.delete(PODS, name, namespace, grace_period_s=0, uid=metadata["uid"])
        elif pod.get("status", {}).get("phase") == "Pending":
            self.ips += 1
            ip = f"10.0.{self.ips // 250}.{self.ips % 250 + 1}"
            now = format_time(self.clock.now())
            done = pod["spec"].get("restartPolicy") == "Never"
            status = {
                **pod["status"],
                "phase": "Succeeded" if done else "Running",
                "podIP": ip,
                "podIPs": [{"ip": ip}],
                "conditions": [{"type": "Ready", "status": str(not done), "lastTransitionTime": now}],
            }
            await self.client.update(PODS, {**pod, "status": status}, subresource="status")


@asynccontextmanager
async def rig(
    *names: str,
    config: ControllersConfig | None = None,
    accounts: bool = True,
    wrap=lambda client: client,
    lag_s=0.0,
    server: APIServerConfig | None = None,
) -> AsyncIterator[Rig]:
    """The controllers of these names; all if none is given.

    Args:
        config: Of the controllers.
        accounts: As for `api_server`.
        wrap: Makes the client that the controllers write with.
        lag_s: How far the informers are behind.
        server: Of the API server.
    """
    async with api_server(accounts=accounts, config=server) as client:
        watching = LaggingClient(client, client.system.clock, lag_s) if lag_s else client
        informers, events = InformerFactory(watching), Events()
        made = Rig(client, informers, events)
        specs = controller_specs(
            config or ControllersConfig(root_ca="PEM"),
            client=wrap(client),
            informers=informers,
            clock=client.system.clock,
            random=client.system.random.fork("controllers"),
            recorder=events,
        )
        manager = made.manager = System(clock=client.system.clock, seed=1, name="manager")
        await manager.start(informers.spec(), *[s for s in specs if not names or s.name in names])
        try:
            yield made
        finally:
            if made.task is not None:
                made.task.cancel()
            await manager.stop()

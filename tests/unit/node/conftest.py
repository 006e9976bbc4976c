"""A kubelet on a real API server, in virtual time."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest

from kubelite.api.resources import NAMESPACES, PODS
from kubelite.apimachinery.apierrors import AlreadyExists, NotFound
from kubelite.client.informer import InformerFactory
from kubelite.images.pause import IMAGE as PAUSE
from kubelite.images.registry import ImageRegistry
from kubelite.network import AddressBlock, Fabric
from kubelite.node.config import KubeletConfig
from kubelite.node.kubelet import Kubelet
from kubelite.node.machine import Machine
from kubelite.runtime import ChildSpec
from tests.harness import HarnessClient, api_server


class Recorder:
    """Keeps the Events that are recorded."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []

    def event(self, obj: Any, type_: str, reason: str, message: str, *, field_path: str = "") -> None:
        self.events.append((type_, reason, message))

    def reasons(self) -> list[str]:
        return [reason for _, reason, _ in self.events]


@attrs.define
class Node:
    """One node and what tests do with it."""

    client: HarnessClient
    images: ImageRegistry
    machine: Machine
    recorder: Recorder
    fabric: Fabric

    @property
    def clock(self) -> Any:
        return self.client.clock

    async def run(
        self, name: str = "web", *, metadata: dict[str, Any] | None = None, **spec: Any
    ) -> dict[str, Any]:
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, **(metadata or {})},
            "spec": {
                "nodeName": "n1",
                "automountServiceAccountToken": False,
                "containers": [{"name": "c", "image": "pause"}],
                **spec,
            },
        }
        return await self.client.create(PODS, pod, "default")

    async def get(self, name: str = "web") -> dict[str, Any]:
        return await self.client.get(PODS, name, "default")

    async def until(
        self, holds: Callable[[dict[str, Any]], bool], name: str = "web", within_s: float = 600
    ) -> Any:
        end = self.clock.monotonic() + within_s
        while True:
            pod = await self.get(name)
            if holds(pod):
                return pod
            assert self.clock.monotonic() < end, pod["status"]
            await self.clock.sleep(0.05)

    async def gone(self, name: str = "web", within_s: float = 600) -> float:
        """Wait until the object is gone; gives how long that took."""
        begin = self.clock.monotonic()
        while True:
            try:
                await self.get(name)
            except NotFound:
                return self.clock.monotonic() - begin
            assert self.clock.monotonic() < begin + within_s
            await self.clock.sleep(0.05)


@asynccontextmanager
async def running_node(config: KubeletConfig | None = None) -> AsyncIterator[Node]:
    async with api_server() as client:
        system = client.system
        with contextlib.suppress(AlreadyExists):
            leases = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-node-lease"}}
            await client.create(NAMESPACES, leases)
        block = AddressBlock.claim(virtual=True)
        fabric, images, recorder = Fabric(block, reaches_outside=False), ImageRegistry(), Recorder()
        images["pause"] = PAUSE
        informers = InformerFactory(client)
        pool = block.take_pod_range(256)
        machine = Machine(
            name="n1",
            address=block.nodes.take(),
            clock=system.clock,
            random=system.random.fork("n1"),
            fabric=fabric,
            pod_addresses=pool,
            config=config,
        )

        def make() -> Kubelet:
            return Kubelet(
                name="n1",
                client=client,
                informers=informers,
                clock=system.clock,
                random=system.random.fork("kubelet-n1"),
                fabric=fabric,
                images=images,
                address=machine.address,
                pod_addresses=pool,
                recorder=recorder,
                machine=machine,
            )

        parent = system.ref("apiserver").slot
        for spec in (informers.spec(), ChildSpec("kubelet", make)):
            system.spawn(parent, spec)
        try:
            yield Node(client, images, machine, recorder, fabric)
        finally:
            block.release()


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    async with running_node() as made:
        yield made
